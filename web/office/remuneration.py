"""Amounts that each organisation owes its experts and has paid (专家酬劳), by months; without names of experts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp.web as http

from domain.clock import local
from domain.errors import InvalidInput
from services.remuneration import OfficeTotals
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page
from web.core.pages import Listed, Visit, Wanted, list_page, page, resource
from web.core.site import page_number
from web.office.base import OfficePart
from web.office.exports import file_of

SEARCH_LONGEST = 60


class MonthsFilter(NamedTuple):
    """A range of whole months, and part of an organisation's name."""

    since: str
    until: str
    search: str = ""

    @property
    def query(self) -> str:
        return urlencode({"since": self.since, "until": self.until} | ({"q": self.search} if self.search else {}))

    @property
    def words(self) -> str:
        first, last = print_month(self.since), print_month(self.until)
        return first if first == last else f"{first}至{last}"


class RemunerationPages(OfficePart):
    code = "remuneration"
    action = "remuneration.report"

    @page("/office/remuneration", "office/remuneration.html")
    async def totals(self, visit: Visit) -> Mapping[str, object]:
        """``?since=`` and ``?until=`` are months, by default the current one; ``?q=`` part of a name."""
        wanted, form = self._read_filter(visit.request), EMPTY
        try:
            totals = await self._find(visit, wanted)
        except InvalidInput as error:
            form = FormValues({"since": wanted.since, "until": wanted.until}, error)
            wanted = self._choices(wanted.search)["本月"]
            totals = await self._find(visit, wanted)
        return {
            "f": form,
            "wanted": wanted,
            "choices": self._choices(wanted.search),
            "unreplied": await self.services.office.staff_work.list_owed_draws(visit.actor),
            "overall": totals.overall,
            "agencies": totals.items,
            "page": page_number(visit.request),
            "last": last_page(totals.overall.organisations),
        }

    async def _find(self, visit: Visit, wanted: MonthsFilter) -> OfficeTotals:
        offset = (page_number(visit.request) - 1) * PAGE_SIZE
        totals = self.services.remuneration.totals
        return await totals.list_organisations(visit.actor, *wanted, offset=offset, limit=PAGE_SIZE)

    @resource("/office/remuneration.xlsx")
    async def sheet(self, visit: Visit) -> http.Response:
        """All organisations of the same filter as XLSX."""
        wanted = self._read_filter(visit.request)
        await self.site.check_rate(visit.request, "export", 20, 600)
        content = await self.services.remuneration.totals.write_overall_sheet(visit.actor, *wanted)
        return file_of(content, f"专家酬劳合计-{wanted.words}.xlsx")

    @list_page("/office/remuneration/{organisation_id}", "office/remuneration_draws.html")
    async def organisation(self, visit: Visit, page: Wanted) -> Listed:
        """Its draws, each with a link to the experts' amounts."""
        wanted, organisation_id = self._read_filter(visit.request), visit.id("这个代理机构", "organisation_id")
        name, draws = await self.services.remuneration.totals.list_draws(
            visit.actor, organisation_id, wanted.since, wanted.until, **page.window
        )
        return Listed(draws, {"id": organisation_id, "name": name, "wanted": wanted})

    def _read_filter(self, request: http.Request) -> MonthsFilter:
        query = request.query
        now = self._choices()["本月"]
        search = query.get("q", "").strip()[:SEARCH_LONGEST]
        return MonthsFilter(query.get("since", "") or now.since, query.get("until", "") or now.until, search)

    def _choices(self, search: str = "") -> dict[str, MonthsFilter]:
        today = local(self.services.deps.now())
        this, last = f"{today:%Y-%m}", f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
        return {
            "本月": MonthsFilter(this, this, search),
            "上月": MonthsFilter(last, last, search),
            "今年": MonthsFilter(f"{today:%Y}-01", this, search),
        }


def print_month(month: str) -> str:
    """``2026-11`` as a Chinese text."""
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月"
