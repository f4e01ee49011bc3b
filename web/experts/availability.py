"""``/h5/{pool}/periods``: times in which the expert is not drawn (日程), added and removed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.form_values import EMPTY, FormValues, key_of, moment, uuid_of
from web.core.site import ON_PAGE, Site

_ON_PAGE = ON_PAGE | {403, 404}
_FORM = "periods"
_DONE = {
    "saved": "已保存，这段时间不会抽取您。",
    "panels": "已保存。这段时间内已同意的评标不受影响，不能参加的请到“我的评标”请假。",
    "cancelled": "已取消，恢复接受抽取。",
}
"""Messages that a redirect shows after an action."""


class AvailabilityPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/periods", self.show)
        self._site.post("/h5/{pool}/periods", self.submit)

    async def show(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        return await self._page(person, note=_DONE.get(request.query.get("note", ""), ""))

    async def _page(self, person: Actor, form: FormValues = EMPTY, note: str = "") -> http.Response:
        return self._site.render(
            "experts/availability.html",
            status=form.error.status if form.error else 200,
            pool=person.pool,
            found=await self._services.experts.availability.list_unavailability(person),
            f=form,
            note=note,
            error=form.error.message if form.error and form.error.field not in ("starts_at", "ends_at") else "",
            form=self._auth.form(person, _FORM),
            key=secrets.token_urlsafe(16),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, or cancel of ``id``."""
        person = await self._auth.person(request)
        fields = await self._auth.fields(request, person, _FORM)
        try:
            note = await self._do(person, fields)
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return await self._page(person, FormValues(fields, error))
        raise http.HTTPSeeOther(f"/h5/{person.pool}/periods?note={note}")

    async def _do(self, person: Actor, fields: Mapping[str, str]) -> str:
        availability = self._services.experts.availability
        match fields.get("command"):
            case "cancel":
                await availability.cancel_unavailability(person, uuid_of(fields.get("id", ""), "这个时间段"))
                return "cancelled"
            case "save":
                starts_at = _moment(fields, "starts_at", "开始时间")
                ends_at = _moment(fields, "ends_at", "结束时间")
                saved = await availability.add_unavailability(
                    person, starts_at, ends_at, fields.get("reason", ""), key=key_of(fields)
                )
                return "panels" if saved.panels else "saved"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")


def _moment(fields: Mapping[str, str], name: str, label: str) -> datetime:
    found = moment(fields.get(name, ""), name, label)
    if found is None:
        raise InvalidInput(f"请填写{label}。", field=name)
    return found
