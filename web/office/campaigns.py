"""Recruitment campaigns (征集): list, form, publishing, closing, deleting."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, get_args

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.rulebook.form import EntryType
from services.applications import CampaignData, CampaignView, entry_names
from services.core.base import Actor
from web.core.form_values import EMPTY, FormValues, key_of, moment, print_moment, redirect, uuid_of
from web.office.base import OfficePart

STATES = {"draft": "草稿", "upcoming": "未开始", "open": "报名中", "closed": "已截止"}
_ENDS = (
    ("enrol_from", "报名开始时间"),
    ("enrol_until", "报名截止时间"),
    ("review_from", "审核开始时间"),
    ("review_until", "审核截止时间"),
    ("pay_from", "缴费开始时间"),
    ("pay_until", "缴费截止时间"),
)
_LONGEST = 160 * 1024
"""Bytes: ten thousand characters of an announcement, three hundred lines of advice."""


class CampaignPages(OfficePart):
    code = "campaigns"
    action = "campaign.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "created": "草稿已保存，申请人在发布后才能看到。",
        "saved": "已保存。",
        "published": "已发布，到报名时间自动开放。",
        "closed": "已关闭报名，审核和缴费按原定时间继续。",
        "deleted": "草稿已删除。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/campaigns", self.list)
        self.site.get("/office/campaigns/new", self.blank)
        self.site.post("/office/campaigns/new", self.create)
        self.site.get("/office/campaigns/{id}", self.detail)
        self.site.post("/office/campaigns/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        found = await self.services.applications.campaign_queries.list(actor)
        return self.show(
            actor,
            "office/campaigns.html",
            request,
            found=found,
            states=STATES,
            types=entry_names(self.book(actor)),
            required=self.book(actor).campaigns.required,
        )

    # ---- a new campaign

    async def blank(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        taken = {str(name): "on" for name in self.book(actor).campaigns.of_campaigns}
        return await self._page(actor, request, None, FormValues(taken))

    async def create(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor, longest=_LONGEST)
        try:
            data = await self._data(actor, fields, None)
            view = await self.services.applications.campaigns.create(actor, data, key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, None, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/campaigns/{view.id}", note="created")

    # ---- one

    async def detail(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        view = await self.services.applications.campaign_queries.get(
            actor, uuid_of(request.match_info["id"], "这次征集")
        )
        return await self._page(actor, request, view, FormValues(await self._values(actor, view)))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, publish, close or delete."""
        actor = await self.actor(request)
        view = await self.services.applications.campaign_queries.get(
            actor, uuid_of(request.match_info["id"], "这次征集")
        )
        fields = await self.fields(request, actor, longest=_LONGEST)
        try:
            note = await self._do(actor, view, fields)
        except AppError as error:
            typed = fields if fields.get("command") == "save" else await self._values(actor, view)
            return await self._page(actor, request, view, FormValues(typed, self.shown(error)))
        raise redirect("/office/campaigns" if note == "deleted" else f"/office/campaigns/{view.id}", note=note)

    async def _do(self, actor: Actor, view: CampaignView, fields: Mapping[str, str]) -> str:
        campaigns, command = self.services.applications.campaigns, fields.get("command")
        if command == "save":
            await self.services.workflows.campaigns.edit(actor, view.id, await self._data(actor, fields, view.data))
            return "saved"
        if command == "publish":
            await campaigns.publish(actor, view.id)
            return "published"
        if command == "close":
            await campaigns.close(actor, view.id)
            return "closed"
        if command == "delete":
            await campaigns.delete(actor, view.id)
            return "deleted"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _page(
        self, actor: Actor, request: http.Request, view: CampaignView | None, form: FormValues = EMPTY
    ) -> http.Response:
        book = self.book(actor)
        return self.show(
            actor,
            "office/campaign.html",
            request,
            error=form.error,
            f=form,
            view=view,
            states=STATES,
            types={code: name for code, name in entry_names(book).items() if code in book.campaigns.of_campaigns},
        )

    # ---- between form and service

    async def _data(self, actor: Actor, fields: Mapping[str, str], kept: CampaignData | None) -> CampaignData:
        """The form's values. Raises InvalidInput for a field."""
        ends: dict[str, datetime | None] = {
            name: moment(fields.get(name, ""), name, label, getattr(kept, name) if kept else None)
            for name, label in _ENDS
        }
        enrol_from, enrol_until = ends.pop("enrol_from"), ends.pop("enrol_until")
        if enrol_from is None or enrol_until is None:
            missing = "enrol_until" if enrol_from else "enrol_from"
            raise InvalidInput(f"请填写{dict(_ENDS)[missing]}。", code="missing", field=missing)
        return CampaignData(
            name=fields.get("name", ""),
            entry_types=[code for code in get_args(EntryType) if fields.get(code)],
            enrol_from=enrol_from,
            enrol_until=enrol_until,
            announcement=fields.get("announcement", "").replace("\r\n", "\n"),
            advice=await self._advice(actor, fields.get("advice", "")),
            **ends,
        )

    async def _advice(self, actor: Actor, text: str) -> dict[str, str]:
        """One region per line: its name or code, a blank, the contact."""
        known = await self.services.office.dashboard.places(actor)
        codes = {place.name: place.code for place in reversed(known)} | {place.code: place.code for place in known}
        advice: dict[str, str] = {}
        for line in filter(None, (line.strip() for line in text.splitlines())):
            name, _, said = line.replace("：", " ").replace(":", " ", 1).partition(" ")
            if name not in codes:
                raise InvalidInput(f"没有“{name[:20]}”这个地区，请写地区全称，如“广州市”。", field="advice")
            if not said.strip():
                raise InvalidInput(f"请在“{name}”后面空一格，写上咨询方式。", field="advice")
            advice[codes[name]] = said.strip()
        return advice

    async def _values(self, actor: Actor, view: CampaignView) -> dict[str, str]:
        data = view.data
        names = {place.code: place.name for place in await self.services.office.dashboard.places(actor)}
        advice = "\n".join(f"{names.get(code, code)} {line}" for code, line in data.advice.items())
        return {
            "name": data.name,
            "announcement": data.announcement,
            "advice": advice,
            **dict.fromkeys(data.entry_types, "on"),
            **{name: print_moment(getattr(data, name)) for name, _ in _ENDS},
        }
