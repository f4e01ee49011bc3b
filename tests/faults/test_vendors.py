"""Vendors that are slow, fail, do things twice, cut the line or report out of order: the draw still ends right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.faults.draws import COMPLETED, NEEDED, DrawDriver, running_draw_driver
from tests.faults.panels import (
    PANEL,
    check_calls,
    check_texts,
    draw_panels,
    members_of,
    prepare_release,
    settle,
)

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
DOWN = [(vendor, "fail_500", 1.0, 0) for vendor in ("voice", "sms", "wechat")]
UP = [("voice", "twice", 0.7, 0), ("sms", "twice", 0.7, 0), ("voice", "out_of_order", 0.6, 3)]
"""Faults of recovering networks: reports come twice and out of order."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def draw_driver() -> AsyncIterator[DrawDriver]:
    async with running_draw_driver() as driver:
        await driver.bind(BOUND)
        await driver.set_autopilots(bound=BOUND)
        yield driver


@asynccontextmanager
async def switch_faults(
    draw_driver: DrawDriver, switched: Sequence[tuple[str, str, float, float]]
) -> AsyncIterator[None]:
    control = draw_driver.stage.http_client.control
    for vendor, kind, probability, seconds in switched:
        await control("/faults", {"vendor": vendor, "kind": kind, "probability": probability, "seconds": seconds})
    try:
        yield
    finally:
        await control("/faults/clear", {})


@pytest.mark.parametrize("name", FAULTS)
async def test_a_draw_ends_right_when(draw_driver: DrawDriver, name: str) -> None:
    draw = await draw_driver.prepare_draw()
    async with switch_faults(draw_driver, FAULTS[name]):
        await draw_driver.start(draw)
        progress = await draw_driver.live_through(draw)
    assert (progress["label"], progress["accepted"], progress["open"]) == (COMPLETED, str(NEEDED), "0")
    await draw_driver.check()


async def test_a_release_reaches_every_expert_though_the_networks_are_down_for_a_while(draw_driver: DrawDriver) -> None:
    """A call that perhaps rang is not repeated: staff confirm by hand an expert whom it may not have reached."""
    [draw] = await draw_panels(draw_driver, 1)
    members = await members_of(draw_driver, draw)
    for member in members:
        await draw_driver.set_autopilot(member.mobile, "silent" if member == members[0] else "accept", "voice")
    release = await prepare_release(draw_driver, draw)
    since = await draw_driver.stage.now()
    async with switch_faults(draw_driver, DOWN):
        await release.start()
        for _ in range(6):
            await asyncio.sleep(0.5)
            await draw_driver.nudge(45)
        panel = await release.list_panel()
        assert not any(line.reached or line.confirmed or line.texted for line in panel)
        await check_calls(draw_driver, since, members, panel)
    async with switch_faults(draw_driver, UP):
        await settle(draw_driver, since, {"draw_released": PANEL, "draw_release_text": PANEL})
    panel = await release.list_panel()
    assert all(line.by_hand is not line.reached for line in panel)
    for line in panel:
        if line.by_hand:
            await release.record(line, "已电话告知本人")
    panel = await release.list_panel()
    assert all(line.confirmed for line in panel)
    await check_calls(draw_driver, since, members, panel)
    texts = await check_texts(draw_driver, since, "draw_release_text", {listed.mobile: "已退选" for listed in members})
    assert texts == PANEL == sum(line.texted for line in panel)
    await draw_driver.check()
