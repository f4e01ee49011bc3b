// Which notices WeChat may bring, and a tap to permit more of them.
const { call } = require('../lib/api');
const consents = require('../lib/consents');
const { openPage, toast } = require('../lib/page');

const REFUSED = '没有开启。如果没有弹出询问，请点右上角“…”，在“设置”的“通知管理”里打开，再回来点一次。';

/** Only what no longer works is marked: everything arrives without permissions, too. @type {Record<string, 'good' | 'warn' | ''>} */
const TONES = { on: 'good', off: '', refused: 'warn', ended: 'warn' };

/** @param {Api.OwnConsentOut} one */
function tagOf({ state, long_term, left }) {
  if (state === 'on') return long_term ? '已开启' : `还可发${left}条`;
  return { off: '未开启', refused: '已拒绝', ended: '已失效' }[state];
}

/** @param {Api.OwnConsentOut} one @returns {Shell.Cell} */
const consentCell = (one) => ({
  label: one.title, note: one.long_term ? '开启一次，长期有效' : '点一次，可发一条', tag: tagOf(one), tone: TONES[one.state],
  command: one.state === 'on' && one.long_term ? '' : 'allow', id: one.template_id,
});

openPage({}, {
  async load() {
    const { items } = await call('GET /consents/own');
    const note = items.length ? '不开启也照样用公众号、短信或电话通知您。想在微信里也收到的，点一行即可开启。' : '您的身份没有需要开启的微信提醒。';
    return { sheet: { groups: [{ cells: [], note }, { cells: items.map(consentCell) }] } };
  },

  /** One template a tap, so the two kinds never meet in one question. @param {string} id */
  async allow(id) {
    const accepted = await consents.ask([id]);
    if (!accepted) toast(REFUSED);
    return this.act(() => this.refresh());
  },
});
