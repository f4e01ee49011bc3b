// Buttons beside a number: one less, one more. Without scripts the person types the number.
const show = () => document.querySelectorAll('.stepper [data-step]').forEach((stepButton) => { stepButton.hidden = false; });
show();
document.addEventListener('fresh', show);
document.addEventListener('click', ({ target }) => {
  const button = target.closest('.stepper [data-step]');
  if (!button) return;
  const input = button.parentElement.querySelector('input');
  const now = Number(input.value) || 0;
  input.value = String(Math.max(0, Math.round((now + Number(button.dataset.step)) * 100) / 100));
  input.dispatchEvent(new Event('input', { bubbles: true }));
});
