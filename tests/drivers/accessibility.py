"""What axe-core finds in a page of a browser.

To work out what lies behind each text takes two thirds of axe's time, and most texts of a page look like one that was
looked at: on this page, or on one before. Texts with the same computed style, on the same backgrounds, have the same
contrast, so one of each is looked at in a process. Where something is positioned, which could lie over something else,
all are.
"""

from __future__ import annotations

from collections.abc import Sequence

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_AXE = Axe().axe_script
_SETTLED = "Promise.allSettled(document.getAnimations().map((animation) => animation.finished))"
"""Text that is fading in has no contrast yet; no page moves something for ever."""
_MARK_NEW_LOOKS = """(known) => {
  const looks = new Set(known), marked = [], behind = new Map();
  const behind_of = (e) => {
    if (!e) return { colours: '', veils: '', placed: false };
    if (!behind.has(e)) {
      const s = getComputedStyle(e), outer = behind_of(e.parentElement);
      const opaque = s.backgroundImage === 'none' && /^rgb\\(/.test(s.backgroundColor);
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
    const texts = [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!(texts || e.matches('input, select, textarea')) || !e.checkVisibility({ visibilityProperty: true })) continue;
    const s = getComputedStyle(e);
    const { colours, veils, placed } = behind_of(e);
    const look = [s.color, s.fontSize, s.fontWeight, s.textShadow, off(e), colours, veils].join(' ');
    if (placed || !looks.has(look)) e.dataset.newLook = '';
    if (placed) continue;
    if (!looks.has(look)) marked.push(look);
    looks.add(look);
  }
  axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-new-look]' }] });
  return marked;
}"""
_UNMARK = "() => document.querySelectorAll('[data-new-look]').forEach((e) => delete e.dataset.newLook)"
_RUN = "(options) => axe.run(options).then((results) => results.violations)"
_looks: set[str] = set()
"""Styles of texts with enough contrast."""


async def find_barriers(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe calls serious or critical: contrast, names, roles, order of headings and the like.

    With ``rules`` these alone.
    """
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    if not await page.evaluate("'axe' in window"):  # half a megabyte: once in a document
        await page.evaluate(_AXE)
    await page.evaluate(_SETTLED)
    new_looks = [] if rules else await page.evaluate(_MARK_NEW_LOOKS, list(_looks))
    violations = await page.evaluate(_RUN, options)
    if not rules:
        await page.evaluate(_UNMARK)
    if not any(violation["id"] == "color-contrast" for violation in violations):
        _looks.update(new_looks)
    return [
        f"{violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
