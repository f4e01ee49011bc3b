// A form that is not saved yet: what is typed is kept by the service, so that another device goes on with it.
const PAUSE = 800;
const waiting = new Map(); // form: the timer of what was not sent yet
const sending = new Map(); // form: the AbortController of what is being sent

async function keep(form) {
  stop(form);
  const body = new URLSearchParams(new FormData(form));
  body.set('quiet', '1');
  const own = new AbortController();
  sending.set(form, own);
  const asked = { method: 'POST', body, credentials: 'same-origin', keepalive: true, redirect: 'error', signal: own.signal };
  const answer = await fetch(form.dataset.draft, asked).catch(() => null);
  const said = form.querySelector('[data-draft-said]');
  if (said && !own.signal.aborted) said.textContent = answer?.ok ? '已自动暂存，可在其他设备接着填。' : '暂存没有成功，请先不要离开本页。';
}

function stop(form) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  sending.get(form)?.abort();
  sending.delete(form);
}

function later(form) {
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(keep, PAUSE, form));
}

document.addEventListener('input', ({ target }) => {
  const form = target.closest('form[data-draft]');
  if (form) later(form);
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') [...waiting.keys()].forEach(keep);
});
// What is being saved or emptied is not kept any more; the other forms of the page still are.
document.addEventListener('submit', ({ target }) => {
  for (const form of document.querySelectorAll('form[data-draft]')) {
    if (form === target || form.dataset.draft === target.getAttribute('action')) stop(form);
  }
});
// A form with `data-stay` was refused and stands there anew.
document.addEventListener('fresh', () => {
  for (const form of document.querySelectorAll('form[data-draft]')) if (form.querySelector('[aria-invalid=true]')) later(form);
});
