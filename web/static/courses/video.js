// Plays a video and reports the played pieces: every ten seconds, on a pause, at the end, and when the page is hidden. A
// piece that could not be sent is part of the next report. Only the service counts, each second once.

import { showFinished, post, refusal, showStatus, section } from './study.js';

const EVERY = 10;
/** Seconds of film that may wait to be credited before the player goes back to them. */
const LAG_MAX = 45;
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

const formatSeconds = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

function show(next) {
  const before = state;
  state = next;
  seen.value = next.seconds;
  seenText.textContent = `${formatSeconds(next.seconds)} / ${formatSeconds(length)}`;
  if (next.done && (!before || !before.done)) showFinished();
  if (next.asked && !dialog.open) askPresence();
}

/** Begins, or continues where the person stopped; a player that was open elsewhere is no longer counted. */
async function open() {
  stopped = false;
  show(await post('/opening'));
  const at = state.done ? 0 : state.position;
  if (Math.abs(video.currentTime - at) > 1) video.currentTime = at;
  start = last = Math.floor(at);
}

function askPresence() {
  video.pause();
  dialog.showModal();
}

document.getElementById('here').addEventListener('click', async () => {
  try {
    show(await post('/presence', { player: state.player }));
    goBack();
    dialog.close();
    await video.play();
  } catch (problem) { refused(problem); }
});
dialog.addEventListener('cancel', (event) => event.preventDefault());

/** Where the next report begins: what was not credited yet, since the service's clock had not gone on so far, belongs to it. */
const creditedEnd = (piece, next) => (next.position > piece.start && next.position < piece.end ? next.position : piece.end);

/** Continues where the service counts on. */
function goBack(text) {
  start = last = state.position;
  video.currentTime = state.position;
  if (text) showStatus(text);
}

/** Reports the piece that was played. One report at a time: the next one covers what was played meanwhile. */
async function report() {
  const end = Math.round(last);
  if (stopped || sending || !state || end <= start) return;
  const piece = { player: state.player, start, end, rate: video.playbackRate };
  try {
    sending = post('/beats', piece);
    const next = await sending;
    if (start === piece.start) start = creditedEnd(piece, next);
    showStatus();
    show(next);
    if (!next.asked && !next.done && last - start > LAG_MAX) goBack('网络中断较久，请从这里接着看。');
  } catch (problem) { refused(problem); } finally { sending = null; }
}

function refused(problem) {
  const known = refusal(problem);
  if (!known) { showStatus('网络中断，恢复后自动补报，请继续观看。'); return; }
  stopped = true;
  video.pause();
  dialog.close();
  showStatus(known.code === 'other_player' ? `${known.message}点播放可在这里继续。` : known.message);
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
  showStatus('首次学习不能快进，请按顺序观看。');
});
video.addEventListener('seeked', () => { if (Math.abs(video.currentTime - last) > 2) { report(); start = last = Math.floor(video.currentTime); } });

video.addEventListener('play', async () => {
  if (state && state.asked) { askPresence(); return; }
  if (!stopped && state) return;
  try { await open(); showStatus(); await video.play(); } catch (problem) { refused(problem); }
});
video.addEventListener('pause', () => report());
video.addEventListener('ended', async () => {
  last = Math.max(last, length);
  if (sending) await sending.catch(() => {});
  await report();
  if (stopped || !state || state.done) return;
  video.currentTime = state.gap;
  showStatus(`还有没看的部分，请从${formatSeconds(state.gap)}起补看。`);
});
document.addEventListener('visibilitychange', () => { if (document.hidden) { video.pause(); report(); } });
rate.addEventListener('change', () => { report(); video.playbackRate = Number(rate.value); });
video.addEventListener('ratechange', () => { if (video.playbackRate !== Number(rate.value)) video.playbackRate = Number(rate.value); });

// The address in the store is valid for ten minutes: after an error it is fetched again and playing continues at the same place.
let renewed = 0;
video.addEventListener('error', () => {
  if (Date.now() - renewed < 15000) { showStatus('视频暂时无法播放，请检查网络后刷新。'); return; }
  renewed = Date.now();
  const at = video.currentTime;
  video.src = video.src.split('#')[0];
  video.addEventListener('loadedmetadata', () => { video.currentTime = at; }, { once: true });
});

open().catch(refused);
