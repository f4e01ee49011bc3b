"""Orders of fees (缴费), one order with its attempts and refunds, refunding and redirecting refunds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.payments.fees import AFTER_NAMES, TRADE_NAMES, After
from domain.payments.lifecycles import OrderState, RefundState
from services.core.base import Actor
from services.office import OrderView
from services.payments import BANKS, Destination, OrderFilter, check_card, check_reason
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

FILTERS = {
    "all": "全部",
    "paid": "已支付",
    "open": "待支付",
    "refunded": "已退款",
    "abnormal": "退款异常",
    "surplus": "重复缴费",
    "closed": "已关闭",
}
STATES = {state.value: state.label for state in OrderState}
REFUNDS = {state.value: state.label for state in RefundState}


class OrderPages(OfficePart):
    code = "orders"
    action = "payment.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "refunding": "已提交退款，结果会在这里显示，并通知付款人。",
        "redirected": "微信支付已受理，到账后会通知付款人。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/orders", self.list)
        self.site.get("/office/orders/{id}", self.detail)
        self.site.post("/office/orders/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        """``?q=`` is an expert's, our or WeChat's number; ``?only=`` a class of orders."""
        actor = await self.actor(request)
        only, search = request.query.get("only", "all"), request.query.get("q", "").strip()[:64]
        only, page = only if only in get_args(OrderFilter) else "all", page_number(request)
        found = await self.services.payments.queries.orders(
            actor, cast(OrderFilter, only), search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/orders.html",
            request,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            only=only,
            search=search,
            filters=FILTERS,
            trades=TRADE_NAMES,
            states=STATES,
            refunds=REFUNDS,
            unmatched_payments=(await self.services.payments.unmatched_payments.list(actor, "open", limit=1)).total,
        )

    async def detail(self, request: http.Request) -> http.Response:
        return await self._page(await self.actor(request), request)

    async def _page(
        self, actor: Actor, request: http.Request, form: FormValues = EMPTY, *, confirm: str = ""
    ) -> http.Response:
        """``confirm`` is the reason of a refund that waits for confirmation."""
        view = await self._view(actor, request)
        return self.show(
            actor,
            "office/order.html",
            request,
            error=form.error,
            f=form,
            view=view,
            confirm=confirm,
            trades=TRADE_NAMES,
            after=_chosen(view, form.value("after")),
            names=AFTER_NAMES,
            banks=BANKS,
        )

    async def _view(self, actor: Actor, request: http.Request) -> OrderView:
        return await self.services.office.payment_views.order(actor, uuid_of(request.match_info["id"], "这笔订单"))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` check asks to confirm a refund, refund does it; redirect redirects one."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        if fields.get("command") == "redirect":
            return await self._redirect(actor, request, fields)
        order_id, command = uuid_of(request.match_info["id"], "这笔订单"), fields.get("command")
        try:
            reason = check_reason(fields.get("reason", ""))
            after = _chosen(await self._view(actor, request), fields.get("after", ""))
            if command == "check":
                return await self._page(actor, request, FormValues(fields), confirm=reason)
            if command != "refund":
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await self.services.payments.refunds.request(actor, order_id, reason, after=after, key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/orders/{order_id}", note="refunding")

    async def _redirect(self, actor: Actor, request: http.Request, fields: Mapping[str, str]) -> http.Response:
        """To the payer's card or the merchant's account. The page never shows typed data of the card again."""
        order_id, refund_id = uuid_of(request.match_info["id"], "这笔订单"), fields.get("id", "")
        kept = {name: fields[name] for name in ("to", "bank", "command") if name in fields}
        to = cast(Destination, fields.get("to") if fields.get("to") in get_args(Destination) else "user")
        try:
            if to == "user":
                check_card(fields.get("bank", ""), fields.get("account", ""), fields.get("holder", ""))
            await self.services.payments.redirects.redirect(
                actor,
                uuid_of(refund_id, "这笔退款"),
                to,
                bank=fields.get("bank", ""),
                account=fields.get("account", ""),
                holder=fields.get("holder", ""),
            )
        except AppError as error:
            return await self._page(actor, request, FormValues(kept, self.shown(error), refund_id))
        raise redirect(f"/office/orders/{order_id}", note="redirected")


def _chosen(view: OrderView, after: str) -> After:
    """The chosen consequence for the application, else the first possible one."""
    first: After = view.choices[0] if view.choices else "keep"
    return cast(After, after) if after in AFTER_NAMES else first
