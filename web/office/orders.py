"""Orders that pay fees (缴费), one with its tries and refunds, sending money back, notifications that fit nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.base import Actor
from services.payments.reading import OrderFilter
from services.payments.refunds import check_reason
from web.office.base import EMPTY, PAGE_SIZE, Form, OfficePart, key_of, last_page, see, uuid_of
from web.site import page_number

FILTERS = {
    "all": "全部", "paid": "已支付", "open": "待支付", "refunded": "已退款", "abnormal": "退款异常",
    "surplus": "重复缴费", "closed": "已关闭",
}  # fmt: skip
TRADES = {"native": "扫码", "jsapi": "微信内", "mini": "小程序"}
STATES = {"new": "下单中", "open": "待支付", "paid": "已支付", "closed": "已关闭", "refunded": "已退款"}
REFUNDS = {
    "requested": "待退款", "processing": "退款中", "done": "已退款", "abnormal": "退款异常", "closed": "退款关闭",
}  # fmt: skip
OUTCOMES = {
    "mismatch": "金额、币种或商户号不符，未入账",
    "unknown_order": "本系统没有这笔订单",
    "other_transaction": "同一订单出现另一笔支付",
    "refunded_there": "在商户平台直接退款",
    "unknown_refund": "本系统没有这笔退款",
    "closed_but_done": "已关闭的退款又到账",
}


class OrderPages(OfficePart):
    code = "orders"
    action = "payment.manage"
    notes: ClassVar[Mapping[str, str]] = {"refunding": "已提交退款，结果会在这里显示，并通知付款人。"}

    def add_routes(self) -> None:
        self.site.get("/office/orders", self.many)
        self.site.get("/office/orders/{id}", self.one)
        self.site.post("/office/orders/{id}", self.act)
        self.site.get("/office/alarms", self.alarms)

    async def many(self, request: http.Request) -> http.Response:
        """``?q=`` is an expert's, our or WeChat's number; ``?only=`` a kind of orders."""
        actor = await self.actor(request)
        only, search = request.query.get("only", "all"), request.query.get("q", "").strip()[:64]
        only, page = only if only in get_args(OrderFilter) else "all", page_number(request)
        found, total = await self.services.pay.reading.orders(
            actor, cast(OrderFilter, only), search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor, "office_orders.html", request, found=found, total=total, page=page, last=last_page(total),
            only=only, search=search, filters=FILTERS, trades=TRADES, states=STATES, refunds=REFUNDS,
            alarms=len(await self.services.pay.reading.alarms(actor)),
        )  # fmt: skip

    async def one(self, request: http.Request) -> http.Response:
        return await self._page(await self.actor(request), request)

    async def _page(
        self, actor: Actor, request: http.Request, form: Form = EMPTY, *, confirm: str = ""
    ) -> http.Response:
        """``confirm`` is the reason of a refund that is read back before it is sent."""
        view = await self.services.office.order(actor, uuid_of(request.match_info["id"], "这笔订单"))
        return self.show(
            actor, "office_order.html", request, error=form.error, f=form, view=view, confirm=confirm, trades=TRADES,
        )  # fmt: skip

    async def act(self, request: http.Request) -> http.Response:
        """``deed`` check reads the refund back, refund does it."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        order_id, deed = uuid_of(request.match_info["id"], "这笔订单"), fields.get("deed")
        try:
            reason = check_reason(fields.get("reason", ""))
            if deed == "check":
                return await self._page(actor, request, Form(fields), confirm=reason)
            if deed != "refund":
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await self.services.pay.refunds.request(actor, order_id, reason, key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, Form(fields, self.shown(error)))
        raise see(f"/office/orders/{order_id}", note="refunding")

    async def alarms(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        return self.show(
            actor, "office_alarms.html", request, found=await self.services.pay.reading.alarms(actor),
            outcomes=OUTCOMES,
        )  # fmt: skip
