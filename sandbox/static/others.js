// The switch with which experts answer by themselves whose phones are not in the workspace.
import { attempt, get, post } from './api.js';

export class Others {
  constructor(workspace) {
    this.workspace = workspace;
    this.box = document.getElementById('others');
    this.box.addEventListener('change', () => this.turn());
  }

  async load() {
    const { phones } = await get('phones?limit=50&role=expert');
    this.box.checked = phones.some((phone) => phone.autopilot && !this.workspace.views.has(phone.id));
  }

  /** Everybody first, then those in the workspace are in the person's own hands. */
  async turn() {
    await attempt(() => post('phones/*/autopilot', { choice: this.box.checked ? 'accept' : 'off', by: 'both' }));
    if (this.box.checked) for (const id of this.workspace.views.keys()) await this.moved(id, true);
  }

  /** A phone came to the workspace or left it. */
  async moved(id, here) {
    if (this.box.checked) await attempt(() => post(`phones/${id}/autopilot`, { choice: here ? 'off' : 'accept', by: 'both' }));
  }
}
