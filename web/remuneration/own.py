"""``/h5/{pool}/remuneration``: an expert's remuneration, to confirm or to object to."""

from __future__ import annotations

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, FormValues, uuid_of, version_of
from web.core.site import ON_PAGE, Site

_ON_PAGE = ON_PAGE | {404}
_ACTION = "remuneration"
_DONE = {"confirmed": "已确认。抽取单位支付后会通知您。", "disputed": "异议已转给场地，答复后会通知您再次核对。"}
"""Messages that a redirect shows after an action."""


class OwnRemunerationPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/remuneration", self.show)
        self._site.post("/h5/{pool}/remuneration", self.answer)

    async def show(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        return await self._page(person, note=_DONE.get(request.query.get("note", ""), ""))

    async def _page(self, person: Actor, form: FormValues = EMPTY, note: str = "") -> http.Response:
        return self._site.render(
            "remuneration/own.html",
            status=form.error.status if form.error else 200,
            pool=self._services.deps.book(person.pool).pool,
            found=await self._services.remuneration.answers.own(person),
            f=form,
            none_form=EMPTY,
            note=note,
            error=form.error.message if form.error and not form.wrong("reason") else "",
            form=self._auth.form(person, _ACTION),
        )

    async def answer(self, request: http.Request) -> http.Response:
        """``command`` confirm or dispute, for ``id`` in the displayed ``version``; with a ``reason``."""
        person = await self._auth.person(request)
        fields = await self._auth.fields(request, person, _ACTION)
        try:
            note = await self._do(person, fields)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return await self._page(person, FormValues(fields, error, fields.get("id", "")))
        raise http.HTTPSeeOther(f"/h5/{person.pool}/remuneration?note={note}")

    async def _do(self, person: Actor, fields: dict[str, str]) -> str:
        answers, one_id = self._services.remuneration.answers, uuid_of(fields.get("id", ""), "这笔酬劳")
        version = version_of(fields.get("version", ""))
        match fields.get("command"):
            case "confirm":
                await answers.confirm(person, one_id, version, by="h5")
                return "confirmed"
            case "dispute":
                await answers.dispute(person, one_id, version, fields.get("reason", ""), by="h5")
                return "disputed"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
