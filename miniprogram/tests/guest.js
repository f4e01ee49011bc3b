const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { POOL, Phone, person, role } = require('./phone');

const APP = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'app.json'), 'utf8'));
const VISITOR = { 'GET /sessions/current': person('guest', { bound: false, roles: [] }) };
const webPage = (to) => `/pages/h5?to=${encodeURIComponent(to)}`;

test('a visitor reads the first page and what is public without a log-in', async () => {
  const phone = await new Phone(VISITOR).open('pages/index/index');
  assert.match(phone.text, /演示评标专家库的申请人、评标专家.*不登录也可以查看.*登录后可以办理.*人工服务020-12345678/);
  assert.deepEqual([phone.callsOf('redirectTo'), phone.callsOf('reLaunch')], [[], []]);
  for (const label of ['办理指南', '公示', '资料下载', '核对抽取记录', '核验证书', '举报']) await phone.tap(label);
  await phone.tap('人工服务');
  assert.equal(phone.callsOf('makePhoneCall')[0].phoneNumber, '020-12345678');
  const opened = phone.callsOf('navigateTo').map(({ url }) => url);
  assert.deepEqual(opened, ['/h5/demo/help', '/h5/demo/notice', '/h5/demo/materials', '/record', '/c', '/h5/demo/reports/new'].map(webPage));
  for (const url of opened) {
    const to = new URL(url, 'http://x').searchParams.get('to');
    const page = await new Phone(VISITOR).open('pages/h5', { to: encodeURIComponent(to) });
    assert.equal(page.page.data.src, `http://127.0.0.1:8080${to}`);
    assert.deepEqual(page.callsOf('redirectTo'), []);
  }
});

test('the log-in is asked for at the act, which is named, and can be put off', async () => {
  const phone = await new Phone(VISITOR).open('pages/index/index');
  await phone.tap('缴费');
  await phone.tap('登录');
  assert.deepEqual(phone.callsOf('navigateTo'), [{ url: '/pages/fees' }, { url: '/pages/bind' }]);
  const fees = await new Phone(VISITOR).open('pages/fees');
  const [{ url }] = fees.callsOf('redirectTo');
  const bind = await new Phone(VISITOR).open('pages/bind', Object.fromEntries(new URL(url, 'http://x').searchParams));
  assert.match(bind.text, /查看和缴纳费用，要先登录，确认是您本人/);
  await bind.tap('暂不登录');
  assert.deepEqual(bind.callsOf('reLaunch'), [{ url: '/pages/index/index' }]);
});

for (const page of APP.pages.filter((name) => !['pages/index/index', 'pages/bind'].includes(name))) {
  test(`${page} says what a log-in is for`, async () => {
    const asked = await new Phone(VISITOR).open(page, { id: 'i1', to: encodeURIComponent('/h5/demo/file') });
    const [{ url }] = asked.callsOf('redirectTo');
    assert.match(url, /^\/pages\/bind\?to=/);
    const bind = await new Phone(VISITOR).open('pages/bind', Object.fromEntries(new URL(url, 'http://x').searchParams));
    assert.match(bind.text, /\S{2,}，要先登录，确认是您本人/);
  });
}

test('what only looks like a public page asks for the log-in', async () => {
  for (const to of ['/h5/other/help', '/h5/demo/help/x', '/recordx', '@evil.example/record', '/h5/demo/notice/objections', '/draws']) {
    const phone = await new Phone(VISITOR).open('pages/h5', { to: encodeURIComponent(to) });
    assert.equal(phone.callsOf('redirectTo').length, 1, to);
    assert.equal(phone.page.data.src, '', to);
  }
  const query = await new Phone(VISITOR).open('pages/h5', { to: encodeURIComponent('/record?number=CQSQ1') });
  assert.equal(query.page.data.src, 'http://127.0.0.1:8080/record?number=CQSQ1');
});

test('a link of the official account leads to its account first, and to the first page once it is put off', async () => {
  const answers = { ...VISITOR, 'POST /sessions/current/entry': { masked_name: '王**', masked_mobile: '138****1234', consent: true } };
  const phone = await new Phone(answers).open('pages/index/index', { entry: 'T1' });
  assert.deepEqual(phone.callsOf('redirectTo'), [{ url: `/pages/bind?to=${encodeURIComponent('/pages/index/index')}` }]);
  const bind = await new Phone(answers).open('pages/bind', { entry: 'T1' });
  assert.match(bind.text, /王\*\*/);
  await bind.tap('暂不登录');
  assert.equal(require('../lib/session').getEntry(), '');
});

test('a person without a role is led to choose one, or to the account, and keeps the web pages', async () => {
  const answers = { 'POST /sessions/current/browser': { url: 'https://x.cn/h5/login/T' } };
  const both = await new Phone({ 'GET /sessions/current': person('guest', { roles: [role('expert'), role('agent')] }) }).open('pages/index/index');
  await both.tap('选择身份');
  assert.deepEqual(both.callsOf('navigateTo'), [{ url: '/pages/account' }]);
  const none = { ...answers, 'GET /sessions/current': person('guest', { roles: [] }) };
  assert.ok((await new Phone(none).open('pages/index/index')).buttons.includes('我的账号'));
  const page = await new Phone(none).open('pages/h5', { to: encodeURIComponent('/h5/demo/account') });
  assert.equal(page.page.data.src, 'https://x.cn/h5/login/T?to=%2Fh5%2Fdemo%2Faccount');
});

test('a pool that registers nobody says where to turn', async () => {
  const closed = { ...POOL, registration: { open: false, closed: '请向省交易中心咨询。', honesty: '' } };
  assert.match((await new Phone({ ...VISITOR, 'GET /pool': closed }).open('pages/index/index')).text, /申请成为评标专家请向省交易中心咨询/);
});
