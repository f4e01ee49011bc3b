// WeChat's pieces: cells, cards, buttons, tags, dialogs.
import { h } from '../dom.js';
import { LoggedOut, Problem } from './api.js';

export { h };

/** A group of cells with a heading and a note. */
export const cells = (title, items, note = '') => h('section', { class: 'm-group' },
  title && h('h4', {}, title),
  h('div', { class: 'm-cells' }, items),
  note && h('p', { class: 'm-note' }, note));

/** One line: label, value, and what happens on tap. */
export function cell(label, value = '', { onclick, note, tag } = {}) {
  const inside = [
    h('span', { class: 'm-label' }, label, note && h('small', {}, note)),
    h('span', { class: 'm-value' }, value, tag),
  ];
  if (!onclick) return h('div', { class: 'm-cell' }, inside);
  const element = h('button', { type: 'button', class: 'm-cell m-tap' }, inside);
  element.addEventListener('click', () => during(element, async () => onclick()));
  return element;
}

/** kind: '' (grey), primary, warn. The work may be asynchronous; meanwhile the button waits. */
export function button(text, work, kind = '') {
  const element = h('button', { type: 'button', class: `m-button ${kind}`.trim() }, text);
  if (work) element.addEventListener('click', () => during(element, work));
  return element;
}

export const buttons = (...items) => h('div', { class: 'm-buttons' }, items);
export const note = (...text) => h('p', { class: 'm-note' }, text);
export const empty = (text) => h('p', { class: 'm-empty' }, text);
export const banner = (text, kind = '') => h('p', { class: `m-banner ${kind}`.trim(), role: 'status' }, text);

const COLOURS = {
  verified: 'green', drawing: 'green', completed: 'green', accepted: 'green', committing: 'green', approved: 'green',
  refused: 'red', short: 'red', left: 'red', absent: 'red', declined: 'red', recused: 'red',
  submitted: 'orange', supplement_pending: 'orange', paused: 'orange', ending: 'orange', open: 'orange',
};
export const tag = (state, label) => h('span', { class: `m-tag ${COLOURS[state] ?? ''}`.trim() }, label);

/** A part of a page that loads itself again and is drawn anew whenever it changed; a form beside it keeps what was typed. */
export async function live(page, load, view) {
  const box = h('div', { class: 'm-live', 'aria-live': 'polite' });
  const draw = async () => {
    const found = await load();
    const mark = JSON.stringify(found);
    if (box.dataset.mark === mark) return;
    box.dataset.mark = mark;
    box.replaceChildren(...[view(found)].flat(Infinity).filter(Boolean));
  };
  await draw();
  page.every(4000, draw);
  return box;
}

/** Runs work with a control switched off, and shows a refusal as a toast. */
export async function during(control, work) {
  if (control.getAttribute('aria-busy') === 'true') return undefined;
  control.setAttribute('aria-busy', 'true');
  try {
    return await work();
  } catch (error) {
    report(error, control);
    return undefined;
  } finally {
    control.removeAttribute('aria-busy');
  }
}

/** A refusal as a toast; what is no refusal is a mistake of ours and goes up. */
export function report(error, element) {
  if (error instanceof LoggedOut) element.dispatchEvent(new CustomEvent('logged-out', { bubbles: true, detail: error.message }));
  else if (error instanceof Problem) element.dispatchEvent(new CustomEvent('say', { bubbles: true, detail: error.message }));
  else if (error.name !== 'AbortError') throw error;
}

/**
 * A dialog over the page. `field` asks for a text: {label, value, type, placeholder, required}.
 * The promise gives the text (or true), null when the person steps back.
 */
export function ask(page, { title, text = '', field = null, ok = '确定', kind = 'primary' }) {
  return new Promise((resolve) => {
    page.app.note.hidden = true;
    const before = document.activeElement;
    const input = field && h(field.type === 'textarea' ? 'textarea' : 'input', {
      'aria-label': field.label, placeholder: field.placeholder ?? field.label, class: 'm-input',
      type: field.type === 'textarea' ? null : field.type ?? 'text', required: field.required !== false, maxlength: '200',
    });
    if (input) input.value = field.value ?? '';
    const close = (value) => {
      box.remove();
      before?.focus({ preventScroll: true });
      resolve(value);
    };
    const form = h('form', {
      class: 'm-dialog', role: 'dialog', 'aria-modal': 'true', 'aria-label': title,
      onsubmit: (event) => { event.preventDefault(); close(input ? input.value.trim() : true); },
      onkeydown: (event) => { if (event.key === 'Escape') { event.stopPropagation(); close(null); } else keepInside(event, form); },
    }, h('h4', {}, title), text && h('p', {}, text), input,
    h('div', { class: 'm-choices' },
      h('button', { type: 'button', onclick: () => close(null) }, '取消'),
      h('button', { type: 'submit', class: kind }, ok)));
    const box = h('div', { class: 'm-mask' }, form);
    page.app.root.append(box);
    (input ?? form.querySelector('[type=submit]')).focus({ preventScroll: true });
    page.onLeave(() => { if (box.isConnected) close(null); });
  });
}

/** Tab stays among a dialog's controls. */
function keepInside(event, box) {
  if (event.key !== 'Tab') return;
  const all = [...box.querySelectorAll('button, input, textarea, select')];
  const at = all.indexOf(document.activeElement);
  const next = all[(at + (event.shiftKey ? -1 : 1) + all.length) % all.length];
  event.preventDefault();
  next.focus();
}

/** Offers a file to be saved. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
