const assert = require('node:assert/strict');
const test = require('node:test');
const { Phone, person, role } = require('./phone');

const HOME = {
  membership_status: { kind: 'outside', text: '未入库', expert_number: '', emergency: '', suspensions: [] }, to_do: [], progress: null, advice: [],
};
const TOKENS = { access: 'a2', refresh: 'r2', access_until: '', refresh_until: '' };
const EMPTY = { items: [] };
const expert = { 'GET /invitations': EMPTY, 'GET /panels': EMPTY };
const problem = (status, detail, code = 'x') => ({ status, data: { detail, code } });

test('without tokens wx.login begins a log-in, once for all calls that wait', async () => {
  const phone = new Phone({ ...expert, 'POST /sessions': { status: 201, data: { tokens: TOKENS } } });
  delete phone.shelf.tokens;
  await phone.open('pages/index/index');
  assert.deepEqual(phone.bodies('POST /sessions'), [{ code: 'wx-code' }]);
  assert.equal(phone.shelf.tokens.access, 'a2');
  assert.match(phone.text, /没有待答复的邀请/);
});

test('a token that ran out is exchanged and the call goes on; a used-up log-in begins anew', async () => {
  const late = ({ header }) => (header.Authorization === 'Bearer a2' ? EMPTY : problem(401, '登录已过期'));
  const phone = await new Phone({ 'GET /invitations': late, 'GET /panels': late, 'POST /sessions/refresh': TOKENS }).open('pages/index/index');
  assert.deepEqual(phone.bodies('POST /sessions/refresh'), [{ refresh: 'r1' }]);
  assert.match(phone.text, /没有待答复的邀请/);
  const ended = await new Phone({
    'GET /invitations': late, 'GET /panels': late, 'POST /sessions/refresh': problem(401, '登录已结束'), 'POST /sessions': { status: 201, data: { tokens: TOKENS } },
  }).open('pages/index/index');
  assert.match(ended.text, /没有待答复的邀请/);
});

test('a page that can not load says why, and offers to try again and the hotline', async () => {
  let answer = 'away';
  const phone = await new Phone({ 'GET /invitations': () => answer, 'GET /panels': EMPTY }).open('pages/index/index');
  assert.match(phone.text, /网络不通，没有办成/);
  assert.deepEqual(phone.buttons, ['重试', '打电话 020-12345678']);
  await phone.tap('打电话');
  assert.equal(phone.callsOf('makePhoneCall')[0].phoneNumber, '020-12345678');
  answer = EMPTY;
  await phone.tap('重试');
  assert.match(phone.text, /没有待答复的邀请/);
});

test('an answer without words, as of a gateway that is down, gets a sentence', async () => {
  const phone = await new Phone({ 'GET /invitations': { status: 502, data: '<html>' }, 'GET /panels': EMPTY }).open('pages/index/index');
  assert.match(phone.text, /服务暂时不可用/);
});

test('a lost request is sent again with the same key, then again at each retry', async () => {
  const ways = [];
  const phone = await new Phone({ 'GET /organisations/requests': EMPTY, 'POST /sessions/current/chat': 'away' }, {
    showModal: async (given) => { ways.push(given); return { confirm: ways.length === 1, cancel: ways.length > 1 }; },
  }).open('pages/account');
  phone.answers['GET /sessions/current'] = person('expert', { in_chat: false });
  await phone.page.refresh();
  await phone.tap('绑定公众号');
  const keys = phone.sent.filter((one) => one.name === 'POST /sessions/current/chat').map((one) => one.header['Idempotency-Key']);
  assert.equal(keys.length, 4);
  assert.deepEqual(new Set(keys).size, 2);
  assert.deepEqual([ways.length, ways[0].confirmText, ways[0].cancelText], [2, '重试', '知道了']);
  assert.equal(phone.page.data.busy, false);
});

test('a refusal is the sentence of the service, with the hotline beside it', async () => {
  const phone = await new Phone({ 'GET /organisations/requests': EMPTY, 'PUT /sessions/current/role': problem(403, '这个身份已停用。') }, {
    showModal: async () => ({ confirm: false, cancel: true }),
  }).open('pages/account');
  await phone.tap('expert');
  assert.deepEqual(phone.said, ['这个身份已停用。']);
  assert.equal(phone.callsOf('makePhoneCall')[0].phoneNumber, '020-12345678');
});

test('an unbound visitor goes to the log-in and comes back to the page', async () => {
  const phone = await new Phone({ 'GET /sessions/current': person('guest', { bound: false, roles: [] }) }).open('pages/invitation', { id: 'i1' });
  assert.deepEqual(phone.callsOf('redirectTo'), [{ url: `/pages/bind?to=${encodeURIComponent('/pages/invitation?id=i1')}` }]);
  const guest = await new Phone({ 'GET /sessions/current': person('guest') }).open('pages/fees');
  assert.deepEqual(guest.callsOf('redirectTo'), [{ url: '/pages/account' }]);
});

const UNBOUND = { 'GET /sessions/current': person('guest', { bound: false, roles: [] }), 'POST /sessions/current/phone': { masked_name: '',
  masked_mobile: '', roles: [] } };

test('the phone number is taken after the consent, by the code that WeChat gives', async () => {
  const phone = await new Phone(UNBOUND).open('pages/bind', { to: '/pages/fees' });
  await phone.tap('快捷登录');
  assert.match(phone.said[0], /请先阅读并同意/);
  await phone.tap('我已阅读并同意');
  await phone.tap('快捷登录', 'getphonenumber', { errMsg: 'getPhoneNumber:ok', code: 'c1' });
  assert.deepEqual(phone.bodies('POST /sessions/current/phone'), [{ privacy_version: '1', phone_code: 'c1' }]);
  assert.deepEqual(phone.callsOf('reLaunch'), [{ url: '/pages/fees' }]);
});

test('refusing the phone number offers the code by SMS, which works as well', async () => {
  const phone = await new Phone({ ...UNBOUND, 'POST /codes': { masked_mobile: '138****1234' } }).open('pages/bind');
  await phone.tap('我已阅读并同意');
  await phone.tap('快捷登录', 'getphonenumber', { errMsg: 'getPhoneNumber:fail user deny' });
  assert.match(phone.said[0], /可以改用短信验证码/);
  await phone.tap('快捷登录', 'getphonenumber', { errMsg: 'getPhoneNumber:fail no quota' });
  assert.match(phone.said[1], /微信没有给出手机号/);
  await phone.tap('改用短信验证码');
  await phone.tap('获取短信验证码');
  assert.equal(phone.said[2], '请填写11位手机号。');
  phone.page.typeMobile({ detail: { value: '+86 138-0000-1234 ' } });
  await phone.tap('获取短信验证码');
  phone.page.typeCode({ detail: { value: '123456' } });
  await phone.tap('验证并登录');
  assert.deepEqual(phone.bodies('POST /sessions/current/phone'), [{ privacy_version: '1', mobile: '+86 138-0000-1234', sms_code: '123456' }]);
});

test('a link of the official account shows its account; a tap logs in, and another person can decline', async () => {
  const answers = { ...UNBOUND, 'POST /sessions/current/entry': { masked_name: '王**', masked_mobile: '138****1234', consent: true },
    'PUT /sessions/current/entry': {} };
  const phone = await new Phone(answers).open('pages/bind', { entry: 'T1', to: '/pages/draw?id=d1' });
  assert.match(phone.text, /王\*\*.*138/);
  await phone.tap('是我，进入');
  assert.deepEqual(phone.bodies('PUT /sessions/current/entry'), [{ token: 'T1', privacy_version: '1' }]);
  assert.deepEqual(phone.callsOf('reLaunch'), [{ url: '/pages/draw?id=d1' }]);
  const other = await new Phone(answers).open('pages/bind', { entry: 'T1' });
  await other.tap('不是我');
  assert.ok(other.buttons.includes('微信手机号快捷登录'));
  const old = await new Phone({ ...answers, 'POST /sessions/current/entry': problem(403, '链接已失效，请用手机号登录。') }).open('pages/bind', { entry: 'T1' });
  assert.deepEqual(old.said, ['链接已失效，请用手机号登录。']);
  assert.ok(old.buttons.includes('微信手机号快捷登录'));
});

test('an agent whose enterprise is known too weakly reads why', async () => {
  const link = { link_id: 'k1', organisation_name: '示范代理', valid_from: '2026-01-01T00:00:00+08:00', valid_until: '2027-01-01T00:00:00+08:00',
    state: 'active' };
  for (const [by, words] of [['entity', /暂停.*示范代理的法人账号实名等级不够/], ['person', /暂停.*您的实名等级不够/], ['', /您还没有可用的身份.*有效/]]) {
    const phone = await new Phone({ 'GET /sessions/current': person('guest', { roles: [] }),
      'GET /organisations/requests': { items: [{ ...link, paused_by: by }] } }).open('pages/account');
    assert.match(phone.text, words);
    assert.equal(/您还没有可用的身份/.test(phone.text), !by);
  }
});

test('a role is chosen, an organisation is agreed to, and logging out is asked about', async () => {
  const link = { link_id: 'k1', organisation_name: '示范代理', valid_from: '2026-01-01T00:00:00+08:00', valid_until: '2027-01-01T00:00:00+08:00',
    state: 'waiting' };
  const phone = await new Phone({
    'GET /sessions/current': person('guest', { roles: [role('expert', '评标专家'), role('agent', '经办人')] }),
    'GET /organisations/requests': { items: [link] }, 'PUT /sessions/current/role': {}, 'POST /organisations/requests/k1/acceptance': link,
    'DELETE /sessions/current': { ended: 1 },
  });
  phone.answers['GET /sessions/current'] = person('expert', { roles: [role('expert', '评标专家'), role('agent', '经办人')] });
  await phone.open('pages/account');
  await phone.tap('示范代理');
  assert.equal(phone.bodies('POST /organisations/requests/k1/acceptance').length, 1);
  await phone.tap('经办人');
  assert.equal(phone.bodies('PUT /sessions/current/role')[0].role, 'agent');
  await phone.tap('退出登录');
  assert.equal(phone.shelf.tokens, undefined);
  assert.deepEqual(phone.callsOf('reLaunch').map((one) => one.url), ['/pages/index/index', '/pages/index/index']);
});

test('a person without a role registers with name and number after a confirmation', async () => {
  const stranger = { ...expert, 'GET /sessions/current': person('guest', { roles: [] }), 'GET /organisations/requests': EMPTY, 'POST /registrations': {} };
  const door = await new Phone(stranger).open('pages/account');
  await door.tap('申请成为评标专家');
  assert.deepEqual(door.callsOf('navigateTo'), [{ url: '/pages/register' }]);
  const phone = await new Phone(stranger).open('pages/register');
  assert.deepEqual(door.callsOf('redirectTo').concat(phone.callsOf('redirectTo')), [], 'both pages are for persons without a role');
  await phone.tap('注册');
  phone.page.typeName({ detail: { value: '王小明' } });
  phone.page.typeNumber({ detail: { value: '44010119800101001x' } });
  await phone.tap('注册');
  assert.deepEqual(phone.said, ['请填写真实姓名和18位身份证号。', '请先勾选承诺。']);
  await phone.tap('本人承诺真实');
  await phone.tap('注册');
  assert.deepEqual(phone.bodies('POST /registrations'), [{ name: '王小明', id_number: '44010119800101001X', privacy_version: '1', agreed: true }]);
});

test('without a bound chat the first page offers the binding; the code can be copied', async () => {
  const answers = { 'GET /sessions/current': person('applicant', { in_chat: false }), 'GET /home': HOME, 'GET /organisations/requests': EMPTY,
    'POST /sessions/current/chat': { code: '12345678' } };
  const home = await new Phone(answers).open('pages/index/index');
  await home.tap('绑定公众号');
  assert.deepEqual(home.callsOf('navigateTo'), [{ url: '/pages/account' }]);
  const phone = await new Phone(answers).open('pages/account');
  await phone.tap('绑定公众号');
  assert.deepEqual(phone.callsOf('setClipboardData'), [{ data: '绑定 12345678' }]);
});
