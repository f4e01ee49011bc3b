"""The look at contrast: one text of each style is looked at, and none is missed for it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.drivers.accessibility import find_barriers
from tests.plugins.browsers import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
_PAGE = '<!doctype html><html lang="zh"><title>页面</title><main><h1>标题</h1>%s</main></html>'


async def contrasts(page: Page, body: str) -> list[str]:
    await page.set_content(_PAGE % body)
    return [line.partition(":")[0] for line in await find_barriers(page) if line.startswith("color-contrast")]


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
    [first] = await contrasts(page, body)
    assert [first] == await contrasts(page, body)


async def test_of_texts_with_one_style_one_is_looked_at(browser: Browser) -> None:
    page = await (await browser.new_context()).new_page()
    assert await contrasts(page, "<p style='color: #123'>一段文字</p>" * 3) == []
    [_] = await contrasts(page, "<p style='color: #ddd'>一段文字</p>" * 3)
