// Voice notices (语音通知) and draw conditions (抽取条件), and how many could be drawn.
import { makeForm } from './forms.js';
import { sampleCondition, sampleNotice } from './sample.js';
import { banner, button, buttons, cell, cells, h, tag } from './ui.js';
import { showTime } from './time.js';

const MODES = { permanent: '常驻地', willing: '意愿评标地' };

export async function conditions(page, found, { next }) {
  const own = page.mayEdit(found);
  const planned = found.conditions.reduce((sum, condition) => sum + condition.planned, 0);
  const left = found.needed - planned;
  return [
    cells('语音通知', found.notices.map((one) => cell(`通知 ${one.position}`, showTime(one.gathering_at), {
      note: `${one.venue} ${one.address} ${one.room}`, onclick: own ? () => editNotice(page, found, one) : null,
    })), '专家听到、看到的只有时间和地点，没有项目和单位名称。'),
    own && buttons(button('新增语音通知', () => editNotice(page, found, null))),
    await Promise.all(found.conditions.map((condition) => card(page, found, condition, own))),
    own && banner(left ? `还需设置 ${left} 人。` : `已设置 ${planned} 人，与拟抽取人数一致。`, left ? 'orange' : ''),
    own && buttons(
      left > 0 && found.notices.length > 0 && button('新增抽取条件', () => editCondition(page, found, null, left)),
      button('下一步：提交审核', next, 'primary')),
  ];
}

async function card(page, found, condition, own) {
  const { api } = page;
  const [regions, specialty, alternative, title, qualification, department] = await Promise.all([
    Promise.all(condition.regions.map((code) => api.name('region', code))),
    api.name('specialty', condition.specialty), api.name('specialty', condition.alternative),
    api.name('title_level', condition.title_level), api.name('qualification', condition.qualification), api.name('department', condition.department),
  ]);
  const notice = found.notices.find((one) => one.id === condition.notice_id);
  const shown = h('p', { class: 'm-note', role: 'status' });
  const preview = button('预览可抽取人数', async () => {
    const bands = await api.post(`/draws/${found.id}/conditions/${condition.id}/preview`);
    shown.textContent = `主专业 ${bands.main} 人${bands.alternative ? `，备选专业 ${bands.alternative} 人` : ''}（未扣除回避人员）；还可预览 ${bands.left} 次。`;
  });
  return [
    cells(`抽取条件 ${condition.position}`, [
      cell('地区', regions.join('、'), { note: MODES[condition.region_mode] }), cell('主专业', specialty),
      alternative && cell('备选专业', alternative, { note: '主专业不足时使用' }), title && cell('职称', title), qualification && cell('执业资格', qualification),
      department && cell('行业部门', department), cell('语音通知', notice ? `通知 ${notice.position}` : ''),
      cell('计划抽取', `${condition.planned} 人`, { tag: found.started_at ? tag('', `需 ${condition.needed}，已同意 ${condition.accepted}`) : null }),
    ].filter(Boolean)),
    own && shown,
    own && buttons(preview, button('编辑', () => editCondition(page, found, condition, found.needed))),
  ];
}

function editNotice(page, found, one) {
  const { choices } = page.pool;
  const path = `/draws/${found.id}/notices`;
  const venues = choices.venues.map((venue) => h('button', {
    type: 'button', onclick: () => { form.put('venue', venue.name); form.put('address', venue.address); },
  }, venue.name));
  const form = makeForm(page, [
    { name: 'venue', label: '评标场所' }, { name: 'address', label: '集合地点', hint: '写到市、区和街道，不要写单位名称', type: 'textarea' },
    { name: 'room', label: '评标室', hint: '选填' }, { name: 'gathering_at', label: '集合时间', type: 'time' }, { name: 'contact', label: '联系人' },
    { name: 'contact_phone', label: '联系电话', type: 'tel' },
    { name: 'remark', label: '注意事项', type: 'textarea', hint: `最多 ${choices.remarks_max} 字`, phrases: choices.quick_remarks },
  ], one ?? sampleNotice(page), {
    label: '保存',
    submit: async (values) => {
      await (one ? page.api.put(`${path}/${one.id}`, values) : page.api.post(path, values));
      close();
      page.refresh();
    },
  });
  const gone = one && button('删除', async () => { await page.api.delete(`${path}/${one.id}`); close(); page.refresh(); }, 'warn');
  const close = page.app.overlay(one ? '编辑语音通知' : '新增语音通知', [
    venues.length ? h('div', { class: 'm-phrases', role: 'group', 'aria-label': '常用场所' }, venues) : '', form, gone ? buttons(gone) : '',
  ]);
}

function editCondition(page, found, condition, left) {
  const { choices } = page.pool;
  const path = `/draws/${found.id}/conditions`;
  const form = makeForm(page, [
    { name: 'notice_id', label: '语音通知', type: 'choice', options: found.notices.map((one) => [one.id, `通知 ${one.position} · ${showTime(one.gathering_at)}`]) },
    { name: 'region_mode', label: '地区方式', type: 'choice', options: choices.region_modes.map((mode) => [mode, MODES[mode] ?? mode]) },
    { name: 'regions', label: '抽取地区', type: 'codes', kind: 'region' },
    { name: 'specialty', label: '主专业', type: 'code', kind: 'specialty' },
    choices.alternative_specialty && { name: 'alternative', label: '备选专业', type: 'code', kind: 'specialty', required: false, placeholder: '不用备选' },
    { name: 'title_level', label: '职称', type: 'code', kind: 'title_level', required: false, placeholder: '不限' },
    { name: 'qualification', label: '执业资格', type: 'code', kind: 'qualification', required: false, placeholder: '不限' },
    { name: 'department', label: '行业主管部门', type: 'code', kind: 'department', required: false, placeholder: '不限' },
    { name: 'planned', label: '计划抽取人数', type: 'whole', hint: condition ? '' : `还可设置 ${left} 人` },
  ].filter(Boolean), condition ?? { ...sampleCondition(page, found.notices[0].id), planned: left }, {
    label: '保存',
    submit: async (values) => {
      await (condition ? page.api.put(`${path}/${condition.id}`, values) : page.api.post(path, values));
      close();
      page.refresh();
    },
  });
  const gone = condition && button('删除', async () => { await page.api.delete(`${path}/${condition.id}`); close(); page.refresh(); }, 'warn');
  const close = page.app.overlay(condition ? '编辑抽取条件' : '新增抽取条件', [form, gone ? buttons(gone) : '']);
}
