"""Texts of the office in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

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


async def test_a_text_is_edited_previewed_and_published(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    seen = await open_administrator(browser, scene, PHONE)
    await seen.check_pages("office", {"texts": "/office/texts", "text-faq": "/office/texts/faq"})
    page = await seen.open("/office/texts/welcome")
    await page.get_by_label("欢迎语").fill("您好，这里是专家库。\n回复“绑定”开始，热线020-12345678。")
    await page.get_by_label("修改原因").fill("换了热线")
    await page.get_by_role("button", name="预览").click()
    await page.get_by_role("heading", name="预览").wait_for()
    await seen.check("office-text-preview")
    await page.get_by_role("button", name="发布").click()
    await page.get_by_text("已发布").wait_for()
    await page.locator("summary", has_text="换了热线").click()
    await seen.check("office-text-published")
    assert seen.complaints == []
