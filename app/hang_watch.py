"""Ends a process whose loops have stopped without an error, so that its supervisor starts it again."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

HANG_TIMEOUT = 120.0
"""Seconds without a turn of a loop after which it hangs; waits for a silent server end earlier, by an error of
``config/connection_limits.py``."""
_INTERVAL = 1.0


class HangWatch:
    """Watches named loops while its ``with`` block runs, from a thread of its own, which no hanging task delays.

    It ends the process when a loop took no turn for ``timeout`` seconds. Time in which the whole process was stopped
    does not count.
    """

    def __init__(self, loops: Sequence[str], *, timeout: float = HANG_TIMEOUT) -> None:
        self._idle = dict.fromkeys(loops, 0.0)
        self._resting: set[str] = set()
        self._timeout = timeout
        self._over = threading.Event()
        self._event_loop: asyncio.AbstractEventLoop | None = None

    def note_turn(self, loop: str) -> None:
        """``loop`` took a turn, which worked or failed."""
        self._idle[loop] = 0.0
        self._resting.discard(loop)

    def rest(self, loop: str) -> None:
        """``loop`` waits for work that may take any time: it is not watched until its next turn."""
        self._resting.add(loop)

    def find_hanging(self, elapsed: float) -> str:
        """Count ``elapsed`` further seconds; returns the first loop without a turn for too long, or nothing."""
        for loop in self._idle.keys() - self._resting:
            self._idle[loop] += elapsed
        return next((loop for loop, idle in self._idle.items() if idle >= self._timeout), "")

    def __enter__(self) -> HangWatch:
        self._event_loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, name="hang watch", daemon=True).start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_INTERVAL):
            if loop := self.find_hanging(_INTERVAL):
                self._exit(loop)

    def _exit(self, loop: str) -> None:
        log.error("loop_hangs", loop=loop, seconds=self._timeout, tasks=self._find_tasks())
        os._exit(1)

    def _find_tasks(self) -> list[str]:
        """For the log: each task and the line at which it waits."""
        tasks = asyncio.all_tasks(self._event_loop) if self._event_loop else ()
        return sorted(f"{task.get_name()}: {line_of(task.get_coro())}" for task in tasks)


def line_of(coroutine: Any) -> str:
    """File and line of the innermost frame that ``coroutine`` waits in; empty if it has none."""
    line = ""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            line = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return line
