// The applicant: registering, to-dos, progress, paying; longer pages open in the phone's browser.
import { consents } from './consents.js';
import { makeForm } from './forms.js';
import { joinCell } from './joining.js';
import { banner, button, buttons, cell, cells, empty, h, tag } from './ui.js';
import { showTime } from './time.js';

/** A page of the service in the phone's browser, where the same person stays logged in. */
async function openPage(page, route) {
  const { url } = await page.api.post('/sessions/current/browser');
  page.api.host.openUrl(`${url}?to=${encodeURIComponent(route)}`);
}

const BADGES = { formal: 'approved', applying: 'open', temporary: 'open' };
const MARKS = { done: '✓', now: '●', stopped: '！', next: '○' };

export async function applicant(page) {
  page.title('我的申报');
  const [home, askConsent] = await Promise.all([page.api.get('/home'), consents(page, 'applying')]);
  page.every(5000, async () => {
    const fresh = await page.api.get('/home');
    if (JSON.stringify([fresh.to_do, fresh.progress]) !== JSON.stringify([home.to_do, home.progress])) page.refresh();
  });
  const { progress, standing } = home;
  return [
    cells('', [cell('当前身份', '', { note: standing.expert_number && `专家编号 ${standing.expert_number}`, tag: tag(BADGES[standing.kind] ?? '', standing.text) })]),
    joinCell(page, '审核、缴费结果会发到微信'),
    home.to_do.length ? cells('待办事项', home.to_do.map((item) => toDo(page, item, askConsent))) : empty('目前没有需要您办理的事项。'),
    progress && cells(progress.headline, progress.stages.map((stage) => cell(`${MARKS[stage.state]} ${stage.name}`, '', { note: [stage.who, stage.at && showTime(stage.at)].filter(Boolean).join(' · ') })),
      [progress.opinion && `审核意见：${progress.opinion}`, progress.advice, `咨询：${progress.ask}`].filter(Boolean).join(' ')),
    buttons(progress && button('查看进度', async () => {
      await askConsent();
      await openPage(page, `/h5/${page.api.host.phone.pool}/apply/status`);
    })),
    progress?.give_up && givingUp(page, progress),
    cells('', [
      cell('我的缴费', '', { note: '缴费、凭证与发票', onclick: () => page.go('fee') }),
      cell('办理指南与反馈', '', { onclick: () => openPage(page, `/h5/${page.api.host.phone.pool}/help`) }),
      cell('我的账号', '', { note: '密码、手机号、登录设备', onclick: () => openPage(page, `/h5/${page.api.host.phone.pool}/account`) }),
      cell('切换身份、退出登录', '', { onclick: () => page.go('account') }),
    ]),
    home.advice.length > 0 && cells('各地咨询方式', home.advice.map((one) => cell(one.region, one.line))),
  ];
}

/** Giving up is possible wherever an application waits; what follows from it is read first. */
function givingUp(page, progress) {
  return h('details', { class: 'm-group' }, h('summary', {}, '放弃申请'), banner(progress.give_up, 'red'),
    buttons(button('确定放弃', async () => {
      await page.api.post(`/applications/${progress.application_id}/cancellation`);
      page.toast('申请已放弃。');
      page.refresh();
    })));
}

function toDo(page, item, askConsent) {
  const opening = async () => {
    await askConsent();
    await openPage(page, item.route);
  };
  const open = item.code === 'pay' ? () => page.go('fee') : item.code === 'register' ? () => page.go('register') : opening;
  return cell(item.title, '', { note: item.detail, tag: item.route && tag('approved', item.action), onclick: item.route ? open : null });
}

/** Real name and ID number; the mobile is the one that is bound. */
export async function register(page) {
  page.title('实名注册');
  const { pool } = page;
  const agreed = h('input', { type: 'checkbox', id: `honest-${page.api.host.phone.id}` });
  const form = makeForm(page, [
    { name: 'name', label: '真实姓名', placeholder: '与身份证一致' },
    { name: 'id_number', label: '身份证号', placeholder: '18 位，注册后不能修改' },
  ], {}, {
    label: '注册',
    submit: async (values) => {
      await page.api.post('/registrations', { ...values, privacy_version: pool.privacy_version, agreed: agreed.checked });
      await page.app.loadMe();
      page.toast('注册成功。');
      page.app.enter();
    },
  });
  return [
    banner('姓名和身份证号须与身份证一致，注册后不能修改。'),
    h('section', { class: 'm-group' }, form),
    h('label', { class: 'm-consent', for: agreed.id }, agreed, pool.honesty ?? '本人承诺所填信息真实准确。'),
  ];
}

const PHASES = { not_open: '未到缴费时间', open: '待缴费', closed: '缴费已截止', paid: '已缴费', refunded: '已退费', void: '已取消' };

/** What I owe, paid by wx.requestPayment; the service is asked afterwards, since the phone's answer is a hint only. */
export async function fee(page) {
  page.title('缴费');
  const [{ items }, askConsent] = await Promise.all([page.api.get('/payments/fees'), consents(page, 'paying')]);
  if (!items.length) return [empty('目前没有需要缴纳的费用。')];
  const pay = (item) => async () => {
    const order = await page.api.post(`/payments/fees/${item.id}/orders`, { trade: 'mini' });
    const { result, message } = await page.requestPayment(order.parameters);
    if (result === 'ok') {
      await askConsent();
      await page.api.get(`/payments/fees/${item.id}`);
    }
    page.toast(result === 'ok' ? '支付完成，正在确认。' : message || '没有支付。');
    page.refresh();
  };
  page.every(4000, async () => {
    const fresh = await page.api.get('/payments/fees');
    if (JSON.stringify(fresh.items) !== JSON.stringify(items)) page.refresh();
  });
  return items.map((item) => [
    cells(item.title, [
      cell('金额', `${item.amount_yuan} 元`), cell('专家编号', item.expert_number),
      cell('状态', '', { tag: tag(item.phase === 'paid' ? 'approved' : item.phase === 'open' ? 'open' : '', PHASES[item.phase] ?? item.phase) }),
      item.phase === 'not_open' && cell('开放时间', showTime(item.opens_at)),
      item.closes_at && item.phase !== 'paid' && cell('截止', showTime(item.closes_at)),
      item.paid_at && cell('缴费时间', showTime(item.paid_at)),
    ].filter(Boolean), item.phase === 'open' ? item.refund_text : item.phase === 'paid' ? '' : `咨询：${item.hotline}`),
    item.phase === 'open' && buttons(button('微信支付', pay(item), 'primary')),
    item.phase === 'paid' && buttons(button('凭证与发票', () => openPage(page, `/h5/${page.api.host.phone.pool}/pay`))),
  ]);
}

const sum = (counts, name) => counts.reduce((all, one) => all + one[name], 0);

/** Roles whose work is done on pages: reviewing, administration. */
export async function staff(page) {
  const reviewer = page.me.role === 'reviewer';
  page.title(reviewer ? '审核' : '管理');
  const askConsent = await consents(page, 'reviewing');
  const count = async () => (await page.api.get('/reviews', { size: 1 })).counts;
  const counts = reviewer ? await count() : [];
  if (reviewer) page.every(5000, async () => { if (JSON.stringify(await count()) !== JSON.stringify(counts)) page.refresh(); });
  const open = sum(counts, 'open');
  const late = sum(counts, 'overdue');
  const said = open ? `待审 ${open} 件${late ? `，其中已超期 ${late} 件` : ''}` : '没有待审的申请';
  return [
    cells('', [
      reviewer && cell('待审核的申请', open ? h('b', { class: 'm-dot' }, String(open)) : '', { note: said, onclick: async () => { await askConsent(); await openPage(page, '/review'); } }),
      !reviewer && cell('管理台', '', { note: '征集、申请、单位、分工、缴费、异议、反馈', onclick: () => openPage(page, '/office') }),
      !reviewer && cell('抽取活动', '', { onclick: () => page.go('draws') }),
      cell('切换身份、退出登录', '', { onclick: () => page.go('account') }),
    ].filter(Boolean)),
  ];
}
