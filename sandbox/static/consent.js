// The sheet with which WeChat asks for consent to a mini-program's messages (订阅消息), and WeChat's rules on asking.
import { post } from './api.js';
import { h } from './dom.js';

const MOST = 3;
const AFTER_PAYING = 10_000;
const RISING = 350; // milliseconds in which the sheet slides in; the second half of a double tap has no effect

/** A refusal as wx.requestSubscribeMessage gives it to `fail`. */
class Failure extends Error {
  constructor(code, message) {
    super(`requestSubscribeMessage:fail ${message}`);
    this.errCode = code;
  }
}

export class ConsentSheet {
  constructor(phone) {
    this.phone = phone;
    this.paidAt = -Infinity;
    this.box = h('div', { class: 'consent-box' });
    this.element = h('div', {
      class: 'over consent', role: 'dialog', 'aria-label': '订阅消息', hidden: true,
      onkeydown: (event) => { if (event.key === 'Escape') this.decide([], false); },
    }, this.box);
  }

  get mini() { return this.phone.workspace.state.mini_programs.find((one) => one.pool === this.phone.data.pool); }

  /** The person's saved answers: {template: 'accept' | 'reject'}, as wx.getSetting returns them. */
  settings() {
    const own = this.phone.data.choices.filter((one) => one.appid === this.mini?.appid);
    return Object.fromEntries(own.map((one) => [one.template_id, one.accept ? 'accept' : 'reject']));
  }

  /** Called after a payment: for a moment a question is permitted as after a tap. */
  paid() { this.paidAt = performance.now(); }

  /** wx.requestSubscribeMessage: from a tap or after a payment only; {template: 'accept' | 'reject' | 'filter'}. */
  async request(ids) {
    if (!navigator.userActivation?.isActive && performance.now() - this.paidAt > AFTER_PAYING) {
      throw new Failure(-1, 'can only be invoked by user TAP gesture.');
    }
    if (!ids.length) throw new Failure(10001, 'tmplIds is empty');
    const longTerm = new Set(ids.map((id) => Boolean(this.mini?.long_term?.includes(id))));
    if (longTerm.size > 1) throw new Failure(20002, 'Templates type must be same');
    if (ids.length > MOST) throw new Failure(20003, 'templates count out of max bounds');
    if (!this.element.hidden) throw new Failure(10005, 'the last question is still open');
    const kept = this.settings();
    const titles = new Set();
    const answers = {};
    const open = [];
    for (const id of ids) {
      const title = this.mini?.templates[id] ?? id;
      if (titles.has(title)) answers[id] = 'filter';
      else if (kept[id]) answers[id] = kept[id];
      else open.push({ id, title });
      titles.add(title);
    }
    const { accepted, always } = open.length ? await this.ask(open) : { accepted: [], always: false };
    for (const { id } of open) answers[id] = accepted.includes(id) ? 'accept' : 'reject';
    for (const [id, answer] of Object.entries(answers)) {
      if (answer !== 'filter') await this.note(id, answer === 'accept', always && open.some((one) => one.id === id));
    }
    return answers;
  }

  async note(id, accept, always) {
    await post(this.phone.path('/consent'), { template_id: id, accept, always });
    if (always) this.phone.data.choices.push({ appid: this.mini.appid, template_id: id, accept });
  }

  ask(open) {
    const ticks = open.map(({ id, title }) => h('label', {}, h('span', {}, title), h('input', { type: 'checkbox', value: id, checked: true })));
    const always = h('input', { type: 'checkbox' });
    const accepted = () => ticks.map((tick) => tick.querySelector('input')).filter((box) => box.checked).map((box) => box.value);
    const allow = h('button', { type: 'button', class: 'primary', onclick: () => this.decide(accepted(), always.checked) }, '允许');
    this.box.replaceChildren(
      h('p', { class: 'consent-from' }, `${this.mini?.name ?? '小程序'} 申请`),
      h('h4', {}, open.every(({ id }) => this.mini?.long_term?.includes(id)) ? '发送以下消息' : '发送一次以下消息'),
      h('div', { class: 'consent-list' }, ticks),
      h('label', { class: 'consent-always' }, always, '总是保持以上选择，不再询问'),
      h('div', { class: 'consent-buttons' }, h('button', { type: 'button', onclick: () => this.decide([], always.checked) }, '取消'), allow));
    this.element.hidden = false;
    this.box.inert = true;
    setTimeout(() => {
      this.box.inert = false;
      allow.focus({ preventScroll: true });
    }, RISING);
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  decide(accepted, always) {
    this.element.hidden = true;
    this.resolve?.({ accepted, always });
    this.resolve = null;
  }
}
