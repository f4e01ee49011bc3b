// Keeps regions fresh: every `data-live` seconds the page is fetched again and the region of the same id replaced.
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

function watch(region) {
  const every = Number(region.dataset.live) * 1000;
  setInterval(async () => {
    const here = document.getElementById(region.id);
    if (document.hidden || isAnswerAwaited() || here.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.pathname + location.search, { credentials: 'same-origin', signal: AbortSignal.timeout(every) });
      if (answer.status >= 500) throw new Error(`status ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page.getElementById(region.id);
      if (fresh) addForms(page, here);
      if (fresh) here.replaceWith(document.adoptNode(fresh));
      else if (answer.status !== 405) renew();
    } catch {
      // No network: the next turn tries again.
      here.classList.add('lost');
      here.querySelector('[data-lost]')?.removeAttribute('hidden');
    }
  }, every);
}

document.querySelectorAll('[data-live]').forEach(watch);
