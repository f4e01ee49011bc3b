"""Orders of fees (缴费), one order with its attempts and refunds, refunding and redirecting refunds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from domain.payments.fees import AFTER_NAMES, TRADE_NAMES, After
from domain.payments.lifecycles import OrderState, RefundState
from services.office import OrderView
from services.payments import BANKS, Destination, OrderFilter, check_card, check_reason
from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page, page
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


_ORDER, _REFUND = "这笔订单", "这笔退款"


@dataclass(frozen=True)
class RefundForm:
    """``after``: the consequence for the application; by default the first possible one."""

    reason: str
    after: str


@dataclass(frozen=True)
class RedirectForm:
    """Where a refund goes: the payer's card or the merchant's account."""

    to: str
    bank: str
    account: str
    holder: str

    @property
    def destination(self) -> Destination:
        return cast(Destination, self.to if self.to in get_args(Destination) else "user")


class OrderPages(OfficePart):
    code = "orders"
    action = "payment.manage"

    @list_page("/office/orders", "office/orders.html", only=Choice(FILTERS, "all"), q=Word(64))
    async def orders(self, visit: Visit, wanted: Wanted) -> Listed:
        """``q`` is an expert's, our or WeChat's number; ``only`` a class of orders."""
        only = cast(OrderFilter, wanted["only"])
        listed = await self.services.payments.queries.orders(visit.actor, only, wanted["q"], **wanted.window)
        unmatched = await self.services.payments.unmatched_payments.list(visit.actor, "open", limit=1)
        labels = {"filters": FILTERS, "trades": TRADE_NAMES, "states": STATES, "refunds": REFUNDS}
        return Listed(listed, {"search": wanted["q"], "unmatched_payments": unmatched.total, **labels})

    @page("/office/orders/{id}", "office/order.html")
    async def order(self, visit: Visit) -> Mapping[str, object]:
        """``confirm`` is the reason of a refund that waits for confirmation."""
        view = await self._view(visit)
        after = _chosen_destination(view, visit.form.value("after"))
        labels = {"trades": TRADE_NAMES, "names": AFTER_NAMES, "banks": BANKS}
        return {"view": view, "confirm": "", "after": after, **labels}

    async def _view(self, visit: Visit) -> OrderView:
        return await self.services.office.payment_views.order(visit.actor, visit.id(_ORDER))

    @order.command(RefundForm, "check")
    async def check_refund(self, visit: Visit, form: RefundForm) -> Mapping[str, object]:
        """Ask to confirm a refund."""
        return {"confirm": check_reason(form.reason)}

    @order.command(RefundForm, "refund", note="已提交退款，结果会在这里显示，并通知付款人。")
    async def refund(self, visit: Visit, form: RefundForm) -> None:
        reason, after = check_reason(form.reason), _chosen_destination(await self._view(visit), form.after)
        await self.services.payments.refunds.request(visit.actor, visit.id(_ORDER), reason, after=after, key=visit.key)

    @order.command(RedirectForm, "redirect", note="微信支付已受理，到账后会通知付款人。", conceal=("account", "holder"))
    async def redirect_refund(self, visit: Visit, form: RedirectForm) -> None:
        """The page never shows typed data of the card again."""
        if form.destination == "user":
            check_card(form.bank, form.account, form.holder)
        await self.services.payments.redirects.redirect(
            visit.actor,
            visit.row_id(_REFUND),
            form.destination,
            bank=form.bank,
            account=form.account,
            holder=form.holder,
        )


def _chosen_destination(view: OrderView, after: str) -> After:
    """The chosen consequence for the application, else the first possible one."""
    first: After = view.choices[0] if view.choices else "keep"
    return cast(After, after) if after in AFTER_NAMES else first
