// On every page: prevents double submission, focuses invalid fields, and offers the way back from a refusal.
import './submit_in_place.js';

// A redirect's message is shown once: neither a reload nor a page that reopens itself repeats it.
const address = new URL(location.href);
if (address.searchParams.has('note')) {
  address.searchParams.delete('note');
  history.replaceState(history.state, '', address);
}

// A form that is being sent isn't sent twice, and a page opened by "back" can be used again.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.method !== 'post' || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = 'yes';
});
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});

// Switches large letters without a reload, so that input stays; the response only sets the cookie.
document.querySelector('[data-text-size]').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  const button = event.submitter;
  const large = document.documentElement.classList.toggle('large');
  fetch(form.action, { method: 'POST', redirect: 'manual', keepalive: true, body: new URLSearchParams({ size: button.value }) });
  button.value = large ? 'usual' : 'large';
  button.textContent = large ? '标准字号' : '大字版';
  button.scrollIntoView({ block: 'nearest' });
});

// Scrolls to the first problem and focuses its field.
function showWrong() {
  const wrong = document.querySelector('[aria-invalid="true"]');
  if (!wrong?.offsetParent) return;
  wrong.scrollIntoView({ block: 'center' });
  wrong.focus({ preventScroll: true });
}
showWrong();
document.addEventListener('fresh', showWrong);

// A message that lies out of sight, since the address opens a place further down, is pinned until the person goes on.
addEventListener('load', () => {
  const message = document.querySelector('main .bar[role="status"], main .bar[role="alert"]');
  if (!message || document.querySelector('[aria-invalid="true"]')) return;
  const { top, bottom } = message.getBoundingClientRect();
  if (bottom > 0 && top < innerHeight) return;
  message.classList.add('pinned');
  for (const act of ['pointerdown', 'keydown']) {
    addEventListener(act, () => message.classList.remove('pinned'), { once: true });
  }
});

// A password can be looked at while it is typed; it is sent as one again, so that no browser remembers it as text.
function offerPasswords() {
  for (const field of document.querySelectorAll('.field > input[type="password"]')) {
    const focused = document.activeElement === field;
    const button = document.createElement('button');
    const row = document.createElement('div');
    const show = (visible) => {
      field.type = visible ? 'text' : 'password';
      button.textContent = visible ? '隐藏' : '显示';
      button.setAttribute('aria-pressed', String(visible));
    };
    button.type = 'button';
    button.className = 'button small';
    button.setAttribute('aria-controls', field.id);
    button.addEventListener('click', () => show(field.type === 'password'));
    field.form?.addEventListener('submit', () => show(false), true);
    row.className = 'with-button';
    field.replaceWith(row);
    row.append(field, button);
    field.autocapitalize = 'off';
    field.spellcheck = false;
    show(false);
    if (focused) field.focus();
  }
}
offerPasswords();
document.addEventListener('fresh', offerPasswords);

// A mark is removed as soon as its field is edited; the next submission checks the value.
document.addEventListener('input', ({ target }) => {
  if (target.getAttribute('aria-invalid') !== 'true' || !target.closest('main form')) return;
  target.removeAttribute('aria-invalid');
  const place = target.closest('.field, .check') ?? target.parentElement;
  place.classList.remove('bad');
  for (const notice of place.querySelectorAll('.wrong')) notice.hidden = true;
});

// On a page with a refusal: a button back to the filled-in form.
const back = document.querySelector('[data-go-back]');
if (back && history.length > 1) {
  back.hidden = false;
  back.addEventListener('click', () => history.back());
}
