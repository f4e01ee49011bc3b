"""Regions, specialties, title levels, qualifications and departments of a pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, get_args

from pydantic import Field
from tortoise.expressions import Q

from domain.catalogues import CatalogueItem, Kind, full_name
from domain.clock import local
from domain.errors import InvalidInput, NotFound
from domain.ids import new_id
from models.experts import CatalogueEntry
from services.core.base import Actor, Deps, execute, record, rows, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text

_UPSERT = (
    "INSERT INTO catalogue_entry (id, pool, kind, code, name, parent, position) "
    "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[]) "
    "ON CONFLICT (pool, kind, code) DO UPDATE SET name = EXCLUDED.name, parent = EXCLUDED.parent, "
    "position = EXCLUDED.position WHERE (catalogue_entry.name, catalogue_entry.parent, catalogue_entry.position) "
    "IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.parent, EXCLUDED.position)"
)
_NODE = (
    "SELECT e.code, e.name, e.parent, "
    "EXISTS (SELECT 1 FROM catalogue_entry c WHERE c.pool = e.pool AND c.kind = e.kind "
    "AND c.parent = e.code) AS has_children FROM catalogue_entry e "
    "WHERE e.pool IN ('', $1) AND e.kind = $2 "
    "AND coalesce(e.starts_on <= $4, TRUE) AND coalesce(e.ends_on > $4, TRUE) AND "
)
"""Entries that are offered on the day ``$4``."""
_CHILDREN = _NODE + "e.parent = $3 ORDER BY e.position"
_SEARCH = _NODE + (
    "(starts_with(e.code, upper($3)) OR strpos(e.name, $3) > 0) "
    "ORDER BY e.code = upper($3) DESC, length(e.name), e.position LIMIT 100"
)
_ABOVE = (
    "WITH RECURSIVE found AS (SELECT pool, code, name, parent FROM catalogue_entry "
    "WHERE pool IN ('', $1) AND kind = $2 AND code = ANY($3::text[]) "
    "UNION SELECT e.* FROM found f CROSS JOIN LATERAL (SELECT pool, code, name, parent FROM catalogue_entry "
    "WHERE pool IN ('', $1) AND kind = $2 AND code = f.parent OFFSET 0) e) "
    "SELECT code, name, parent FROM found ORDER BY pool"
)
_USED: Mapping[str, str] = {
    "region": (
        "SELECT DISTINCT unnest(array_append(willing_regions, permanent_region)) AS code FROM expert WHERE pool = $1"
    ),
    "specialty": "SELECT DISTINCT unnest(specialties) AS code FROM expert WHERE pool = $1",
    "title_level": "SELECT DISTINCT title_level AS code FROM expert WHERE pool = $1",
    "qualification": "SELECT DISTINCT unnest(qualifications) AS code FROM expert WHERE pool = $1",
    "department": "SELECT DISTINCT department AS code FROM expert WHERE pool = $1",
}


@dataclass(frozen=True)
class Node:
    """An entry, and whether it has children, for browsing level by level.

    ``full_name`` includes its ancestors: 设计 › 建筑工程 › 结构.
    """

    code: Annotated[str, Field(examples=["A0401"])]
    name: Annotated[str, Field(examples=["道路工程"])]
    full_name: Annotated[str, Field(description="With what it lies in", examples=["设计 › 市政工程 › 道路工程"])]
    parent: Annotated[str, Field(examples=["A04"])]
    has_children: bool


@dataclass(frozen=True)
class CatalogueReport:
    """The result of an import for one kind. ``still_used``: codes that are absent from the file but used in experts'
    records."""

    kind: Kind
    total: int
    removed: int
    still_used: tuple[str, ...]


@dataclass(frozen=True)
class Catalogues:
    deps: Deps

    async def replace(self, actor: Actor, catalogues: Mapping[Kind, Sequence[CatalogueItem]]) -> list[CatalogueReport]:
        """Replace the pool's catalogues in one transaction; a repetition changes nothing.

        Codes that experts use are never removed, only reported; nor are those to which the office gave a date.
        """
        check(actor, "catalogue.import")
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"catalogue:{actor.pool}")
            reports = [await self._replace(actor.pool, kind, entries) for kind, entries in sorted(catalogues.items())]
            totals = {report.kind: report.total for report in reports}
            await record(actor, now, "catalogue.import", "catalogue", None, **totals)
            return reports

    async def children(self, pool: str, kind: str, parent: str = "") -> list[Node]:
        """The entries directly below ``parent`` (empty: the top) in the catalogue's order. Raises NotFound."""
        _check_kind(kind)
        nodes = await self._nodes(_CHILDREN, pool, kind, parent)
        if not nodes and parent and not await CatalogueEntry.exists(pool__in=["", pool], kind=kind, code=parent):
            raise NotFound("目录中没有这个代码，请刷新后重新选择。", field="parent")
        return nodes

    async def search(self, pool: str, kind: str, word: str, *, limit: int = 20) -> list[Node]:
        """Entries whose code begins with ``word`` or whose name holds it; exact codes and short names first."""
        _check_kind(kind)
        text = check_text(word, "word", "搜索词", 50, required=True)
        if not 1 <= limit <= 100:
            raise InvalidInput("每次最多返回100条。", field="limit")
        return (await self._nodes(_SEARCH, pool, kind, text))[:limit]

    async def names(self, pool: str, kind: str, codes: Sequence[str]) -> dict[str, str]:
        """Full names by code, for codes that exist."""
        _check_kind(kind)
        known = _Known(
            {row["code"]: (row["name"], row["parent"]) for row in await rows(_ABOVE, pool, kind, list(codes))}
        )
        return {code: full_name(kind, code, known) for code in codes if code in known.entries}

    async def _nodes(self, sql: str, pool: str, kind: str, value: str) -> list[Node]:
        entry_rows = await rows(sql, pool, kind, value, local(self.deps.now()).date())
        names = await self.names(pool, kind, [row["code"] for row in entry_rows])
        return [Node(**row, full_name=names[row["code"]]) for row in entry_rows]

    async def _replace(self, pool: str, kind: Kind, entries: Sequence[CatalogueItem]) -> CatalogueReport:
        count = len(entries)
        await execute(
            _UPSERT,
            [new_id() for _ in entries],
            [pool] * count,
            [kind] * count,
            [e.code for e in entries],
            [e.name for e in entries],
            [e.parent for e in entries],
            list(range(1, count + 1)),
        )
        stored = CatalogueEntry.filter(pool=pool, kind=kind).values_list("code", "parent")
        parents = {str(code): str(parent) for code, parent in await stored}
        stale = parents.keys() - {entry.code for entry in entries}
        used = {str(row["code"]) for row in await rows(_USED[kind], pool)} if stale else set()
        used_codes = stale & {above for code in used for above in path_of(code, parents)}
        unused = CatalogueEntry.filter(pool=pool, kind=kind, code__in=stale - used_codes)
        dated = unused.filter(Q(starts_on__isnull=False) | Q(ends_on__isnull=False)).values_list("code", flat=True)
        gone = stale - used_codes - {str(code) for code in await dated}
        removed = await CatalogueEntry.filter(pool=pool, kind=kind, code__in=gone).delete() if gone else 0
        return CatalogueReport(kind, count, removed, tuple(sorted(used_codes)))


@dataclass(frozen=True)
class _Known:
    """Name and parent by code."""

    entries: Mapping[str, tuple[str, str]]

    def name(self, kind: str, code: str) -> str:
        del kind
        return self.entries.get(code, ("", ""))[0]

    def parent(self, kind: str, code: str) -> str:
        del kind
        return self.entries.get(code, ("", ""))[1]


def path_of(code: str, parents: Mapping[str, str]) -> list[str]:
    """A code and all its ancestors, from the bottom up; only the code when the catalogue lacks it."""
    path = [code]
    while (above := parents.get(path[-1])) and above not in path:
        path.append(above)
    return path


def _check_kind(kind: str) -> None:
    if kind not in get_args(Kind):
        raise InvalidInput("没有这种目录，请刷新后重新选择。", field="kind")
