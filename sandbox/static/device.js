// Faults of a phone's browser that a person can switch on: network, clock, large letters, and a second device of the same person.
import { attempt, post } from './api.js';
import { h, icon } from './dom.js';

const NETS = [['normal', '网络正常', '5G'], ['slow', '网络很慢', '2G'], ['lost', '网络断开', '无服务']];
const DAY = 86400;

export class Device {
  /** ``page`` returns the address of the open page, '' for none. */
  constructor(phone, page) {
    this.phone = phone;
    this.page = page;
    const { id, name } = phone.data;
    this.nets = NETS.map(([net, label]) => h('button', { type: 'button', data: { net }, onclick: () => this.set({ net }) }, label));
    this.clock = h('input', { type: 'checkbox', onchange: (event) => this.set({ skew: event.target.checked ? DAY : 0 }) });
    this.letters = h('input', { type: 'checkbox', onchange: (event) => phone.enlarge(event.target.checked) });
    this.second = h('button', { type: 'button', onclick: () => this.openSecond() }, '换一台设备打开这一页');
    this.element = h('div', { class: 'device', id: `${id}-device`, hidden: true },
      h('div', { role: 'group', 'aria-label': '网络' }, ...this.nets),
      h('label', {}, this.clock, '手机时钟快一天（刷新网页后生效）'),
      h('label', {}, this.letters, '微信里的字调大（小程序跟着变）'), this.second);
    this.button = h('button', {
      type: 'button', class: 'quiet', title: '网络、时钟、另一台设备', 'aria-label': `${name}的网络与时钟`, 'aria-expanded': 'false',
      'aria-controls': this.element.id, onclick: () => this.toggle(),
    }, icon('signal'));
    this.sign = h('em', {});
  }

  draw() {
    const { net, skew } = this.phone.data;
    this.sign.textContent = NETS.find(([name]) => name === net)?.[2] ?? '5G';
    for (const button of this.nets) button.setAttribute('aria-pressed', String(button.dataset.net === net));
    this.clock.checked = skew !== 0;
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    this.button.setAttribute('aria-expanded', String(!this.element.hidden));
    this.second.disabled = !this.page();
  }

  async set(change) {
    const changed = await attempt(() => post(this.phone.path(), change));
    if (changed) Object.assign(this.phone.data, { net: changed.net, skew: changed.skew });
    this.draw();
  }

  /** Another host name of this machine is another origin: the page has an empty storage, as on another device. */
  openSecond() {
    const there = new URL(this.page(), location.href);
    there.hostname = there.hostname === 'localhost' ? '127.0.0.1' : 'localhost';
    window.open(there, '_blank', 'noopener,width=420,height=860');
  }
}
