// Keeps regions fresh: every `data-live` seconds the page is fetched again and the region of the same id replaced.
function watch(region) {
  const every = Number(region.dataset.live) * 1000;
  setInterval(async () => {
    const here = document.getElementById(region.id);
    if (document.hidden || here.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.pathname, { credentials: 'same-origin' });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page.getElementById(region.id);
      if (fresh) here.replaceWith(document.adoptNode(fresh));
      else location.reload();
    } catch {
      // The network is away: what is shown stays, the next turn tries again.
    }
  }, every);
}

document.querySelectorAll('[data-live]').forEach(watch);
