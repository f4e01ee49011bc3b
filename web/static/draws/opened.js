// Reports once that the page is before the person's eyes, so that no further message about it follows. A scanner that only fetches the address reports nothing.
const form = document.querySelector('form[data-opened]');

function report() {
  if (document.visibilityState !== 'visible') return;
  document.removeEventListener('visibilitychange', report);
  fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), keepalive: true }).catch(() => {});
}

document.addEventListener('visibilitychange', report);
report();
