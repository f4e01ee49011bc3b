"""``/x/{token}``: the signed link to one's own examination; ``…/sittings``: booking one of its sittings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from web.accounts.person_pages import PersonPages
from web.core.form_values import redirect
from web.core.pages import Redirect, Visit, page

TRIES = (60, 60)
_NOTES = {
    "booked": "已预约，请按时参加。",
    "waiting": "已列入候补，有名额时自动为您预约并通知您。",
    "none": "已退回预约，请重新选择场次。",
}


@dataclass(frozen=True)
class _Sitting:
    sitting: str

    @property
    def id(self) -> UUID:
        return _uuid(self.sitting)


class ExamBookingPages(PersonPages):
    form_name = "sitting"

    def add_routes(self) -> None:
        self.site.get("/x/{token}", self.resolve_link)
        super().add_routes()

    async def resolve_link(self, request: http.Request) -> http.Response:
        """Redirect to the examination, after a log-in if necessary."""
        await self.site.check_rate(request, "exam_link", *TRIES)
        visitor = await self.auth.find_visitor(request)
        own = self.services.exams.own_exams
        raise redirect(await own.resolve_link(request.match_info["token"], visitor.account_id if visitor else None))

    @page("/h5/{pool}/exams/{candidate}/sittings", "exams/sittings.html")
    async def sittings(self, visit: Visit) -> Mapping[str, object]:
        seen = await self.services.exams.sitting_queries.get_booking(visit.actor, _candidate_id(visit))
        return {
            "pool_info": self.services.deps.book(visit.actor.pool).pool,
            "seen": seen,
            "held": seen.find_sitting(seen.booked),
            "waited": seen.find_sitting(seen.waiting),
        }

    @sittings.command(_Sitting, "book", note=_NOTES)
    async def book(self, visit: Visit, form: _Sitting) -> Redirect:
        booking = await self.services.exams.sittings.book(visit.actor, _candidate_id(visit), form.id)
        return Redirect(note=booking.state)

    @sittings.command(_Sitting, "wait", note=_NOTES)
    async def wait(self, visit: Visit, form: _Sitting) -> Redirect:
        booking = await self.services.exams.sittings.join_waiting_list(visit.actor, _candidate_id(visit), form.id)
        return Redirect(note=booking.state)

    @sittings.command(name="give_back", note=_NOTES)
    async def give_back(self, visit: Visit) -> Redirect:
        booking = await self.services.exams.sittings.cancel_booking(visit.actor, _candidate_id(visit))
        return Redirect(note=booking.state)


def _candidate_id(visit: Visit) -> UUID:
    return _uuid(visit.request.match_info["candidate"])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("找不到这场考试，请在公众号回复“考试”查看最新安排。", code="candidate_unknown") from error
