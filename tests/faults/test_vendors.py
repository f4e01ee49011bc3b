"""Vendors that are slow, fail, do things twice, cut the line or report out of order: the draw still ends right."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.stagehand import NEEDED, Hand, running

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BOUND = 8
FAULTS = {
    "they fail now and then": [("*", "fail_500", 0.25, 0)],
    "they do it and cut the line": [
        ("voice", "drop_answer", 0.6, 0),
        ("sms", "drop_answer", 0.6, 0),
        ("wechat", "drop_answer", 0.3, 0),
    ],
    "they report twice, late and out of order": [("*", "twice", 0.7, 0), ("*", "out_of_order", 0.6, 3)],
    "they are slow and lose reports": [("*", "slow", 0.5, 2), ("voice", "lost", 0.5, 0), ("sms", "lost", 0.5, 0)],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hand() -> AsyncIterator[Hand]:
    async with running() as found:
        await found.bind(BOUND)
        await found.set_autopilots(bound=BOUND)
        yield found


@pytest.mark.parametrize("name", FAULTS)
async def test_a_draw_ends_right_when(hand: Hand, name: str) -> None:
    control = hand.stage.wire.control
    draw = await hand.prepare_draw()
    for vendor, kind, probability, seconds in FAULTS[name]:
        await control("/faults", {"vendor": vendor, "kind": kind, "probability": probability, "seconds": seconds})
    try:
        await hand.start(draw)
        progress = await hand.live_through(draw)
    finally:
        await control("/faults/clear", {})
    assert (progress["state"], progress["accepted"], progress["open"]) == ("completed", NEEDED, 0)
    await hand.check()
