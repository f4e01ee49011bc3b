// Shows a button for printing; without scripts use the browser's menu.
const button = document.querySelector('[data-print]');
button.hidden = false;
button.addEventListener('click', () => window.print());
