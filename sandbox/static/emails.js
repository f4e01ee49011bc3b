// E-mail: the mails of one address, newest first, each with its attachments.
import { attempt, get, post } from './api.js';
import { chatTime, h, icon, withAddresses } from './dom.js';

export class EmailsApp {
  constructor(phone) {
    this.phone = phone;
    this.emails = [];
    this.list = h('ul', { class: 'emails' });
    this.field = h('input', { type: 'email', 'aria-label': '邮箱地址', required: true, autocomplete: 'off' });
    this.box = h('div', { class: 'log' },
      h('form', { class: 'compose', onsubmit: (event) => { event.preventDefault(); this.change(); } },
        this.field, h('button', { class: 'send' }, '切换')), this.list);
    this.article = h('article', { class: 'log email', tabindex: '-1', hidden: true });
    this.title = h('h3', {}, '邮箱');
    this.backButton = h('button', { type: 'button', class: 'nav-button', 'aria-label': '返回收件箱', hidden: true, onclick: () => this.open(null) }, icon('back'));
    this.element = h('section', { class: 'app mail-app' }, h('header', { class: 'nav' }, this.backButton, this.title), this.box, this.article);
  }

  async load() {
    this.field.value = this.phone.data.email;
    const found = await attempt(() => get(`mail?to=${encodeURIComponent(this.phone.data.email)}`));
    if (!found) return;
    this.emails = found.emails;
    this.draw();
  }

  add(email) {
    if (this.emails.some((known) => known.id === email.id)) return;
    this.emails.push(email);
    this.draw();
  }

  draw() {
    const rows = this.emails.toReversed().map((email) => h('li', {}, h('button', { type: 'button', onclick: () => this.open(email) },
      h('strong', {}, email.subject || '（无主题）'), h('time', {}, chatTime(email.at, this.phone.workspace.now())),
      h('span', {}, email.from), h('small', {}, email.text.slice(0, 60)))));
    this.list.replaceChildren(...(rows.length ? rows : [h('li', { class: 'none' }, '还没有邮件')]));
  }

  open(email) {
    this.box.hidden = Boolean(email);
    this.article.hidden = !email;
    this.backButton.hidden = !email;
    this.title.textContent = email ? '邮件' : '邮箱';
    if (!email) return;
    const files = email.attachments.map((file) => h('li', {}, h('a', {
      href: `/control/mail/${email.id}/attachments/${file.index}`, download: file.name,
    }, `${file.name}（${Math.max(1, Math.round(file.size / 1024))} KB）`)));
    this.article.replaceChildren(
      h('h4', {}, email.subject || '（无主题）'), h('p', { class: 'email-from' }, email.from),
      h('div', { class: 'email-text' }, ...withAddresses(email.text, (url) => this.phone.openUrl(url))),
      files.length ? h('ul', { class: 'email-files', 'aria-label': '附件' }, ...files) : '');
    this.article.focus({ preventScroll: true });
  }

  async change() {
    const email = this.field.value.trim();
    if (!await attempt(() => post(this.phone.path(), { email }))) return;
    this.phone.data.email = email;
    await this.load();
  }
}
