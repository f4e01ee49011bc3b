"""The item bank for the office: filtered, paged, counted; one item with its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import InvalidInput, NotFound
from domain.exams.items import ItemKind
from models.exams import ExamItem, ExamItemVersion
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.permissions import check
from services.core.sql_values import SqlValues
from services.exams.bank.item_keys import ItemKey, check_may_see, read_keys
from services.exams.bank.item_pictures import ItemPictures
from services.exams.bank.item_rows import pictures_of

PAGE_MAX = 100
Sort = Literal["code", "used"]
_ORDERS: Mapping[str, str] = {"code": "i.code", "used": "i.used DESC, i.code"}
_SHOWN = 80
"""Characters of a stem in the list."""
_LIST = (
    "SELECT i.id, i.code, i.kind, i.chapter, i.difficulty, i.used, i.version, i.retired_at,"
    " left(v.stem, {shown}) AS stem,"
    " (SELECT code FROM exam_item c WHERE c.id = i.group_id) AS case_code,"
    " (SELECT count(*) FROM exam_item p WHERE p.group_id = i.id AND p.retired_at IS NULL) AS parts,"
    " v.pictures <> '[]'::jsonb AS pictures "
    "FROM exam_item i JOIN exam_item_version v ON v.item_id = i.id AND v.number = i.version "
    "WHERE {where} ORDER BY {order} LIMIT {limit} OFFSET {offset}"
)
_COUNT = (
    "SELECT count(*) AS n FROM exam_item i JOIN exam_item_version v ON v.item_id = i.id AND v.number = i.version "
    "WHERE {where}"
)
_IN_EXAMS = (
    "SELECT e.id, e.name, v.number FROM exam e JOIN exam_item_version v ON v.item_id = $2 "
    "WHERE e.pool = $1 AND e.state = 'published' "
    "AND EXISTS (SELECT 1 FROM exam_attempt a WHERE a.exam_id = e.id AND v.id = ANY(a.versions)) "
    "ORDER BY e.name, v.number"
)


@dataclass(frozen=True)
class ItemFilter:
    """Filters; an empty one doesn't limit. ``state``: live or retired; ``text`` is part of a stem or a code."""

    chapter: str = ""
    kind: str = ""
    difficulty: int = 0
    state: str = "live"
    text: str = ""


@dataclass(frozen=True)
class ItemLine:
    """``stem`` is cut. ``parts`` counts those of a case, ``case_code`` names the case of a part."""

    id: UUID
    code: str
    kind: ItemKind
    chapter: str
    difficulty: int
    stem: str
    used: int
    version: int
    parts: int
    case_code: str
    pictures: bool
    retired_at: datetime | None


@dataclass(frozen=True)
class VersionView:
    """The content of one version; ``key`` and ``basis`` only for readers who may see keys. ``pictures``: address and
    description."""

    id: UUID
    number: int
    stem: str
    options: tuple[str, ...]
    fixed_order: bool
    basis: str
    key: ItemKey | None
    pictures: tuple[tuple[str, str], ...]
    created_at: datetime


@dataclass(frozen=True)
class FrozenIn:
    """A running examination whose papers use a version."""

    exam_id: UUID
    name: str
    number: int


@dataclass(frozen=True)
class BankItemView:
    """``versions`` begin with the current one. ``papers``: number of all papers made in the pool, for comparison with
    ``used``."""

    line: ItemLine
    case_id: UUID | None
    case_stem: str
    parts: tuple[ItemLine, ...]
    versions: tuple[VersionView, ...]
    frozen: tuple[FrozenIn, ...]
    papers: int


@dataclass(frozen=True)
class Cell:
    """Number of live items by chapter, kind and difficulty."""

    chapter: str
    kind: ItemKind
    difficulty: int
    count: int


@dataclass(frozen=True)
class BankQueries:
    deps: Deps
    pictures: ItemPictures

    async def page(
        self, actor: Actor, wanted: ItemFilter, *, sort: Sort = "code", page: int = 1, size: int = 20
    ) -> Page[ItemLine]:
        """Raises InvalidInput."""
        check(actor, "exam.manage")
        if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
            raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")
        where, values = _conditions(actor.pool, wanted)
        (total,) = await rows(_COUNT.format(where=where), *values)
        limit, offset = values.add(size), values.add((page - 1) * size)
        sql = _LIST.format(where=where, order=_ORDERS[sort], limit=limit, offset=offset, shown=_SHOWN)
        item_rows = await rows(sql, *values)
        return Page(tuple(map(_line, item_rows)), int(total["n"]))

    async def ids(self, actor: Actor, wanted: ItemFilter) -> list[UUID]:
        """Ids of all matching items, by code."""
        check(actor, "exam.manage")
        where, values = _conditions(actor.pool, wanted)
        sql = _LIST.format(where=where, order=_ORDERS["code"], limit="ALL", offset="0", shown=1)
        return [row["id"] for row in await rows(sql, *values)]

    async def chapters(self, actor: Actor) -> tuple[str, ...]:
        """Chapters of all items, including retired ones."""
        check(actor, "exam.manage")
        chapter_rows = await rows("SELECT DISTINCT chapter FROM exam_item WHERE pool = $1 ORDER BY chapter", actor.pool)
        return tuple(row["chapter"] for row in chapter_rows)

    async def counts(self, actor: Actor) -> tuple[Cell, ...]:
        """Live items that papers can take, by chapter, kind and difficulty: cases by their parts."""
        check(actor, "exam.manage")
        cell_rows = await rows(
            "SELECT chapter, kind, difficulty, count(*) AS n FROM exam_item "
            "WHERE pool = $1 AND retired_at IS NULL AND kind <> 'case' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            actor.pool,
        )
        return tuple(Cell(row["chapter"], ItemKind(row["kind"]), row["difficulty"], row["n"]) for row in cell_rows)

    async def get(self, actor: Actor, item_id: UUID) -> BankItemView:
        """One item with its keys; the access is logged. Raises NotFound, and Forbidden for candidates."""
        await check_may_see(actor)
        item = await ExamItem.get_or_none(id=item_id, pool=actor.pool)
        if item is None:
            raise unknown_item()
        async with transaction():
            await record(actor, self.deps.now(), "exam.item.read", "exam_item", item.id, code=item.code)
        versions = await ExamItemVersion.filter(item_id=item.id).order_by("-number")
        keys = await read_keys([version.id for version in versions])
        return BankItemView(
            line=(await self._lines("i.id = $1", item.id))[0],
            case_id=item.group_id,
            case_stem=await _current_stem(item.group_id),
            parts=tuple(await self._lines("i.group_id = $1", item.id)),
            versions=tuple(self._version_view(version, keys.get(version.id), actor) for version in versions),
            frozen=await _list_frozen_in(actor.pool, item.id),
            papers=await _count_papers(actor.pool),
        )

    async def _lines(self, where: str, item_id: UUID) -> list[ItemLine]:
        sql = _LIST.format(where=where, order="i.position, i.code", limit="ALL", offset="0", shown=_SHOWN)
        return [_line(row) for row in await rows(sql, item_id)]

    def _version_view(self, version: ExamItemVersion, key: ItemKey | None, actor: Actor) -> VersionView:
        pictures = pictures_of(version)
        paths = self.pictures.addresses(version.id, len(pictures), actor.account_id or version.id)
        return VersionView(
            version.id,
            version.number,
            version.stem,
            tuple(version.options),
            version.fixed_order,
            version.basis,
            key,
            tuple((path, picture.alt) for path, picture in zip(paths, pictures, strict=True)),
            version.created_at,
        )


def unknown_item() -> NotFound:
    return NotFound("找不到这道题，请返回题库后刷新。", code="item_unknown")


async def _list_frozen_in(pool: str, item_id: UUID) -> tuple[FrozenIn, ...]:
    """Published examinations whose papers contain the item: they keep their version."""
    exam_rows = await rows(_IN_EXAMS, pool, item_id)
    return tuple(FrozenIn(row["id"], row["name"], row["number"]) for row in exam_rows)


async def _current_stem(item_id: UUID | None) -> str:
    if item_id is None:
        return ""
    case = await ExamItem.get(id=item_id)
    return (await ExamItemVersion.get(item_id=case.id, number=case.version)).stem


async def _count_papers(pool: str) -> int:
    (row,) = await rows(
        "SELECT count(*) AS n FROM exam_attempt a JOIN exam e ON e.id = a.exam_id WHERE e.pool = $1", pool
    )
    return int(row["n"])


def _conditions(pool: str, wanted: ItemFilter) -> tuple[str, SqlValues]:
    parts, values = ["i.pool = $1"], SqlValues(pool)

    def add(condition: str, value: object) -> None:
        parts.append(condition.format(values.add(value)))

    if wanted.chapter:
        add("i.chapter = {}", wanted.chapter)
    if wanted.kind:
        add("i.kind = {}", wanted.kind)
    if wanted.difficulty:
        add("i.difficulty = {}", wanted.difficulty)
    if wanted.state in ("live", "retired"):
        parts.append(f"i.retired_at IS {'NOT ' if wanted.state == 'retired' else ''}NULL")
    if wanted.text:
        add("(v.stem ILIKE {0} OR i.code ILIKE {0})", f"%{_escape_like(wanted.text)}%")
    return " AND ".join(parts), values


def _escape_like(text: str) -> str:
    """Escapes the text for LIKE."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _line(row: Mapping[str, object]) -> ItemLine:
    values = dict(row)
    return ItemLine(
        **{  # type: ignore[arg-type]
            **values,
            "kind": ItemKind(str(values["kind"])),
            "stem": str(values["stem"]),
            "case_code": values["case_code"] or "",
        }
    )
