// The page of the mini-program for a page of the web site: a native page if there is one, else a web-view.
const config = require('../config');

/** @type {Record<string, string>} */
const NATIVE = {
  'apply/status': '/pages/status', exams: '/pages/learning', courses: '/pages/learning', notices: '/pages/notices', periods: '/pages/availability',
};

/** A path of the person's pages, such as `apply/form`. @param {string} name */
const own = (name) => h5(`/h5/${config.pool}/${name}`);

/** @param {string} path */
const h5 = (path) => `/pages/h5?to=${encodeURIComponent(path)}`;

/** Fees are paid in native pages only: WeChat has no cashier inside a web-view. @param {string} route as the service names it */
function pageOf(route) {
  const start = `/h5/${config.pool}/`;
  const name = route.startsWith(start) ? route.slice(start.length) : '';
  return /^pay([/?]|$)/.test(name) ? '/pages/fees' : NATIVE[name] || h5(route);
}

module.exports = { h5, own, pageOf };
