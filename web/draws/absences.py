"""``/desk``: absences of panel members (请假、缺席、现场回避), and ending or terminating a draw (结束、终止)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast
from uuid import UUID

import aiohttp.web as http

from domain.draws.record import TERMINATION_REASONS
from domain.errors import AppError, NotFound
from services.core.base import Actor
from services.core.permissions import AGENCY, may
from services.draws import (
    DiscardForm,
    DiscardKind,
    DrawView,
)
from web.core.form_values import NOBODY
from web.core.site import ON_PAGE
from web.draws.base import DrawPageBase

_ON_PAGE = ON_PAGE | {404}
_KINDS = {"leave": "人工请假", "absence": "缺席", "recusal": "现场回避"}
_SOURCES = {"expert": "专家本人", "manual": "人工登记"}
_DONE = {
    "leave": "已登记请假，已通知专家本人；本人确认后名额才会空出。",
    "absence": "已登记缺席，已通知专家本人和监督人。",
    "recusal": "已登记现场回避，等待核验人员或监督人确认。",
    "confirmed": "已确认，名额已空出。",
    "refused": "已记录不予确认，专家仍在名单内。",
}
"""Messages that a redirect shows after an action."""


class AbsencePages(DrawPageBase):
    def add_routes(self) -> None:
        self._site.get("/desk/{draw_id}/absences", self.absences)
        self._site.post("/desk/{draw_id}/absences", self.act_on_absences)
        self._site.get("/desk/{draw_id}/exit", self.exit_form)
        self._site.post("/desk/{draw_id}/exit", self.leave_draw)

    async def absences(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        return await self._absences_page(actor, draw, _DONE.get(request.query.get("note", ""), ""))

    async def _absences_page(
        self,
        actor: Actor,
        draw: DrawView,
        note: str = "",
        error: AppError | None = None,
        typed: dict[str, str] | None = None,
    ) -> http.Response:
        rules = self._services.deps.book(draw.pool).draw
        return self._show(
            actor,
            "draws/absences.html",
            width="middle",
            status=error.status if error else 200,
            draw=draw,
            note=note,
            error=error.message if error else "",
            typed=typed or {},
            causes=rules.recusal_reasons,
            kinds=[(kind, label) for kind, label in _KINDS.items() if kind in rules.supplement.causes],
            may_register=may(actor, "absence.register") and draw.started_at is not None,
            requests=await self._services.draws.discard_queries.of_draw(actor, draw.id),
            register=await self._services.draws.absence_queries.of_draw(actor, draw.id),
            names=_KINDS,
            agency=actor.role in AGENCY,
            sources=_SOURCES,
            form=self._token(actor, "absences", draw.id),
            over=draw.ended_at is not None,
        )

    async def act_on_absences(self, request: http.Request) -> http.Response:
        """``command`` register, confirm or refuse."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "absences", draw.id, actor.account_id or NOBODY)
        try:
            note = await self._do_absence(actor, draw.id, fields)
        except AppError as error:
            if error.status not in _ON_PAGE | {403}:
                raise
            return await self._absences_page(actor, draw, error=error, typed=fields)
        raise http.HTTPSeeOther(f"/desk/{draw.id}/absences?note={note}")

    async def _do_absence(self, actor: Actor, draw_id: UUID, fields: dict[str, str]) -> str:
        discards, command = self._services.draws.discards, fields.get("command")
        if command == "register":
            kind = cast("DiscardKind", fields.get("kind", ""))
            form = DiscardForm(fields.get("who", ""), kind, fields.get("reason", "")[:200], fields.get("cause", ""))
            return (await discards.register(actor, draw_id, form)).kind
        asked = await self._services.draws.discard_queries.of_draw(actor, draw_id)
        request_id = next((one.id for one in asked if str(one.id) == fields.get("request")), None)
        if request_id is None:
            raise NotFound("找不到这条登记，请刷新后重试。")
        if command == "confirm":
            await discards.confirm(actor, request_id)
            return "confirmed"
        await discards.refuse(actor, request_id, fields.get("opinion", "")[:200])
        return "refused"

    # ---- ending a draw

    async def exit_form(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        return self._exit_page(actor, draw)

    def _exit_page(
        self,
        actor: Actor,
        draw: DrawView,
        error: AppError | None = None,
        typed: Mapping[str, str] = MappingProxyType({}),
    ) -> http.Response:
        bound = actor.role in AGENCY and draw.started_at is not None and draw.kind != "recall"
        return self._show(
            actor,
            "draws/exit.html",
            width="middle",
            status=error.status if error else 200,
            draw=draw,
            reasons=TERMINATION_REASONS,
            error=error.message if error else "",
            typed={name: typed.get(name, "") for name in ("command", "cause", "words")},
            may_terminate=may(actor, "draw.terminate") and not bound,
            bound=bound,
            before=self._services.deps.now() <= self._services.draws.release_queries.until(draw),
            may_end=may(actor, "draw.end") and self._services.draws.activity_end.can_end(draw),
            begun=self._services.deps.now() >= draw.starts_at,
            form=self._token(actor, "exit", draw.id),
            over=draw.ended_at is not None,
        )

    async def leave_draw(self, request: http.Request) -> http.Response:
        """``command`` terminate, with a coded ``cause``, or end; both with a reason as text."""
        actor, draw = await self._find(request)
        fields = await self._site.read_form(request, "exit", draw.id, actor.account_id or NOBODY)
        words = fields.get("words", "")[:200]
        try:
            if fields.get("command") == "end":
                await self._services.draws.activity_end.end(actor, draw.id, words)
            else:
                await self._services.draws.activity_end.terminate(actor, draw.id, fields.get("cause", ""), words)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._exit_page(actor, draw, error, fields)
        raise http.HTTPSeeOther(f"/desk/{draw.id}")
