"""The register of supervisors (监督人名册), from which agencies must choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

_ACTIONS = {"add": "added", "end": "ended"}


class SupervisorPages(OfficePart):
    code = "supervisors"
    action = "supervisor.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "added": "已添加，代理机构现在可以选择。",
        "ended": "已停用；尚未确定抽取顺序的活动须另选监督人。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/supervisors", self.list)
        self.site.post("/office/supervisors", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        """``?q=`` searches, ``?ended=1`` shows ended entries."""
        word, ended, page = request.query.get("q", "")[:50], request.query.get("ended") == "1", page_number(request)
        found = await self.services.draws.supervisor_queries.page(
            actor, search=word, active=not ended, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/supervisors.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            word=word,
            ended=ended,
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` add, or end with an ``id``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            if fields.get("command") == "add":
                await self.services.draws.supervisors.add(
                    actor,
                    mobile=fields.get("mobile", "").strip(),
                    name=fields.get("name", ""),
                    department=fields.get("department", ""),
                    key=key_of(fields),
                )
            elif fields.get("command") == "end":
                await self.services.draws.supervisors.end(actor, uuid_of(fields.get("id", ""), "这位监督人"))
            else:
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error)))
        raise redirect("/office/supervisors", note=_ACTIONS[fields["command"]])
