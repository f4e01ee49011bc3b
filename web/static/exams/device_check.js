// Whether this phone and its network are fit for an examination (设备检查): each check says what it found and what to do.
import { h } from '../core/client.js';
import { reach } from './trial_client.js';

const TRIES = 3;
const SLOW = 1500;
const CLOCK_OFF = 5 * 60000;
const list = document.querySelector('[data-device-check]');

const good = (text) => ['good', '正常', text];
const warn = (text) => ['warn', '请留意', text];
const bad = (text) => ['bad', '不行', text];

/** The slowest of some requests, in milliseconds; Infinity without a network. */
async function slowest() {
  let longest = 0;
  for (let n = 0; n < TRIES; n += 1) {
    const sent = performance.now();
    try { await reach(); } catch { return Infinity; }
    longest = Math.max(longest, performance.now() - sent);
  }
  return longest;
}

async function network() {
  const time = await slowest();
  if (time === Infinity) return bad('连不上系统，请检查网络，或换无线网、移动数据再试。');
  return time > SLOW ? warn('网络较慢，考试时请到信号好的地方。断线不要紧，答案会先存在本机。') : good('可以连上系统。');
}

async function clock() {
  try {
    const off = Math.abs(Date.parse(await reach()) - Date.now());
    return off > CLOCK_OFF ? warn('这台设备的时间不准。考试按系统的时间计时，不受影响。') : good('时间准确。');
  } catch {
    return warn('连不上系统，没有核对时间。');
  }
}

function storage() {
  try {
    localStorage.setItem('device-check', '1');
    localStorage.removeItem('device-check');
    return good('断线时答案能存在本机。');
  } catch {
    return bad('不能在本机存答案，断线会丢失。请关闭无痕模式，或换微信打开。');
  }
}

function browser() {
  const able = typeof HTMLDialogElement === 'function' && 'showModal' in HTMLDialogElement.prototype;
  return able ? good('可以作答和交卷。') : bad('浏览器太旧，请更新微信，或换一台设备。');
}

function secrecy() {
  return globalThis.crypto?.subtle ? good('答案可以加密保存。') : warn('缺少加密功能，断线时的离线作答不能加密。请更新微信，或用https开头的地址打开。');
}

function wechat() {
  return /MicroMessenger/i.test(navigator.userAgent) ? good('已在微信中打开，可以人脸核身。') : bad('这场考试要人脸核身，请用手机微信打开。');
}

const CHECKS = [['网络', network], ['设备时间', clock], ['本机保存', storage], ['浏览器', browser], ['加密', secrecy]];
if (list.dataset.face) CHECKS.push(['人脸核身', wechat]);

async function check() {
  const rows = CHECKS.map(([name]) => h('li', { class: 'with-action' }, h('span', { class: 'grow' }, h('strong', {}, name), h('small', {}, '正在检查……'))));
  list.replaceChildren(...rows);
  list.setAttribute('aria-busy', 'true');
  for (const [n, [, run]] of CHECKS.entries()) {
    const [look, word, text] = await run();
    rows[n].querySelector('small').textContent = text;
    rows[n].append(h('span', { class: `tag ${look}` }, word));
  }
  list.removeAttribute('aria-busy');
}

document.querySelector('[data-check-again]').addEventListener('click', check);
check();
