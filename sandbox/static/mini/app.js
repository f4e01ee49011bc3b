// The shell: log-in, a stack of pages, the bar above them.
import { icon } from '../dom.js';
import { Api, LoggedOut, Problem } from './api.js';
import { PAGES } from './pages.js';
import { button, h } from './ui.js';

const HOMES = {
  agent: 'agency', organisation: 'agency', verifier: 'verifier', supervisor: 'supervisor', venue: 'desk', expert: 'expert',
  applicant: 'applicant', reviewer: 'staff', pool_admin: 'staff',
};

/** What a page gets: the API, its parameters, and ways to clean up. */
class Page {
  constructor(app, name, params) {
    this.app = app;
    this.api = app.api;
    this.name = name;
    this.params = params;
    this.leaving = [];
    this.left = false;
  }

  get pool() { return this.app.pool; }
  get me() { return this.app.me; }
  get isAgency() { return this.me.role === 'agent' || this.me.role === 'organisation'; }
  now() { return this.app.host.now(); }
  title(text) { if (this.app.page === this) this.app.setTitle(text); }
  onLeave(work) { this.leaving.push(work); }
  toast(text) { this.app.toast(text); }
  requestPayment(parameters) { return this.app.host.requestPayment(parameters); }
  go(name, params) { return this.app.go(name, params); }

  /** Only the agency, and only while nothing is handed in. */
  mayEdit(draw) { return this.isAgency && (draw.state === 'editing' || draw.state === 'refused'); }

  /** Draws the page anew, one drawing after the other. */
  refresh(keepScroll = true) {
    this.drawing = (this.drawing ?? Promise.resolve()).then(() => (this.left || this.app.page !== this ? undefined : this.app.render(this, { keepScroll })));
    return this.drawing;
  }

  /** The same page with other parameters. */
  show(params) {
    this.params = { ...this.params, ...params };
    return this.refresh(false);
  }

  /** Repeats work until the page is left; one that still runs is not begun again. */
  every(milliseconds, work) {
    let running = false;
    const timer = setInterval(async () => {
      if (running) return;
      running = true;
      try {
        await work();
      } catch (error) {
        if (error instanceof LoggedOut) this.app.loggedOut(error.message);
        else if (!(error instanceof Problem)) throw error;
      } finally {
        running = false;
      }
    }, milliseconds);
    this.onLeave(() => clearInterval(timer));
  }

  leave() {
    this.left = true;
    this.clean();
  }

  clean() { for (const work of this.leaving.splice(0)) work(); }
}

export class MiniApp {
  constructor(element, host) {
    this.host = host;
    this.api = new Api(host);
    this.stack = [];
    this.heading = h('h3', { tabindex: '-1' }, '评标通');
    this.backButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '返回', hidden: true, onclick: () => this.back() }, icon('back'));
    this.body = h('div', { class: 'm-body' });
    this.root = h('div', { class: 'm-app' },
      h('header', { class: 'nav' }, this.backButton, this.heading, h('span', { class: 'capsule', 'aria-hidden': 'true' }, h('i'), h('i'))),
      this.body);
    this.note = h('div', { class: 'm-toast', role: 'alert', hidden: true });
    this.root.append(this.note);
    this.root.addEventListener('say', (event) => this.toast(event.detail));
    this.root.addEventListener('logged-out', (event) => this.loggedOut(event.detail));
    element.replaceChildren(this.root);
  }

  get page() { return this.stack.at(-1); }

  unmount() {
    for (const page of this.stack.splice(0)) page.leave();
    this.root.remove();
  }

  // -- beginning -----------------------------------------------------------------------------------------------

  /** Log in as far as it goes without the person, then show where that leads. */
  async start(path = '') {
    path = this.takeEntry(path);
    this.setTitle('评标通');
    this.body.replaceChildren(h('p', { class: 'm-empty', role: 'status' }, '正在登录…'));
    try {
      this.pool ??= await this.api.get('/pool');
      if (!this.api.tokens) await this.api.login();
      try {
        await this.loadMe();
      } catch (error) {
        if (!(error instanceof LoggedOut)) throw error;
        await this.api.login();
        await this.loadMe();
      }
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof LoggedOut)) throw error;
      this.showFailure(error.message, () => this.start(path));
      return;
    }
    this.enter(path);
  }

  async loadMe() { this.me = await this.api.get('/sessions/current'); }

  enter(path = '') {
    if (!this.me.bound) this.reset(this.entry ? 'entry' : 'bind', { path });
    else if (!HOMES[this.me.role]) this.reset('roles');
    else {
      const left = path ? null : this.host.recall?.();
      if (left?.role === this.me.role) this.restore(left.pages);
      else this.reset(HOMES[this.me.role]);
      this.open(path);
    }
  }

  /** The pages that were open before: the last one is drawn, the others wait below it. */
  restore(pages) {
    const known = pages.filter(({ name }) => PAGES[name]);
    const { name, params } = known.pop() ?? { name: HOMES[this.me.role], params: {} };
    for (const page of this.stack.splice(0)) page.leave();
    this.stack.push(...known.map((page) => new Page(this, page.name, page.params)));
    return this.go(name, params);
  }

  keepPages() {
    if (this.me?.bound) this.host.keep?.({ role: this.me.role, pages: this.stack.map(({ name, params }) => ({ name, params })) });
  }

  /** The token by which the account's page let the person in is for this visit only, and no part of a page. */
  takeEntry(path) {
    const [name, query] = path.split('?');
    const params = new URLSearchParams(query ?? '');
    this.entry = params.get('entry');
    params.delete('entry');
    return params.size ? `${name}?${params}` : name;
  }

  /** A page by its path, such as pages/draw?id=…; what is no page of ours is the home. */
  open(address = '') {
    const path = this.takeEntry(address);
    if (this.entry && this.me && !this.me.bound) this.reset('entry', { path });
    const [name, query] = path.split('?');
    const page = name.split('/').at(-1);
    if (this.me?.bound && page !== 'index' && PAGES[page]) this.go(page, Object.fromEntries(new URLSearchParams(query ?? '')));
  }

  loggedOut(message) {
    this.toast(message);
    this.api.setTokens(null);
    this.start();
  }

  // -- pages ---------------------------------------------------------------------------------------------------

  reset(name, params = {}) {
    for (const page of this.stack.splice(0)) page.leave();
    return this.go(name, params);
  }

  go(name, params = {}) {
    this.page?.clean();
    const page = new Page(this, name, params);
    this.stack.push(page);
    return this.render(page);
  }

  replace(name, params = {}) {
    this.stack.pop()?.leave();
    return this.go(name, params);
  }

  back() {
    if (this.stack.length < 2) return undefined;
    this.stack.pop().leave();
    return this.render(this.page);
  }

  home() { return this.reset(HOMES[this.me.role] ?? 'roles'); }

  async render(page, { keepScroll = false } = {}) {
    const scroll = keepScroll ? this.body.scrollTop : 0;
    const turn = (this.turn ?? 0) + 1;
    this.turn = turn;
    page.clean();
    this.keepPages();
    this.backButton.hidden = this.stack.length < 2;
    if (!keepScroll) this.body.setAttribute('aria-busy', 'true');
    let content;
    try {
      content = await PAGES[page.name](page);
    } catch (error) {
      if (turn !== this.turn) return;
      this.body.removeAttribute('aria-busy');
      if (error instanceof LoggedOut) this.loggedOut(error.message);
      else if (error instanceof Problem) this.showFailure(error.message, () => this.render(page));
      else throw error;
      return;
    }
    if (turn !== this.turn || page !== this.page) {
      page.clean();
      return;
    }
    this.body.removeAttribute('aria-busy');
    this.body.replaceChildren(...[content].flat(Infinity).filter(Boolean));
    this.body.scrollTop = scroll;
    if (!keepScroll && this.root.contains(document.activeElement)) this.heading.focus({ preventScroll: true });
  }

  /** Something over the page, such as a list to choose from; returns what takes it away. */
  overlay(title, content, { onClose = () => {} } = {}) {
    const before = document.activeElement;
    const close = () => {
      box.remove();
      before?.focus({ preventScroll: true });
      onClose();
    };
    const closeButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': `关闭${title}`, onclick: close }, icon('close'));
    const box = h('div', {
      class: 'over m-over', role: 'dialog', 'aria-modal': 'true', 'aria-label': title,
      onkeydown: (event) => { if (event.key === 'Escape') { event.stopPropagation(); close(); } },
    }, h('header', { class: 'nav' }, closeButton, h('h3', {}, title)), h('div', { class: 'm-body' }, content));
    this.root.append(box);
    closeButton.focus({ preventScroll: true });
    this.page.onLeave(() => box.remove());
    return close;
  }

  toast(text) {
    this.note.textContent = text;
    this.note.hidden = false;
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => { this.note.hidden = true; }, 3500);
  }

  setTitle(text) { this.heading.textContent = text; }

  showFailure(message, retry) {
    this.body.replaceChildren(h('div', { class: 'm-failure', role: 'alert' }, h('p', {}, message), button('重试', retry, 'primary'),
      this.stack.length > 1 && button('返回', () => this.back())));
  }
}
