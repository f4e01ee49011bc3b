// The agency's browser takes part in the draw of lots: it commits, and reveals as soon as all have committed.
import { Device, receipts } from '../draws/commitment.js';

const box = document.querySelector('[data-take-part]');
const said = box.querySelector('[data-said]');
const { takePart: address, draw, form } = box.dataset;
const ROLE = 'agency';
const PARTIES = ['agency', 'supervisor'];
const EVERY = 1500;
const shelf = {
  recall: (name) => JSON.parse(localStorage.getItem(`pbt/${name}`)),
  keep: (name, value) => (value === undefined ? localStorage.removeItem(`pbt/${name}`) : localStorage.setItem(`pbt/${name}`, JSON.stringify(value))),
};

function tell(text, mood = '') {
  said.textContent = text;
  said.className = `bar ${mood}`;
}

async function ask(fields = null) {
  const body = fields && new URLSearchParams({ form, ...fields });
  const answer = await fetch(address, { method: fields ? 'POST' : 'GET', body: body ?? undefined, credentials: 'same-origin', redirect: 'error' });
  const told = await answer.json();
  if (!answer.ok) throw new Refused(told.detail ?? '没有完成，请刷新页面后重试。');
  return told.round;
}

class Refused extends Error {}

async function act(round) {
  const device = new Device(shelf, ROLE, draw, round.round_number);
  if (!round.committed.includes(ROLE)) {
    const after = await ask({ commitment: await device.commit() });
    device.keepReceipt(after.head);
    return after;
  }
  if (PARTIES.every((one) => round.committed.includes(one)) && !round.revealed.includes(ROLE) && device.bits) {
    const after = await ask({ value: device.bits });
    device.forget();
    device.keepReceipt(after.head);
    return after;
  }
  return round;
}

function show(round) {
  const device = new Device(shelf, ROLE, draw, round.round_number);
  const mine = receipts(shelf, draw).filter((one) => one.round === round.round_number);
  box.querySelector('[data-receipts]').textContent = mine.length ? `本机回执（公布的抽取记录必须包含）：${mine.map((one) => one.head.slice(0, 16)).join('、')}` : '';
  if (round.committed.includes(ROLE) && !round.revealed.includes(ROLE) && !device.bits) {
    return tell('本机没有本轮的随机数：请用提交随机数的那台手机或电脑打开本页，或终止本轮后重新摇号。', 'bad');
  }
  if (!round.committed.includes('supervisor')) return tell('代理机构的随机数已提交，请保持本页打开，等待监督人。');
  return tell('各方已提交，正在公开随机数……');
}

async function tick() {
  try {
    let round = await ask();
    if (!round) return;
    if (!round.seed) round = await act(round);
    if (round.seed) {
      if (!document.querySelector('button[value="start"]')) location.reload();
      return;
    }
    show(round);
  } catch (error) {
    if (error instanceof Refused) tell(error.message, 'bad');
    else if (error instanceof TypeError || error instanceof SyntaxError) tell('连接中断，正在重新连接……', 'warn');
    else throw error;
  }
  setTimeout(tick, EVERY);
}

tick();
