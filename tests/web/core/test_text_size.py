"""大字版: large letters by one tap that the browser remembers, with or without scripts; WeChat's setting counts."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.drivers.page_faults import find_squeezed
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import PUBLIC_URL, World
from tests.web.test_browser import look

_SIZE = "Number.parseFloat(getComputedStyle(document.body).fontSize)"
_in_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")


async def test_a_press_without_scripts_comes_back_to_the_same_page_in_large_letters(world: World) -> None:
    visitor = await world.visitor().get("/h5/demo/materials?from=help")
    assert 'class="large"' not in await visitor.response.text()
    here = {"Referer": f"{PUBLIC_URL}/h5/demo/materials?from=help"}
    await visitor.press("大字版", headers=here)
    assert str(visitor.response.url.relative()) == "/h5/demo/materials?from=help"
    assert 'class="large"' in await visitor.response.text()
    await visitor.get("/h5/login")
    assert 'class="large"' in await visitor.response.text(), "every page knows"
    await visitor.press("标准字号", headers={"Referer": f"{PUBLIC_URL}/h5/login"})
    assert 'class="large"' not in await visitor.response.text()


@pytest.mark.parametrize("referer", ["https://evil.example//evil.example/a", f"{PUBLIC_URL}/\\evil.example", ""])
async def test_the_way_back_never_leaves_our_site(world: World, referer: str) -> None:
    visitor = world.visitor()
    answer = await visitor.client.post(
        "/h5/text", data={"size": "large"}, headers={"Referer": referer}, allow_redirects=False
    )
    target = answer.headers["Location"]
    assert (answer.status, target.startswith("/"), target[1:2] in ("/", "\\")) == (303, True, False)


async def test_another_site_cannot_change_it(world: World) -> None:
    page = await world.visitor().post("/h5/text", {"size": "large"}, {"Origin": "https://evil.example"})
    assert (page.status, "pbt_text" in page.response.cookies) == (403, False)


@pytest.mark.browser
@_in_chromium
async def test_a_tap_makes_letters_of_20_px_at_once_keeps_what_is_typed_and_stays(
    browser: Browser, world: World
) -> None:
    seen = await look(browser, world)
    page = await seen.open("/h5/login")
    assert await page.evaluate(_SIZE) == 17
    await page.get_by_label("手机号").fill("13712345678")
    async with page.expect_response("**/h5/text") as sent:
        await page.get_by_role("button", name="大字版").click()
    await sent.value
    assert await page.evaluate(_SIZE) == pytest.approx(20, abs=0.01)
    await expect(page.get_by_label("手机号")).to_have_value("13712345678")
    await page.get_by_role("button", name="标准字号").wait_for()
    await seen.open("/h5/register")
    assert await page.evaluate(_SIZE) == pytest.approx(20, abs=0.01)
    assert seen.complaints == []


@pytest.mark.browser
@_in_chromium
async def test_the_size_that_is_set_in_wechat_counts(browser: Browser, world: World) -> None:
    """WeChat writes it on the body; a sheet of ours must not win."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await page.goto(f"{world.server.make_url('/h5/login')}")
    height = "document.querySelector('h1').getBoundingClientRect().height"
    before = await page.evaluate(height)
    await page.evaluate("document.body.style.webkitTextSizeAdjust = '200%'")
    assert await page.evaluate(height) == pytest.approx(2 * before, abs=1)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await context.close()


@pytest.mark.browser
@_in_chromium
@pytest.mark.parametrize("width", [195, 640])
async def test_nothing_is_cut_off_at_twice_the_size(browser: Browser, world: World, width: int) -> None:
    """A browser's zoom of 200 % on a phone of 390 px and a screen of 1280 px: half the width, twice the dots."""
    seen = await look(browser, world, (width, 422))
    for path in ("/h5/login", "/h5/register", "/h5/demo/help", "/h5/demo/notice", "/nothing"):
        page = await seen.open(path)
        for fold in await page.locator("summary").all():
            await fold.click()
        assert await find_squeezed(page) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
