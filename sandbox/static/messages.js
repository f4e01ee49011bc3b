// SMS: one list, newest at the end, as from the operator's numbers; and the banner that shows a new one over all apps.
import { chatTime, copy, h, withAddresses } from './dom.js';

export class MessagesApp {
  constructor(phone) {
    this.phone = phone;
    this.log = h('div', { class: 'log', role: 'log', 'aria-label': '短信', tabindex: '0' });
    this.element = h('section', { class: 'app sms-app' }, h('header', { class: 'nav' }, h('h3', {}, '短信')), this.log);
  }

  draw() {
    const items = this.phone.data.sms.map((sms) => this.row(sms));
    this.log.replaceChildren(...(items.length ? items : [h('p', { class: 'none' }, '还没有短信')]));
    this.log.scrollTop = this.log.scrollHeight;
  }

  row(sms) {
    const code = codeIn(sms.text);
    return h('article', { class: 'sms' },
      h('div', { class: 'when' }, chatTime(sms.at, this.phone.workspace.now())),
      h('div', { class: 'bubble' }, ...withAddresses(sms.text, (url) => this.phone.openUrl(url))),
      code ? h('button', { type: 'button', class: 'code', onclick: () => copy(code, '验证码') }, `复制验证码 ${code}`) : null);
  }
}

const BANNER_SECONDS = 12;

/** Shows the newest SMS over the open app. A tap on its text opens the list; a tap on its code fills it into the waiting field. */
export class SmsBanner {
  constructor(phone) {
    this.phone = phone;
    this.element = h('div', { class: 'sms-banner', role: 'status', hidden: true });
  }

  show(sms) {
    const code = codeIn(sms.text);
    this.element.replaceChildren(
      h('button', { type: 'button', class: 'sms-banner-text', onclick: () => this.phone.select('sms') },
        h('strong', {}, '短信'), h('span', {}, sms.text)),
      ...(code ? [h('button', { type: 'button', class: 'sms-banner-code', onclick: () => this.fill(code) }, `填入验证码 ${code}`)] : []));
    this.element.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), BANNER_SECONDS * 1000);
  }

  hide() { this.element.hidden = true; }

  fill(code) {
    this.hide();
    const field = this.phone.codeField();
    if (!field) { copy(code, '验证码'); return; }
    field.value = code;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.focus();
  }
}

/** The code in an SMS, or null. */
const codeIn = (text) => (/验证码/.test(text) ? text.match(/(?<!\d)\d{4,6}(?!\d)/)?.[0] ?? null : null);
