"""Processes are killed at random: every draw ends correctly, no answer is lost, no expert is called twice."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from app import process_supervisor
from app.players.follow_ups import ReleasedLine, ReleaseOfPanel
from app.players.people import EXPERTS
from tests.faults.draws import COMPLETED, NEEDED, SHORT, DrawDriver, Killer, run_beside, running_draw_driver
from tests.faults.panels import (
    PANEL,
    STAFF_PHONE,
    check_calls,
    check_texts,
    check_virtual_calls,
    draw_panels,
    members_of,
    prepare_recall,
    prepare_release,
    ring,
    settle,
    unseal,
)

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BOUND = 8
RUNG = 3
"""Virtual calls to the experts of a recall, each with another moment of the kill."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def draw_driver() -> AsyncIterator[DrawDriver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_supervisor, "LONGEST_PAUSE", 1.0)  # restart a part soon however often it is killed
        async with running_draw_driver() as driver:
            await driver.bind(BOUND)
            await driver.set_autopilots(bound=BOUND)
            yield driver


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_a_draw_ends_right_while_processes_are_killed(draw_driver: DrawDriver, turn: int, seed: int) -> None:
    """Killed at other moments each time."""
    print(f"turn {turn}")
    draw = await draw_driver.prepare_draw()
    killer = Killer(draw_driver, random.Random(seed))
    async with run_beside(killer.work()):
        await draw_driver.start(draw)
        progress = await draw_driver.live_through(draw)
    assert killer.killed
    assert (progress["label"], progress["accepted"], progress["open"]) == (COMPLETED, str(NEEDED), "0"), killer.killed
    await draw_driver.check()


# ---- what follows a draw


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def panels(draw_driver: DrawDriver) -> list[str]:
    return await draw_panels(draw_driver)


@asynccontextmanager
async def kill_processes(draw_driver: DrawDriver, seed: int) -> AsyncIterator[Killer]:
    killer = Killer(draw_driver, random.Random(seed), ("worker", "postgres"), most=3)
    await draw_driver.set_autopilot(STAFF_PHONE, "accept", "voice")
    async with run_beside(killer.work()):
        yield killer
    print(f"killed {killer.killed}")
    assert killer.by_chance, "nothing was killed at a random moment"


async def test_a_release_reaches_each_expert_once_while_processes_are_killed(
    draw_driver: DrawDriver, panels: list[str], seed: int
) -> None:
    """At most three calls to each expert, none after an answered one; staff reach the expert whom no call reached."""
    members = await members_of(draw_driver, panels[1])
    for member in members:
        choice = "silent" if member == members[0] else "accept"
        await draw_driver.set_autopilot(member.mobile, choice, "voice")
    release = await prepare_release(draw_driver, panels[1])
    since = await draw_driver.stage.now()
    async with kill_processes(draw_driver, seed) as killer, run_beside(killer.strike_sender("voice", "draw_released")):
        await killer.kill_during("web-1", release.start())
        await settle(draw_driver, since, {"draw_released": PANEL, "draw_release_text": PANEL})
        panel = await release.list_panel()
        assert all(line.by_hand is not line.reached for line in panel)
        left = [line for line in panel if line.by_hand]
        await unseal(draw_driver, panels[1])
        await ring(draw_driver, killer, release.ring(left[0]))
        await killer.kill_during("web-1", _record_notices(release, left))
    panel = await release.list_panel()
    assert all(line.confirmed for line in panel)
    await check_calls(draw_driver, since, members, panel)
    texts = await check_texts(draw_driver, since, "draw_release_text", {member.mobile: "已退选" for member in members})
    assert sum(line.texted for line in panel) == texts
    await check_virtual_calls(draw_driver, since, 1)
    await draw_driver.check()


async def _record_notices(release: ReleaseOfPanel, left: Sequence[ReleasedLine]) -> None:
    for line in left:
        await release.record(line, "已电话告知本人")


async def test_a_recalled_panel_is_written_to_once_while_processes_are_killed(
    draw_driver: DrawDriver, panels: list[str], seed: int
) -> None:
    """What was agreed with each stands, and who comes gets one confirmation."""
    former = await members_of(draw_driver, panels[0])
    recall, starts = await prepare_recall(draw_driver, panels[0])
    for member in former:
        await draw_driver.set_autopilot(member.mobile, "silent", "both")
    since = await draw_driver.stage.now()
    async with kill_processes(draw_driver, seed) as killer:
        await killer.kill_during("web-1", recall.invite())
        await recall.choose_own_phone()
        for at, name in enumerate(await recall.list_panel()):
            if at < RUNG:
                await ring(draw_driver, killer, recall.ring(name))
            asking = recall.ask_back(name)
            await (killer.kill_during("web-1", asking) if at == 0 else asking)
            await recall.record(name, starts if at else None)
            await draw_driver.nudge(20)
        for at, name in enumerate(await recall.list_panel()):
            [mobile] = [person.mobile for person in EXPERTS if person.name == name]
            await draw_driver.set_autopilot(mobile, "accept" if at else "decline", "voice")
        async with run_beside(killer.strike_sender("sms", "draw_accepted")):
            await settle(draw_driver, since, {"recall_asked": PANEL, "recall_call": PANEL, "draw_accepted": PANEL - 1})
        label = await killer.kill_during("web-1", recall.confirm())
    assert label == SHORT
    assert list((await recall.list_panel()).values()) == ["不参评"] + ["参评"] * (PANEL - 1)
    again = await members_of(draw_driver, recall.draw)
    await check_texts(draw_driver, since, "recall_asked", {member.mobile: "商定" for member in former})
    await check_texts(draw_driver, since, "draw_accepted", {member.mobile: "已确认您参加评标" for member in again})
    assert len(again) == PANEL - 1
    await check_virtual_calls(draw_driver, since, RUNG)
    await draw_driver.check()
