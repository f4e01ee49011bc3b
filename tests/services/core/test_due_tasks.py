"""Turns of due tasks: work goes on until none is left, and defers another turn when its time is over."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest

from services.core import due_tasks
from services.core.due_tasks import TaskTurn, in_turns


class Rows:
    def __init__(self, left: int) -> None:
        self.left = left

    async def work(self) -> int:
        done = min(self.left, 10)
        self.left -= done
        return done


async def test_what_a_turn_has_time_for_is_done_in_it() -> None:
    rows = Rows(35)
    assert await in_turns(rows.work)() is TaskTurn.DONE
    assert rows.left == 0


async def test_a_busy_machine_parts_no_turn_of_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kill point's number means must not depend on how long a statement takes."""
    minutes = count(0, 60)
    monkeypatch.setattr(due_tasks, "time", SimpleNamespace(monotonic=lambda: next(minutes)))
    assert await in_turns(Rows(35).work)() is TaskTurn.DONE


async def test_a_turn_that_is_over_asks_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_tasks, "LONGEST_TURN", 0.0)
    rows = Rows(15)
    turns = [await in_turns(rows.work)() for _ in range(3)]
    assert turns == [TaskTurn.MORE, TaskTurn.MORE, TaskTurn.DONE]
