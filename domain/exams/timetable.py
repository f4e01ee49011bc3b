"""When an examination is, in words: the same for chat, pages and notices."""

from __future__ import annotations

from datetime import datetime

from domain.clock import local, print_time, print_until


def print_span(start: datetime, end: datetime, now: datetime) -> str:
    """``11月21日(周六) 09:30至11:00``; over midnight both days are named, another year too."""
    same_day = local(start).date() == local(end).date()
    return f"{print_until(start, now)}至{local(end):%H:%M}" if same_day else _days(start, end, now)


def _days(start: datetime, end: datetime, now: datetime) -> str:
    ends = print_time(end) if local(start).year == local(end).year else print_until(end, start)
    return f"{print_until(start, now)}至{ends}"
