// The scanner: reads a code shown on any phone of the desk, or one that is pasted.
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

  /** Opens; ``menuKey`` when a button of the account's menu asked for it. */
  open(menuKey = '') {
    this.menuKey = menuKey;
    this.field.value = '';
    this.drawFound();
    this.element.hidden = false;
    this.field.focus({ preventScroll: true });
  }

  /** Opens for the mini-program; the promise gives what the code says, or null. */
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
    const items = codesOnDesk(this.phone.desk).map(({ text, where }) => h('li', {}, h('button', { type: 'button', onclick: () => this.read(text) },
      h('img', { src: `/control/qr?text=${encodeURIComponent(text)}`, alt: '' }), h('span', {}, where, h('small', {}, text)))));
    this.found.replaceChildren(...(items.length ? items : [h('li', { class: 'none' }, '对准二维码：桌面上暂时没有，可以粘贴内容')]));
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

/** Every code that a person at the desk could see: on open pages and in mini-programs. */
function codesOnDesk(desk) {
  const found = [];
  for (const view of desk.views.values()) {
    const inPane = [...view.miniPane.querySelectorAll('[data-qr]')].map((element) => element.dataset.qr);
    for (const text of [...view.browser.codes(), ...inPane]) {
      if (text && !found.some((item) => item.text === text)) found.push({ text, where: `${view.data.name}的手机上` });
    }
  }
  return found;
}
