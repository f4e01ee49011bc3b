"""The first pages in a real browser: on a phone, a tablet and a screen, in light and dark."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.files import MaterialData
from tests.factories.files import pdf
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.front.test_pages import FRONT, fill
from tests.web.office_scene import make_scene
from tests.web.test_browser import PHONE, SCREEN, look, picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
TABLET = (768, 1024)
_FOLD = """() => [...document.querySelectorAll('.masthead .log-ins a, .masthead button')]
    .map((one) => one.getBoundingClientRect().bottom)"""


async def test_the_first_pages_are_accessible_and_fit_the_screen(browser: Browser, world: World) -> None:
    scene = await make_scene(world)
    await fill(world)
    data = MaterialData("评标专家申报指南（2026年版）", "操作手册", shown_from=world.clock.now())
    await world.services.files.materials.add(scene.admin, data, pdf())
    seen = await look(browser, world)
    paths = {
        "pools": "/",
        "pool": FRONT,
        "pool-closed": "/h5/guangdong",
        "campaigns": f"{FRONT}/campaigns",
        "search": f"{FRONT}/help?q=发票",
        "not-found": f"{FRONT}/help?q=月亮",
        "nowhere": "/h5/nowhere",
        "certificate": "/c",
        "log-in": "/h5/login?pool=demo",
        "log-in-agency": "/h5/login?pool=demo&role=agency",
        "log-in-staff": "/h5/login?pool=demo&role=staff",
    }
    await seen.check_pages("front", paths)
    for size, scheme in ((PHONE, "dark"), (TABLET, "light"), (SCREEN, "light")):
        other = await look(browser, world, size, "dark" if scheme == "dark" else "light")
        await other.open(FRONT)
        await picture(other.page, f"front-pool-{size[0]}-{scheme}")
    assert [line for line in seen.complaints if "404" not in line] == []


async def test_search_and_log_ins_stand_above_the_fold(browser: Browser, world: World) -> None:
    for width, height in (PHONE, (1280, 720)):
        seen = await look(browser, world, (width, height))
        page = await seen.open(FRONT)
        assert max(await page.evaluate(_FOLD)) < height * 0.6


async def test_a_visitor_searches_and_goes_to_the_log_in_of_an_agency(browser: Browser, world: World) -> None:
    seen = await look(browser, world)
    page = await seen.open(FRONT)
    await page.get_by_role("searchbox").fill("发票")
    await page.keyboard.press("Enter")
    await page.get_by_text("缴费后怎样取得发票").wait_for()
    await page.get_by_role("link", name="首页").click()
    await page.get_by_role("link", name="抽取评标专家").click()
    await page.get_by_role("link", name="统一身份认证登录").wait_for()
    await expect(page.get_by_role("link", name="统一身份认证登录")).to_have_count(1)
    assert seen.complaints == []
