// The page of the mini-program for a page of the web site: a native page if there is one, else a web-view.
const config = require('../config');

/** @type {Record<string, string>} */
const NATIVE = {
  'apply/status': '/pages/status', exams: '/pages/learning', courses: '/pages/learning', notices: '/pages/notices', periods: '/pages/availability',
};

/** Pages of the web site that need no log-in: of the pool, then of all pools. */
const PUBLIC = ['', '/campaigns', '/help', '/materials', '/notice', '/reports/new'];
const PUBLIC_OF_ALL = ['/record', '/c'];

/** @param {string} [path] */
function isPublic(path = '') {
  const [plain] = path.split(/[?#]/);
  return PUBLIC_OF_ALL.includes(plain) || PUBLIC.some((name) => plain === `/h5/${config.pool}${name}`);
}

/** What a person wants who opens a page without log-in, by the name of the page. @type {Record<string, string>} */
const PURPOSES = {
  account: '管理账号、切换身份', activities: '查看您的评标', agency: '办理抽取', application: '核验抽取申请', arrival: '查看签到结果',
  availability: '登记不接受抽取的时间', door: '打开签到台', draw: '查看抽取活动', fees: '查看和缴纳费用', h5: '打开这个页面', invitation: '查看和答复评标邀请',
  learning: '参加考试和培训', notices: '查看发给您的通知', profile: '查看您的档案', register: '申请成为评标专家', reminders: '开启微信提醒', result: '查看抽取结果',
  status: '查看申请进度', supervised: '监督抽取活动', supervisor: '监督抽取', venue: '打开签到台', verifier: '核验抽取申请',
};

/** Why a page asks for a log-in; empty for the first page, which asks for none. @param {string} [page] its address */
function purposeOf(page = '') {
  const found = /^\/pages\/(\w+)/.exec(page);
  return (found && PURPOSES[found[1]]) || '';
}

/** A path of the person's pages, such as `apply/form`. @param {string} name */
const own = (name) => h5(`/h5/${config.pool}/${name}`);

/** @param {string} path */
const h5 = (path) => `/pages/h5?to=${encodeURIComponent(path)}`;

/** Fees are paid in native pages only: WeChat has no cashier inside a web-view. @param {string} route as the service names it */
function pageOf(route) {
  const start = `/h5/${config.pool}/`;
  const name = route.startsWith(start) ? route.slice(start.length) : '';
  return /^pay([/?]|$)/.test(name) ? '/pages/fees' : NATIVE[name] || h5(route);
}

module.exports = { h5, isPublic, own, pageOf, purposeOf };
