// Keeps regions fresh: every `data-live` seconds the page is fetched again, once for all regions of that period, and each
// replaced by the one of the same id.
// A script that knows of a change sends `stale` to the document, and all regions are fetched at once.
// Forms of its buttons are outside the region, so that input stays; a new form names its region by `data-with`.
// While the service can't be reached the region is marked `lost`, and shows its `data-lost` message if it has one.
import { isAnswerAwaited, renew } from './renewal.js';

function addForms(page, region) {
  let last = region;
  for (const piece of page.querySelectorAll(`[data-with="${region.id}"]`)) {
    const known = document.getElementById(piece.getAttribute('id')); // `form.id` may be a field named id
    if (!known) last.after(document.adoptNode(piece));
    last = known || piece;
  }
}

function replace(region, page) {
  const fresh = page.getElementById(region.id);
  if (!fresh) return false;
  addForms(page, region);
  region.replaceWith(document.adoptNode(fresh));
  return true;
}

function mark(region) {
  region.classList.add('lost');
  region.querySelector('[data-lost]')?.removeAttribute('hidden');
}

async function refresh(ids, every) {
  if (document.hidden || isAnswerAwaited()) return;
  const regions = ids.map((id) => document.getElementById(id)).filter((region) => region && !region.contains(document.activeElement));
  if (!regions.length) return;
  try {
    const answer = await fetch(location.pathname + location.search, { credentials: 'same-origin', signal: AbortSignal.timeout(every) });
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const known = regions.filter((region) => region.isConnected).map((region) => replace(region, page));
    if (known.includes(false) && answer.status !== 405) renew();
  } catch {
    // No network: the next turn tries again.
    regions.forEach(mark);
  }
}

const periods = new Map();
for (const region of document.querySelectorAll('[data-live]')) {
  const every = Number(region.dataset.live) * 1000;
  periods.set(every, [...(periods.get(every) || []), region.id]);
}
for (const [every, ids] of periods) {
  setInterval(refresh, every, ids, every);
  document.addEventListener('stale', () => refresh(ids, every));
}
