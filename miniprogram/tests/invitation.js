const assert = require('node:assert/strict');
const test = require('node:test');
const { Phone } = require('./phone');

const later = (hours) => new Date(Date.now() + hours * 3600 * 1000).toISOString();
const OPEN = {
  id: 'i1', state: 'open', gathering_at: later(20), ends_at: later(28), place: '广州交易中心', venue: '3号厅', contact: '李老师', contact_phone: '020-87654321',
  remark: '请带身份证', answer_until: later(2), code: '', checked_in_at: null, claimed_at: null, checked_out_at: null, leave_until: null,
  leave_asked_until: null, undo_until: null, proposed_gathering_at: null, proposed_start_at: null, proposal: '', recused: false,
  late_minutes: null, arrives_at: null, late_from: null,
};
const ACCEPTED = { ...OPEN, state: 'accepted', code: '204816', leave_until: later(18), undo_until: later(2) };
const OPENED = { 'POST /invitations/i1/opened': { status: 204 } };
const shown = (item, more = {}, weixin = {}) => new Phone({ 'GET /invitations/i1': item, ...OPENED, ...more }, weixin).open('pages/invitation', { id: 'i1' });

test('an open invitation says time, place and contact, and asks for an answer', async () => {
  const phone = await shown(OPEN);
  assert.match(phone.text, /广州交易中心/);
  assert.match(phone.text, /答复期限/);
  assert.deepEqual(phone.buttons, ['参加', '不参加']);
  await phone.tap('联系人');
  assert.equal(phone.callsOf('makePhoneCall')[0].phoneNumber, '020-87654321');
});

test('参加 counts at once, and WeChat is asked for consent in the same tap', async () => {
  let now = OPEN;
  const phone = await shown(() => now, {
    'GET /consents': { items: [{ template_id: 't1', title: '签到提醒', left: 0, ask: true }, { template_id: 't2', title: '变更', left: 3, ask: false }] },
    'POST /consents': { status: 204 },
    'POST /invitations/i1/answer': () => { now = ACCEPTED; return { effective: true, invitation: now }; },
  }, { requestSubscribeMessage: async () => ({ errMsg: 'requestSubscribeMessage:ok', t1: 'accept' }) });
  await phone.tap('参加');
  assert.deepEqual(phone.bodies('POST /invitations/i1/answer'), [{ choice: 'accept', gathering_at: OPEN.gathering_at }]);
  assert.deepEqual(phone.callsOf('requestSubscribeMessage')[0].tmplIds, ['t1']);
  assert.deepEqual(phone.bodies('POST /consents'), [{ answers: { t1: 'accept' } }]);
  assert.match(phone.text, /204816/);
  assert.deepEqual(phone.said, ['已确认参加，验证码 204816。']);
});

test('refusing or switching off messages does not prevent an acceptance', async () => {
  const phone = await shown(OPEN, {
    'GET /consents': { items: [{ template_id: 't1', title: '签到提醒', left: 0, ask: true }] },
    'POST /invitations/i1/answer': { effective: true, invitation: ACCEPTED },
  }, { requestSubscribeMessage: () => Promise.reject(Object.assign(new Error(), { errMsg: 'requestSubscribeMessage:fail The main switch is off' })) });
  await phone.tap('参加');
  assert.deepEqual(phone.said, ['已确认参加，验证码 204816。']);
});

test('不参加 is asked about once more before it is sent', async () => {
  const answered = { 'POST /invitations/i1/answer': { effective: true, invitation: { ...OPEN, state: 'declined' } } };
  const unsure = await shown(OPEN, answered, { showModal: async () => ({ confirm: false, cancel: true }) });
  await unsure.tap('不参加');
  assert.deepEqual(unsure.bodies('POST /invitations/i1/answer'), []);
  const sure = await shown(OPEN, answered);
  await sure.tap('不参加');
  assert.deepEqual(sure.bodies('POST /invitations/i1/answer'), [{ choice: 'decline', gathering_at: OPEN.gathering_at }]);
});

test('an earlier answer on another channel stays and is shown', async () => {
  const phone = await shown(OPEN, { 'POST /invitations/i1/answer': { effective: false, invitation: { ...OPEN, state: 'silent' } } });
  await phone.tap('参加');
  assert.deepEqual(phone.said, ['此前已记录：未答复。']);
});

test('a gathering that moved meanwhile is shown and asked about again', async () => {
  let now = OPEN;
  const phone = await shown(() => now, {
    'POST /invitations/i1/answer': ({ body }) => (body.gathering_at === now.gathering_at ? { effective: true, invitation: ACCEPTED }
      : { status: 409, data: { code: 'gathering_moved', detail: '集合时间已改为12月1日(周二) 09:00，请核对后再答复。' } }),
  });
  now = { ...OPEN, gathering_at: '2026-12-01T09:00:00+08:00' };
  await phone.tap('参加');
  assert.match(phone.said[0], /集合时间已改为.*请核对后再答复/);
  assert.match(phone.text, /12月1日/);
  await phone.tap('参加');
  assert.deepEqual(phone.bodies('POST /invitations/i1/answer').map((body) => body.gathering_at), [OPEN.gathering_at, now.gathering_at]);
});

const ENDS = {
  declined: '不用到场', silent: '不用到场', left: '不用到场', absent: '联系人电话', recused: '不再参加', released: '不用到场', cancelled: '不用到场',
};
for (const [state, words] of Object.entries(ENDS)) {
  test(`${state}: says what holds and offers nothing that is refused`, async () => {
    const phone = await shown({ ...OPEN, state });
    assert.match(phone.text, new RegExp(words));
    assert.deepEqual(phone.buttons, []);
  });
}

test('a declared recusal is neither a refusal nor a leave', async () => {
  const phone = await shown({ ...OPEN, state: 'declined', recused: true });
  assert.match(phone.text, /您须回避，不用到场/);
  assert.doesNotMatch(phone.text, /不参加/);
  assert.deepEqual(phone.buttons, []);
});

test('an acceptance can be undone until its time', async () => {
  const phone = await shown(ACCEPTED, { 'POST /invitations/i1/undo': { effective: false, invitation: ACCEPTED } });
  assert.deepEqual(phone.buttons, ['扫码签到', '用位置签到', '点错了，撤销同意', '请假']);
  await phone.tap('点错了');
  assert.match(phone.said[0], /不能到场的，请点“请假”/);
  assert.ok(!(await shown({ ...ACCEPTED, undo_until: null })).buttons.includes('点错了，撤销同意'));
});

test('a leave is asked for with its reason, after its consequence was shown', async () => {
  const phone = await shown(ACCEPTED, { 'POST /invitations/i1/leave': { ...ACCEPTED, state: 'left' } }, {
    showModal: async ({ editable }) => ({ confirm: true, content: editable ? '突发疾病' : '' }),
  });
  await phone.tap('请假');
  assert.equal(phone.callsOf('showModal')[1].content, '请假后名额由他人补上。');
  assert.deepEqual(phone.bodies('POST /invitations/i1/leave'), [{ reason: '突发疾病', late: false }]);
});

test('without a reason no leave is asked for', async () => {
  const phone = await shown(ACCEPTED, {}, { showModal: async () => ({ confirm: true, content: ' 病' }) });
  await phone.tap('请假');
  assert.match(phone.said.at(-1), /请写明原因/);
  assert.deepEqual(phone.bodies('POST /invitations/i1/leave'), []);
});

test('past its time a leave is asked for with what follows from that', async () => {
  const late = { ...ACCEPTED, leave_until: later(-1) };
  const phone = await shown(late, { 'POST /invitations/i1/leave': { ...late, state: 'left' } }, {
    showModal: async ({ editable }) => ({ confirm: true, content: editable ? '突发疾病' : '' }),
  });
  assert.ok(!phone.buttons.includes('请假'));
  assert.match(phone.text, /请假时间已过，确实不能到场请尽早/);
  await phone.tap('不能到场');
  assert.equal(phone.callsOf('showModal')[1].content, '请假时间已过，会如实记录。');
  assert.deepEqual(phone.bodies('POST /invitations/i1/leave'), [{ reason: '突发疾病', late: true }]);
});

const AWAITED = { ...ACCEPTED, undo_until: null, gathering_at: later(1), late_from: later(-1) };
const typing = (text) => ({ showModal: async ({ editable }) => ({ confirm: true, content: editable ? text : '' }) });

test('a late arrival is announced with its minutes, after what it means was shown, and taken back', async () => {
  let now = AWAITED;
  const phone = await shown(() => now, {
    'POST /invitations/i1/late-arrival': ({ body }) => { now = { ...now, late_minutes: body.minutes, arrives_at: later(1.5) }; return now; },
    'DELETE /invitations/i1/late-arrival': () => { now = AWAITED; return now; },
  }, typing('30分钟'));
  await phone.tap('会晚到');
  assert.match(phone.callsOf('showModal')[1].content, /^晚30分钟，约\d\d:\d\d到。不是准假。$/);
  assert.deepEqual(phone.bodies('POST /invitations/i1/late-arrival'), [{ minutes: 30 }]);
  assert.match(phone.text, /您已说明晚到30分钟，约\d\d:\d\d到/);
  assert.ok(phone.buttons.includes('改晚到时间'));
  await phone.tap('能按时到');
  assert.ok(phone.buttons.includes('会晚到'));
  assert.deepEqual(phone.said.slice(2), ['已记录，并通知抽取单位、评标场地和监督人。', '已记录：您能按时到。']);
});

test('what is no number of minutes within the bounds is not sent', async () => {
  for (const text of ['', '0', '900', '很久', '-5', '1.5']) {
    const phone = await shown(AWAITED, {}, typing(text));
    await phone.tap('会晚到');
    assert.match(phone.said[1], /5到180之间/, text);
    assert.deepEqual(phone.bodies('POST /invitations/i1/late-arrival'), []);
  }
});

test('before its time and after the check-in no late arrival is offered', async () => {
  for (const more of [{ late_from: later(1) }, { late_from: null }, { checked_in_at: later(-0.1), late_minutes: 20, arrives_at: later(0.3) }]) {
    const phone = await shown({ ...AWAITED, ...more });
    assert.ok(!phone.buttons.includes('会晚到') && !phone.buttons.includes('改晚到时间'));
  }
});

test('a leave registered by another person counts only after the expert confirms it', async () => {
  const asked = { ...ACCEPTED, leave_asked_until: later(1) };
  const phone = await shown(asked, { 'POST /invitations/i1/leave-answer': asked });
  assert.match(phone.text, /有人为您登记了请假/);
  await phone.tap('按时到场');
  await phone.tap('确认请假');
  assert.deepEqual(phone.bodies('POST /invitations/i1/leave-answer'), [{ agrees: false }, { agrees: true }]);
});

test('a moved time is agreed to at once, and going is asked again', async () => {
  const moved = { ...ACCEPTED, proposed_gathering_at: later(21), proposal: '1795000000-' };
  const phone = await shown(moved, { 'POST /invitations/i1/move-answer': moved });
  assert.match(phone.text, /集合时间拟改为.*答复之前，原定时间仍然有效/);
  await phone.tap('同意改期');
  await phone.tap('改期后不能参加');
  assert.deepEqual(phone.bodies('POST /invitations/i1/move-answer'), [
    { agrees: true, proposal: '1795000000-' }, { agrees: false, proposal: '1795000000-' }]);
});

test('checked in, checked out and over are shown without buttons', async () => {
  for (const [more, words] of [[{ checked_in_at: later(-1) }, '已签到'], [{ checked_in_at: later(-2), checked_out_at: later(-1) }, '已离场'],
    [{ ends_at: later(-1) }, '已结束']]) {
    const phone = await shown({ ...ACCEPTED, undo_until: null, ...more });
    assert.match(phone.text, new RegExp(words));
    assert.deepEqual(phone.buttons, []);
  }
});

test('the way to the venue is shown on WeChat\'s map, also to who comes late', async () => {
  const map = { latitude: 23.12, longitude: 113.26 };
  for (const item of [{ ...OPEN, map }, { ...AWAITED, map, late_minutes: 20, arrives_at: later(1.4) }]) {
    const phone = await shown(item);
    await phone.tap('集合地点');
    const [{ fail, ...given }] = phone.callsOf('openLocation');
    assert.deepEqual(given, { ...map, name: '3号厅', address: '广州交易中心', scale: 16 });
    fail();
    assert.deepEqual(phone.said, ['地图没有打开，请重试。']);
  }
  assert.doesNotMatch((await shown({ ...ACCEPTED, map: null })).text, /在地图上查看/);
});

const RECEIPT = { first: true, at: '2026-11-24T09:00:00+08:00', code: '204816', place: '广州交易中心', counted: true, advice: '' };

test('the code at the venue checks in, and the receipt can be shown', async () => {
  const phone = await shown(ACCEPTED, { 'POST /check-ins': RECEIPT }, { scanCode: async () => ({ result: 'https://expert.example.cn/v/AbC-12' }) });
  await phone.tap('扫码签到');
  const [{ token, device }] = phone.bodies('POST /check-ins');
  assert.equal(token, 'AbC-12');
  assert.equal(device, phone.shelf.device);
  const [{ url }] = phone.callsOf('navigateTo');
  const receipt = await new Phone().open('pages/arrival', Object.fromEntries(new URL(`http://x${url}`).searchParams));
  assert.match(receipt.text, /签到成功.*204816.*广州交易中心/);
});

test('another code is refused with advice, and cancelling the camera shows no message', async () => {
  for (const [result, words] of [['http://weixin.qq.com/q/abc', '微信“扫一扫”'], ['hello', '签到码']]) {
    const phone = await shown(ACCEPTED, {}, { scanCode: async () => ({ result }) });
    await phone.tap('扫码签到');
    assert.match(phone.said[0], new RegExp(words));
  }
  const back = await shown(ACCEPTED, {}, { scanCode: () => Promise.reject(Object.assign(new Error(), { errMsg: 'scanCode:fail cancel' })) });
  await back.tap('扫码签到');
  assert.deepEqual(back.said, []);
});

test('by position it counts near the venue; without a position it is a claim that is agreed to first', async () => {
  const near = await shown(ACCEPTED, { 'POST /check-ins': RECEIPT }, { getLocation: async () => ({ latitude: 23.1, longitude: 113.2 }) });
  await near.tap('用位置签到');
  assert.deepEqual(near.bodies('POST /check-ins'), [{ invitation_id: 'i1', position: { latitude: 23.1, longitude: 113.2, system: 'gcj02' } }]);
  const blind = await shown(ACCEPTED, { 'POST /check-ins': { ...RECEIPT, counted: false, advice: '请扫描现场二维码。' } },
    { getLocation: () => Promise.reject(new Error()) });
  await blind.tap('用位置签到');
  assert.match(blind.said[0], /只能记为自报到场/);
  assert.match(decodeURIComponent(blind.callsOf('navigateTo')[0].url), /counted=false/);
});

test('the page is reported as opened by the person, not by its timer', async () => {
  const phone = await shown(OPEN);
  const count = (name) => phone.sent.filter((one) => one.name === name).length;
  await phone.page.refresh(true);
  await phone.rest();
  assert.equal(count('GET /invitations/i1'), 2);
  assert.equal(count('POST /invitations/i1/opened'), 1);
  await phone.page.refresh();
  await phone.rest();
  assert.equal(count('POST /invitations/i1/opened'), 2);
});
