// The paper of an examination (答题): questions, the answer card, the clock, handing in.
import { Client, Problem, h, toast } from '../core/client.js';
import { findUnsent, showAnswerFile, writeFile } from './answer_file.js';
import { Answers, Clock, clean, deviceOf, given, keepDevice } from './exam_answers.js';
import { TrialClient } from './trial_client.js';

const KINDS = { single: '单选题', multiple: '多选题', true_false: '判断题', short: '简答题' };
const SUBMIT_SPREAD = 20000;
const WARN_LEFT = 5 * 60;
const page = document.getElementById('exam');
const { pool, back, trial } = page.dataset;
const candidate = trial ? `trial.${page.dataset.candidate}` : page.dataset.candidate;
const tab = `${Date.now()}.${Math.random()}`;
const clock = new Clock();
const client = trial ? new TrialClient(page.dataset.candidate) : new Client(pool, () => answers?.keep());
let paper, answers, at = 0, over = false, hiddenSince = 0;

const marks = (tenths) => `${tenths % 10 ? (tenths / 10).toFixed(1) : tenths / 10}分`;
const button = (text, props = {}) => h('button', { type: 'button', class: 'button', ...props }, text);
const receiptPage = () => (trial ? endTrial() : location.replace(`${back}/receipts/${paper.attempt_id}`));

/** Ends the paper with a message; `ways` are the buttons and links that remain. */
function stop(title, text, ...ways) {
  over = true;
  answers?.stop();
  page.replaceChildren(
    h('section', { class: 'result', role: 'alert' }, h('div', { class: 'mark warn', 'aria-hidden': 'true' }, '!'), h('h1', {}, title), h('p', {}, text)),
    h('div', { class: 'actions' }, ...ways),
  );
}

/** A trial has no receipt: what was given, and the ways on. */
function endTrial() {
  const done = given(answers.answers).length;
  page.replaceChildren(
    h('section', { class: 'result', role: 'status' }, h('div', { class: 'mark ok', 'aria-hidden': 'true' }, '✓'), h('h1', {}, '试答已交卷'),
      h('p', {}, `共${paper.questions.length}题，收到${done}题的作答。真正考试时这里是交卷回执，成绩公布后会通知您。`)),
    h('div', { class: 'actions' }, backLink(), reloadButton('再试一次', 'button')),
  );
}

const reloadButton = (text, look = 'button primary') => button(text, { class: look, onclick: () => location.reload() });
const backLink = () => h('a', { class: trial ? 'button primary' : 'button', href: back }, trial ? '返回' : '返回考试页面');

// ---- the paper

async function open() {
  localStorage.setItem(`exam-tab.${candidate}`, tab);
  try {
    paper = await begin(deviceOf(candidate));
    const restored = new Answers(client, clock, paper, { changed: redraw, replied: handleReply });
    if (restored.former) {
      await restored.sendFormer();
      restored.stop();
      paper = await begin(paper);
      answers = new Answers(client, clock, paper, { changed: redraw, replied: handleReply });
    } else answers = restored;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    stop('暂时不能答题', error.message, reloadButton('重试'), backLink());
    return;
  }
  keepDevice(candidate, paper);
  const first = paper.questions.findIndex((question) => !answers.isGiven(question.slot));
  at = Math.max(0, first);
  build();
  setInterval(tick, 500);
  tick();
  redraw();
}

async function begin({ device, ticket }) {
  const sent = performance.now();
  const attempt = await client.json('POST', `/exams/${candidate}/start`, { device, ticket });
  clock.learn(attempt.now, sent, performance.now());
  return attempt;
}

/** Handles each reply of the service: the active device, the state of the attempt, its deadline. */
function handleReply(reply) {
  if (over) return;
  if (reply.refused) {
    stop('不能继续答题', reply.refused.message, reloadButton('重试'), backLink());
  } else if (reply.state !== 'running') {
    answers.end();
    receiptPage();
  } else if (reply.device !== paper.device) {
    stop('已在另一台设备上继续', '考试正在您的另一台设备上进行，本机已停止作答。换机之前在本机的作答都算数，之后的不计分。', reloadButton('在本机继续'), backLink());
  } else {
    paper.deadline = reply.deadline;
    paper.grace_until = reply.grace_until;
  }
}

// ---- parts that are rendered once

let title, left, state, full, area, card, cardHead, prev, next, open_card, submit, dialog;

function build() {
  left = h('strong', { class: 'exam-left mono', role: 'timer', 'aria-label': '剩余时间' });
  state = h('span', { class: 'exam-state', role: 'status' });
  full = h('p', { class: 'bar warn', role: 'status', hidden: true });
  area = h('section', { class: 'exam-question', 'aria-label': '试题' });
  cardHead = h('p', { class: 'exam-legend' });
  card = h('ol', { class: 'exam-card', 'aria-label': '答题卡' }, paper.questions.map((question, n) =>
    h('li', {}, h('button', { type: 'button', onclick: () => go(n) }, `${n + 1}`))));
  prev = button('上一题', { onclick: () => go(at - 1) });
  next = button('下一题', { onclick: () => go(at + 1) });
  open_card = button('答题卡', { class: 'button exam-open', 'aria-expanded': 'false', onclick: () => showCard(!page.classList.contains('card-open')) });
  submit = button('交卷', { onclick: ask });
  dialog = h('dialog', { class: 'exam-dialog', 'aria-labelledby': 'hand-in' });
  title = page.querySelector('h1').textContent;
  page.replaceChildren(
    h('header', { class: 'exam-bar' }, h('div', { class: 'grow' }, h('h1', {}, title), h('span', { class: 'exam-holder' }, paper.holder)),
      h('div', { class: 'exam-clock' }, left, state)),
    full,
    h('div', { class: 'exam-body' }, h('aside', { class: 'exam-side', 'aria-label': '答题卡' }, cardHead, card), area),
    h('nav', { class: 'sticky exam-foot', 'aria-label': '答题' }, prev, next, open_card, submit),
    watermark(),
    dialog,
  );
  area.addEventListener('contextmenu', (event) => event.preventDefault());
  for (const name of ['copy', 'cut', 'dragstart']) area.addEventListener(name, (event) => event.target.matches('textarea') || event.preventDefault());
  show();
}

/** A faint watermark, so that a photo of the screen shows the candidate. */
function watermark() {
  const tile = h('canvas', { width: 220, height: 150 });
  const pen = tile.getContext('2d');
  pen.translate(110, 75);
  pen.rotate(-0.42);
  pen.font = '16px sans-serif';
  pen.textAlign = 'center';
  pen.fillStyle = '#808080';
  pen.fillText(paper.holder, 0, 0);
  const cover = h('div', { class: 'exam-mark', 'aria-hidden': 'true' });
  tile.toBlob((blob) => { cover.style.backgroundImage = `url("${URL.createObjectURL(blob)}")`; });
  return cover;
}

function showCard(wanted) {
  page.classList.toggle('card-open', wanted);
  open_card.setAttribute('aria-expanded', String(wanted));
}

function go(n) {
  if (n < 0 || n >= paper.questions.length) return;
  at = n;
  showCard(false);
  show();
  redraw();
  area.querySelector('legend, h2').focus({ preventScroll: true });
  scrollTo({ top: 0 });
}

// ---- one question

function show() {
  const question = paper.questions[at];
  const answer = answers.get(question.slot);
  const head = h('p', { class: 'exam-kind' }, h('span', { class: 'tag' }, KINDS[question.kind] ?? question.kind),
    ` 第${at + 1}题，共${paper.questions.length}题 · ${marks(question.mark)}`);
  const unsure = h('label', { class: 'check' }, h('input', {
    type: 'checkbox', checked: answers.unsure.has(question.slot), onchange: (event) => answers.mark(question.slot, event.target.checked),
  }), '不确定，稍后再看');
  area.replaceChildren(
    head,
    question.case ? h('details', { class: 'more', open: true }, h('summary', {}, '案例材料'), h('p', { class: 'said lines' }, question.case)) : '',
    question.options.length ? choices(question, answer) : textAnswer(question, answer),
    h('div', { class: 'exam-below' }, unsure, h('span', { class: 'exam-saved', 'data-saved': '' })),
  );
}

const stem = (question) => [question.stem, ...question.pictures.map((picture) => h('img', { class: 'exam-picture', src: picture.address, alt: picture.alt }))];

function choices(question, answer) {
  const many = question.kind === 'multiple';
  const options = question.options.map((text, bit) => h('label', { class: 'exam-option' },
    h('input', {
      type: many ? 'checkbox' : 'radio', name: 'answer', checked: Boolean(answer.mask >> bit & 1),
      onchange: (event) => pick(question, bit, many, event.target.checked),
    }),
    h('span', { class: 'exam-letter', 'aria-hidden': 'true' }, 'ABCDEFGH'[bit]), h('span', { class: 'grow' }, text)));
  const clear = button('清除本题作答', { class: 'button small exam-clear', onclick: () => { answers.set(question.slot, 0); show(); redraw(); } });
  return h('fieldset', {}, h('legend', { tabindex: '-1', class: 'lines' }, stem(question), many ? h('small', {}, '（可多选）') : ''), options, clear);
}

function pick(question, bit, many, on) {
  const mask = many ? (answers.get(question.slot).mask & ~(1 << bit)) | (on ? 1 << bit : 0) : 1 << bit;
  answers.set(question.slot, mask);
}

function textAnswer(question, answer) {
  let timer, typed;
  const box = h('textarea', { rows: '8', maxlength: '2000', 'aria-label': '作答', spellcheck: 'false' });
  const keep = () => {
    clearTimeout(timer);
    const text = clean(box.value);
    if (text !== answers.get(question.slot).text) answers.set(question.slot, 0, text, typed);
  };
  box.value = answer.text;
  box.addEventListener('input', () => { typed = clock.now(); clearTimeout(timer); timer = setTimeout(keep, 1000); });
  box.addEventListener('blur', keep);
  return h('div', { class: 'ask' }, h('h2', { tabindex: '-1', class: 'lines' }, stem(question)), box);
}

// ---- parts that change

function redraw() {
  if (over || !card) return;
  const { questions } = paper;
  [...card.children].forEach((item, n) => {
    const slot = questions[n].slot;
    const key = item.firstChild;
    const [done, unsure, saved] = [answers.isGiven(slot), answers.unsure.has(slot), answers.isSaved(slot)];
    key.className = [done && 'done', unsure && 'unsure', !saved && 'unsaved'].filter(Boolean).join(' ');
    key.setAttribute('aria-label', `第${n + 1}题，${done ? '已答' : '未答'}${unsure ? '，不确定' : ''}${saved ? '' : '，未上传'}`);
    if (n === at) key.setAttribute('aria-current', 'true'); else key.removeAttribute('aria-current');
  });
  const done = given(answers.answers).length;
  cardHead.textContent = `已答${done}题，未答${questions.length - done}题`;
  open_card.textContent = `答题卡 ${done}/${questions.length}`;
  prev.disabled = at === 0;
  const last = at === questions.length - 1;
  next.disabled = last;
  next.className = last ? 'button' : 'button primary';
  submit.className = last ? 'button primary' : 'button';
  state.textContent = saveState();
  full.textContent = answers.full;
  full.hidden = !answers.full;
  state.classList.toggle('bad-text', answers.lost && answers.unsent > 0);
  const slot = questions[at].slot;
  const mark = area.querySelector('[data-saved]');
  if (mark) mark.textContent = answers.isGiven(slot) || !answers.isSaved(slot) ? (answers.isSaved(slot) ? '已存' : '未存') : '';
}

function saveState() {
  if (answers.unsent && answers.full) return `${answers.unsent}题交卷时上传`;
  if (answers.unsent && answers.lost) return `网络不通，${answers.unsent}题未上传`;
  if (answers.unsent) return `${answers.unsent}题正在上传`;
  if (!answers.savedAt) return '自动保存';
  const time = new Date(answers.savedAt).toLocaleTimeString('zh-CN', { hour12: false, timeZone: 'Asia/Shanghai' });
  return `已存 ${time}`;
}

function tick() {
  if (over) return;
  const seconds = Math.max(0, Math.ceil((Date.parse(paper.deadline) - clock.now()) / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((n) => String(n).padStart(2, '0'));
  left.textContent = seconds >= 3600 ? parts.join(':') : parts.slice(1).join(':');
  left.classList.toggle('bad-text', seconds <= WARN_LEFT);
  if (seconds === 0) timeIsOver();
}

// ---- handing in

function ask() {
  const { questions } = paper;
  const open = questions.filter((question) => !answers.isGiven(question.slot)).length;
  const unsure = questions.filter((question) => answers.unsure.has(question.slot)).length;
  const lines = [open && `还有${open}题没有作答`, unsure && `${unsure}题标记为不确定`, answers.unsent && `${answers.unsent}题还没有上传`].filter(Boolean);
  const refused = h('p', { class: 'wrong', role: 'alert', hidden: true });
  const yes = button('确定交卷', { class: 'button primary', onclick: () => handIn(yes, refused) });
  dialog.replaceChildren(
    h('h2', { id: 'hand-in' }, '确定要交卷吗？'),
    h('p', {}, lines.length ? `${lines.join('，')}。` : '所有题目都已作答。'),
    h('p', { class: 'hint' }, '交卷后不能再修改。'),
    refused,
    h('div', { class: 'exam-ways' }, button('继续答题', { onclick: () => dialog.close() }), yes),
  );
  dialog.showModal();
}

async function handIn(pressed, refused) {
  pressed.setAttribute('aria-busy', 'true');
  pressed.disabled = true;
  try {
    await answers.submit();
    over = true;
    answers.forget();
    receiptPage();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    pressed.removeAttribute('aria-busy');
    pressed.disabled = false;
    refused.textContent = error.status ? error.message : '网络不通，还没有交卷。作答都存在本机，网络恢复后请再次交卷；到时会自动交卷。';
    refused.hidden = false;
  }
}

async function timeIsOver() {
  document.activeElement?.blur();
  over = true;
  dialog.close();
  page.replaceChildren(h('section', { class: 'result', role: 'status' }, h('div', { class: 'mark info', 'aria-hidden': 'true' }, '…'),
    h('h1', {}, '考试时间到'), h('p', {}, '正在自动交卷，请不要关闭本页。')));
  const spread = Math.random() * Math.min(SUBMIT_SPREAD, (Date.parse(paper.grace_until) - Date.parse(paper.deadline)) / 3);
  for (let pause = spread; ; pause = 5000 + Math.random() * 5000) {
    await new Promise((done) => { setTimeout(done, pause); });
    try {
      if (clock.now() <= Date.parse(paper.grace_until)) {
        await answers.submit();
        answers.forget();
      } else {
        await client.json('GET', `/exam-attempts/${paper.attempt_id}/receipt`);
        answers.end();
      }
      receiptPage();
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const text = error.status ? '系统正在收卷，请稍候。' : '网络不通，已上传的作答会按时交卷；网络恢复后这里会显示回执。';
      page.querySelector('p').textContent = text;
      if (!error.status) await offerFile();
    }
  }
}

/** Last resort: unsent answers as a file or a text that can be handed in later. */
async function offerFile() {
  const left = trial ? null : findUnsent(paper.attempt_id);
  if (!left || page.querySelector('.answer-file')) return;
  page.append(showAnswerFile(await writeFile(paper.seal_to, paper.attempt_id, left), left.queue.length));
}

// ---- the page is hidden and shown

document.addEventListener('visibilitychange', () => {
  if (!answers || over) return;
  if (document.hidden) {
    hiddenSince = performance.now();
    answers.leaves += 1;
    answers.keep();
  } else {
    answers.hidden += (performance.now() - hiddenSince) / 1000;
    clock.forget();
    if (answers.leaves >= paper.leave_warn) toast(`您已离开答题页面${answers.leaves}次，离开次数会被记录。`);
  }
  answers.flush();
});
addEventListener('online', () => { if (answers && !over) answers.flush(); });
addEventListener('storage', (event) => {
  if (event.key === `exam-tab.${candidate}` && event.newValue !== tab && !over) {
    stop('考试已在另一个页面打开', '为避免互相覆盖，本页已停止作答。', reloadButton('在这里继续'), backLink());
  }
});

open();
