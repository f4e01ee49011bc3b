// A phone for the tests: miniprogram-simulate renders pages, the test sets the answers of WeChat and of the service.
const assert = require('node:assert/strict');
const path = require('node:path');
const { JSDOM } = require('jsdom');

const dom = new JSDOM('<body></body>', { url: 'http://phone.test' });
Object.assign(global, { window: dom.window, document: dom.window.document, Event: dom.window.Event, CustomEvent: dom.window.CustomEvent });
Object.assign(global, { Element: dom.window.Element, Node: dom.window.Node, MutationObserver: dom.window.MutationObserver,
  getComputedStyle: dom.window.getComputedStyle });
const simulate = require('miniprogram-simulate');

const ROOT = path.join(__dirname, '..');
const SERVER = 'http://127.0.0.1:8080/api/v1/demo';

/** The pool and a person in a role, as `GET /pool` and `GET /sessions/current` describe them. */
const POOL = {
  name: '演示评标专家库', hotline: '020-12345678', privacy_version: '1', privacy_text: '说明', pay_for_others: true,
  late_arrival: { shortest: 5, longest: 180, consequence: '不是准假。' },
  leave_consequence: '请假后名额由他人补上。', late_leave_consequence: '请假时间已过，会如实记录。',
  registration: { open: true, closed: '', honesty: '本人承诺真实。' },
};
const role = (name, label = name) => ({ role: name, scope: '', organisation_id: null, organisation_name: '', label });
const person = (name, more = {}) => ({ bound: true, role: name, scope: '', organisation_id: null, expert_id: null, roles: [role(name)], in_chat: true,
  ...more });
/** Nothing to do. */
const HOME = {
  membership_status: { kind: 'formal', text: '正式专家', expert_number: 'ZJ1', emergency: '', suspensions: [] }, to_do: [], progress: null, advice: [],
};

class Phone {
  /** `answers`: by `GET /home`, the service's answer: a body, or {status, data}, or a function of the request; `wx`: WeChat's answers. */
  constructor(answers = {}, weixin = {}) {
    this.answers = { 'GET /pool': POOL, 'GET /sessions/current': person('expert'), 'GET /sessions/current/work': { items: [] },
      'GET /consents': { items: [] }, 'GET /home': HOME, ...answers };
    this.shelf = { tokens: { access: 'a1', refresh: 'r1' } };
    this.sent = [];
    this.done = [];
    global.wx = this.weixin(weixin);
    for (const name of Object.keys(require.cache)) {
      if (name.startsWith(ROOT) && !name.includes('node_modules') && !name.startsWith(__dirname)) delete require.cache[name];
    }
  }

  /** WeChat's functions: each call is recorded in `done` with its arguments. */
  weixin(answers) {
    const note = (name, answer) => (given) => {
      this.done.push([name, given]);
      return typeof answer === 'function' ? answer(given) : answer;
    };
    const fine = ['openLocation', 'openSetting', 'openPrivacyContract',
      'navigateTo', 'reLaunch', 'redirectTo', 'showToast', 'setNavigationBarTitle', 'stopPullDownRefresh', 'makePhoneCall', 'setClipboardData'];
    return {
      ...Object.fromEntries(fine.map((name) => [name, note(name, undefined)])),
      getStorageSync: (name) => this.shelf[name] ?? '',
      setStorageSync: (name, value) => { this.shelf[name] = value; },
      removeStorageSync: (name) => { delete this.shelf[name]; },
      login: ({ success }) => success({ code: 'wx-code' }),
      showModal: note('showModal', async () => ({ confirm: true, cancel: false, content: '' })),
      request: (given) => this.request(given),
      onNeedPrivacyAuthorization: (ask) => { this.asking = ask; },
      ...Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, note(name, answer)])),
    };
  }

  request({ url, method, header, data, success, fail }) {
    assert.ok(url.startsWith(SERVER), url);
    const [name, query = ''] = url.slice(SERVER.length).split('?');
    const request = { name: `${method} ${name}`, query, header, body: data && JSON.parse(data) };
    this.sent.push(request);
    let answer = this.answers[request.name];
    if (typeof answer === 'function') answer = answer(request);
    assert.notEqual(answer, undefined, `no answer for ${request.name}`);
    if (answer === 'away') setImmediate(() => fail({ errMsg: 'request:fail' }));
    else setImmediate(() => success(answer && answer.status ? { statusCode: answer.status, data: answer.data } : { statusCode: 200, data: answer }));
  }

  /** Opens a page as WeChat does, and waits until it has loaded and rendered. */
  async open(page, query = {}) {
    global.Page = (definition) => {
      const { data, ...methods } = definition;
      for (const name of Object.keys(methods)) assert.equal(typeof methods[name], 'function', `${name} of ${page}`);
      global.Component({ data, methods });
    };
    const id = simulate.load(path.join(ROOT, page), page.split('/').pop(), { rootPath: ROOT, compiler: 'official' });
    this.component = simulate.render(id);
    this.component.attach(dom.window.document.createElement('div'));
    this.page = this.component.instance;
    this.page.route = page;
    this.page.onLoad(query);
    await this.page.onShow();
    this.page.onHide();
    this.page.hidden = false;
    return this;
  }

  /** WeChat asks for consent to its privacy guide; resolves with what the page answered, or with nothing yet. */
  needConsent(referrer) {
    const answers = [];
    this.asking((given) => answers.push(given), { referrer });
    return answers;
  }

  get root() { return this.component.dom; }
  /** All text of the page. */
  get text() { return this.root.textContent.replace(/\s+/g, ' '); }
  /** Labels of the buttons that are shown. */
  get buttons() { return [...this.root.querySelectorAll('wx-button')].map((one) => one.textContent.trim()); }
  bodies(name) { return this.sent.filter((one) => one.name === name).map((one) => one.body); }
  callsOf(name) { return this.done.filter(([done]) => done === name).map(([, given]) => given); }
  /** Texts of dialogs and toasts, in order. */
  get said() { return this.done.filter(([name]) => name === 'showModal' || name === 'showToast').map(([, given]) => given.content || given.title); }

  /** Taps the element with that label, and waits for its effects. */
  async tap(label, name = 'tap', detail = {}) {
    const all = ['.button', '.cell', '.consent', '.chosen', '.field'].flatMap((one) => this.component.querySelectorAll(one));
    const found = all.find((one) => one.dom.textContent.includes(label));
    assert.ok(found, `“${label}” is not among: ${this.text}`);
    found.dispatchEvent(name, { detail, bubbles: true });
    await this.rest();
  }

  /** Waits until no request or update is running. */
  async rest() {
    for (let still = 0; still < 8; still += 1) {
      const before = this.sent.length + this.done.length;
      await new Promise((resolve) => { setImmediate(resolve); });
      if (this.sent.length + this.done.length !== before) still = 0;
    }
  }
}

module.exports = { POOL, Phone, person, role };
