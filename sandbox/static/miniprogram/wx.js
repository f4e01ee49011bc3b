// WeChat's functions for mini-programs, only those that the mini-program uses. For another one an error names it.

/** The argument of `fail`: `cancel`, or the reason. */
export class Refusal extends Error {
  constructor(why, code) {
    super(why);
    this.code = code;
  }
}

/** Calls a function as WeChat does: with callbacks, or returns a promise if there are none. */
function asked(name, work) {
  return (given = {}) => {
    const { success, fail, complete } = given;
    const done = work(given).then((answer) => ({ ...answer, errMsg: `${name}:ok` }), (error) => {
      if (!(error instanceof Refusal)) throw error;
      const errMsg = `${name}:fail ${error.message}`;
      throw Object.assign(new Error(errMsg), { errMsg, errCode: error.code });
    });
    if (!success && !fail && !complete) return done;
    done.then(success, fail).finally(complete);
    return undefined;
  };
}

/** Changes the page in a later turn, as WeChat does: pages that redirect to each other in a loop don't block the phone. */
const turn = () => new Promise((resolve) => { setTimeout(resolve); });

/** Functions by name, for a phone and its shell; `given` as WeChat documents it. */
const ASKED = {
  async request({ url, method = 'GET', header = {}, data }, { host, timeout }) {
    if (!await host.network()) throw new Refusal('');
    let response;
    try {
      response = await fetch(url, { method, headers: header, body: data, signal: AbortSignal.timeout(timeout) });
    } catch {
      throw new Refusal('');
    }
    const body = await response.text();
    let read = body;
    try {
      read = JSON.parse(body);
    } catch {
      // Not JSON: returned as text, as WeChat does.
    }
    return { statusCode: response.status, data: read, header: Object.fromEntries(response.headers) };
  },
  async login(_, { host }) {
    const code = await host.login();
    if (!code) throw new Refusal('');
    return { code };
  },
  async requestSubscribeMessage({ tmplIds }, { host }) {
    try {
      return await host.subscribe(tmplIds);
    } catch (error) {
      if (!error.errCode) throw error;
      throw new Refusal(error.message.replace(/^requestSubscribeMessage:fail /, ''), error.errCode);
    }
  },
  async requestPayment({ timeStamp, nonceStr, package: prepaid, signType, paySign }, { host }) {
    const { result, message } = await host.pay({ timeStamp, nonceStr, package: prepaid, signType, paySign });
    if (result !== 'ok') throw new Refusal(result === 'cancel' ? 'cancel' : message);
  },
  async scanCode(_, { host }) {
    const result = await host.scan();
    if (result === null) throw new Refusal('cancel');
    return { result, scanType: 'QR_CODE', charSet: 'UTF-8' };
  },
  async getLocation({ type }, { host }) {
    if (type !== 'gcj02') throw new Refusal(`type ${type} is not supported by the sandbox`);
    const place = await host.locate();
    if (!place) throw new Refusal('auth deny');
    return place;
  },
  async openLocation({ latitude, longitude, name, address }, { shell }) {
    await shell.ask({ title: name, content: `${address}（${latitude}, ${longitude}）`, showCancel: false, confirmText: '返回' });
  },
  async openSetting(_, { shell }) {
    await shell.ask({ title: '设置', content: '位置是否允许，在这部手机的“网络与时钟”旁设置。', showCancel: false, confirmText: '返回' });
    return { authSetting: {} };
  },
  async openPrivacyContract(_, { shell }) {
    await shell.ask({ title: '小程序隐私保护指引', content: '在微信里，这里显示公众平台上登记的指引。', showCancel: false, confirmText: '返回' });
  },
  async makePhoneCall({ phoneNumber }, { host }) { host.call(phoneNumber); },
  async setClipboardData({ data }, { host }) { await host.copy(data); },
  async showModal(given, { shell }) { return shell.ask(given); },
  async showToast({ title, duration }, { shell }) { shell.toast(title, duration); },
  async setNavigationBarTitle({ title }, { shell }) { shell.setTitle(title); },
  async stopPullDownRefresh(_, { shell }) { shell.endPull(); },
  async navigateTo({ url }, { shell }) { await turn(); shell.navigateTo(url); },
  async redirectTo({ url }, { shell }) { await turn(); shell.redirectTo(url); },
  async reLaunch({ url }, { shell }) { await turn(); shell.reLaunch(url); },
};

/** What WeChat gives only to who has agreed to the privacy guide. */
const PRIVATE = ['scanCode', 'getLocation', 'setClipboardData'];
const STORAGE = ['getStorageSync', 'setStorageSync', 'removeStorageSync'];

/** All names of `wx` that can be used. */
export const NAMES = [...Object.keys(ASKED), ...STORAGE, 'onNeedPrivacyAuthorization'];

/** The work, for something private after the person's consent. */
const withConsent = (name, work) => (PRIVATE.includes(name) ? async (given, parts) => {
  if (!await parts.shell.hasConsent(name)) throw new Refusal('privacy permission is not authorized', 104);
  return work(given, parts);
} : work);

/** `wx` for one phone; it calls the phone (`host`) and the shell of the pages. */
export function makeWx({ host, shell, timeout }) {
  const parts = { host, shell, timeout };
  const known = {
    ...Object.fromEntries(Object.entries(ASKED).map(([name, work]) => [name, asked(name, (given) => withConsent(name, work)(given, parts))])),
    onNeedPrivacyAuthorization: (listener) => shell.askConsentBy(listener),
    getStorageSync: (name) => host.shelf.get(name) ?? '',
    setStorageSync: (name, value) => host.shelf.set(name, value),
    removeStorageSync: (name) => host.shelf.remove(name),
  };
  return new Proxy(known, {
    get(found, name) {
      if (!(name in found)) throw new Error(`wx.${String(name)} is not supported by the sandbox`);
      return found[name];
    },
  });
}
