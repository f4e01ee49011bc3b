"""Computes a fee from hours of attendance by a rulebook's table. Pure; money in fen.

Each calendar day (Asia/Shanghai) is counted separately in the table's steps. A fee is the sum of its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from domain.clock import SHANGHAI, local
from domain.payments.money import yuan
from domain.rulebook.remuneration import FeeTable

LineCode = Literal["first", "hours", "further_days", "night", "wasted", "transport", "difference", "by_hand", "change"]
LABELS: dict[str, str] = {
    "first": "基本酬劳",
    "hours": "超时酬劳",
    "further_days": "次日酬劳",
    "night": "隔夜补助",
    "wasted": "误工补助",
    "transport": "交通补助",
    "difference": "压差补助",
    "by_hand": "人工录入",
    "change": "人工调整",
}
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class FeeLine:
    """``amount`` in fen, negative for deductions; ``words`` describe it in Chinese."""

    code: LineCode
    amount: int
    words: str = ""


@dataclass(frozen=True)
class Trip:
    """One expert's attendance at one panel. ``sat``: took part in the evaluation from ``began`` to ``ended``."""

    sat: bool
    began: datetime | None = None
    ended: datetime | None = None
    from_elsewhere: bool = False

    @property
    def length(self) -> timedelta:
        return self.ended - self.began if self.sat and self.began and self.ended else timedelta()


def total(lines: Sequence[FeeLine]) -> int:
    return sum(line.amount for line in lines)


def compute_fee(table: FeeTable, trip: Trip) -> tuple[FeeLine, ...]:
    """The lines for a trip by the table: time, and transport for an expert from another city."""
    lines = _time_lines(table, trip) if trip.length else [FeeLine("wasted", table.wasted, "到场后未参加评标")]
    if trip.from_elsewhere:
        lines += [
            FeeLine("transport", table.transport, "来自其他城市"),
            FeeLine("difference", table.difference, "来自其他城市"),
        ]
    return tuple(line for line in lines if line.amount)


def lines_of_amount(computed: Sequence[FeeLine] | None, amount: int, reason: str) -> tuple[FeeLine, ...]:
    """The lines of ``amount``: as computed, plus one for a manual change; a single line without a table."""
    if computed is None:
        return (FeeLine("by_hand", amount, reason),)
    change = amount - total(computed)
    return (*computed, FeeLine("change", change, reason)) if change else tuple(computed)


def _time_lines(table: FeeTable, trip: Trip) -> list[FeeLine]:
    steps = _HOUR // table.unit
    days = [_count_steps(table, length) for length in _length_by_day(trip)]
    if table.further_days is None:
        first, later = _count_steps(table, trip.length), []
    else:
        first, later = days[0], days[1:]
    lines = [FeeLine("first", table.first, f"{table.first_hours}小时以内")]
    over = max(0, first - table.first_hours * steps)
    amount, words = _hours_beyond(table, first, table.hour, table.first_hours)
    if over:
        lines.append(FeeLine("hours", amount, words))
    if further := sum(_further_day(table, count) for count in later):
        lines.append(FeeLine("further_days", further, f"次日起共{_hours(sum(later), steps)}小时"))
    if table.night and len(days) > 1:
        lines.append(FeeLine("night", table.night, "评标跨越零点"))
    return lines


def _hours_beyond(table: FeeTable, count: int, hour: int, first_hours: int) -> tuple[int, str]:
    """Steps beyond ``first_hours`` of a day at ``hour``, and beyond ``long_after`` at ``long_hour``."""
    steps = _HOUR // table.unit
    bound = table.long_after * steps if table.long_after is not None else count
    usual, long = max(0, min(count, bound) - first_hours * steps), max(0, count - bound)
    parts = [(usual, hour), (long, table.long_hour or 0)]
    words = "，".join(f"{_hours(number, steps)}小时×{_price(price)}元" for number, price in parts if number)
    return sum(number * price // steps for number, price in parts), words


def _further_day(table: FeeTable, count: int) -> int:
    rules = table.further_days
    if rules is None:
        return 0
    if rules.half_day is not None:
        half = rules.half_day_hours * (_HOUR // table.unit)
        return -(-count // half) * rules.half_day
    return _hours_beyond(table, count, rules.hour or 0, 0)[0]


def _count_steps(table: FeeTable, length: timedelta) -> int:
    """Steps of a duration: whole ones, plus one for a remainder longer than what is forgiven."""
    whole, rest = divmod(length, table.unit)
    return whole + (rest > table.forgiven)


def _length_by_day(trip: Trip) -> list[timedelta]:
    """Hours of evaluation on each calendar day."""
    if trip.began is None or trip.ended is None:
        return []
    days, at = [], local(trip.began)
    while at < trip.ended:
        midnight = datetime.combine(at.date() + timedelta(days=1), time(), SHANGHAI)
        days.append(min(midnight, trip.ended) - at)
        at = midnight
    return days


def _hours(count: int, steps: int) -> str:
    return f"{count / steps:g}"


def _price(fen: int) -> str:
    return yuan(fen).removesuffix(".00")
