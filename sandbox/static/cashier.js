// WeChat Pay's cashier: the amount, the person's decision, and the result.
import { post, Refused } from './api.js';
import { h, icon } from './dom.js';

export const PAY_CODE = 'weixin://wxpay/';
const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

export class Cashier {
  constructor(phone) {
    this.phone = phone;
    this.sheet = h('div', { class: 'pay-sheet' });
    this.element = h('div', {
      class: 'over pay', role: 'dialog', 'aria-label': '微信支付', hidden: true,
      onkeydown: (event) => { if (event.key === 'Escape') this.leave(); },
    }, this.sheet);
  }

  /** Called by a page or a mini-program; resolves to {result: ok | cancel | fail, message}. */
  async request(parameters) {
    if (!this.element.hidden) return { result: 'fail', message: '正在支付，请稍候。' };
    const decided = new Promise((resolve) => { this.resolve = resolve; });
    try {
      this.show(await post('pay/jsapi', { ...parameters, phone: this.phone.id }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail(error.message);
    }
    return decided;
  }

  /** Shows an open cashier until the person has decided. */
  show(facts) {
    this.facts = facts;
    this.result = 'cancel';
    const confirm = h('button', { type: 'button', class: 'primary', onclick: () => this.confirm(confirm) }, '确认支付');
    this.draw(
      h('p', { class: 'pay-to' }, facts.merchant),
      h('p', { class: 'pay-sum' }, h('small', {}, '￥'), yuan(facts.total)),
      h('dl', {},
        h('div', {}, h('dt', {}, '商品'), h('dd', {}, facts.description)),
        h('div', {}, h('dt', {}, '付款方式'), h('dd', {}, `零钱（剩余￥${yuan(facts.balance)}）`))),
      confirm);
    this.close = h('button', { type: 'button', class: 'nav-button', 'aria-label': '取消支付', onclick: () => this.leave() }, icon('close'));
    this.sheet.prepend(this.close);
    confirm.focus({ preventScroll: true });
  }

  async confirm(button) {
    button.disabled = true;
    this.busy = true;
    this.close.hidden = true;
    try {
      await post('pay/confirm', { phone: this.phone.id, cashier: this.facts.cashier, wait: false });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.fail(error.message);
      return;
    } finally {
      this.busy = false;
    }
    this.result = 'ok';
    this.end('支付成功', `￥${yuan(this.facts.total)}`, this.facts.merchant);
  }

  /** Shows on a sheet why a payment is impossible. */
  fail(message) {
    this.result = 'fail';
    this.message = message;
    this.end('无法支付', '', message);
  }

  end(title, sum, line) {
    const done = h('button', { type: 'button', class: 'primary', onclick: () => this.leave() }, '完成');
    this.draw(
      h('h3', { class: this.result }, title),
      sum ? h('p', { class: 'pay-sum' }, sum) : null,
      h('p', { class: 'pay-to', role: 'status' }, line),
      done);
    done.focus({ preventScroll: true });
  }

  draw(...content) {
    this.sheet.replaceChildren(...content.filter(Boolean));
    this.element.hidden = false;
  }

  /** Closes: an open cashier is cancelled, a finished one returns its result. */
  leave() {
    if (this.busy) return;
    if (this.result === 'cancel') {
      post('pay/cancel', { phone: this.phone.id, cashier: this.facts.cashier }).catch((error) => {
        if (!(error instanceof Refused)) throw error;
      });
    }
    this.element.hidden = true;
    const { resolve, result, message = '' } = this;
    this.resolve = null;
    this.message = '';
    resolve?.({ result, message });
  }
}
