"""``/agency``: an agency's first page, its draws, and documents to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Literal, cast, get_args
from urllib.parse import urlencode

import aiohttp.web as http

from domain.clock import SHANGHAI, local
from domain.draws.lifecycles import state_names
from domain.errors import NotFound
from services.accounts import RoleOption
from services.core.base import Actor
from services.draws import TO_DO, DocumentKind, Filters, render_template, to_do_of
from services.inspection.file_types import XLSX
from web.agency.base import AgencyPart
from web.agency.drafts import open_forms
from web.agency.tabs import acts_of
from web.core.form_values import PAGE_SIZE, last_page
from web.core.site import page_number, show_pdf

_TO_DO_MAX = 20
_WAITING = Filters(states=tuple(TO_DO), urgent_first=True)
_TO_DO = "todo"
"""Pseudo-state of the filter: all draws that wait for the agency."""
_YEARS = 50
"""Years by which a requested month may differ from now."""
KINDS = {"normal": "正常项目", "redraw": "重新抽取项目", "recall": "通知原专家项目"}
SOURCES = {"on_site": "进场项目", "off_site": "非进场项目"}
_ASKED = ("q", "project", "state", "kind", "source", "region")
DOCUMENT_TEMPLATES = {
    "draw": "专家抽取申请模板",
    "redraw": "重新抽取专家申请模板",
    "recall": "通知原专家评标申请模板",
    "release": "退选专家申请模板",
}
SHEETS = {"units": "回避单位模板", "persons": "回避人员模板"}


class AgencyHomePages(AgencyPart):
    here = "home"
    notes: ClassVar[Mapping[str, str]] = {
        "deleted": "活动已删除，标段可以重新发起抽取。",
        "emptied": "暂存的内容已清除。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency", self.home)
        self.site.get("/agency/draws", self.draws)
        self.site.get("/agency/templates/{kind}.pdf", self.document)
        self.site.get("/agency/templates/{kind}.xlsx", self.sheet)

    async def home(self, request: http.Request) -> http.Response:
        actor, page = await self.actor(request), page_number(request)
        now = self.services.deps.now()
        first = _month(request.query.get("month", ""), now)
        after, before = (first + timedelta(days=32)).replace(day=1), (first - timedelta(days=1)).replace(day=1)
        queries = self.services.draws.queries
        roles = await self.services.accounts.sessions.roles(actor)
        board = await queries.dashboard(actor)
        todo = await queries.cards(actor, _WAITING, limit=_TO_DO_MAX)
        month = await queries.cards(
            actor,
            Filters(starts_from=first, starts_before=after),
            offset=(page - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
        return self.show(
            actor,
            "agency/home.html",
            request,
            who=self.auth.role_label(actor),
            organisation=self._organisation(actor, roles),
            requests=await self.services.organisations.agents.count_waiting(actor),
            board=board,
            todo=todo,
            forms=open_forms(await self.services.accounts.form_drafts.list(actor)),
            releases=await self.services.draws.release_queries.tasks(actor),
            payable=sum(one.payable for one in await self.services.office.staff_work.remuneration(actor)),
            words=lambda one: to_do_of(one, now),
            first=first,
            months=(f"{before:%Y-%m}", f"{first:%Y-%m}", f"{after:%Y-%m}"),
            found=month.items,
            total=month.total,
            page=page,
            last=last_page(month.total),
            document_templates=DOCUMENT_TEMPLATES,
            sheets=SHEETS,
            out=self.auth.form(actor, "logout"),
        )

    def _organisation(self, actor: Actor, roles: Sequence[RoleOption]) -> str:
        """The organisation for which the person acts, as named in the choice of a role."""
        for one in roles:
            if one.role == actor.role and one.organisation_id == actor.organisation_id:
                return one.label
        return self.auth.role_label(actor)

    async def draws(self, request: http.Request) -> http.Response:
        actor, page = await self.actor(request), page_number(request)
        asked = {name: request.query.get(name, "").strip()[:50] for name in _ASKED}
        waiting = asked["state"] == _TO_DO
        found = await self.services.draws.queries.cards(
            actor,
            replace(
                _WAITING if waiting else Filters(name=asked["state"]),
                number=asked["q"],
                project=asked["project"],
                kind=asked["kind"],
                source=asked["source"],
                region=asked["region"] if asked["region"].isascii() and asked["region"].isdigit() else "",
            ),
            offset=(page - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
        return self.show(
            actor,
            "agency/draws.html",
            request,
            here="draws",
            asked=asked,
            query=urlencode({name: value for name, value in asked.items() if value}),
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            states=[(_TO_DO, "待办事项"), *state_names()],
            kinds=list(KINDS.items()),
            acts=acts_of,
            kinds_of_source=list(SOURCES.items()),
            top=self.book(actor).pool.region,
            place=await self.services.catalogues.names(
                actor.pool, "region", [asked["region"], *(one.region for one in found.items)]
            ),
        )

    async def document(self, request: http.Request) -> http.Response:
        """A blank request for verification, to be printed."""
        actor, kind = await self.actor(request), request.match_info["kind"]
        if kind not in get_args(DocumentKind):
            raise NotFound("没有这种模板，请返回工作台。", code="unknown")
        document = await self.services.draws.documents.template(actor.pool, cast("DocumentKind", kind))
        return show_pdf(document.content, document.filename)

    async def sheet(self, request: http.Request) -> http.Response:
        """A sheet of recusals, to be filled in and imported."""
        actor, kind = await self.actor(request), request.match_info["kind"]
        if kind not in SHEETS:
            raise NotFound("没有这种模板，请返回工作台。", code="unknown")
        rules = self.book(actor).draw
        body = render_template(
            cast("Literal['units', 'persons']", kind), "xlsx", rules.recusal_reasons, rules.recusal_evidence
        )
        headers = {"Content-Disposition": f'attachment; filename="recusal-{kind}.xlsx"'}
        return http.Response(body=body, content_type=XLSX, headers=headers)


def _month(text: str, now: datetime) -> datetime:
    """The beginning of a month in an address (2026-11); of the current month for anything else."""
    now = local(now)
    try:
        asked = datetime.strptime(text, "%Y-%m").replace(tzinfo=SHANGHAI)
    except ValueError:
        asked = now
    found = asked if abs(asked.year - now.year) <= _YEARS else now
    return found.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
