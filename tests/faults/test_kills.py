"""Whatever is killed, whenever: every draw ends right, no answer is lost, nobody is dialled blindly again."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app import process_supervisor
from tests.faults.stagehand import NEEDED, Hand, Killer, running

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
BOUND = 8


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hand() -> AsyncIterator[Hand]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_supervisor, "LONGEST_PAUSE", 1.0)  # restart a part soon however often it is killed
        async with running() as found:
            await found.bind(BOUND)
            await found.set_autopilots(bound=BOUND)
            yield found


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_a_draw_ends_right_while_processes_are_killed(hand: Hand, turn: int) -> None:
    """Killed at other moments each time; a failure shows the seed."""
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed} of turn {turn}")
    draw = await hand.prepare_draw()
    killer = Killer(hand, random.Random(seed))
    task = asyncio.create_task(killer.work())
    try:
        await hand.start(draw)
        progress = await hand.live_through(draw)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert killer.killed
    assert (progress["state"], progress["accepted"], progress["open"]) == ("completed", NEEDED, 0), killer.killed
    await hand.check()
