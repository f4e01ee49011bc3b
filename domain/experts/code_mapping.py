"""The successors of an ended code of a catalogue, in the values of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.catalogues import Kind
from domain.rulebook.book import Rulebook

ONE_SUCCESSOR: frozenset[Kind] = frozenset({"region", "title_level", "department"})
"""Kinds of which a file holds one code at a time, or whose places a draw counts: they have a single successor."""


def mapped_values(
    book: Rulebook, values: Mapping[str, object], kind: Kind, code: str, successors: Sequence[str]
) -> dict[str, object]:
    """The fields of a file that hold ``code``, with its successors in its place; of rows each keeps the row's other
    cells, and a successor that the file holds already is not repeated."""
    changed: dict[str, object] = {}
    for field, value in values.items():
        if field in _single_fields(book, kind) and value == code:
            changed[field] = successors[0]
        elif field in _row_columns(book, kind) and isinstance(value, list):
            changed[field] = list(_mapped_rows(value, _row_columns(book, kind)[field], code, successors))
        elif field in _lists(kind) and isinstance(value, list):
            changed[field] = list(dict.fromkeys(new for old in value for new in _mapped(old, code, successors)))
    return {field: value for field, value in changed.items() if value != values[field]}


def _single_fields(book: Rulebook, kind: Kind) -> set[str]:
    own = {"department"} if kind == "department" else set()
    return own | {
        code
        for code, field in book.form.fields.items()
        if (field.kind == "catalogue" and field.catalogue == kind) or (field.kind == "region" and kind == "region")
    }


def _row_columns(book: Rulebook, kind: Kind) -> dict[str, str]:
    """Fields of rows by code, with the column that holds a code of this kind."""
    columns = (
        {"specialties": "code"}
        if kind == "specialty"
        else {"qualifications": "code"}
        if kind == "qualification"
        else {}
    )
    for code, field in book.form.fields.items():
        for part, column in field.parts.items():
            if column.kind == "catalogue" and column.catalogue == kind:
                columns[code] = part
    return columns


def _lists(kind: Kind) -> frozenset[str]:
    return frozenset({"willing_regions"}) if kind == "region" else frozenset()


def _mapped(old: object, code: str, successors: Sequence[str]) -> Sequence[object]:
    return successors if old == code else [old]


def _mapped_rows(rows: Sequence[object], column: str, code: str, successors: Sequence[str]) -> Iterator[object]:
    held = {row.get(column) for row in rows if isinstance(row, Mapping)}
    for row in rows:
        if not isinstance(row, Mapping) or row.get(column) != code:
            yield row
            continue
        for successor in successors:
            if successor not in held:
                held.add(successor)
                yield {**row, column: successor}
