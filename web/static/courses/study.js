// Shared by video.js and pages.js: reports to the service, and the status line.

import { Client } from '../core/client.js';

export const section = document.getElementById('study');
const statusLine = document.getElementById('said');
const usual = statusLine.textContent;
const { pool, course, item } = section.dataset;
const client = new Client(pool);

/** POST below this item's path; resolves to the progress of the item. */
export const post = (path, body = undefined) => client.json('POST', `/courses/${course}/items/${item}${path}`, body);

/** Shows a text below the player; an empty one restores the original text. */
export const showStatus = (text = '') => { statusLine.textContent = text || usual; };

/** A refusal that the person can act on, or null for a lost connection. */
export function refusal(problem) {
  if (!problem.status || problem.status >= 500 || problem.status === 429) return null;
  return problem;
}

/** Shows that this item is studied, and the link to the next one. */
export function showFinished() {
  showStatus('本项已学完。');
  document.getElementById('after').hidden = false;
}
