"""The page that offers a produced file, in a real browser, on a phone and on a computer."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.test_browser import PHONE, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_the_page_before_a_file_reads_well(browser: Browser, world: World) -> None:
    """As it stands in every browser after a file was mailed."""
    seen = await staff(browser, world, PHONE, "agency")
    page = await seen.check_page("files-produced", "/agency/templates/draw.pdf?note=mail_file")
    await expect(page.get_by_text("已发送，请查收邮件")).to_be_visible()
    assert seen.complaints == []
