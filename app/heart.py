"""Hearts of a worker's loops: whether each still turns, for /readyz and for the watch that ends a hung process."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from app.hang_watch import HangWatch


@dataclass
class Heart:
    """Beats with each success of a loop. ``longest``: seconds without one after which the loop stands still."""

    longest: float
    at: float = -math.inf
    """Time of the last beat, in seconds of the monotonic clock."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first beat."""
    resting: bool = False

    def beat(self) -> None:
        self.at = time.monotonic()
        self.resting = False
        self.begun.set()

    def stands_still(self) -> bool:
        return not self.resting and time.monotonic() - self.at > self.longest


class Pulse:
    """The hearts of all loops, by name, with ``watch``, which ends the process when one takes no turn at all."""

    def __init__(self, longest: Mapping[str, float], watch: HangWatch) -> None:
        """``longest``: seconds without success after which a loop stands still, by the loop's name."""
        self.hearts = {name: Heart(seconds) for name, seconds in longest.items()}
        self._watch = watch

    def beat(self, loop: str) -> None:
        """A turn of ``loop`` went well."""
        self.hearts[loop].beat()
        self._watch.note_turn(loop)

    def note_failure(self, loop: str) -> None:
        """A turn of ``loop`` ended with an error: it does not hang, and it has not succeeded."""
        self.hearts[loop].resting = False
        self._watch.note_turn(loop)

    def rest(self, loop: str) -> None:
        """``loop`` waits for work that may take any time."""
        self.hearts[loop].resting = True
        self._watch.rest(loop)

    async def wait_until_begun(self) -> None:
        """Returns once every loop had its first success."""
        for heart in self.hearts.values():
            await heart.begun.wait()

    def find_stopped_loops(self) -> list[str]:
        """Names of the loops that stand still."""
        return [name for name, heart in self.hearts.items() if heart.stands_still()]


class LaneHeart:
    """The heart of a lane of jobs: it looks for a job every second unless work takes all its ``places``."""

    def __init__(self, loop: str, pulse: Pulse, places: int) -> None:
        self._loop = loop
        self._pulse = pulse
        self._places = places
        self._running = 0

    def note_job_search(self) -> None:
        """The lane has looked for a job."""
        self._pulse.beat(self._loop)

    async def run_job(self, job: Callable[[], Awaitable[object]], _context: object, _worker: object) -> object:
        """Middleware of procrastinate: counts the places taken, so that a full lane is not taken for one that hangs."""
        self._running += 1
        if self._running >= self._places:
            self._pulse.rest(self._loop)
        try:
            return await job()
        finally:
            self._running -= 1
            self._pulse.beat(self._loop)
