"""``…/notify``: calling the original experts one by one, and confirming the results (复评)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.draws.lifecycles import OVER, DrawState
from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.draws import Detail
from web.agency.wizard import EDITABLE, DrawPart, path_of, text, when
from web.core.form_values import EMPTY, FormValues, print_moment, redirect, uuid_of


class RecallPages(DrawPart):
    step = "notify"
    notes: ClassVar[Mapping[str, str]] = {
        "phone": "通话号码已保存。",
        "rung": "系统正在呼叫您的电话，接听后再呼叫专家。双方都看不到对方号码。",
        "asked": "已请该专家回电，他会收到您的通话号码和拟定的集合时间。",
        "resent": "正在重新发送确认短信，请稍后刷新查看。",
        "noted": "已登记，全部确认后请提交最终确认结果。",
        "confirmed": "最终确认结果已提交，参评专家会收到集合时间、地点和验证码。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/notify", self.panel)
        self.site.post("/agency/draws/{id}/notify", self.submit)

    async def panel(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        if detail.draw.kind != "recall":
            raise redirect(path_of(detail.draw.id, "run"))
        return await self._page(actor, request, detail)

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues = EMPTY
    ) -> http.Response:
        draws, draw, state = self.services.draws, detail.draw, DrawState(detail.draw.state)
        begun = self.services.deps.now() >= draw.starts_at
        return self.draw_page(
            actor,
            "agency/notify.html",
            request,
            detail,
            error=form.error,
            f=form,
            panel=await draws.recall_queries.panel(actor, draw.id),
            waiting=state in (*EDITABLE, DrawState.SUBMITTED),
            open=state == DrawState.VERIFIED and not begun,
            late=state == DrawState.VERIFIED and begun,
            begun=begun,
            over=state in OVER,
            running=draw.started_at is not None,
            progress=await draws.progress.of(draw),
            unseals_at=draws.access.unseals_at(draw),
            print_moment=print_moment,
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` phone, ring, ask, resend or note (of the expert ``id``) or confirm."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, detail, fields)
        except AppError as error:
            if detail.draw.kind != "recall":
                raise
            detail = await self.services.draws.queries.detail(actor, detail.draw.id)
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect(path_of(detail.draw.id, "notify"), note=note)

    async def _do(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> str:
        recalls, draw_id = self.services.draws.recalls, detail.draw.id
        match fields.get("command"):
            case "phone":
                await recalls.remember_phone(actor, draw_id, text(fields, "phone", "通话号码", 20))
                return "phone"
            case "ring":
                await recalls.ring(actor, draw_id, uuid_of(fields.get("id", ""), "这位专家"))
                return "rung"
            case "ask":
                await recalls.ask_back(actor, draw_id, uuid_of(fields.get("id", ""), "这位专家"))
                return "asked"
            case "resend":
                await recalls.resend(actor, draw_id, uuid_of(fields.get("id", ""), "这位专家"))
                return "resent"
            case "note":
                comes = _answer(fields)
                at = when(fields, "gathering_at", "商定的集合时间") if comes else None
                await recalls.note(actor, draw_id, uuid_of(fields.get("id", ""), "这位专家"), comes, at)
                return "noted"
            case "confirm":
                await recalls.confirm(actor, draw_id)
                return "confirmed"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")


def _answer(fields: Mapping[str, str]) -> bool:
    answer = fields.get("answer", "")
    if answer not in ("comes", "declines"):
        raise InvalidInput("请选择参评或不参评。", code="missing", field="answer")
    return answer == "comes"
