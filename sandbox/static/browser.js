// The phone's browser: a page of the service in a frame, with WeChat's bar above.
import { h, icon } from './dom.js';

export class Browser {
  constructor(phone) {
    this.phone = phone;
    this.title = h('h3', {});
    this.holder = h('div', { class: 'frame-holder' });
    this.closeButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '关闭网页', onclick: () => this.close() }, icon('close'));
    this.element = h('div', {
      class: 'over browser', role: 'dialog', 'aria-label': '网页', hidden: true,
      onkeydown: (event) => { if (event.key === 'Escape') this.close(); },
    }, h('header', { class: 'nav' }, this.closeButton, this.title), this.holder);
  }

  /** Opens a path of ours; ``shown`` is the address as a person knows it. */
  open(path, shown) {
    this.title.textContent = new URL(shown, location.href).host;
    const frame = h('iframe', { src: path, title: '网页内容', onload: () => this.loaded(frame) });
    this.frame = frame;
    this.holder.replaceChildren(frame);
    this.element.hidden = false;
    this.closeButton.focus({ preventScroll: true });
  }

  loaded(frame) {
    try {
      const { title } = frame.contentDocument;
      this.title.textContent = title || this.title.textContent;
      frame.title = title || '网页内容';
    } catch {
      // A page of another origin keeps its title to itself.
    }
  }

  /** The field of the open page that waits for a code by SMS, or null. */
  codeField() {
    try {
      return this.frame?.contentDocument?.querySelector('input[autocomplete="one-time-code"]') ?? null;
    } catch {
      return null;
    }
  }

  /** QR codes on the open page: elements that carry ``data-qr``. */
  codes() {
    try {
      return [...(this.frame?.contentDocument?.querySelectorAll('[data-qr]') ?? [])].map((element) => element.dataset.qr);
    } catch {
      return [];
    }
  }

  /** What the page asks of WeChat through its bridge. */
  async receive({ source, origin, data }) {
    if (!this.frame || source !== this.frame.contentWindow || origin !== location.origin || !data?.bridge) return;
    const { bridge, call, parameters } = data;
    if (bridge === 'longPress') this.phone.recognise(String(parameters.code));
    if (bridge === 'closeWindow') this.close();
    const answer = bridge === 'getBrandWCPayRequest' ? await this.pay(parameters) : { err_msg: `${bridge}:ok` };
    source.postMessage({ call, answer }, origin);
  }

  async pay(parameters) {
    const { result, message } = await this.phone.cashier.request(parameters);
    return { err_msg: `get_brand_wcpay_request:${result}`, err_desc: message };
  }

  close() {
    this.element.hidden = true;
    this.holder.replaceChildren();
    this.frame = null;
  }
}
