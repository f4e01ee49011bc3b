// The base of every page: opening, loading, failures with advice, actions at taps.
const config = require('../config');
const { Failure } = require('./api');
const privacy = require('./privacy');
const { own } = require('./routes');
const session = require('./session');

/** @param {Record<string, string | undefined>} query @returns {Shell.Query} */
function decoded(query) {
  /** @type {Shell.Query} */
  const plain = {};
  for (const name of Object.keys(query)) plain[name] = decodeURIComponent(query[name] || '');
  return plain;
}

/** @param {unknown} error */
function failureOf(error) {
  if (error instanceof Failure) return error;
  console.error(error);
  return new Failure('小程序出错了，没有办成。请重试；仍不行请更新微信后再试。', { again: true });
}

const BIND = '/pages/bind';
const hotline = () => session.hotline() || config.hotline;

/** @param {string} number */
const telephone = (number) => wx.makePhoneCall({ phoneNumber: number, fail: () => {} });

/** Shows a failure; true if the person wants to try again. @param {Failure} failure @returns {Promise<boolean>} */
async function showFailure(failure) {
  const line = hotline();
  const others = line ? { cancelText: '打电话' } : { showCancel: false };
  const ways = failure.again ? { confirmText: '重试', cancelText: '知道了' } : { confirmText: '知道了', ...others };
  const { confirm, cancel } = await wx.showModal({ title: '没有办成', content: failure.message, ...ways });
  if (!failure.again && line && cancel) telephone(line);
  return failure.again && confirm;
}

/**
 * The page for a person who may not open this one yet; empty if he may.
 * @param {Api.MeOut} me @param {string} here @param {boolean} open @param {boolean} guests
 */
function redirectFor(me, here, open, guests) {
  const entrance = here.startsWith(BIND);
  if (!me.bound && !entrance && (!open || session.getEntry())) return `${BIND}?to=${encodeURIComponent(here)}`;
  return me.bound && me.role === 'guest' && !open && !guests ? '/pages/account' : '';
}

/** @param {string} route @param {Shell.Query} query */
function addressOf(route, query) {
  const parts = Object.keys(query).filter((name) => name !== 'entry').map((name) => `${name}=${encodeURIComponent(query[name])}`);
  return `/${route}${parts.length ? `?${parts.join('&')}` : ''}`;
}

/**
 * Registers a page.
 * @template {object} D
 * @param {Shell.Setup<D>} setup
 * @param {Shell.Commands<D>} commands
 */
function openPage({ data, every = 0, open = false, guests = false }, commands) {
  /** @type {Shell.State} */
  const state = { phase: 'loading', failure: '', left: false, hotline: '', busy: false, sheet: {}, consent: null };
  Page({
    ...commands,
    data: { ...state, ...data },

    /** @param {Record<string, string | undefined>} query */
    onLoad(query) {
      this.query = decoded(query);
      if (this.query.entry) session.setEntry(this.query.entry);
    },

    onShow() {
      this.hidden = false;
      privacy.listen((answer, { referrer }) => this.askConsent(answer, referrer));
      if (every) this.timer = setInterval(() => this.refresh(true), every);
      return this.refresh();
    },

    onHide() {
      this.hidden = true;
      clearInterval(this.timer);
    },

    onUnload() {
      this.onHide();
      this.refuseConsent();
    },

    async onPullDownRefresh() {
      await this.refresh();
      wx.stopPullDownRefresh();
    },

    /** `quietly`: by the timer; a failure then leaves the page as it is. */
    async refresh(quietly = false) {
      if (quietly && this.data.busy) return;
      try {
        Object.assign(this, await session.start());
        const visible = typeof open === 'function' ? open(this.query) : open;
        const there = redirectFor(this.me, addressOf(this.route || '', this.query), visible, guests);
        if (this.hidden) return;
        if (there) wx.redirectTo({ url: there });
        else this.setData({ ...(await this.load(quietly)), phase: 'ready' });
      } catch (error) {
        const { message, status, code } = failureOf(error);
        if (!quietly) this.setData({ phase: status === 403 ? 'barred' : 'failed', failure: message, left: code === 'experts_only', hotline: hotline() });
      }
    },

    /** @param {() => Promise<unknown>} work */
    async act(work) {
      if (this.data.busy) return;
      this.setData({ busy: true });
      try {
        for (let trying = true; trying;) trying = await attempt(work);
      } finally {
        this.setData({ busy: false });
      }
    },

    retry() {
      this.setData({ phase: 'loading' });
      return this.refresh();
    },

    openSanctions() { wx.redirectTo({ url: own('sanctions') }); },
    changeRole() { wx.redirectTo({ url: '/pages/account' }); },
    callHotline() { telephone(this.data.hotline); },

    /**
     * WeChat waits for the person's consent to its privacy guide before it gives something of the phone; several things may wait at once.
     * @param {Shell.ConsentAnswer} answer @param {string} referrer
     */
    askConsent(answer, referrer) {
      this.consentAnswers = [...(this.consentAnswers || []), answer];
      answer({ event: 'exposureAuthorization' });
      this.setData({ consent: privacy.questionOf(referrer) });
    },

    /** After the tap on WeChat's own button, which is proof of the consent. */
    giveConsent() { this.answerConsent({ event: 'agree', buttonId: 'agree' }); },
    refuseConsent() { this.answerConsent({ event: 'disagree' }); },

    /** @param {{ event: 'agree' | 'disagree'; buttonId?: string }} given */
    answerConsent(given) {
      const waiting = this.consentAnswers || [];
      this.consentAnswers = [];
      if (this.data.consent) this.setData({ consent: null });
      for (const answer of waiting) answer(given);
    },

    openGuide() { privacy.openGuide(); },

    /** A tap on a cell or a button of the sheet. @param {Shell.Tap} event */
    tap(event) {
      const { command, id, url } = event.currentTarget.dataset;
      if (url) return wx.navigateTo({ url });
      return command ? this[command](id) : undefined;
    },
  });
}

/** Does the work; true if it failed and the person wants to try again. @param {() => Promise<unknown>} work */
async function attempt(work) {
  try {
    await work();
    return false;
  } catch (error) {
    return showFailure(failureOf(error));
  }
}

/** @param {string} title */
const toast = (title) => { wx.showToast({ title, icon: 'none', duration: 3000 }); };

/** @param {string} title @param {string} content @param {string} confirmText */
const ask = async (title, content, confirmText) => (await wx.showModal({ title, content, confirmText, cancelText: '取消' })).confirm;

module.exports = { ask, openPage, telephone, toast };
