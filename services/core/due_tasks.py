"""Work of a noun that falls due by the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class DueTask:
    """``due`` is a condition in SQL with the present moment as ``$1``; while it is true the task is carried out, which
    must make it false again. A task without one is run every now and then, like those of ``scheduler.PERIODIC``."""

    kind: str
    due: str
    carry_out: Callable[[], Awaitable[object]]
