"""Recusal units (回避单位) that an expert declares: what a declaration says, how one is added, and how two lists that
changed apart become one.

They are rows of the file's ``recusal_units``: ``{"name", "code", "note"}``, so that they are shown, checked and, by a
reviewed change, removed like any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from domain.draws.recusal_keys import normalise_unit_name, unit_keys

FIELD = "recusal_units"
NOTE_MAX = 100
"""Characters of what an expert adds to a declaration."""
GROUNDS: Mapping[str, str] = {"employer": "本人的新工作单位", "own": "与本人有其他利害关系的单位"}
"""Why a unit recuses that is not a near relative's employer: the expert himself works there, and no reviewed change has
set it yet; or an interest of another kind."""
Row = Mapping[str, object]


def note_of(relation: str, note: str) -> str:
    """What the row says beside the unit: ``近亲属（配偶）的工作单位；2025年起任职``.

    ``relation``: one of ``GROUNDS``, or the near relative who works there.
    """
    told = {"own": "", "employer": GROUNDS["employer"]}.get(relation, f"近亲属（{relation}）的工作单位")
    return "；".join(part for part in (told, note) if part)


def keys_of(row: Row) -> frozenset[str]:
    """Empty for a row that names no unit (无)."""
    return frozenset(unit_keys(str(row.get("name", "")), str(row.get("code", ""))))


def is_named(row: Row, rows: Iterable[Row]) -> bool:
    """Whether one of ``rows`` recuses for all that ``row`` recuses for."""
    return any(keys_of(row) <= keys_of(other) for other in rows)


def with_unit(rows: Sequence[Row], unit: Row) -> list[Row]:
    """``rows`` and ``unit``; a credit code that was unknown joins the row of that name, and 无 goes."""
    named = [row for row in rows if keys_of(row)]
    for place, row in enumerate(named):
        if not row.get("code") and _name(row) == _name(unit):
            notes = dict.fromkeys(str(note) for note in (row.get("note"), unit.get("note")) if note)
            named[place] = {**row, "code": unit.get("code", ""), "note": "；".join(notes)}
            return named
    return [*named, unit]


def merge_units(seen: Sequence[Row], wanted: Sequence[Row], present: Sequence[Row]) -> list[Row]:
    """The list that an application sets: ``wanted``, where its applicant saw ``seen`` and the file now has ``present``.

    A unit that was declared since stays, one that was removed since stays away: an application adds and removes only
    what its applicant did.
    """
    declared = [row for row in present if not is_named(row, seen) and not is_named(row, wanted)]
    stay = [row for row in wanted if not is_named(row, seen) or is_named(row, present)]
    units = [row for row in stay if keys_of(row) and not is_named(row, declared)] + declared
    return units or [row for row in wanted if not keys_of(row)]


def _name(row: Row) -> str:
    return normalise_unit_name(str(row.get("name", "")))
