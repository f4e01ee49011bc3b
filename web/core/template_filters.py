"""Template filters: times, sums, telephone numbers, maps, tables, the mark of a row that waits for the operator."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from markupsafe import Markup, escape

from domain.clock import local, name_near_days, print_date, print_full, print_month, print_span, print_until
from domain.draws.places import print_place
from domain.payments.money import yuan
from domain.positions import map_link
from services.core.months import month_bounds
from services.core.operator_waits import find_operator_code
from services.core.pages import COUNTED
from web.core.table_cards import table_cards

_PHONE = re.compile(r"(?<![\w.-])(?:400-\d{3}-\d{4}|0\d{2,3}-\d{7,8}|1[3-9]\d{9})(?![\w-])", re.ASCII)


def filters(now: Callable[[], datetime]) -> Mapping[str, Callable[..., object]]:
    """Filters by name. ``now`` decides which year may be omitted, and which day is 今天 or 明天 (``near``)."""
    return {
        "time": lambda at: print_until(at, now()),
        "near": lambda at: name_near_days(print_until(at, now()), now()),
        "span": lambda start, end: print_span(start, end, now()),
        "minute": lambda at: print_minute(at, now()),
        "second": lambda at: f"{print_minute(at, now())}:{local(at):%S}",
        "date": print_date,
        "month": print_month_of,
        "day": lambda day: print_day(day, local(now()).date()),
        "clock": lambda at: f"{local(at):%H:%M}",
        "clock_seconds": lambda at: f"{local(at):%H:%M:%S}",
        "iso": lambda at: at.isoformat(),
        "yuan": print_sum,
        "counted": print_count,
        "phones": link_phones,
        "place": print_place,
        "map_link": map_link,
        "operator_code": find_operator_code,
        "table_cards": table_cards,
    }


def print_day(day: date, today: date) -> str:
    """``11月21日``, with the year in front where it is not the present one."""
    return f"{'' if day.year == today.year else f'{day.year}年'}{day.month}月{day.day}日"


def print_month_of(month: datetime | str) -> str:
    """``2026年11月``, of a moment or of a month as addresses have it (``2026-11``)."""
    return print_month(month_bounds(month, month)[0] if isinstance(month, str) else month)


def print_in_words(value: object) -> object:
    """What a template prints without a filter: a day or a moment as people write it. Machines get ``iso``."""
    if isinstance(value, datetime):
        return print_full(value)
    return f"{value.year}年{value.month}月{value.day}日" if isinstance(value, date) else value


def print_minute(at: datetime, now: datetime) -> str:
    """``11月21日 18:30``, for past events. Future times are written with the weekday (``time``)."""
    t = local(at)
    return f"{print_day(t.date(), local(now).date())} {t:%H:%M}"


def print_sum(fen: int) -> str:
    """``1234500`` → ``12,345.00``, for display; values for programs have no commas."""
    whole, _, rest = yuan(fen).partition(".")
    return f"{int(whole):,}.{rest}" if whole != "-0" else f"-0.{rest}"


def print_count(total: int) -> str:
    """Number of lines in a list; ``10000+`` where counting stopped."""
    return f"{total}{'+' if total >= COUNTED else ''}"


def link_phones(text: str) -> Markup:
    """The text with its telephone numbers as tappable links."""
    return Markup(_PHONE.sub(lambda phone: f'<a href="tel:{phone[0]}">{phone[0]}</a>', escape(text)))  # noqa: S704  # escaped
