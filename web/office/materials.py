"""Material for download (资料下载): files that the office offers, with category, order and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.files import MaterialData, MaterialView
from web.core.form_values import EMPTY, NOBODY, FormValues, key_of, moment, print_moment, redirect, uuid_of
from web.files.materials import KINDS, send
from web.office.base import FORM, OfficePart

AUDIENCES = (("everybody", "所有人"), ("applicants", "登录后的申请人和专家"))
STATES = {"shown": "", "coming": "未开始", "over": "已结束"}


class OfficeMaterialPages(OfficePart):
    code = "materials"
    action = "material.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "added": "资料已添加。",
        "saved": "已保存。",
        "removed": "资料已删除。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/materials", self.list)
        self.site.post("/office/materials", self.submit)
        self.site.get("/office/materials/{id}", self.file)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        rules = self.book(actor).help.materials
        found = await self.services.files.material_queries.all(actor)
        return self.show(
            actor,
            "office/materials.html",
            request,
            error=form.error,
            f=form,
            found=found,
            rules=rules,
            kinds=KINDS,
            categories=[(name, name) for name in rules.categories],
            audiences=AUDIENCES,
            states=STATES,
            typed={str(one.id): _typed(one) for one in found},
            public=f"/h5/{actor.pool}/materials",
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` add, with a file; edit, optionally with a new file; or remove."""
        actor = await self.actor(request)
        fields, content = await self.site.read_upload(
            request,
            FORM,
            actor.session_id or NOBODY,
            actor.account_id or NOBODY,
            longest=self.book(actor).help.materials.size_max,
        )
        try:
            note = await self._do(actor, fields, content)
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/materials", note=note)

    async def _do(self, actor: Actor, fields: Mapping[str, str], content: bytes) -> str:
        materials, command = self.services.files.materials, fields.get("command")
        if command == "add":
            await materials.add(actor, _data(fields), content, key=key_of(fields))
            return "added"
        if command == "edit":
            material_id = uuid_of(fields.get("id", ""), "这份资料")
            kept = next(
                (one for one in await self.services.files.material_queries.all(actor) if one.id == material_id), None
            )
            await materials.change(actor, material_id, _data(fields, kept), content)
            return "saved"
        if command == "remove":
            await materials.remove(actor, uuid_of(fields.get("id", ""), "这份资料"))
            return "removed"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def file(self, request: http.Request) -> http.Response:
        """The file as readers get it, shown now or not."""
        actor = await self.actor(request)
        material_id = uuid_of(request.match_info["id"], "这份资料")
        return await send(
            request, self.services, await self.services.files.material_queries.find(actor.pool, material_id, actor)
        )


def _typed(one: MaterialView) -> dict[str, str]:
    """Initial values of a material's form."""
    return {
        "title": one.title,
        "category": one.category,
        "note": one.note,
        "audience": one.audience,
        "position": str(one.position),
        "shown_from": print_moment(one.shown_from),
        "shown_until": print_moment(one.shown_until),
    }


def _data(fields: Mapping[str, str], kept: MaterialView | None = None) -> MaterialData:
    position = fields.get("position", "").strip() or "0"
    if not (position.isascii() and position.isdigit() and len(position) < 6):
        raise InvalidInput("排序号请填写数字，小的在前。", field="position")
    return MaterialData(
        title=fields.get("title", ""),
        category=fields.get("category", ""),
        note=fields.get("note", ""),
        audience="applicants" if fields.get("audience") == "applicants" else "everybody",
        position=int(position),
        shown_from=moment(fields.get("shown_from", ""), "shown_from", "开始时间", kept.shown_from if kept else None),
        shown_until=moment(
            fields.get("shown_until", ""), "shown_until", "结束时间", kept.shown_until if kept else None
        ),
    )
