// The phone's browser: a page of the service in a frame, with WeChat's bar above.
import { attempt, post } from './api.js';
import { h, icon } from './dom.js';
import { keep, recall } from './memory.js';

export class Browser {
  constructor(phone, app) {
    this.phone = phone;
    this.app = app;
    this.shelf = `page/${phone.id}/${app}`;
    this.visited = [];
    this.title = h('h3', {});
    this.holder = h('div', { class: 'frame-holder' });
    this.closeButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '关闭网页', onclick: () => this.close() }, icon('close'));
    this.backButton = h('button', { type: 'button', class: 'nav-button nav-second', 'aria-label': '后退', hidden: true, onclick: () => this.back() },
      icon('back'));
    this.freshButton = h('button', { type: 'button', class: 'nav-button nav-right', 'aria-label': '刷新网页', onclick: () => this.refresh() }, icon('refresh'));
    this.element = h('div', {
      class: 'over browser', role: 'dialog', 'aria-label': '网页', hidden: true,
      onkeydown: (event) => { if (event.key === 'Escape') this.close(); },
    }, h('header', { class: 'nav' }, this.closeButton, this.backButton, this.title, this.freshButton), this.holder);
  }

  /** The open page; null if none is open, or if it is of another origin. */
  get document() {
    try {
      return this.element.hidden ? null : this.frame?.contentDocument ?? null;
    } catch {
      return null;
    }
  }

  /** Address of the open page; '' if there is none. */
  get address() { return this.element.hidden ? '' : this.visited.at(-1) ?? ''; }

  /** Opens the page that was open before the workspace was reloaded. */
  restore() {
    const left = recall(this.shelf);
    if (left) this.open(left.path, left.shown, { quiet: true });
  }

  /** Opens a path of the sandbox; ``shown`` is the address to display. ``onClose`` is called when the person closes the page. */
  open(path, shown, { quiet = false, onClose = null } = {}) {
    this.visited = [];
    this.onClose = onClose;
    this.title.textContent = new URL(shown, location.href).host;
    const frame = h('iframe', { src: path, title: '网页内容', onload: () => this.loaded(frame) });
    this.frame = frame;
    this.holder.replaceChildren(frame);
    this.element.hidden = false;
    if (!quiet) this.closeButton.focus({ preventScroll: true });
  }

  loaded(frame) {
    if (frame !== this.frame) return;
    try {
      this.visit(frame.contentWindow.location);
      const { title } = frame.contentDocument;
      this.title.textContent = title || this.title.textContent;
      frame.title = title || '网页内容';
    } catch {
      // The title of a page of another origin can't be read.
    }
  }

  visit({ pathname, search, hash, protocol }) {
    const path = pathname + search + hash;
    if (!protocol.startsWith('http') || path === this.visited.at(-1)) return;
    this.visited.push(path);
    this.backButton.hidden = this.visited.length < 2;
    keep(this.shelf, { path, shown: location.origin + path });
  }

  /** Opens the previous page, fetching it again, as WeChat does. */
  back() {
    if (this.visited.length < 2) return;
    this.visited.pop();
    this.frame.contentWindow.location.replace(this.visited.pop());
  }

  refresh() { this.frame?.contentWindow.location.reload(); }

  /** The field of the open page for an SMS code, or null. */
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

  /** Handles a page's call of WeChat's bridge. */
  async receive({ source, origin, data }) {
    if (!this.frame || source !== this.frame.contentWindow || origin !== location.origin || !data?.bridge) return;
    const { bridge, call, parameters } = data;
    if (bridge === 'longPress') this.phone.recognise(String(parameters.code));
    if (bridge === 'closeWindow') this.close();
    if (bridge === 'openLink') {
      this.close();
      this.phone.openUrl(String(parameters.url));
      return;
    }
    const asked = { getBrandWCPayRequest: () => this.pay(parameters), requestFacialVerify: () => this.face(parameters) }[bridge];
    const answer = asked ? await asked() : { err_msg: `${bridge}:ok` };
    source.postMessage({ call, answer }, origin);
  }

  /** The face check; the platform's server stores the result. */
  async face({ verifyId }) {
    const shown = await attempt(() => post(this.phone.path('/face'), { check: String(verifyId) }));
    return { err_msg: `requestFacialVerify:${shown?.verify_ret === 10000 ? 'ok' : 'fail'}` };
  }

  /** Opens the cashier; refused to pages inside a mini-program, as in WeChat. */
  async pay(parameters) {
    if (this.app === 'mini') return { err_msg: 'get_brand_wcpay_request:fail', err_desc: '小程序内的网页不能支付。' };
    const { result, message } = await this.phone.cashier.request(parameters);
    return { err_msg: `get_brand_wcpay_request:${result}`, err_desc: message };
  }

  close() {
    this.element.hidden = true;
    this.holder.replaceChildren();
    this.frame = null;
    this.visited = [];
    keep(this.shelf, null);
    const { onClose } = this;
    this.onClose = null;
    onClose?.();
  }
}
