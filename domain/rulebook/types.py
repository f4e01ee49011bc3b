"""Building blocks of a rulebook: a section, durations, hours of the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from domain.clock import SHANGHAI, local

_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_DAY = 24 * 60
_LONGEST = timedelta(days=3660)


class Section(BaseModel):
    """A table of the rulebook: immutable, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def parse_duration(raw: object) -> timedelta:
    """``"90s"``, ``"30m"``, ``"5h"``, ``"2d"``; a number without unit is refused."""
    if isinstance(raw, timedelta):
        return raw
    duration = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    if duration is None:
        raise ValueError(f'must be a duration such as "90s", "30m", "5h" or "2d", not {raw!r}')
    value = timedelta(**{_UNITS[duration[2]]: int(duration[1])})
    if value > _LONGEST:
        raise ValueError(f"must not be longer than ten years, as {raw!r} is")
    return value


def print_duration(value: timedelta) -> str:
    """The shortest spelling that ``parse_duration`` reads back."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


@dataclass(frozen=True)
class Hours:
    """From ``start`` to ``end``, minutes since midnight in Asia/Shanghai, end excluded; never over midnight."""

    start: int
    end: int

    def contains(self, at: datetime) -> bool:
        t = local(at)
        return self.start <= t.hour * 60 + t.minute < self.end

    def next_open(self, at: datetime) -> datetime:
        """``at`` itself inside the hours, else the moment at which they next begin (same zone as ``at``)."""
        if self.contains(at):
            return at
        t = local(at)
        opening = datetime.combine(t.date(), time(), SHANGHAI) + timedelta(minutes=self.start)
        if opening < t:
            opening += timedelta(days=1)
        return opening.astimezone(at.tzinfo)

    def cover(self, other: Hours, longest: timedelta) -> bool:
        """Whether everything that begins within ``other`` and lasts up to ``longest`` stays inside; a whole day covers
        all."""
        whole_day = self.start == 0 and self.end == _DAY
        return whole_day or (self.start <= other.start and other.end + longest / timedelta(minutes=1) <= self.end)

    def __str__(self) -> str:
        return f"{self.start // 60:02}:{self.start % 60:02}-{self.end // 60:02}:{self.end % 60:02}"


def parse_hours(raw: object) -> Hours:
    if isinstance(raw, Hours):
        return raw
    hours = _HOURS.fullmatch(raw) if isinstance(raw, str) else None
    if hours is None:
        raise ValueError(f'must be hours of the day such as "08:00-21:00", not {raw!r}')
    start, end = int(hours[1]) * 60 + int(hours[2]), int(hours[3]) * 60 + int(hours[4])
    if not start < end <= _DAY:
        raise ValueError(f"must begin before they end and lie within one day, not {raw!r}")
    return Hours(start, end)


@dataclass(frozen=True)
class DaySpan:
    """From the first to the last day, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"


def parse_days(raw: object) -> DaySpan:
    """``"2026-02-15/2026-02-23"``."""
    if isinstance(raw, DaySpan):
        return raw
    try:
        first, _, last = str(raw).partition("/")
        days = DaySpan(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        days = None
    if days is None or days.last < days.first:
        raise ValueError(f'must be days such as "2026-02-15/2026-02-23", not {raw!r}')
    return days


T = TypeVar("T")

Days = Annotated[DaySpan, BeforeValidator(parse_days)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
DayHours = Annotated[Hours, BeforeValidator(parse_hours)]
Items = Annotated[tuple[T, ...], Field(strict=False)]
"""A TOML array, kept as a tuple."""
Text = Annotated[str, Field(min_length=1)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]


def dump_rules(section: Section) -> dict[str, Any]:
    """The section as plain data for storage in a row, durations spelled as in the rulebook."""
    return {name: _to_plain_data(value) for name, value in section}


def _to_plain_data(value: object) -> object:
    if isinstance(value, timedelta):
        return print_duration(value)
    return [_to_plain_data(element) for element in value] if isinstance(value, tuple) else value
