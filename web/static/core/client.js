// Shared by pages with scripts: elements, and a client of the public API with this browser's log-in.

/** An element with attributes, listeners (onclick …) and children; null, undefined and false are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A refusal. `message` is for the person; `problems` are [{field, message}], shown beside the fields. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || '没有完成，请稍后重试。');
    this.status = status;
    this.code = body.code ?? '';
    this.params = body.params ?? {};
    this.problems = body.errors ?? [];
  }
}

/** The API of one pool. The token is kept while the page is open; the log-in cookie fetches the next one. */
export class Client {
  /** `leaving` is called before the page is left for the log-in: the last moment to save input. */
  constructor(pool, leaving = () => {}) {
    this.pool = pool;
    this.prefix = `/api/v1/${pool}`;
    this.token = '';
    this.leaving = leaving;
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== '' && value !== undefined && value !== null);
    return this.json('GET', given.length ? `${path}?${new URLSearchParams(given)}` : path);
  }

  post(path, body = undefined) { return this.json('POST', path, body, { 'Idempotency-Key': newKey() }); }
  put(path, body) { return this.json('PUT', path, body); }
  delete(path) { return this.json('DELETE', path); }

  async json(method, path, body, headers = {}) {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const type = payload === undefined ? {} : { 'Content-Type': 'application/json' };
    const response = await this.fetch(method, path, payload, { ...type, ...headers });
    return response.status === 204 ? null : response.json();
  }

  /** The response to an authorised request; throws a Problem unless it is 2xx. */
  async fetch(method, path, body = undefined, headers = {}) {
    let response = await this.send(method, path, body, headers);
    if (response.status === 401) {
      this.token = '';
      response = await this.send(method, path, body, headers);
    }
    if (response.status === 401) throw this.loggedOut();
    if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
    return response;
  }

  /** A request without a log-in, authorised by a ticket in its body. */
  async open(method, path, body) {
    const response = await fetch(this.prefix + path, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
      .catch(() => { throw new Problem(0, { detail: '网络不通，内容还在本页，请检查网络后重试。' }); });
    const reply = await response.json().catch(() => ({}));
    if (!response.ok) throw new Problem(response.status, reply);
    return reply;
  }

  async send(method, path, body, headers) {
    try {
      this.token ||= await this.freshToken();
      return await fetch(this.prefix + path, { method, body, headers: { ...headers, Authorization: `Bearer ${this.token}` } });
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(0, { detail: '网络不通，内容还在本页，请检查网络后重试。' });
    }
  }

  async freshToken() {
    const headers = { Accept: 'application/json' };
    const response = await fetch(`/h5/${this.pool}/token`, { method: 'POST', body: new URLSearchParams(), headers, credentials: 'same-origin' });
    const reply = await response.json().catch(() => null);
    if (response.status === 401 || (response.ok && !reply)) throw this.loggedOut();  // a response without JSON is the log-in page
    if (!response.ok) throw new Problem(response.status, { detail: reply?.message });
    return reply.token;
  }

  loggedOut() {
    this.leaving();
    location.assign(`/h5/login?pool=${this.pool}&next=${encodeURIComponent(location.pathname)}`);
    return new Problem(401, { detail: '登录已过期，正在转到登录页，您填写的内容会保留。' });
  }
}

export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** A line at the foot of the page that disappears after some seconds. */
export function toast(text) {
  let box = document.getElementById('toast');
  if (!box) {
    box = h('div', { id: 'toast', role: 'status' });
    document.body.append(box);
  }
  box.textContent = text;
  box.hidden = false;
  clearTimeout(box.timer);
  box.timer = setTimeout(() => { box.hidden = true; }, 3500);
}

/** Runs `work` with `button` marked busy. A refusal goes to `refused`, or is shown as a toast. */
export async function during(button, work, refused = null) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (refused) refused(error);
    else toast(error.message);
  } finally {
    button.removeAttribute('aria-busy');
  }
}
