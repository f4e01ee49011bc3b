// Controls that are too small for a finger or lie under something, and pieces of text or controls that overlap.
(root) => {
    const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true })
        && !e.closest('[aria-hidden=true], .hidden');
    const controls = [...root.querySelectorAll('a[href], button, select, textarea, summary, input:not([type=hidden])')]
        .filter((e) => seen(e) && !e.closest('p, td'));
    const name = (e) => (e.getAttribute('aria-label') || e.textContent.trim() || e.id || e.className).slice(0, 40);
    const box = (e) => e.getBoundingClientRect();
    const found = [];
    for (const e of controls) {
        const label = e.labels?.length && ['checkbox', 'radio'].includes(e.type) ? e.labels[0] : null;
        const height = Math.max(box(e).height, label ? box(label).height : 0);
        const width = Math.max(box(e).width, label ? box(label).width : 0);
        if (height < 43.5 || width < 24) found.push(`small: ${name(e)} ${Math.round(width)}x${Math.round(height)}`);
        const middle = [box(e).x + box(e).width / 2, box(e).y + box(e).height / 2];
        const hit = document.elementFromPoint(...middle);
        const inView = middle[0] > 0 && middle[1] > 0 && middle[0] < innerWidth && middle[1] < innerHeight;
        const own = hit && (e.contains(hit) || hit.contains(e) || [...(e.labels ?? [])].some((one) => one.contains(hit)));
        if (inView && !own) found.push(`covered: ${name(e)} by ${hit && name(hit)}`);
    }
    const pieces = [...root.querySelectorAll('*')].filter((e) => seen(e) && e.childElementCount === 0 && e.textContent.trim()
        || controls.includes(e));
    const words = (e) => { const range = document.createRange(); range.selectNodeContents(e); return range.getBoundingClientRect(); };
    const rect = (e) => (controls.includes(e) ? box(e) : words(e));
    for (const [at, one] of pieces.entries()) {
        for (const other of pieces.slice(at + 1)) {
            if (one.contains(other) || other.contains(one)) continue;
            const [a, b] = [rect(one), rect(other)];
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (wide > 2 && high > 2) found.push(`overlap: ${name(one)} | ${name(other)} ${Math.round(wide)}x${Math.round(high)}`);
        }
        const r = rect(one);
        const clip = root.getBoundingClientRect();
        if (r.right > clip.right + 2 || r.left < clip.left - 2) found.push(`sticks out: ${name(one)}`);
    }
    return [...new Set(found)];
}
