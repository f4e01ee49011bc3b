"""``/x/{token}``: the signed link to one's own examination; ``…/sittings``: booking one of its sittings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, NotFound
from services.core.base import Actor
from services.exams import Booking
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site

TRIES = (60, 60)
_NOBODY = UUID(int=0)
_NOTES = {
    "booked": "已预约，请按时参加。",
    "waiting": "已列入候补，有名额时自动为您预约并通知您。",
    "none": "已退回预约，请重新选择场次。",
}


class _Asked(NamedTuple):
    actor: Actor
    candidate_id: UUID
    seen: Booking


class ExamBookingPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/x/{token}", self.follow)
        self._site.get("/h5/{pool}/exams/{candidate}/sittings", self.show)
        self._site.post("/h5/{pool}/exams/{candidate}/sittings", self.choose)

    async def follow(self, request: http.Request) -> http.Response:
        """Redirect to the examination, after a log-in if necessary."""
        await self._site.check_rate(request, "exam_link", *TRIES)
        visitor = await self._auth.find_visitor(request)
        own = self._services.exams.own_exams
        raise http.HTTPSeeOther(await own.follow(request.match_info["token"], visitor.account_id if visitor else None))

    async def show(self, request: http.Request) -> http.Response:
        return self._page(await self._asked(request), note=_NOTES.get(request.query.get("note", ""), ""))

    async def choose(self, request: http.Request) -> http.Response:
        """``command`` book, wait or give_back."""
        asked = await self._asked(request)
        fields = await self._site.read_form(request, "sitting", asked.candidate_id, asked.actor.account_id or _NOBODY)
        try:
            state = await self._do(asked, fields)
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return self._page(await self._asked(request), error=error)
        raise http.HTTPSeeOther(f"{request.path}?note={state}")

    async def _do(self, asked: _Asked, fields: Mapping[str, str]) -> str:
        sittings, command = self._services.exams.sittings, fields.get("command")
        if command == "give_back":
            return (await sittings.give_back(asked.actor, asked.candidate_id)).state
        if command not in ("book", "wait"):
            raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        act = sittings.book if command == "book" else sittings.wait
        return (await act(asked.actor, asked.candidate_id, _uuid(fields.get("sitting", "")))).state

    async def _asked(self, request: http.Request) -> _Asked:
        actor = await self._auth.person(request)
        candidate_id = _uuid(request.match_info["candidate"])
        return _Asked(actor, candidate_id, await self._services.exams.sitting_queries.offered(actor, candidate_id))

    def _page(self, asked: _Asked, note: str = "", error: AppError | None = None) -> http.Response:
        seen = asked.seen
        return self._site.render(
            "exams/sittings.html",
            status=error.status if error else 200,
            pool=asked.actor.pool,
            pool_info=self._services.deps.book(asked.actor.pool).pool,
            seen=seen,
            held=seen.of(seen.booked),
            waited=seen.of(seen.waiting),
            note=note,
            error=error.message if error else "",
            form=self._site.form_token("sitting", asked.candidate_id, asked.actor.account_id or _NOBODY),
        )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("找不到这场考试，请在公众号回复“考试”查看最新安排。", code="candidate_unknown") from error
