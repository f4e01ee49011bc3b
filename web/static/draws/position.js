// Adds the phone's position to a check-in form before sending it. With `data-position="optional"` the form is sent without one, too.
const form = document.querySelector('form[data-position]');

function locate() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) reject(new Error('none'));
    else navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: true, timeout: 10000 });
  });
}

form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const hint = form.querySelector('[data-hint]');
  const button = form.querySelector('button');
  button.disabled = true;
  hint.textContent = '正在获取位置…';
  try {
    const { coords } = await locate();
    form.elements.latitude.value = coords.latitude;
    form.elements.longitude.value = coords.longitude;
  } catch {
    if (form.dataset.position !== 'optional') {
      hint.textContent = '没有取得位置。请在手机设置中允许微信使用位置后重试，或扫描现场二维码、请工作人员登记。';
      button.disabled = false;
      return;
    }
  }
  form.submit();
});
