"""An expert's employers, present and former, and the units that recuse him, as they follow from his file alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from domain.clock import SHANGHAI
from domain.draws.recusal_keys import normalise_unit_name, unit_keys
from domain.experts.file import ExpertFile, FileChange, FileSource, fold

TOLD_BY = ("employer", "employer_code", "employed_since", "work_history", "former_units")
"""Fields of the file that name employers."""
RECUSED_BY = frozenset((*TOLD_BY, "recusal_units"))
"""Fields of the file from which recusals follow."""
_OWN_WORD = frozenset((FileSource.SELF, FileSource.APPLICATION))
"""Changes that the expert himself stated."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
"""Years to which the times of employments are limited (9999 for no end), so that date arithmetic works."""


@dataclass(frozen=True)
class Unit:
    """An employment, aware UTC, or, without times, a recusal unit."""

    name: str
    code: str
    since: datetime | None = None
    until: datetime | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        return unit_keys(self.name, self.code)


ListedEmployers = Mapping[str, tuple[str, str]]
"""Name and credit code of the pool's listed employers, by id."""


def employments_of(changes: Iterable[FileChange], listed: ListedEmployers) -> list[Unit]:
    """All employments that the file names or has named; one that is named no longer ended when it was dropped."""
    file, known = ExpertFile(), dict[tuple[str, ...], Unit]()
    for change in changes:
        file = file.after(change)
        if not any(file.since.get(code) is change for code in TOLD_BY):
            continue
        named = {unit.keys: unit for unit in present_units(file.values, listed)}
        known = {
            keys: _ended(unit, change.at)
            for keys, unit in known.items()
            if not any(set(keys) <= set(others) for others in named)
        } | named
    return list(known.values())


def present_units(values: Mapping[str, object], listed: ListedEmployers) -> list[Unit]:
    """The employments in a file's values: history first, the present employer last. One without an end is present."""
    units = [*_history(values.get("work_history")), *_former(values.get("former_units"))]
    name, code = employer_of(values, listed)
    if not normalise_unit_name(name):
        return units
    employer = Unit(name, code, _day(values.get("employed_since")))
    same = [unit for unit in units if unit.until is None and set(unit.keys) <= set(employer.keys)]
    if employer.since is None:
        employer = replace(employer, since=min((unit.since for unit in same if unit.since), default=None))
    return [*(unit for unit in units if unit not in same), employer]


def employer_of(values: Mapping[str, object], listed: ListedEmployers) -> tuple[str, str]:
    """Name and credit code of the present employer; its value is an id in the pool's list, or a name."""
    typed, code = str(values.get("employer") or ""), str(values.get("employer_code") or "")
    name, listed_code = listed.get(typed, (typed, ""))
    return name, listed_code or code


def recusal_keys_of(
    values: Mapping[str, object], employments: Iterable[Unit], *, own_employer_recused: bool
) -> list[str]:
    """Look-up keys of the units that recuse the expert by himself: those he named and, where the pool says so, his
    present employers."""
    units = [Unit(str(row.get("name", "")), str(row.get("code", ""))) for row in rows_of(values.get("recusal_units"))]
    if own_employer_recused:
        units += [unit for unit in employments if unit.until is None]
    return sorted({key for unit in units for key in unit.keys})


@dataclass(frozen=True)
class RecusalRule:
    """What counts: employments that ended after ``employed_after``, and whether the present employer is a recusal unit
    without being named."""

    employed_after: datetime
    own_employer_recused: bool


def declared_keys(
    changes: Sequence[FileChange], listed: ListedEmployers, rule: RecusalRule, since: datetime
) -> frozenset[str]:
    """Keys of units that recuse the expert now, and did not before he himself said so, from ``since`` on.

    ``changes``: all of the file, oldest first.
    """
    present = _recusing_keys(changes, listed, rule)
    declared = [
        _recusing_keys(changes[: place + 1], listed, rule) - _recusing_keys(changes[:place], listed, rule)
        for place, change in enumerate(changes)
        if change.at >= since and change.source in _OWN_WORD and not RECUSED_BY.isdisjoint(change.values)
    ]
    return present & frozenset().union(*declared)


def _recusing_keys(changes: Sequence[FileChange], listed: ListedEmployers, rule: RecusalRule) -> frozenset[str]:
    units = employments_of(changes, listed)
    own = recusal_keys_of(fold(changes).values, units, own_employer_recused=rule.own_employer_recused)
    employed = (unit for unit in units if unit.until is None or unit.until > rule.employed_after)
    return frozenset(own).union(*(unit.keys for unit in employed))


def rows_of(value: object) -> list[Mapping[str, object]]:
    """The rows of a value of kind records or units; empty for any other."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _ended(unit: Unit, at: datetime) -> Unit:
    return unit if unit.until is not None and unit.until <= at else replace(unit, until=at)


def _history(history: object) -> Iterator[Unit]:
    for row in rows_of(history):
        name = str(row.get("unit", ""))
        if normalise_unit_name(name):
            yield Unit(name, "", _month(row.get("since")), _month(row.get("until"), after=True))


def _former(units: object) -> Iterator[Unit]:
    for row in rows_of(units):
        yield Unit(str(row.get("name", "")), str(row.get("code", "")), _day(row.get("since")), _day(row.get("until")))


def _day(value: object) -> datetime | None:
    """Midnight in Shanghai of a day ``2020-03-01``; None without one."""
    return _moment(date.fromisoformat(value)) if isinstance(value, str) and value else None


def _month(value: object, *, after: bool = False) -> datetime | None:
    """The first moment of a month ``2020-09`` or, with ``after``, of the following month."""
    if not isinstance(value, str) or not value:
        return None
    year, month = min(max(int(value[:4]), _FIRST_YEAR), _LAST_YEAR), int(value[5:7])
    if after:
        year, month = year + month // 12, month % 12 + 1
    return _moment(date(year, month, 1))


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
