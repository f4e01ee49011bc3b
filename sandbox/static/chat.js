// WeChat: the chat with the official account, its menu and the input.
import { attempt, get, post } from './api.js';
import { chatTime, h, icon, toast } from './dom.js';

const GAP = 300;
const PAY_CHAT = 'weixin-pay';
const FOLDS_FROM = 6;
const KEPT_OPEN = 1;

export class ChatApp {
  constructor(phone) {
    this.phone = phone;
    this.typed = false;
    this.at = '';
    this.unseen = new Set();
    this.title = h('h3', {});
    this.list = h('div', { class: 'chat-list', hidden: true });
    this.listButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '聊天列表', hidden: true, onclick: () => this.showList() },
      icon('back'), h('b', { class: 'dot', hidden: true }));
    this.log = h('div', { class: 'log', role: 'log', 'aria-label': '聊天记录', tabindex: '0' });
    this.bar = h('footer', { class: 'chat-bar' });
    this.sheet = h('div', { class: 'sheet', hidden: true });
    this.log.addEventListener('click', () => this.closeSheet());
    this.element = h('section', { class: 'app chat-app' }, h('header', { class: 'nav' }, this.listButton, this.title), this.list, this.log, this.sheet,
      this.bar);
  }

  /** The account whose chat is shown, by default the pool's. */
  get pool() { return this.at || this.phone.data.pool; }
  get pools() { return [...new Set([this.phone.data.pool, ...Object.keys(this.phone.data.chats)])]; }
  get account() { return this.phone.workspace.account(this.pool); }
  get name() { return this.nameOf(this.pool); }

  nameOf(pool) { return pool === PAY_CHAT ? '微信支付' : this.phone.workspace.account(pool)?.name ?? '公众号'; }

  act(what, body = {}) { return this.phone.act(what, { pool: this.pool, ...body }); }

  get chat() {
    this.phone.data.chats[this.pool] ??= { pool: this.pool, following: false, bubbles: [] };
    return this.phone.data.chats[this.pool];
  }

  draw() {
    this.title.textContent = this.name;
    this.list.hidden = true;
    this.log.hidden = false;
    this.unseen.delete(this.pool);
    this.drawListButton();
    this.lastAt = 0;
    this.log.replaceChildren();
    if (!this.chat.following && !this.chat.bubbles.length) this.log.append(this.card());
    for (const bubble of this.unfolded()) this.append(bubble);
    this.drawBar();
    this.toEnd();
  }

  /** Bubbles shown at first: those from before the workspace was opened are folded except the last ones. */
  unfolded() {
    const { bubbles } = this.chat;
    this.folds ??= new Map();
    if (!this.folds.has(this.pool)) this.folds.set(this.pool, bubbles.length > FOLDS_FROM ? bubbles.at(-KEPT_OPEN).id : 0);
    const from = Math.max(0, bubbles.findIndex(({ id }) => id === this.folds.get(this.pool)));
    if (from) {
      this.log.append(h('button', {
        type: 'button', class: 'earlier', onclick: () => { this.folds.set(this.pool, 0); this.draw(); this.log.scrollTop = 0; },
      }, `更早的消息（${from}）`));
    }
    return bubbles.slice(from);
  }

  drawListButton() {
    this.listButton.hidden = this.pools.length < 2 || !this.list.hidden;
    this.listButton.querySelector('.dot').hidden = !this.unseen.size;
    this.listButton.querySelector('.dot').textContent = this.unseen.size || '';
  }

  showList() {
    this.title.textContent = '微信';
    this.list.replaceChildren(...this.pools.map((pool) => h('button', {
      type: 'button', class: this.unseen.has(pool) ? 'new' : '', onclick: () => { this.at = pool; this.draw(); },
    }, h('span', { class: `avatar ${pool === PAY_CHAT ? 'pay-face' : 'account'}`, 'aria-hidden': 'true' }, pool === PAY_CHAT ? '付' : '评'),
    h('strong', {}, this.nameOf(pool)), h('small', {}, this.phone.data.chats[pool]?.bubbles.at(-1)?.text ?? ''))));
    this.list.hidden = false;
    this.log.hidden = true;
    this.bar.hidden = true;
    this.closeSheet();
    this.drawListButton();
    this.list.querySelector('button').focus({ preventScroll: true });
  }

  /** The page of an account that the person does not follow. */
  card() {
    return h('div', { class: 'profile' },
      h('div', { class: 'avatar big account', 'aria-hidden': 'true' }, '评'),
      h('h4', {}, this.name),
      h('p', {}, '服务号 · 评标专家抽取、确认与签到'),
      h('button', { type: 'button', class: 'primary', onclick: () => this.act('follow') }, '关注公众号'),
      h('button', { type: 'button', class: 'plain', onclick: () => this.phone.scanner.open() }, icon('scan'), '扫一扫'));
  }

  follow(pool, follows) {
    const chat = this.phone.data.chats[pool];
    if (pool !== this.pool && chat) chat.following = follows;
    if (pool !== this.pool || this.chat.following === follows) return;
    this.chat.following = follows;
    this.draw();
  }

  add(pool, bubble) {
    const { chats } = this.phone.data;
    chats[pool] ??= { pool, following: pool === PAY_CHAT, bubbles: [] };
    chats[pool].bubbles.push(bubble);
    if (pool !== this.pool || !this.list.hidden) {
      if (bubble.side !== 'me') this.unseen.add(pool);
      if (this.list.hidden) this.drawListButton();
      else this.showList();
      return;
    }
    this.log.querySelector('.profile')?.remove();
    this.typing(0);
    this.append(bubble);
    this.toEnd();
  }

  toEnd() { this.log.scrollTop = this.log.scrollHeight; }

  append(bubble) {
    if (bubble.at - this.lastAt > GAP) {
      this.log.append(h('div', { class: 'when' }, chatTime(bubble.at, this.phone.workspace.now())));
    }
    this.lastAt = bubble.at;
    if (bubble.side === 'system') this.log.append(h('div', { class: 'system' }, bubble.text));
    else this.log.append(this.row(bubble));
  }

  row(bubble) {
    const mine = bubble.side === 'me';
    const body = bubble.kind === 'template' ? this.template(bubble) : bubble.kind === 'news' ? this.news(bubble) : this.text(bubble);
    const face = h('div', { class: `avatar ${mine ? 'me' : 'account'}`, 'aria-hidden': 'true' }, mine ? this.phone.data.name.slice(-1)
      : this.pool === PAY_CHAT ? '付' : '评');
    return h('div', { class: `row ${mine ? 'mine' : ''} ${bubble.kind}` }, face, body);
  }

  link(bubble, index, label = '') {
    const link = bubble.links[index];
    const tap = () => this.act('tap', { bubble: bubble.id, link: index });
    return h('button', { type: 'button', class: `link ${link.kind}`, onclick: tap }, label || link.label);
  }

  text(bubble) {
    const box = h('div', { class: 'bubble' });
    if (bubble.kind === 'image') {
      box.classList.add('picture');
      box.append(this.picture(bubble.image));
      return box;
    }
    if (bubble.title) box.append(h('strong', {}, bubble.title, h('br')));
    for (const segment of bubble.segments) {
      box.append(segment.link === undefined ? segment.text : this.link(bubble, segment.link, segment.text));
    }
    return box;
  }

  /** A picture; a long press (or click) opens its actions. ``data-qr`` holds the content of a code on it. */
  picture(media) {
    const src = `/control/media/${encodeURIComponent(media)}`;
    const press = (event) => { event.preventDefault(); this.pressPicture(button.dataset.qr ?? ''); };
    const button = h('button', { type: 'button', 'aria-label': '长按图片', onclick: press, oncontextmenu: press },
      h('img', { src, alt: '图片', onload: () => this.toEnd() }));
    get(`${src.slice('/control/'.length)}/code`).then(({ text }) => { if (text) button.dataset.qr = text; }, () => {});
    return button;
  }

  pressPicture(code) {
    this.sheet.className = 'sheet picture-menu';
    this.sheet.anchor = null;
    this.fillSheet([
      ...(code ? [['识别图中的二维码', null, () => this.phone.recognise(code)]] : []),
      ['保存到相册', null, () => { if (code) this.phone.album.add(code); toast('已保存到相册'); }],
      ['取消', null, () => {}],
    ]);
  }

  template(bubble) {
    const lines = bubble.segments[0].text.split('\n').map((line) => {
      const at = line.indexOf('：');
      return h('div', {}, h('dt', {}, line.slice(0, at)), h('dd', {}, line.slice(at + 1)));
    });
    const foot = bubble.links.map((_, index) => this.link(bubble, index));
    return h('div', { class: 'bubble card' },
      h('header', {}, bubble.title), h('dl', {}, ...lines), foot.length ? h('footer', {}, ...foot) : null);
  }

  news(bubble) {
    const box = h('div', { class: 'bubble card news-card' });
    for (const segment of bubble.segments) {
      if (segment.link !== undefined) box.append(h('header', {}, this.link(bubble, segment.link, segment.text)));
      else if (segment.text.trim()) box.append(h('p', {}, segment.text.trim()));
    }
    return box;
  }

  typing(until) {
    if (!this.list.hidden) return;
    const { name } = this;
    const now = this.phone.workspace.now();
    this.title.textContent = until > now ? '对方正在输入…' : name;
    clearTimeout(this.typingTimer);
    if (until > now) this.typingTimer = setTimeout(() => this.typing(0), (until - now) * 1000);
  }

  // -- below the chat ------------------------------------------------------------------------------------------

  /** Renders again only after a change, so that a half-written message stays. */
  drawBar() {
    this.bar.hidden = !this.chat.following || this.pool === PAY_CHAT || !this.list.hidden;
    const buttons = (this.account?.personal_menus?.[this.chat.openid] ?? this.account?.menu)?.button ?? [];
    const shown = JSON.stringify([buttons, this.typed]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.closeSheet();
    if (buttons.length && !this.typed) this.bar.replaceChildren(this.toggle('keyboard', '切换到输入', true), ...buttons.map((button) => this.menuButton(button)));
    else this.bar.replaceChildren(...(buttons.length ? [this.toggle('lines', '切换到菜单', false)] : []), ...this.input());
    this.bar.classList.toggle('with-menu', Boolean(buttons.length) && !this.typed);
  }

  /** The text field, shown instead of the menu if needed; null where writing is impossible. */
  line() {
    if (this.bar.hidden) return null;
    this.typed = true;
    this.drawBar();
    return this.bar.querySelector('input');
  }

  toggle(symbol, label, typed) {
    return h('button', {
      type: 'button', class: 'chat-switch', 'aria-label': label,
      onclick: () => { this.typed = typed; this.drawBar(); this.bar.querySelector('input')?.focus(); },
    }, icon(symbol));
  }

  input() {
    const field = h('input', { type: 'text', 'aria-label': '消息', autocomplete: 'off', enterkeyhint: 'send', maxlength: '1000' });
    const send = () => {
      const content = field.value.trim();
      if (!content) return;
      field.value = '';
      this.act('text', { content });
    };
    return [
      h('form', { class: 'compose', onsubmit: (event) => { event.preventDefault(); send(); } },
        field, h('button', { class: 'send' }, '发送')),
      h('button', { type: 'button', class: 'chat-switch', 'aria-label': '更多', onclick: () => this.more() }, icon('plus')),
    ];
  }

  menuButton(button) {
    const children = button.sub_button ?? [];
    return h('button', {
      type: 'button', class: children.length ? 'menu has-more' : 'menu', 'aria-haspopup': children.length ? 'menu' : undefined,
      onclick: (event) => (children.length ? this.openSubMenu(event.currentTarget, children) : this.tapMenu(button)),
    }, button.name);
  }

  tapMenu(button) {
    this.closeSheet();
    if (button.type?.startsWith('scancode')) this.phone.scanner.open(button.key);
    else this.act('menu', { button: button.key ?? button.name });
  }

  openSubMenu(anchor, children) {
    if (!this.sheet.hidden && this.sheet.anchor === anchor) return this.closeSheet();
    this.sheet.className = 'sheet sub-menu';
    this.sheet.anchor = anchor;
    const index = [...this.bar.children].indexOf(anchor);
    this.sheet.dataset.column = String(index);
    this.sheet.dataset.columns = String(this.bar.children.length - 1);
    this.fillSheet(children.map((child) => [child.name, null, () => this.tapMenu(child)]));
    return undefined;
  }

  more() {
    if (!this.sheet.hidden) return this.closeSheet();
    this.sheet.className = 'sheet tiles';
    this.sheet.anchor = null;
    const refuses = Boolean(this.chat.refuses);
    this.fillSheet([
      ['扫一扫', 'scan', () => this.phone.scanner.open()],
      ['位置', 'place', () => this.place()],
      [refuses ? '接收消息' : '拒收消息', 'mute', () => this.refuse(!refuses)],
      ['取消关注', 'leave', () => this.act('unfollow')],
    ]);
    return undefined;
  }

  fillSheet(items) {
    this.sheet.replaceChildren(...items.map(([label, symbol, act]) => h('button', {
      type: 'button', onclick: () => { this.closeSheet(); act(); },
    }, symbol ? h('span', { class: 'tile' }, icon(symbol)) : null, h('span', {}, label))));
    this.sheet.onkeydown = (event) => { if (event.key === 'Escape') this.closeSheet(); };
    this.sheet.hidden = false;
    this.sheet.querySelector('button').focus();
  }

  closeSheet() { this.sheet.hidden = true; }

  place() {
    // The demo's trading centre; for other positions use the control API.
    this.act('location', { ...this.phone.place, label: '公共资源交易中心' });
  }

  async refuse(refuses) {
    if (await attempt(() => post(this.phone.path(), { refuses, pool: this.pool }))) this.chat.refuses = refuses;
  }
}
