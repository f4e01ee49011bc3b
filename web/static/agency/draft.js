// A form that is not saved yet: the service stores the input as a draft, so that it can be continued on another device.
const PAUSE = 800;
const waiting = new Map(); // form: the timer until its input is sent
const sending = new Map(); // form: the AbortController of its request

async function saveDraft(form) {
  cancelSaving(form);
  const body = new URLSearchParams(new FormData(form));
  body.set('quiet', '1');
  const own = new AbortController();
  sending.set(form, own);
  const options = { method: 'POST', body, credentials: 'same-origin', keepalive: true, redirect: 'error', signal: own.signal };
  const answer = await fetch(form.dataset.draft, options).catch(() => null);
  const status = form.querySelector('[data-draft-said]');
  if (status && !own.signal.aborted) status.textContent = answer?.ok ? '已自动暂存，可在其他设备接着填。' : '暂存没有成功，请先不要离开本页。';
}

function cancelSaving(form) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  sending.get(form)?.abort();
  sending.delete(form);
}

function scheduleSaving(form) {
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(saveDraft, PAUSE, form));
}

document.addEventListener('input', ({ target }) => {
  const form = target.closest('form[data-draft]');
  if (form) scheduleSaving(form);
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') [...waiting.keys()].forEach(saveDraft);
});
// A form that is saved or emptied needs no draft any more; the other forms of the page still do.
document.addEventListener('submit', ({ target }) => {
  for (const form of document.querySelectorAll('form[data-draft]')) {
    if (form === target || form.dataset.draft === target.getAttribute('action')) cancelSaving(form);
  }
});
// A form with `data-stay` was refused and rendered again.
document.addEventListener('fresh', () => {
  for (const form of document.querySelectorAll('form[data-draft]')) if (form.querySelector('[aria-invalid=true]')) scheduleSaving(form);
});
