"""The form in which pages and the mini-program say when an expert is not to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from domain.clock import SHANGHAI, local
from domain.errors import InvalidInput
from domain.experts.holidays import holidays_ahead
from domain.experts.spoken_times import off_on
from domain.experts.times_off import DAY, EVENING, NOON, TimesOff
from domain.faults import Faults
from domain.rulebook.book import Rulebook

Kind = Literal["span", "pause", "weekly", "holiday", "month"]
Hours = Literal["all", "morning", "afternoon", "evening", "own"]
HOURS = {"all": (0, DAY), "morning": (0, NOON), "afternoon": (NOON, DAY), "evening": (EVENING, DAY)}


@dataclass(frozen=True)
class TimesOffForm:
    """``kind`` says which of the fields count: a span of time; until the expert says otherwise; hours of each week,
    perhaps ``until`` a day; a holiday by its key; a month as 2027-07."""

    kind: Kind
    reason: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekdays: tuple[int, ...] = ()
    hours: Hours = "all"
    from_time: str = ""
    to_time: str = ""
    until: date | None = None
    holiday: str = ""
    month: str = ""


def read_form(form: TimesOffForm, book: Rulebook, now: datetime) -> TimesOff:
    """Raises InvalidInput with the fault of each field."""
    reason = " ".join(form.reason.split())
    if form.kind == "pause":
        return TimesOff(now, None, reason)
    if form.kind == "weekly":
        return _weekly(form, reason, now)
    if form.kind == "holiday":
        for holiday in holidays_ahead(book, now):
            if holiday.key == form.holiday:
                return off_on(holiday)
        raise InvalidInput("请选择节假日。", code="no_holiday", field="holiday")
    if form.kind == "month":
        return _month(form, reason)
    faults = Faults()
    starts_at = faults.check(_given, form.starts_at, "starts_at", "开始时间")
    ends_at = faults.check(_given, form.ends_at, "ends_at", "结束时间")
    faults.raise_any()
    return TimesOff(starts_at, ends_at, reason)


def months_ahead(now: datetime, count: int = 12) -> tuple[tuple[str, str], ...]:
    """This month and the next ones, as 2027-07 and 2027年7月."""
    first = local(now).year * 12 + local(now).month - 1
    months = (divmod(month, 12) for month in range(first, first + count))
    return tuple((f"{year}-{month + 1:02}", f"{year}年{month + 1}月") for year, month in months)


def _weekly(form: TimesOffForm, reason: str, now: datetime) -> TimesOff:
    faults = Faults()
    if not form.weekdays:
        faults.add(InvalidInput("请选择星期几。", code="no_weekday", field="weekdays"))
    begin, end = HOURS.get(form.hours, (0, DAY))
    if form.hours == "own":
        begin = faults.check(_minute, form.from_time, "from_time", "开始时间")
        end = faults.check(_minute, form.to_time, "to_time", "结束时间")
    if form.hours not in get_args(Hours):
        faults.add(InvalidInput("请选择时段。", code="no_choice", field="hours"))
    until = faults.check(_end_of, form.until)
    faults.raise_any()
    return TimesOff(_midnight(local(now).date()), until, reason, tuple(sorted(set(form.weekdays))), begin, end)


def _end_of(day: date | None) -> datetime | None:
    """The midnight after it. Raises InvalidInput for the last days that there are."""
    try:
        return None if day is None else _midnight(day + timedelta(days=1))
    except OverflowError as error:
        raise InvalidInput("年份太远，请核对。", code="too_far", field="until") from error


def _month(form: TimesOffForm, reason: str) -> TimesOff:
    try:
        first = date.fromisoformat(f"{form.month}-01")
        following = (first + timedelta(days=31)).replace(day=1)
        return TimesOff(_midnight(first), _midnight(following), reason)
    except (ValueError, OverflowError) as error:  # also the first and the last month that there is
        raise InvalidInput("请选择月份。", code="no_month", field="month") from error


def _given(at: datetime | None, field: str, label: str) -> datetime:
    if at is None:
        raise InvalidInput(f"请填写{label}。", code="missing", field=field)
    return at


def _minute(text: str, field: str, label: str) -> int:
    try:
        at = time.fromisoformat("00:00" if text == "24:00" else text)
    except ValueError as error:
        raise InvalidInput(f"请填写{label}，例如 14:00。", code="missing", field=field) from error
    return DAY if text == "24:00" else at.hour * 60 + at.minute


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
