"""没看懂的话 in a real browser, on a phone and on a computer; pictures go to ``var/screenshots``."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import make_scene, misunderstood
from tests.web.test_browser import PHONE, SCREEN

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.mark.parametrize(("size", "name"), [(PHONE, "phone"), (SCREEN, "screen")])
async def test_a_sentence_gets_a_meaning(browser: Browser, world: World, size: tuple[int, int], name: str) -> None:
    scene = await make_scene(world)
    await misunderstood(scene, times=12)
    await misunderstood(scene, "我叫王小红，电话13800138000，评标那天孩子没人带实在来不了了该怎么跟你们说呀", times=2)
    seen = await open_administrator(browser, scene, size)
    page = await seen.open("/office/misunderstood")
    await seen.check(f"office-misunderstood-{name}")
    await page.get_by_role("button", name="归入").nth(1).click()
    await page.get_by_text("已归入，半分钟内各处生效").wait_for()
    await page.get_by_role("link", name="已归入").click()
    await page.get_by_text("归入“不能参加（请假）”").wait_for()
    await seen.check(f"office-paraphrases-{name}")
    await page.locator("summary", has_text="添加一句").click()
    await page.get_by_role("button", name="添加").click()
    await page.get_by_text("请填写句子").wait_for()
    await seen.check(f"office-paraphrases-wrong-{name}")
    assert [line for line in seen.complaints if "422" not in line] == []
