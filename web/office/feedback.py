"""Feedback to the office (意见反馈), and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError
from services.core.base import Actor
from services.notifications import ANSWER_MAX
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

STATES = {"open": "待答复", "answered": "已答复"}


class FeedbackPages(OfficePart):
    code = "feedback"
    action = "feedback.answer"
    notes: ClassVar[Mapping[str, str]] = {"answered": "已答复，并通知了对方。"}

    def add_routes(self) -> None:
        self.site.get("/office/feedback", self.list)
        self.site.post("/office/feedback", self.answer)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        state, page = request.query.get("state", "open"), page_number(request)
        state = state if state in STATES else "open"
        found = await self.services.notifications.helpdesk_queries.list_all(
            actor, state=state, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/feedback.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            state=state,
            states=STATES,
            longest=ANSWER_MAX,
        )

    async def answer(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            feedback_id = uuid_of(fields.get("id", ""), "这条意见")
            await self.services.notifications.helpdesk.answer(actor, feedback_id, fields.get("text", ""))
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/feedback", note="answered")
