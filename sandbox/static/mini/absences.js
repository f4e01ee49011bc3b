// Leave, absence and recusal on the spot (请假、缺席、现场回避), and filling the places again (补抽).
import { makeForm } from './forms.js';
import { gathering } from './run.js';
import { banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';
import { showTime } from './time.js';

const KINDS = { leave: '人工请假', absence: '缺席', recusal: '现场回避' };
const SOURCES = { expert: '专家本人', manual: '人工登记' };

const line = (page, row, onclick = null) => cell(h('span', {}, h('b', { class: 'm-code' }, row.code), ` ${row.name}`), '', {
  note: [`条件 ${row.condition} · 集合 ${showTime(row.gathering_at)}`, row.id_number, row.reason && `原因：${row.reason}`,
    `${SOURCES[row.source] ?? row.source} · ${showTime(row.registered_at)}`].filter(Boolean).join('\n'),
  tag: tag(row.handled ? '' : 'open', `${KINDS[row.kind] ?? row.kind}${row.handled ? ' · 已补抽' : ''}`), onclick,
});

/** Everything that waits for a supplementary draw (待补抽). */
export async function absences(page) {
  page.title('待补抽');
  const { items } = await page.api.get('/absences');
  if (!items.length) return empty('没有待补抽的名额。');
  const draws = [...new Set(items.map((row) => row.draw_id))];
  return draws.map((id) => {
    const rows = items.filter((row) => row.draw_id === id);
    return [cells(`${rows[0].draw_name}（${rows[0].draw_number}）`, rows.map((row) => line(page, row))),
      buttons(button('去补抽', () => page.go('draw', { id, step: 'run' }), 'primary'))];
  });
}

/** The register of one draw, and a form to add to it. */
export async function absencesOfDraw(page) {
  const { id } = page.params;
  page.title('缺席登记');
  const { items } = await page.api.get(`/draws/${id}/absences`);
  const form = makeForm(page, [
    { name: 'who', label: '专家', placeholder: '六位验证码或手机号', type: 'tel' },
    { name: 'kind', label: '类型', type: 'choice', options: page.pool.choices.absence_causes.map((kind) => [kind, KINDS[kind] ?? kind]) },
    { name: 'reason', label: '原因', placeholder: '如：专家来电请假' },
  ], {}, {
    label: '登记',
    submit: async (values) => {
      const row = await page.api.post(`/draws/${id}/absences`, values);
      page.toast(`已登记 ${row.code} ${row.name}，请启动补抽。`);
      page.refresh();
    },
  });
  return [form, banner('登记后名额空出，专家不能再恢复；每次查询都计数并留痕。'), items.length ? cells('登记记录', items.map((row) => line(page, row))) : empty('还没有登记。')];
}

/** What the agency may do about missing places; nothing when none is missing. */
export async function supplementPart(page, found) {
  if (!['supplement_pending', 'short'].includes(found.state)) return null;
  const { choices } = page.pool;
  const missing = found.conditions.filter((one) => one.accepted < one.needed);
  const begin = async (regions) => {
    const { round } = await page.api.post(`/draws/${found.id}/supplement`, { regions, gathering: [] });
    page.toast(round ? '地区已扩大，请双方重新承诺。' : '补抽已启动。');
    await page.refresh();
  };
  const change = (condition) => {
    const close = page.app.overlay(`条件 ${condition.position}：扩大地区`, makeForm(page, [{ name: 'regions', label: '抽取地区（保留原有的，再增加）', type: 'codes', kind: 'region' }], condition, {
      label: '扩大地区并补抽',
      submit: async ({ regions }) => { await begin([{ condition_id: condition.id, regions }]); close(); },
    }));
  };
  return [
    banner(`缺 ${missing.reduce((sum, one) => sum + one.needed - one.accepted, 0)} 人。可按原条件沿同一顺序补抽；名单抽完仍缺人的，可扩大地区重新承诺。`, 'orange'),
    gathering(page, found),
    buttons(button('按原条件补抽', () => begin([]), 'primary')),
    choices.region_change && cells('扩大地区补抽', missing.map((one) => cell(`条件 ${one.position}`, `缺 ${one.needed - one.accepted} 人`, { onclick: () => change(one) }))),
  ];
}
