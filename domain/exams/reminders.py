"""Counts the reminders (考试提醒) of an examination that are due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def steps_behind(reminders: Sequence[timedelta], starts_at: datetime, now: datetime) -> int:
    """Number of steps, longest first, that are due by now."""
    return sum(1 for before in reminders if starts_at - before <= now)
