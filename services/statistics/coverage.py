"""How many experts a specialty has in each region, and how often they were called (专业覆盖): where few are left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.draws.lifecycles import OVER
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.permissions import check
from services.experts import bar_conditions, is_drawn
from services.statistics.workbook import SheetTable, write_tables

_PERIOD = timedelta(days=365)
_SPECIALTIES = """
WITH RECURSIVE shown AS (
  SELECT c.code, c.name, c.parent, c.position FROM catalogue_entry c LEFT JOIN catalogue_entry p
    ON p.kind = 'specialty' AND p.pool IN ('', $1) AND p.code = c.parent
   WHERE c.kind = 'specialty' AND c.pool IN ('', $1) AND c.parent <> '' AND
     CASE WHEN $2 = '' THEN p.parent = '' ELSE c.parent = $2 END)
SELECT code, name, EXISTS (SELECT FROM catalogue_entry b WHERE b.kind = 'specialty' AND b.pool IN ('', $1)
  AND b.parent = shown.code) AS has_children FROM shown ORDER BY position, code
"""
"""Below ``$2``; without it, the second level of the catalogue."""
_ABOVE = """
WITH RECURSIVE above AS (SELECT code, name, parent, 1 AS level FROM catalogue_entry
  WHERE kind = 'specialty' AND pool IN ('', $1) AND code = $2
  UNION ALL SELECT c.code, c.name, c.parent, a.level + 1 FROM above a JOIN catalogue_entry c
    ON c.kind = 'specialty' AND c.pool IN ('', $1) AND c.code = a.parent WHERE a.level < 9)
SELECT code, name FROM above ORDER BY level DESC
"""
_CITIES = """
SELECT substr(code, 1, 4) AS key, name FROM catalogue_entry
 WHERE kind = 'region' AND pool IN ('', $1) AND parent = $2 ORDER BY position, code
"""
_ELIGIBLE = """
SELECT code, substr(e.permanent_region, 1, 4) AS city, count(*) AS n
  FROM expert e CROSS JOIN unnest(e.specialty_path) AS code
 WHERE e.pool = $1 AND e.left_at IS NULL AND {drawn} AND code = ANY($2::text[])
 GROUP BY 1, 2
"""
_CALLED = """
WITH RECURSIVE below AS (
  SELECT code AS shown, code::text FROM unnest($2::text[]) AS code
  UNION SELECT b.shown, c.code::text FROM below b JOIN catalogue_entry c
    ON c.kind = 'specialty' AND c.pool IN ('', $1) AND c.parent = b.code)
SELECT b.shown AS code, substr(e.permanent_region, 1, 4) AS city, count(*) AS called,
  count(*) FILTER (WHERE i.state IN ('accepted', 'left', 'absent', 'released')) AS agreed
FROM draw d JOIN draw_condition k ON k.draw_id = d.id JOIN invitation i ON i.condition_id = k.id
  JOIN below b ON b.code = CASE i.tier WHEN 'alternative' THEN k.alternative ELSE k.specialty END
  JOIN expert e ON e.id = i.expert_id
WHERE d.pool = $1 AND d.started_at >= $3 AND d.state = ANY($4::text[])
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class CoverageCell:
    """``eligible``: experts whom a draw may call now. ``called`` and ``agreed``: of draws of the past year that are
    over."""

    eligible: int = 0
    called: int = 0
    agreed: int = 0


@dataclass(frozen=True)
class SpecialtyLine:
    """``cells`` by the first four digits of the region."""

    code: str
    name: str
    has_children: bool
    cells: Mapping[str, CoverageCell]
    total: CoverageCell


@dataclass(frozen=True)
class Coverage:
    """``above``: code and name of what the lines lie in, from the top. ``cities``: name by the first four digits."""

    above: tuple[tuple[str, str], ...]
    cities: Mapping[str, str]
    lines: tuple[SpecialtyLine, ...]


@dataclass(frozen=True)
class SpecialtyCoverage:
    deps: Deps

    async def read(self, actor: Actor, below: str = "") -> Coverage:
        """Specialties directly below a code; the second level of the catalogue without one, or for one that does not
        exist or has nothing below it."""
        check(actor, "statistics.read")
        pool, now, book = actor.pool, self.deps.now(), self.deps.book(actor.pool)
        shown = await rows(_SPECIALTIES, pool, below)
        if not shown and below:
            return await self.read(actor)
        codes = [row["code"] for row in shown]
        cells = dict[tuple[str, str], dict[str, int]]()
        drawn = is_drawn(bar_conditions("e", "$3", now, book))
        for row in await rows(_ELIGIBLE.format(drawn=drawn), pool, codes, now):
            cells.setdefault((row["code"], row["city"]), {})["eligible"] = row["n"]
        for row in await rows(_CALLED, pool, codes, now - _PERIOD, [state.value for state in OVER]):
            cells.setdefault((row["code"], row["city"]), {}).update(called=row["called"], agreed=row["agreed"])
        cities = await rows(_CITIES, pool, book.pool.region)
        return Coverage(
            above=tuple((row["code"], row["name"]) for row in await rows(_ABOVE, pool, below)),
            cities={row["key"]: row["name"] for row in cities},
            lines=tuple(_line(row, cells) for row in shown),
        )

    async def write_sheet(self, actor: Actor, below: str = "") -> bytes:
        """The same as XLSX, a sheet for each of the three numbers; logged."""
        coverage = await self.read(actor, below)
        async with transaction():
            await record(actor, self.deps.now(), "statistics.export", "pool", None, by="specialty", below=below)
        kinds = {"可抽取专家": "eligible", "近一年通知": "called", "近一年同意": "agreed"}
        return await write_tables([_table(coverage, title, name) for title, name in kinds.items()])


def _line(row: Mapping[str, Any], cells: Mapping[tuple[str, str], Mapping[str, int]]) -> SpecialtyLine:
    own = {city: CoverageCell(**numbers) for (code, city), numbers in cells.items() if code == row["code"]}
    total = CoverageCell(
        *(sum(getattr(cell, name) for cell in own.values()) for name in ("eligible", "called", "agreed"))
    )
    return SpecialtyLine(row["code"], row["name"], row["has_children"], own, total)


def _table(coverage: Coverage, title: str, name: str) -> SheetTable:
    def numbers(line: SpecialtyLine) -> list[int]:
        return [getattr(line.cells.get(city, CoverageCell()), name) for city in coverage.cities]

    return SheetTable(
        title,
        ("评标专业", *coverage.cities.values(), "合计"),
        tuple((f"{line.code} {line.name}", *numbers(line), getattr(line.total, name)) for line in coverage.lines),
    )
