// A form that is under way isn't sent twice, and a page opened by "back" can be used again.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = 'yes';
});
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});

// What is wrong comes into sight, and its field under the fingers.
const wrong = document.querySelector('[aria-invalid="true"]');
if (wrong) {
  wrong.scrollIntoView({ block: 'center' });
  wrong.focus({ preventScroll: true });
}
