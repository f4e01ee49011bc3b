"""What the office imposes on an expert (处理), in words."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.clock import local, print_date, print_dated_time


def period_words(starts_at: datetime | None, ends_at: datetime | None) -> str:
    """``2026年11月21日起至2026年12月21日``, with the last day, or ``2026年11月21日起，解除为止``.

    ``starts_at`` None: once it is confirmed.
    """
    begin = f"{_moment(starts_at)}起" if starts_at else "确认之时起"
    return f"{begin}至{_last_day(ends_at)}" if ends_at else f"{begin}，解除为止"


def _moment(at: datetime) -> str:
    return print_date(at) if _is_midnight(at) else print_dated_time(at)


def _last_day(at: datetime) -> str:
    return print_date(at - timedelta(seconds=1)) if _is_midnight(at) else print_dated_time(at)


def _is_midnight(at: datetime) -> bool:
    return local(at).time() == datetime.min.time()
