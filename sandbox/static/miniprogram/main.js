// The mini-program on a phone: the files of `miniprogram/`, in a runtime that acts as WeChat.
import { keep, recall } from '../memory.js';
import { checkAll, Shell } from './shell.js';

checkAll();

/** The mini-program's storage on one phone; without the browser's storage it is lost with the page. */
class Shelf {
  constructor(prefix) {
    this.prefix = prefix;
    this.loose = new Map();
  }

  name(name) { return `${this.prefix}/${name}`; }

  get(name) { return this.loose.has(name) ? this.loose.get(name) : recall(this.name(name)) ?? undefined; }

  set(name, value) {
    this.loose.set(name, value);
    keep(this.name(name), value);
  }

  remove(name) { this.set(name, null); }

  clear() {
    const names = [...this.loose.keys(), ...stored().filter((key) => key.startsWith(`${this.prefix}/`)).map((key) => key.slice(this.prefix.length + 1))];
    for (const name of names) this.remove(name);
  }
}

function stored() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

/**
 * The mini-program in `element`. The phone provides:
 *
 * phone                   id and pool
 * login(), phoneNumber()  promises of wx.login's code and of the result of the button getPhoneNumber
 * subscribe(ids)          promise of {id: 'accept' | 'reject' | 'filter'}, or an error of WeChat's
 * scan()                  promise of a code's content, or null
 * locate()                promise of {latitude, longitude}, or null
 * pay(parameters)         promise of {result: 'ok' | 'cancel' | 'fail', message}
 * openWeb(url, {fail, close}), closeWeb()   a web-view over the pages; `close`: the person left it
 * call(number), copy(text), leave(), now()   the last in milliseconds
 * network()               promise of false without a network
 */
export class MiniProgram {
  constructor(element, phone) {
    this.element = element;
    this.left = `mini-page/${phone.id}`;
    this.host = {
      ...phone,
      config: { server: `${location.origin}/service`, pool: phone.pool },
      shelf: new Shelf(`mini-storage/${phone.id}`),
      keep: (url) => keep(this.left, url),
      restart: () => this.start(''),
    };
  }

  /** The root element of the pages. */
  get root() { return this.element.shadowRoot; }

  /** Starts again, at a page or at the first one. */
  start(url) {
    this.shell?.end();
    this.shell = new Shell(this.element, this.host);
    this.shell.launch(url || 'pages/index/index');
  }

  /** Opens a page; without one, the page that was open last. */
  open(url = '') {
    if (!this.shell) this.start(url || recall(this.left) || '');
    else if (url) this.shell.launch(url);
    else this.shell.show();
  }

  hide() { this.shell?.hide(); }

  end() { this.shell?.end(); }

  codeField() { return this.shell?.codeField() ?? null; }
}
