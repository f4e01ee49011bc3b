// The side panel: phones, clock, faults, ledger.
import { attempt, get, post } from './api.js';
import { clockTime, h, icon, toast } from './dom.js';
import { ROLES } from './phone.js';

const FAULTS = {
  slow: '回答变慢', fail_500: '报 500 错误', drop_answer: '做完不回答', quota_used_up: '额度用完',
  twice: '推送两次', out_of_order: '推送乱序', lost: '推送丢失', wrong_signature: '签名错误',
};
const PAY_FAULTS = {
  error_after: '做完报系统错误', forged_answer: '回答的签名错误', concurrent: '同时通知两次', sign_probe: '先发签名探测', wrong_serial: '通知的证书号不认识',
  old_timestamp: '通知的时间太旧', altered_body: '通知被改过', wrong_amount: '通知的金额多一分', early_order: '下单未回答已付款', early_pay: '先通知后告诉付款人',
  early_refund: '退款先到账后回答', pay_after_close: '关单后仍可付款', not_enough: '商户余额不足', refund_slow: '退款很久才到', refund_abnormal: '退款异常',
  bill_creating: '账单还在生成', bill_unknown_row: '账单多一笔', bill_missing_row: '账单少一笔', bill_bad_hash: '账单校验值错误',
  fapiao_failed: '发票开具失败',
};
/** Faults by vendor: common ones, and the vendor's own. */
const KINDS = { pay: { ...FAULTS, ...PAY_FAULTS }, mail: { slow: FAULTS.slow, fail_500: '暂时不收', drop_answer: FAULTS.drop_answer, quota_used_up: '信箱已满',
  refuse: '退信' } };
const kindsOf = (vendor) => KINDS[vendor] ?? FAULTS;
const nameOf = (fault) => FAULTS[fault.kind] ?? PAY_FAULTS[fault.kind] ?? KINDS.mail[fault.kind] ?? fault.kind;
const VENDORS = { '*': '全部', wechat: '微信', sms: '短信', voice: '语音', identity: '身份认证', pay: '微信支付', mail: '邮件' };
const LEDGER_SHOWN = 150;

export class Panel {
  constructor(workspace) {
    this.workspace = workspace;
    this.element = document.getElementById('panel');
    this.current = '';
    this.buttons = { phones: 'open-phones', faults: 'open-faults', ledger: 'open-ledger' };
    for (const [name, id] of Object.entries(this.buttons)) {
      document.getElementById(id).addEventListener('click', () => (this.current === name ? this.close() : this.open(name)));
    }
    this.element.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.close(); });
  }

  open(name) {
    this.current = name;
    this.element.hidden = false;
    this.mark();
    const title = { phones: '手机与时钟', faults: '故障开关', ledger: '账本' }[name];
    this.body = h('div', { class: 'panel-body' });
    const close = h('button', { type: 'button', class: 'quiet', 'aria-label': '关闭控制台', onclick: () => this.close() }, icon('close'));
    this.element.replaceChildren(h('header', {}, h('h2', { tabindex: '-1' }, title), close), this.body);
    this.element.querySelector('h2').focus();
    ({ phones: () => this.drawPhones(), faults: () => this.drawFaults(), ledger: () => this.drawLedger() })[name]();
  }

  close() {
    const button = document.getElementById(this.buttons[this.current]);
    this.current = '';
    this.element.hidden = true;
    this.mark();
    button?.focus();
  }

  mark() {
    for (const [name, id] of Object.entries(this.buttons)) {
      document.getElementById(id).setAttribute('aria-expanded', String(this.current === name));
    }
  }

  handle(event) {
    if (event.type === 'phones' && this.current === 'phones') this.search();
    if (event.type === 'faults') {
      this.workspace.state.faults = event.faults;
      if (this.current === 'faults') this.drawFaults();
    }
    if (event.type === 'ledger' && this.current === 'ledger') this.addEntry(event.entry);
  }

  // -- phones and clock ----------------------------------------------------------------------------------------

  drawPhones() {
    this.query = h('input', { type: 'search', placeholder: '姓名或手机号', 'aria-label': '查找手机', oninput: () => this.search() });
    this.results = h('ul', { class: 'results' });
    this.body.replaceChildren(
      h('section', {}, h('h3', {}, '跳到时刻'), this.jump()),
      h('section', {}, h('h3', {}, '放到桌面'), this.query, this.results),
      h('section', {}, h('h3', {}, '新手机'), this.newPhone()));
    this.search();
  }

  jump() {
    const local = new Date(this.workspace.now() * 1000 + 8 * 3600e3).toISOString().slice(0, 16);
    const field = h('input', { type: 'datetime-local', value: local, 'aria-label': '北京时间', required: true });
    return h('form', {
      class: 'line-form',
      onsubmit: async (event) => {
        event.preventDefault();
        const target = Date.parse(`${field.value}:00+08:00`) / 1000;
        await this.workspace.advance(target - this.workspace.now());
      },
    }, field, h('button', {}, '跳转'), h('button', {
      type: 'button', onclick: async () => {
        const clock = await attempt(() => post('clock', { offset_seconds: 0 }));
        if (clock) this.workspace.setClock(clock);
      },
    }, '回到现在'));
  }

  async search() {
    const found = await attempt(() => get(`phones?limit=50&q=${encodeURIComponent(this.query.value.trim())}`));
    if (!found) return;
    this.results.replaceChildren(...found.phones.map((phone) => h('li', {}, h('button', {
      type: 'button', onclick: () => this.workspace.show(phone.id),
    }, h('strong', {}, phone.name), h('span', {}, ROLES[phone.role] ?? phone.role), h('small', {}, phone.mobile)),
    this.pilot(phone))));
    if (found.total > found.phones.length) this.results.append(h('li', { class: 'none' }, `共 ${found.total} 部，请缩小范围`));
  }

  /** The phones that answer automatically. */
  pilot(phone) {
    const select = h('select', {
      'aria-label': `${phone.name}的自动应答`,
      onchange: () => attempt(() => post(`phones/${phone.id}/autopilot`, { choice: select.value, by: 'both' })),
    }, ...[['off', '亲手'], ['accept', '自动参加'], ['decline', '自动不参加'], ['silent', '自动不理']].map(([value, label]) => h('option', { value }, label)));
    select.value = phone.autopilot?.choice ?? 'off';
    return select;
  }

  newPhone() {
    const name = h('input', { name: 'name', required: true, placeholder: '姓名', 'aria-label': '姓名' });
    const mobile = h('input', { name: 'mobile', required: true, placeholder: '手机号', 'aria-label': '手机号', inputmode: 'numeric',
      pattern: '1[3-9][0-9]{9}', title: '11 位手机号' });
    const role = h('select', { 'aria-label': '身份' }, ...Object.entries(ROLES).map(([value, label]) => h('option', { value }, label)));
    const pool = h('select', { 'aria-label': '专家库' }, ...this.workspace.state.accounts.map((account) => h('option', { value: account.pool }, account.name)));
    return h('form', {
      class: 'stack',
      onsubmit: async (event) => {
        event.preventDefault();
        const made = await attempt(() => post('phones', { name: name.value, mobile: mobile.value, role: role.value, pool: pool.value }));
        if (!made) return;
        event.target.reset();
        await this.workspace.show(made.id);
      },
    }, name, mobile, role, pool, h('button', { class: 'primary' }, '添加'));
  }

  // -- faults --------------------------------------------------------------------------------------------------

  drawFaults() {
    const active = this.workspace.state.faults.filter((fault) => fault.count !== 0);
    const list = active.map((fault) => h('li', {}, h('span', {}, `${VENDORS[fault.vendor]} · ${nameOf(fault)}`,
      h('small', {}, describe(fault))),
    h('button', { type: 'button', onclick: () => this.setFault({ vendor: fault.vendor, kind: fault.kind, on: false }) }, '关')));
    this.body.replaceChildren(
      h('section', {}, h('h3', {}, '现在的故障'),
        h('ul', { class: 'results' }, ...(list.length ? list : [h('li', { class: 'none' }, '一切正常')])),
        active.length > 1 ? h('button', { type: 'button', onclick: () => attempt(() => post('faults/clear')) }, '全部关闭') : null),
      h('section', {}, h('h3', {}, '打开一个'), this.newFault()));
  }

  newFault() {
    const select = (label, options) => h('select', { 'aria-label': label }, ...Object.entries(options).map(([value, text]) => h('option', { value }, text)));
    const vendor = select('哪一家', VENDORS);
    const kind = select('什么故障', FAULTS);
    vendor.addEventListener('change', () => kind.replaceChildren(...Object.entries(kindsOf(vendor.value)).map(([value, text]) => h('option', { value },
      text))));
    const percent = h('input', { type: 'number', min: '1', max: '100', value: '100', 'aria-label': '概率（百分之）' });
    const count = h('input', { type: 'number', min: '1', placeholder: '不限', 'aria-label': '次数' });
    const seconds = h('input', { type: 'number', min: '0', step: '0.5', value: '3', 'aria-label': '秒数' });
    return h('form', {
      class: 'stack',
      onsubmit: (event) => {
        event.preventDefault();
        this.setFault({
          vendor: vendor.value, kind: kind.value, probability: Number(percent.value) / 100,
          count: count.value ? Number(count.value) : null, seconds: Number(seconds.value),
        });
      },
    }, h('label', {}, '哪一家', vendor), h('label', {}, '故障', kind), h('label', {}, '概率 %', percent),
    h('label', {}, '次数', count), h('label', {}, '秒数', seconds), h('button', { class: 'primary' }, '打开'));
  }

  async setFault(fault) {
    const answer = await attempt(() => post('faults', fault));
    if (!answer) return;
    this.workspace.state.faults = answer.faults;
    this.drawFaults();
    toast(fault.on === false ? '故障已关' : '故障已开');
  }

  // -- ledger --------------------------------------------------------------------------------------------------

  async drawLedger() {
    const vendor = h('select', { 'aria-label': '筛选', onchange: () => this.loadLedger() },
      ...Object.entries(VENDORS).map(([value, label]) => h('option', { value: value === '*' ? '' : value }, label)));
    this.vendor = vendor;
    this.entries = h('ol', { class: 'ledger' });
    this.body.replaceChildren(h('section', {}, vendor, this.entries));
    await this.loadLedger();
  }

  async loadLedger() {
    const found = await attempt(() => get(`ledger?limit=${LEDGER_SHOWN}&vendor=${this.vendor.value}`));
    if (found) this.entries.replaceChildren(...found.entries.reverse().map((entry) => this.entryRow(entry)));
  }

  addEntry(entry) {
    if (this.vendor.value && this.vendor.value !== entry.vendor) return;
    this.entries.prepend(this.entryRow(entry));
    while (this.entries.children.length > LEDGER_SHOWN) this.entries.lastChild.remove();
  }

  entryRow(entry) {
    const arrow = entry.direction === 'in' ? '服务 →' : '→ 服务';
    return h('li', {}, h('details', {},
      h('summary', {}, h('time', {}, clockTime(entry.at)), h('span', { class: `vendor ${entry.vendor}` }, VENDORS[entry.vendor]), h('span', {}, arrow),
        h('strong', {}, entry.name.replace('/cgi-bin/', ''))),
      entry.note ? h('p', {}, entry.note) : null,
      h('pre', {}, JSON.stringify(entry.request, null, 1)), h('pre', {}, JSON.stringify(entry.answer, null, 1))));
  }
}

function describe(fault) {
  const parts = [];
  if (fault.probability < 1) parts.push(`概率 ${Math.round(fault.probability * 100)}%`);
  if (fault.count !== null) parts.push(`还有 ${fault.count} 次`);
  if (fault.seconds) parts.push(`${fault.seconds} 秒`);
  return parts.join('，');
}
