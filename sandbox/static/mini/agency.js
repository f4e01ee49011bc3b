// The agency's entry page, and lists of draws.
import { makeDraw } from './sample.js';
import { banner, button, buttons, cell, cells, empty, h, report, tag } from './ui.js';
import { showTime } from './time.js';

const figure = (number, label) => h('div', {}, h('strong', {}, String(number)), h('span', {}, label));

/** Dashboard (工作台). */
export async function agency(page) {
  const { api } = page;
  page.title('工作台');
  const [board, recent] = await Promise.all([api.get('/draws/dashboard'), api.get('/draws', { size: 5 })]);
  const held = page.me.roles.find((option) => option.role === page.me.role && option.organisation_id === page.me.organisation_id);
  return [
    h('p', { class: 'm-who' }, held?.label ?? ''),
    h('section', { class: 'm-card m-figures', 'aria-label': '今日统计' },
      figure(board.today, '今日活动'), figure(board.drawing, '正在抽取'), figure(board.completed_today, '今日完成'),
      figure(board.present_today, '已到专家'), figure(board.awaited_today, '未到专家'), figure(board.pending_supplements, '待补抽')),
    buttons(button('一键示例抽取', () => sample(page), 'primary')),
    cells('办理', [
      cell('新建抽取', '', { onclick: () => page.go('projects', { choose: '1' }) }),
      cell('抽取活动', '', { onclick: () => page.go('draws') }),
      cell('项目与标段', '', { onclick: () => page.go('projects') }),
      cell('待补抽', board.pending_supplements ? h('b', { class: 'm-dot' }, String(board.pending_supplements)) : '', { onclick: () => page.go('absences') }),
      page.me.role === 'organisation' && cell('我的经办人', '', { onclick: () => page.go('agents') }),
      cell('我的账号', '', { onclick: () => page.go('account') }),
    ].filter(Boolean)),
    week(board.week),
    recent.items.length ? cells('最近的抽取', recent.items.map((card) => drawCell(page, card))) : banner('还没有抽取活动。点“一键示例抽取”，马上看到一次完整的抽取。'),
  ];
}

async function sample(page) {
  const id = await makeDraw(page);
  page.toast('示例抽取已建好，每一步都可以修改。');
  await page.go('draw', { id, step: 'submit' });
}

/** Draws of this week, a bar a day. */
function week(counts) {
  const most = Math.max(1, ...counts);
  const days = ['一', '二', '三', '四', '五', '六', '日'];
  return h('section', { class: 'm-group' }, h('h4', {}, '本周抽取'), h('div', { class: 'm-card m-week' }, counts.map((count, at) =>
    h('label', {}, h('b', {}, String(count)), h('meter', { min: '0', max: String(most), value: String(count) }), `周${days[at]}`))));
}

/** One draw in a list. */
export function drawCell(page, card, onclick = () => page.go('draw', { id: card.id })) {
  return cell(card.name, h('span', { class: 'm-count' }, `${card.accepted}/${card.needed}`), {
    note: `${card.number} · ${showTime(card.starts_at)}`, tag: tag(card.state, card.state_label), onclick,
  });
}

const KINDS = { normal: '正常项目', redraw: '重新抽取项目', recall: '通知原专家项目' };

/** All draws that the role may see, with a search. */
export async function draws(page) {
  page.title('抽取活动');
  const { params } = page;
  const first = await load(page, params);
  const word = h('input', { type: 'search', class: 'm-input', 'aria-label': '搜索活动', placeholder: '活动名称或编号', value: params.number ?? '' });
  word.value = params.number ?? '';
  const kind = h('select', { 'aria-label': '活动类型' }, h('option', { value: '' }, '全部类型'),
    Object.entries(KINDS).map(([value, label]) => h('option', { value }, label)));
  kind.value = params.kind ?? '';
  const search = (event) => {
    event.preventDefault();
    page.app.replace('draws', { number: word.value.trim(), kind: kind.value });
  };
  return [
    h('form', { class: 'm-search', onsubmit: search }, word, kind, h('button', { class: 'm-small' }, '搜索')),
    first.total ? listed(page, first) : empty('没有符合条件的活动。'),
    page.me.role === 'pool_admin' && cells('', [cell('我的账号', '', { onclick: () => page.go('account') })]),
  ];
}

const load = (page, params, number = 1) => page.api.get('/draws', { number: params.number, kind: params.kind, page: number, size: 20 });

function listed(page, first) {
  const group = cells(`共 ${first.total} 项`, first.items.map((card) => drawCell(page, card)));
  let shown = first.items.length;
  if (shown >= first.total) return group;
  const more = button('更多', async () => {
    try {
      const next = await load(page, page.params, Math.floor(shown / 20) + 1);
      group.querySelector('.m-cells').append(...next.items.map((card) => drawCell(page, card)));
      shown += next.items.length;
      more.hidden = shown >= first.total || !next.items.length;
    } catch (error) { report(error, group); }
  });
  return [group, buttons(more)];
}
