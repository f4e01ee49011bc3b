// Identifies the person: consent first, then the mobile, by WeChat's phone number or an SMS code; or by a link of the official account.
const { Failure, call } = require('../lib/api');
const { openPage, toast } = require('../lib/page');
const { refusalOf } = require('../lib/privacy');
const { purposeOf } = require('../lib/routes');
const session = require('../lib/session');

/** Opens the page to continue with. @param {Shell.Query} query */
const continueTo = (query) => wx.reLaunch({ url: query.to || '/pages/index/index' });

openPage({ open: true, data: { name: '', purpose: '', privacy: '', agreed: false, mobile: '', code: '', typing: false,
  who: /** @type {Api.EntranceOut | null} */ (null) } }, {
  async load() {
    if (this.me.bound) continueTo(this.query);
    return { name: this.pool.name, purpose: purposeOf(this.query.to), privacy: this.pool.privacy_text, who: await this.entrance() };
  },

  /** The account that the link belongs to; null without a valid link. @returns {Promise<Api.EntranceOut | null>} */
  async entrance() {
    const token = session.getEntry();
    if (!token || this.me.bound) return null;
    try {
      return await call('POST /sessions/current/entry', { body: { token } });
    } catch (error) {
      if (!(error instanceof Failure) || error.again) throw error;
      session.setEntry('');
      toast(error.message);
      return null;
    }
  },

  agree() { this.setData({ agreed: !this.data.agreed }); },
  later() {
    session.setEntry('');
    return wx.reLaunch({ url: '/pages/index/index' });
  },
  otherWay() { this.setData({ typing: !this.data.typing }); },
  /** @param {Shell.Tap} event */
  typeMobile({ detail }) { this.setData({ mobile: detail.value.trim() }); },
  /** @param {Shell.Tap} event */
  typeCode({ detail }) { this.setData({ code: detail.value.trim() }); },

  notMe() {
    session.setEntry('');
    this.setData({ who: null });
  },

  mayGoOn() {
    if (this.data.agreed) return true;
    toast('请先阅读并同意个人信息处理说明。');
    return false;
  },

  /** WeChat's own button returns a single-use code. @param {WechatMiniprogram.CustomEvent<{ code?: string; errMsg: string }>} event */
  async phone({ detail }) {
    if (!this.mayGoOn()) return;
    if (detail.code) await this.bind({ phone_code: detail.code });
    else if (/deny|cancel/.test(detail.errMsg)) toast('没有授权手机号，可以改用短信验证码。');
    else if (/privacy|declared/.test(detail.errMsg)) await this.act(() => Promise.reject(refusalOf('button.getPhoneNumber', detail)));
    else await this.act(() => Promise.reject(new Failure('微信没有给出手机号。请重试，或改用短信验证码。')));
  },

  sendCode() {
    if (!this.data.mobile) return toast('请填写11位手机号。');
    return this.act(async () => {
      const sent = await call('POST /codes', { body: { mobile: this.data.mobile, purpose: 'bind' } });
      toast(`验证码已发送到${sent.masked_mobile}。`);
    });
  },

  async byCode() {
    if (!this.mayGoOn()) return;
    if (!this.data.mobile || !this.data.code) toast('请填写手机号和短信验证码。');
    else await this.bind({ mobile: this.data.mobile, sms_code: this.data.code });
  },

  /** @param {{ phone_code: string } | { mobile: string; sms_code: string }} proof */
  bind(proof) {
    return this.act(async () => {
      await call('POST /sessions/current/phone', { body: { privacy_version: this.pool.privacy_version, ...proof } });
      this.finish();
    });
  },

  async enter() {
    const token = session.getEntry();
    if (!this.data.who?.consent && !this.mayGoOn()) return;
    await this.act(async () => {
      await call('PUT /sessions/current/entry', { body: { token, privacy_version: this.pool.privacy_version } });
      this.finish();
    });
  },

  finish() {
    session.setEntry('');
    session.changed();
    toast('已登录。');
    continueTo(this.query);
  },
});
