"""``/draws``: draws for verifiers, supervisors and venues: the list, one draw, its attachment, result, prints.

Before unsealing only six-digit codes are shown; the service logs every reading of an unsealed result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import STATE_NAMES, DrawState
from domain.errors import NotFound
from services.applications import AttachmentView
from services.core.base import Actor
from services.core.permissions import AGENCY, may
from services.draws import (
    ROUND_ACTS,
    DiscardRequestView,
    DrawCard,
    DrawTotals,
    DrawView,
    Filters,
    Purpose,
)
from services.ports import MailAttachment
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import PAGE_SIZE, last_page, redirect
from web.core.pages import Redirect, Visit, page, resource
from web.core.site import Site, page_number
from web.core.typed_forms import OneOf
from web.draws.base import DrawPages
from web.draws.record import as_cells
from web.draws.three_numbers import read_rolls
from web.files.file_links import FileMail, go_to_file, mail_attachment
from web.files.produced import ProducedFile, produced_file, produced_pdf


def _result_page(visit: Visit) -> str:
    """The page that offers the files of a draw, an agency's among its own."""
    agency = "/agency" if visit.actor.role in AGENCY else ""
    return f"{agency}/draws/{visit.request.match_info['draw_id']}/result"


class DrawListPages(DrawPages):
    form_name = "logout"

    @page("/draws", "draws/list.html")
    async def draws(self, visit: Visit) -> Mapping[str, object]:
        actor, number = visit.actor, page_number(visit.request)
        if actor.role in AGENCY:
            raise redirect("/agency")
        search = {name: visit.query(name, 50) for name in ("q", "project", "state")}
        filters = Filters(number=search["q"], project=search["project"], name=search["state"])
        queries = self.services.draws.queries
        cards = await queries.cards(actor, filters, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return {
            "width": "wide",
            "who": self.auth.role_label(actor),
            "cards": cards.items,
            "requests": await self.services.organisations.agents.count_unanswered_links(actor),
            **await self._awaited(actor),
            **await self._venues_work(actor),
            "total": cards.total,
            "page": number,
            "search": search,
            "query": urlencode({name: value for name, value in search.items() if value}),
            "states": [(name.code, name.label) for name in STATE_NAMES if name.state != DrawState.EDITING],
            "last": last_page(cards.total),
            "form": self.token(actor, "logout", actor.session_id),
        }

    async def _awaited(self, actor: Actor) -> dict[str, Any]:
        """What waits for a verifier or a supervisor, and how much altogether; None for other roles."""
        waiting = await self._recusals_to_confirm(actor)
        wanted = await self._draws_awaiting_number(actor)
        reports = await self._unread_reports(actor)
        unverified = (
            await self.services.draws.verification_queries.count_waiting(actor) if may(actor, "draw.verify") else None
        )
        awaited = len(waiting) + len(wanted) + (reports or 0) + (unverified or 0)
        return {
            "waiting": waiting,
            "wanted": wanted,
            "reports": reports,
            "unverified": unverified,
            "awaited": awaited if may(actor, "discard.decide") else None,
        }

    async def _unread_reports(self, actor: Actor) -> int | None:
        """Reports that wait for supervision; None for who reads none."""
        if not may(actor, "report.read"):
            return None
        return await self.services.reports.examination.count_waiting(actor)

    async def _venues_work(self, actor: Actor) -> dict[str, Any]:
        """Panels that gather here today, and draws whose remuneration waits for the venue, counted as in the chat."""
        if actor.role != "venue":
            return {"today": None, "owed": ()}
        return {
            "today": await self.services.draws.worklists.read(actor, "today", limit=PAGE_SIZE),
            "owed": await self.services.office.staff_work.list_owed_draws(actor),
        }

    async def _draws_awaiting_number(self, actor: Actor) -> list[DrawCard]:
        """Draws that wait for the supervisor's random number."""
        if not may(actor, "draw.commit_supervisor"):
            return []
        cards = await self.services.draws.queries.cards(actor, Filters(states=(DrawState.COMMITTING,)), limit=100)
        return [card for card in cards.items if card.number_wanted]

    async def _recusals_to_confirm(self, actor: Actor) -> list[DiscardRequestView]:
        return await self.services.draws.discard_queries.list_waiting(actor) if may(actor, "discard.decide") else []


@dataclass(frozen=True)
class _Screen:
    screen: Annotated[str, OneOf(("board", "record"))]


class DrawDetailPages(DrawPages):
    form_name = "share"

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services, auth)
        self._links = services.draws.public_links
        self._mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/draws/{draw_id}/attachment/mail", self.mail_form)
        self.site.post("/draws/{draw_id}/attachment/mail", self.mail)

    @page("/draws/{draw_id}", "draws/detail.html")
    async def detail(self, visit: Visit) -> Mapping[str, object]:
        actor, draw = visit.actor, await self.draw(visit)
        progress = await self.services.draws.progress.totals_of(draw)
        unseals_at = self.services.draws.access.unseals_at(draw)
        verification = self.services.draws.verification_queries
        begun = draw.started_at is not None
        return {
            "width": "middle",
            "draw": draw,
            "progress": progress,
            "agency": actor.role in AGENCY,
            "venue": actor.role == "venue",
            "may_manage_attendance": may(actor, "attendance.manage"),
            "sealed": actor.role != "venue" and self.services.deps.now() < unseals_at,
            "unseals_at": unseals_at,
            "unsealed": self.services.draws.access.is_unsealed(draw),
            "begun": begun,
            "attached": await self._find_visible_attachment(actor, draw.id),
            "may_register": may(actor, "absence.register"),
            "may_read_requests": may(actor, "discard.read") and begun,
            "may_end": may(actor, "draw.terminate") or may(actor, "draw.end"),
            "over": draw.ended_at is not None,
            "may_read": actor.role != "venue",
            "may_see_money": actor.role not in AGENCY and may(actor, "remuneration.read") and begun,
            "may_verify": may(actor, "draw.verify") and await verification.has_open_application(draw.id),
            "may_audit": may(actor, "draw.audit") and begun,
            **await self._round(actor, draw, progress),
        }

    async def _round(self, actor: Actor, draw: DrawView, progress: DrawTotals) -> dict[str, Any]:
        """The three parties' numbers, and what a supervisor of this draw needs to add his."""
        rolls = read_rolls(await self._links.acts(draw, ROUND_ACTS))
        takes_part = (
            progress.state == DrawState.COMMITTING
            and may(actor, "draw.commit_supervisor")
            and await self.services.draws.access.is_watched_by(actor, draw)
        )
        return {
            "roll": rolls[-1] if rolls else None,
            "takes_part": takes_part,
            "round_form": self.token(actor, "round", draw.id) if takes_part else "",
        }

    async def _find_visible_attachment(self, actor: Actor, draw_id: UUID) -> AttachmentView | None:
        """The file of the request, if the actor may see it."""
        return None if actor.role == "venue" else await self.services.draws.attachments.find(actor, draw_id)

    @detail.command(_Screen, path="/draws/{draw_id}/share")
    async def share(self, visit: Visit, form: _Screen) -> Redirect:
        """Open a signed link to the board or the record."""
        draw = await self.draw(visit)
        if form.screen == "board":
            return Redirect(f"/draw/{await self._links.share(visit.actor, draw.id, 'board')}")
        return Redirect(f"/record/{await self._links.share(visit.actor, draw.id, 'record')}")

    # ---- the file of the request for verification; ``of`` release: the file of the release

    @resource("/draws/{draw_id}/attachment")
    async def attachment(self, visit: Visit) -> http.Response:
        """Redirect to the file at an address of its own."""
        _, attachment = await self._get_attachment(visit)
        raise go_to_file(self.services, visit.actor, "attachment", attachment.id, attachment.filename)

    async def mail_form(self, request: http.Request) -> http.Response:
        visit = Visit(await self.actor(request), request)
        draw, attachment = await self._get_attachment(visit)
        return self._mail.form(request, visit.actor, attachment.filename, (draw.name, f"/draws/{draw.id}"))

    async def mail(self, request: http.Request) -> http.Response:
        visit = Visit(await self.actor(request), request)
        draw, attachment = await self._get_attachment(visit)

        async def read() -> MailAttachment:
            opened = await self.services.draws.attachments.open(visit.actor, draw.id, _purpose(request))
            return mail_attachment(opened)

        return await self._mail.send(request, visit.actor, attachment.filename, (draw.name, f"/draws/{draw.id}"), read)

    async def _get_attachment(self, visit: Visit) -> tuple[DrawView, AttachmentView]:
        """Raises NotFound where there is none, Forbidden for an actor who may not see it."""
        draw = await self.draw(visit)
        attachment = await self.services.draws.attachments.find(visit.actor, draw.id, _purpose(visit.request))
        if attachment is None:
            raise NotFound("这个活动没有附件。", code="no_attachment")
        return draw, attachment

    # ---- the result

    @page("/draws/{draw_id}/result", "draws/result.html")
    async def result(self, visit: Visit) -> Mapping[str, object]:
        draw = await self.draw(visit)
        result = await self.services.draws.results.read(visit.actor, draw.id)
        project = await self.services.draws.queries.detail(visit.actor, draw.id)
        book = self.services.deps.book(draw.pool)
        return {
            "draw": draw,
            "result": result,
            "supervisors": [supervisor.name for supervisor in project.parts.supervisors],
            "printed_at": self.services.deps.now(),
            "who": self.auth.role_label(visit.actor),
            "mark": book.draw.supplement.mark,
            "pool": book.pool.name,
        }

    @produced_file("/draws/{draw_id}/result.pdf", "抽取结果", _result_page)
    async def print_result(self, visit: Visit) -> ProducedFile:
        draw = await self.draw(visit)
        document = await self.services.draws.prints.result(visit.actor, draw.id)
        return produced_pdf(document.content, document.filename)

    @produced_file("/draws/{draw_id}/attendance.pdf", "出入场记录", _result_page)
    async def print_attendance(self, visit: Visit) -> ProducedFile:
        draw = await self.draw(visit)
        document = await self.services.draws.prints.attendance(visit.actor, draw.id)
        return produced_pdf(document.content, document.filename)

    @produced_file("/draws/{draw_id}/record.pdf", "抽取记录", _result_page)
    async def print_record(self, visit: Visit) -> ProducedFile:
        draw = await self.draw(visit)
        document = await self.services.draws.prints.record(visit.actor, draw.id, as_cells)
        return produced_pdf(document.content, document.filename)


def _purpose(request: http.Request) -> Purpose:
    return "release" if request.query.get("of") == "release" else "draw"
