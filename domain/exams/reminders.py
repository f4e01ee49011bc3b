"""Which reminders (考试提醒) of an examination are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def steps_behind(reminders: Sequence[timedelta], starts_at: datetime, now: datetime) -> int:
    """How many of the steps, longest first, have come by now."""
    return sum(1 for before in reminders if starts_at - before <= now)
