// The guide: six stories, each with its phones side by side, a mark on the next tap, and the reason for the last one. A step is
// done when its fact is true, by the guide or not; so a story can be left, resumed, or played in another order.
import { h } from './dom.js';
import { Mark, findTap, isUnderWay } from './marks.js';
import { keep, recall } from './memory.js';
import { Pages, Stuck } from './pages.js';
import { STORIES } from './stories.js';

const STORAGE_KEY = 'guide';
const LOOK_EVERY = 300;
/** Milliseconds without a next tap until the button back is marked: a page may be loading. */
const LOST_AFTER = 2000;
/** Milliseconds between two requests for a state that no phone shows. */
const ASK_EVERY = 2000;
const OF_A_DRAW = /\/draws\/([0-9a-f-]{36})/;
/** The state of a release, by elements of its page; without any it can't be asked for, or no more. */
const RELEASE = {
  begun: '#release-panel', approved: '[name="command"][value="start"]', asked: '[name="command"][value="withdraw"]', open: '[name="command"][value="submit"]',
};
/** Seconds before the gathering from which a draw is not begun any more: a few taps must fit in before calls end. */
const TOO_LATE = 15 * 60;
/** Seconds for which a code for paying is taken to be valid. */
const CODE_LASTS = 14 * 60;
/** Marks that move, or moves of the clock, without a new fact, after which a story of a draw begins anew. */
const TRIES = 80;
/** Stories that continue a draw, and the end of the address of the agency's page with its state. */
const STATE_PAGES = { draw: '/run', call: '/run', release: '/release', recall: '/run' };

export class Guide {
  constructor(workspace) {
    this.workspace = workspace;
    this.mark = new Mark();
    this.shown = null;
    this.element = document.getElementById('guide');
    const { story = '', facts = {}, skipped = {} } = recall(STORAGE_KEY) ?? {};
    Object.assign(this, { story: STORIES[story] ? story : '', facts, skipped, tries: 0 });
    this.choices = new Map(Object.entries(STORIES).map(([key, { name }]) => [key, this.choice(key, ...name.split(' '))]));
    this.words = h('div', { class: 'guide-words', role: 'status' });
    this.acts = h('div', { class: 'guide-acts' });
    this.element.append(h('div', { class: 'guide-choices', role: 'group', 'aria-label': '从这里开始' }, ...this.choices.values()), this.words, this.acts);
    this.draw();
    setInterval(() => this.look(), LOOK_EVERY);
  }

  /** The button of a story; while another is told, only its number is shown. */
  choice(key, number, title) {
    return h('button', { type: 'button', title, onclick: () => this.choose(key) }, `${number} `, h('span', {}, title));
  }

  get plot() { return STORIES[this.story]; }

  /** Whether the story's draw can't be brought to the end: its time is over, it ended otherwise, or nothing goes on. */
  get isSpent() { return this.plot.isSpent !== undefined && !this.isOver && (this.plot.isSpent(this.facts) || this.tries > TRIES); }

  get isOver() { return this.at === this.plot.steps.length; }

  /** The first step whose fact is missing; undefined at the story's end. */
  get at() {
    const index = this.plot.steps.findIndex((step, number) => number >= (this.skipped[this.story] ?? 0) && !step.done(this.facts));
    return index < 0 ? this.plot.steps.length : index;
  }

  save() { keep(STORAGE_KEY, { story: this.story, facts: this.facts, skipped: this.skipped }); }

  // -- actions of the person -----------------------------------------------------------------------------------

  async choose(key) {
    this.story = this.story === key ? '' : key;
    this.save();
    this.draw();
    if (this.story) await this.workspace.showOnly(this.plot.phones);
    this.look();
  }

  /** Begins a new draw, from any story of a draw. */
  async restart() {
    for (const name of Object.keys(STATE_PAGES)) this.forget(name);
    this.tries = 0;
    this.story = 'draw';
    this.save();
    this.draw();
    await this.workspace.showOnly(this.plot.phones);
    this.look();
  }

  forget(story) {
    delete this.skipped[story];
    for (const name of STORIES[story].facts) delete this.facts[name];
  }

  again() {
    if (this.plot.isSpent && (this.isSpent || this.isOver)) return this.restart();
    delete this.skipped[this.story];
    for (const name of this.plot.facts) delete this.facts[name];
    if (this.story === 'exam') for (const view of this.workspace.views.values()) view.browser.close();
    this.save();
    this.draw();
    return this.look();
  }

  skip() {
    this.skipped[this.story] = this.at + 1;
    this.tries = 0;
    this.save();
    this.draw();
    this.look();
  }

  // -- what is shown -------------------------------------------------------------------------------------------

  draw() {
    for (const [key, button] of this.choices) button.setAttribute('aria-pressed', String(key === this.story));
    this.element.classList.toggle('playing', Boolean(this.story));
    const shown = this.story ? `${this.story}/${this.isSpent ? 'spent' : this.at}` : '';
    if (shown === this.shown) return;
    this.shown = shown;
    this.choices.get(this.story)?.scrollIntoView({ block: 'nearest', inline: 'center' });
    this.words.replaceChildren(...this.sentences());
    this.acts.replaceChildren(...(this.story ? this.buttons() : []));
  }

  sentences() {
    if (!this.story) return [h('p', { class: 'guide-why' }, '评标专家库的公众号与小程序：每部手机是一个角色，都可以亲手操作。第一次来，任选一件事，跟着橙色提示点。')];
    const { at, plot } = this;
    if (this.isSpent) return [h('p', { class: 'guide-next' }, '这次抽取的时间已过，或者没有抽满，不能接着办了。点“再抽一次”，从 ① 重新开始。')];
    const step = plot.steps[at];
    const before = plot.steps[at - 1];
    const why = !step ? plot.end : before?.done(this.facts) ? before.why : '';
    return [h('p', {}, why && h('span', { class: 'guide-why' }, why),
      h('span', { class: 'guide-next' }, step ? `第 ${at + 1} / ${plot.steps.length} 步　${step.next}` : '办完了。可以换一件事，也可以自己随意操作。'))];
  }

  buttons() {
    const step = this.isSpent ? null : this.plot.steps[this.at];
    this.wayOut = this.isSpent ? h('button', { type: 'button', onclick: () => this.restart() }, '再抽一次')
      : step?.first ? h('button', { type: 'button', onclick: () => this.choose(step.first) }, '去办 ①') : null;
    return [
      this.wayOut,
      step && h('button', { type: 'button', onclick: () => this.skip() }, '跳过'),
      h('button', { type: 'button', onclick: () => this.again() }, '重来'),
      h('button', { type: 'button', onclick: () => this.choose(this.story) }, '收起'),
    ].filter(Boolean);
  }

  /** Reads the workspace again and moves the mark. */
  look() {
    if (this.story) this.observe();
    this.watch();
    const [element, view] = this.story ? this.find() : [null, null];
    if (this.mark.put(element)) this.tried();
    if (view && view !== this.phone) view.element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.phone = view;
    for (const one of this.workspace.views.values()) one.element.classList.toggle('next-phone', one === view);
  }

  /** Counts what is tried without a new fact. */
  tried() {
    this.tries += 1;
    if (this.story && this.tries === TRIES + 1) this.draw();
  }

  find() {
    if (this.wayOut?.isConnected) return [this.wayOut, null];
    for (const tap of this.plot.steps[this.at]?.taps ?? []) {
      const found = this.findOne(tap);
      if (found) return found;
    }
    return [null, null];
  }

  findOne({ phone, role, tab, words, ringing, news, clock, until, closes, sample }) {
    const views = [...this.workspace.views.values()];
    if (clock) return this.facts[until] || this.isClockStepRunning(clock) ? null : [document.querySelector(`[data-advance="${clock}"]`), null];
    if (news) return this.workspace.others.box.checked && news !== 'calls' ? null : chip(this.workspace.newsBox, news);
    if (ringing) return views.map((view) => [view.callScreen.nextTap(), view]).find(([element]) => element);
    if (role) return views.filter((view) => view.data.role === role).map((view) => [findTap(view, words), view]).find(([element]) => element);
    const view = views.find((one) => one.data.name === phone);
    if (!view) return null;
    if (sample) return [view.samples[sample].disabled ? null : view.samples[sample], view];
    if (!view.callScreen.element.hidden) return [view.callScreen.nextTap() ?? view.callScreen.decline, view];
    if (closes && view.browser.document) return [view.browser.closeButton, view];
    if (this.onAnotherDraw(view)) return [view.browser.closeButton, view];
    const element = findTap(view, words) ?? (tab && view.tab !== tab ? view.buttons.get(tab) : null);
    if (element) this.lost = null;
    return [element ?? this.backButton(view), view];
  }

  /** Whether effects of a long step of the clock may still follow. */
  isClockStepRunning(clock) { return clock > 3600 && Date.now() - (this.movedAt ?? 0) < 2 * ASK_EVERY; }

  /** Whether the phone shows a draw that isn't the story's, so that no tap there is marked. False while the page loads. */
  onAnotherDraw(view) {
    const page = view.browser.document;
    const [, id] = (isUnderWay(page) ? null : OF_A_DRAW.exec(page?.location.pathname ?? '')) ?? [];
    return Boolean(id && STATE_PAGES[this.story] && ![this.facts.draw, this.facts.recall].includes(id));
  }

  /** The button back of a phone that has had no next tap for a while; null on a live page of the story's draw, which waits for other persons. */
  backButton(view) {
    const page = view.browser.document;
    const waits = page?.location.pathname.includes(this.watched) && page.querySelector('.board, [data-live], [data-take-part]');
    const back = !page || waits || isUnderWay(page) ? null : view.browser.closeButton;
    if (!back || this.lost?.back !== back) this.lost = { back, since: Date.now() };
    return Date.now() - this.lost.since < LOST_AFTER ? null : back;
  }

  // -- facts ---------------------------------------------------------------------------------------------------

  note(facts) {
    if (Object.entries(facts).every(([name, value]) => this.facts[name] === value)) return;
    Object.assign(this.facts, facts);
    this.tries = 0;
    this.save();
    this.draw();
  }

  /** Called when an example was made: the story continues with it. */
  begin(id) {
    for (const story of Object.keys(STATE_PAGES)) this.forget(story);
    this.note({ draw: id, state: 'editing' });
  }

  /** The id of the story's activity; '' for none. */
  get watched() { return STATE_PAGES[this.story] ? (this.story === 'recall' && this.facts.recall) || this.facts.draw || '' : ''; }

  /** Its number. */
  get number() { return (this.watched === this.facts.recall ? this.facts.recallNumber : this.facts.number) ?? ''; }

  /** Reads the activity's state from the agency's page: the open one, else a fetched one. */
  async watch() {
    const view = [...this.workspace.views.values()].find(({ data }) => data.role === 'agency');
    const id = this.watched;
    if (!view || !id || this.asking) return;
    const open = view.browser.document;
    if (open?.location.pathname.endsWith(`${id}${STATE_PAGES[this.story]}`) && open.querySelector('.board, [data-live]')) { this.readState(open, id); return; }
    if (Date.now() - (this.askedAt ?? 0) < ASK_EVERY) return;
    this.askedAt = Date.now();
    this.asking = true;
    try {
      this.readState((await new Pages(view.data).enter(`/agency/draws/${id}${STATE_PAGES[this.story]}`)).page, id);
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
    } finally {
      this.asking = false;
    }
  }

  readState(page, id) {
    const head = page.querySelector('header.head[data-state]');
    if (!head || id !== this.watched) return;
    const state = page.querySelector('.board')?.dataset.state ?? head.dataset.state;
    const late = this.workspace.now() > Number(head.dataset.gathers) - TOO_LATE;
    const number = /[A-Z]{4}\d{12}/.exec(page.querySelector('header.head')?.textContent ?? '')?.[0] ?? '';
    const confirmable = page.querySelector('#confirmation [name="command"][value="confirm"]') !== null;
    if (id === this.facts.recall) this.note({ recallState: state, recallNumber: number, recallLate: late, answered: confirmable });
    else this.note({ state, number, late, ...readBoard(page.querySelector('.board'), page, state) });
    if (this.story === 'release') this.readRelease(page);
  }

  readRelease(page) {
    const [stands = 'closed'] = Object.keys(RELEASE).filter((name) => page.querySelector(RELEASE[name]));
    const hour = new Date((this.workspace.now() + 8 * 3600) * 1000).getUTCHours();
    const told = page.querySelector('#release-panel .tag.good, [name="command"][value="notified"]') !== null;
    this.note({ release: stands, notified: told, night: hour < 8 || hour >= 21 });
  }

  /** Handles an event of the sandbox, of any phone. */
  handle(event) {
    if (event.type === 'call') this.noteCall(event.call);
    if (event.type === 'clock') {
      this.movedAt = Date.now();
      this.tried();
    }
    this.look();
  }

  noteCall({ state, keys, kind }) {
    if (kind === 'two_way' && state !== 'ringing' && this.facts.recall) this.note({ spoke: true });
    if (kind !== 'ivr') return;
    if (state === 'ringing') this.note({ rang: true, picked: false, keys: '' });
    else if (keys || state === 'talking') this.note({ rang: true, picked: true, keys });
  }

  /** Reads facts from the open phones. */
  observe() {
    for (const view of this.workspace.views.values()) {
      const { data, chat } = view;
      const page = view.browser.document;
      const path = page?.location.pathname ?? '';
      if (data.name === '柳学文' && chat.chat.following) this.note({ followed: true });
      if (data.name === '柳学文' && chat.chat.bubbles.some(({ side, text }) => side === 'me' && text.trim() === '申报')) this.note({ asked: true });
      if (data.role === 'agency' && page) this.observeAgency(page, path);
      if (data.role === 'applicant' && /\/apply\/form/.test(path)) this.note({ form: true });
      if (data.name === '柳学文' && /\/apply\/status/.test(path)) this.note({ handedIn: true });
      if (data.name === '测一明' && /\/exams\/[0-9a-f-]{36}$/.test(path)) this.note({ examOpen: true });
      if (data.name === '测一明' && /\/exams\/.*\/paper$/.test(path)) this.note({ examPaper: true });
      if (data.name === '测一明' && /\/exams\/.*\/receipts\//.test(path)) this.note({ examDone: true });
      if (data.name === '江申请') this.noteFee([...chat.chat.bubbles].filter(({ side }) => side === 'account').map(({ title, text }) => `${title} ${text}`));
      if (data.role === 'applicant') this.noteCode([...view.element.querySelectorAll('[data-qr^="weixin://wxpay"]')]);
      if (data.name === this.reviewing && page && passedOn(page)) this.decided(data.name);
    }
  }

  observeAgency(page, path) {
    const [, id] = OF_A_DRAW.exec(path) ?? [];
    if (!this.facts.draw && page.querySelector('[name="command"][value="submit"]')) this.begin(id);
    const follows = this.facts.draw && id && id !== this.facts.draw && page.querySelector(`a[href*="${this.facts.draw}"]`);
    if (follows && this.story === 'recall') this.note({ recall: id });
    if (page.querySelector('#check .verdict')) {
      this.note({ checked: this.facts.draw, ...(path.endsWith(`/${this.facts.number}`) ? { opened: this.facts.draw } : {}) });
    }
  }

  noteFee(texts) {
    if (texts.some((text) => /可以缴纳|缴费通知/.test(text))) this.note({ feeOpen: true });
    if (texts.some((text) => /缴费成功|已缴清|已收到/.test(text))) this.note({ feeOpen: true, paid: true });
  }

  /** A code can be paid for a quarter of an hour; then the next one is asked for. */
  noteCode(codes) {
    if (!codes.length) return;
    const shown = `${codes.length} ${codes.at(-1).dataset.qr}`;
    const shownAt = this.facts.codeShown === shown ? this.facts.codeAt : this.workspace.now();
    this.note({ codeShown: shown, codeAt: shownAt, code: this.workspace.now() - shownAt < CODE_LASTS });
  }

  /** The reviewer whose turn it is: the second one's list is empty until the first has approved. */
  get reviewing() { return this.facts.decided?.includes('王初审') ? '李复审' : '王初审'; }

  decided(name) {
    const before = this.facts.decided ?? [];
    if (!before.includes(name)) this.note({ decided: [...before, name] });
  }
}

/** Of a page with the board: whether the order is fixed, whether it can't be any more, and whether experts were called. */
function readBoard(board, page, state) {
  if (!board) return {};
  const open = { verified: '[name="command"][value="open"]', committing: '[data-take-part]' }[state];
  return {
    seed: page.querySelector('[data-take-part][data-seeded]') !== null,
    stuck: open !== undefined && (!page.querySelector(open) || page.querySelector('[data-in-vain]') !== null),
    called: Number(board.querySelector('[data-fact="called"]').textContent) > 0,
  };
}

/** Whether a reviewer's list is open without the applicant's task. */
const passedOn = (page) => page.location.pathname.endsWith('/review') && page.readyState === 'complete'
  && ![...page.querySelectorAll('main a')].some((one) => one.textContent.includes('江申请'));

/** The button of a phone with news that the workspace does not show. */
function chip(box, kind) {
  const found = box.querySelector(kind === 'calls' ? '.news-chip-calls' : '.news-chip[data-role="expert"]');
  return found && !box.hidden ? [found, null] : null;
}
