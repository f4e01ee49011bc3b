"""Rows of ``unavailability`` in SQL: whether one concerns a time, as ``domain.experts.times_off`` says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.experts.times_off import TimesOff

_BEIJING = "AT TIME ZONE 'Asia/Shanghai'"
_CONCERNS = f"""({{row}}.starts_at < {{end}} AND ({{row}}.ends_at IS NULL OR {{row}}.ends_at > {{begin}})
  AND (cardinality({{row}}.weekdays) = 0 OR EXISTS (
    SELECT 1 FROM generate_series(date_trunc('day', {{begin}} {_BEIJING}), {{end}} {_BEIJING}, interval '1 day') AS day
    WHERE extract(isodow FROM day)::smallint = ANY({{row}}.weekdays)
      AND day + make_interval(mins => {{row}}.from_minute) < least({{end}}, {{row}}.ends_at) {_BEIJING}
      AND day + make_interval(mins => {{row}}.to_minute) > greatest({{begin}}, {{row}}.starts_at) {_BEIJING})))"""


def concerns(row: str, begin: str, end: str) -> str:
    """SQL condition: the row, cancelled or not, takes some of the time from ``begin`` to ``end``."""
    return _CONCERNS.format(row=row, begin=begin, end=end)


def times_of(row: Mapping[str, Any]) -> TimesOff:
    return TimesOff(
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        weekdays=tuple(row["weekdays"]),
        from_minute=row["from_minute"],
        to_minute=row["to_minute"],
        holiday=row["holiday"],
    )


def times_of_facts(facts: Mapping[str, Any]) -> TimesOff:
    """From JSON, such as the sealed facts of a draw, of which earlier ones know spans only."""
    return TimesOff(
        starts_at=datetime.fromisoformat(facts["starts_at"]),
        ends_at=datetime.fromisoformat(facts["ends_at"]) if facts["ends_at"] else None,
        weekdays=tuple(facts.get("weekdays") or ()),
        from_minute=facts.get("from_minute"),
        to_minute=facts.get("to_minute"),
    )
