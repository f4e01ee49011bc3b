// Plays a video and reports what was played: every ten seconds, on a pause, at the end, and when the page is hidden. What
// could not be sent is part of the next report. The service credits it once; nothing is counted here.

import { finish, post, refusal, say, section } from './study.js';

const EVERY = 10;
const video = section.querySelector('video');
const rate = document.getElementById('rate');
const seen = document.getElementById('seen');
const seenText = document.getElementById('seen-text');
const dialog = document.getElementById('presence');
const length = Number(section.dataset.length);
let state;
let start = 0;
let last = 0;
let sending = null;
let stopped = false;

const spell = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

function show(next) {
  const before = state;
  state = next;
  seen.value = next.seconds;
  seenText.textContent = `${spell(next.seconds)} / ${spell(length)}`;
  if (next.done && (!before || !before.done)) finish();
  if (next.asked && !dialog.open) ask();
}

/** Begin, or go on where it stopped; whatever was open elsewhere stops counting. */
async function open() {
  stopped = false;
  show(await post('/opening'));
  const at = state.done ? 0 : state.position;
  if (Math.abs(video.currentTime - at) > 1) video.currentTime = at;
  start = last = Math.floor(at);
}

function ask() {
  video.pause();
  dialog.showModal();
}

document.getElementById('here').addEventListener('click', async () => {
  try {
    show(await post('/presence', { player: state.player }));
    start = Math.floor(video.currentTime);
    dialog.close();
    await video.play();
  } catch (problem) { refused(problem); }
});
dialog.addEventListener('cancel', (event) => event.preventDefault());

/** Report the piece that was played. One report at a time: a later one covers what came meanwhile. */
async function report() {
  const end = Math.round(last);
  if (stopped || sending || !state || end <= start) return;
  const piece = { player: state.player, start, end, rate: video.playbackRate };
  try {
    sending = post('/beats', piece);
    const next = await sending;
    start = Math.max(start, end);
    say();
    show(next);
  } catch (problem) { refused(problem); } finally { sending = null; }
}

function refused(problem) {
  const known = refusal(problem);
  if (!known) { say('网络中断，恢复后自动补报，请继续观看。'); return; }
  stopped = true;
  video.pause();
  dialog.close();
  say(known.code === 'other_player' ? `${known.message}点播放可在这里继续。` : known.message);
}

video.addEventListener('timeupdate', () => {
  if (video.seeking || video.paused) return;
  const now = video.currentTime;
  if (now < last - 2 || now > last + 2 * video.playbackRate + 1) { report(); start = Math.floor(now); }
  last = now;
  if (last - start >= EVERY * video.playbackRate) report();
});

video.addEventListener('seeking', () => {
  if (!state || video.currentTime <= Math.max(state.reach, last) + 1) return;
  video.currentTime = Math.min(Math.max(last, start), length);
  say('首次学习不能快进，请按顺序观看。');
});
video.addEventListener('seeked', () => { if (Math.abs(video.currentTime - last) > 2) { report(); start = last = Math.floor(video.currentTime); } });

video.addEventListener('play', async () => {
  if (state && state.asked) { ask(); return; }
  if (!stopped && state) return;
  try { await open(); say(); await video.play(); } catch (problem) { refused(problem); }
});
video.addEventListener('pause', () => report());
video.addEventListener('ended', async () => {
  last = Math.max(last, length);
  if (sending) await sending.catch(() => {});
  await report();
  if (stopped || !state || state.done) return;
  video.currentTime = state.gap;
  say(`还有没看的部分，请从${spell(state.gap)}起补看。`);
});
document.addEventListener('visibilitychange', () => { if (document.hidden) { video.pause(); report(); } });
rate.addEventListener('change', () => { report(); video.playbackRate = Number(rate.value); });
video.addEventListener('ratechange', () => { if (video.playbackRate !== Number(rate.value)) video.playbackRate = Number(rate.value); });

// the store's address is good for ten minutes: fetched anew where it stopped
let renewed = 0;
video.addEventListener('error', () => {
  if (Date.now() - renewed < 15000) { say('视频暂时无法播放，请检查网络后刷新。'); return; }
  renewed = Date.now();
  const at = video.currentTime;
  video.src = video.src.split('#')[0];
  video.addEventListener('loadedmetadata', () => { video.currentTime = at; }, { once: true });
});

open().catch(refused);
