/* What is wrong with a page as it is shown now: overflow, targets that are too small, and what axe-core (which must be
   there) calls serious or critical. Called by page_faults.py.

   To work out what lies behind each text takes two thirds of axe's time, and most texts look like one that was looked
   at, on this page or on one before. Texts with the same computed style, on the same backgrounds, have the same
   contrast, so one of each is looked at, until axe has found one of them good: a single character, for one, it does not
   judge. Texts that are positioned without a background of their own are looked at
   each time, as anything may lie behind them. */
(() => {
  const root = document.documentElement;
  const SMALLEST = 43.5;
  const all = (selector) => [...document.querySelectorAll(selector)];

  const nameless = () => all('a, button, input:not([type=hidden]), select, textarea')
    .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length))
    .map((e) => `has no name: ${e.outerHTML}`);

  const small = () => all('a, button, select, label:has([type=checkbox], [type=radio]), '
    + 'input:not([type=hidden], [type=checkbox], [type=radio])')
    .filter((e) => e.offsetParent && !e.closest('p, td, [aria-hidden=true]'))
    .map((e) => [e.textContent.trim() || e.id, e.getBoundingClientRect().height])
    .filter(([, height]) => height < SMALLEST)
    .map(([name, height]) => `is ${height} px high: ${name}`);

  const sideways = () => (root.scrollWidth > innerWidth ? ['scrolls sideways'] : []);

  const squeezed = () => {
    const faults = new Set();
    const say = (what, e) => faults.add(`${what}: ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`);
    const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.hidden');
    const scrolls = (e) => e && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    for (const e of document.body.querySelectorAll('*')) {
      if (e.closest('svg, input') || !visible(e) || scrolls(e)) continue;
      const style = getComputedStyle(e);
      if (style.display !== 'inline' && e.clientWidth && e.scrollWidth > e.clientWidth + 1) say('sticks out', e);
      if (style.overflowY === 'hidden' && e.scrollHeight > e.clientHeight + 1) say('cut off', e);
      if (e.matches('a, button, select, summary') && !e.closest('p, td, [aria-hidden=true]')
          && e.getBoundingClientRect().width < SMALLEST) say('narrow', e);
      if (e.childNodes.length === 1 && e.firstChild.nodeType === 3 && /^\S{2,4}$/.test(e.textContent.trim())) {
        const range = document.createRange();
        range.selectNodeContents(e);
        if (new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size > 1) say('broken', e);
      }
    }
    return [...faults];
  };

  /* Texts by their looks; a text that stands alone by a look that it shares with none. */
  const textsByLook = () => {
    const groups = new Map(), behind = new Map();
    const behindOf = (e) => {
      if (!e) return { colours: '', veils: '', placed: false };
      if (!behind.has(e)) {
        const s = getComputedStyle(e), outer = behindOf(e.parentElement);
        const opaque = s.backgroundImage === 'none' && /^rgb\(/.test(s.backgroundColor);
        behind.set(e, {
          colours: opaque ? s.backgroundColor : `${s.backgroundColor} ${s.backgroundImage}|${outer.colours}`,
          veils: `${s.opacity} ${s.filter} ${s.mixBlendMode}|${outer.veils}`,
          placed: !opaque && (outer.placed || ['absolute', 'fixed'].includes(s.position)),
        });
      }
      return behind.get(e);
    };
    const off = (e) => Boolean(e.closest('[disabled], [aria-disabled=true]') || (e.control && e.control.disabled));
    for (const e of document.body.querySelectorAll('*')) {
      const text = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
      if (!(text || e.matches('input, select, textarea')) || !e.checkVisibility({ visibilityProperty: true })) continue;
      const s = getComputedStyle(e), { colours, veils, placed } = behindOf(e);
      const look = [s.color, s.fontSize, s.fontWeight, s.textShadow, off(e), colours, veils].join(' ');
      const key = placed ? e : look;
      groups.set(key, [...(groups.get(key) ?? []), e]);
    }
    return groups;
  };

  const described = (violations) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${node.target}: ${node.failureSummary}`));

  const barriers = async (options) => {
    const { violations } = await axe.run({ resultTypes: ['violations'], ...options });
    return described(violations);
  };

  /* axe's judgement of the contrast of these texts: faults, and the texts that are good. Of some it gives none. */
  const judge = async (texts) => {
    if (!texts.length) return { faults: [], good: [], judged: [] };
    texts.forEach((e) => { e.dataset.lookAt = ''; });
    axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-look-at]' }] });
    const options = { runOnly: ['color-contrast'], resultTypes: ['violations', 'passes'], elementRef: true };
    const { violations, passes } = await axe.run(options);
    texts.forEach((e) => delete e.dataset.lookAt);
    const elements = (results) => results.flatMap(({ nodes }) => nodes.map(({ element }) => element));
    const good = elements(passes);
    return { faults: described(violations), good, judged: [...good, ...elements(violations)] };
  };

  /* Weak contrasts, and the looks of texts with enough. One text of each look is judged, or all if that one isn't. */
  const contrasts = async (known) => {
    const old = new Set(known), groups = [...textsByLook()].filter(([look]) => !old.has(look));
    const first = await judge(groups.map(([, [text]]) => text));
    const open = groups.filter(([, [text]]) => !first.judged.includes(text));
    const rest = await judge(open.flatMap(([, [, ...others]]) => others));
    const good = new Set([...first.good, ...rest.good]), judged = new Set([...first.judged, ...rest.judged]);
    const weak = (text) => judged.has(text) && !good.has(text);
    const shared = groups.filter(([look]) => typeof look === 'string');
    const looks = shared.filter(([, texts]) => texts.some((text) => good.has(text)) && !texts.some(weak));
    return { faults: [...first.faults, ...rest.faults], looks: looks.map(([look]) => look) };
  };

  const withLargeLetters = async (look) => {
    root.classList.add('large');
    const faults = await look();
    root.classList.remove('large');
    return faults;
  };

  /* Text that is fading in has no contrast yet; no page moves something for ever. */
  const settled = () => Promise.allSettled(document.getAnimations().map((animation) => animation.finished));

  window.pageFaults = {
    /* With usual letters, then with large ones. `known`: looks of texts with enough contrast; more are returned. */
    usual: async (known) => {
      await settled();
      const { faults, looks } = await contrasts(known);
      const others = await barriers({ rules: { 'color-contrast': { enabled: false } } });
      const large = await withLargeLetters(() => [...sideways(), ...small(), ...squeezed()]);
      return { faults: [...sideways(), ...nameless(), ...small(), ...faults, ...others, ...large], looks };
    },
    /* With large letters on a narrow page, the rules of axe whose verdict changes with the size of letters. */
    narrow: () => withLargeLetters(async () => {
      await settled();
      const runOnly = ['target-size', 'scrollable-region-focusable'];
      return [...sideways(), ...small(), ...squeezed(), ...await barriers({ runOnly })];
    }),
    squeezed,
  };
})();
