// E-mail: the mails of one address, newest first, each with its attachments.
import { attempt, get, post } from './api.js';
import { chatTime, h, icon, withAddresses } from './dom.js';

export class LettersApp {
  constructor(phone) {
    this.phone = phone;
    this.letters = [];
    this.list = h('ul', { class: 'letters' });
    this.field = h('input', { type: 'email', 'aria-label': '邮箱地址', required: true, autocomplete: 'off' });
    this.box = h('div', { class: 'log' },
      h('form', { class: 'compose', onsubmit: (event) => { event.preventDefault(); this.change(); } },
        this.field, h('button', { class: 'send' }, '切换')), this.list);
    this.letter = h('article', { class: 'log letter', tabindex: '-1', hidden: true });
    this.title = h('h3', {}, '邮箱');
    this.backButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '返回收件箱', hidden: true, onclick: () => this.open(null) }, icon('back'));
    this.element = h('section', { class: 'app mail-app' }, h('header', { class: 'nav' }, this.backButton, this.title), this.box, this.letter);
  }

  async load() {
    this.field.value = this.phone.data.email;
    const found = await attempt(() => get(`mail?to=${encodeURIComponent(this.phone.data.email)}`));
    if (!found) return;
    this.letters = found.letters;
    this.draw();
  }

  add(letter) {
    if (this.letters.some((known) => known.id === letter.id)) return;
    this.letters.push(letter);
    this.draw();
  }

  draw() {
    const rows = this.letters.toReversed().map((letter) => h('li', {}, h('button', { type: 'button', onclick: () => this.open(letter) },
      h('strong', {}, letter.subject || '（无主题）'), h('time', {}, chatTime(letter.at, this.phone.workspace.now())),
      h('span', {}, letter.from), h('small', {}, letter.text.slice(0, 60)))));
    this.list.replaceChildren(...(rows.length ? rows : [h('li', { class: 'none' }, '还没有邮件')]));
  }

  open(letter) {
    this.box.hidden = Boolean(letter);
    this.letter.hidden = !letter;
    this.backButton.hidden = !letter;
    this.title.textContent = letter ? '邮件' : '邮箱';
    if (!letter) return;
    const files = letter.attachments.map((file) => h('li', {}, h('a', {
      href: `/control/mail/${letter.id}/attachments/${file.index}`, download: file.name,
    }, `${file.name}（${Math.max(1, Math.round(file.size / 1024))} KB）`)));
    this.letter.replaceChildren(
      h('h4', {}, letter.subject || '（无主题）'), h('p', { class: 'letter-from' }, letter.from),
      h('div', { class: 'letter-text' }, ...withAddresses(letter.text, (url) => this.phone.openUrl(url))),
      files.length ? h('ul', { class: 'letter-files', 'aria-label': '附件' }, ...files) : '');
    this.letter.focus({ preventScroll: true });
  }

  async change() {
    const email = this.field.value.trim();
    if (!await attempt(() => post(this.phone.path(), { email }))) return;
    this.phone.data.email = email;
    await this.load();
  }
}
