"""Helpers for forms: values, refusals beside their fields, hidden fields, redirects, times in Beijing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.clock import SHANGHAI, local
from domain.errors import AppError, InvalidInput, NotFound

NOBODY = UUID(int=0)
PAGE_SIZE = 20
_FIRST, _LAST = 2000, 2100


@dataclass(frozen=True)
class FormValues:
    """The state of a form: typed or stored values, and a refusal. ``row`` distinguishes several forms on one page."""

    values: Mapping[str, str] = field(default_factory=dict)
    error: AppError | None = None
    row: str = ""

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def wrong(self, name: str) -> str:
        """The problem of a field, or an empty text."""
        faults = self.error.faults if self.error else ()
        return next((fault.message for fault in faults if _field_of(fault) == name), "")


EMPTY = FormValues()


def key_of(fields: Mapping[str, str]) -> str | None:
    """Idempotency key, which makes pressing a button twice one command."""
    key = fields.get("key", "")
    return key if 8 <= len(key) <= 64 and key.isascii() else None


def uuid_of(text: str, what: str = "这一项") -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"找不到{what}，请返回列表后刷新。", code="unknown") from error


def version_of(text: str) -> int:
    """The version of a displayed row from a hidden field; 0, which no row has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def redirect(path: str, **query: str) -> http.HTTPSeeOther:
    """Raise this to redirect to a page, which shows the message ``note``."""
    given = urlencode({name: value for name, value in query.items() if value})
    address, mark, place = path.partition("#")
    joint = "&" if "?" in address else "?"
    return http.HTTPSeeOther(f"{address}{joint}{given}{mark}{place}" if given else path)


def is_typed(sent: Mapping[str, str], name: str) -> bool:
    """Whether a person typed into an input whose box is not ticked: it isn't empty, and isn't what the form showed
    (its hidden field ``shown-…``). What was typed counts as the tick."""
    value = sent.get(name, "").strip()
    return bool(value) and value != sent.get(f"shown-{name}", "")


def print_moment(at: datetime | None) -> str:
    """The value of a datetime input, in Beijing time."""
    return f"{local(at):%Y-%m-%dT%H:%M}" if at else ""


def moment(text: str, name: str, label: str, stored: datetime | None = None) -> datetime | None:
    """The time of such an input; empty: None. Returns ``kept`` when the input still has its displayed value.

    Raises InvalidInput.
    """
    if not text or (stored is not None and text == print_moment(stored)):
        return stored if text else None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _no_moment(name, label) from error
    if at.tzinfo is not None or not _FIRST <= at.year < _LAST:
        raise _no_moment(name, label)
    return at.replace(tzinfo=SHANGHAI)


def keep_stored(at: datetime | None, stored: datetime | None) -> datetime | None:
    """The stored time as long as the input shows it, which has no seconds."""
    return stored if at and print_moment(at) == print_moment(stored) else at


def day(text: str, name: str, label: str) -> date | None:
    """The day of a date input; empty: None. Raises InvalidInput."""
    if not text:
        return None
    try:
        parsed = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{label}请填写为日期，如2026-11-15。", field=name) from error
    if not _FIRST <= parsed.year < _LAST:
        raise InvalidInput(f"{label}请填写为日期，如2026-11-15。", field=name)
    return parsed


def begin_of(first: date | None, *, days: int = 0) -> datetime | None:
    """Midnight in Beijing, ``days`` days later."""
    return datetime.combine(first + timedelta(days=days), time(), SHANGHAI) if first else None


def last_page(total: int, size: int = PAGE_SIZE) -> int:
    return max(1, -(-total // size))


def _no_moment(name: str, label: str) -> InvalidInput:
    return InvalidInput(f"{label}请填写日期和时间，如2026-11-15 10:30。", field=name)


def _field_of(error: AppError) -> str:
    named = error.field or error.params.get("field", "")
    return str(named).partition(".")[0]
