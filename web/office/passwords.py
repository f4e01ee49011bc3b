"""Initial passwords (初始密码) for experts: shows how many were issued, never the passwords."""

from __future__ import annotations

import re
from collections.abc import Sequence

import aiohttp.web as http

from domain.errors import AppError
from services.accounts import AT_ONCE, InitialPassword
from services.core.base import Actor
from web.core.form_values import EMPTY, FormValues, key_of
from web.office.base import OfficePart

OUTCOMES = {
    "issued": "已设置",
    "kept": "已有自己的密码，未改动",
    "unknown": "没有这个专家编号",
    "mobile_shared": "预留手机号与他人相同，请先更正",
}


class PasswordPages(OfficePart):
    code = "passwords"
    action = "person.manage"

    def add_routes(self) -> None:
        self.site.get("/office/passwords", self.form)
        self.site.post("/office/passwords", self.issue)

    async def form(self, request: http.Request) -> http.Response:
        return self._page(await self.actor(request), request)

    def _page(
        self, actor: Actor, request: http.Request, form: FormValues = EMPTY, done: Sequence[InitialPassword] = ()
    ) -> http.Response:
        return self.show(
            actor,
            "office/passwords.html",
            request,
            error=form.error,
            f=form,
            most=AT_ONCE,
            outcomes=OUTCOMES,
            done=done,
            length=self.book(actor).registration.password.initial_from_id,
            counts={code: sum(one.outcome == code for one in done) for code in OUTCOMES},
        )

    async def issue(self, request: http.Request) -> http.Response:
        """For the expert numbers in ``numbers``, separated by blanks, commas or lines."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        numbers = [number for number in re.split(r"[\s,，、;；]+", fields.get("numbers", "")) if number]
        try:
            done = await self.services.accounts.initial_passwords.issue(actor, numbers, key=key_of(fields))
        except AppError as error:
            return self._page(actor, request, FormValues(fields, self.shown(error)))
        return self._page(actor, request, done=done)
