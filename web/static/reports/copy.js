// Copies the code of a report; without the clipboard the button stays hidden, and the code is selected by a tap.
const button = document.querySelector('[data-copy]');
const field = document.getElementById(button.dataset.copy);
field.addEventListener('focus', () => field.select());
if (navigator.clipboard) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(field.value);
    button.textContent = '已复制';
  });
}
