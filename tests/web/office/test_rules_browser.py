"""The rulebook in a real browser; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import make_scene
from tests.web.test_browser import PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_rules_read_well(browser: Browser, world: World) -> None:
    seen = await open_administrator(browser, await make_scene(world), PHONE)
    await seen.check_pages(
        "office",
        {"rules": "/office/rules", "rules-review": "/office/rules/review", "rules-search": "/office/rules?q=签到"},
    )
    assert seen.complaints == []
