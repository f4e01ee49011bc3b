"""Time. Internally always aware UTC; Asia/Shanghai only when parsing or printing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one zone and no summer time since 1991, so a fixed offset is exact for every date we handle."""

_WEEKDAYS = "一二三四五六日"
_NEAR_DAYS = {0: "今天", 1: "明天", 2: "后天"}
_PRINTED_DAY = re.compile(
    r"(?<![0-9年天])(?<!天，)(\d{1,2})月(\d{1,2})日(\(周[一二三四五六日]\)|星期[一二三四五六日])?"
)
"""A day as the functions below print it: without its year, and not named already."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """A system clock that the sandbox may move; all processes share ``offset``, see ``app.clock``."""

    def __init__(self, offset: timedelta = timedelta(), moves: int = 0) -> None:
        """``moves``: how often it was moved, which tells a later offset from an earlier one."""
        self.offset, self.moves = offset, moves

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class FixedClock:
    """A clock for tests: stands still until moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at

    def move(self, by: timedelta) -> None:
        self._at += by


def is_plausible(at: datetime) -> bool:
    """Whether a time from outside is plausible: in the years 2000 to 2100, far from the limits of date arithmetic."""
    return 2000 <= at.year <= 2100


def local(at: datetime) -> datetime:
    """The same moment in Shanghai time; at the end of the year 9999, where the shift would overflow, unchanged."""
    try:
        return at.astimezone(SHANGHAI)
    except OverflowError:
        return at.replace(tzinfo=SHANGHAI)


def seconds_until_tomorrow(now: datetime) -> float:
    """Seconds until the next midnight in Beijing."""
    today = local(now)
    midnight = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - today).total_seconds()


def print_time(at: datetime) -> str:
    """``11月21日(周六) 09:30``, as a person in China reads a date."""
    t = local(at)
    return f"{t.month}月{t.day}日(周{_WEEKDAYS[t.weekday()]}) {t:%H:%M}"


def print_near_time(at: datetime, now: datetime) -> str:
    """``明天11月22日(周日) 09:30``: as ``print_time``, after 今天, 明天 or 后天 if it is so in Beijing."""
    return name_near_days(print_time(at), now)


def name_near_days(text: str, now: datetime) -> str:
    """The text with 今天, 明天 or 后天 before each printed day that is so in Beijing.

    A near day gets its weekday where it has none, and what follows stays: the date tells the truth when the text is
    read later. ``今天11月21日(周六) 09:30``; spoken, ``今天，11月21日星期六上午9点30分``.
    """
    today = local(now).date()
    near = {(day.month, day.day): day for day in (today + timedelta(days=ahead) for ahead in _NEAR_DAYS)}

    def name_day(printed: re.Match[str]) -> str:
        day = near.get((int(printed[1]), int(printed[2])))
        if day is None or _WEEKDAYS[day.weekday()] not in (printed[3] or _WEEKDAYS):  # the same date of another year
            return printed[0]
        return _named_day(_NEAR_DAYS[(day - today).days], day, printed[3] or "")

    return _PRINTED_DAY.sub(name_day, text)


def _named_day(name: str, day: date, weekday: str) -> str:
    pause = "，" if weekday.startswith("星期") else ""
    return f"{name}{pause}{day.month}月{day.day}日{weekday or f'(周{_WEEKDAYS[day.weekday()]})'}"


def print_until(at: datetime, now: datetime) -> str:
    """As ``print_time``, with the year in front where it is not the present one, for times that may lie far ahead."""
    return print_time(at) if local(at).year == local(now).year else print_dated_time(at)


def print_dated_time(at: datetime) -> str:
    """``2026年11月21日(周六) 09:30``, for texts that are read years later."""
    return f"{local(at).year}年{print_time(at)}"


def print_span(start: datetime, end: datetime, now: datetime) -> str:
    """``11月21日(周六) 09:30至11:00``; over midnight both days are named, another year too."""
    begins = print_until(start, now)
    if local(start).date() == local(end).date():
        return f"{begins}至{local(end):%H:%M}"
    return f"{begins}至{print_until(end, start)}"


def print_date(at: datetime) -> str:
    t = local(at)
    return f"{t.year}年{t.month}月{t.day}日"


def print_month(at: datetime) -> str:
    """``2026年11月``."""
    t = local(at)
    return f"{t.year}年{t.month}月"


def print_full(at: datetime) -> str:
    """``2026年11月21日 09:30``, the format of WeChat's ``time`` fields."""
    return f"{print_date(at)} {local(at):%H:%M}"
