// The telephone: recent calls, and the screen of a ringing or running call.
import { attempt, post } from './api.js';
import { chatTime, h, icon } from './dom.js';

const KEYS = [['1', ''], ['2', 'ABC'], ['3', 'DEF'], ['4', 'GHI'], ['5', 'JKL'], ['6', 'MNO'], ['7', 'PQRS'], ['8', 'TUV'], ['9', 'WXYZ'], ['*', ''],
  ['0', '+'], ['#', '']];
const STATES = { inbound: '已拨打' };
const ENDS = { 200001: '已接听', 200000: '已接听', 200008: '已接听', 200100: '已接听', 200003: '未接来电', 200005: '已拒接', 200002: '占线未接' };

export class CallsApp {
  constructor(phone) {
    this.phone = phone;
    this.list = h('ul', { class: 'call-list', 'aria-label': '最近通话' });
    this.line = h('div', { class: 'dial' });
    this.element = h('section', { class: 'app calls-app' }, h('header', { class: 'nav' }, h('h3', {}, '最近通话')), this.list, this.line);
  }

  draw() {
    const items = [...this.phone.data.calls].reverse().map((call) => this.row(call));
    this.list.replaceChildren(...(items.length ? items : [h('li', { class: 'none' }, '还没有通话')]));
    const number = this.lines[this.phone.data.pool];
    this.line.hidden = !number;
    this.line.replaceChildren(h('button', { type: 'button', class: 'green', onclick: () => this.phone.dial(number) }, icon('phone'), `拨打 ${number}`));
  }

  /** Numbers that can be called, by pool. */
  get lines() { return this.phone.workspace.state.lines; }

  row(call) {
    const missed = call.state === 'ended' && !call.answered_at;
    const keys = call.keys ? ` · 按键 ${call.keys}` : '';
    const state = call.state === 'ended' ? STATES[call.kind] ?? ENDS[call.status_code] ?? '通话结束' : '通话中';
    const number = call.show_number;
    return h('li', { class: missed ? 'missed' : '' }, icon(call.kind === 'inbound' ? 'phone' : 'incoming'),
      h('div', {}, h('strong', {}, title(call)), h('small', {}, `${state}${keys}`)),
      h('time', {}, chatTime(call.at, this.phone.workspace.now())),
      Object.values(this.lines).includes(number)
        ? h('button', { type: 'button', class: 'redial', 'aria-label': `回拨${number}`, onclick: () => this.phone.dial(number) }, '回拨') : '');
  }
}

const TITLES = { two_way: '虚拟号来电', inbound: '拨打评标通知专线' };
const title = (call) => TITLES[call.kind] ?? '评标专家语音通知';

export class CallScreen {
  constructor(phone) {
    this.phone = phone;
    this.call = null;
    this.name = h('h3', { tabindex: '-1' });
    this.state = h('p', { class: 'call-state' });
    this.words = h('div', { class: 'words', 'aria-live': 'polite' });
    this.pressed = h('output', { class: 'pressed', 'aria-label': '已按的键' });
    this.keypad = h('div', { class: 'keypad', role: 'group', 'aria-label': '拨号键盘' }, ...KEYS.map(([key, letters]) => h('button', {
      type: 'button', 'aria-label': `按 ${key}`, onclick: () => this.press(key),
    }, key, h('small', {}, letters))));
    this.speak = this.round('speak', '朗读', 'speak', () => this.say());
    this.decline = this.round('hangup', '挂断', 'red', () => this.act('hangup'));
    this.accept = this.round('phone', '接听', 'green', () => this.act('answer'));
    this.element = h('div', { class: 'call', role: 'dialog', 'aria-label': '来电', hidden: true, onkeydown: (event) => this.key(event) },
      h('div', { class: 'caller' }, h('div', { class: 'avatar big call-face', 'aria-hidden': 'true' }, icon('user')), this.name, this.state),
      this.words, this.pressed, this.keypad,
      h('div', { class: 'call-acts' }, this.speak, this.decline, this.accept));
  }

  round(symbol, label, colour, act) {
    return h('button', { type: 'button', class: `round ${colour}`, onclick: act }, h('span', {}, icon(symbol)), h('em', {}, label));
  }

  /** Shows the newest state of a call; the screen of an ended call closes after a moment. */
  show(call) {
    if (!call) { this.close(); return; }
    if (call.state === 'ended' && this.call?.id !== call.id) return;
    const before = this.element.hidden || this.call?.id !== call.id ? '' : this.call.state;
    this.call = call;
    if (call.state === 'ended') {
      this.state.textContent = '通话已结束';
      this.element.className = 'call ended';
      clearTimeout(this.closing);
      this.closing = setTimeout(() => this.close(), 1200);
      return;
    }
    clearTimeout(this.closing);
    const talking = call.state === 'talking';
    this.element.hidden = false;
    this.element.className = `call ${call.state}`;
    this.name.textContent = title(call);
    this.keypad.hidden = !talking || !['ivr', 'inbound'].includes(call.kind);
    this.speak.hidden = !talking || !('speechSynthesis' in globalThis);
    this.accept.hidden = talking;
    this.decline.querySelector('em').textContent = talking ? '挂断' : '拒接';
    this.words.hidden = !talking;
    this.words.replaceChildren(...call.spoken.map((text) => h('p', {}, text)));
    this.words.scrollTop = this.words.scrollHeight;
    this.pressed.textContent = call.keys;
    this.pressed.hidden = !talking || !call.keys;
    this.tick();
    if (before !== call.state && this.phone.element?.contains(document.activeElement)) this.name.focus();
  }

  tick() {
    if (!this.call || this.call.state === 'ended' || this.element.hidden) return;
    const seconds = Math.max(0, Math.round(this.phone.workspace.now() - this.call.answered_at));
    const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
    this.state.textContent = this.call.state === 'talking' ? clock : `来电 · ${this.call.show_number}`;
  }

  close() {
    this.element.hidden = true;
    this.call = null;
    globalThis.speechSynthesis?.cancel();
  }

  /** The button to tap next: answering, then 1, or, with a person on the line, the end of the talk; null without a call. */
  nextTap() {
    if (this.element.hidden || !this.call || this.call.state === 'ended') return null;
    if (this.call.state === 'ringing') return this.accept;
    if (this.call.kind === 'two_way') return this.decline;
    return this.keypad.hidden || this.call.keys.length > 1 ? null : this.keypad.querySelector('[aria-label="按 1"]');
  }

  act(what, body) { return attempt(() => post(this.phone.path(`/calls/${encodeURIComponent(this.call.id)}/${what}`), body)); }

  press(keys) { return this.act('keys', { keys }); }

  key(event) {
    if (this.call?.state === 'talking' && /^[0-9*#]$/.test(event.key) && !this.keypad.hidden) {
      event.preventDefault();
      this.press(event.key);
    }
  }

  say() {
    speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(this.call.spoken.at(-1) ?? '');
    words.lang = 'zh-CN';
    speechSynthesis.speak(words);
  }
}
