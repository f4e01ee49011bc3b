// The mini-program on one phone: its modules, the stack of its pages, and WeChat's bar above them.
import { h, icon } from '../dom.js';
import { modules, pages, settings, views } from './program.js';
import { askSheet, modal } from './dialogs.js';
import { Drawing } from './drawing.js';
import { check } from './tags.js';
import { makeWx, Refusal } from './wx.js';

const DEEPEST = 10;
const SETTINGS = ['pages', 'window', 'darkmode', 'themeLocation', 'style', 'lazyCodeLoading', 'sitemapLocation', 'requiredPrivateInfos', 'permission',
  'networkTimeout', '__usePrivacyCheck__'];
/** Where the phone keeps that its person has agreed to the privacy guide. No name of a mini-program's own begins with a blank. */
const CONSENT = ' privacy guide';
const OF_PAGES = ['usingComponents', 'navigationBarTitleText', 'enablePullDownRefresh'];

/** Throws if the mini-program uses a feature that this runtime lacks. */
export function checkAll() {
  const unknown = Object.keys(settings).find((key) => !SETTINGS.includes(key));
  if (unknown) throw new Error(`miniprogram/app.json: ${unknown} is not supported by the sandbox`);
  for (const [name, page] of Object.entries(pages)) {
    const other = Object.keys(page).find((key) => !OF_PAGES.includes(key)) ?? Object.keys(page.usingComponents)[0];
    if (other) throw new Error(`miniprogram/${name}.json: ${other} is not supported by the sandbox`);
  }
  for (const [file, nodes] of Object.entries(views)) check(nodes, file);
}

/** Splits `/pages/status?x=1` into route and query, whose values WeChat does not decode. */
function read(url) {
  const [path, query = ''] = url.replace(/^\//, '').split('?');
  const pairs = query.split('&').filter(Boolean).map((part) => part.split(/=(.*)/s));
  return { route: path, query: Object.fromEntries(pairs.map(([name, value = '']) => [name, value])) };
}

/** Dates of the phone's clock. */
const clock = (now) => class extends Date {
  constructor(...given) { super(...(given.length ? given : [now()])); }
  static now() { return now(); }
};

/** `a.b[0].c` */
function put(data, path, value) {
  const names = path.split(/[.[\]]+/).filter(Boolean);
  const last = names.pop();
  names.reduce((found, name) => { found[name] ??= {}; return found[name]; }, data)[last] = value;
}

/** A page that is open. */
class OpenPage {
  constructor(shell, url) {
    this.shell = shell;
    this.url = url;
    const { route, query } = read(url);
    this.query = query;
    this.settings = pages[route];
    this.title = this.settings.navigationBarTitleText ?? settings.window.navigationBarTitleText;
    const { data = {}, ...methods } = shell.definition(route);
    this.instance = { ...methods, route, options: query, data: structuredClone(data), setData: (part, then) => this.setData(part, then) };
    this.content = document.createElement('page');
    this.element = h('div', { class: 'scroll' }, this.content);
    this.drawing = new Drawing(this.content, { views, file: `${route}.wxml`, page: this.instance, host: shell.forPages(this) });
    this.drawing.draw(this.instance.data);
  }

  setData(part, then) {
    for (const [path, value] of Object.entries(part)) put(this.instance.data, path, value);
    if (!this.ended) this.drawing.draw(this.instance.data);
    then?.();
  }

  show() {
    this.element.hidden = false;
    this.instance.onShow?.();
  }

  hide() { this.instance.onHide?.(); }

  end() {
    this.ended = true;
    this.instance.onUnload?.();
    this.drawing.end();
    this.element.remove();
  }
}

export class Shell {
  /** `host` is the phone; see main.js. */
  constructor(element, host) {
    this.host = host;
    this.stack = [];
    this.cache = new Map();
    this.definitions = new Map();
    this.app = {};
    this.wx = makeWx({ host, shell: this, timeout: settings.networkTimeout?.request ?? 60_000 });
    this.root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    this.build();
    this.require('app.js');
  }

  build() {
    const tap = (label, symbol, onclick, more = '') => h('button', { type: 'button', class: `tap ${more}`, 'aria-label': label, onclick }, icon(symbol));
    this.backButton = tap('返回', 'back', () => this.navigateBack());
    this.homeButton = tap('返回首页', 'home', () => this.reLaunch(settings.pages[0]));
    this.heading = h('h3', { tabindex: '-1' });
    this.body = h('div', { class: 'body' });
    this.note = h('div', { class: 'toast', role: 'status' });
    this.over = h('div', { class: 'layers' });
    const capsule = h('div', { class: 'capsule' }, tap('更多', 'more', () => this.openMenu()), tap('关闭小程序', 'stop', () => this.host.leave()));
    this.main = h('div', { class: 'main' }, h('header', {}, this.backButton, this.homeButton, this.heading, capsule), this.body);
    const sheets = ['/_/miniprogram/shell.css', '/_/miniprogram/program.css', '/_/mark.css'];
    this.root.replaceChildren(...sheets.map((href) => h('link', { rel: 'stylesheet', href })), this.main, this.over, this.note);
  }

  // -- modules -------------------------------------------------------------------------------------------------

  require(file) {
    if (this.cache.has(file)) return this.cache.get(file).exports;
    if (!modules[file]) throw new Error(`miniprogram/${file} is not there`);
    const module = { exports: {} };
    this.cache.set(file, module);
    const near = (path) => this.require(`${new URL(path, `file:///${file}`).pathname.slice(1)}.js`);
    const registerApp = (app) => { this.app = app; };
    const registerPage = (definition) => { this.definitions.set(this.loading, definition); };
    modules[file](near, module, module.exports, this.wx, registerApp, registerPage, clock(this.host.now));
    if (file === 'config.js') Object.assign(module.exports, this.host.config);
    return module.exports;
  }

  /** The argument with which the page's module, or one that it imports, called `Page`. */
  definition(route) {
    this.loading = route;
    this.require(`${route}.js`);
    return this.definitions.get(route);
  }

  // -- pages ---------------------------------------------------------------------------------------------------

  get page() { return this.stack.at(-1); }

  /** Opens a page from outside: a link of the chat, a menu, or by hand. */
  launch(url) {
    if (pages[read(url).route]) this.reLaunch(url);
    else this.app.onPageNotFound?.({ path: read(url).route, query: read(url).query, isEntryPage: true });
  }

  navigateTo(url) {
    if (this.stack.length >= DEEPEST) throw new Refusal('webview count limit exceed');
    this.known(url);
    this.page?.hide();
    if (this.page) this.page.element.hidden = true;
    this.push(url);
  }

  redirectTo(url) {
    this.known(url);
    this.stack.pop()?.end();
    this.push(url);
  }

  reLaunch(url) {
    this.known(url);
    for (const page of this.stack.splice(0)) page.end();
    this.push(url);
  }

  navigateBack() {
    if (this.stack.length < 2) {
      this.reLaunch(settings.pages[0]);
      return;
    }
    this.stack.pop().end();
    this.changed();
    this.page.show();
  }

  known(url) {
    const { route } = read(url);
    if (!pages[route]) throw new Refusal(`page "${route}" is not found`);
  }

  push(url) {
    const page = new OpenPage(this, url);
    this.stack.push(page);
    this.body.append(page.element);
    this.changed();
    page.instance.onLoad?.(page.query);
    page.show();
  }

  changed() {
    const [first] = settings.pages;
    this.heading.textContent = this.page.title;
    this.backButton.hidden = this.stack.length < 2;
    this.homeButton.hidden = this.stack.length > 1 || this.page.instance.route === first;
    this.host.keep(this.page.url.replace(/([?&])entry=[^&]*&?/, '$1').replace(/[?&]$/, ''));
    if (this.root.activeElement) this.heading.focus({ preventScroll: true });
  }

  /** Called when the phone hides or shows the mini-program. */
  hide() { this.page?.hide(); }
  show() { this.page?.show(); }

  end() { for (const page of this.stack.splice(0)) page.end(); }

  // -- used by pages and wx ------------------------------------------------------------------------------------

  forPages(page) {
    return {
      phoneNumber: async () => (await this.hasConsent('button.getPhoneNumber') ? this.host.phoneNumber()
        : { errMsg: 'getPhoneNumber:fail privacy permission is not authorized' }),
      consent: () => { this.host.shelf.set(CONSENT, true); },
      openWeb: (url, fail) => this.host.openWeb(url, { fail, close: () => this.leaveWeb(page) }),
      closeWeb: () => this.host.closeWeb(),
    };
  }

  /** Called with what needs consent, and how to answer; the newest listener counts. */
  askConsentBy(listener) { this.consentListener = listener; }

  /** Whether the person has agreed to the privacy guide, or does so now: by a tap on a button of that kind, whatever the page says. */
  async hasConsent(referrer) {
    if (!settings.__usePrivacyCheck__ || this.host.shelf.get(CONSENT)) return true;
    if (!this.consentListener) return false;
    await new Promise((resolve) => {
      this.consentListener(({ event }) => { if (event !== 'exposureAuthorization') resolve(); }, { referrer });
    });
    return Boolean(this.host.shelf.get(CONSENT));
  }

  leaveWeb(page) { if (page === this.page) this.navigateBack(); }

  setTitle(title) {
    this.page.title = title;
    this.heading.textContent = title;
  }

  toast(title, duration = 1500) {
    this.note.textContent = title;
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => { this.note.textContent = ''; }, duration);
  }

  ask(given) { return modal(this, given); }

  openMenu() {
    askSheet(this, [
      ...(this.page.settings.enablePullDownRefresh ? [['下拉刷新', () => this.pull()]] : []),
      ['重新进入小程序', () => this.host.restart()],
      ['清除本机数据并重新进入', () => { this.host.shelf.clear(); this.host.restart(); }],
    ]);
  }

  pull() {
    this.body.setAttribute('aria-busy', 'true');
    this.page.instance.onPullDownRefresh?.();
  }

  endPull() { this.body.removeAttribute('aria-busy'); }

  /** The field for an SMS code: the next empty one for digits. */
  codeField() { return [...this.page.content.querySelectorAll('input[inputmode="numeric"]')].find((field) => !field.value) ?? null; }
}
