"""Limits the time of a shutdown, so that a server that vanished doesn't keep a process from ending."""

from __future__ import annotations

import os
import threading

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_END = 10.0
"""Seconds for the shutdown. Service managers and container platforms kill after 30 or more."""


def end_within(seconds: float = LONGEST_END) -> None:
    """Kill this process if it still runs after ``seconds``.

    Libraries wait without limit for connections to a server that is gone. Killing loses nothing: PostgreSQL rolls open
    transactions back, and jobs are run again.
    """
    timer = threading.Timer(seconds, _exit)
    timer.daemon = True
    timer.start()


def _exit() -> None:
    log.error("end_took_too_long", seconds=LONGEST_END)
    os._exit(1)
