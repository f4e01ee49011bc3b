"""When an attempt ends, and how answers count that come around its end. Documented in ``docs/algorithms/exam.md``.

``services/exams/attempts/answer_writer.py`` compares each event with the attempt's own row, in the statement that
stores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class Timing(IntEnum):
    """How an answer's event counts, as ``exam_answer_event.timing`` stores it."""

    IN_TIME = 0
    LATE = 1
    """Received within the grace, made before the end as far as the device can tell: counts, and is marked."""
    EVIDENCE = 2
    """Made after the end, or to no question of the paper: kept for an appeal, never scored."""


@dataclass(frozen=True)
class Times:
    """``deadline`` ends the attempt; until ``grace_until`` answers that were under way are taken."""

    started_at: datetime
    deadline: datetime
    grace_until: datetime


def times_of(
    started_at: datetime, length: timedelta, window_end: datetime, allowance: timedelta, grace: timedelta
) -> Times:
    """The end is ``length`` after the start, at the latest the window's end; the allowance is added to both."""
    deadline = min(started_at + length, window_end) + allowance
    return Times(started_at, deadline, deadline + grace)


def timing_of(received_at: datetime, deadline: datetime, made_at: datetime | None) -> Timing:
    """How an answer counts that came before the grace was over. ``made_at`` None: the device does not say."""
    if received_at <= deadline:
        return Timing.IN_TIME
    return Timing.LATE if made_at is not None and made_at <= deadline else Timing.EVIDENCE
