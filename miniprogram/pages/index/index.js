// The first page: what waits for the person, and everything else there is.
const { call } = require('../../lib/api');
const checkIn = require('../../lib/check_in');
const { invitationCell } = require('../../lib/lists');
const { openPage } = require('../../lib/page');
const { h5, own, pageOf } = require('../../lib/routes');

/** Where offices and agencies work. @type {Record<string, { title: string; path: string }>} */
const OFFICES = {
  agent: { title: '办理抽取', path: '/agency' },
  organisation: { title: '办理抽取', path: '/agency' },
  verifier: { title: '去核验', path: '/desk' },
  supervisor: { title: '去监督', path: '/desk' },
  venue: { title: '打开签到台', path: '/desk' },
  reviewer: { title: '去审核', path: '/review' },
  pool_admin: { title: '打开管理台', path: '/office' },
};

/** @type {Shell.Group} */
const MINE = {
  cells: [
    { label: '申请进度', note: '申请、续聘与待办事项', url: '/pages/status' },
    { label: '我的缴费', note: '缴费、凭证与发票', url: '/pages/fees' },
    { label: '考试与培训', url: '/pages/learning' },
    { label: '办理指南与反馈', url: own('help') },
    { label: '我的账号', note: '身份、公众号、退出登录', url: '/pages/account' },
  ],
};

/** @type {Shell.Group} */
const EXPERT = {
  cells: [
    { label: '我的评标', note: '已同意的和过去的', url: '/pages/activities' },
    { label: '不接受抽取的时间', note: '出差、休假时不会抽到您', url: '/pages/periods' },
    { label: '我的档案', url: '/pages/profile' },
  ],
};

/** @returns {Promise<Shell.Sheet>} */
async function forExpert() {
  const [waiting, panels] = await Promise.all([call('GET /invitations'), call('GET /panels')]);
  const none = waiting.items.length ? '' : '没有待答复的邀请。';
  return {
    groups: [
      { cells: [], button: { label: '扫码签到', deed: 'scan', kind: 'primary' } },
      { title: '待答复的邀请', note: none, cells: waiting.items.map(invitationCell) },
      ...(panels.items.length ? [{ title: '已同意的评标', cells: panels.items.map(invitationCell) }] : []),
      EXPERT,
      MINE,
    ],
  };
}

/** @returns {Promise<Shell.Sheet>} */
async function forApplicant() {
  const { standing, to_do: waiting } = await call('GET /home');
  const note = waiting.length ? '' : '目前没有需要您办理的事项。';
  return {
    groups: [
      { cells: [{ label: '当前身份', tag: standing.text, note: standing.expert_number && `专家编号 ${standing.expert_number}` }] },
      { title: '待办事项', note, cells: waiting.map((item) => ({ label: item.title, note: item.detail, tag: item.action, url: addressOf(item) })) },
      MINE,
    ],
  };
}

/** @param {Api.ToDoOut} item */
function addressOf(item) {
  if (!item.route) return undefined;
  return item.code === 'register' ? '/pages/register' : pageOf(item.route);
}

/** @param {Api.MeOut} me @returns {Shell.Sheet} */
function forOffice(me) {
  const { title, path } = OFFICES[me.role];
  const held = me.roles.find((one) => one.role === me.role && one.scope === me.scope && one.organisation_id === me.organisation_id);
  return {
    groups: [
      { title: held ? held.label : '', cells: [{ label: title, url: h5(path) }] },
      { cells: [{ label: '我的账号', note: '切换身份、退出登录', url: '/pages/account' }] },
    ],
  };
}

openPage({ every: 10000 }, {
  async load() {
    wx.setNavigationBarTitle({ title: this.pool.name });
    if (OFFICES[this.me.role]) return { sheet: forOffice(this.me) };
    const sheet = this.me.role === 'expert' ? await forExpert() : await forApplicant();
    if (!this.me.in_chat) sheet.groups?.splice(1, 0, { cells: [{ label: '绑定公众号', note: '抽取、审核和缴费通知会发到微信', tag: '未绑定', tone: 'warn', url: '/pages/account' }] });
    return { sheet };
  },

  scan() { return this.act(checkIn.scan); },
});
