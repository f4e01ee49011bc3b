"""The pool's experts: expiring terms and ages, and removal from the pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args
from urllib.parse import urlencode

import aiohttp.web as http

from domain.errors import AppError
from services.core.base import Actor
from services.office import REASON_MAX, Only
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

ONLY: Mapping[str, str] = {"in_pool": "在库", "ending": "即将到期", "over": "已到期", "left": "已退库"}


class ExpertPages(OfficePart):
    code = "experts"
    action = "expert.read"
    notes: ClassVar[Mapping[str, str]] = {"left": "已办理退库，并通知了本人。"}

    def add_routes(self) -> None:
        self.site.get("/office/experts", self.list)
        self.site.post("/office/experts", self.remove_from_pool)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        """``?only=``: see ``ONLY``; ``?q=``: a number or the beginning of a name."""
        only, search = request.query.get("only", "in_pool"), request.query.get("q", "").strip()[:50]
        only, page = only if only in get_args(Only) else "in_pool", page_number(request)
        found = await self.services.office.experts.page(actor, cast(Only, only), search, page=page, size=PAGE_SIZE)
        entry = self.book(actor).entry
        return self.show(
            actor,
            "office/experts.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            only=only,
            options=ONLY,
            search=search,
            longest=REASON_MAX,
            age_max=entry.age_max,
            days=entry.ending_notice.days,
            query=urlencode({"only": only, "q": search}),
        )

    async def remove_from_pool(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            expert_id = uuid_of(fields.get("id", ""), "这位专家")
            await self.services.office.experts.remove_from_pool(
                actor, expert_id, fields.get("reason", ""), key=key_of(fields)
            )
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/experts", note="left", q=request.query.get("q", ""))
