"""``/desk``: draws for verifiers, supervisors and venues: the list, one draw, its attachment, result, prints.

Before unsealing only six-digit codes are shown; the service logs every reading of an unsealed result.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import DrawState, state_names
from domain.errors import InvalidInput, NotFound
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
    PublicLinks,
    Purpose,
)
from services.ports import MailAttachment
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import NOBODY
from web.core.site import Site, page_number, show_pdf
from web.draws.base import DrawPageBase
from web.draws.record import as_cells
from web.draws.three_numbers import read_rolls
from web.files.file_links import FileMail, go_to_file, mail_attachment

PAGE_SIZE = 20


class DrawListAndDetailPages(DrawPageBase):
    def __init__(self, site: Site, services: Services, auth: AuthPages, links: PublicLinks) -> None:
        super().__init__(site, services, auth)
        self._links = links
        self._mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        self._site.get("/desk", self.draws)
        self._site.get("/desk/{draw_id}", self.draw)
        self._site.get("/desk/{draw_id}/attachment", self.attachment)
        self._site.get("/desk/{draw_id}/attachment/mail", self.mail_form)
        self._site.post("/desk/{draw_id}/attachment/mail", self.mail)
        self._site.get("/desk/{draw_id}/result", self.result)
        self._site.get("/desk/{draw_id}/result.pdf", self.print_result)
        self._site.get("/desk/{draw_id}/attendance.pdf", self.print_attendance)
        self._site.get("/desk/{draw_id}/record.pdf", self.print_record)
        self._site.get("/desk/{draw_id}/share", self.draw)
        self._site.post("/desk/{draw_id}/share", self.share)

    # ---- draws

    async def draws(self, request: http.Request) -> http.Response:
        actor = await self._auth.actor(request)
        if actor.role in AGENCY:
            raise http.HTTPSeeOther("/agency")
        page = page_number(request)
        asked = {name: request.query.get(name, "").strip()[:50] for name in ("q", "project", "state")}
        filters = Filters(number=asked["q"], project=asked["project"], name=asked["state"])
        queries = self._services.draws.queries
        cards = await queries.cards(actor, filters, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self._show(
            actor,
            "draws/list.html",
            width="wide",
            who=self._auth.role_label(actor),
            cards=cards.items,
            requests=await self._services.organisations.agents.count_waiting(actor),
            waiting=await self._waiting(actor),
            wanted=await self._wanted(actor),
            **await self._venues_work(actor),
            unverified=await self._services.draws.verification_queries.waiting(actor)
            if may(actor, "draw.verify")
            else None,
            total=cards.total,
            page=page,
            asked=asked,
            query=urlencode({name: value for name, value in asked.items() if value}),
            states=[(code, name) for code, name in state_names() if code != DrawState.EDITING],
            last=max(1, -(-cards.total // PAGE_SIZE)),
            form=self._token(actor, "logout", actor.session_id),
        )

    async def _venues_work(self, actor: Actor) -> dict[str, Any]:
        """Panels that gather here today, and draws whose remuneration waits for the venue, counted as in the chat."""
        if actor.role != "venue":
            return {"today": None, "owed": ()}
        return {
            "today": await self._services.draws.worklists.read(actor, "today", limit=PAGE_SIZE),
            "owed": await self._services.office.staff_work.remuneration(actor),
        }

    async def _wanted(self, actor: Actor) -> list[DrawCard]:
        """Draws that wait for the supervisor's random number."""
        if not may(actor, "draw.commit_supervisor"):
            return []
        found = await self._services.draws.queries.cards(actor, Filters(states=(DrawState.COMMITTING,)), limit=100)
        return [card for card in found.items if card.number_wanted]

    async def _waiting(self, actor: Actor) -> list[DiscardRequestView]:
        return await self._services.draws.discard_queries.waiting(actor) if may(actor, "discard.decide") else []

    async def draw(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        progress = await self._services.draws.progress.of(draw)
        unseals_at = self._services.draws.access.unseals_at(draw)
        return self._show(
            actor,
            "draws/detail.html",
            width="middle",
            draw=draw,
            progress=progress,
            agency=actor.role in AGENCY,
            may_manage_attendance=may(actor, "attendance.manage"),
            sealed=actor.role != "venue" and self._services.deps.now() < unseals_at,
            unseals_at=unseals_at,
            form=self._token(actor, "share", draw.id),
            attached=await self._attached(actor, draw.id),
            may_register=may(actor, "absence.register"),
            may_read_requests=may(actor, "discard.read") and draw.started_at is not None,
            may_end=may(actor, "draw.terminate") or may(actor, "draw.end"),
            over=draw.ended_at is not None,
            may_read=actor.role != "venue",
            may_see_money=actor.role not in AGENCY and may(actor, "remuneration.read") and draw.started_at is not None,
            may_verify=may(actor, "draw.verify") and await self._services.draws.verification_queries.is_asked(draw.id),
            may_audit=may(actor, "draw.audit") and draw.started_at is not None,
            **await self._lots(actor, draw, progress),
        )

    async def _lots(self, actor: Actor, draw: DrawView, progress: DrawTotals) -> dict[str, Any]:
        """The three parties' numbers, and what a supervisor of this draw needs to add his."""
        rolls = read_rolls(await self._links.acts(draw, ROUND_ACTS))
        takes_part = (
            progress.state == DrawState.COMMITTING
            and may(actor, "draw.commit_supervisor")
            and await self._services.draws.access.is_watched_by(actor, draw)
        )
        return {
            "roll": rolls[-1] if rolls else None,
            "takes_part": takes_part,
            "round_form": self._token(actor, "round", draw.id) if takes_part else "",
        }

    async def _attached(self, actor: Actor, draw_id: UUID) -> AttachmentView | None:
        """The file of the request, if the actor may see it."""
        return None if actor.role == "venue" else await self._services.draws.attachments.find(actor, draw_id)

    async def attachment(self, request: http.Request) -> http.Response:
        """Redirect to the file of the request for verification, at an address of its own; ``of`` release: the file of
        the release."""
        actor, _, found = await self._attachment(request)
        raise go_to_file(self._services, actor, "attachment", found.id, found.filename)

    async def mail_form(self, request: http.Request) -> http.Response:
        actor, draw, found = await self._attachment(request)
        return self._mail.form(request, actor, found.filename, (draw.name, f"/desk/{draw.id}"))

    async def mail(self, request: http.Request) -> http.Response:
        actor, draw, found = await self._attachment(request)

        async def read() -> MailAttachment:
            return mail_attachment(await self._services.draws.attachments.open(actor, draw.id, _purpose(request)))

        return await self._mail.send(request, actor, found.filename, (draw.name, f"/desk/{draw.id}"), read)

    async def _attachment(self, request: http.Request) -> tuple[Actor, DrawView, AttachmentView]:
        """Raises NotFound where there is none, Forbidden for an actor who may not see it."""
        actor, draw = await self._find(request)
        found = await self._services.draws.attachments.find(actor, draw.id, _purpose(request))
        if found is None:
            raise NotFound("这个活动没有附件。", code="no_attachment")
        return actor, draw, found

    async def share(self, request: http.Request) -> http.Response:
        """Create a signed link to the board or the record, and redirect to it."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "share", draw.id, actor.account_id or NOBODY)
        if fields.get("screen") == "board":
            raise http.HTTPSeeOther(f"/draw/{await self._links.share(actor, draw.id, 'board')}")
        if fields.get("screen") == "record":
            raise http.HTTPSeeOther(f"/record/{await self._links.share(actor, draw.id, 'record')}")
        raise InvalidInput("没有收到您的选择，请返回后重新点选。", code="no_choice")

    # ---- the result

    async def result(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        result = await self._services.draws.results.read(actor, draw.id)
        project = await self._services.draws.queries.detail(actor, draw.id)
        return self._site.render(
            "draws/result.html",
            draw=draw,
            result=result,
            supervisors=[s.name for s in project.parts.supervisors],
            printed_at=self._services.deps.now(),
            who=self._auth.role_label(actor),
            mark=self._services.deps.book(draw.pool).draw.supplement.mark,
            pool=self._services.deps.book(draw.pool).pool.name,
        )

    async def print_result(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        document = await self._services.draws.prints.result(actor, draw.id)
        return show_pdf(document.content, document.filename)

    async def print_attendance(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        document = await self._services.draws.prints.attendance(actor, draw.id)
        return show_pdf(document.content, document.filename)

    async def print_record(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        document = await self._services.draws.prints.record(actor, draw.id, as_cells)
        return show_pdf(document.content, document.filename)


def _purpose(request: http.Request) -> Purpose:
    return "release" if request.query.get("of") == "release" else "draw"
