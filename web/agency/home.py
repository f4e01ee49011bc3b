"""``/agency``: an agency's first page, its draws, and documents to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar, Literal, cast, get_args

from domain.clock import SHANGHAI, local
from domain.draws.lifecycles import STATE_NAMES
from domain.errors import NotFound
from services.accounts import RoleOption
from services.core.base import Actor
from services.draws import TO_DO, DocumentKind, Filters, render_template, to_do_of
from web.agency.base import AgencyPart
from web.agency.drafts import open_forms
from web.agency.tabs import acts_of
from web.core.pages import Listed, Visit, Wanted, Word, list_page
from web.files.produced import ProducedFile, produced_file, produced_pdf, produced_sheet

_TO_DO_MAX = 20
_WAITING = Filters(states=tuple(TO_DO), urgent_first=True)
_TO_DO = "todo"
"""Pseudo-state of the filter: all draws that wait for the agency."""
_YEARS = 50
"""Years by which a requested month may differ from now."""
KINDS = {"normal": "正常项目", "redraw": "重新抽取项目", "recall": "通知原专家项目"}
SOURCES = {"on_site": "进场项目", "off_site": "非进场项目"}
_WORD = Word(50)
DOCUMENT_TEMPLATES = {
    "draw": "专家抽取申请模板",
    "redraw": "重新抽取专家申请模板",
    "recall": "通知原专家评标申请模板",
    "release": "退选专家申请模板",
}
SHEETS = {"units": "回避单位模板", "persons": "回避人员模板"}


def _home(_: Visit) -> str:
    return "/agency"


class AgencyHomePages(AgencyPart):
    here = "home"
    notes: ClassVar[Mapping[str, str]] = {
        "deleted": "活动已删除，标段可以重新发起抽取。",
        "emptied": "暂存的内容已清除。",
    }

    @list_page("/agency", "agency/home.html", month=Word(10))
    async def home(self, visit: Visit, wanted: Wanted) -> Listed:
        now = self.services.deps.now()
        first = _month(wanted["month"], now)
        after, before = (first + timedelta(days=32)).replace(day=1), (first - timedelta(days=1)).replace(day=1)
        queries = self.services.draws.queries
        listed = await queries.cards(visit.actor, Filters(starts_from=first, starts_before=after), **wanted.window)
        months = (f"{before:%Y-%m}", f"{first:%Y-%m}", f"{after:%Y-%m}")
        owed = await self.services.office.staff_work.list_owed_draws(visit.actor)
        return Listed(
            listed,
            {
                **await self._identity_values(visit.actor),
                "board": await queries.dashboard(visit.actor),
                "todo": await queries.cards(visit.actor, _WAITING, limit=_TO_DO_MAX),
                "forms": open_forms(await self.services.accounts.form_drafts.list(visit.actor)),
                "releases": await self.services.draws.release_queries.tasks(visit.actor),
                "payable": sum(month.payable for month in owed),
                "words": lambda card: to_do_of(card, now),
                "first": first,
                "months": months,
                "document_templates": DOCUMENT_TEMPLATES,
                "sheets": SHEETS,
                "out": self.auth.form(visit.actor, "logout"),
            },
        )

    async def _identity_values(self, actor: Actor) -> dict[str, object]:
        """Person and organisation, and requests that wait for the person."""
        roles = await self.services.accounts.sessions.roles(actor)
        return {
            "who": self.auth.role_label(actor),
            "organisation": self._organisation(actor, roles),
            "requests": await self.services.organisations.agents.count_unanswered_links(actor),
        }

    def _organisation(self, actor: Actor, roles: Sequence[RoleOption]) -> str:
        """The organisation for which the person acts, as named in the choice of a role."""
        for option in roles:
            if option.role == actor.role and option.organisation_id == actor.organisation_id:
                return option.label
        return self.auth.role_label(actor)

    @list_page(
        "/agency/draws",
        "agency/draws.html",
        q=_WORD,
        project=_WORD,
        state=_WORD,
        kind=_WORD,
        source=_WORD,
        region=_WORD,
    )
    async def draws(self, visit: Visit, wanted: Wanted) -> Listed:
        pool, region = visit.actor.pool, wanted["region"]
        filters = replace(
            _WAITING if wanted["state"] == _TO_DO else Filters(name=wanted["state"]),
            number=wanted["q"],
            project=wanted["project"],
            kind=wanted["kind"],
            source=wanted["source"],
            region=region if region.isascii() and region.isdigit() else "",
        )
        listed = await self.services.draws.queries.cards(visit.actor, filters, **wanted.window)
        regions = [region, *(card.region for card in listed.items)]
        return Listed(
            listed,
            {
                "here": "draws",
                "filters": wanted.filters,
                "states": [(_TO_DO, "待办事项"), *((name.code, name.label) for name in STATE_NAMES)],
                "kinds": list(KINDS.items()),
                "acts": acts_of,
                "kinds_of_source": list(SOURCES.items()),
                "top": self.book(visit.actor).pool.region,
                "place": await self.services.catalogues.names(pool, "region", regions),
            },
        )

    @produced_file("/agency/templates/{kind}.pdf", "申请模板", _home)
    async def document(self, visit: Visit) -> ProducedFile:
        """A blank request for verification, to be printed."""
        kind = visit.request.match_info["kind"]
        if kind not in get_args(DocumentKind):
            raise NotFound("没有这种模板，请返回工作台。", code="unknown")
        document = await self.services.draws.documents.template(visit.actor.pool, cast("DocumentKind", kind))
        return produced_pdf(document.content, document.filename)

    @produced_file("/agency/templates/{kind}.xlsx", "回避名单模板", _home)
    async def sheet(self, visit: Visit) -> ProducedFile:
        """A sheet of recusals, to be filled in and imported."""
        kind, rules = visit.request.match_info["kind"], self.book(visit.actor).draw
        if kind not in SHEETS:
            raise NotFound("没有这种模板，请返回工作台。", code="unknown")
        body = render_template(
            cast("Literal['units', 'persons']", kind), "xlsx", rules.recusal_reasons, rules.recusal_evidence
        )
        return produced_sheet(body, f"recusal-{kind}")


def _month(text: str, now: datetime) -> datetime:
    """The beginning of a month in an address (2026-11); of the current month for anything else."""
    now = local(now)
    try:
        month = datetime.strptime(text, "%Y-%m").replace(tzinfo=SHANGHAI)
    except ValueError:
        month = now
    shown = month if abs(month.year - now.year) <= _YEARS else now
    return shown.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
