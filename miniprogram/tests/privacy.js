const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { Phone, person } = require('./phone');

const ROOT = path.join(__dirname, '..');
const EMPTY = { items: [] };
const expert = { 'GET /invitations': EMPTY, 'GET /panels': EMPTY };
const later = (hours) => new Date(Date.now() + hours * 3600 * 1000).toISOString();
const PANEL = {
  id: 'i1', state: 'accepted', gathering_at: later(1), ends_at: later(8), place: '广州交易中心', venue: '3号厅', contact: '', contact_phone: '', remark: '',
  answer_until: later(-1), code: '204816', checked_in_at: null, claimed_at: null, checked_out_at: null, leave_until: null, leave_asked_until: null,
  undo_until: null, proposed_gathering_at: null, proposed_start_at: null, proposal: '', recused: false, late_minutes: null, arrives_at: null, late_from: null,
};
const opened = { 'GET /invitations/i1': PANEL, 'POST /invitations/i1/opened': { status: 204 } };
const panel = (weixin) => new Phone(opened, weixin).open('pages/invitation', { id: 'i1' });
const failing = (errMsg) => () => Promise.reject(Object.assign(new Error(), { errMsg }));
/** What WeChat counts as private, of what pages may ask for. */
const PRIVATE = new RegExp(`\\bwx\\.(${[
  'getLocation', 'chooseLocation', 'choosePoi', 'chooseAddress', 'choose(?:Media|Image|Video|MessageFile|Contact)', 'scanCode', '[gs]etClipboardData',
  'saveImage\\w+', 'saveVideo\\w+', 'startRecord', 'getRecorderManager', 'createCameraContext', 'getUserProfile', 'getWeRunData', 'chooseInvoice\\w*',
  'addPhone\\w+', 'openBluetoothAdapter', 'startLocationUpdate\\w*',
].join('|')})\\b|open-type="(get\\w+|choose\\w+)`, 'g');

/** Sources of the mini-program, by path. */
function sources(...endings) {
  const files = fs.readdirSync(ROOT, { recursive: true }).filter((name) => endings.includes(path.extname(name)) && !/^(node_modules|tests|types)/.test(name));
  return new Map(files.map((name) => [name, fs.readFileSync(path.join(ROOT, name), 'utf8')]));
}

test('the mini-program asks for consent itself, as WeChat wants it', () => {
  assert.equal(JSON.parse(fs.readFileSync(path.join(ROOT, 'app.json'), 'utf8')).__usePrivacyCheck__, true);
});

test('everything private that is asked for has a purpose and a way without it', async () => {
  await panel();
  const { refusalOf } = require('../lib/privacy');
  const names = [...sources('.js', '.wxml')].flatMap(([, text]) => [...text.matchAll(PRIVATE)].map(([, called, button]) => called || `button.${button}`));
  assert.deepEqual([...new Set(names)].sort(), ['button.getPhoneNumber', 'getLocation', 'scanCode', 'setClipboardData']);
  for (const name of names) assert.match(refusalOf(name, { errMsg: `${name}:fail privacy permission is not authorized` }).message, /您没有同意使用.*也可以/);
});

test('every page that uses something private shows the question', () => {
  const all = sources('.js', '.wxml');
  const uses = [...all].filter(([name, text]) => name.startsWith('pages') && (text.match(PRIVATE) || /check_in'/.test(text)));
  assert.equal(new Set(uses.map(([name]) => name.replace(/\.\w+$/, ''))).size, 4);
  for (const [name] of uses) assert.match(all.get(name.replace(/\.js$/, '.wxml')), /is="consent" data="{{consent}}"/, name);
});

test('the question says what for; the consent goes to all that wait', async () => {
  const phone = await panel();
  const [first, second] = [phone.needConsent('scanCode'), phone.needConsent('scanCode')];
  await phone.rest();
  assert.match(phone.text, /需要用到相机，只用于扫描评标场所出示的签到码。.*不同意也能继续使用.*用位置签到/);
  assert.deepEqual(first, [{ event: 'exposureAuthorization' }]);
  await phone.tap('阅读《小程序隐私保护指引》');
  assert.equal(phone.callsOf('openPrivacyContract').length, 1);
  phone.page.onHide(); // the guide lies over the page
  assert.deepEqual(first.length, 1);
  await phone.tap('同意并继续', 'agreeprivacyauthorization');
  const agreed = [{ event: 'exposureAuthorization' }, { event: 'agree', buttonId: 'agree' }];
  assert.deepEqual([first, second], [agreed, agreed]);
  assert.doesNotMatch(phone.text, /需要用到/);
});

test('a refusal, and leaving the page, let WeChat go on', async () => {
  const phone = await panel();
  const refused = phone.needConsent('getLocation');
  await phone.rest();
  await phone.tap('不同意');
  assert.deepEqual(refused.at(-1), { event: 'disagree' });
  const left = phone.needConsent('setClipboardData');
  phone.page.onUnload();
  assert.deepEqual(left.at(-1), { event: 'disagree' });
  const unknown = phone.needConsent('somethingNew');
  await phone.rest();
  assert.match(phone.text, /需要用到手机里的信息/);
  assert.equal(unknown.length, 1);
});

test('a refusal is explained by what it was asked for', async () => {
  for (const [errMsg, words] of [
    ['scanCode:fail privacy permission is not authorized', /没有同意使用相机（扫描评标场所出示的签到码）.*再点一次可以同意.*用位置签到/],
    ['scanCode:fail api scope is not declared in the privacy agreement', /还没有登记使用相机.*用位置签到/],
    ['scanCode:fail auth deny', /没有允许使用相机.*小程序的设置里允许/],
    ['scanCode:fail', /没有用上相机.*相机权限/],
  ]) {
    const phone = await new Phone(expert, { scanCode: failing(errMsg), showModal: async () => ({ confirm: false, cancel: false }) }).open('pages/index/index');
    await phone.tap('扫码签到');
    assert.match(phone.said[0], words);
  }
});

test('a position that was denied leads to the settings; one that was not agreed to, to a claim', async () => {
  const denied = await panel({ getLocation: failing('getLocation:fail auth deny') });
  await denied.tap('用位置签到');
  assert.match(denied.said[0], /没有允许使用位置（核对您是否已到评标场所）.*扫描现场二维码/);
  assert.equal(denied.callsOf('openSetting').length, 1);
  assert.equal(denied.said.length, 1);
  const refused = await panel({ getLocation: failing('getLocation:fail privacy permission is not authorized'), showModal: async () => ({ confirm: false }) });
  await refused.tap('用位置签到');
  assert.match(refused.said[0], /没有同意使用位置.*只能记为自报到场/s);
  assert.deepEqual(refused.bodies('POST /check-ins'), []);
});

test('a text that could not be copied can be typed, and a phone number that was not given is an SMS', async () => {
  const chat = await new Phone({ 'GET /sessions/current': person('expert', { in_chat: false }), 'GET /organisations/requests': EMPTY,
    'POST /sessions/current/chat': { code: '12345678' } }, { setClipboardData: failing('setClipboardData:fail privacy permission is not authorized') })
    .open('pages/account');
  await chat.tap('绑定公众号');
  assert.match(chat.said[1], /没有同意使用剪贴板.*照着文字/);
  const phone = await new Phone({ 'GET /sessions/current': person('guest', { bound: false, roles: [] }) }).open('pages/bind');
  await phone.tap('我已阅读并同意');
  await phone.tap('快捷登录', 'getphonenumber', { errMsg: 'getPhoneNumber:fail privacy permission is not authorized' });
  assert.match(phone.said[0], /没有同意使用微信绑定的手机号（登录，确认是您本人）.*短信验证码/);
});

test('older versions of WeChat, which ask by themselves, work as before', async () => {
  const phone = await new Phone(expert, {}).open('pages/index/index');
  delete global.wx.onNeedPrivacyAuthorization;
  delete global.wx.openPrivacyContract;
  await phone.page.onShow();
  phone.page.onHide();
  phone.page.openGuide();
  assert.deepEqual(phone.said, ['没有打开，请更新微信后再试。']);
});
