// The ID card of the phone's owner: name, ID number, mobile. Invented, not those of a real person.
import { copy, h, icon } from './dom.js';

export class IdCard {
  constructor({ id, name, mobile, id_number: number }) {
    const rows = [['姓名', name], ['公民身份号码', number], ['手机号', mobile]].filter(([, value]) => value);
    this.element = h('dl', { class: 'id-card', id: `${id}-id-card`, hidden: true }, ...rows.map(([label, value]) => h('div', {},
      h('dt', {}, label),
      h('dd', {}, h('button', { type: 'button', title: '点一下复制', onclick: () => copy(value, label) }, value)))));
    this.button = h('button', {
      type: 'button', class: 'quiet', title: '演示身份证', 'aria-label': `${name}的演示身份证`, 'aria-expanded': 'false',
      'aria-controls': this.element.id, onclick: () => this.toggle(),
    }, icon('card'));
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    this.button.setAttribute('aria-expanded', String(!this.element.hidden));
  }
}
