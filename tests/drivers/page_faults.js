/* What is wrong with a page as it is shown now: overflow, targets that are too small, and what axe-core (which must be
   there) calls serious or critical. Called by page_faults.py.

   Each run of axe reads the whole page, so a look takes one where it can. Rules of less impact are left out, and those
   that cost most where a look at the page shows that they hold.

   To work out what lies behind each text takes two thirds of axe's time, and most texts look like one that was looked
   at, on this page or on one before. Texts of the same colour, large or not, before the same layers have the same
   contrast, so one of each look is judged, until axe has found one good, or before a picture, where it judges none. A
   single character, for one, it does not judge either. Texts that are positioned without a background of their own are
   judged each time, as anything may lie behind them. */
(() => {
  const root = document.documentElement;
  const SMALLEST = 43.5;
  /* The fields that show text. */
  const FIELDS = 'textarea, select, input:not([type=hidden], [type=range], [type=color], [type=checkbox], '
    + '[type=radio], [type=image])';
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });

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
    const visible = (e) => shown(e) && !e.closest('.hidden');
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

  /* A short name for a look: hundreds are sent with each question. */
  const digest = (look) => {
    let [one, other] = [1, 2];
    for (const character of look) {
      one = Math.imul(one ^ character.codePointAt(0), 0x9e3779b1);
      other = Math.imul(other ^ character.codePointAt(0), 0x5f356495);
    }
    return [one, other].map((half) => (half >>> 0).toString(36)).join('-');
  };

  /* Texts by their looks; a text that stands alone by a look that it shares with none. */
  const textsByLook = () => {
    const groups = new Map(), behind = new Map();
    const behindOf = (e) => {
      if (!e) return { layers: '', veiled: false, placed: false, clipped: false };
      if (!behind.has(e)) {
        const s = getComputedStyle(e), outer = behindOf(e.parentElement);
        const veil = `${s.opacity} ${s.filter} ${s.mixBlendMode}`, veiled = outer.veiled || veil !== '1 none normal';
        const opaque = s.backgroundImage === 'none' && /^rgb\(/.test(s.backgroundColor);
        const layer = `${s.backgroundColor} ${s.backgroundImage} ${veil}`;
        const nothing = layer === 'rgba(0, 0, 0, 0) none 1 none normal';
        behind.set(e, {
          layers: nothing ? outer.layers : opaque && !veiled ? layer : `${layer}|${outer.layers}`,
          veiled,
          placed: !opaque && (outer.placed || ['absolute', 'fixed'].includes(s.position)),
          clipped: outer.clipped || s.clipPath.startsWith('inset(50%'),  // for screen readers only
        });
      }
      return behind.get(e);
    };
    /* Of the size only this matters, but for shadows. Axe rounds it so. */
    const large = (s) => Math.ceil(parseFloat(s.fontSize) * 72) / 96 >= (parseFloat(s.fontWeight) >= 700 ? 14 : 18);
    const shadow = (s) => (s.textShadow === 'none' ? '' : `${s.textShadow} ${s.fontSize}`);
    const drawn = (node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return range.getClientRects().length > 0;
    };
    const off = (e) => Boolean(e.closest('[disabled], [aria-disabled=true]') || (e.control && e.control.disabled));
    for (const e of document.body.querySelectorAll('*')) {
      const text = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim() && drawn(node));
      if (!(text || e.matches(FIELDS)) || !shown(e)) continue;
      const s = getComputedStyle(e), { layers, placed, clipped } = behindOf(e);
      if (clipped) continue;
      const look = digest([s.color, large(s), shadow(s), off(e), layers].join(' '));
      const key = placed ? e : look;
      groups.set(key, [...(groups.get(key) ?? []), e]);
    }
    return groups;
  };

  const reachable = (e) => e.tabIndex >= 0 && shown(e) && !e.matches(':disabled');

  /* Whether controls may be too small or too close. Axe allows small ones with 24 px from middle to middle. */
  const mayBeHardToHit = () => {
    const boxes = all('*').filter((e) => (e.tabIndex >= 0 || e.hasAttribute('tabindex')) && shown(e)).map((e) => {
      const { left, right, top, bottom } = e.getBoundingClientRect();
      const [wider, higher] = [right - left, bottom - top].map((size) => Math.max(0, 24 - size) / 2);
      return { left: left - wider, right: right + wider, top: top - higher, bottom: bottom + higher };
    });
    return boxes.some((one, at) => boxes.slice(at + 1).some((other) => one.left < other.right && other.left < one.right
      && one.top < other.bottom && other.top < one.bottom));
  };

  /* Whether something may scroll that no key reaches. */
  const mayScrollWithoutKeys = () => all('*').some((e) => (e.scrollWidth > e.clientWidth
      || e.scrollHeight > e.clientHeight) && /auto|scroll/.test(getComputedStyle(e).overflow)
    && ![e, ...e.querySelectorAll('*')].some(reachable));

  /* Whether a link may look like the text that it stands in: neither is underlined, or both are. */
  const mayHideLinks = () => {
    const underlined = (e) => getComputedStyle(e).textDecorationLine.includes('underline');
    return all('a[href], [role=link]').some((e) => shown(e) && getComputedStyle(e).display === 'inline'
      && underlined(e) === underlined(e.parentElement));
  };

  /* Costly rules of axe, and whether the page may break them. */
  const doubts = {
    'target-size': mayBeHardToHit,
    'scrollable-region-focusable': mayScrollWithoutKeys,
    'link-in-text-block': mayHideLinks,
  };
  const doubtful = (rules) => rules.filter((rule) => doubts[rule]());

  /* Those of serious or critical impact that axe runs of itself, but the costly ones. */
  const serious = axe._audit.rules
    .filter(({ id, enabled, impact, tags }) => enabled && !tags.includes('experimental')
      && !['minor', 'moderate'].includes(impact) && id !== 'color-contrast' && !(id in doubts))
    .map(({ id }) => id);

  /* What axe says of the page by these rules. It has not been put into frames, so it would wait for them. */
  const ask = async (rules, options) => {
    const answer = await axe.run({ runOnly: rules, resultTypes: ['violations'], iframes: false, ...options });
    const faults = answer.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id} at ${node.target}: ${node.failureSummary}`));
    return { ...answer, faults };
  };

  const barriers = async (rules) => (rules.length ? (await ask(rules)).faults : []);

  /* Faults by these rules, and axe's judgement of the contrast of these texts: the good ones, the weak ones, and those
     before pictures. Of some it gives none. */
  const judge = async (texts, rules) => {
    if (!texts.length) return { faults: await barriers(rules), good: [], weak: [], pictured: [] };
    texts.forEach((e) => { e.dataset.lookAt = ''; });
    axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-look-at]' }] });
    const resultTypes = ['violations', 'passes', 'incomplete'];
    const answer = await ask(['color-contrast', ...rules], { resultTypes, elementRef: true });
    texts.forEach((e) => delete e.dataset.lookAt);
    const nodes = (results) => results.filter(({ id }) => id === 'color-contrast').flatMap((result) => result.nodes);
    const elements = (chosen) => chosen.map(({ element }) => element);
    const pictured = ({ any: [check] }) => ['bgImage', 'bgGradient'].includes(check?.data?.messageKey);
    return {
      faults: answer.faults,
      good: elements(nodes(answer.passes)),
      weak: elements(nodes(answer.violations)),
      pictured: elements(nodes(answer.incomplete).filter(pictured)),
    };
  };

  /* Faults by these rules and weak contrasts, and the looks of texts that need no second look. One text of each look is
     judged, or all if that one isn't. */
  const judgeAll = async (known, rules) => {
    const old = new Set(known), groups = [...textsByLook()].filter(([look]) => !old.has(look));
    const first = await judge(groups.map(([, [text]]) => text), rules);
    const judged = new Set([...first.good, ...first.weak, ...first.pictured]);
    const open = groups.filter(([, [text]]) => !judged.has(text));
    const rest = await judge(open.flatMap(([, [, ...others]]) => others), []);
    const clear = new Set([...first.good, ...rest.good, ...first.pictured, ...rest.pictured]);
    const weak = new Set([...first.weak, ...rest.weak]);
    const shared = groups.filter(([look]) => typeof look === 'string');
    const done = shared.filter(([, texts]) => texts.some((e) => clear.has(e)) && !texts.some((e) => weak.has(e)));
    return { faults: [...first.faults, ...rest.faults], looks: done.map(([look]) => look) };
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
    /* With usual letters, then with large ones. `known`: looks of texts that need no second look; more are returned. */
    usual: async (known) => {
      await settled();
      const rules = doubtful(['scrollable-region-focusable', 'link-in-text-block']);
      const { faults, looks } = await judgeAll(known, [...serious, ...rules]);
      const large = await withLargeLetters(() => [...sideways(), ...small(), ...squeezed()]);
      return { faults: [...sideways(), ...nameless(), ...small(), ...faults, ...large], looks };
    },
    /* With large letters on a narrow page, the rules of axe whose verdict changes with the size of letters. */
    narrow: () => withLargeLetters(async () => {
      await settled();
      const rules = doubtful(['target-size', 'scrollable-region-focusable']);
      return [...sideways(), ...small(), ...squeezed(), ...await barriers(rules)];
    }),
    squeezed,
  };
})();
