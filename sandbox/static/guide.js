// The guide: four stories, each with its phones side by side, the next tap marked, and why the last one mattered. A step is
// over when its fact is there, whoever brought it about; so a story can be left, resumed, or played in another order.
import { h } from './dom.js';
import { Mark, findTap } from './marks.js';
import { keep, recall } from './memory.js';
import { STORIES } from './stories.js';

const SHELF = 'guide';
const LOOK_EVERY = 700;
/** Milliseconds without anything to tap until the way back is marked: a page may just be loading. */
const LOST_AFTER = 2000;
/** Pages of the mini-program whose `id` is a draw's. */
const OF_A_DRAW = ['draw', 'supervised', 'result', 'door', 'absencesOfDraw'];

export class Guide {
  constructor(desk) {
    this.desk = desk;
    this.mark = new Mark();
    this.shown = null;
    this.element = document.getElementById('guide');
    const { story = '', facts = {}, skipped = {} } = recall(SHELF) ?? {};
    Object.assign(this, { story: STORIES[story] ? story : '', facts, skipped });
    this.choices = new Map(Object.entries(STORIES).map(([key, { name }]) => [key, h('button', { type: 'button', onclick: () => this.choose(key) }, name)]));
    this.words = h('div', { class: 'guide-words', role: 'status' });
    this.acts = h('div', { class: 'guide-acts' });
    this.element.append(h('div', { class: 'guide-choices', role: 'group', 'aria-label': '从这里开始' }, ...this.choices.values()), this.words, this.acts);
    this.draw();
    setInterval(() => this.look(), LOOK_EVERY);
  }

  get plot() { return STORIES[this.story]; }

  /** The first step whose fact is missing; undefined at the story's end. */
  get at() {
    const index = this.plot.steps.findIndex((step, number) => number >= (this.skipped[this.story] ?? 0) && !step.done(this.facts));
    return index < 0 ? this.plot.steps.length : index;
  }

  save() { keep(SHELF, { story: this.story, facts: this.facts, skipped: this.skipped }); }

  // -- acts of the person --------------------------------------------------------------------------------------

  async choose(key) {
    this.story = this.story === key ? '' : key;
    this.save();
    this.draw();
    if (this.story) await this.desk.showOnly(this.plot.phones);
    this.look();
  }

  again() {
    delete this.skipped[this.story];
    for (const name of { draw: ['draw', 'state', 'seed', 'checked'], apply: ['asked', 'form', 'handedIn', 'decided', 'feeOpen', 'code', 'paid'], call: ['rang', 'picked', 'keys'], exam: ['examOpen', 'examPaper', 'examDone'] }[this.story]) delete this.facts[name];
    if (this.story === 'exam') for (const view of this.desk.views.values()) view.browser.close();
    this.save();
    this.draw();
    this.look();
  }

  skip() {
    this.skipped[this.story] = this.at + 1;
    this.save();
    this.draw();
    this.look();
  }

  // -- what is shown -------------------------------------------------------------------------------------------

  draw() {
    for (const [key, button] of this.choices) button.setAttribute('aria-pressed', String(key === this.story));
    const shown = this.story ? `${this.story}/${this.at}` : '';
    if (shown === this.shown) return;
    this.shown = shown;
    this.words.replaceChildren(...this.sentences());
    this.acts.replaceChildren(...(this.story ? this.buttons() : []));
  }

  sentences() {
    if (!this.story) return [h('p', { class: 'guide-why' }, '评标专家库的公众号与小程序：每部手机是一个角色，都可以亲手操作。第一次来，任选一件事，跟着橙色提示点。')];
    const { at, plot } = this;
    const step = plot.steps[at];
    const before = plot.steps[at - 1];
    const why = !step ? plot.end : before?.done(this.facts) ? before.why : '';
    return [
      why && h('p', { class: 'guide-why' }, why),
      h('p', { class: 'guide-next' }, step ? `第 ${at + 1} / ${plot.steps.length} 步　${step.next}` : '办完了。可以换一件事，也可以自己随意操作。'),
    ].filter(Boolean);
  }

  buttons() {
    const step = this.plot.steps[this.at];
    return [
      step?.first && h('button', { type: 'button', onclick: () => this.choose(step.first) }, '去办 ①'),
      step && h('button', { type: 'button', onclick: () => this.skip() }, '跳过'),
      h('button', { type: 'button', onclick: () => this.again() }, '重来'),
      h('button', { type: 'button', onclick: () => this.choose(this.story) }, '收起'),
    ].filter(Boolean);
  }

  /** Looks at the desk anew and moves the mark. */
  look() {
    if (this.story) this.observe();
    const [element, view] = this.story ? this.find() : [null, null];
    this.mark.put(element);
    if (view && view !== this.shown) view.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.shown = view;
    for (const one of this.desk.views.values()) one.element.classList.toggle('next-phone', one === view);
  }

  find() {
    for (const tap of this.plot.steps[this.at]?.taps ?? []) {
      const found = this.findOne(tap);
      if (found) return found;
    }
    return [null, null];
  }

  findOne({ phone, role, tab, words, ringing, news, clock, closes }) {
    const views = [...this.desk.views.values()];
    if (clock) return [document.querySelector(`[data-advance="${clock}"]`), null];
    if (news) return this.desk.others.box.checked && news !== 'calls' ? null : chip(this.desk.newsBox, news);
    if (ringing) return views.map((view) => [view.callScreen.nextTap(), view]).find(([element]) => element);
    if (role) return views.filter((view) => view.data.role === role).map((view) => [findTap(view, words), view]).find(([element]) => element);
    const view = views.find((one) => one.data.name === phone);
    if (!view) return null;
    if (closes && view.browser.document) return [view.browser.closeButton, view];
    if (this.onAnotherDraw(view)) return [wayBack(view), view];
    const element = findTap(view, words) ?? (tab && view.tab !== tab ? view.buttons.get(tab) : null);
    if (element) this.lost = null;
    return [element ?? this.fromElsewhere(view), view];
  }

  /** Whether the phone's mini-program shows a draw that isn't the story's: nothing may be tapped there. */
  onAnotherDraw(view) {
    const page = view.miniPages?.at(-1);
    if (this.story !== 'draw' || view.tab !== 'mini' || view.browser.document) return false;
    return OF_A_DRAW.includes(page?.name) && page.params.id !== this.facts.draw;
  }

  /** The way back of a phone that has shown nothing to tap for a while; on the story's own draw it just waits for others. */
  fromElsewhere(view) {
    const page = view.miniPages?.at(-1);
    const waits = view.tab === 'mini' && !view.browser.document && ['draw', 'supervised'].includes(page?.name) && page.params.id === this.facts.draw;
    const back = waits ? null : wayBack(view);
    if (!back || this.lost?.back !== back) this.lost = { back, since: Date.now() };
    return Date.now() - this.lost.since < LOST_AFTER ? null : back;
  }

  // -- what really happened ------------------------------------------------------------------------------------

  note(facts) {
    if (Object.entries(facts).every(([name, value]) => this.facts[name] === value)) return;
    Object.assign(this.facts, facts);
    this.save();
    this.draw();
  }

  /** An answer of the service to somebody's mini-program. */
  noticed(method, path, body) {
    const [, id, rest = ''] = /^\/draws\/([0-9a-f-]{36})(.*)$/.exec(path) ?? [];
    if (method === 'POST' && (path === '/draws' || path.endsWith('/copies'))) this.note({ draw: body.id, state: 'editing', seed: false });
    if (method === 'POST' && /^\/verification\/applications\/.*\/approval$/.test(path) && this.facts.state === 'submitted') this.note({ state: 'verified' });
    if (!id || id !== this.facts.draw) return;
    if (method === 'POST' && rest === '/submission') this.note({ state: 'submitted' });
    if (method === 'GET' && /^(\/progress(\/stream)?)?$/.test(rest) && body.state) this.note({ state: body.state });
    if (rest === '/rounds/current' && body.round) this.note({ seed: Boolean(body.round.seed) });
  }

  /** An event of the sandbox, of any phone. */
  handle(event) {
    if (event.type === 'call') this.noteCall(event.call);
    this.look();
  }

  noteCall({ state, keys, kind }) {
    if (kind !== 'ivr') return;
    if (state === 'ringing') this.note({ rang: true, picked: false, keys: '' });
    else if (keys || state === 'talking') this.note({ rang: true, picked: true, keys });
  }

  /** What the open phones show. */
  observe() {
    for (const view of this.desk.views.values()) {
      const { data, chat } = view;
      const page = view.browser.document;
      const path = page?.location.pathname ?? '';
      if (data.name === '柳学文' && chat.chat.following) this.note({ followed: true });
      if (data.name === '柳学文' && chat.chat.bubbles.some(({ side, text }) => side === 'me' && text.trim() === '申报')) this.note({ asked: true });
      if (data.role === 'agency' && page?.querySelector('#check .verdict')) this.note({ checked: this.facts.draw });
      if (data.role === 'applicant' && /\/apply\/form/.test(path)) this.note({ form: true });
      if (data.name === '柳学文' && /\/apply\/status/.test(path)) this.note({ handedIn: true });
      if (data.name === '测一明' && /\/exams\/[0-9a-f-]{36}$/.test(path)) this.note({ examOpen: true });
      if (data.name === '测一明' && /\/exams\/.*\/paper$/.test(path)) this.note({ examPaper: true });
      if (data.name === '测一明' && /\/exams\/.*\/receipts\//.test(path)) this.note({ examDone: true });
      if (data.name === '江申请') this.noteFee([...chat.chat.bubbles].filter(({ side }) => side === 'account').map(({ text }) => text));
      if (data.role === 'applicant' && view.element.querySelector('[data-qr^="weixin://wxpay"]')) this.note({ code: true });
      if (data.name === this.reviewing && page && passedOn(page)) this.decided(data.name);
    }
  }

  noteFee(texts) {
    if (texts.some((text) => /可以缴纳/.test(text))) this.note({ feeOpen: true });
    if (texts.some((text) => /缴费成功|已缴清|已收到/.test(text))) this.note({ feeOpen: true, paid: true });
  }

  /** Whose turn it is: the second one's list is empty until the first has passed it on. */
  get reviewing() { return this.facts.decided?.includes('王初审') ? '李复审' : '王初审'; }

  decided(name) {
    const before = this.facts.decided ?? [];
    if (!before.includes(name)) this.note({ decided: [...before, name] });
  }
}

/** Whether a reviewer's list is open and nothing of the applicant's waits in it. */
const passedOn = (page) => page.location.pathname.endsWith('/review') && page.readyState === 'complete'
  && ![...page.querySelectorAll('main a')].some((one) => one.textContent.includes('江申请'));

/** What leaves the page that a phone shows: its open web page, else the mini-program's page; null at home. */
function wayBack(view) {
  if (view.browser.document) return view.browser.closeButton;
  return view.tab === 'mini' ? view.miniPane.querySelector('.nav-button[aria-label="返回"]:not([hidden])') : null;
}

/** A phone that is away from the desk and calls for attention. */
function chip(box, kind) {
  const found = box.querySelector(kind === 'calls' ? '.news-chip-calls' : '.news-chip[data-role="expert"]');
  return found && !box.hidden ? [found, null] : null;
}
