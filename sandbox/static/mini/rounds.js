// A round as agency or supervisor sees it: committing, revealing by itself as soon as both have committed, the seed.
import { Device, receipts } from './commitment.js';
import { consents } from './consents.js';
import { rolls } from './rolls.js';
import { Problem } from './api.js';
import { banner, button, buttons, cell, cells, h, note, tag } from './ui.js';
import { until } from './time.js';

const PARTIES = ['agency', 'supervisor'];
const NAMES = { agency: '代理机构', supervisor: '监督人' };

/** `onSeed` is called when the seed is fixed. The agency's phone commits at once, the supervisor's on a tap. */
export async function roundPanel(page, draw, { onSeed }) {
  const role = page.me.role === 'supervisor' ? 'supervisor' : 'agency';
  const box = h('div', { class: 'm-stack' });
  const askConsent = await consents(page, 'supervising');
  const path = `/draws/${draw.id}/rounds/current`;
  let seeded = false;

  const commit = async (round) => {
    const device = new Device(page.api, role, round.draw_number, round.round_number);
    const answer = await page.api.post(`${path}/commitment`, { commitment: await device.commit() });
    device.keepReceipt(answer.head);
    return answer;
  };
  const reveal = async (round) => {
    const device = new Device(page.api, role, round.draw_number, round.round_number);
    if (!device.bits) return round;
    const answer = await page.api.post(`${path}/reveal`, { value: device.bits });
    device.forget();
    device.keepReceipt(answer.head);
    return answer;
  };
  const act = async (round) => {
    if (role === 'agency' && !round.committed.includes(role)) return commit(round);
    if (PARTIES.every((one) => round.committed.includes(one)) && !round.revealed.includes(role)) return reveal(round);
    return round;
  };
  const tick = async () => {
    let { round } = await page.api.get(path);
    if (!round) return;
    if (!round.seed) round = await act(round);
    await show(round);
    if (round.seed && !seeded) { seeded = true; onSeed(round); }
  };
  const show = async (round) => {
    const waitsForMe = role === 'supervisor' && !round.committed.includes(role);
    const mark = JSON.stringify(round) + waitsForMe;
    if (box.dataset.mark === mark) return;
    const numbers = await rolls(page, draw, round);
    box.dataset.mark = mark;
    box.replaceChildren(numbers, ...view(page, round, role), ...(waitsForMe ? [buttons(button('提交我的随机数', async () => { const asked = askConsent(); await commit(round); await asked; await tick(); }, 'primary'))] : []));
  };
  try {
    await tick();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    box.replaceChildren(banner(error.message, 'red'));
  }
  page.every(1500, tick);
  return box;
}

function view(page, round, role) {
  const device = new Device(page.api, role, round.draw_number, round.round_number);
  const lost = round.committed.includes(role) && !round.revealed.includes(role) && !round.seed && !device.bits;
  const state = (one) => {
    if (round.revealed.includes(one)) return tag('accepted', '已公开');
    return round.committed.includes(one) ? tag('open', '已提交') : tag('', '未提交');
  };
  const mine = receipts(page.api, round.draw_number);
  return [
    cells(`三方摇号 · 第 ${round.round_number} 轮`, [
      ...PARTIES.map((one) => cell(NAMES[one], one === role ? '本机' : '', { tag: state(one) })),
      cell('系统随机数的摘要', h('code', {}, short(round.commitment))),
      round.seed && cell('摇号结果', h('code', {}, short(round.seed))),
      !round.seed && round.reveal_until && cell('时限', until(round.reveal_until, page.now())),
    ].filter(Boolean), '随机数由双方手机各自生成，互不可见；三方中只要一方诚实，谁也不能决定或预知专家顺序。'),
    lost && banner('本机没有本轮的随机数：请用提交随机数的那部手机打开本页，或由代理机构终止本轮。', 'red'),
    mine.length > 0 && cells('本机回执', mine.map((one) => cell(`第 ${one.round} 轮`, h('code', {}, short(one.head)))), '公布的抽取记录必须包含这些回执。'),
    !round.seed && !lost && note(round.committed.length < PARTIES.length ? '等待各方提交随机数；都提交后，手机自动公开。' : '各方已提交，正在公开随机数…'),
  ].filter(Boolean);
}

const short = (digits) => `${digits.slice(0, 8)}…${digits.slice(-8)}`;
