// Pages of the web site inside the mini-program, for the same person in the same role.
const config = require('../config');
const { Failure, call } = require('./api');
const { openPage } = require('./page');
const { isPublic } = require('./routes');
const session = require('./session');

/** Fills the page's parameters into a path such as `/draws/{id}`. @param {string} pattern @param {Shell.Query} query */
const fill = (pattern, query) => pattern.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(query[name] || ''));

/** Chooses the needed role if the person has exactly one such; false if he has to choose. @param {Api.MeOut} me @param {string[]} needed */
async function takeRole(me, needed) {
  if (!needed.length || needed.includes(me.role)) return true;
  const held = me.roles.filter((one) => needed.includes(one.role));
  if (!held.length) throw new Failure('您现在没有办理这件事的身份。请切换身份；如有疑问请拨打人工服务电话。', { status: 403 });
  if (held.length === 1) await session.choose(held[0]);
  return held.length === 1;
}

/**
 * @param {string} pattern of the path; empty: `to` names the page
 * @param {string[]} [roles] one of which is needed
 */
function openH5(pattern, roles = []) {
  const named = !pattern;
  openPage({ data: { src: '' }, open: ({ to }) => named && isPublic(to), guests: named }, {
    /** A link opens once: after coming back from another page the open page stays. */
    async load() {
      if (this.data.src) return {};
      if (!this.me.bound) return { src: config.server + this.query.to };
      if (!await takeRole(this.me, roles)) {
        wx.redirectTo({ url: '/pages/account' });
        return {};
      }
      const { url } = await call('POST /sessions/current/browser');
      return { src: `${url}?to=${encodeURIComponent(named ? this.query.to : fill(pattern, this.query))}` };
    },

    /** WeChat could not open the page: no network, or its domain is not allowed. */
    fail() {
      this.setData({ src: '', phase: 'failed', failure: '页面没有打开。请检查手机网络后重试。', hotline: this.pool.hotline });
    },
  });
}

module.exports = { openH5 };
