// Who is it: binding the mobile, choosing as whom to act, the account page.
import { Problem } from './api.js';
import { makeForm } from './forms.js';
import { joinCell } from './joining.js';
import { ask, banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';
import { showTime } from './time.js';

/** Consent first, then the mobile: by WeChat's phone code, or by an SMS code. */
export async function bind(page) {
  const { api, pool } = page;
  page.title('绑定手机号');
  const consent = h('input', { type: 'checkbox', id: `consent-${api.host.phone.id}` });
  const agreed = () => {
    if (consent.checked) return true;
    page.toast('请先阅读并同意个人信息处理说明。');
    consent.focus();
    return false;
  };
  const finish = async (body) => {
    await api.post('/sessions/current/phone', { privacy_version: pool.privacy_version, ...body });
    await page.app.loadMe();
    page.toast('绑定成功。');
    page.app.enter();
  };
  const quick = async () => { if (agreed()) await finish({ phone_code: await api.host.phoneCode() }); };
  const send = async () => {
    const mobile = form.querySelector('[type=tel]').value.trim();
    const sent = await api.post('/codes', { mobile, purpose: 'bind' });
    page.toast(`验证码已发送到 ${sent.masked_mobile}。`);
  };
  const form = makeForm(page, [
    { name: 'mobile', label: '手机号', type: 'tel', placeholder: '11 位手机号' },
    { name: 'sms_code', label: '验证码', placeholder: '短信中的数字', autocomplete: 'one-time-code' },
  ], {}, { label: '验证并绑定', submit: async (values) => { if (agreed()) await finish(values); } });
  form.querySelector('.m-buttons').prepend(button('获取短信验证码', send));
  return [
    h('div', { class: 'm-hello' }, h('span', { class: 'm-logo', 'aria-hidden': 'true' }), h('h4', {}, pool.name), h('p', {}, '抽取、确认、签到，一部手机办完')),
    h('section', { class: 'm-group' }, h('h4', {}, '个人信息处理说明'), h('div', { class: 'm-card m-text', tabindex: '0' }, pool.privacy_text),
      h('label', { class: 'm-consent', for: consent.id }, consent, '我已阅读并同意')),
    buttons(button('微信手机号快捷登录', quick, 'primary')),
    h('details', { class: 'm-more' }, h('summary', {}, '改用短信验证码'), form),
    pool.hotline && cells('', [cell('服务热线', pool.hotline)]),
  ];
}

/** Whose account the official account's link stands for: a tap binds this WeChat to it, and nothing is typed. */
export async function entry(page) {
  const { api, app, pool } = page;
  const token = app.entry;
  const other = () => { app.entry = null; app.reset('bind'); };
  page.title('确认身份');
  let who;
  try {
    who = await api.post('/sessions/current/entry', { token });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [banner(error.message), buttons(button('用手机号登录', other, 'primary'))];
  }
  const consent = h('input', { type: 'checkbox', id: `consent-${api.host.phone.id}` });
  const enter = async () => {
    if (!who.consent && !consent.checked) {
      page.toast('请先阅读并同意个人信息处理说明。');
      consent.focus();
      return;
    }
    await api.put('/sessions/current/entry', { token, privacy_version: pool.privacy_version });
    app.entry = null;
    await app.loadMe();
    page.toast('已登录。');
    app.enter(page.params.path);
  };
  return [
    h('div', { class: 'm-hello' }, h('span', { class: 'm-logo', 'aria-hidden': 'true' }), h('h4', {}, pool.name), h('p', {}, '您从公众号进入，请确认是您本人')),
    cells('', [who.masked_name && cell('姓名', who.masked_name), cell('手机号', who.masked_mobile)].filter(Boolean)),
    !who.consent && h('section', { class: 'm-group' }, h('h4', {}, '个人信息处理说明'), h('div', { class: 'm-card m-text', tabindex: '0' }, pool.privacy_text),
      h('label', { class: 'm-consent', for: consent.id }, consent, '我已阅读并同意')),
    buttons(button('是我，进入', enter, 'primary'), button('不是我', other)),
    h('p', { class: 'm-note' }, '如果这个链接是别人发给您的，请点“不是我”，用自己的手机号登录。'),
  ];
}

const roleCell = (page, option) => cell(option.label, '', {
  tag: page.me.role === option.role && page.me.scope === option.scope && page.me.organisation_id === option.organisation_id
    ? h('span', { class: 'm-tag green' }, '当前') : null,
  onclick: async () => {
    const { role, scope, organisation_id } = option;
    await page.api.put('/sessions/current/role', { role, scope, organisation_id });
    await page.app.loadMe();
    page.app.home();
  },
});

/** As whom to act, where the person holds several roles or none. */
export async function roles(page) {
  page.title('选择身份');
  await page.app.loadMe();
  const { roles: held } = page.me;
  return [
    held.length ? cells('以哪个身份办理', held.map((option) => roleCell(page, option)))
      : [banner('您还没有可用的身份。评标专家请确认手机号与入库时一致；经办人请等待企业关联。'),
        buttons(button('申请成为评标专家', () => page.go('register'), 'primary'))],
    ...await requests(page),
    buttons(button('刷新', () => page.refresh()), button('退出登录', () => leave(page))),
  ];
}

/** My roles, organisations that ask for me, log-out. */
export async function account(page) {
  page.title('我的账号');
  await page.app.loadMe();
  return [
    joinCell(page, '通知会发到微信'),
    cells('我的身份', page.me.roles.map((option) => roleCell(page, option))),
    ...await requests(page),
    page.pool.hotline && cells('', [cell('服务热线', page.pool.hotline)]),
    buttons(button('退出登录', () => leave(page))),
  ];
}

const STATES = { waiting: '待同意', active: '有效', expired: '已过期', future: '未开始', revoked: '已取消' };

async function requests(page) {
  const { items } = await page.api.get('/organisations/requests');
  if (!items.length) return [];
  return [cells('企业对我的关联', items.map((link) => cell(link.organisation_name, '', {
    note: `${showTime(link.valid_from)} 至 ${showTime(link.valid_until)}`,
    tag: tag('', STATES[link.state]),
    onclick: link.state === 'waiting' ? () => accept(page, link) : null,
  })))];
}

async function accept(page, link) {
  const yes = await ask(page, { title: '成为经办人', text: `同意代表“${link.organisation_name}”办理抽取？`, ok: '同意' });
  if (!yes) return;
  await page.api.post(`/organisations/requests/${link.link_id}/acceptance`);
  page.refresh();
}

async function leave(page) {
  if (!await ask(page, { title: '退出登录', text: '将结束您在所有手机上的登录。', ok: '退出' })) return;
  await page.api.delete('/sessions/current');
  page.api.setTokens(null);
  page.app.reset('farewell');
}

/** After log-out. */
export async function farewell(page) {
  page.title('评标通');
  return [empty('您已退出登录。'), buttons(button('重新登录', () => page.app.start(), 'primary'))];
}
