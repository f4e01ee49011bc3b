const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { POOL, Phone, person, role } = require('./phone');

const ROOT = path.join(__dirname, '..');
const APP = JSON.parse(fs.readFileSync(path.join(ROOT, 'app.json'), 'utf8'));
const EMPTY = { items: [] };
const applicant = { 'GET /sessions/current': person('applicant') };
const PROGRESS = {
  application_id: 'a1', number: 'SQ1', headline: '您的申请正在审核', advice: '请等待。', ask: '020-1', opinion: '', step: null, give_up: '放弃后不能恢复。',
  stages: [{ code: 's', name: '提交', who: '', state: 'done', at: '2026-11-20T09:00:00+08:00' }, { code: 'r', name: '审核', who: '主管部门', state: 'now', at: null }],
};
const HOME = {
  membership_status: { kind: 'applying', text: '申请中', expert_number: '', emergency: '', suspensions: [] },
  progress: PROGRESS, campaigns: [], messages: [], advice: [],
  to_do: [{ code: 'pay', title: '缴费', detail: '请缴费', action: '去缴费', route: '/h5/demo/pay/DEMO0001', until: null }, { code: 'fix', title: '修改信息', detail: '',
    action: '去修改', route: '/h5/demo/apply/form', until: null }],
};
const WHY = { cause: 'course', title: '未完成必修培训，已暂停抽取', detail: '缴费后可以补学。', action: '去补学', route: '/h5/demo/courses/n1', until: null,
  enrolment_id: 'n1' };
const FEE = {
  id: 'f1', own: true, title: '培训费', amount: 20000, amount_yuan: '200.00', expert_number: 'ZJ1', name: '王**', phase: 'open',
  opens_at: '2026-11-01T00:00:00+08:00',
  closes_at: null, paid_at: null, invoice: null, legal_basis: '', refund_text: '缴费后不退。', hotline: '020-1',
};

for (const page of APP.pages) {
  test(`${page} is whole: wxml, json and a title`, () => {
    for (const kind of ['js', 'wxml', 'json']) assert.ok(fs.existsSync(path.join(ROOT, `${page}.${kind}`)), kind);
    assert.ok(JSON.parse(fs.readFileSync(path.join(ROOT, `${page}.json`), 'utf8')).navigationBarTitleText);
    assert.match(fs.readFileSync(path.join(ROOT, `${page}.wxml`), 'utf8'), /^<page-meta root-font-size="system"/);
  });
}

test('sizes follow the letters set in WeChat: no page and no style names a fixed size', () => {
  const style = fs.readFileSync(path.join(ROOT, 'app.wxss'), 'utf8');
  assert.deepEqual(style.match(/(font-size|line-height|[^-]height):\s*[\d.]+r?px/g), null);
});

test('the expert sees open invitations first, and scans from the first page', async () => {
  const item = { id: 'i1', state: 'open', gathering_at: '2027-01-05T09:00:00+08:00', place: '广州', checked_in_at: null };
  const phone = await new Phone({ 'GET /invitations': { items: [item] },
    'GET /panels': { items: [{ ...item, state: 'accepted', checked_in_at: 'x' }] } }).open('pages/index/index');
  assert.match(phone.text, /待答复的邀请.*2027年1月5日 周二 09:00.*待答复.*已签到/);
  await phone.tap('待答复');
  assert.deepEqual(phone.callsOf('navigateTo'), [{ url: '/pages/invitation?id=i1' }]);
  assert.deepEqual(phone.buttons, ['扫码签到']);
});

test('what an expert has to do stands between the invitations and the panels', async () => {
  const item = { code: 'suspended', title: WHY.title, detail: WHY.detail, action: WHY.action, route: WHY.route, until: null };
  const phone = await new Phone({ 'GET /invitations': EMPTY, 'GET /panels': EMPTY, 'GET /home': { ...HOME, to_do: [item] } }).open('pages/index/index');
  assert.match(phone.text, /没有待答复的邀请.*待办事项.*未完成必修培训.*去补学/);
  await phone.tap('去补学');
  assert.deepEqual(phone.callsOf('navigateTo'), [{ url: '/pages/h5?to=%2Fh5%2Fdemo%2Fcourses%2Fn1' }]);
});

test('offices go to their pages in the web-view', async () => {
  for (const [name, path_] of [['agent', '/agency'], ['verifier', '/draws'], ['venue', '/draws'], ['supervisor', '/draws'], ['reviewer', '/review'],
    ['pool_admin', '/office']]) {
    const phone = await new Phone({ 'GET /sessions/current': person(name) }).open('pages/index/index');
    const [first] = phone.component.querySelectorAll('.tappable');
    first.dispatchEvent('tap');
    await phone.rest();
    assert.deepEqual(phone.callsOf('navigateTo'), [{ url: `/pages/h5?to=${encodeURIComponent(path_)}` }]);
  }
});

test('verifier, venue and candidates are asked for consent on opening their pages', async () => {
  const consents = { 'POST /consents': { status: 204 },
    'GET /consents': ({ query }) => ({ items: [{ template_id: query.replace('occasion=', ''), title: '通知', left: 0, ask: true }] }) };
  const wechat = { requestSubscribeMessage: async ({ tmplIds: [one] }) => ({ errMsg: 'requestSubscribeMessage:ok', [one]: 'accept' }) };
  for (const [name, occasion] of [['verifier', 'verifying'], ['venue', 'at_the_door']]) {
    const phone = await new Phone({ ...consents, 'GET /sessions/current': person(name) }, wechat).open('pages/index/index');
    phone.component.querySelectorAll('.tappable')[0].dispatchEvent('tap');
    await phone.rest();
    assert.deepEqual(phone.bodies('POST /consents'), [{ answers: { [occasion]: 'accept' } }]);
  }
  const exam = { candidate_id: 'c1', name: '统一考试', span: '11月26日', place: '', phase: 'open' };
  const phone = await new Phone({ ...applicant, ...consents, 'GET /exams': { items: [exam] }, 'GET /courses': EMPTY }, wechat).open('pages/learning');
  await phone.tap('统一考试');
  assert.deepEqual(phone.bodies('POST /consents'), [{ answers: { learning: 'accept' } }]);
});

test('an office reads what waits for it on the first page, and asks again on coming back', async () => {
  let items = [{ name: '待办理', number: 2, unit: '个' }, { name: '正在抽取', number: 0, unit: '个' }, { name: '酬劳待支付', number: 3, unit: '笔' }];
  const phone = await new Phone({ 'GET /sessions/current': person('agent'), 'GET /sessions/current/work': () => ({ items }) }).open('pages/index/index');
  assert.match(phone.text, /办理抽取待办理2个，酬劳待支付3笔/);
  items = [];
  await phone.page.refresh(true);
  assert.match(phone.text, /待办理2个/);
  await phone.page.refresh();
  await phone.rest();
  assert.match(phone.text, /办理抽取目前没有待办/);
});

test('a page of the web site opens as the same person, once', async () => {
  const phone = await new Phone({ ...applicant, 'POST /sessions/current/browser': { url: 'https://x.cn/h5/login/T' } }).open('pages/h5',
    { to: encodeURIComponent('/h5/demo/help') });
  assert.ok(phone.root.querySelector('wx-web-view'));
  assert.equal(phone.page.data.src, 'https://x.cn/h5/login/T?to=%2Fh5%2Fdemo%2Fhelp');
  await phone.page.refresh();
  assert.equal(phone.bodies('POST /sessions/current/browser').length, 1);
  phone.page.fail();
  assert.match(phone.text, /页面没有打开/);
  assert.deepEqual(phone.buttons, ['重试', '打电话 020-12345678']);
});

test('who has left the pool is led from pages for experts to the record and the appeal', async () => {
  const refusal = { status: 403, data: { detail: '这里只对在库专家开放。', code: 'experts_only' } };
  const phone = await new Phone({ ...applicant, 'GET /experts/me': refusal }).open('pages/profile');
  assert.match(phone.text, /只对在库专家开放/);
  await phone.tap('处理记录与申诉');
  assert.deepEqual(phone.callsOf('redirectTo').map((one) => decodeURIComponent(one.url)), ['/pages/h5?to=/h5/demo/sanctions']);
});

test('a notice of an office opens its page in the role that it needs', async () => {
  const answers = { 'POST /sessions/current/browser': { url: 'https://x.cn/h5/login/T' }, 'PUT /sessions/current/role': {} };
  const draw = await new Phone({ ...answers, 'GET /sessions/current': person('agent') }).open('pages/draw', { id: 'd1' });
  assert.match(draw.page.data.src, /to=%2Fdraws%2Fd1$/);
  const both = await new Phone({ ...answers, 'GET /sessions/current': person('expert',
    { roles: [role('expert'), role('verifier')] }) }).open('pages/application', { id: 'a1', draw: 'd1' });
  assert.equal(both.bodies('PUT /sessions/current/role')[0].role, 'verifier');
  assert.match(both.page.data.src, /to=%2Fdraws%2Fd1%2Fapplication$/);
  const none = await new Phone({ ...answers }).open('pages/verifier');
  assert.match(none.text, /没有办理这件事的身份/);
  assert.deepEqual(none.buttons, ['切换身份', '打电话 020-12345678']);
  await none.tap('切换身份');
  assert.deepEqual(none.callsOf('redirectTo'), [{ url: '/pages/account' }]);
  const many = await new Phone({ ...answers, 'GET /sessions/current': person('expert',
    { roles: [role('agent', 'A'), role('organisation', 'B')] }) }).open('pages/agency');
  assert.deepEqual(many.callsOf('redirectTo'), [{ url: '/pages/account' }]);
});

test('the application: progress, to-do items, and withdrawing it', async () => {
  const phone = await new Phone({ ...applicant, 'GET /home': HOME, 'POST /applications/a1/cancellation': {} }).open('pages/status');
  assert.match(phone.text, /您的申请正在审核.*待办事项.*提交.*已完成.*审核.*进行中/);
  await phone.tap('缴费');
  await phone.tap('修改信息');
  assert.deepEqual(phone.callsOf('navigateTo').map((one) => decodeURIComponent(one.url)), ['/pages/fees', '/pages/h5?to=/h5/demo/apply/form']);
  await phone.tap('放弃申请');
  assert.equal(phone.said[0], '放弃后不能恢复。');
  assert.equal(phone.bodies('POST /applications/a1/cancellation').length, 1);
});

test('what the office has written stands in the status, with the way to answer', async () => {
  const messages = [{ number: 'SQ2', at: '2026-11-22T09:00:00+08:00', text: '请带原件。\n谢谢' },
    { number: 'SQ1', at: '2026-11-21T09:00:00+08:00', text: '请补照片' }];
  const phone = await new Phone({ ...applicant, 'GET /home': { ...HOME, messages } }).open('pages/status');
  assert.match(phone.text, /管理机构的留言.*请带原件。\s*谢谢\s*申请编号 SQ2.*请补照片\s*申请编号 SQ1/s);
  await phone.tap('回复管理机构');
  assert.deepEqual(phone.callsOf('navigateTo').map((one) => decodeURIComponent(one.url)), ['/pages/h5?to=/h5/demo/feedback']);
  assert.doesNotMatch((await new Phone({ ...applicant, 'GET /home': HOME }).open('pages/status')).text, /留言/);
});

const ORDER = { order_id: 'o1', amount: 20000, expires_at: '', code_url: '', parameters: { timeStamp: '1', nonceStr: 'n', package: 'prepay_id=1',
  signType: 'RSA', paySign: 's' } };
const due = { ...applicant, 'GET /payments/fees': { items: [FEE] }, 'GET /payments/fees/f1': { ...FEE, phase: 'paid' },
  'POST /payments/fees/f1/orders': ORDER };

test('a fee is paid at the cashier, and the service is asked afterwards', async () => {
  const phone = await new Phone(due, { requestPayment: async () => ({ errMsg: 'requestPayment:ok' }) }).open('pages/fees');
  assert.match(phone.text, /培训费.*200.00 元.*待缴费/);
  await phone.tap('微信支付');
  assert.deepEqual(phone.bodies('POST /payments/fees/f1/orders'), [{ trade: 'mini' }]);
  assert.deepEqual(phone.callsOf('requestPayment'), [ORDER.parameters]);
  assert.ok(phone.sent.some((one) => one.name === 'GET /payments/fees/f1'));
  assert.deepEqual(phone.said, ['支付完成，正在确认。']);
});

test('cancelling at the cashier is no failure; a failure says what happened to the money', async () => {
  const failing = (errMsg) => new Phone(due, { requestPayment: () => Promise.reject(Object.assign(new Error(), { errMsg })) }).open('pages/fees');
  const away = await failing('requestPayment:fail cancel');
  await away.tap('微信支付');
  assert.deepEqual(away.said, ['没有支付，可以稍后再付。']);
  const broken = await failing('requestPayment:fail');
  await broken.tap('微信支付');
  assert.match(broken.said[0], /如已扣款，几分钟后会显示/);
});

test('the fee of another is looked up by the expert number, named, and paid at the cashier', async () => {
  const theirs = { ...FEE, id: 'f2', own: false, expert_number: 'ZJ0100002', name: '李**' };
  let paid = false;
  const phone = await new Phone({ ...applicant, 'GET /payments/fees': EMPTY, 'POST /payments/fees/f2/orders': ORDER,
    'POST /payments/lookups': ({ body }) => (body.number === 'ZJ0100002' ? theirs : { status: 404, data: { detail: '没有找到这个专家编号的费用' } }),
    'GET /payments/fees/f2': () => ({ ...theirs, phase: paid ? 'paid' : 'open' }),
  }, { requestPayment: async () => { paid = true; } }).open('pages/fees');
  await phone.tap('查询');
  phone.page.typeNumber({ detail: { value: ' ZJ0100009 ' } });
  await phone.tap('查询');
  phone.page.typeNumber({ detail: { value: 'ZJ0100002' } });
  await phone.tap('查询');
  assert.deepEqual(phone.said, ['请填写专家编号。', '没有找到这个专家编号的费用', '请核对申请人：李**']);
  assert.match(phone.text, /您目前没有需要缴纳的费用.*为他人缴费：培训费.*申请人李\*\*.*专家编号ZJ0100002/);
  await phone.tap('微信支付');
  assert.deepEqual(phone.bodies('POST /payments/fees/f2/orders'), [{ trade: 'mini' }]);
  assert.match(phone.text, /已缴费/);
  assert.doesNotMatch(phone.text, /凭证与发票/);
});

test('where only one\'s own fee may be paid, nothing else is offered; a receipt is that of its fee', async () => {
  const phone = await new Phone({ ...applicant, 'GET /pool': { ...POOL, pay_for_others: false },
    'GET /payments/fees': { items: [{ ...FEE, phase: 'paid', paid_at: '2026-11-20T09:00:00+08:00' }] } }).open('pages/fees');
  assert.doesNotMatch(phone.text, /为他人缴费/);
  await phone.tap('凭证与发票');
  assert.deepEqual(phone.callsOf('navigateTo').map((one) => decodeURIComponent(one.url)), ['/pages/h5?to=/h5/demo/pay?fee=f1']);
});

test('without a fee, an examination or a course the page says so', async () => {
  assert.match((await new Phone({ ...applicant, 'GET /payments/fees': EMPTY }).open('pages/fees')).text, /没有需要缴纳的费用/);
  assert.match((await new Phone({ ...applicant, 'GET /exams': EMPTY, 'GET /courses': EMPTY }).open('pages/learning')).text, /没有需要您参加的考试.*没有需要您学习的课程/);
});

test('an examination and a course open where they are sat', async () => {
  const phone = await new Phone({
    ...applicant,
    'GET /exams': { items: [{ candidate_id: 'c1', name: '统一考试', span: '11月26日', place: '', phase: 'open' }] },
    'GET /courses': { items: [{ id: 'e1', name: '继续教育课', progress: 455, phase: 'open' }, { id: 'e2', name: '收费课', progress: 0, phase: 'unpaid' }] },
  }).open('pages/learning');
  assert.match(phone.text, /可以开始.*已学 45%/);
  for (const label of ['统一考试', '继续教育课', '收费课']) await phone.tap(label);
  assert.deepEqual(phone.callsOf('navigateTo').map((one) => decodeURIComponent(one.url)), ['/pages/h5?to=/h5/demo/exams/c1',
    '/pages/h5?to=/h5/demo/courses/e1', '/pages/fees']);
});

test('unavailable times are added after a confirmation, and removed', async () => {
  const period = { id: 'p1', starts_at: '2026-12-01T08:00:00+08:00', ends_at: '2026-12-02T18:00:00+08:00', text: '12月1日(周二)08:00至12月2日(周三)18:00',
    reason: '出差', weekly: false, panels: [] };
  const pause = { ...period, id: 'p2', ends_at: null, text: '12月1日(周二)起，直到您恢复', reason: '生病' };
  const own = { periods: [period, pause], pause_asked_days: 30,
    holidays: [{ key: '2027-spring', text: '2027年春节' }], months: [{ key: '2027-07', text: '2027年7月' }] };
  const phone = await new Phone({
    'GET /experts/me/unavailabilities': own, 'POST /experts/me/unavailabilities': { ...period, panels: ['12月1日 09:00集合，演示中心'] },
    'DELETE /experts/me/unavailabilities/p1': period, 'DELETE /experts/me/unavailabilities/p2': pause,
    'POST /experts/me/unavailabilities/p2/going-on': { again: '2026-12-31T09:00:00+08:00' },
  }).open('pages/availability');
  assert.match(phone.text, /暂停接受抽取恢复.*直到您恢复 · 生病.*每30天问您一次.*取消出差/);
  await phone.tap('继续暂停');
  phone.page.setData({ from: '2026-12-05', to: '2026-12-04' });
  await phone.tap('保存');
  phone.page.pick({ detail: { value: '2026-12-06' }, currentTarget: { dataset: { id: 'to' } } });
  await phone.tap('保存');
  phone.page.pickKind({ detail: { value: '2' } });
  await phone.tap('保存');
  phone.page.turnDay({ currentTarget: { dataset: { id: '2' } } });
  phone.page.pickAt({ detail: { value: '2' }, currentTarget: { dataset: { id: 'hoursAt' } } });
  for (const kind of ['2', '3', '4', '1']) {
    phone.page.pickKind({ detail: { value: kind } });
    await phone.tap('保存');
  }
  assert.deepEqual(phone.bodies('POST /experts/me/unavailabilities'), [
    { kind: 'span', reason: '', starts_at: '2026-12-05T08:00:00+08:00', ends_at: '2026-12-06T18:00:00+08:00' },
    { kind: 'weekly', weekdays: [3], hours: 'afternoon', until: null }, { kind: 'holiday', holiday: '2027-spring' }, { kind: 'month', month: '2027-07' },
    { kind: 'pause', reason: '' },
  ]);
  for (const label of ['出差', '生病']) await phone.tap(label);
  assert.deepEqual(phone.sent.filter((one) => one.name.startsWith('DELETE')).map((one) => one.name.slice(-2)), ['p1', 'p2']);
  assert.match(phone.said.join(), /继续暂停。2026年12月31日再问您.*结束时间应晚于开始时间.*已同意的评标不受影响：12月1日 09:00集合，演示中心.*请选择星期几/);
});

test('past panels and the own file are shown', async () => {
  const past = await new Phone({ 'GET /panels': ({ query }) =>
    (query ? { items: [{ id: 'i1', state: 'absent', gathering_at: '2026-01-05T09:00:00+08:00', place: '广州' }] } : EMPTY) }).open('pages/activities');
  assert.match(past.text, /目前没有.*过去的评标.*缺席/);
  const named = { code: '1', name: '广州市' };
  const me = await new Phone({ 'GET /experts/me': {
    id: 'e', number: 'ZJ1', masked_name: '王**', masked_id_number: '4401', masked_mobile: '138',
    membership_status: { kind: 'suspended', text: '暂停抽取', expert_number: 'ZJ1', emergency: '', suspensions: [WHY] },
    permanent_region: named, willing_regions: [],
    specialties: [named], title_level: named, qualifications: [], department: named, employers: [], unavailable: [],
  } }).open('pages/profile');
  assert.match(me.text, /王\*\*.*暂停抽取.*意愿评标地无.*为什么没有抽取.*未完成必修培训/);
  await me.tap('全部资料与变更');
  assert.deepEqual(me.callsOf('navigateTo').map(({ url }) => url), ['/pages/h5?to=%2Fh5%2Fdemo%2Ffile']);
  const others = await new Phone({ 'GET /experts/me': { ...me.answers['GET /experts/me'], willing_regions: null } }).open('pages/profile');
  assert.doesNotMatch(others.text, /意愿评标地/);
});

test('past notices are listed, and open the page of their action', async () => {
  const one = { id: 'n1', at: '2027-01-05T09:00:00+08:00', title: '评标邀请通知', text: '集合地点：广州', channel: 'wechat', channel_label: '微信',
    state: 'delivered', state_label: '已送达', action: '去答复', path: '/i/x', mini: '', invitation_id: 'i1' };
  const items = [one, { ...one, title: '缴费', path: '/h5/demo/pay', invitation_id: null },
    { ...one, title: '核验', path: '/draws/d1', mini: 'pages/draw?id=d1', invitation_id: null },
    { ...one, title: '意见', path: '/h5/demo/help', invitation_id: null }];
  const phone = await new Phone({ 'GET /notices': { items, total: 21, page: 1, size: 20 } }).open('pages/notices');
  assert.match(phone.text, /评标邀请通知.*已送达.*2027年1月5日 周二 09:00 · 微信.*集合地点：广州/s);
  for (const title of ['评标邀请通知', '缴费', '核验', '意见']) await phone.tap(title);
  assert.deepEqual(phone.callsOf('navigateTo').map(({ url }) => url),
    ['/pages/invitation?id=i1', '/pages/fees', '/pages/draw?id=d1', '/pages/h5?to=%2Fh5%2Fdemo%2Fhelp']);
  await phone.tap('更早的消息');
  assert.equal(phone.sent.at(-1).query, 'page=2&size=20');
  assert.deepEqual(phone.buttons, ['更新的消息']);
});

test('reminders are switched on by a tap, one template at a time', async () => {
  const one = { template_id: 't1', title: '签到提醒', long_term: false, left: 2, state: 'on' };
  const items = [one, { ...one, template_id: 't2', title: '缴费通知', long_term: true, left: 1 },
    { ...one, template_id: 't3', title: '进度通知', long_term: true, left: 0, state: 'ended' }];
  const answers = { 'GET /consents/own': { items }, 'POST /consents': { status: 204 } };
  const phone = await new Phone(answers, { requestSubscribeMessage: async ({ tmplIds: [id] }) => ({ errMsg: '', [id]: 'accept' }) }).open('pages/reminders');
  assert.match(phone.text, /签到提醒.*还可发2条.*缴费通知.*已开启.*进度通知.*已失效/s);
  await phone.tap('进度通知');
  await phone.tap('签到提醒');
  assert.deepEqual(phone.callsOf('requestSubscribeMessage').map(({ tmplIds }) => tmplIds), [['t3'], ['t1']]);
  assert.deepEqual(phone.bodies('POST /consents'), [{ answers: { t3: 'accept' } }, { answers: { t1: 'accept' } }]);
  assert.deepEqual(phone.callsOf('showToast'), []);
});

test('a reminder that WeChat refuses without a question is explained', async () => {
  const items = [{ template_id: 't1', title: '签到提醒', long_term: true, left: 0, state: 'refused' }];
  const phone = await new Phone({ 'GET /consents/own': { items }, 'POST /consents': { status: 204 } },
    { requestSubscribeMessage: async () => ({ errMsg: '', t1: 'reject' }) }).open('pages/reminders');
  await phone.tap('签到提醒');
  assert.match(phone.callsOf('showToast')[0].title, /通知管理/);
});

test('templates of both kinds are never asked for together', async () => {
  const ask = (id, longTerm) => ({ template_id: id, title: id, left: 0, long_term: longTerm, ask: true });
  const items = { supervising: [ask('a', true), ask('c', true)], drawing: [ask('b', false)] };
  await new Phone({ 'GET /consents': ({ query }) => ({ items: items[query.replace('occasion=', '')] || [] }) }).open('pages/index/index');
  const { wanted } = require('../lib/consents');
  assert.deepEqual(await wanted('supervising', 'drawing'), ['a', 'c']);
  assert.deepEqual(await wanted('drawing', 'supervising'), ['b']);
});
