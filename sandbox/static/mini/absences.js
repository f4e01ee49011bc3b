// Leave, absence and recusal on the spot (请假、缺席、现场回避), and filling the places again (补抽).
import { makeForm } from './forms.js';
import { gathering } from './run.js';
import { ask, banner, button, buttons, cell, cells, empty, h, live, tag } from './ui.js';
import { showTime } from './time.js';

const KINDS = { leave: '人工请假', absence: '缺席', recusal: '现场回避' };
const SOURCES = { expert: '专家本人', manual: '人工登记' };

const line = (page, row, onclick = null) => cell(h('span', {}, h('b', { class: 'm-code' }, row.code), row.name && ` ${row.name}`), '', {
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

/** The register of one draw, what waits for confirmation, and a form to add to it. */
export async function absencesOfDraw(page) {
  const { id } = page.params;
  page.title('缺席登记');
  const found = await page.api.get(`/draws/${id}`);
  const { choices } = page.pool;
  const form = found.ended_at ? null : makeForm(page, [
    { name: 'who', label: '专家', placeholder: page.isAgency ? '六位验证码' : '六位验证码；解密后可填手机号', type: 'tel' },
    { name: 'kind', label: '类型', type: 'choice', options: choices.absence_causes.map((kind) => [kind, KINDS[kind] ?? kind]) },
    { name: 'cause', label: '回避原因', type: 'choice', hint: '仅现场回避填写', options: [['', '—'], ...choices.recusal_reasons.map((one) => [one, one])] },
    { name: 'reason', label: '说明', placeholder: '如：专家来电请假' },
  ], {}, {
    label: '登记',
    submit: async (values) => {
      const done = await page.api.post(`/draws/${id}/absences`, values);
      page.toast(done.message);
      page.refresh();
    },
  });
  return [
    form, form && banner('请假须专家本人确认；缺席在集合时间后才能登记；现场回避须核验人员或监督人确认。每次登记都会立即通知专家和监督人，并写入抽取记录。'),
    await requestsOfDraw(page, id, '等待和已处理的登记'),
    await live(page, async () => (await page.api.get(`/draws/${id}/absences`)).items, (items) =>
      (items.length ? cells('缺席记录', items.map((row) => line(page, row))) : empty('还没有缺席记录。'))),
  ];
}

/** All that was registered for experts of one draw; nothing while nothing was. */
export const requestsOfDraw = (page, id, title) => live(page,
  async () => (await page.api.get(`/draws/${id}/discard-requests`)).items, (items) => items.length > 0 && requestCells(page, title, items));

/** Leaves and recusals that were registered for experts; one that waits for this person can be decided by a tap. */
const requestCells = (page, title, items) => cells(title, items.map((row) => cell(h('b', { class: 'm-code' }, row.code), '', {
  note: [`${KINDS[row.kind]}${row.cause && ` · ${row.cause}`}：${row.reason}`, `${row.asked_by} · ${showTime(row.asked_at)}`,
    row.decided_by && `${row.decided_by} · ${showTime(row.decided_at)}`, row.opinion && `意见：${row.opinion}`].filter(Boolean).join('\n'),
  tag: tag(row.state === 'open' ? 'open' : '', row.state_label), onclick: row.may_decide ? () => decide(page, row) : null,
})));

function decide(page, row) {
  const path = `/discard-requests/${row.id}`;
  const done = async (text) => { close(); page.toast(text); await page.refresh(); };
  const close = page.app.overlay(`现场回避：${row.code}`, h('div', { class: 'm-stack' },
    cells('', [cell('活动', row.draw_name), cell('原因', row.cause, { note: row.reason }), cell('登记', row.asked_by, { note: showTime(row.asked_at) })]),
    banner('确认后该专家移出名单，名额空出；确认人写入抽取记录。'),
    buttons(
      button('不予确认', async () => {
        const opinion = await ask(page, { title: '不予确认', text: '专家仍在名单内，原因会告知登记单位。', field: { label: '原因' }, ok: '不予确认', kind: 'warn' });
        if (!opinion) return;
        await page.api.post(`${path}/refusal`, { opinion });
        await done('已记录，专家仍在名单内。');
      }, 'warn'),
      button('确认回避', async () => {
        await page.api.post(`${path}/confirmation`);
        await done('已确认，名额已空出。');
      }, 'primary'),
    )));
}

/** The recusals that wait for this verifier or supervisor; nothing when none does. */
export const waitingPart = (page) => live(page,
  async () => (await page.api.get('/discard-requests')).items, (items) => items.length > 0 && requestCells(page, '现场回避待您确认', items));

/** What the agency may do about missing places; nothing when none is missing. */
export async function supplementPart(page, found) {
  if (!['supplement_pending', 'short'].includes(found.state)) return null;
  const { choices } = page.pool;
  const { conditions } = await page.api.get(`/draws/${found.id}/progress`);
  const spent = new Set(conditions.filter((one) => one.exhausted).map((one) => one.position));
  const missing = found.conditions.filter((one) => one.accepted < one.needed);
  const atEnd = missing.filter((one) => spent.has(one.position));
  const begin = async (regions) => {
    const { round } = await page.api.post(`/draws/${found.id}/supplement`, { regions, gathering: [] });
    page.toast(round ? '地区已扩大，请三方重新摇号。' : '补抽已启动。');
    await page.refresh();
  };
  const change = (condition) => {
    const close = page.app.overlay(`条件 ${condition.position}：扩大地区`, makeForm(page, [{ name: 'regions', label: '抽取地区（保留原有的，再增加）', type: 'codes', kind: 'region' }], condition, {
      label: '扩大地区并补抽',
      submit: async ({ regions }) => { await begin([{ condition_id: condition.id, regions }]); close(); },
    }));
  };
  return [
    banner(`缺 ${missing.reduce((sum, one) => sum + one.needed - one.accepted, 0)} 人。可按原条件沿同一顺序补抽；名单抽完仍缺人的，可扩大地区重新摇号。`, 'orange'),
    gathering(page, found),
    atEnd.length < missing.length && buttons(button('按原条件补抽', () => begin([]), 'primary')),
    choices.region_change && atEnd.length > 0 && cells('扩大地区补抽', atEnd.map((one) => cell(`条件 ${one.position}`, `缺 ${one.needed - one.accepted} 人`, { onclick: () => change(one) }))),
  ];
}
