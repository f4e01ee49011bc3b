// Without scripts the browser's own menu prints; with them there is a button.
const button = document.querySelector('[data-print]');
button.hidden = false;
button.addEventListener('click', () => window.print());
