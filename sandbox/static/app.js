// The desk: loads the state, keeps the phones, hands every event to whom it concerns.
import { attempt, get, listen, post } from './api.js';
import { clockTime, h, weekday } from './dom.js';
import { Panel } from './panel.js';
import { PhoneView } from './phone.js';

const SHOWN_AT_FIRST = 9;
const NEWS_KEPT = 6;

class Desk {
  constructor() {
    this.element = document.getElementById('desk');
    this.newsBox = document.getElementById('news');
    this.views = new Map();
    this.news = [];
    this.skew = 0;
    this.state = null;
    this.panel = new Panel(this);
  }

  /** Seconds since 1970 on the sandbox's clock. */
  now() { return Date.now() / 1000 + this.skew; }

  account(pool) { return this.state.accounts.find((account) => account.pool === pool); }

  async start() {
    await this.load();
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
    try {
      const ids = JSON.parse(localStorage.getItem('desk'));
      return Array.isArray(ids) && ids.length ? ids : null;
    } catch {
      return null;
    }
  }

  remember() {
    try {
      localStorage.setItem('desk', JSON.stringify([...this.views.keys()]));
    } catch {
      // A browser without storage forgets the choice; nothing else depends on it.
    }
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
    }
    this.news = this.news.filter((item) => item.phone !== id);
    this.drawNews();
    if (!quiet) view.element.scrollIntoView({ behavior: 'smooth', inline: 'center', block: 'nearest' });
    if (tab) view.select(tab);
  }

  hide(id) {
    this.views.get(id)?.element.remove();
    this.views.delete(id);
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
  }

  async refreshMenus() {
    this.state = await get('state');
    for (const view of this.views.values()) view.chat.drawBar();
  }

  /** Something happened on a phone that isn't on the desk. */
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
      item.name ??= (await get(`phones/${item.phone}`).catch(() => ({ name: item.phone }))).name;
      return h('button', {
        type: 'button', class: `news-chip news-chip-${item.tab}`, onclick: () => this.show(item.phone, { tab: item.tab }),
      }, `${item.name} · ${item.what}`);
    }));
    this.newsBox.replaceChildren(...chips);
  }
}

new Desk().start();
