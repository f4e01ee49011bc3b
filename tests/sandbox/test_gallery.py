"""Every component of the mini-program pane once, as wide as a phone: nothing overlaps, is covered or too small to tap.

Two components of one class name once drew a switch twelve pixels wide under the next label: such a fault is found here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser

from sandbox.page import STATIC
from tests.plugins.browsers import CHROMIUM
from tests.sandbox.conftest import Box
from tests.sandbox.test_miniapp_pane import PICTURES
from tests.sandbox.test_page import open_page
from tests.stylesheets import GEOMETRY, shared_classes

_GALLERY = Path(__file__).with_name("gallery.js").read_text(encoding="utf-8").partition("\n")[2]


def test_no_class_has_bare_rules_in_two_sheets_of_the_page() -> None:
    assert shared_classes(sorted(STATIC.glob("*.css"))) == {}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_component_overlaps_or_is_too_small(
    browser: Browser, box: Box, scheme: Literal["light", "dark"]
) -> None:
    seen = await open_page(browser, box, 400, 2600)
    await seen.page.emulate_media(color_scheme=scheme)
    for part in await seen.page.evaluate(_GALLERY):
        shown = seen.page.locator(f"[data-part={part}]")
        assert await shown.evaluate(GEOMETRY) == [], part
    PICTURES.mkdir(parents=True, exist_ok=True)
    await seen.page.screenshot(path=PICTURES / f"gallery-pane-{scheme}.png", full_page=True)
    await seen.page.context.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_the_check_finds_the_fault_that_once_was(browser: Browser, box: Box) -> None:
    """The control: with the rule that collided, the switch is found."""
    seen = await open_page(browser, box, 400, 2600)
    await seen.page.evaluate(_GALLERY)
    await seen.page.evaluate(
        "document.adoptedStyleSheets[0].insertRule('.m-field .m-switch { width: 12px; margin-bottom: -40px }')"
    )
    found = await seen.page.locator("[data-part=form]").evaluate(GEOMETRY)
    assert any(one.startswith(("small", "overlap", "covered")) for one in found)
    await seen.page.context.close()
