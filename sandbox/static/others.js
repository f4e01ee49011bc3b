// The switch that lets experts answer automatically whose phones are not in the workspace.
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

  /** Sets the autopilot of all phones, then switches it off for those in the workspace. */
  async turn() {
    await attempt(() => post('phones/*/autopilot', { choice: this.box.checked ? 'accept' : 'off', by: 'both' }));
    if (this.box.checked) for (const id of this.workspace.views.keys()) await this.moved(id, true);
  }

  /** Called when a phone was added to the workspace or removed. */
  async moved(id, here) {
    if (this.box.checked) await attempt(() => post(`phones/${id}/autopilot`, { choice: here ? 'off' : 'accept', by: 'both' }));
  }
}
