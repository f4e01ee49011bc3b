"""Payment notifications that match no order (无法入账的通知), and how they were handled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args

import aiohttp.web as http

from domain.errors import AppError
from services.core.base import Actor
from services.payments import RESOLUTION_CHARS, UnmatchedFilter
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

FILTERS = {"all": "全部", "open": "未处理", "closed": "已处理"}
OUTCOMES = {
    "mismatch": "金额、币种或商户号不符，未入账",
    "unknown_order": "本系统没有这笔订单",
    "other_transaction": "同一订单出现另一笔支付",
    "refunded_there": "在商户平台直接退款",
    "unknown_refund": "本系统没有这笔退款",
    "closed_but_done": "已关闭的退款又到账",
}
TO_DO = {
    "mismatch": "请在商户平台核对这笔支付，必要时在商户平台退回。",
    "unknown_order": "请在商户平台核对来源；不是本库的款项请在商户平台退回。",
    "other_transaction": "请在商户平台核对，多收的款项请在商户平台退回。",
    "refunded_there": "请核对退款原因，并决定该申请如何办理。",
    "unknown_refund": "请在商户平台核对是谁发起的退款。",
    "closed_but_done": "请在商户平台核对是否重复退款。",
}


class UnmatchedPaymentPages(OfficePart):
    code = "orders"
    action = "payment.manage"
    notes: ClassVar[Mapping[str, str]] = {"closed": "已记录处理结果。"}

    def add_routes(self) -> None:
        self.site.get("/office/alarms", self.list)
        self.site.post("/office/alarms", self.close)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        only = request.query.get("only", "all")
        only, page = only if only in get_args(UnmatchedFilter) else "all", page_number(request)
        found = await self.services.payments.unmatched_payments.list(
            actor, cast(UnmatchedFilter, only), offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/unmatched_payments.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            only=only,
            filters=FILTERS,
            outcomes=OUTCOMES,
            to_do=TO_DO,
            longest=RESOLUTION_CHARS,
        )

    async def close(self, request: http.Request) -> http.Response:
        """Record how one was handled."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            await self.services.payments.unmatched_payments.close(
                actor, uuid_of(fields.get("id", ""), "这条通知"), fields.get("note", "")
            )
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/alarms", note="closed", only=request.query.get("only", ""))
