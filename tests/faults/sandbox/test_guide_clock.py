"""Every story of a draw reaches its end by the marked taps alone, however the clock is moved between them."""

from __future__ import annotations

import asyncio
import random

import pytest
from playwright.async_api import Error as PlaywrightError

from tests.faults.sandbox.offices import PICTURES
from tests.faults.sandbox.test_guide import Newcomer, newcomer
from tests.plugins.browsers import CHROMIUM, capture

__all__ = ["newcomer"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
STORIES = {"办一次抽取": 8, "接一个电话": 4, "退选": 5, "复评与公开核验": 8}
STEPS = (60, 1800, 1800, 3600, 3600, 86400)
"""Moves of the clock, in seconds, as the buttons above the phones offer them."""
MOVES = 5
"""Of the clock in one story: beyond the guide's own, which goes on by minutes."""
PATIENCE = 420
"""Seconds that a story may take, from the state that the one before has left."""


async def play(person: Newcomer, story: str, chance: random.Random) -> None:
    """Tap what is marked until the story is over; what leads to another story first is followed, too."""
    left, chosen = MOVES, ""
    while True:
        words = await person.words.inner_text()
        if "办完了" in words and chosen == story:
            return
        if "办完了" in words or not chosen:
            chosen = story
            await choose(person, story)
            continue
        chosen = await pressed(person)
        if left and chance.random() < 0.08:
            left -= 1
            await person.page.locator(f'[data-advance="{chance.choice(STEPS)}"]').click()
            await asyncio.sleep(0.5)
        await tap_mark(person)


async def choose(person: Newcomer, story: str) -> None:
    button = person.page.locator("#guide").get_by_role("button", name=story)
    if await button.get_attribute("aria-pressed") != "true":
        await button.click()


async def pressed(person: Newcomer) -> str:
    """The story that the card tells."""
    shown = await person.page.locator('#guide [aria-pressed="true"]').inner_text()
    return shown.split(" ", 1)[-1].strip()


async def tap_mark(person: Newcomer) -> None:
    mark = await person.find_mark()
    if mark is not None:
        try:
            name = await mark.get_attribute("aria-label") or await mark.inner_text()
            await mark.click(timeout=3000)
            person.tapped.append(" ".join(name.split()))
        except PlaywrightError:  # the element was replaced meanwhile: the guide marks the new one
            pass
    await asyncio.sleep(0.35)


@pytest.mark.parametrize("seed", [1])
async def test_every_story_of_a_draw_ends_however_the_clock_moves(newcomer: Newcomer, seed: int) -> None:
    chance = random.Random(seed)
    stories = chance.sample(sorted(STORIES), len(STORIES))
    await newcomer.page.get_by_label("其他手机自动应答").check()
    for story in stories:
        try:
            await asyncio.wait_for(play(newcomer, story, chance), PATIENCE)
        except TimeoutError:
            await capture(newcomer.page, path=PICTURES / "guide-clock-stuck.png", caret="initial")
            facts = await newcomer.page.evaluate("localStorage.getItem('guide')")
            words = await newcomer.words.inner_text()
            raise AssertionError(f"{seed} {story}: {words} after {newcomer.tapped[-12:]}, {facts}") from None
