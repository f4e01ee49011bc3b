"""The guide's card: its stories know every state of a draw, and it leaves the phones their height."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Locator, expect

from domain.draws.lifecycles import DrawState
from tests.plugins.browsers import CHROMIUM
from tests.sandbox.conftest import Service, open_box
from tests.sandbox.test_alibaba import ASK
from tests.sandbox.test_page import SCREENSHOTS, Seen, open_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
PHONE_AT_LEAST = 600
_STORIES = "import('/_/stories.js').then(({ STORIES }) => STORIES)"
_WAYS = f"""(facts) => {_STORIES}.then((stories) => Object.fromEntries(Object.entries(stories)
    .filter(([, story]) => story.isSpent)
    .map(([key, story]) => {{
        const step = story.steps.find((one) => !one.done(facts));
        const on = step?.first ? 'first' : step?.taps.length ? 'tap' : 'stuck';
        return [key, !step ? 'over' : story.isSpent(facts) ? 'anew' : on];
    }})))"""
"""What the card offers in each story of a draw: it is over, a new draw, another story first, or a tap."""
_SIZES = f"""() => {_STORIES}.then((stories) => Object.entries(stories).flatMap(([key, story]) =>
    [...story.steps.keys(), story.steps.length].map((step) => [key, step])))"""
LOST = {DrawState.SHORT, DrawState.SUPPLEMENT_PENDING, DrawState.TERMINATED}
BEFORE_CALLS = {
    DrawState.EDITING,
    DrawState.REFUSED,
    DrawState.SUBMITTED,
    DrawState.VERIFIED,
    DrawState.COMMITTING,
}


@pytest.fixture
async def seen(browser: Browser, service: Service) -> AsyncIterator[Seen]:
    await service.start()
    box = await open_box(service, wire={"speech_rate": 100000, "key_wait": 600})
    seen = await open_page(browser, box, 1280, 860)
    yield seen
    await seen.page.context.close()
    await box.client.close()
    assert [line for line in seen.complaints if "404" not in line] == [], "there is no service behind these stories"


async def test_each_state_of_a_draw_leads_on_or_to_a_new_draw(seen: Seen) -> None:
    for state in DrawState:
        ways = {}
        for late in (False, True):
            facts = {"draw": "1", "state": state.value, "number": "CQSQ202611270001", "late": late, "called": True}
            ways[late] = await seen.page.evaluate(_WAYS, facts)
            assert "stuck" not in ways[late].values(), (state, late)
        if state in LOST:
            assert set(ways[False].values()) == {"anew"}, state
        if state in BEFORE_CALLS:
            assert set(ways[False].values()) == {"tap", "first"}, state
            assert set(ways[True].values()) == {"anew"}, state
        if state == DrawState.COMPLETED:
            assert ways[False]["release"] == ways[True]["release"] == "tap"


@pytest.mark.parametrize(
    ("facts", "way"),
    [
        ({"state": "completed", "release": "open"}, "tap"),
        ({"state": "completed", "release": "closed"}, "anew"),
        ({"state": "ended", "release": "approved"}, "anew"),
        ({"state": "released", "release": "begun"}, "tap"),
        ({"state": "released", "release": "begun", "night": True}, "over"),
    ],
)
async def test_a_release_goes_by_the_state_of_its_draw(seen: Seen, facts: dict[str, object], way: str) -> None:
    assert (await seen.page.evaluate(_WAYS, {"draw": "1", **facts}))["release"] == way


async def test_a_draw_whose_time_is_over_offers_a_new_one_by_the_mark(seen: Seen) -> None:
    page = seen.page
    stored = {"story": "release", "facts": {"draw": "1", "state": "completed", "release": "closed"}, "skipped": {}}
    await page.evaluate("(stored) => localStorage.setItem('guide', JSON.stringify(stored))", stored)
    await page.reload()
    anew = page.get_by_role("button", name="再抽一次")
    await expect(anew).to_have_class("next-tap")
    await anew.click()
    await expect(page.locator("#guide")).to_contain_text("第 1 / 8 步")
    stored = json.loads(await page.evaluate("localStorage.getItem('guide')"))
    assert (stored["story"], stored["facts"]) == ("draw", {})


async def test_the_card_leaves_the_phones_their_height_in_every_step(seen: Seen) -> None:
    page = seen.page
    steps = await page.evaluate(_SIZES)
    assert len(steps) > 35
    heights = {}
    for story, step in steps:
        facts = {"draw": "1", "state": "completed"}
        stored = {"story": story, "facts": facts, "skipped": {story: step}}
        await page.evaluate("(stored) => localStorage.setItem('guide', JSON.stringify(stored))", stored)
        await page.reload()
        await page.locator("#guide .guide-next").wait_for()
        await page.evaluate(_NEWS)
        heights[story, step] = await page.locator(".phone").first.evaluate("(phone) => phone.offsetHeight")
    await page.screenshot(path=SCREENSHOTS / "sandbox-guide-1280.png")
    assert {place: height for place, height in heights.items() if height < PHONE_AT_LEAST} == {}


_NEWS = """() => {
    const box = document.getElementById('news');
    box.hidden = false;
    box.innerHTML = '<button class="news-chip">张三 · 来电</button>';
}"""


@pytest.mark.parametrize("height", [860, 700, 600])
async def test_the_buttons_of_a_call_are_never_cut(seen: Seen, height: int) -> None:
    page = seen.page
    await page.set_viewport_size({"width": 1280, "height": height})
    await page.locator("#guide").get_by_role("button", name="接一个电话").click()
    await seen.box.rpc("voice", "IvrCall", **ASK)
    call = page.get_by_role("dialog", name="来电")
    for button in ("接听", "拒接"):
        assert await is_whole(call.get_by_role("button", name=button)), button
    await call.get_by_role("button", name="接听").click()
    await call.get_by_role("button", name="按 1").click()
    await page.screenshot(path=SCREENSHOTS / f"sandbox-call-{height}.png")
    for button in ("挂断", "按 1", "按 #"):
        assert await is_whole(call.get_by_role("button", name=button, exact=True)), button
    await call.get_by_role("button", name="挂断").click()


async def is_whole(button: Locator) -> bool:
    """Whether a button lies inside its phone and on the screen."""
    return bool(
        await button.evaluate(
            """(button) => {
                const inner = button.getBoundingClientRect(), outer = button.closest('.phone').getBoundingClientRect();
                const bottom = Math.min(outer.bottom, innerHeight);
                return inner.height > 20 && inner.top >= outer.top && inner.bottom <= bottom;
            }"""
        )
    )
