"""Staff of the pool (工作人员): verifiers, supervisors, venue staff, administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.accounts import OFFICES
from services.core.base import Actor
from services.core.permissions import role_name
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart


class StaffPages(OfficePart):
    code = "staff"
    action = "person.manage"
    notes: ClassVar[Mapping[str, str]] = {"granted": "已添加，对方登录后即可使用。", "revoked": "已停用，立即生效。"}

    def add_routes(self) -> None:
        self.site.get("/office/staff", self.list)
        self.site.post("/office/staff", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        """``?role=`` filters, ``?ended=1`` shows revoked ones."""
        role = next((one for one in OFFICES if one == request.query.get("role")), "")
        ended, page = request.query.get("ended") == "1", page_number(request)
        found = await self.services.accounts.staff.page(
            actor, role=role, active=not ended, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        book = self.book(actor)
        return self.show(
            actor,
            "office/staff.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            role=role,
            ended=ended,
            offices={one: role_name(one) for one in OFFICES},
            terminals=list(book.draw.terminals),
            venues=[(one.code or one.name, one.name) for one in book.venues],
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` grant, or revoke with an ``id``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            if fields.get("command") == "grant":
                await self.services.accounts.staff.grant(
                    actor,
                    mobile=fields.get("mobile", "").strip(),
                    name=fields.get("name", ""),
                    role=fields.get("role", ""),
                    scope=fields.get("scope", ""),
                    key=key_of(fields),
                )
            elif fields.get("command") == "revoke":
                await self.services.accounts.staff.revoke(actor, uuid_of(fields.get("id", ""), "这项授权"))
            else:
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error)))
        raise redirect("/office/staff", note="granted" if fields["command"] == "grant" else "revoked")
