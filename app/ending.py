"""Limits the time of an orderly end, so that a vanished server does not keep a process from ending."""

from __future__ import annotations

import os
import threading

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_END = 10.0
"""Seconds for the orderly end. Service managers and container platforms kill after 30 or more."""


def end_within(seconds: float = LONGEST_END) -> None:
    """End this process the hard way if it still runs after ``seconds``.

    Libraries wait without limit for connections that no server answers any more. An end without their consent loses
    nothing: whatever was under way is a row of a transaction that PostgreSQL rolls back, and jobs are taken up again.
    """
    timer = threading.Timer(seconds, _exit)
    timer.daemon = True
    timer.start()


def _exit() -> None:
    log.error("end_took_too_long", seconds=LONGEST_END)
    os._exit(1)
