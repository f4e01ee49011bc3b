// The first page: the person's open work, and links to all other pages.
const { call } = require('../../lib/api');
const checkIn = require('../../lib/check_in');
const consents = require('../../lib/consents');
const { invitationCell, present } = require('../../lib/lists');
const { openPage, telephone } = require('../../lib/page');
const { h5, own, pageOf } = require('../../lib/routes');
const session = require('../../lib/session');

/** @typedef {import('../../lib/consents').Occasion} Occasion */

/** Pages of staff and agencies, and the consents asked for on opening them. @type {Record<string, { title: string; path: string; asks: Occasion[] }>} */
const OFFICES = {
  agent: { title: '办理抽取', path: '/agency', asks: ['submission', 'drawing'] },
  organisation: { title: '办理抽取', path: '/agency', asks: ['submission', 'drawing'] },
  verifier: { title: '去核验', path: '/draws', asks: ['verifying'] },
  supervisor: { title: '去监督', path: '/draws', asks: ['supervising'] },
  venue: { title: '打开签到台', path: '/draws', asks: ['at_the_door'] },
  reviewer: { title: '去审核', path: '/review', asks: ['reviewing'] },
  pool_admin: { title: '打开管理台', path: '/office', asks: [] },
};

/** @type {Shell.Cell} */
const NOTICES = { label: '消息', note: '发给您的通知', url: '/pages/notices' };

/** @type {Shell.Group} */
const MINE = {
  cells: [
    NOTICES,
    { label: '申请进度', note: '申请、续聘与待办事项', url: '/pages/status' },
    { label: '我的缴费', note: '缴费、凭证与发票', url: '/pages/fees' },
    { label: '考试与培训', url: '/pages/learning' },
    { label: '办理指南', url: own('help') },
    { label: '投诉与意见反馈', note: '写给管理机构，查看答复', url: own('feedback') },
    { label: '举报', note: '被打听、送礼送钱、打招呼等，可以匿名', url: own('reports/new') },
    { label: '我的账号', note: '身份、公众号、退出登录', url: '/pages/account' },
  ],
};

/** @type {Shell.Group} */
const CHAT_NOT_BOUND = {
  cells: [{ label: '绑定公众号', note: '抽取、审核和缴费通知会发到微信', tag: '未绑定', tone: 'warn', url: '/pages/account' }],
};

/** @type {Shell.Group} */
const EXPERT = {
  cells: [
    { label: '我的评标', note: '已同意的和过去的', url: '/pages/activities' },
    { label: '不接受抽取的时间', note: '出差、休假时不会抽到您', url: '/pages/availability' },
    { label: '我的档案', url: '/pages/profile' },
    { label: '申报回避', note: '近亲属、新单位等，立即生效', url: own('file/recusal') },
    { label: '我的抽取凭证', note: '证明通知您是摇号的结果', url: own('proofs') },
  ],
};

/** What everybody may read. @type {Shell.Group} */
const OPEN = {
  title: '不登录也可以查看',
  cells: [
    { label: '办理指南、常见问题', url: own('help') },
    { label: '公示', note: '拟入库人员等', url: own('notice') },
    { label: '资料下载', url: own('materials') },
    { label: '核对抽取记录', note: '按活动编号', url: h5('/record') },
    { label: '核验证书', url: h5('/c') },
    { label: '举报', note: '被打听、送礼送钱、打招呼等，可以匿名', url: own('reports/new') },
  ],
};

/** For visitors who have not logged in, and for persons without a chosen role. @param {Api.MeOut} me @param {Api.PoolOut} pool @returns {Shell.Sheet} */
function forGuest(me, pool) {
  const { open, closed } = pool.registration;
  const entrance = me.bound ? { label: me.roles.length ? '选择身份' : '我的账号', command: 'choose' } : { label: '登录', command: 'logIn' };
  return {
    groups: present([
      { cells: [], button: { ...entrance, kind: /** @type {const} */ ('primary') },
        note: `${pool.name}的申请人、评标专家、招标人、代理机构和工作人员在这里办理。` },
      OPEN,
      { title: me.bound ? '办理' : '登录后可以办理', cells: [
        { label: '申请成为评标专家', note: open ? '注册、填写申请、查看进度' : closed || '目前不开放注册', url: '/pages/register' },
        { label: '评标邀请、签到', note: '评标专家', url: '/pages/activities' },
        { label: '缴费', url: '/pages/fees' },
        { label: '考试与培训', url: '/pages/learning' },
        { label: '办理抽取', note: '招标人、代理机构', url: '/pages/agency' },
      ] },
      pool.hotline && { cells: [{ label: '人工服务', value: pool.hotline, command: 'phone' }] },
    ]),
  };
}

/** @returns {Promise<Shell.Sheet>} */
async function forExpert() {
  const [waiting, panels, home] = await Promise.all([call('GET /invitations'), call('GET /panels'), call('GET /home')]);
  const none = waiting.items.length ? '' : '没有待答复的邀请。';
  return {
    groups: [
      { cells: [], button: { label: '扫码签到', command: 'scan', kind: 'primary' } },
      { title: '待答复的邀请', note: none, cells: waiting.items.map(invitationCell) },
      ...(home.to_do.length ? [{ title: '待办事项', cells: home.to_do.map(toDoCell) }] : []),
      ...(panels.items.length ? [{ title: '已同意的评标', cells: panels.items.map(invitationCell) }] : []),
      EXPERT,
      MINE,
    ],
  };
}

/** @returns {Promise<Shell.Sheet>} */
async function forApplicant() {
  const { membership_status: membership, to_do: waiting } = await call('GET /home');
  const note = waiting.length ? '' : '目前没有需要您办理的事项。';
  return {
    groups: [
      { cells: [{ label: '当前身份', tag: membership.text, note: membership.expert_number && `专家编号 ${membership.expert_number}` }] },
      { title: '待办事项', note, cells: waiting.map(toDoCell) },
      MINE,
    ],
  };
}

/** Native pages ask for consent themselves; for the others it is asked here before opening them. @param {Api.ToDoOut} item @returns {Shell.Cell} */
function toDoCell(item) {
  const cell = { label: item.title, note: item.detail, tag: item.action };
  if (!item.route) return cell;
  const url = item.code === 'register' ? '/pages/register' : pageOf(item.route);
  return url.startsWith('/pages/h5') ? { ...cell, command: 'enter', id: url } : { ...cell, url };
}

/** @param {Api.MeOut} me @returns {Promise<Shell.Sheet>} */
async function forOffice(me) {
  const { title, path } = OFFICES[me.role];
  const { items } = await call('GET /sessions/current/work');
  const waiting = items.filter(({ number }) => number).map(({ name, number, unit }) => `${name}${number}${unit}`).join('，');
  const held = me.roles.find((one) => one.role === me.role && one.scope === me.scope && one.organisation_id === me.organisation_id);
  return {
    groups: [
      { title: held ? held.label : '', cells: [{ label: title, note: waiting || '目前没有待办', command: 'enter', id: h5(path) }] },
      { cells: [NOTICES, { label: '我的账号', note: '切换身份、退出登录', url: '/pages/account' }] },
    ],
  };
}

/** @param {Api.MeOut} me @returns {Occasion[]} */
function asksOf(me) {
  if (me.role === 'expert') return [];
  return OFFICES[me.role] ? OFFICES[me.role].asks : ['applying'];
}

openPage({ every: 10000, open: true, data: { asked: /** @type {string[]} */ ([]) } }, {
  /** The counts of an office are not asked for by the timer. @param {boolean} quietly */
  async load(quietly) {
    wx.setNavigationBarTitle({ title: this.pool.name });
    if (this.me.role === 'guest') return { sheet: forGuest(this.me, this.pool) };
    const asked = await consents.wanted(...asksOf(this.me));
    if (OFFICES[this.me.role]) return quietly ? { asked } : { asked, sheet: await forOffice(this.me) };
    const sheet = this.me.role === 'expert' ? await forExpert() : await forApplicant();
    if (!this.me.in_chat) {
      sheet.groups?.splice(1, 0, CHAT_NOT_BOUND);
      session.changed(); // The chat may be bound at the next refresh.
    }
    return { asked, sheet };
  },

  /** Asks for consent to messages about the work, then opens its page. @param {string} url */
  async enter(url) {
    await consents.ask(this.data.asked);
    return wx.navigateTo({ url });
  },

  logIn() { return wx.navigateTo({ url: '/pages/bind' }); },
  choose() { return wx.navigateTo({ url: '/pages/account' }); },
  phone() { telephone(this.pool.hotline); },
  scan() { return this.act(checkIn.scan); },
});
