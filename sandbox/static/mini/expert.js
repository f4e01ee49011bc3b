// The expert: invitations, panels, leave, check-in, times away, own file.
import { consents } from './consents.js';
import { makeForm } from './forms.js';
import { joinCell } from './joining.js';
import { ask, banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';
import { later, showClock, showTime, until } from './time.js';

const STATES = {
  open: '待答复', accepted: '已同意', declined: '不参加', silent: '未答复', left: '已请假', absent: '缺席', recused: '现场回避',
  released: '已退选', cancelled: '已取消',
};
const line = (page, item) => cell(showTime(item.gathering_at), '', {
  note: item.place, tag: tag(item.state, item.checked_in_at ? '已签到' : STATES[item.state]), onclick: () => page.go('invitation', { id: item.id }),
});

export async function expert(page) {
  page.title('我的评标');
  const [waiting, panels, past] = await Promise.all([
    page.api.get('/invitations'), page.api.get('/panels'), page.api.get('/panels', { past: true })]);
  const mark = (...lists) => JSON.stringify(lists.map((list) => list.items));
  page.every(4000, async () => {
    const [open, agreed] = await Promise.all([page.api.get('/invitations'), page.api.get('/panels')]);
    if (mark(open, agreed) !== mark(waiting, panels)) page.refresh();
  });
  return [
    joinCell(page, '抽取通知会发到微信，回复即可确认'),
    waiting.items.length ? cells('待答复的邀请', waiting.items.map((item) => line(page, item))) : empty('没有待答复的邀请。'),
    panels.items.length > 0 && cells('我的评标活动', panels.items.map((item) => line(page, item))),
    buttons(button('扫码签到', () => scan(page), 'primary')),
    cells('', [
      cell('不接受抽取的时间', '', { note: '出差、休假时不会抽到您', onclick: () => page.go('periods') }),
      cell('我的档案', '', { onclick: () => page.go('profile') }),
      cell('我的申报', '', { note: '续聘、进度、缴费', onclick: () => page.go('applicant') }),
      cell('我的账号', '', { onclick: () => page.go('account') }),
    ]),
    past.items.length > 0 && cells('过去的活动', past.items.map((item) => line(page, item))),
  ];
}

/** One invitation: answer with read-back, ask for leave, check in. */
export async function invitation(page) {
  const { id } = page.params;
  const item = await page.api.get(`/invitations/${id}`);
  page.title(item.state === 'open' ? '评标邀请' : '评标活动');
  page.every(4000, async () => {
    const fresh = await page.api.get(`/invitations/${id}`);
    if (fresh.claimed_at !== item.claimed_at || fresh.state !== item.state || fresh.gathering_at !== item.gathering_at || fresh.checked_in_at !== item.checked_in_at || fresh.leave_asked_until !== item.leave_asked_until) page.refresh();
  });
  return [
    h('div', { class: 'm-card m-invitation' }, h('strong', {}, showTime(item.gathering_at)), h('p', {}, item.place), tag(item.state, STATES[item.state])),
    item.code && h('div', { class: 'm-card m-big' }, h('small', {}, '我的验证码'), h('b', { class: 'm-code' }, item.code)),
    cells('', [
      cell('集合', showTime(item.gathering_at)), cell('预计结束', showTime(item.ends_at)), item.venue && cell('场所', item.venue),
      item.contact && cell('联系人', item.contact, { note: item.contact_phone }), item.remark && cell('注意事项', item.remark),
      item.state === 'open' && cell('答复期限', showTime(item.answer_until), { note: until(item.answer_until, page.now()) }),
      item.claimed_at && !item.checked_in_at && cell('自报到场', showTime(item.claimed_at), { note: '还不算签到，请扫描现场二维码' }),
      item.checked_in_at && cell('签到', showTime(item.checked_in_at)), item.checked_out_at && cell('离场', showTime(item.checked_out_at)),
    ].filter(Boolean)),
    item.leave_asked_until && asked(page, item),
    item.state === 'open' && answers(page, item, await consents(page, 'invitation')),
    item.undo_until && [h('p', { class: 'm-note' }, `点错了？${showTime(item.undo_until)} 前可以撤销。`), buttons(button('撤销', () => undo(page, item)))],
    item.state === 'accepted' && !item.checked_in_at && [
      buttons(button('扫码签到', () => scan(page), 'primary'), button('用位置签到', () => arriveByPosition(page, id))),
      buttons(button('请假', () => leave(page, item), 'warn')),
      item.leave_until && h('p', { class: 'm-note' }, `请假最晚 ${showTime(item.leave_until)}。`),
    ],
  ];
}

/** 参加 counts at once and can be undone; 不参加 is asked about, since its place goes to somebody else. */
function answers(page, item, askConsent) {
  const answer = async (choice) => {
    const asked = choice === 'accept' ? askConsent() : null;
    const { effective, invitation: now } = await page.api.post(`/invitations/${item.id}/answer`, { choice });
    await asked;
    page.toast(effective ? (choice === 'accept' ? `已确认参加，验证码 ${now.code}。` : '已记录您不参加，谢谢答复。') : `此前已记录：${STATES[now.state]}。`);
    page.refresh();
  };
  const decline = async () => {
    const text = `${showTime(item.gathering_at)}，${item.place}。确认不参加？`;
    if (await ask(page, { title: '不参加这次评标', text, ok: '确认不参加', kind: 'warn' })) await answer('decline');
  };
  return buttons(button('不参加', decline), button('参加', () => answer('accept'), 'primary'));
}

async function undo(page, item) {
  const { effective } = await page.api.post(`/invitations/${item.id}/undo`);
  page.toast(effective ? '已撤销，您还没有答复这个邀请。' : '答复时间已过或名额已满，不能撤销；不能到场请请假。');
  page.refresh();
}

/** Somebody else registered a leave for this expert: only he frees the place. */
function asked(page, item) {
  const answer = async (agrees) => {
    await page.api.post(`/invitations/${item.id}/leave-answer`, { agrees });
    page.toast(agrees ? '已请假，您的名额将由其他专家补上。' : '已记录：您将按时到场。');
    page.refresh();
  };
  return [
    banner(`有人为您登记了请假，您确认后才生效。请在 ${showTime(item.leave_asked_until)} 前答复，未答复仍按参加处理。`, 'orange'),
    buttons(button('确认请假', async () => {
      if (await ask(page, { title: '确认请假', text: page.pool.leave_consequence, ok: '确认请假', kind: 'warn' })) await answer(true);
    }, 'warn'), button('按时到场', () => answer(false), 'primary')),
  ];
}

async function leave(page, item) {
  const reason = await ask(page, { title: '请假', text: page.pool.leave_consequence, field: { label: '原因', placeholder: '如：突发疾病', required: false }, ok: '确认请假', kind: 'warn' });
  if (reason === null) return;
  await page.api.post(`/invitations/${item.id}/leave`, { reason });
  page.toast('已请假，您的名额将由其他专家补上。');
  page.refresh();
}

async function scan(page) {
  const content = await page.api.host.scan();
  if (!content) return;
  if (content.startsWith('http://weixin.qq.com/q/')) page.toast('这是微信签到码，请回到微信扫一扫。');
  else {
    const token = /\/v\/([\w-]+)$/.exec(content)?.[1] ?? content;
    await arrive(page, { token, device: deviceOf(page) });
  }
}

/** Near the venue this is an entry; without a position it only says that one is there. */
async function arriveByPosition(page, id) {
  const allowed = await ask(page, { title: '使用位置', text: '小程序想获取您的位置，用于核对是否到场。', ok: '允许' });
  await arrive(page, { invitation_id: id, position: allowed ? await page.api.host.locate() : null });
}

async function arrive(page, body) {
  const done = await page.api.post('/check-ins', body);
  await page.go('checkIn', { ...done });
}

/** Knows this phone again, whoever is logged in. */
function deviceOf(page) {
  const key = `pbt-device-${page.api.host.phone.id}`;
  const known = localStorage.getItem(key) ?? crypto.randomUUID();
  localStorage.setItem(key, known);
  return known;
}

/** The receipt of a check-in, to be shown at the door. */
export async function checkIn(page) {
  const { first, at, code, place, counted, advice } = page.params;
  page.title('签到');
  if (!counted) return [banner(`已记录您自报到场。${advice}`, 'orange'), h('div', { class: 'm-card m-big' }, h('b', { class: 'm-code' }, code)), buttons(button('返回', () => page.app.home(), 'primary'))];
  return [
    h('div', { class: 'm-done', role: 'status' }, h('span', { class: 'm-tick', 'aria-hidden': 'true' }), h('h4', {}, first ? '签到成功' : `您在 ${showClock(at)} 已签到`),
      h('b', { class: 'm-code' }, code), h('p', {}, place), h('p', {}, showTime(at))),
    buttons(button('完成', () => page.app.home(), 'primary')),
  ];
}

/** Times in which not to be drawn (日程). */
export async function periods(page) {
  page.title('不接受抽取的时间');
  const { items } = await page.api.get('/experts/me/unavailabilities');
  const path = '/experts/me/unavailabilities';
  const cancel = async (period) => {
    if (!await ask(page, { title: '取消这段时间', text: '取消后恢复接受抽取。', ok: '取消这段时间' })) return;
    await page.api.delete(`${path}/${period.id}`);
    page.refresh();
  };
  const form = makeForm(page, [
    { name: 'starts_at', label: '开始', type: 'time' }, { name: 'ends_at', label: '结束', type: 'time' }, { name: 'reason', label: '原因', hint: '选填' },
  ], { starts_at: later(page.now(), 60), ends_at: later(page.now(), 60 * 25) }, {
    label: '保存',
    submit: async (values) => {
      const text = `${showTime(values.starts_at)} 至 ${showTime(values.ends_at)} 不接受抽取。`;
      if (!await ask(page, { title: '请核对', text, ok: '保存' })) return;
      const period = await page.api.post(path, values);
      page.toast(period.panels ? `已保存。这段时间内已同意的 ${period.panels} 场评标不受影响。` : '已保存。');
      page.refresh();
    },
  });
  return [
    items.length ? cells('不接受抽取', items.map((period) => cell(showTime(period.starts_at), '', {
      note: [`至 ${showTime(period.ends_at)}`, period.reason].filter(Boolean).join(' · '), onclick: () => cancel(period),
    })), '点一段时间可以取消。') : banner('现在随时可以被抽取。'),
    h('section', { class: 'm-group' }, h('h4', {}, '新增'), form),
  ];
}

export async function profile(page) {
  page.title('我的档案');
  const me = await page.api.get('/experts/me');
  const names = (list) => list.map((one) => one.name).join('、') || '无';
  return cells('', [
    cell('姓名', me.masked_name), cell('专家编号', me.number), cell('证件号', me.masked_id_number), cell('手机号', me.masked_mobile),
    cell('状态', me.active ? '在库' : '暂停', { note: me.standing === 'formal' ? '正式专家' : '临时专家' }), cell('常驻地', me.permanent_region.name),
    cell('意愿评标地', names(me.willing_regions)), cell('专业', names(me.specialties)), cell('职称', me.title_level.name), cell('执业资格', names(me.qualifications)),
    cell('主管部门', me.department.name), cell('工作单位', me.employers.join('、') || '无'),
  ], '为保护隐私，本人信息也只显示一部分。');
}
