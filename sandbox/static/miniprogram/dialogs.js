// Layers over the mini-program's pages: WeChat's dialog with two buttons, and the menu of the capsule.
import { h } from '../dom.js';

/** Shows `box` over the page until `close` is called; then restores the focus. */
function layOver(shell, name, box, onEscape) {
  const before = shell.root.activeElement;
  const layer = h('div', {
    class: 'mask', role: 'dialog', 'aria-modal': 'true', 'aria-label': name,
    onkeydown: (event) => { if (event.key === 'Escape') { event.stopPropagation(); onEscape(); } },
  }, box);
  shell.main.inert = true;
  shell.over.append(layer);
  return () => {
    layer.remove();
    shell.main.inert = shell.over.childElementCount > 0;
    before?.focus({ preventScroll: true });
  };
}

/** wx.showModal. */
export function modal(shell, { title = '', content = '', showCancel = true, cancelText = '取消', confirmText = '确定', editable, placeholderText = '' }) {
  const field = editable ? h('input', { class: 'answer', value: content, placeholder: placeholderText, 'aria-label': placeholderText || title }) : null;
  return new Promise((resolve) => {
    const decide = (confirm) => {
      close();
      resolve({ confirm, cancel: !confirm, content: field && confirm ? field.value : '' });
    };
    const yes = h('button', { type: 'button', class: 'yes', onclick: () => decide(true) }, confirmText);
    const no = showCancel && h('button', { type: 'button', onclick: () => decide(false) }, cancelText);
    const words = h('p', {}, editable ? field : content);
    const close = layOver(shell, title, h('div', { class: 'modal' }, h('h4', {}, title), words, h('div', { class: 'choices' }, no, yes)), () => decide(false));
    (field ?? yes).focus({ preventScroll: true });
  });
}

/** A sheet of choices from below: [label, function]. */
export function askSheet(shell, choices) {
  const choose = (work) => () => { close(); work(); };
  const buttons = [...choices, ['取消', () => {}]].map(([label, work]) => h('button', { type: 'button', onclick: choose(work) }, label));
  const close = layOver(shell, '更多', h('div', { class: 'choose' }, buttons), () => close());
  buttons[0].focus({ preventScroll: true });
}
