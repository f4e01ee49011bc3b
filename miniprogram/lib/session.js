// Who uses the mini-program, in which pool.
const { call, forget } = require('./api');

/** @type {Api.PoolOut | null} */
let pool = null;
/** @type {Api.MeOut | null} */
let me = null;
/** A link from the official account that identifies its visitor; valid once. */
let entry = '';

/** @returns {Promise<{ pool: Api.PoolOut; me: Api.MeOut }>} */
async function start() {
  const found = pool || await call('GET /pool');
  pool = found;
  me = me || await call('GET /sessions/current');
  return { pool: found, me };
}

/** Call it when roles may have changed: the next page asks the service again. */
const changed = () => { me = null; };

async function leave() {
  await call('DELETE /sessions/current');
  forget();
  changed();
}

/** @param {Api.RoleOut} option */
async function choose({ role, scope, organisation_id }) {
  await call('PUT /sessions/current/role', { body: { role, scope, organisation_id } });
  changed();
}

/** @param {string} token */
const setEntry = (token) => { entry = token; };
const getEntry = () => entry;
const hotline = () => (pool ? pool.hotline : '');

module.exports = { changed, choose, getEntry, hotline, leave, setEntry, start };
