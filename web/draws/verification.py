"""``/desk/applications``: the trading centre's queue, and one application with everything in it."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp.web as http

from domain.draws.lifecycles import VerificationState
from domain.errors import AppError, Forbidden, InvalidInput, NotFound
from services.applications import AttachmentView
from services.core.base import Actor
from services.core.permissions import check, may
from services.draws import ApplicationRow, DrawView, Purpose
from web.core.site import ON_PAGE, page_number
from web.draws.base import DrawPageBase
from web.draws.facts import APPLICATION_KINDS, application_facts

PAGE_SIZE = 20
STATES = tuple((one.value, one.label) for one in VerificationState)
_ON_PAGE = ON_PAGE | {403, 404}
_DONE = {
    "approved": "已通过核验，已通知代理机构。",
    "refused": "已退回，代理机构会收到您的意见。",
}
"""Messages that a redirect shows after an action."""


class VerificationPages(DrawPageBase):
    def add_routes(self) -> None:
        self._site.get("/desk/applications", self.queue)
        self._site.get("/desk/{draw_id}/application", self.application)
        self._site.post("/desk/{draw_id}/application", self.decide)

    async def queue(self, request: http.Request) -> http.Response:
        """``state``: open applications oldest first, decided ones newest first."""
        actor = await self._auth.actor(request)
        check(actor, "draw.verify")
        state = request.query.get("state", "")
        state = state if state in dict(STATES) else VerificationState.SUBMITTED.value
        search, page = request.query.get("q", "").strip()[:50], page_number(request)
        found = await self._services.draws.verification_queries.search(
            actor, state, search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self._show(
            actor,
            "draws/applications.html",
            width="wide",
            applications=found.items,
            total=found.total,
            page=page,
            last=max(1, -(-found.total // PAGE_SIZE)),
            state=state,
            states=STATES,
            kinds=APPLICATION_KINDS,
            search=search,
            terminals=[actor.scope] if actor.scope else self._services.deps.book(actor.pool).draw.terminals,
            note=_DONE.get(request.query.get("note", ""), ""),
        )

    async def application(self, request: http.Request) -> http.Response:
        """``id``: which application of the draw; by default the open one, else the newest."""
        actor, draw = await self._find(request)
        return await self._page(actor, draw, request.query.get("id", ""))

    async def _page(
        self,
        actor: Actor,
        draw: DrawView,
        chosen: str = "",
        error: AppError | None = None,
        typed: dict[str, str] | None = None,
    ) -> http.Response:
        """The application, for everyone who supervises the draw; the verifier decides here."""
        if actor.role == "venue":
            raise Forbidden("申请内容只供招标人、代理机构、核验人员和监督人查看。")
        applications = await self._services.draws.verification_queries.of_draw(draw.id)
        waiting = next((one for one in applications if one.state == VerificationState.SUBMITTED), None)
        shown = _pick(applications, chosen) if chosen else waiting or next(iter(applications), None)
        purpose: Purpose = "release" if shown and shown.kind == "release" else "draw"
        attached = await self._services.draws.attachments.find(actor, draw.id, purpose)
        return self._show(
            actor,
            "draws/application.html",
            width="middle",
            status=error.status if error else 200,
            **await application_facts(self._services, actor, draw),
            applications=applications,
            shown=shown,
            waiting=waiting if may(actor, "draw.verify") else None,
            too_late=waiting is not None and waiting.kind != "release" and self._services.deps.now() >= draw.starts_at,
            attached=attached if shown and attached and _came_with(attached, shown) else None,
            error=error.message if error else "",
            typed=typed or {},
            form=self._token(actor, "verify", draw.id),
        )

    async def decide(self, request: http.Request) -> http.Response:
        """``command`` approve or refuse, of the application ``id`` that was read, with an ``opinion``."""
        actor, draw = await self._find(request)
        fields = await self._fields(request, actor, "verify", draw.id)
        try:
            note = await self._do(actor, draw, fields)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return await self._page(actor, draw, error=error, typed=fields)
        raise http.HTTPSeeOther(f"/desk/applications?note={note}")

    async def _do(self, actor: Actor, draw: DrawView, fields: dict[str, str]) -> str:
        verification, opinion = self._services.draws.verification, fields.get("opinion", "")[:500]
        application_id = _pick(
            await self._services.draws.verification_queries.of_draw(draw.id), fields.get("id", "")
        ).id
        match fields.get("command"):
            case "approve":
                await verification.approve(actor, application_id, opinion)
                return "approved"
            case "refuse":
                await verification.refuse(actor, application_id, opinion)
                return "refused"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")


def _pick(applications: Sequence[ApplicationRow], wanted: str) -> ApplicationRow:
    """Raises NotFound for an application of another draw."""
    for one in applications:
        if str(one.id) == wanted:
            return one
    raise NotFound("找不到这份申请，请返回列表后刷新。")


def _came_with(attached: AttachmentView, application: ApplicationRow) -> bool:
    """Whether the stored file is the one that was submitted, not a later replacement."""
    return attached.ready_at is not None and attached.ready_at <= application.submitted_at
