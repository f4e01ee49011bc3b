"""What a look at a page reports. Of texts with one style one is looked at for contrast, and none is missed for it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.drivers.page_faults import find_faults, find_narrow_faults
from tests.plugins.browsers import CHROMIUM
from tests.web.test_browser import Seen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
_PICTURE = "linear-gradient(#fff, #eee)"
_LINK, _SCROLLING = "link-in-text-block", "scrollable-region-focusable"
_REGION = "<div style='height: 60px; overflow: auto'>%s</div>"
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
        "<div style='background: #111'><div style='opacity: .2; background: #fff'><p>透出底色的字</p></div></div>",
        "<p style='color: #888; font-size: 30px'>大字可以</p><p style='color: #888'>小字不行</p>",
        "<p style='color: #878; font: bold 19px serif'>粗字</p><p style='color: #878; font-size: 19px'>细字</p>",
        "<p style='color: #999' aria-disabled='true'>停用不算</p><p style='color: #999'>启用才算</p>",
        "<input type='checkbox' aria-label='勾选'><input aria-label='太浅的字' style='color: #ccc' value='字'>",
        f"<p style='color: #bcd; background: {_PICTURE}'>图上不判</p><p style='color: #bcd'>纸上要判</p>",
        "<p style='color: #bce; clip-path: inset(50%)'>只给读屏的字</p><p style='color: #bce'>给人看的字</p>",
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
        ("<select><option>甲</option></select>", "select-name"),
        ("<p style='color: #333'>请看<a href='/' style='color: #444; text-decoration: none'>这里</a>的说明</p>", _LINK),
        (_REGION % "<p style='padding-top: 300px'>一段文字</p>", _SCROLLING),
        (_REGION % "<button disabled style='height: 300px'>不能用</button>", _SCROLLING),
    ],
)
async def test_each_kind_of_fault_is_reported(browser: Browser, body: str, fault: str) -> None:
    page = await (await browser.new_context()).new_page()
    await page.set_content(_PAGE % body)
    assert any(fault in line for line in await find_faults(page))


@pytest.mark.parametrize(
    "body",
    [
        "<p>请看<a href='/'>这里</a>的说明</p>",
        _REGION.replace("<div", "<div tabindex='0'") % "<p style='padding-top: 300px'>一段文字</p>",
        _REGION % "<p style='padding-top: 300px'><a href='/'>一段文字</a></p>",
    ],
)
async def test_a_link_that_is_underlined_and_a_region_that_keys_can_scroll_are_good(
    browser: Browser, body: str
) -> None:
    page = await (await browser.new_context()).new_page()
    await page.set_content(_PAGE % body)
    assert await find_faults(page) == []
    assert await find_narrow_faults(page) == []


@pytest.mark.parametrize(
    ("body", "good"),
    [
        ("{0}{0}", False),
        ("{0} <p>之间</p> {0}", True),
        ("<button style='width: 90px; height: 90px; margin-left: -80px; position: absolute'>大的</button>{0}", False),
        ("<p>前面的字{0}后面的字</p>", True),
    ],
)
async def test_small_controls_need_room_on_a_narrow_page(browser: Browser, body: str, good: bool) -> None:
    box = "<input type='checkbox' aria-label='勾选' style='margin: 0; width: 12px; height: 12px'>"
    page = await (await browser.new_context(viewport={"width": 240, "height": 800})).new_page()
    await page.set_content(_PAGE % body.format(box))
    assert any(line.startswith("target-size") for line in await find_narrow_faults(page)) != good


async def test_a_region_that_only_large_letters_fill_is_found_on_a_narrow_page(browser: Browser) -> None:
    page = await (await browser.new_context(viewport={"width": 240, "height": 800})).new_page()
    style = "<style>div { height: 90px; overflow: auto } .large p { padding-top: 300px }</style>"
    await page.set_content(_PAGE % f"{style}<div><p>一段文字</p></div>")
    assert not any(line.startswith(_SCROLLING) for line in await find_faults(page))
    assert any(line.startswith(_SCROLLING) for line in await find_narrow_faults(page))


@pytest.mark.parametrize(
    ("style", "body", "fault"),
    [
        ("@media (min-width: 700px) { img { display: none } }", "<img src='data:,'>", "image-alt"),
        ("@media (max-width: 699px) { img { display: none } }", "<img src='data:,'>", "image-alt"),
        ("@media (prefers-color-scheme: light) { p { color: #dcd } }", "<p>浅色时太淡</p>", "color-contrast"),
        ("@media (prefers-color-scheme: dark) { p { color: #cdc } }", "<p>深色时太淡</p>", "color-contrast"),
        ("@media (min-width: 700px) { .large p { width: 3000px } }", "<p>大字版太宽</p>", "scrolls sideways"),
        ("@media (max-width: 240px) { .large p { width: 300px } }", "<p>最窄时太宽</p>", "scrolls sideways"),
    ],
)
async def test_a_fault_of_a_single_view_is_reported(browser: Browser, style: str, body: str, fault: str) -> None:
    page = await (await browser.new_context(viewport={"width": 500, "height": 500})).new_page()
    await page.set_content(_PAGE % f"<style>{style}</style>{body}")
    with pytest.raises(AssertionError, match=fault):
        await Seen(page, "").check("faults")


async def test_a_page_keeps_its_size_and_colours(browser: Browser) -> None:
    page = await (await browser.new_context(viewport={"width": 500, "height": 500}, color_scheme="dark")).new_page()
    await page.set_content(_PAGE % "<p>好的一页</p>")
    await Seen(page, "", "dark").check("good")
    assert page.viewport_size == {"width": 500, "height": 500}
    assert await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


async def test_the_next_documents_of_a_tab_have_the_script(browser: Browser) -> None:
    page = await (await browser.new_context()).new_page()
    await page.route("**", lambda route: route.fulfill(content_type="text/html", body=_PAGE % "<img src='data:,'>"))
    for _ in range(2):
        await page.goto("http://page.test/")
        assert any("image-alt" in line for line in await find_faults(page))


async def test_large_letters_on_a_narrow_page_are_looked_at_too(browser: Browser) -> None:
    page = await (await browser.new_context(viewport={"width": 240, "height": 800})).new_page()
    await page.set_content(_PAGE % "<style>.large p { width: 300px }</style><p>字大了就放不下</p>")
    assert "scrolls sideways" in await find_narrow_faults(page)
    assert not await page.evaluate("document.documentElement.classList.contains('large')")
