// Turns pages and reports each that was in view long enough. The service decides by its own clock.

import { finish, post, refusal, say, section } from './study.js';

const image = document.getElementById('page');
const where = document.getElementById('where');
const back = document.getElementById('back');
const next = document.getElementById('next');
const count = Number(section.dataset.pages);
const dwell = Number(section.dataset.seconds) * 1000;
const title = image.alt.split('，')[0];
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
  wait();
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(report, dwell);
}

/** Only a page that is in view counts; one that could not be reported is tried again. */
async function report() {
  if (document.hidden) return;
  const number = page;
  try {
    const before = state;
    state = await post('/pages', { player: state.player, number });
    if (state.done && !before.done) finish();
    else if (!state.done && number === page) say('本页已学。');
  } catch (problem) {
    const known = refusal(problem);
    if (known && known.code === 'other_player') { say(`${known.message}刷新可在这里继续。`); return; }
    say(known ? known.message : '网络中断，恢复后自动补报。');
    if (!known) wait();
  }
}

back.addEventListener('click', () => { if (page > 1) { say(); show(page - 1); } });
next.addEventListener('click', () => { if (page < count) { say(); show(page + 1); } });
document.addEventListener('visibilitychange', () => { if (!document.hidden) wait(); });

post('/opening').then((found) => {
  state = found;
  show(Math.min(Math.max(state.position, 1), count));
}).catch((problem) => say(problem.message));
