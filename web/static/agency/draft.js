// A form that was never saved: what is typed is kept by the service, so that another device goes on with it.
const PAUSE = 800;
let waiting = 0;

async function keep(form) {
  waiting = 0;
  const body = new URLSearchParams(new FormData(form));
  body.set('quiet', '1');
  const said = form.querySelector('[data-draft-said]');
  const answer = await fetch(form.dataset.draft, { method: 'POST', body, credentials: 'same-origin', keepalive: true, redirect: 'error' }).catch(() => null);
  if (said) said.textContent = answer?.ok ? '已自动暂存，可在其他设备接着填。' : '暂存没有成功，请先不要离开本页。';
}

document.addEventListener('input', ({ target }) => {
  const form = target.closest('form[data-draft]');
  if (!form) return;
  clearTimeout(waiting);
  waiting = setTimeout(keep, PAUSE, form);
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'hidden' || !waiting) return;
  clearTimeout(waiting);
  keep(document.querySelector('form[data-draft]'));
});
document.addEventListener('submit', () => clearTimeout(waiting));
