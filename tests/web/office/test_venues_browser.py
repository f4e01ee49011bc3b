"""Venues in a real browser, at the door with a phone; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import make_scene
from tests.web.test_browser import PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_whoever_stands_at_the_door_fills_in_the_position(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    seen = await open_administrator(browser, scene, PHONE)
    await seen.check_pages("office", {"venues": "/office/venues", "venue-new": "/office/venues/new"})
    page = await seen.open("/office/venues/demo-hall")
    await page.context.grant_permissions(["geolocation"])
    await page.context.set_geolocation({"latitude": 23.1512, "longitude": 113.3344, "accuracy": 12})
    await page.get_by_role("button", name="用我现在的位置").click()
    await expect(page.get_by_text("误差约12米")).to_be_visible()
    await expect(page.get_by_label("纬度")).to_have_value("23.151200")
    await page.get_by_label("修改原因").fill("正门搬了")
    await page.get_by_role("button", name="预览").click()
    await page.get_by_text("比原来的位置移动了约").wait_for()
    await seen.check("office-venue-preview")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("已保存").wait_for()
    assert seen.complaints == []
