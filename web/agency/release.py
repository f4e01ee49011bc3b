"""The tab 退选: the request to release the panel, its start, and which experts know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.masking import mask_mobile
from services.core.base import Actor
from services.draws import RULE, Detail
from web.agency.base import Draft, DraftPlace
from web.agency.wizard import DrawPart, path_of, text
from web.core.form_values import EMPTY, FormValues, redirect, uuid_of
from web.draws import CALLED_SOON


class ReleasePages(DrawPart):
    step = "release"
    notes: ClassVar[Mapping[str, str]] = {
        "sent": "已提交，等待交易中心核验。核验通过后才能启动退选。",
        "withdrawn": "退选申请已撤回。",
        "attached": "证明材料已上传。",
        "removed": "证明材料已删除。",
        "started": "已启动退选，正在电话通知专家。",
        "rung": "系统正在呼叫您的电话，接听后再呼叫专家。通话后请登记通知情况。",
        "notified": "已登记，并向专家发送退选短信。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/release", self.tab)
        self.site.post("/agency/draws/{id}/release", self.submit)
        self.site.post("/agency/draws/{id}/release/attachment", self.attach)

    async def tab(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        draft = await self.draft(actor, DraftPlace(self.step, detail.draw.id))
        return await self._page(actor, request, detail, FormValues(draft.values))

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues = EMPTY
    ) -> http.Response:
        draws, draw = self.services.draws, detail.draw
        return self.draw_page(
            actor,
            "agency/release.html",
            request,
            detail,
            error=form.error,
            f=form,
            release=await draws.release_queries.view(actor, draw.id),
            soon=self.services.deps.now() + CALLED_SOON,
            attached=await draws.attachments.find(actor, draw.id, "release"),
            own_phone=mask_mobile(await self.services.accounts.credentials.own_mobile(actor)),
            causes=[(one, one) for one in self.book(actor).draw.release.causes],
            draft=Draft(DraftPlace(self.step, draw.id).path),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` submit, withdraw, remove (the proof), start; notified or ring, each with an ``id``."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, detail, fields)
        except AppError as error:
            detail = await self.services.draws.queries.detail(actor, detail.draw.id)
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect(path_of(detail.draw.id, "release"), note=note)

    async def _do(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> str:
        draws, draw_id = self.services.draws, detail.draw.id
        match fields.get("command"):
            case "submit":
                words = text(fields, "reason", "说明", 400)
                await draws.releases.submit(actor, draw_id, fields.get("cause", ""), words)
                await self.saved(actor, DraftPlace(self.step, draw_id), fields)
                return "sent"
            case "withdraw":
                await draws.releases.withdraw(actor, draw_id)
                return "withdrawn"
            case "remove":
                await draws.attachments.remove(actor, draw_id, "release")
                await self._keep_words(actor, detail, fields)
                return "removed"
            case "start":
                await draws.releases.start(actor, draw_id)
                return "started"
            case "ring":
                expert = uuid_of(fields.get("id", ""), "这位专家")
                await draws.releases.ring(actor, draw_id, expert, text(fields, "phone", "您的通话号码", 20))
                return "rung"
            case "notified":
                expert = uuid_of(fields.get("id", ""), "这位专家")
                await draws.releases.confirm(actor, draw_id, expert, text(fields, "words", "通知情况", 200))
                return "notified"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def attach(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        files, fields = self.services.draws.attachments, dict[str, str]()
        try:
            await files.check_open(actor, detail.draw.id, "release")
            fields, content = await self.upload(request, actor, longest=RULE.size_max)
            if not content:
                raise InvalidInput("请先选择要上传的文件。", code="missing", field="file")
            name = fields.get("filename", "")[:200] or "退选申请"
            await files.attach(actor, detail.draw.id, name, content, "release")
        except AppError as error:
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error)))
        await self._keep_words(actor, detail, fields)
        raise redirect(path_of(detail.draw.id, "release"), note="attached")

    async def _keep_words(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> None:
        """Keep the typed text of the request when its proof is uploaded or removed."""
        typed = {name: fields.get(name, "") for name in ("cause", "reason")}
        name = DraftPlace(self.step, detail.draw.id).name
        await self.services.accounts.form_drafts.keep(actor, name, typed, about=detail.draw.name)
