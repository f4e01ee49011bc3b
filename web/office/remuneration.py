"""Amounts that each organisation owes its experts and has paid (专家酬劳), by months; without names of experts."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, NamedTuple
from urllib.parse import urlencode

import aiohttp.web as http

from domain.clock import local
from domain.errors import InvalidInput
from services.core.base import Actor
from services.remuneration import OfficeTotals
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page, uuid_of
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
    action: ClassVar[str] = "remuneration.report"

    def add_routes(self) -> None:
        self.site.get("/office/remuneration", self.list)
        self.site.get("/office/remuneration.xlsx", self.sheet)
        self.site.get("/office/remuneration/{organisation_id}", self.organisation)

    async def list(self, request: http.Request) -> http.Response:
        """``?since=`` and ``?until=`` are months, by default the current one; ``?q=`` part of a name."""
        actor = await self.actor(request)
        wanted, form = self._wanted(request), EMPTY
        try:
            found = await self._find(actor, wanted, request)
        except InvalidInput as error:
            form = FormValues({"since": wanted.since, "until": wanted.until}, error)
            wanted = self._choices(wanted.search)["本月"]
            found = await self._find(actor, wanted, request)
        return self.show(
            actor,
            "office/remuneration.html",
            request,
            error=form.error,
            f=form,
            wanted=wanted,
            choices=self._choices(wanted.search),
            unreplied=await self.services.office.staff_work.remuneration(actor),
            overall=found.overall,
            found=found.items,
            page=page_number(request),
            last=last_page(found.overall.organisations),
        )

    async def _find(self, actor: Actor, wanted: MonthsFilter, request: http.Request) -> OfficeTotals:
        offset = (page_number(request) - 1) * PAGE_SIZE
        totals = self.services.remuneration.totals
        return await totals.by_organisation(actor, *wanted, offset=offset, limit=PAGE_SIZE)

    async def organisation(self, request: http.Request) -> http.Response:
        """Its draws, each with a link to the experts' amounts."""
        actor, wanted, page = await self.actor(request), self._wanted(request), page_number(request)
        organisation_id = uuid_of(request.match_info["organisation_id"], "这个代理机构")
        name, found = await self.services.remuneration.totals.of_organisation(
            actor, organisation_id, wanted.since, wanted.until, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/remuneration_draws.html",
            request,
            id=organisation_id,
            name=name,
            wanted=wanted,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
        )

    async def sheet(self, request: http.Request) -> http.Response:
        """All organisations of the same filter as XLSX."""
        actor, wanted = await self.actor(request), self._wanted(request)
        await self.site.check_rate(request, "export", 20, 600)
        content = await self.services.remuneration.totals.sheet(actor, *wanted)
        return file_of(content, f"专家酬劳合计-{wanted.words}.xlsx")

    def _wanted(self, request: http.Request) -> MonthsFilter:
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
