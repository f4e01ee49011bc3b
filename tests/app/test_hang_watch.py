"""A process whose loop hangs is ended; one whose loops turn, or fail, is not."""

from __future__ import annotations

import asyncio

import pytest

from app.hang_watch import HANG_TIMEOUT, HangWatch
from app.heart import Pulse
from app.worker import Well, repeat_forever


def test_a_loop_hangs_that_took_no_turn_for_too_long() -> None:
    watch = HangWatch(["tick", "auditor"])
    assert watch.find_hanging(HANG_TIMEOUT - 1) == ""
    watch.note_turn("tick")
    assert watch.find_hanging(1) == "auditor"
    watch.note_turn("auditor")
    assert watch.find_hanging(1) == ""


def test_a_resting_loop_does_not_hang_until_it_turns_again() -> None:
    watch = HangWatch(["jobs-exports"])
    watch.rest("jobs-exports")
    assert watch.find_hanging(10 * HANG_TIMEOUT) == ""
    watch.note_turn("jobs-exports")
    assert watch.find_hanging(HANG_TIMEOUT) == "jobs-exports"


async def test_successes_and_failures_are_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.RETRY_AFTER", 0)
    watch = HangWatch(["tick"])
    over = asyncio.Event()
    hangs: list[str] = []

    async def work(well: Well) -> None:
        """Each time both calls elapse half of what a hang takes: it succeeds in between, then fails."""
        hangs.append(watch.find_hanging(HANG_TIMEOUT / 2))
        well()
        hangs.append(watch.find_hanging(HANG_TIMEOUT / 2))
        if len(hangs) > 10:
            over.set()
        raise ConnectionError("the database is away")

    task = asyncio.create_task(repeat_forever("tick", work, Pulse({"tick": 15.0}, watch)))
    await over.wait()
    task.cancel()
    assert set(hangs) == {""}
