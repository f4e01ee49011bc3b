// Finds the next tap on the shown page, and marks it.
import { emptyFields } from './samples.js';

const TAPPABLE = 'button, a[href], label, summary, input[type="submit"], [role="button"]';
const LAYERS = '.mask, .consent:not([hidden]), .over.pay:not([hidden]), .scanner:not([hidden])';

const isPage = (root) => root.nodeType === Node.DOCUMENT_NODE;
const seen = (element) => element.checkVisibility?.() ?? Boolean(element.offsetParent);
const named = (element) => (element.getAttribute('aria-label') ?? element.textContent).trim();

/** Whether a page is still being fetched, or a form of it is. */
export const isUnderWay = (page) =>
    Boolean(page) && (page.URL === 'about:blank' || page.readyState !== 'complete' || page.querySelector('form[data-sent]') !== null);

/** The shown button with one of `words`, in their order; null while the page loads. A word may be a function. */
export function findTap(view, words) {
  const page = view.browser.document;
  if (isUnderWay(page)) return null;
  for (const root of [lastLayer(view), page, page ? null : shown(view)]) {
    for (const word of root ? words : []) {
      const found = typeof word === 'function' ? word(root, view) : findButton(root, word);
      if (found) return found;
    }
    if (root?.matches?.(LAYERS)) return null;
  }
  return null;
}

/** The shown part of a phone; pages of the mini-program have a root of their own. */
const shown = (view) => (view.tab === 'mini' && view.mini?.root) || view.panes[view.tab];

const lastLayer = (view) => [view.element, view.mini?.root].flatMap((root) => (root ? [...root.querySelectorAll(LAYERS)] : [])).filter(seen).at(-1) ?? null;

/** A button by its whole name, else by the beginning of its name. */
function findButton(root, word) {
  const shown = [...root.querySelectorAll(TAPPABLE)].filter((element) => seen(element) && !element.disabled && (root.matches?.('.row') ||
    !element.closest('.chat-app .log > .row')));
  return shown.find((element) => named(element) === word) ?? shown.find((element) => word.length > 2 && named(element).startsWith(word)) ?? null;
}

/** The link with one of `words` in the newest bubble. */
export const inNewest = (...words) => (root, view) => {
  if (view.tab !== 'chat') return null;
  const row = [...root.querySelectorAll('.log > .row')].at(-1);
  return row && !row.classList.contains('mine') ? words.map((word) => findButton(row, word)).find(Boolean) : null;
};

/** The newest link with one of `words` in the whole chat. */
export const inChat = (...words) => (root, view) => {
  if (view.tab !== 'chat' || isPage(root)) return null;
  const rows = [...root.querySelectorAll('.log > .row:not(.mine)')].reverse();
  return rows.flatMap((row) => words.map((word) => findButton(row, word))).find(Boolean) ?? null;
};

/** The link of the newest SMS. */
export const inSms = (root, view) => (view.tab === 'sms' ? [...root.querySelectorAll('.sms .link')].at(-1) ?? null : null);

/** On an open page: the first empty required field, else the page's green button. */
export function fillIn(root) {
  if (!isPage(root)) return null;
  const field = [...root.querySelectorAll('input:invalid, select:invalid, textarea:invalid')].find(seen);
  return field?.closest('.field, label') ?? field ?? [...root.querySelectorAll('.button.primary, .sticky button')].find(seen) ?? null;
}

/** On the paper of an examination: an option, then the next question, then handing in. */
export function sitExam(root) {
  if (!isPage(root) || !root.querySelector('.exam-foot')) return null;
  const dialog = root.querySelector('dialog[open]');
  if (dialog) return findButton(dialog, '确定交卷');
  const question = root.querySelector('.exam-question fieldset');
  if (question && !question.querySelector(':checked')) return question.querySelector('.exam-option');
  return findButton(root, '下一题') ?? findButton(root, '交卷');
}

/** The first option of a choice that is not made yet. */
export const undecided = (root) => [...root.querySelectorAll('fieldset')].find((one) => seen(one) && one.querySelector('[type="radio"]') &&
  !one.querySelector(':checked'))?.querySelector('label') ?? null;

/** On an open page: a button whose text begins with the word. */
export const onButton = (word) => (root) => (isPage(root)
  ? [...root.querySelectorAll('main button')].find((one) => seen(one) && !one.disabled && one.textContent.trim().startsWith(word)) ?? null : null);

/** On an open page: a link to another page; in steps a number precedes the word. */
export const onLink = (...words) => (root) => (isPage(root)
  ? words.map((word) => [...root.querySelectorAll('main a[href]:not([aria-current])')]
    .find((one) => seen(one) && one.textContent.trim().replace(/^\d/, '').startsWith(word))).find(Boolean) ?? null : null);

/** On another page of an office: the link to the guide's own activity. */
export function ownDraw(root, view) {
  const id = view.workspace.guide.watched;
  if (!isPage(root) || !id || root.location.pathname.includes(id)) return null;
  return [...root.querySelectorAll('main a[href]')].find((one) => one.pathname.includes(id) && seen(one)) ?? null;
}

/** The button above the phone that fills in the open page's empty fields. */
export const sample = (root, view) => (isPage(root) && emptyFields(root).length ? view.samples.fill : null);

/** A proof that is not chosen yet: a file from the phone, which the submission uploads. */
export function proof(root, view) {
  const field = isPage(root) ? [...root.querySelectorAll('main input[type="file"]')].find(seen) : null;
  return !field || field.files.length || root.querySelector('[name="command"][value="remove"]') ? null : view.samples.fill;
}

/** In the newest bubble: the link to the guide's own activity, which begins with its number. */
export const ownLine = (root, view) => (view.workspace.guide.number ? inNewest(view.workspace.guide.number)(root, view) : null);

/** A link of the page at `path`. */
export const onPage = (path, word) => (root) => (root.location?.pathname.endsWith(path) ? findButton(root, word) : null);

/** Logging in to the mini-program: on its first page, then the consent, then the button. */
export function logIn(root) {
  const consent = [...root.querySelectorAll('label.consent')].find(seen);
  const box = consent?.querySelector('input');
  return box && !box.checked ? consent : findButton(root, '微信手机号快捷登录') ?? findButton(root, '登录');
}

/** The mark, on one element at a time. */
export class Mark {
  constructor() { this.element = null; }

  /** Returns whether another element is marked now. */
  put(element) {
    if (this.element === element && (!element || element.classList.contains('next-tap'))) return false;
    this.element?.classList.remove('next-tap');
    this.element = element;
    if (!element) return false;
    dress(element.ownerDocument);
    element.classList.add('next-tap');
    element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    return true;
  }
}

/** Adds the mark's style to a page inside a phone. */
function dress(page) {
  if (page === document || page.querySelector('link[href="/_/mark.css"]')) return;
  const link = page.createElement('link');
  Object.assign(link, { rel: 'stylesheet', href: '/_/mark.css' });
  page.head.append(link);
}

