// What the player and the pages share: reports to the service, and what is said when they are refused.

import { Client } from '../core/client.js';

export const section = document.getElementById('study');
const said = document.getElementById('said');
const usual = said.textContent;
const { pool, course, item } = section.dataset;
const client = new Client(pool);

/** POST below this item's path; the answer is how far it is. */
export const post = (path, body = undefined) => client.json('POST', `/courses/${course}/items/${item}${path}`, body);

/** Below the player, for as long as it holds; empty: what stood there. */
export const say = (text = '') => { said.textContent = text || usual; };

/** A refusal that the person can act on, or null for a lost connection. */
export function refusal(problem) {
  if (!problem.status || problem.status >= 500 || problem.status === 429) return null;
  return problem;
}

/** Everything of this item is studied: where to go on. */
export function finish() {
  say('本项已学完。');
  document.getElementById('after').hidden = false;
}
