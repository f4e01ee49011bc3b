// The scanner: reads a code shown on any phone of the workspace, or a pasted one.
import { PAY_CODE } from './cashier.js';
import { h, icon } from './dom.js';

export class Scanner {
  constructor(phone) {
    this.phone = phone;
    this.menuKey = '';
    this.field = h('input', { type: 'text', 'aria-label': '二维码内容', placeholder: '粘贴二维码内容或网址', autocomplete: 'off' });
    this.found = h('ul', { class: 'codes', 'aria-label': '桌面上看得到的二维码' });
    this.closeButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '关闭扫一扫', onclick: () => this.cancel() }, icon('close'));
    this.element = h('div', {
      class: 'over scanner', role: 'dialog', 'aria-label': '扫一扫', hidden: true,
      onkeydown: (event) => { if (event.key === 'Escape') this.cancel(); },
    },
    h('header', { class: 'nav' }, this.closeButton, h('h3', {}, '扫一扫')),
    h('div', { class: 'finder', 'aria-hidden': 'true' }, h('i')),
    h('form', { class: 'compose', onsubmit: (event) => { event.preventDefault(); this.read(this.field.value.trim()); } },
      this.field, h('button', { class: 'send' }, '识别')),
    this.found);
  }

  /** Opens the scanner; ``menuKey`` is set if a button of the account's menu opened it. */
  open(menuKey = '') {
    this.menuKey = menuKey;
    this.field.value = '';
    this.drawFound();
    this.element.hidden = false;
    this.field.focus({ preventScroll: true });
  }

  /** Opens the scanner for the mini-program; resolves to the code's content, or null. */
  ask() {
    this.open();
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  cancel() {
    this.element.hidden = true;
    this.resolve?.(null);
    this.resolve = null;
  }

  drawFound() {
    const all = codesOnPhones(this.phone.workspace);
    const seen = all.filter((code) => !code.text.startsWith(PAY_CODE) || code.views.some((view) => view !== this.phone));
    const items = seen.map(({ text, views }) => this.item(text, `${(views.find((view) => view !== this.phone) ?? views[0]).data.name}的手机上`, () =>
      this.read(text)));
    const saved = [...this.phone.album].map((text) => this.item(text, '相册', () => this.pick(text)));
    const hint = seen.length < all.length ? '自己屏幕上的付款码扫不到，请用另一部手机扫' : '对准二维码：桌面上暂时没有，可以粘贴内容';
    this.found.replaceChildren(...items, ...saved, ...(items.length ? [] : [h('li', { class: 'none' }, hint)]));
  }

  item(text, where, onclick) {
    return h('li', {}, h('button', { type: 'button', onclick },
      h('img', { src: `/control/qr?text=${encodeURIComponent(text)}`, alt: '' }), h('span', {}, where, h('small', {}, text))));
  }

  /** Reads a picture of the album: as with a long press, payment codes are refused. */
  pick(text) {
    if (text.startsWith(PAY_CODE)) this.phone.recognise(text);
    else this.read(text);
  }

  read(content) {
    if (!content) return;
    const { resolve } = this;
    this.resolve = null;
    this.element.hidden = true;
    if (resolve) resolve(content);
    else this.phone.act('scan', this.menuKey ? { content, menu_key: this.menuKey } : { content });
  }
}

/** All codes visible in the workspace with their phones: on open pages and in chats. */
function codesOnPhones(workspace) {
  const found = new Map();
  for (const view of workspace.views.values()) {
    const shown = [...view.chat.log.querySelectorAll('[data-qr]')];
    for (const text of [...view.codes(), ...shown.map((element) => element.dataset.qr)]) {
      if (text) found.set(text, [...(found.get(text) ?? []), view]);
    }
  }
  return [...found].map(([text, views]) => ({ text, views }));
}
