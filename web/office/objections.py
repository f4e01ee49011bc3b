"""Objections against public notices (异议), and persons on public notice now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.entry import ANSWER_MAX, Outcome
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

STATES = {"open": "待处理", "dismissed": "不成立", "upheld": "成立", "lapsed": "申请已放弃"}
OUTCOMES = {"dismiss": "异议不成立", "send_back": "成立，退回修改", "refuse": "成立，不予入库"}


class ObjectionPages(OfficePart):
    code = "objections"
    action = "objection.decide"
    notes: ClassVar[Mapping[str, str]] = {"decided": "已处理，并通知了异议人。"}

    def add_routes(self) -> None:
        self.site.get("/office/objections", self.list)
        self.site.post("/office/objections", self.decide)
        self.site.get("/office/notices", self.notices)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        state, page = request.query.get("state", "open"), page_number(request)
        state = state if state in STATES else "open"
        found = await self.services.entry.objection_queries.page(
            actor, state=state, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/objections.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            state=state,
            states=STATES,
            outcomes=OUTCOMES,
            longest=ANSWER_MAX,
        )

    async def decide(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            outcome = fields.get("outcome", "")
            if outcome not in get_args(Outcome):
                raise InvalidInput("请选择处理结果。", code="no_outcome", field="outcome")
            await self.services.entry.objections.decide(
                actor,
                uuid_of(fields.get("id", ""), "这条异议"),
                cast(Outcome, outcome),
                fields.get("answer", ""),
                key=key_of(fields),
            )
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/objections", note="decided")

    async def notices(self, request: http.Request) -> http.Response:
        """Persons on public notice; ``?q=`` is part of a name."""
        actor = await self.actor(request)
        search, page = request.query.get("q", "").strip()[:50], page_number(request)
        found = await self.services.entry.public_notices.page(
            actor.pool, search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/notices.html",
            request,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            search=search,
        )
