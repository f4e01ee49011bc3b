"""The sandbox's movable clock, and what is due on it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

log = logging.getLogger("sandbox")

BEIJING = timezone(timedelta(hours=8))


class SandboxClock:
    """Real time plus an offset in seconds. Windows, times to live, limits and retries use it."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.offset

    def iso(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")


def beijing(at: float) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in Beijing, as vendors print times."""
    return datetime.fromtimestamp(at, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def beijing_day(at: float) -> str:
    return datetime.fromtimestamp(at, BEIJING).strftime("%Y%m%d")


@dataclass(order=True, slots=True)
class Due:
    """One thing to do when the clock gets there; ``cancel`` when it is no longer wanted."""

    at: float
    order: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class Timeline:
    """Runs actions in the order of their times on a clock that may jump."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self._due: list[Due] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()

    def run_after(self, seconds: float, action: Callable[[], None]) -> Due:
        due = Due(self.clock.now() + seconds, next(self._order), action)
        heapq.heappush(self._due, due)
        self._wake.set()
        return due

    def count_due(self) -> int:
        """Number of actions whose time has come."""
        now = self.clock.now()
        return sum(due.at <= now and not due.cancelled for due in self._due)

    def wake(self) -> None:
        """Run what became due, after the clock was moved."""
        self._wake.set()

    async def run(self) -> None:
        while True:
            self._wake.clear()
            wait = self.run_due()
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    def _run_action(self, due: Due) -> None:
        try:
            due.action()
        except Exception:  # last resort: an action that fails must not stop the later ones
            log.exception("a due action failed")

    def run_due(self) -> float | None:
        """Run what is due; returns the seconds until the next, None when there is none."""
        while self._due:
            wait = self._due[0].at - self.clock.now()
            if not self._due[0].cancelled and wait > 0:
                return wait
            due = heapq.heappop(self._due)
            if not due.cancelled:
                self._run_action(due)
        return None
