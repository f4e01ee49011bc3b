"""Figures by month or by region (统计) for the office and the authority above it. No person is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from domain.catalogues import region_prefix
from domain.clock import local
from domain.errors import InvalidInput
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.months import month_bounds
from services.core.permissions import check
from services.statistics.topics import TOPICS, Topic
from services.statistics.workbook import SheetTable, write_tables

By = Literal["month", "region"]
BY: Mapping[By, str] = {"month": "按月份", "region": "按地区"}
MONTHS_MAX = 36
_KEYS: Mapping[By, str] = {
    "month": "to_char(f.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')",
    "region": "substr(f.region, 1, 4)",
}
_READ = """
SELECT {key} AS key, grouping({key}) = 1 AS total, {columns} FROM ({events}) f
 WHERE starts_with(f.region, $4) AND $5::timestamptz IS NOT NULL GROUP BY ROLLUP ({key})
"""
_CITIES = """
SELECT substr(code, 1, 4) AS key, name FROM catalogue_entry
 WHERE kind = 'region' AND pool IN ('', $1) AND parent = $2 AND starts_with(code, $3) ORDER BY position, code
"""
_ELSEWHERE = "省直属或未登记地区"
Figure = int | Decimal | None
"""None: there is nothing to compute it from."""


@dataclass(frozen=True)
class FigureLine:
    """A month or a region. ``figures`` by the code of their column."""

    name: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class TopicFigures:
    topic: Topic
    lines: tuple[FigureLine, ...]
    total: FigureLine

    @property
    def is_empty(self) -> bool:
        return not any(self.total.figures.values())


@dataclass(frozen=True)
class FigureFilter:
    """Months such as ``2026-11``, both inclusive; ``region`` empty: the whole province."""

    since: str
    until: str
    by: By = "month"
    region: str = ""


@dataclass(frozen=True)
class Figures:
    deps: Deps

    def last_year(self) -> FigureFilter:
        """The present month and the eleven before it."""
        today = local(self.deps.now())
        first = (today.replace(day=1) - timedelta(days=11 * 30)).replace(day=1)
        return FigureFilter(f"{first:%Y-%m}", f"{today:%Y-%m}")

    async def read(self, actor: Actor, wanted: FigureFilter) -> tuple[TopicFigures, ...]:
        """All topics that the pool has. Raises InvalidInput for months in disorder or too many."""
        check(actor, "statistics.read")
        since, until = month_bounds(wanted.since, wanted.until)
        if until - since > timedelta(days=31 * MONTHS_MAX):
            raise InvalidInput(f"一次最多统计{MONTHS_MAX}个月，请缩短范围。", code="too_long", field="since")
        book = self.deps.book(actor.pool)
        prefix = region_prefix(wanted.region) if wanted.region else ""
        names = await self._names(actor.pool, book.pool.region, prefix, wanted.by, since, until)
        topics = [topic for topic in TOPICS if topic.code != "money" or book.fee is not None or book.course.offered]
        values = (actor.pool, since, until, prefix, self.deps.now())
        return tuple([await _read_topic(topic, wanted.by, names, values) for topic in topics])

    async def write_sheets(self, actor: Actor, wanted: FigureFilter) -> bytes:
        """The same as XLSX, one sheet for each topic; logged."""
        tables = [_table(figures, BY[wanted.by].removeprefix("按")) for figures in await self.read(actor, wanted)]
        async with transaction():
            await record(actor, self.deps.now(), "statistics.export", "pool", None, by=wanted.by, since=wanted.since)
        return await write_tables(tables)

    async def _names(
        self, pool: str, province: str, prefix: str, by: By, since: datetime, until: datetime
    ) -> Mapping[str, str]:
        """Names of all lines by key, in their order."""
        if by == "region":
            return {row["key"]: row["name"] for row in await rows(_CITIES, pool, province, prefix[:4])}
        months, at = dict[str, str](), since
        while at < until:
            months[f"{at:%Y-%m}"] = f"{at.year}年{at.month}月"
            at = (at + timedelta(days=32)).replace(day=1)
        return months


async def _read_topic(topic: Topic, by: By, names: Mapping[str, str], values: Sequence[object]) -> TopicFigures:
    columns = ", ".join(f"{column.sql} AS {column.code}" for column in topic.columns)
    found_rows = await rows(_READ.format(key=_KEYS[by], columns=columns, events=topic.events), *values)
    by_key = {row["key"]: row for row in found_rows if not row["total"]}
    [total] = [row for row in found_rows if row["total"]]
    named = {**names, **{key: _ELSEWHERE for key in by_key if key not in names}}
    nothing = {column.code: 0 if column.unit in ("count", "yuan") else None for column in topic.columns}
    lines = (
        FigureLine(name, _figures(topic, by_key[key]) if key in by_key else nothing) for key, name in named.items()
    )
    return TopicFigures(topic, tuple(lines), FigureLine("合计", _figures(topic, total)))


def _figures(topic: Topic, row: Mapping[str, Any]) -> Mapping[str, Figure]:
    return {column.code: row[column.code] for column in topic.columns}


def _table(figures: TopicFigures, first: str) -> SheetTable:
    columns = figures.topic.columns
    lines = [*figures.lines, figures.total]
    return SheetTable(
        figures.topic.title,
        (first, *(column.heading for column in columns)),
        tuple((line.name, *(line.figures[column.code] for column in columns)) for line in lines),
    )
