// The workspace: loads the state, holds the phones, passes each event to the parts that handle it.
import { attempt, get, listen, post } from './api.js';
import { clockTime, h, weekday } from './dom.js';
import { Guide } from './guide.js';
import { keep, recall } from './memory.js';
import { Others } from './others.js';
import { Panel } from './panel.js';
import { PhoneView } from './phone.js';

const SHOWN_AT_FIRST = 9;
const NEWS_KEPT = 6;

class Workspace {
  constructor() {
    this.element = document.getElementById('workspace');
    this.newsBox = document.getElementById('news');
    this.views = new Map();
    this.news = [];
    this.skew = 0;
    this.state = null;
    this.panel = new Panel(this);
    this.others = new Others(this);
  }

  /** Seconds since 1970 on the sandbox's clock. */
  now() { return Date.now() / 1000 + this.skew; }

  account(pool) { return this.state.accounts.find((account) => account.pool === pool); }

  async start() {
    await this.load();
    await this.others.load();
    for (const link of document.querySelectorAll('[data-service]')) link.href = `${this.state.service_url}${link.dataset.service}`;
    this.guide = new Guide(this);
    this.tick();
    setInterval(() => this.tick(), 1000);
    for (const button of document.querySelectorAll('[data-advance]')) {
      button.addEventListener('click', () => this.advance(Number(button.dataset.advance)));
    }
    window.addEventListener('message', (event) => { for (const view of this.views.values()) view.receive(event); });
    listen((event) => this.handle(event), () => this.opened && this.load().then(() => this.reload()));
    this.opened = true;
  }

  async load() {
    this.state = await get('state');
    this.setClock(this.state.clock);
    if (this.views.size) return;
    const chosen = this.remembered();
    const listed = (await get(`phones?limit=${SHOWN_AT_FIRST}`)).phones.map((phone) => phone.id);
    for (const id of chosen ?? listed) await this.show(id, { quiet: true });
    if (!this.views.size) for (const id of listed) await this.show(id, { quiet: true });
    if (!this.views.size) this.showEmpty();
  }

  showEmpty() {
    this.element.replaceChildren(h('div', { class: 'empty' },
      h('p', {}, '桌面上还没有手机。'),
      h('button', { type: 'button', class: 'primary', onclick: () => this.panel.open('phones') }, '添加手机')));
  }

  async reload() { for (const view of this.views.values()) await view.load(); }

  remembered() {
    const ids = recall('phones');
    return Array.isArray(ids) && ids.length ? ids : null;
  }

  remember() { keep('phones', [...this.views.keys()]); }

  /** These phones side by side, in this order, before all others in the workspace. */
  async showOnly(names) {
    const { phones } = await get('phones?limit=50');
    const wanted = names.map((name) => phones.find((phone) => phone.name === name)).filter(Boolean);
    for (const { id } of wanted) await this.show(id, { quiet: true });
    for (const { id } of wanted.reverse()) this.element.prepend(this.views.get(id).element);
    this.views = new Map([...this.element.children].map((slot) => [...this.views].find(([, view]) => view.element === slot)).filter(Boolean));
    this.remember();
    this.element.scrollTo({ left: 0, behavior: 'smooth' });
  }

  async show(id, { quiet = false, tab = '' } = {}) {
    let view = this.views.get(id);
    if (!view) {
      const data = await (quiet ? get(`phones/${id}`).catch(() => null) : attempt(() => get(`phones/${id}`)));
      if (!data) return;
      this.element.querySelector('.empty')?.remove();
      view = new PhoneView(this, data);
      this.views.set(id, view);
      this.element.append(view.element);
      this.remember();
      this.others.moved(id, true);
    }
    this.news = this.news.filter((item) => item.phone !== id);
    this.drawNews();
    if (!quiet) view.element.scrollIntoView({ behavior: 'smooth', inline: 'center', block: 'nearest' });
    if (tab) view.select(tab);
  }

  hide(id) {
    this.views.get(id)?.end();
    this.views.delete(id);
    this.others.moved(id, false);
    this.remember();
    if (!this.views.size) this.showEmpty();
  }

  // -- clock ---------------------------------------------------------------------------------------------------

  setClock(clock) {
    this.skew = clock.now - Date.now() / 1000;
    this.moved = Math.abs(clock.offset_seconds) >= 1;
    this.tick();
  }

  tick() {
    const output = document.getElementById('clock');
    const text = `${weekday(this.now())} ${clockTime(this.now())}`;
    if (output.textContent !== text) output.textContent = text;
    output.classList.toggle('moved', Boolean(this.moved));
    for (const view of this.views.values()) view.tick();
  }

  async advance(seconds) {
    const clock = await attempt(() => post('clock', { advance_seconds: seconds }));
    if (clock) this.setClock(clock);
  }

  // -- events --------------------------------------------------------------------------------------------------

  handle(event) {
    const view = this.views.get(event.phone);
    if (event.type === 'clock') this.setClock(event.clock);
    else if (event.type === 'reload') this.reload();
    else if (event.type === 'menu') this.refreshMenus();
    else if (event.type === 'phones' || event.type === 'faults' || event.type === 'ledger') this.panel.handle(event);
    else if (view) view.handle(event);
    else this.noteNews(event);
    this.guide?.handle(event);
  }

  async refreshMenus() {
    this.state = await get('state');
    for (const view of this.views.values()) view.chat.drawBar();
  }

  /** Handles an event of a phone that the workspace does not show. */
  noteNews(event) {
    const kinds = { bubble: ['微信消息', 'chat'], sms: ['短信', 'sms'], call: ['来电', 'calls'], mail: ['邮件', 'mail'] };
    const known = kinds[event.type];
    if (!known || event.bubble?.side === 'me' || (event.call && event.call.state !== 'ringing')) return;
    this.news = this.news.filter((item) => item.phone !== event.phone);
    this.news.unshift({ phone: event.phone, what: known[0], tab: known[1] });
    this.news.length = Math.min(this.news.length, NEWS_KEPT);
    this.drawNews();
  }

  async drawNews() {
    this.newsBox.hidden = !this.news.length;
    const chips = await Promise.all(this.news.map(async (item) => {
      if (!item.name) Object.assign(item, await get(`phones/${item.phone}`).then(({ name, role }) => ({ name, role }), () => ({ name: item.phone, role: '' })));
      return h('button', {
        data: { role: item.role },
        type: 'button', class: `news-chip news-chip-${item.tab}`, onclick: () => this.show(item.phone, { tab: item.tab }),
      }, `${item.name} · ${item.what}`);
    }));
    this.newsBox.replaceChildren(...chips);
  }
}

new Workspace().start();
