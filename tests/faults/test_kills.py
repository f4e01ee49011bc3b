"""Processes are killed at random: every draw ends correctly, no answer is lost, no expert is called twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from app import process_supervisor
from tests.faults.draws import NEEDED, DrawDriver, Killer, beside, running
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
)

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BOUND = 8
RUNG = 3
"""Virtual calls to the experts of a recall, each with another moment of the kill."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def draw_driver() -> AsyncIterator[DrawDriver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_supervisor, "LONGEST_PAUSE", 1.0)  # restart a part soon however often it is killed
        async with running() as found:
            await found.bind(BOUND)
            await found.set_autopilots(bound=BOUND)
            yield found


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_a_draw_ends_right_while_processes_are_killed(draw_driver: DrawDriver, turn: int, seed: int) -> None:
    """Killed at other moments each time."""
    print(f"turn {turn}")
    draw = await draw_driver.prepare_draw()
    killer = Killer(draw_driver, random.Random(seed))
    async with beside(killer.work()):
        await draw_driver.start(draw)
        progress = await draw_driver.live_through(draw)
    assert killer.killed
    assert (progress["state"], progress["accepted"], progress["open"]) == ("completed", NEEDED, 0), killer.killed
    await draw_driver.check()


# ---- what follows a draw


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def panels(draw_driver: DrawDriver) -> list[str]:
    return await draw_panels(draw_driver)


@asynccontextmanager
async def killing(draw_driver: DrawDriver, seed: int) -> AsyncIterator[Killer]:
    killer = Killer(draw_driver, random.Random(seed), ("worker", "postgres"), most=3)
    await draw_driver.set_autopilot(STAFF_PHONE, "accept", "voice")
    async with beside(killer.work()):
        yield killer
    print(f"killed {killer.killed}")
    assert killer.by_chance, "nothing was killed at a random moment"


async def test_a_release_reaches_each_expert_once_while_processes_are_killed(
    draw_driver: DrawDriver, panels: list[str], seed: int
) -> None:
    """At most three calls to each expert, none after an answered one; staff reach the expert whom no call reached."""
    path = f"/draws/{panels[1]}/release"
    members = await members_of(draw_driver, panels[1])
    for member in members:
        choice = "silent" if member == members[0] else "accept"
        await draw_driver.set_autopilot(member.mobile, choice, "voice")
    await prepare_release(draw_driver, panels[1])
    since = await draw_driver.stage.now()
    async with killing(draw_driver, seed) as killer, beside(killer.strike_sender("voice", "draw_released")):
        await killer.strike("web-1", draw_driver.agency.post(f"{path}/start"))
        await settle(draw_driver, since, {"draw_released": PANEL, "draw_release_text": PANEL})
        panel = (await draw_driver.agency.get(path))["panel"]
        assert all(row["by_hand"] is (row["voice"] == "undelivered") for row in panel)
        left = [f"{path}/{row['invitation_id']}" for row in panel if row["by_hand"]]
        await ring(draw_driver, killer, f"{left[0]}/calls", phone=STAFF_PHONE)
        told = [draw_driver.agency.post(f"{one}/confirmation", {"words": "已电话告知本人"}) for one in left]
        await killer.strike("web-1", asyncio.gather(*told))
    panel = (await draw_driver.agency.get(path))["panel"]
    assert all(row["confirmed"] for row in panel)
    await check_calls(draw_driver, since, members, {row["invitation_id"]: row["voice"] == "delivered" for row in panel})
    texts = await check_texts(draw_driver, since, "draw_release_text", {member.mobile: "已退选" for member in members})
    assert sum(row["texted"] for row in panel) == texts
    await check_virtual_calls(draw_driver, since, 1)
    await draw_driver.check()


async def test_a_recalled_panel_is_written_to_once_while_processes_are_killed(
    draw_driver: DrawDriver, panels: list[str], seed: int
) -> None:
    """What was agreed with each stands, and who comes gets one confirmation."""
    former = await members_of(draw_driver, panels[0])
    recall, starts = await prepare_recall(draw_driver, panels[0])
    base, agency = f"/draws/{recall}/recall", draw_driver.agency
    since = await draw_driver.stage.now()
    async with killing(draw_driver, seed) as killer:
        await agency.put(f"{base}/phone", {"phone": STAFF_PHONE})
        for at, row in enumerate((await agency.get(base))["rows"]):
            if at < RUNG:
                await ring(draw_driver, killer, f"{base}/experts/{row['id']}/calls")
            asking = agency.post(f"{base}/experts/{row['id']}/call-backs")
            await (killer.strike("web-1", asking) if at == 0 else asking)
            comes = {"answer": "comes", "gathering_at": starts.isoformat()}
            await agency.put(f"{base}/experts/{row['id']}", comes if at else {"answer": "declines"})
            await draw_driver.nudge(20)
        async with beside(killer.strike_sender("sms", "draw_accepted")):
            said = await killer.strike("web-1", agency.post(f"{base}/confirmation"))
            await settle(draw_driver, since, {"recall_asked": PANEL, "draw_accepted": PANEL - 1})
    assert said["state"] == "short"
    agreed = [(row["asked"], row["takes_part"]) for row in (await agency.get(base))["rows"]]
    assert agreed == [(1, False)] + [(1, True)] * (PANEL - 1)
    again = await members_of(draw_driver, recall)
    await check_texts(draw_driver, since, "recall_asked", {member.mobile: "需复评" for member in former})
    await check_texts(draw_driver, since, "draw_accepted", {member.mobile: "已确认您参加评标" for member in again})
    assert len(again) == PANEL - 1
    await check_virtual_calls(draw_driver, since, RUNG)
    await draw_driver.check()
