"""A process whose loop hangs is ended; one whose loops turn, or fail, is not."""

from __future__ import annotations

import asyncio

import pytest

from app.hang_watch import HANG_TIMEOUT, HangWatch
from app.worker import Well, forever


def test_a_loop_hangs_that_took_no_turn_for_too_long() -> None:
    watch = HangWatch(["tick", "auditor"])
    assert watch.find_hanging(HANG_TIMEOUT - 1) == ""
    watch.turned("tick")
    assert watch.find_hanging(1) == "auditor"
    watch.turned("auditor")
    assert watch.find_hanging(1) == ""


async def test_successes_and_failures_are_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.worker.RETRY_AFTER", 0)
    watch = HangWatch(["tick"])
    over = asyncio.Event()
    found: list[str] = []

    async def work(well: Well) -> None:
        """Each time both calls elapse half of what a hang takes: it succeeds in between, then fails."""
        found.append(watch.find_hanging(HANG_TIMEOUT / 2))
        well()
        found.append(watch.find_hanging(HANG_TIMEOUT / 2))
        if len(found) > 10:
            over.set()
        raise ConnectionError("the database is away")

    task = asyncio.create_task(forever("tick", work, watch))
    await over.wait()
    task.cancel()
    assert set(found) == {""}
