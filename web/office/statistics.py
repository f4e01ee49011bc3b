"""``/office/statistics``: figures by month and region, and how specialties are covered; each also as XLSX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast
from urllib.parse import urlencode

import aiohttp.web as http

from domain.errors import InvalidInput
from services.statistics import BY, By, CoverageCell, Figure, FigureFilter, TopicFigures, Unit
from web.core.form_values import EMPTY, FormValues
from web.core.pages import Visit, page, resource
from web.office.base import OfficePart
from web.office.exports import file_of


@dataclass(frozen=True)
class FigureBar:
    """A line of a plot; ``share`` of the longest bar, in percent."""

    name: str
    text: str
    share: str


@dataclass(frozen=True)
class ShownTopic:
    """A topic's figures as texts; ``bars`` plot its first column."""

    title: str
    note: str
    headings: tuple[str, ...]
    lines: tuple[tuple[str, tuple[str, ...]], ...]
    total: tuple[str, ...]
    bars: tuple[FigureBar, ...]
    is_empty: bool


class StatisticsPages(OfficePart):
    code = "statistics"
    action = "statistics.read"

    @page("/office/statistics", "office/statistics.html")
    async def figures(self, visit: Visit) -> Mapping[str, object]:
        """``?since=`` and ``?until=`` are months, by default the past year; ``?by=`` month or region."""
        wanted, form, statistics = self._read_filter(visit.request), EMPTY, self.services.statistics
        try:
            topics = await statistics.figures.read(visit.actor, wanted)
        except InvalidInput as error:
            form = FormValues({"since": wanted.since, "until": wanted.until}, error)
            wanted = replace(statistics.figures.last_year(), by=wanted.by, region=wanted.region)
            topics = await statistics.figures.read(visit.actor, wanted)
        return {
            "f": form,
            "wanted": wanted,
            "query": _query(wanted),
            "ways": [(by, name, _query(replace(wanted, by=by))) for by, name in BY.items()],
            "topics": [_show(figures) for figures in topics],
            "places": await self.services.office.dashboard.places(visit.actor),
        }

    @resource("/office/statistics.xlsx")
    async def sheets(self, visit: Visit) -> http.Response:
        """The same filter, one sheet for each topic."""
        wanted = self._read_filter(visit.request)
        await self.site.check_rate(visit.request, "export", 20, 600)
        content = await self.services.statistics.figures.write_sheets(visit.actor, wanted)
        return file_of(content, f"统计-{wanted.since}至{wanted.until}-{BY[wanted.by]}.xlsx")

    @page("/office/statistics/specialties", "office/statistics_specialties.html")
    async def specialties(self, visit: Visit) -> Mapping[str, object]:
        """``?below=`` a code; ``?count=`` what the cells show."""
        shown = visit.query("count", 10)
        count = shown if shown in COUNTS else "eligible"
        coverage = await self.services.statistics.coverage.read(visit.actor, visit.query("below", 32))
        return {
            "coverage": coverage,
            "below": coverage.above[-1][0] if coverage.above else "",
            "counts": COUNTS,
            "count": count,
            "nothing": CoverageCell(),
            "thin_below": self.book(visit.actor).statistics.thin_below,
        }

    @resource("/office/statistics/specialties.xlsx")
    async def specialty_sheet(self, visit: Visit) -> http.Response:
        await self.site.check_rate(visit.request, "export", 20, 600)
        content = await self.services.statistics.coverage.write_sheet(visit.actor, visit.query("below", 32))
        return file_of(content, "专业覆盖.xlsx")

    def _read_filter(self, request: http.Request) -> FigureFilter:
        query, year = request.query, self.services.statistics.figures.last_year()
        by, region = query.get("by", ""), query.get("region", "")
        return FigureFilter(
            query.get("since", "") or year.since,
            query.get("until", "") or year.until,
            cast(By, by) if by in BY else "month",
            region if len(region) == 6 and region.isascii() and region.isdigit() else "",
        )


COUNTS: Mapping[str, str] = {"eligible": "可抽取专家", "called": "近一年通知", "agreed": "近一年同意"}


def _query(wanted: FigureFilter) -> str:
    filters = {"since": wanted.since, "until": wanted.until, "by": wanted.by, "region": wanted.region}
    return urlencode({name: text for name, text in filters.items() if text})


def _show(figures: TopicFigures) -> ShownTopic:
    columns = figures.topic.columns
    plotted = columns[0]
    longest = max((line.figures[plotted.code] or 0 for line in figures.lines), default=0)
    return ShownTopic(
        title=figures.topic.title,
        note=figures.topic.note,
        headings=tuple(column.heading for column in columns),
        lines=tuple(
            (line.name, tuple(print_figure(line.figures[column.code], column.unit) for column in columns))
            for line in figures.lines
        ),
        total=tuple(print_figure(figures.total.figures[column.code], column.unit) for column in columns),
        bars=tuple(
            FigureBar(
                line.name,
                print_figure(line.figures[plotted.code], plotted.unit),
                f"{100 * (line.figures[plotted.code] or 0) / longest:.1f}" if longest else "0",
            )
            for line in figures.lines
        ),
        is_empty=figures.is_empty,
    )


def print_figure(figure: Figure, unit: Unit) -> str:
    """``1,234``, ``87.5``, ``1,200.00`` for yuan; a dash where there is nothing to compute it from."""
    if figure is None:
        return "–"
    if unit == "yuan":
        return f"{Decimal(figure):,.2f}"
    return f"{figure:,}"
