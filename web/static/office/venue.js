// Fills the phone's own position into a venue's form: for whoever stands at its door.
const form = document.querySelector('form[data-place]');
const button = form?.querySelector('[data-locate]');
const hint = form?.querySelector('[data-hint]');

if (button && navigator.geolocation) {
  button.hidden = false;
  button.addEventListener('click', () => {
    hint.textContent = '正在获取位置…';
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      form.elements.latitude.value = coords.latitude.toFixed(6);
      form.elements.longitude.value = coords.longitude.toFixed(6);
      form.elements.system.value = 'wgs84';
      hint.textContent = `已填入，误差约${Math.round(coords.accuracy)}米。请先预览，在地图上核对。`;
    }, () => {
      hint.textContent = '没有取得位置。请在手机设置中允许使用位置，或从地图上查到后填写。';
    }, { enableHighAccuracy: true, timeout: 10000 });
  });
}
