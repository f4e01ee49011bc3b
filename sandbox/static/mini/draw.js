// One draw activity, step by step: 项目信息 → 活动信息 → 回避单位 → 抽取条件 → 提交审核 → 项目抽取.
import { conditions } from './conditions.js';
import { exits } from './exits.js';
import { makeForm } from './forms.js';
import { projectView } from './project.js';
import { recusal } from './recusal.js';
import { run } from './run.js';
import { sampleDraw } from './sample.js';
import { submission } from './submission.js';
import { ask, banner, button, buttons, cell, cells, h, note, tag } from './ui.js';
import { showTime } from './time.js';

const STEPS = [
  ['project', '项目信息'], ['basic', '活动信息'], ['recusal', '回避单位'], ['conditions', '抽取条件'], ['submit', '提交审核'],
  ['run', '项目抽取'],
];
const SHOW = { project: (page, found) => projectView(page, found.project_id), basic, recusal, conditions, submit: submission, run };

/** The activity at the step that is asked for, else where its state stands. */
export async function draw(page) {
  const { id, project } = page.params;
  if (!id) return begin(page, project);
  const found = await page.api.get(`/draws/${id}`);
  page.title('抽取活动');
  const step = page.params.step ?? usual(found.state);
  const move = (name) => page.show({ step: name });
  return [
    stepper(step, found, move),
    head(found),
    await SHOW[step](page, found, { next: () => move(STEPS[STEPS.findIndex(([name]) => name === step) + 1][0]) }),
    exits(page, found),
  ];
}

const usual = (state) => ({ editing: 'basic', refused: 'submit', submitted: 'submit' })[state] ?? 'run';

function stepper(current, found, move) {
  const at = STEPS.findIndex(([name]) => name === current);
  return h('nav', { 'aria-label': '步骤' }, h('ol', { class: 'm-steps' }, STEPS.map(([name, label], index) => h('li', {
    class: index < at ? 'done' : '',
  }, h('button', {
    type: 'button', disabled: !found && index > 1, 'aria-current': name === current ? 'step' : null, onclick: () => move(name),
  }, h('i', { 'aria-hidden': 'true' }, String(index + 1)), label)))));
}

const head = (found) => h('div', { class: 'm-card m-head' },
  h('strong', {}, found.name), tag(found.state, found.state_label), h('small', {}, found.number));

// -- basic data --------------------------------------------------------------------------------------------------

const fields = (lots, finished) => [
  { name: 'name', label: '活动名称' },
  lots.length && { name: 'lots', label: '标段', type: 'ticks', options: lots },
  { name: 'medium', label: '公告发布媒体' },
  { name: 'opening_at', label: '开标时间', type: 'time' },
  { name: 'opening_place', label: '开标地点' },
  { name: 'needed', label: '拟抽取专家', type: 'whole', hint: '实际从库中抽取的人数' },
  { name: 'starts_at', label: '预计评标开始', type: 'time' },
  { name: 'ends_at', label: '预计评标结束', type: 'time' },
  { name: 'on_site', label: '进场项目', type: 'switch', hint: '否：到预计结束时间自动结束' },
  finished.length && { name: 'avoided_draws', label: '已抽取专家的活动', type: 'ticks', options: finished, hint: '勾选后其专家回避' },
  { name: 'operator_name', label: '经办人' },
  { name: 'operator_phone', label: '经办人电话', type: 'tel' },
  { name: 'operator_id_number', label: '经办人证件号', hint: '为保护隐私不显示，每次保存都要填写' },
  { name: 'supervisors', label: '监督人', type: 'supervisors', hint: '监督人用自己的手机参与三方摇号' },
  { name: 'remark', label: '备注', type: 'textarea', hint: '选填' },
].filter(Boolean);

/** A new activity of a project. */
async function begin(page, projectId) {
  const project = await page.api.get(`/projects/${projectId}`);
  page.title('新建抽取');
  const given = sampleDraw(page, project);
  const values = {
    ...given, name: `${project.name}评标`, medium: '', opening_place: '', supervisors: [], operator_id_number: '', on_site: project.on_site,
    lots: project.lots.filter((lot) => !lot.draw_id).map((lot) => lot.id),
  };
  return [
    stepper('basic', null, () => page.app.replace('project', { id: projectId })),
    cells('', [cell('招标项目', project.name)]),
    await copyLast(page, project, values),
    await basicForm(page, project, values, '保存，下一步：回避单位', async (form) => {
      const { id } = await page.api.post('/draws', form);
      await page.app.replace('draw', { id, step: 'recusal' });
    }),
  ];
}

/** The agency's last draw, to be taken over in one tap: people, recusals, notices, conditions; times on days ahead. */
async function copyLast(page, project, { name, lots }) {
  const { items: [last] } = await page.api.get('/draws', { size: 1 });
  if (!last) return null;
  return [buttons(button('复制上次抽取', async () => {
    const { id } = await page.api.post(`/draws/${last.id}/copies`, { project_id: project.id, lots, name });
    page.toast('已复制上次的设置，请核对时间和回避单位。');
    await page.app.replace('draw', { id, step: 'submit' });
  }, 'primary')), note(`沿用“${last.name}”的监督人、回避单位、语音通知和抽取条件，时间顺延，提交前都可以修改。`)];
}

async function basicForm(page, project, values, label, submit) {
  const { items } = await page.api.get('/draws', { state: 'completed', size: 50 });
  const ended = await page.api.get('/draws', { state: 'ended', size: 50 });
  const finished = [...items, ...ended.items].map((card) => [card.id, card.name]);
  const lots = project.lots.map((lot) => [lot.id, lot.name, Boolean(lot.draw_id) && !values.lots.includes(lot.id)]);
  return makeForm(page, fields(lots, finished), values, {
    label, submit: (form) => submit({ lots: [], avoided_draws: [], ...form, project_id: project.id }),
  });
}

async function basic(page, found, { next }) {
  if (!page.mayEdit(found)) return [...overview(found), page.isAgency && CHANGEABLE.includes(found.state) && buttons(button('更换监督人', () => changeSupervisors(page, found)))];
  const project = await page.api.get(`/projects/${found.project_id}`);
  const { needed, starts_at: start } = found;
  const form = await basicForm(page, project, { ...found, supervisors: registered(found) }, '保存，下一步：回避单位', async (values) => {
    await page.api.put(`/draws/${found.id}`, values);
    if (values.needed !== needed || values.starts_at !== start) page.toast('已保存，请核对语音通知和抽取条件。');
    next();
  });
  const remove = button('删除活动', async () => {
    if (!await ask(page, { title: '删除活动', text: '删除后不能恢复，标段可重新发起抽取。', ok: '删除', kind: 'warn' })) return;
    await page.api.delete(`/draws/${found.id}`);
    page.toast('活动已删除。');
    page.app.back();
  }, 'warn');
  return [form, buttons(button('不修改，下一步', next), found.state === 'editing' && remove)];
}

/** As lines of the register, for the field that chooses them. */
const registered = (found) => found.supervisors.map((one) => ({ ...one, id: one.entry_id }));

/** While no order is being fixed: somebody may leave the register or fall ill. */
const CHANGEABLE = ['submitted', 'verified', 'short', 'supplement_pending'];

function changeSupervisors(page, found) {
  const close = page.app.overlay('更换监督人', makeForm(page, [{ name: 'supervisors', label: '监督人', type: 'supervisors' }],
    { supervisors: registered(found) }, {
      label: '保存', submit: async (values) => { await page.api.put(`/draws/${found.id}/supervisors`, values); close(); page.refresh(); },
    }));
}

/** The basic data to read. */
export function overview(found) {
  return [
    cells('活动信息', [
      cell('活动编号', found.number), cell('公告发布媒体', found.medium), cell('开标', `${showTime(found.opening_at)}`, { note: found.opening_place }),
      cell('预计评标', showTime(found.starts_at), { note: `至 ${showTime(found.ends_at)}` }), cell('拟抽取专家', `${found.needed} 人`),
      cell('进场项目', found.on_site ? '是' : '否'), cell('经办人', found.operator_name, { note: found.operator_phone }),
      found.remark && cell('备注', found.remark),
    ].filter(Boolean)),
    cells('监督人', found.supervisors.map((one) => cell(one.name, one.phone, { note: one.department }))),
    found.supervisors.length ? null : banner('没有填写监督人。'),
  ];
}
