"""Times in which an expert is not to be drawn (不接受抽取的时间): one span, an open end, or hours of each week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from domain.clock import SHANGHAI, local, print_date, print_time
from domain.spans import Span

DAY = 24 * 60
NOON, EVENING = 12 * 60, 18 * 60
_HOURS = {(0, DAY): "全天", (0, NOON): "上午", (NOON, DAY): "下午", (EVENING, DAY): "晚上"}
_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class TimesOff:
    """Half-open. ``ends_at`` None: until the expert says otherwise.

    With ``weekdays`` (1 Monday to 7 Sunday) only the minutes of those days, by the clock of Beijing, from
    ``from_minute`` to ``to_minute``; else all of it. ``holiday`` is a key of ``domain.experts.holidays``.
    """

    starts_at: datetime
    ends_at: datetime | None
    reason: str = ""
    weekdays: tuple[int, ...] = ()
    from_minute: int | None = None
    to_minute: int | None = None
    holiday: str = ""

    @property
    def is_pause(self) -> bool:
        """Whether the expert is not drawn at all until he says otherwise."""
        return self.ends_at is None and not self.weekdays

    def occurrences(self, within: Span) -> tuple[Span, ...]:
        """The parts that lie in ``within``; empty: none does."""
        begin = max(self.starts_at, within.starts_at)
        end = within.ends_at if self.ends_at is None else min(self.ends_at, within.ends_at)
        if begin >= end:
            return ()
        if not self.weekdays:
            return (Span(begin, end),)
        return tuple(span for span in self._weekly(begin, end) if span.overlaps(Span(begin, end)))

    def _weekly(self, begin: datetime, end: datetime) -> list[Span]:
        day, days = local(begin).date(), list[Span]()
        while day <= local(end).date():
            if day.isoweekday() in self.weekdays:
                midnight = datetime.combine(day, time(), SHANGHAI)
                hours = (timedelta(minutes=minute or 0) for minute in (self.from_minute, self.to_minute))
                days.append(Span(*(midnight + after for after in hours)))
            day += timedelta(days=1)
        return days

    def covers(self, other: TimesOff) -> bool:
        """Whether ``other`` would add nothing."""
        if other.starts_at < self.starts_at:
            return False
        if self.ends_at is not None and (other.ends_at is None or other.ends_at > self.ends_at):
            return False
        if not self.weekdays:
            return True
        return bool(other.weekdays) and set(other.weekdays) <= set(self.weekdays) and self._hours_cover(other)

    def _hours_cover(self, other: TimesOff) -> bool:
        return (self.from_minute or 0) <= (other.from_minute or 0) and (other.to_minute or 0) <= (self.to_minute or 0)

    def text(self, now: datetime, person: str = "您") -> str:
        """As read back to the expert: 每周三下午（12:00至24:00）; 11月26日(周四)起，直到您恢复."""
        if self.weekdays:
            days = "每天" if len(self.weekdays) == len(_WEEKDAYS) else f"每周{print_weekdays(self.weekdays)}"
            text = f"{days}{print_hours(self.from_minute or 0, self.to_minute or 0)}"
            return text if self.ends_at is None else f"{text}，到{print_date(self.ends_at - timedelta(minutes=1))}为止"
        if self.ends_at is None:
            return f"{self._year(now)}{_day(local(self.starts_at))}起，直到{person}恢复"
        return f"{self._year(now)}{print_span(self.starts_at, self.ends_at)}"

    def _year(self, now: datetime) -> str:
        year = local(self.starts_at).year
        return "" if year == local(now).year else f"{year}年"


def print_span(starts_at: datetime, ends_at: datetime) -> str:
    """``11月25日(周三)至12月3日(周四)``; half days are named, other moments written as hours and minutes. Half-open."""
    first, last = local(starts_at), local(ends_at)
    start = _day(first) + ("" if first.time() == time() else _moment(first, noon="下午"))
    if last.time() == time():
        last -= timedelta(days=1)
        end = _day(last)
    else:
        end = _day(last) + _moment(last, noon="上午")
    if first.date() != last.date():
        return f"{start}至{end}"
    if start == _day(first):
        return end
    return start if end == _day(last) else f"{start}至{last:%H:%M}"


def print_hours(from_minute: int, to_minute: int) -> str:
    """``下午（12:00至24:00）``, ``全天``, ``14:00至17:30``."""
    hours = f"{print_minute_of_day(from_minute)}至{print_minute_of_day(to_minute)}"
    name = _HOURS.get((from_minute, to_minute))
    return hours if name is None else name if name == "全天" else f"{name}（{hours}）"


def print_minute_of_day(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def print_weekdays(weekdays: Sequence[int]) -> str:
    """``三``, ``一、三``, ``一至五``."""
    days = sorted(weekdays)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{_WEEKDAYS[days[0] - 1]}至{_WEEKDAYS[days[-1] - 1]}"
    return "、".join(_WEEKDAYS[day - 1] for day in days)


def _day(at: datetime) -> str:
    return print_time(at).split()[0]


def _moment(at: datetime, noon: str) -> str:
    return noon if at.time() == time(12) else f"{at:%H:%M}"
