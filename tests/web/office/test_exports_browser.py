"""Waiting for a long list in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from services.core.base import rows
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import make_scene, paid
from tests.web.test_browser import PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_the_page_shows_the_progress_of_an_export_and_then_offers_the_file(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await make_scene(world)
    await paid(scene)
    monkeypatch.setattr("web.office.exports.DIRECT_MAX", 0)
    seen = await open_administrator(browser, scene, PHONE)
    page = await seen.open("/office/orders")
    await page.get_by_text("导出Excel").click()
    await page.get_by_role("button", name="导出订单").click()
    await page.get_by_text("已写入0行，共1行。").wait_for()
    await seen.check("export-waiting")
    [job] = await rows("SELECT args->>'order' AS sealed FROM procrastinate_jobs WHERE task_name = 'exports.write'")
    await scene.world.services.office.large_exports.write_file(job["sealed"])
    await page.get_by_role("link", name="下载Excel").wait_for()
    await seen.check("export-done")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="下载Excel").click()
    assert (await waiting.value).suggested_filename == "orders-20261121-1200.xlsx"
    assert seen.complaints == []
