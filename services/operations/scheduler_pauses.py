"""Queries and tasks of the scheduler that fail are tried again after a growing pause, each on its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
FORGOTTEN_AFTER = 2 * LONGEST_PAUSE
"""Seconds after which a failure no longer counts: another process has done the work since, or none is left."""


@dataclass
class _Failure:
    count: int
    at: float
    reason: str

    @property
    def next_try(self) -> float:
        return self.at + min(FIRST_PAUSE * 2.0 ** (self.count - 1), LONGEST_PAUSE)


class SchedulerPauses:
    """Pauses by the name of the work: a second, doubled with each failure in a row, at most five minutes.

    Kept in the process on purpose: losing them costs one early try, and they hold when it is the database that fails.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._failures: dict[str, _Failure] = {}

    def may_try(self, name: str) -> bool:
        failure = self._failures.get(name)
        return failure is None or self._seconds() >= failure.next_try

    def note_failure(self, name: str, reason: str) -> None:
        before = self._failures.get(name)
        self._failures[name] = _Failure(before.count + 1 if before else 1, self._seconds(), reason)

    def note_success(self, name: str) -> None:
        self._failures.pop(name, None)

    def failure_reasons(self) -> dict[str, str]:
        """The reason of the last failure, for each failing piece of work."""
        oldest = self._seconds() - FORGOTTEN_AFTER
        return {name: failure.reason for name, failure in self._failures.items() if failure.at >= oldest}
