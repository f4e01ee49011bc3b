"""Months in Shanghai, as in the addresses of totals and sheets: ``2026-11``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from domain.clock import SHANGHAI
from domain.errors import InvalidInput

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


def month_bounds(first: str, last: str) -> tuple[datetime, datetime]:
    """From the beginning of the first month to the end of the last, excluded. Raises InvalidInput."""
    since, until = _month_start(first, "since", "起始月份"), _month_start(last, "until", "截止月份")
    if since > until:
        raise InvalidInput("截止月份应不早于起始月份，请重新选择。", code="bad_range", field="until")
    return since, (until + timedelta(days=32)).replace(day=1)


def _month_start(month: str, field: str, label: str) -> datetime:
    if not _MONTH.fullmatch(month):
        raise InvalidInput(f"{label}请填写为年份和月份，如2026-11。", code="bad_month", field=field)
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=SHANGHAI)
