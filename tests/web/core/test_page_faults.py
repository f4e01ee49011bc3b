"""What a look at a page reports. Of texts with one style one is looked at for contrast, and none is missed for it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.drivers.page_faults import find_faults, find_narrow_faults
from tests.plugins.browsers import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
_PAGE = '<!doctype html><html lang="zh"><title>页面</title><main><h1>标题</h1>%s</main></html>'


async def contrasts(page: Page, body: str) -> list[str]:
    await page.set_content(_PAGE % body)
    return [line.partition(":")[0] for line in await find_faults(page) if line.startswith("color-contrast")]


@pytest.mark.parametrize(
    "body",
    [
        "<p>足够清楚</p><p style='color: #ccc'>太浅的字</p>",
        "<p>足够清楚</p><div style='background: #222'><p>太深的字</p></div>",
        "<p>足够清楚</p><div style='opacity: .3'><p>太淡的字</p></div>",
        "<p>足够清楚</p><div style='position: absolute; top: 0; background: #111'><p>盖住的字</p></div>",
        "<div style='background: #111; opacity: .2'><div style='background: #fff'><p>罩住的字</p></div></div>",
        "<p style='color: #888; font-size: 30px'>大字可以</p><p style='color: #888'>小字不行</p>",
        "<p style='color: #999' aria-disabled='true'>停用不算</p><p style='color: #999'>启用才算</p>",
    ],
)
async def test_a_weak_text_is_reported_each_time_beside_others(browser: Browser, body: str) -> None:
    page = await (await browser.new_context()).new_page()
    assert await contrasts(page, "<p>足够清楚</p>") == []
    for _ in range(2):
        [_] = await contrasts(page, body)


async def test_of_texts_with_one_style_one_is_looked_at(browser: Browser) -> None:
    page = await (await browser.new_context()).new_page()
    assert await contrasts(page, "<p style='color: #123'>一段文字</p>" * 3) == []
    [_] = await contrasts(page, "<p style='color: #ddd'>一段文字</p>" * 3)


async def test_a_text_that_is_too_short_to_judge_speaks_for_no_other(browser: Browser) -> None:
    page = await (await browser.new_context()).new_page()
    [_] = await contrasts(page, "<p style='color: #edd'>一</p><p style='color: #edd'>一段文字</p>")
    assert await contrasts(page, "<p style='color: #dde'>一</p>") == []
    [_] = await contrasts(page, "<p style='color: #dde'>一段文字</p>")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<button style='height: 50px; width: 50px'></button>", "has no name"),
        ("<a href='/' style='display: block; height: 20px'>一个链接</a>", "is 20 px high"),
        ("<p style='width: 3000px'>很宽的一段</p>", "scrolls sideways"),
        ("<p style='width: 60px; overflow: hidden; white-space: nowrap'>放不下的一段文字</p>", "sticks out"),
        ("<p style='height: 8px; overflow: hidden'>放不下的一段文字</p>", "cut off"),
        ("<p style='width: 40px; font-size: 15px'>断开了</p>", "broken"),
        ("<img src='data:,'>", "image-alt"),
    ],
)
async def test_each_kind_of_fault_is_reported(browser: Browser, body: str, fault: str) -> None:
    page = await (await browser.new_context()).new_page()
    await page.set_content(_PAGE % body)
    assert any(fault in line for line in await find_faults(page))


async def test_large_letters_on_a_narrow_page_are_looked_at_too(browser: Browser) -> None:
    page = await (await browser.new_context(viewport={"width": 240, "height": 800})).new_page()
    await page.set_content(_PAGE % "<style>.large p { width: 300px }</style><p>字大了就放不下</p>")
    assert "scrolls sideways" in await find_narrow_faults(page)
    assert not await page.evaluate("document.documentElement.classList.contains('large')")
