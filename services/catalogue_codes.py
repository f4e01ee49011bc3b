"""Looks up all codes in a form's values at once, for ``domain.forms.checking``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args
from uuid import UUID

from domain.catalogues import Kind
from domain.rulebook.book import Rulebook
from services.core.base import rows

CODE_MAX = 64
_FIND = """
WITH RECURSIVE found AS (
  SELECT pool, kind, code, name, parent, ends_on FROM catalogue_entry
   WHERE pool = ANY($1::text[]) AND kind = ANY($2::text[]) AND code = ANY($3::text[])
  UNION SELECT e.* FROM found f CROSS JOIN LATERAL (SELECT pool, kind, code, name, parent, ends_on FROM catalogue_entry
   WHERE pool = ANY($1::text[]) AND kind = f.kind AND code = f.parent OFFSET 0) e)
SELECT pool, kind, code, name, parent, ends_on, (SELECT TRUE FROM catalogue_entry c WHERE c.pool = ANY($1::text[])
    AND c.kind = found.kind AND c.parent = found.code LIMIT 1) IS NOT NULL AS has_children, '' AS credit_code
  FROM found
UNION ALL
SELECT pool, 'employer', id::text, name, '', NULL, FALSE, credit_code FROM employer
 WHERE pool = ANY($1::text[]) AND id = ANY($4::uuid[]) AND (retired_at IS NULL OR id = ANY($5::uuid[]))
 ORDER BY pool
"""


@dataclass(frozen=True)
class CatalogueCode:
    """An entry of a catalogue. ``credit_code`` is an employer's; ``ends_on``: the first day on which it is not offered
    any more."""

    name: str
    parent: str
    has_children: bool
    credit_code: str = ""
    ends_on: date | None = None


@dataclass(frozen=True)
class CatalogueCodes:
    """Entries by kind and code, with all their ancestors; implements ``domain.forms.checking.CatalogueView``."""

    entries: Mapping[tuple[str, str], CatalogueCode]

    def exists(self, kind: str, code: str) -> bool:
        return (kind, code) in self.entries

    def has_children(self, kind: str, code: str) -> bool:
        entry = self.entries.get((kind, code))
        return entry is not None and entry.has_children

    def name(self, kind: str, code: str) -> str:
        entry = self.entries.get((kind, code))
        return entry.name if entry else ""

    def parent(self, kind: str, code: str) -> str:
        entry = self.entries.get((kind, code))
        return entry.parent if entry else ""

    def without_ended(self, on: date) -> CatalogueCodes:
        """Only entries that are still offered on this day, for values that are newly chosen."""
        offered = {key: entry for key, entry in self.entries.items() if entry.ends_on is None or entry.ends_on > on}
        return CatalogueCodes(offered)

    def with_ended_marked(self, on: date) -> CatalogueCodes:
        """The same, with the names of entries that are not offered any more on this day saying so."""
        return CatalogueCodes(
            {
                key: replace(entry, name=f"{entry.name}（已停用）") if entry.ends_on and entry.ends_on <= on else entry
                for key, entry in self.entries.items()
            }
        )

    def path(self, kind: str, code: str) -> list[str]:
        """The code and its ancestors, from the bottom up."""
        path = [code]
        while (above := self.parent(kind, path[-1])) and above not in path:
            path.append(above)
        return path


async def load_codes(book: Rulebook, *values: object, retired: Iterable[str] = ()) -> CatalogueCodes:
    """All codes in ``values`` (of any shape) and in the pool's own rules.

    ``retired``: employers that are valid though no longer offered, since an applicant who chose one keeps it.
    """
    texts = {text for value in values for text in _texts(value)}
    named = {field.below for field in book.form.used().values() if field.below}
    codes = texts | named | set(book.form.specialties.classes)
    employers, retired_ids = _uuids(texts), _uuids(retired)
    kinds = list(get_args(Kind))
    code_rows = await rows(_FIND, ["", book.pool.code], kinds, sorted(codes), employers, retired_ids)
    entries = {
        (r["kind"], r["code"]): CatalogueCode(r["name"], r["parent"], r["has_children"], r["credit_code"], r["ends_on"])
        for r in code_rows
    }
    return CatalogueCodes(entries)


def _texts(value: object) -> Iterator[str]:
    """Every text in a value that may be a code."""
    if isinstance(value, str):
        text = value.strip()
        if 0 < len(text) <= CODE_MAX and "\0" not in text and text.isprintable():
            yield text
    elif isinstance(value, Mapping):
        for element in value.values():
            yield from _texts(element)
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _texts(element)


def _uuids(texts: Iterable[str]) -> list[UUID]:
    return [parsed for text in texts if (parsed := _uuid(text))]


def _uuid(text: str) -> UUID | None:
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None
