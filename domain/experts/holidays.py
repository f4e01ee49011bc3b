"""Public holidays by name (节假日), as the State Council's notice fixes each year's days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.clock import SHANGHAI, local
from domain.rulebook.book import Rulebook
from domain.rulebook.labels import HOLIDAYS
from domain.spans import Span

_KEY = re.compile(r"(20\d\d)-([a-z_]+)")


@dataclass(frozen=True)
class Holiday:
    """``key``: 2027-spring. ``announced`` false: the days are expected, and follow the notice when it comes."""

    key: str
    name: str
    first: date
    last: date
    announced: bool

    @property
    def span(self) -> Span:
        return Span(_midnight(self.first), _midnight(self.last + timedelta(days=1)))

    @property
    def title(self) -> str:
        """``2027年春节``."""
        return f"{self.key[:4]}年{self.name}"

    def __str__(self) -> str:
        """``2027年春节（2月5日至2月12日）``; days that may change say so."""
        days = f"{self.first.month}月{self.first.day}日"
        if self.last != self.first:
            days = f"{days}至{self.last.month}月{self.last.day}日"
        return f"{self.title}（{days}{'' if self.announced else '，暂定，以国务院通知为准'}）"


def holidays_ahead(book: Rulebook, now: datetime) -> tuple[Holiday, ...]:
    """Those of this and the next year that are not over, soonest first."""
    today = local(now).date()
    ahead = (each for each in _holidays(book) if each.last >= today and int(each.key[:4]) <= today.year + 1)
    return tuple(sorted(ahead, key=lambda each: each.first))


def find_holiday(book: Rulebook, key: str) -> Holiday | None:
    return next((each for each in _holidays(book) if each.key == key), None)


def _holidays(book: Rulebook) -> Iterator[Holiday]:
    for key, days in book.calendar.named.items():
        match = _KEY.fullmatch(key)
        if match and match[2] in HOLIDAYS:
            announced = book.source(f"calendar.named.{key}") is not None
            yield Holiday(key, HOLIDAYS[match[2]], days.first, days.last, announced)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
