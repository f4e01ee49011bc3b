// From a page of the web site to where it opens: as a native page where there is one, else in a web-view.
const config = require('../config');

/** @type {Record<string, string>} */
const NATIVE = { 'apply/status': '/pages/status', exams: '/pages/learning', courses: '/pages/learning', notices: '/pages/notices' };

/** A path of the person's pages, such as `apply/form`. @param {string} name */
const own = (name) => h5(`/h5/${config.pool}/${name}`);

/** @param {string} path */
const h5 = (path) => `/pages/h5?to=${encodeURIComponent(path)}`;

/** Paying works in native pages only: WeChat has no cashier inside a web-view. @param {string} route as the service names it */
function pageOf(route) {
  const start = `/h5/${config.pool}/`;
  const name = route.startsWith(start) ? route.slice(start.length) : '';
  return /^pay([/?]|$)/.test(name) ? '/pages/fees' : NATIVE[name] || h5(route);
}

module.exports = { h5, own, pageOf };
