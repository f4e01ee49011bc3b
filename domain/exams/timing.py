"""When an attempt ends, and how answers near its end count. Documented in ``docs/algorithms/exam.md``.

``services/exams/attempts/answer_writer.py`` compares each event with the attempt's own row, in the statement that
stores it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum


class Timing(IntEnum):
    """How an answer event counts, as ``exam_answer_event.timing`` stores it."""

    IN_TIME = 0
    LATE = 1
    """Received within the grace, made before the end as far as the device shows: counts, and is flagged."""
    EVIDENCE = 2
    """Made after the end, on a device after it was replaced, or for no question of the paper: kept for an appeal,
    never scored."""


PENDING_FOR = timedelta(minutes=10)
"""How long after a take-over answers are accepted that the replaced device had not sent by then."""


@dataclass(frozen=True)
class AttemptTimes:
    """``deadline`` ends the attempt; until ``grace_until`` answers already sent are accepted."""

    started_at: datetime
    deadline: datetime
    grace_until: datetime


def times_of(
    started_at: datetime, length: timedelta, window_end: datetime, allowance: timedelta, grace: timedelta
) -> AttemptTimes:
    """The end is ``length`` after the start, at the latest the window's end; the allowance is added to both."""
    deadline = min(started_at + length, window_end) + allowance
    return AttemptTimes(started_at, deadline, deadline + grace)


def timing_of(received_at: datetime, deadline: datetime, made_at: datetime | None) -> Timing:
    """How an answer received before the end of the grace counts. ``made_at`` None: the device doesn't state it."""
    if received_at <= deadline:
        return Timing.IN_TIME
    return Timing.LATE if made_at is not None and made_at <= deadline else Timing.EVIDENCE
