"""``/reports``: supervision (监督人 of the whole pool) reads reports, asks their reporters, closes them.

Other roles get the same refusal for every address here. No list shows what a report says.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.reports.lifecycles import ReportState
from services.core.base import Actor
from services.registry import Services
from services.reports import MESSAGE_MAX, OUTCOME_MAX
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, NOBODY
from web.core.forms import FORM_LIMIT
from web.core.pages import Choice, Listed, PageGroup, Visit, Wanted, list_page, page, resource
from web.core.site import ON_PAGE, Site
from web.core.typed_forms import Lines
from web.files.file_links import file_headers

_REPORT = "这件举报"
STATES = {state.value: state.label for state in ReportState}


@dataclass(frozen=True)
class _Question:
    text: Annotated[str, Lines(MESSAGE_MAX + 1)]


@dataclass(frozen=True)
class _Outcome:
    outcome: Annotated[str, Lines(OUTCOME_MAX + 1)]


class ReportExaminationPages(PageGroup):
    on_page = ON_PAGE | {503}

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth

    async def actor(self, request: http.Request) -> Actor:
        """Raises Forbidden for who may not read reports, before anything is looked up."""
        actor = await self.auth.actor(request)
        await self.services.reports.readers.check(actor)
        return actor

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        return await self.site.read_form(
            request, "reports", actor.session_id or NOBODY, actor.account_id or NOBODY, longest=longest
        )

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        book = self.services.deps.book(actor.pool)
        return {
            "served_pool": book.pool,
            "menu": (),
            "none_form": EMPTY,
            "token": self.site.form_token("reports", actor.session_id or NOBODY, actor.account_id or NOBODY),
            "key": secrets.token_urlsafe(16),
        }

    @list_page("/reports", "reports/list.html", state=Choice(STATES))
    async def reports(self, visit: Visit, wanted: Wanted) -> Listed:
        state = wanted["state"]
        listed = await self.services.reports.examination.page(visit.actor, state=state, **wanted.window)
        return Listed(listed, {"width": "wide", "states": STATES})

    @list_page("/reports/contacts", "reports/contact_answers.html")
    async def contacts(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.reports.contact_questions.count(visit.actor, **wanted.window)
        return Listed(listed, {"width": "wide"})

    @page("/reports/{report_id}", "reports/report.html")
    async def report(self, visit: Visit) -> Mapping[str, object]:
        report = await self.services.reports.examination.read(visit.actor, visit.id(_REPORT, "report_id"))
        return {
            "width": "wide",
            "report": report,
            "longest": {"text": MESSAGE_MAX, "outcome": OUTCOME_MAX},
            "kept_for": self.services.deps.book(visit.actor.pool).reports.kept_for.days,
        }

    @report.command(name="examine", note="已开始核查，举报人查询时能看到。")
    async def examine(self, visit: Visit) -> None:
        await self.services.reports.examination.examine(visit.actor, visit.id(_REPORT, "report_id"))

    @report.command(_Question, "ask", note="已写给举报人，举报人查询时能看到。")
    async def ask(self, visit: Visit, form: _Question) -> None:
        report_id = visit.id(_REPORT, "report_id")
        await self.services.reports.examination.ask(visit.actor, report_id, form.text, key=visit.key)

    @report.command(_Outcome, "close", note="已办结，举报人查询时能看到结果。")
    async def close(self, visit: Visit, form: _Outcome) -> None:
        await self.services.reports.examination.close(visit.actor, visit.id(_REPORT, "report_id"), form.outcome)

    @report.command(name="reopen", note="已重新核查，原来告知的结果已撤回。")
    async def reopen(self, visit: Visit) -> None:
        await self.services.reports.examination.reopen(visit.actor, visit.id(_REPORT, "report_id"))

    @resource("/reports/{report_id}/files/{file_id}")
    async def file(self, visit: Visit) -> http.Response:
        name, media_type, content = await self.services.reports.examination.read_file(
            visit.actor, visit.id(_REPORT, "report_id"), visit.id("这个文件", "file_id")
        )
        return http.Response(body=content, headers=file_headers(media_type, name))
