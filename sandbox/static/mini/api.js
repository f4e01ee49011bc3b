// The service's REST API, as one phone's mini-program uses it: log-in, tokens, problems, streams.

/** A refusal. `message` is a sentence for the person; `fields` are {name: sentence} of inputs that can't be used. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || '没有完成，请稍后重试。');
    this.status = status;
    this.code = body.code ?? '';
    this.params = body.params ?? {};
    this.fields = {};
    for (const { field, message } of body.errors ?? []) this.fields[field] ??= message;
    if (body.field) this.fields[body.field] ??= this.message;
  }
}

/** The log-in can't go on as it was: begin again from the first page. */
export class LoggedOut extends Error {}

export class Api {
  constructor(host) {
    this.host = host;
    this.prefix = `${host.serviceUrl}/api/v1/${host.phone.pool}`;
    this.shelf = `mini/${host.phone.id}`;
    this.tokens = this.recall('tokens');
    this.names = new Map();
  }

  // -- what this phone keeps -----------------------------------------------------------------------------------

  recall(name) {
    try {
      return JSON.parse(localStorage.getItem(`${this.shelf}/${name}`));
    } catch {
      return null;
    }
  }

  /** Undefined forgets it. Throws when the browser keeps nothing, for whom that matters. */
  keep(name, value) {
    if (value === undefined) localStorage.removeItem(`${this.shelf}/${name}`);
    else localStorage.setItem(`${this.shelf}/${name}`, JSON.stringify(value));
  }

  setTokens(tokens) {
    this.tokens = tokens;
    try {
      this.keep('tokens', tokens ?? undefined);
    } catch {
      // A browser without storage logs in anew next time.
    }
  }

  // -- log-in --------------------------------------------------------------------------------------------------

  async login() {
    const code = await this.host.login();
    const answer = await this.read(await this.send('POST', '/sessions', { code }, {}));
    this.setTokens(answer.tokens);
    return answer;
  }

  /** One exchange at a time, however many calls wait for it. */
  renew() {
    this.renewing ??= this.exchange().finally(() => { this.renewing = null; });
    return this.renewing;
  }

  async exchange() {
    const old = this.tokens;
    this.tokens = null;
    try {
      const response = old?.refresh ? await this.send('POST', '/sessions/refresh', { refresh: old.refresh }, {}) : null;
      if (response && response.status !== 401) {
        this.setTokens(await this.read(response));
        return;
      }
    } catch (error) {
      this.tokens = old;
      throw error;
    }
    this.setTokens(null);
    throw new LoggedOut('登录已过期，请重新登录。');
  }

  // -- calls ---------------------------------------------------------------------------------------------------

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== '' && value !== null && value !== undefined);
    return this.call('GET', given.length ? `${path}?${new URLSearchParams(given)}` : path);
  }

  post(path, body = undefined) { return this.call('POST', path, body); }
  put(path, body) { return this.call('PUT', path, body); }
  delete(path) { return this.call('DELETE', path); }

  async call(method, path, body) {
    const answer = await this.read(await this.fetch(method, path, body));
    this.host.noticed?.(method, path.split('?')[0], answer ?? {});
    return answer;
  }

  /** The raw answer to an authorised request; a token that ran out is renewed once. */
  async fetch(method, path, body, options = {}) {
    const headers = method === 'POST' ? { 'Idempotency-Key': newKey() } : {};
    const response = await this.send(method, path, body, { headers, ...options });
    if (response.status !== 401) return response;
    await response.body?.cancel();
    await this.renew();
    return this.send(method, path, body, { headers, ...options });
  }

  async send(method, path, body, { headers = {}, signal } = {}) {
    const sent = { ...headers };
    if (this.tokens?.access) sent.Authorization = `Bearer ${this.tokens.access}`;
    if (body !== undefined && !(body instanceof FormData)) {
      sent['Content-Type'] = 'application/json';
      body = JSON.stringify(body);
    }
    try {
      return await fetch(this.prefix + path, { method, headers: sent, body, signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Problem(0, { detail: '网络连接失败，请检查后重试。' });
    }
  }

  async read(response) {
    if (response.status === 204) return null;
    const body = await response.json().catch(() => ({}));
    if (response.ok) return body;
    if (response.status === 401) throw new LoggedOut(body.detail || '请重新登录。');
    throw new Problem(response.status, body);
  }

  // -- more ----------------------------------------------------------------------------------------------------

  /** Server-sent events until `signal` aborts or the stream ends. */
  async stream(path, onEvent, signal) {
    const response = await this.fetch('GET', path, undefined, { signal });
    if (!response.ok) await this.read(response);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        const name = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (!name || !data) continue;
        this.host.noticed?.('GET', path, JSON.parse(data));
        onEvent(name, JSON.parse(data));
      }
    }
  }

  /** The name of a catalogue's code; the code itself when nobody knows it. */
  name(kind, code) {
    if (!code) return Promise.resolve('');
    const key = `${kind}/${code}`;
    if (!this.names.has(key)) this.names.set(key, this.findName(kind, code));
    return this.names.get(key);
  }

  async findName(kind, code) {
    const { items } = await this.get(`/catalogues/${kind}/search`, { word: code, limit: 20 });
    return items.find((node) => node.code === code)?.full_name ?? code;
  }
}

const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
