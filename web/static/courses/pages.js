// Turns pages and reports each that was in view long enough. The service checks the time by its own clock.

import { showFinished, post, refusal, showStatus, section } from './study.js';

const image = document.getElementById('page');
const where = document.getElementById('where');
const back = document.getElementById('back');
const next = document.getElementById('next');
const count = Number(section.dataset.pages);
const dwell = Number(section.dataset.seconds) * 1000;
const title = image.alt.split('，')[0];
const REOPEN_AFTER = 5000;
let state;
let page = 1;
let timer;

function show(number) {
  page = number;
  image.src = `${section.dataset.image}${page}.jpg`;
  image.alt = `${title}，第${page}页`;
  where.textContent = `第${page}/${count}页`;
  back.disabled = page === 1;
  next.disabled = page === count;
  startTimer();
}

function startTimer() {
  clearTimeout(timer);
  timer = setTimeout(report, dwell);
}

/** Reports the page if it is in view; repeats a report that failed. */
async function report() {
  if (document.hidden) return;
  const number = page;
  try {
    const before = state;
    state = await post('/pages', { player: state.player, number });
    if (state.done && !before.done) showFinished();
    else if (!state.done && number === state.gap && number === page) startTimer();
    else if (!state.done && number === count) showStatus(`第${state.gap}页还没有学，请翻到该页，停留${dwell / 1000}秒以上。`);
    else if (!state.done && number === page) showStatus('本页已学。');
  } catch (problem) {
    const known = refusal(problem);
    if (known && known.code === 'other_player') { showStatus(`${known.message}刷新可在这里继续。`); return; }
    showStatus(known ? known.message : '网络中断，恢复后自动补报。');
    if (!known) startTimer();
  }
}

back.addEventListener('click', () => { if (page > 1) { showStatus(); show(page - 1); } });
next.addEventListener('click', () => { if (page < count) { showStatus(); show(page + 1); } });
document.addEventListener('visibilitychange', () => { if (!document.hidden && state) startTimer(); });

/** Opens the item at the page that was seen last; tries again after a lost connection. */
async function open() {
  try {
    state = await post('/opening');
    showStatus();
    show(Math.min(Math.max(state.position, 1), count));
  } catch (problem) {
    const known = refusal(problem);
    showStatus(known ? known.message : '网络中断，恢复后自动打开。');
    if (!known) setTimeout(open, REOPEN_AFTER);
  }
}

open();
