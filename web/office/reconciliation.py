"""The platform's daily bill against our records (对账): days, differences, resolving them, reconciling again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError
from domain.payments.fees import DIFFERENCE_NAMES
from services.core.base import Actor
from web.core.form_values import EMPTY, FormValues, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

PAGE = 31
STATES = {"waiting": "待核对", "equal": "一致", "differs": "有差异", "empty": "无交易"}


class ReconciliationPages(OfficePart):
    code = "bills"
    action = "payment.manage"
    notes: ClassVar[Mapping[str, str]] = {"again": "已安排对账，约一分钟后刷新查看。", "resolved": "已记录处理结果。"}

    def add_routes(self) -> None:
        self.site.get("/office/bills", self.list)
        self.site.post("/office/bills", self.again)
        self.site.get("/office/bills/{id}", self.detail)
        self.site.post("/office/bills/{id}", self.resolve)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        page = page_number(request)
        found = await self.services.payments.reconciliation.list(actor, offset=(page - 1) * PAGE, limit=PAGE + 1)
        return self.show(
            actor,
            "office/reconciliation.html",
            request,
            error=form.error,
            f=form,
            found=found[:PAGE],
            page=page,
            more=len(found) > PAGE,
            states=STATES,
        )

    async def again(self, request: http.Request) -> http.Response:
        """Reconcile a ``day`` again."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            await self.services.payments.reconciliation.again(actor, fields.get("day", ""))
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error)))
        raise redirect("/office/bills", note="again")

    async def detail(self, request: http.Request) -> http.Response:
        return await self._page(await self.actor(request), request)

    async def _page(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        bill = await self.services.office.payment_views.bill(actor, uuid_of(request.match_info["id"], "这天的账单"))
        return self.show(
            actor,
            "office/reconciliation_day.html",
            request,
            error=form.error,
            f=form,
            bill=bill,
            states=STATES,
            kinds=DIFFERENCE_NAMES,
            found=await self.services.payments.reconciliation.differences(actor, bill.id),
        )

    async def resolve(self, request: http.Request) -> http.Response:
        """Record how a difference was resolved."""
        actor, bill_id = await self.actor(request), uuid_of(request.match_info["id"], "这天的账单")
        fields = await self.fields(request, actor)
        try:
            difference_id = uuid_of(fields.get("id", ""), "这条差异")
            await self.services.payments.reconciliation.resolve(actor, difference_id, fields.get("note", ""))
        except AppError as error:
            return await self._page(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect(f"/office/bills/{bill_id}", note="resolved")
