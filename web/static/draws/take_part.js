// A party's browser takes part in 三方摇号. It commits, the agency's at once, the supervisor's when he presses the button,
// and it reveals as soon as all have committed.
import { renew } from '../core/renewal.js';
import { Device, receipts, shelfOf } from './commitment.js';

const box = document.querySelector('[data-take-part]');
const statusLine = box.querySelector('[data-said]');
const button = box.querySelector('[data-commit]');
const { takePart: address, draw, form, role: ROLE } = box.dataset;
const NAMES = { agency: '代理机构', supervisor: '监督人' };
const PARTIES = Object.keys(NAMES);
const OTHER = PARTIES.find((role) => role !== ROLE);
const AGAIN = ROLE === 'agency' ? '终止本轮后重新摇号' : '请代理机构终止本轮后重新摇号';
/** Storage of its own has each of them, also on one phone. */
const HERE = /miniProgram/.test(navigator.userAgent) ? '小程序里' : /MicroMessenger/.test(navigator.userAgent) ? '微信里的网页上' : '这个浏览器里';
const EVERY = 1500;
const clock = new Intl.DateTimeFormat('zh-CN', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const shelf = shelfOf(box.dataset.id);
let pressed = !button, shownStep;

function showStatus(text, mood = '') {
  statusLine.textContent = text;
  statusLine.className = `bar ${mood}`;
}

async function request(fields = null) {
  const body = fields && new URLSearchParams({ form, ...fields });
  const answer = await fetch(address, { method: fields ? 'POST' : 'GET', body: body ?? undefined, credentials: 'same-origin', redirect: 'error' });
  const reply = await answer.json();
  if (!answer.ok) throw new Refused(reply.detail ?? '没有完成，请刷新页面后重试。');
  return reply.round;
}

class Refused extends Error {}

async function commitOrReveal(round) {
  const device = new Device(shelf, ROLE, draw, round.round_number);
  if (!round.committed.includes(ROLE)) {
    if (!pressed || round.in_vain) return round;
    const after = await request({ commitment: await device.commit() });
    device.keepReceipt(after.head);
    return after;
  }
  if (PARTIES.every((role) => round.committed.includes(role)) && !round.revealed.includes(ROLE) && device.bits) {
    const after = await request({ value: device.bits });
    device.forget();
    device.keepReceipt(after.head);
    return after;
  }
  return round;
}

function showRound(round) {
  const device = new Device(shelf, ROLE, draw, round.round_number);
  const mine = receipts(shelf, draw).filter((receipt) => receipt.round === round.round_number && receipt.role === ROLE);
  const committed = round.committed.includes(ROLE);
  if (button) button.hidden = committed || pressed || round.in_vain;
  box.querySelector('[data-receipts]').textContent = mine.length ? `本机回执（公布的抽取记录必须包含）：${mine.map((receipt) => receipt.head.slice(0, 16)).join('、')}` : '';
  if (round.in_vain) return showStatus(describeLate(round), 'warn');
  if (!committed) return showStatus(`轮到您提交随机数：由本机随机生成，谁也不能预知或更改。提交后请在${HERE}保持本页打开，直到三方随机数公开。`, 'warn');
  if (!round.revealed.includes(ROLE) && !device.bits) {
    return showStatus(`您的随机数已经提交，但${HERE}没有它：随机数只存在提交时打开的那个地方。请回到那里打开本页，它会自动公开。`
      + `小程序、微信里的网页、手机浏览器、电脑互不相通，同一部手机也一样。找不到了，${AGAIN}。`, 'bad');
  }
  if (!round.committed.includes(OTHER)) return showStatus(`${NAMES[ROLE]}的随机数已提交，请保持本页打开，等待${NAMES[OTHER]}。`);
  if (round.revealed.includes(ROLE)) return showStatus(describeOther(round));
  showStatus('各方已提交，正在公开随机数……');
}

/** The panel shows the same step as the line above it, at once. */
function refreshPanel(round) {
  const step = `${round.committed}/${round.revealed}`;
  if (shownStep !== undefined && step !== shownStep) document.dispatchEvent(new Event('stale'));
  shownStep = step;
}

/** A number that was not committed in time is refused. */
function describeLate(round) {
  const missing = PARTIES.filter((role) => !round.committed.includes(role)).map((role) => NAMES[role]).join('和');
  const what = `提交随机数的时限（${clock.format(new Date(round.reveal_until))}）已过，${missing}没有提交。`;
  return what + (ROLE === 'agency' ? '请终止本轮，再重新开始三方摇号。' : '等待代理机构终止本轮、重新摇号，现在不用办理。');
}

/** The own number is public, the other party's isn't: this page is needed no more. */
function describeOther(round) {
  const at = clock.format(new Date(round.reveal_until));
  const mine = `${NAMES[ROLE]}的随机数已公开，可以离开本页；`;
  if (!round.is_late) return `${mine}等待${NAMES[OTHER]}公开（${at}截止）。`;
  return `${mine}${NAMES[OTHER]}在${at}前没有公开，${ROLE === 'agency' ? '可以终止本轮后重新摇号' : '代理机构可以终止本轮后重新摇号'}。`;
}

/** Reads the round and does the next step; false when there is none left. */
async function advance() {
  try {
    let round = await request();
    if (!round) return false;
    if (!round.seed) round = await commitOrReveal(round);
    refreshPanel(round);
    if (!round.seed) showRound(round);
    else if (!('seeded' in box.dataset)) renew();
    return !round.seed;
  } catch (error) {
    if (error instanceof Refused) {
      showStatus(error.message, 'bad');
      pressed = !button;
    } else if (error instanceof TypeError || error instanceof SyntaxError) showStatus('连接中断，正在重新连接……', 'warn');
    else throw error;
    return true;
  }
}

let wake = () => {};
const pause = () => new Promise((done) => {
  wake = done;
  setTimeout(done, EVERY);
});
button?.addEventListener('click', () => {
  pressed = true;
  wake();
});
while (await advance()) await pause();
