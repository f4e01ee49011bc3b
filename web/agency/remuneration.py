"""The tab 专家酬劳支付情况 of an activity, and ``/agency/remuneration``: totals by month. Payments are made outside
this system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.clock import local
from domain.errors import AppError, InvalidInput
from domain.remuneration.lifecycles import RemunerationState
from services.core.base import Actor
from services.draws import Detail
from services.inspection.file_types import XLSX
from web.agency.base import AgencyPart
from web.agency.wizard import DrawPart, path_of
from web.core.form_values import EMPTY, FormValues, day, redirect, uuid_of, version_of

_PAYABLE = (RemunerationState.CONFIRMED, RemunerationState.ASSUMED)


class RemunerationTab(DrawPart):
    step = "remuneration"
    notes: ClassVar[Mapping[str, str]] = {
        "paid": "已登记支付，已通知专家。",
        "before": "这些酬劳此前已登记支付，没有重复登记。",
        "back": "已撤销支付登记，可以重新登记。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/remuneration", self.tab)
        self.site.post("/agency/draws/{id}/remuneration", self.submit)
        self.site.get("/agency/draws/{id}/remuneration.xlsx", self.sheet)

    async def tab(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        return await self._page(actor, request, detail)

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues = EMPTY
    ) -> http.Response:
        rules = self.book(actor).remuneration
        return self.draw_page(
            actor,
            "agency/remuneration.html",
            request,
            detail,
            error=form.error,
            f=form,
            owed=await self.services.remuneration.proposals.of_draw(actor, detail.draw.id),
            payable=_PAYABLE,
            ways=[(one, one) for one in rules.pay_ways],
            payer=rules.payer_note,
            willing=any(one.region_mode == "willing" for one in detail.conditions),
            today=f"{local(self.services.deps.now()):%Y-%m-%d}",
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` all (fields ``due-``) or chosen (boxes ``pay-``), each with the version shown; or back (undo)
        with an ``id``."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, detail, fields)
        except AppError as error:
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error)))
        raise redirect(path_of(detail.draw.id, self.step), note=note)

    async def _do(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> str:
        payouts, draw_id = self.services.remuneration.payouts, detail.draw.id
        command = fields.get("command")
        if command == "back":
            await payouts.unmark_paid(actor, draw_id, uuid_of(fields.get("id", ""), "这笔酬劳"))
            return "back"
        if command not in ("chosen", "all"):
            raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        paid_on = day(fields.get("paid_on", ""), "paid_on", "支付日期")
        if paid_on is None:
            raise InvalidInput("请填写支付日期。", code="missing", field="paid_on")
        prefix = "pay-" if command == "chosen" else "due-"
        seen = _seen(fields, prefix)
        if command == "chosen" and not seen:
            raise InvalidInput("请勾选已支付的专家。", code="missing")
        return "paid" if await payouts.mark_paid(actor, draw_id, paid_on, fields.get("way", ""), seen) else "before"

    async def sheet(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        body = await self.services.remuneration.sheets.of_draw(actor, detail.draw.id)
        return _download(body, f"remuneration-{detail.draw.number}")


class RemunerationMonths(AgencyPart):
    here = "remuneration"

    def add_routes(self) -> None:
        self.site.get("/agency/remuneration", self.months)
        self.site.get("/agency/remuneration/{month}.xlsx", self.sheet)

    async def months(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        found = await self.services.remuneration.payouts.months(actor)
        owed = await self.services.office.staff_work.remuneration(actor)
        return self.show(actor, "agency/remuneration_months.html", request, found=found, owed=owed)

    async def sheet(self, request: http.Request) -> http.Response:
        actor, month = await self.actor(request), request.match_info["month"]
        return _download(await self.services.remuneration.sheets.of_month(actor, month), f"remuneration-{month}")


def _seen(fields: Mapping[str, str], prefix: str) -> dict[UUID, int]:
    """Displayed versions of the rows, by id."""
    return {
        uuid_of(name.removeprefix(prefix), "这笔酬劳"): version_of(value)
        for name, value in fields.items()
        if name.startswith(prefix)
    }


def _download(body: bytes, name: str) -> http.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return http.Response(body=body, content_type=XLSX, headers=headers)
