// SMS: one list, newest at the end, as from the operator's numbers.
import { chatTime, h, toast, withAddresses } from './dom.js';

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
    const code = /验证码/.test(sms.text) ? sms.text.match(/(?<!\d)\d{4,6}(?!\d)/)?.[0] : null;
    return h('article', { class: 'sms' },
      h('div', { class: 'when' }, chatTime(sms.at, this.phone.desk.now())),
      h('div', { class: 'bubble' }, ...withAddresses(sms.text, (url) => this.phone.openUrl(url))),
      code ? h('button', { type: 'button', class: 'code', onclick: () => this.copy(code) }, `复制验证码 ${code}`) : null);
  }

  async copy(code) {
    try {
      await navigator.clipboard.writeText(code);
      toast('验证码已复制');
    } catch {
      toast(`验证码：${code}`);
    }
  }
}
