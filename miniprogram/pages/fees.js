// The person's fee, or that of a typed expert number, paid with WeChat. After the payment the service is asked, since the phone's result is no proof.
const { Failure, call } = require('../lib/api');
const consents = require('../lib/consents');
const { facts, present } = require('../lib/lists');
const { openPage, toast } = require('../lib/page');
const { own } = require('../lib/routes');
const { showTime } = require('../lib/time');
const { FEE } = require('../lib/words');

/** @param {Api.FeeViewOut} fee */
function noteOf(fee) {
  if (fee.phase === 'open') return fee.refund_text;
  return fee.phase === 'paid' ? '' : `有疑问请拨打${fee.hotline}。`;
}

/** @param {Api.FeeViewOut} fee */
function titleNote(fee) {
  const until = fee.invoice && fee.invoice.issue_at;
  return until ? `${showTime(until)}前可填写发票抬头` : '';
}

/** The fee of another person shows that person's name. @param {Api.FeeViewOut} fee @returns {Shell.Group} */
function groupOf(fee) {
  const [tag, tone] = FEE[fee.phase];
  const paid = fee.phase === 'paid';
  const cells = present([
    { label: '金额', value: `${fee.amount_yuan} 元`, tag, tone },
    ...facts([
      ['申请人', fee.own ? '' : fee.name],
      ['专家编号', fee.expert_number],
      ['开放时间', fee.phase === 'not_open' ? showTime(fee.opens_at) : ''],
      ['截止', fee.closes_at && !paid ? showTime(fee.closes_at) : ''],
      ['缴费时间', fee.paid_at && showTime(fee.paid_at)],
    ]),
    paid && fee.own && { label: '凭证与发票', note: titleNote(fee), url: own(`pay?fee=${fee.id}`) },
  ]);
  const button = fee.phase === 'open' ? { label: '微信支付', command: 'pay', id: fee.id, kind: /** @type {const} */ ('primary') } : undefined;
  return { title: fee.own ? fee.title : `为他人缴费：${fee.title}`, cells, button, note: noteOf(fee) };
}

/** Opens the cashier; false if the person cancelled. @param {Api.ParametersOut | null} given @returns {Promise<boolean>} */
async function openCashier(given) {
  if (!given) throw new Failure('没有取得支付信息，没有扣款。请重试。', { again: true });
  try {
    await wx.requestPayment({ ...given, signType: /** @type {'RSA'} */ (given.signType) });
    return true;
  } catch (error) {
    if (/cancel/.test(/** @type {{ errMsg: string }} */ (error).errMsg)) return false;
    throw new Failure('支付没有完成。如已扣款，几分钟后会显示“已缴费”，请勿重复支付；没有扣款请重试。');
  }
}

/** The current state of a fee that was looked up. @param {string} id */
const reloadFee = (id) => (id ? call('GET /payments/fees/{fee_id}', { path: { fee_id: id } }) : Promise.resolve(null));

openPage({ every: 5000, data: { asked: /** @type {string[]} */ ([]), others: false, number: '', found: '' } }, {
  async load() {
    const [{ items }, asked, found] = await Promise.all([call('GET /payments/fees'), consents.wanted('paying'), reloadFee(this.data.found)]);
    const groups = items.length ? items.map(groupOf) : [{ cells: [], note: '您目前没有需要缴纳的费用。' }];
    return { asked, others: this.pool.pay_for_others, sheet: { groups: found ? [...groups, groupOf(found)] : groups } };
  },

  /** @param {Shell.Tap} event */
  typeNumber({ detail }) { this.setData({ number: detail.value.trim() }); },

  lookUp() {
    if (!this.data.number) return toast('请填写专家编号。');
    return this.act(async () => {
      const fee = await call('POST /payments/lookups', { body: { number: this.data.number } });
      this.setData({ found: fee.own ? '' : fee.id });
      toast(fee.own ? '这是您本人的费用，请在上面支付。' : `请核对申请人：${fee.name}`);
      await this.refresh();
    });
  },

  /** @param {string} id */
  pay(id) {
    return this.act(async () => {
      const order = await call('POST /payments/fees/{fee_id}/orders', { path: { fee_id: id }, body: { trade: 'mini' } });
      const done = await openCashier(order.parameters);
      if (done) {
        await consents.ask(this.data.asked);
        await call('GET /payments/fees/{fee_id}', { path: { fee_id: id } });
      }
      toast(done ? '支付完成，正在确认。' : '没有支付，可以稍后再付。');
      await this.refresh();
    });
  },
});
