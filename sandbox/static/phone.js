// One phone: its frame, status bar, apps and the layers over them.
import { attempt, get, post } from './api.js';
import { Browser } from './browser.js';
import { CallScreen, CallsApp } from './calls.js';
import { Cashier, PAY_CODE } from './cashier.js';
import { ConsentSheet } from './consent.js';
import { Device } from './device.js';
import { ChatApp } from './chat.js';
import { clockTime, copy, h, icon, toast } from './dom.js';
import { IdCard } from './idcard.js';
import { EmailsApp } from './emails.js';
import { keep, recall } from './memory.js';
import { MessagesApp, SmsBanner } from './messages.js';
import { MiniProgram } from './miniprogram/main.js';
import { Samples } from './samples.js';
import { Scanner } from './scanner.js';

/** The position of the phones: the demo's trading centre, in GCJ-02. */
const PLACE = { latitude: 23.147028, longitude: 113.336438 };
export const ROLES = {
  expert: '专家', agency: '代理机构', verifier: '核验人员', supervisor: '监督人', venue: '场地', applicant: '申请人',
  legal: '法人', reviewer: '审核人员', admin: '管理员',
};
const TABS = [['chat', '微信', 'chat'], ['sms', '短信', 'sms'], ['calls', '电话', 'phone'], ['mini', '小程序', 'mini'], ['mail', '邮箱', 'mail']];
const SLOW = 3000;
const LINES = { normal: '', busy: '占线', off: '关机', no_answer: '不接', rejects: '拒接', unreachable: '无信号', suspended: '停机' };
const PILOTS = { accept: '自动参加', decline: '自动不参加', silent: '自动不理' };

export class PhoneView {
  constructor(workspace, data) {
    this.workspace = workspace;
    this.data = data;
    this.id = data.id;
    this.tab = 'chat';
    this.events = 0;
    this.unread = { chat: 0, sms: 0, calls: 0, mini: 0, mail: 0 };
    this.chat = new ChatApp(this);
    this.sms = new MessagesApp(this);
    this.calls = new CallsApp(this);
    this.emails = new EmailsApp(this);
    this.place = PLACE;
    this.album = new Set();
    this.miniPane = h('div', { class: 'mini-pane' });
    this.panes = {
      chat: this.chat.element, sms: this.sms.element, calls: this.calls.element,
      mini: h('section', { class: 'app mini-app' }, this.miniPane), mail: this.emails.element,
    };
    this.browsers = new Map(TABS.map(([name]) => [name, new Browser(this, name)]));
    this.smsBanner = new SmsBanner(this);
    this.scanner = new Scanner(this);
    this.cashier = new Cashier(this);
    this.consent = new ConsentSheet(this);
    this.callScreen = new CallScreen(this);
    this.idCard = new IdCard(this.data);
    this.samples = new Samples(this);
    this.device = new Device(this, () => this.browser.address);
    this.webLeft = recall(this.browsers.get('mini').shelf);
    this.element = this.build();
    this.tab = this.panes[recall(this.shelf)] ? recall(this.shelf) : this.tab;
    this.draw();
    for (const [name, browser] of this.browsers) if (name !== 'mini') browser.restore();
  }

  get shelf() { return `tab/${this.id}`; }

  path(rest = '') { return `phones/${this.id}${rest}`; }

  build() {
    this.time = h('span', { class: 'time' });
    this.screen = h('div', { class: 'screen' });
    this.lineBadge = h('span', { class: 'badge line', hidden: true });
    this.pilotBadge = h('span', { class: 'badge pilot', hidden: true });
    this.buttons = new Map(TABS.map(([name, label, symbol]) => [name, h('button', {
      type: 'button', role: 'tab', id: `${this.id}-${name}`, 'aria-controls': `${this.id}-pane-${name}`,
      onclick: () => this.select(name), onkeydown: (event) => this.arrow(event, name),
    }, icon(symbol), h('span', {}, label), h('b', { class: 'dot', hidden: true }))]));
    for (const [name, pane] of Object.entries(this.panes)) {
      pane.id = `${this.id}-pane-${name}`;
      pane.setAttribute('role', 'tabpanel');
      pane.setAttribute('aria-labelledby', `${this.id}-${name}`);
      pane.append(this.browsers.get(name).element);
      this.screen.append(pane);
    }
    this.screen.append(this.scanner.element, this.cashier.element, this.consent.element, this.smsBanner.element);
    return h('section', { class: 'slot', 'aria-label': `${this.data.name}的手机` },
      h('div', { class: 'tag' },
        h('strong', {}, this.data.name), h('span', { class: 'badge role' }, ROLES[this.data.role] ?? this.data.role),
        this.lineBadge, this.pilotBadge, ...(this.samples.buttons.length ? this.samples.buttons : [h('span', { class: 'number' }, this.data.mobile)]),
        this.device.button, this.idCard.button,
        h('button', {
          type: 'button', class: 'quiet', 'aria-label': `把${this.data.name}的手机从桌面拿开`, title: '从桌面拿开',
          onclick: () => this.workspace.hide(this.id),
        }, icon('close')), this.idCard.element, this.device.element),
      h('div', { class: 'phone' },
        h('div', { class: 'status', 'aria-hidden': 'true' }, this.time,
          h('span', { class: 'signs' }, h('i', { class: 'bars' }), this.device.sign, h('i', { class: 'battery' }))),
        this.screen,
        h('div', { class: 'dock', role: 'tablist', 'aria-label': '应用' }, ...this.buttons.values()),
        this.callScreen.element));
  }

  draw() {
    this.chat.draw();
    this.sms.draw();
    this.calls.draw();
    this.callScreen.show(this.data.calls.findLast((call) => call.state !== 'ended'));
    this.drawHead();
    this.select(this.tab);
    this.tick();
  }

  drawHead() {
    this.lineBadge.textContent = LINES[this.data.line] ?? this.data.line;
    this.lineBadge.hidden = this.data.line === 'normal';
    this.pilotBadge.textContent = PILOTS[this.data.autopilot?.choice] ?? '';
    this.pilotBadge.hidden = !this.data.autopilot;
    this.device.draw();
  }

  /** Fetches the phone again, and once more if an event arrived meanwhile. */
  async load() {
    const { events } = this;
    const data = await attempt(() => get(this.path()));
    if (!data) return;
    if (events !== this.events) { await this.load(); return; }
    const before = newest(this.data);
    this.data = data;
    this.draw();
    for (const [name, id] of Object.entries(newest(data))) if (id !== before[name]) this.bump(name);
  }

  tick() {
    const text = clockTime(this.workspace.now());
    if (this.time.textContent !== text) this.time.textContent = text;
    this.callScreen.tick();
  }

  /** The browser of the shown app: each app keeps its page while another is shown. */
  get browser() { return this.browsers.get(this.tab); }

  /** QR codes on the shown page. */
  codes() { return this.browser.codes(); }

  /** The shown field for an SMS code: of the page or of the mini-program, else the chat's text field; or null. */
  codeField() {
    if (this.browser.frame) return this.browser.codeField();
    if (this.tab === 'mini') return this.mini?.codeField() ?? null;
    return this.tab === 'chat' ? this.chat.line() : null;
  }

  /** Handles a page's request to WeChat. */
  receive(event) { for (const browser of this.browsers.values()) browser.receive(event); }

  /** Called when the phone is removed from the workspace. */
  end() {
    this.mini?.end();
    this.element.remove();
  }

  // -- apps ----------------------------------------------------------------------------------------------------

  arrow(event, name) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = TABS.map(([key]) => key);
    const next = names[(names.indexOf(name) + step + names.length) % names.length];
    this.select(next);
    this.buttons.get(next).focus();
  }

  /** Shows an app; `path` is a page of the mini-program. */
  select(name, path = '') {
    const before = this.tab;
    if (name !== before) keep(this.shelf, name);
    this.tab = name;
    this.unread[name] = 0;
    for (const [key, button] of this.buttons) {
      const chosen = key === name;
      button.setAttribute('aria-selected', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      this.panes[key].hidden = !chosen;
      button.querySelector('.dot').hidden = !this.unread[key];
      button.querySelector('.dot').textContent = this.unread[key] || '';
    }
    if (name === 'sms') this.smsBanner.hide();
    if (before === 'mini' && name !== 'mini') this.mini?.hide();
    if (name === 'mini' && (path || before !== 'mini' || !this.mini)) (this.mini ??= this.makeMini()).open(path);
    if (name === 'mail') this.emails.load();
    if (name === 'chat') this.chat.toEnd();
  }

  bump(name) {
    if (this.tab === name && !document.hidden) return;
    this.unread[name] += 1;
    const dot = this.buttons.get(name).querySelector('.dot');
    dot.hidden = false;
    dot.textContent = this.unread[name];
  }

  /** Opens the mini-program at the page that was open last, or at a path. */
  openMini(path = '') { this.select('mini', path); }

  makeMini() {
    const { id, pool } = this.data;
    return new MiniProgram(this.miniPane, {
      id,
      pool,
      login: async () => (await attempt(() => post(this.path('/login_code'))))?.code,
      phoneNumber: async () => {
        const given = await attempt(() => post(this.path('/phone_code')));
        return given ? { code: given.code, errMsg: 'getPhoneNumber:ok' } : { errMsg: 'getPhoneNumber:fail' };
      },
      subscribe: (ids) => this.consent.request(ids),
      scan: () => this.scanner.ask(),
      locate: async () => this.place,
      pay: (parameters) => this.requestPayment(parameters),
      openWeb: (url, on) => this.openWeb(url, on),
      closeWeb: () => this.browsers.get('mini').close(),
      call: (number) => this.dial(number),
      copy: (text) => copy(text, '内容'),
      leave: () => this.select('chat'),
      now: () => (this.workspace.now() + this.data.skew) * 1000,
      network: () => this.network(),
    });
  }

  /** Calls a number of a pool; others can't be reached from here. */
  dial(number) {
    const known = Object.values(this.workspace.state.lines).find((line) => line === number.replaceAll(/[ -]/g, ''));
    return known ? attempt(() => post(this.path('/dial'), { number: known })) : toast(`沙箱里不能打出电话：${number}`);
  }

  /** The text size set in WeChat, which mini-programs use. */
  enlarge(large) { this.miniPane.toggleAttribute('data-large', large); }

  /** Resolves to false without a network; after a delay if it is slow. */
  async network() {
    if (this.data.net === 'slow') await new Promise((resolve) => { setTimeout(resolve, SLOW); });
    return this.data.net !== 'lost';
  }

  /** Opens a web-view over the mini-program. WeChat opens pages of permitted domains only; a page that was open before a reload is shown again. */
  openWeb(url, { fail, close }) {
    const { service_url: service } = this.workspace.state;
    const browser = this.browsers.get('mini');
    const left = this.webLeft;
    this.webLeft = null;
    const known = [service, `${location.origin}/service`].find((base) => url.startsWith(`${base}/`));  // the second: the mini-program's own server here
    if (!known) fail();
    else if (left) browser.open(left.path, left.shown, { onClose: close, quiet: true });
    else browser.open(`/phone/${this.id}.mini/service${url.slice(known.length)}`, service + url.slice(known.length), { onClose: close });
  }

  /** wx.requestPayment: the parameters without appId, which is the mini-program's. */
  async requestPayment(parameters) {
    const appId = this.workspace.state.mini_programs.find((mini) => mini.pool === this.data.pool)?.appid;
    const answer = await this.cashier.request({ ...parameters, appId });
    this.consent.paid();
    return answer;
  }

  // -- actions -------------------------------------------------------------------------------------------------

  /** An action of the person in the chat; opens the page that the answer names. */
  async act(what, body = {}) {
    const answer = await attempt(() => post(this.path(`/${what}`), body));
    if (answer?.open_url) this.openUrl(answer.open_url);
    if (answer?.open_mini) this.openMini(answer.open_mini);
    if (answer?.open_cashier) this.cashier.show(answer.open_cashier);
    return answer;
  }

  /** A long press on a code on this phone's own screen. Payment codes are refused, as by WeChat. */
  recognise(code) {
    if (code.startsWith(PAY_CODE)) toast('付款码不支持长按识别或从相册选取，请使用扫一扫。');
    else this.act('scan', { content: code });
  }

  /** Opens an address in the phone's browser; scene codes are scanned, links of the mini-program open it. */
  openUrl(url) {
    const { service_url: service, public_url: here } = this.workspace.state;
    if (url.startsWith('http://weixin.qq.com/q/')) { this.act('scan', { content: url }); this.select('chat'); }
    else if (url.startsWith(`${here}/wechat/link/`)) this.act('scan', { content: url });
    else if (url.startsWith(`${service}/`)) this.browser.open(`/phone/${this.id}/service${url.slice(service.length)}`, url);
    else if (url.startsWith(`${here}/`)) this.browser.open(`${url.slice(here.length)}${url.includes('?') ? '&' : '?'}phone=${this.id}`, url);
    else toast(`这是外部网页，沙箱里打不开：${url}`);
  }

  // -- events --------------------------------------------------------------------------------------------------

  /** Handles an event, unless a load that was faster has shown its content already. */
  handle(event) {
    this.events += 1;
    if (this.holds(event)) return;
    if (event.type === 'bubble') {
      this.chat.add(event.pool, event.bubble);
      if (event.bubble.side !== 'me') this.bump('chat');
    } else if (event.type === 'sms') {
      this.data.sms.push(event.sms);
      this.sms.draw();
      this.bump('sms');
      if (this.tab !== 'sms') this.smsBanner.show(event.sms);
    } else if (event.type === 'call') {
      this.changeCall(event.call);
    } else if (event.type === 'mail') {
      this.emails.add(event.email);
      if (this.data.latest_email === event.email.id) return;
      this.data.latest_email = event.email.id;
      this.bump('mail');
    } else if (event.type === 'typing') {
      this.chat.typing(event.until);
    } else if (event.type === 'phone') {
      this.changeHead(event);
    }
  }

  holds({ type, pool, bubble, sms }) {
    if (type === 'bubble') return Boolean(this.data.chats[pool]?.bubbles.some((known) => known.id === bubble.id));
    return type === 'sms' && this.data.sms.some((known) => known.id === sms.id);
  }

  changeCall(call) {
    const index = this.data.calls.findIndex((known) => known.id === call.id);
    if (index < 0) {
      this.data.calls.push(call);
      this.bump('calls');
    } else {
      this.data.calls[index] = call;
    }
    this.calls.draw();
    this.callScreen.show(call);
  }

  changeHead({ summary, following }) {
    Object.assign(this.data, summary);
    for (const [pool, follows] of Object.entries(following)) this.chat.follow(pool, follows);
    this.drawHead();
  }
}

/** The last received item of each app. */
const newest = ({ chats, sms, calls, latest_email: latestEmail, pool }) => ({
  chat: chats[pool]?.bubbles.findLast((bubble) => bubble.side !== 'me')?.id,
  sms: sms.at(-1)?.id,
  calls: calls.at(-1)?.id,
  mail: latestEmail,
});
