"""``/review/away``: a reviewer's absences (外出代办), and the tasks handed to colleagues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

import aiohttp.web as http

from services.core.base import Actor
from services.registry import Services
from services.reviews import AbsenceForm
from web.accounts.login import AuthPages
from web.core.form_values import NOBODY
from web.core.forms import FORM_LIMIT
from web.core.pages import PageGroup, Visit, page
from web.core.site import Site
from web.core.typed_forms import Day, OptionalId, Trimmed

_FORM = "review_away"


@dataclass(frozen=True)
class _Absence:
    substitute_id: Annotated[UUID | None, OptionalId("这位同事")]
    starts_on: Annotated[date | None, Day("开始日期")]
    ends_on: Annotated[date | None, Day("结束日期")]
    reason: Annotated[str, Trimmed()]


class ReviewerAbsencePages(PageGroup):
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.actor(request)

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        return await self.site.read_form(
            request, _FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=longest
        )

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        return {"form": self.site.form_token(_FORM, actor.session_id or NOBODY, actor.account_id or NOBODY)}

    @page("/review/away", "reviews/away.html")
    async def away(self, visit: Visit) -> Mapping[str, object]:
        reviews = self.services.reviews
        colleagues = await reviews.absences.list_colleagues(visit.actor)
        return {
            "colleagues": colleagues,
            "options": [(str(colleague.account_id), colleague.text) for colleague in colleagues],
            "absences": await reviews.absences.list_own(visit.actor),
            "handed": await reviews.handing.list_handed(visit.actor),
        }

    @away.command(_Absence, "arrange", note="已安排，并通知了代办同事。")
    async def arrange(self, visit: Visit, form: _Absence) -> None:
        wanted = AbsenceForm(form.substitute_id, form.starts_on, form.ends_on, form.reason)
        await self.services.reviews.absences.arrange(visit.actor, wanted)

    @away.command(name="end", note="代办已取消，立即恢复。")
    async def end(self, visit: Visit) -> None:
        await self.services.reviews.absences.end(visit.actor, visit.row_id("这项代办安排"))

    @away.command(name="take_back", note="已收回，任务回到您的列表。")
    async def take_back(self, visit: Visit) -> None:
        await self.services.reviews.handing.take_back(visit.actor, visit.row_id("这项审核任务"))
