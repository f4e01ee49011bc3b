// The service's REST API: log-in, tokens, refusals as sentences.
const config = require('../config');

const prefix = `${config.server}/api/v1/${config.pool}`;

/** An action failed. `message` is a sentence for the person; `again`: trying again may help. */
class Failure extends Error {
  /** @param {string} message @param {{ status?: number; code?: string; again?: boolean }} [facts] */
  constructor(message, { status = 0, code = '', again = false } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.again = again;
  }
}

/** @type {Api.TokensOut | null} */
let tokens = wx.getStorageSync('tokens') || null;
/** @type {Promise<void> | null} */
let renewing = null;

/** @param {Api.TokensOut | null} given */
function setTokens(given) {
  tokens = given;
  if (given) wx.setStorageSync('tokens', given);
  else wx.removeStorageSync('tokens');
}

const newKey = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;

/**
 * @typedef {{ method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string; body?: unknown; key: string }} Request
 * @typedef {{ statusCode: number; data: any }} Answer
 */

/** @param {Request} request @returns {Promise<Answer>} */
function send({ method, path, body, key }) {
  /** @type {Record<string, string>} */
  const header = { 'Content-Type': 'application/json' };
  if (tokens) header.Authorization = `Bearer ${tokens.access}`;
  if (method === 'POST') header['Idempotency-Key'] = key;
  return new Promise((resolve, reject) => {
    const data = body === undefined ? undefined : JSON.stringify(body);
    wx.request({ url: prefix + path, method, header, data, success: resolve, fail: () => reject(unreachable()) });
  });
}

const unreachable = () => new Failure('网络不通，没有办成。请检查手机网络后重试。', { code: 'unreachable', again: true });

/** A response may be lost: a repeated request with the same key returns it, and acts once. @param {Request} request */
async function sendTwice(request) {
  try {
    return await send(request);
  } catch (error) {
    if (request.method === 'GET') throw error;
    return send(request);
  }
}

/** @param {Answer} answer */
function parseAnswer({ statusCode: status, data }) {
  if (status >= 200 && status < 300) return data || null;
  const again = status >= 500 || status === 429;
  const said = data && typeof data.detail === 'string' ? data.detail : '服务暂时不可用，没有办成。请稍后重试。';
  throw new Failure(said, { status, code: (data && data.code) || '', again });
}

/** Logs in with this WeChat account, without a question to the person. */
async function login() {
  setTokens(null);
  const code = await new Promise((resolve, reject) => {
    const refuse = () => reject(new Failure('微信登录没有完成，请重试。', { again: true }));
    wx.login({ success: (found) => (found.code ? resolve(found.code) : refuse()), fail: refuse });
  });
  setTokens(parseAnswer(await send({ method: 'POST', path: '/sessions', body: { code }, key: newKey() })).tokens);
}

async function renewTokens() {
  const body = { refresh: tokens ? tokens.refresh : '' };
  const answer = body.refresh ? await send({ method: 'POST', path: '/sessions/refresh', body, key: newKey() }) : null;
  if (!answer || answer.statusCode === 401) return login();
  setTokens(parseAnswer(answer));
}

/** Renews the tokens; all calls that wait share one request. */
function renew() {
  renewing = renewing || renewTokens().finally(() => { renewing = null; });
  return renewing;
}

/**
 * @template {keyof Api.Calls} K
 * @param {K} name such as `GET /invitations`
 * @param {Api.Calls[K]['given']} [given]
 * @returns {Promise<Api.Calls[K]['answer']>}
 */
async function call(name, given) {
  const request = requestOf(name, given || {});
  if (!tokens && name !== 'GET /pool') await renew();
  let answer = await sendTwice(request);
  if (answer.statusCode === 401) {
    await renew();
    answer = await sendTwice(request);
  }
  return parseAnswer(answer);
}

/** @param {string} name @param {{ path?: Record<string, string>; query?: Record<string, unknown>; body?: unknown }} given @returns {Request} */
function requestOf(name, { path = {}, query = {}, body }) {
  const [method, pattern] = name.split(' ');
  const filled = pattern.replace(/{(\w+)}/g, (_, field) => encodeURIComponent(path[field]));
  const asked = Object.keys(query).map((field) => `${field}=${encodeURIComponent(String(query[field]))}`);
  const whole = asked.length ? `${filled}?${asked.join('&')}` : filled;
  return { method: /** @type {Request['method']} */ (method), path: whole, body, key: newKey() };
}

/** Deletes the tokens; the next call logs in again. */
const forget = () => setTokens(null);

module.exports = { Failure, call, forget };
