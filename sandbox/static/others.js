// The switch with which experts answer by themselves whose phones are not on the desk.
import { attempt, get, post } from './api.js';

export class Others {
  constructor(desk) {
    this.desk = desk;
    this.box = document.getElementById('others');
    this.box.addEventListener('change', () => this.turn());
  }

  async load() {
    const { phones } = await get('phones?limit=50&role=expert');
    this.box.checked = phones.some((phone) => phone.autopilot && !this.desk.views.has(phone.id));
  }

  /** Everybody first, then those on the desk are in the person's own hands. */
  async turn() {
    await attempt(() => post('phones/*/autopilot', { choice: this.box.checked ? 'accept' : 'off', by: 'both' }));
    if (this.box.checked) for (const id of this.desk.views.keys()) await this.moved(id, true);
  }

  /** A phone came to the desk or left it. */
  async moved(id, here) {
    if (this.box.checked) await attempt(() => post(`phones/${id}/autopilot`, { choice: here ? 'off' : 'accept', by: 'both' }));
  }
}
