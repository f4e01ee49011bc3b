"""Work that becomes due by the clock."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

LONGEST_TURN = 0.5
"""Seconds after which no further batch begins."""


class TaskTurn(Enum):
    """Result of work that is limited to about half a second and leaves the rest to its next turn."""

    DONE = "done"
    MORE = "more"
    """Rows were processed and others are due: another turn follows without waiting for the tick."""


@dataclass(frozen=True)
class DueTask:
    """``due`` is a condition in SQL with the present moment as ``$1``; while it is true ``process`` is called, which
    must make it false again. A task without one runs periodically, like those of ``scheduler.PERIODIC``."""

    kind: str
    due: str
    process: Callable[[], Awaitable[object]]


def in_turns(work: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[TaskTurn]]:
    """For work that processes a batch and returns its size: repeats it until nothing is left, or its turn is over."""

    async def turn() -> TaskTurn:
        until = time.monotonic() + LONGEST_TURN
        while await work():
            if time.monotonic() >= until:
                return TaskTurn.MORE
        return TaskTurn.DONE

    return turn
