// Sends a form with `data-stay` without leaving its page: refusals appear beside the input, which stays, passwords included
// (the service never sends them back). A redirect to another page is opened; a file is saved.
const TYPED = 'input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea';

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (!('stay' in form.dataset) || event.defaultPrevented) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = 'yes';
  try {
    await send(form, event.submitter);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;  // fetch throws a TypeError without a network
    showMessage('网络不通，内容还在本页，请检查网络后重试。');
  } finally {
    delete form.dataset.busy;
  }
});

async function send(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  const address = button?.getAttribute('formaction') ?? form.getAttribute('action');
  const answer = await fetch(address, { method: 'POST', body, credentials: 'same-origin' });
  const to = new URL(answer.url);
  if (answer.redirected && to.pathname !== location.pathname) {
    location.assign(answer.url);
    await new Promise(() => {});  // keeps the form busy until the other page has loaded
  }
  const file = /^attachment; filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '');
  if (file) {
    saveFile(await answer.blob(), file[1]);
    showMessage('文件已下载。', 'good');
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const again = page.querySelector('form[data-stay]');
  if (!answer.ok && !again) {
    showMessage(page.querySelector('main p')?.textContent || '没有完成，请稍后重试。');
    return;
  }
  showResponse(form, page, again);
  if (answer.ok && again && button?.dataset.success && !document.querySelector('main .bar')) showMessage(button.dataset.success, 'good');
}

function saveFile(content, name) {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(content), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The foot belongs to the page that was sent; another page has its own, or none. */
function replaceFoot(fresh) {
  document.querySelector('footer')?.remove();
  if (fresh) document.querySelector('main').after(document.adoptNode(fresh));
}

/** Replaces the page's content by the response, and restores the input. */
function showResponse(form, page, again) {
  const fresh = page.querySelector('main');
  if (again) restoreInput(form, again);
  document.title = page.title;
  document.querySelector('main').replaceWith(document.adoptNode(fresh));
  replaceFoot(page.querySelector('footer'));
  if (!again) window.scrollTo(0, 0);
  document.dispatchEvent(new Event('fresh'));
}

function restoreInput(form, again) {
  const refused = [...again.querySelectorAll('[type=password][aria-invalid]')].map((input) => input.autocomplete);
  for (const field of again.querySelectorAll(TYPED)) {
    const before = form.elements[field.name];
    if (before && !(field.type === 'password' && refused.includes(field.autocomplete))) field.value = before.value;
  }
  for (const box of again.querySelectorAll('[type=checkbox]')) box.checked = form.elements[box.name]?.checked ?? box.checked;
}

function showMessage(text, mood = 'bad') {
  const main = document.querySelector('main');
  main.querySelector('[data-line]')?.remove();
  const bar = document.createElement('p');
  bar.className = `bar ${mood}`;
  bar.setAttribute('role', mood === 'bad' ? 'alert' : 'status');
  bar.dataset.line = '';
  bar.textContent = text;
  (main.querySelector('form[data-stay]') ?? main.firstElementChild).before(bar);
  bar.scrollIntoView({ block: 'center' });
}
