// The draw of lots by three parties as one sees it: each number is locked, then shown; it rolls and settles. At the end a
// card to share, with the public record behind its code.
import { button, buttons, h } from './ui.js';
import { showTime } from './time.js';

export const WHY = '没有人能挑选专家：三方各出一个随机数，先锁定、后公开，缺一方、改一位，结果都对不上。';
const WHO = [['system', '系统'], ['agency', '代理机构'], ['supervisor', '监督人']];
const ROLLS_FOR = 1200;
const settled = new Set();

/** The numbers that are public so far, hex by party, from the draw's record. */
async function numbersOf(page, draw, round) {
  if (!round.revealed.length && !round.seed) return {};
  const response = await page.api.fetch('GET', `/draws/${draw.id}/record`);
  const { log } = await page.api.read(response);
  const found = {};
  for (const entry of log) {
    if (entry.round !== round.round_number) continue;
    if (entry.act === 'participant_revealed') found[entry.role] = entry.value;
    if (entry.act === 'seed_fixed') Object.assign(found, { system: entry.secret, at: entry.at });
  }
  return found;
}

/** Three boxes and the result. */
export async function rolls(page, draw, round) {
  const numbers = await numbersOf(page, draw, round);
  const box = (role, who) => {
    const locked = role === 'system' || round.committed.includes(role);
    return h('li', { class: numbers[role] ? 'open' : locked ? 'locked' : '' }, h('span', {}, who),
      numbers[role] ? number(`${draw.id}/${round.round_number}/${role}`, numbers[role]) : h('b', {}, locked ? '已锁定' : '等待'));
  };
  return h('section', { class: 'm-card m-rolls', 'aria-label': '三方摇号' },
    h('ol', {}, WHO.map(([role, who]) => box(role, who))),
    h('p', { class: round.seed ? 'open' : '' }, h('span', {}, '摇号结果'),
      round.seed ? number(`${draw.id}/${round.round_number}/seed`, round.seed) : h('b', {}, '三方到齐后算出')),
    round.seed && shareButton(page, draw, numbers, round));
}

const short = (digits) => `${digits.slice(0, 4)} ${digits.slice(4, 8)}`.toUpperCase();

/** Digits that roll and settle, the first time that this page shows them. */
function number(key, digits) {
  const shown = h('b', { 'aria-label': short(digits) }, short(digits));
  if (settled.has(key) || matchMedia('(prefers-reduced-motion: reduce)').matches) return shown;
  settled.add(key);
  const end = performance.now() + ROLLS_FOR;
  const roll = () => {
    const left = end - performance.now();
    const fixed = left <= 0 ? 8 : Math.floor(8 * (1 - left / ROLLS_FOR));
    shown.textContent = short(digits.slice(0, fixed) + Math.random().toString(16).slice(2, 10).padEnd(8, '0').slice(fixed));
    if (left > 0) requestAnimationFrame(roll);
  };
  requestAnimationFrame(roll);
  return shown;
}

/** A signed link to the public record, which needs no log-in. */
export const recordLink = async (page, id) => (await page.api.post(`/draws/${id}/links`, { screen: 'record' })).url;

function shareButton(page, draw, numbers, round) {
  return buttons(button('分享摇号结果', async () => {
    const url = await recordLink(page, draw.id);
    const picture = h('img', { src: `/control/qr?text=${encodeURIComponent(url)}`, alt: '抽取记录的二维码', data: { qr: url } });
    page.app.overlay('分享摇号结果', h('div', { class: 'm-share' },
      h('h4', {}, '三方摇号'), h('strong', {}, draw.number), h('small', {}, numbers.at ? `${showTime(numbers.at)} 专家顺序已确定` : '专家顺序已确定'),
      h('ol', {}, WHO.map(([role, who]) => h('li', {}, h('span', {}, who), h('b', {}, numbers[role] ? short(numbers[role]) : '—')))),
      h('p', {}, `摇号结果 ${short(round.seed)}`), h('p', {}, WHY), picture, h('small', {}, '扫码查看并核对抽取记录，链接30天内有效'),
      buttons(button('打开抽取记录', () => page.app.host.openUrl(url)))));
  }));
}
