"""Catalogues in a real browser; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.factories.people import make_expert
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import make_scene
from tests.web.test_browser import PHONE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_an_entry_is_ended_and_mapped(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    await make_expert(world.services.deps, name="孙明远", specialties=["A0801"], specialty_path=["A", "A08", "A0801"])
    seen = await open_administrator(browser, scene, PHONE)
    await seen.check_pages(
        "office", {"catalogues": "/office/catalogues", "catalogue": "/office/catalogues/specialty?parent=A08"}
    )
    page = await seen.open("/office/catalogues/specialty/A0801")
    await page.locator("summary", has_text="停用").click()
    await page.get_by_label("原因").fill("并入建筑设计")
    await page.get_by_role("button", name="确定停用").click()
    await page.get_by_text("已保存停用日期").wait_for()
    await page.get_by_label("新代码").fill("A0401")
    await page.locator(".sheet-form").get_by_label("原因").fill("合并")
    await page.get_by_role("button", name="预览").click()
    await page.get_by_text("孙明远").wait_for()
    await seen.check("office-catalogue-mapping")
    assert seen.complaints == []
