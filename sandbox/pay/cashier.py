"""The cashier on a phone: opened by a scanned code, by a page or by a mini-program, and confirmed by the person."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox import jsons
from sandbox.jsons import BadControlRequest, Json
from sandbox.pay import keys
from sandbox.pay.notify import Notifier, PlatformEvent
from sandbox.pay.orders import Order, PlatformOrders
from sandbox.pay.wallets import Wallets
from sandbox.phones import Phone, openid_of
from sandbox.world import World

CODE_PREFIX = "weixin://wxpay/bizpayurl"
PACKAGE = "prepay_id="


@dataclass(slots=True, eq=False)
class Cashier:
    """An opened cashier. ``state``: open, paid, cancelled."""

    id: str
    phone: Phone
    order: Order
    state: str = "open"

    def as_json(self, balance: int) -> Json:
        order = self.order
        return {
            "cashier": self.id,
            "phone": self.phone.id,
            "merchant": order.merchant.name,
            "description": order.description,
            "total": order.total,
            "out_trade_no": order.out_trade_no,
            "mchid": order.mchid,
            "trade_type": order.trade_type,
            "balance": balance,
            "state": self.state,
        }


class Cashiers:
    def __init__(
        self,
        world: World,
        orders: PlatformOrders,
        notifier: Notifier,
        wallets: Wallets,
        merchant_keys: dict[str, RSAPublicKey],
    ) -> None:
        self._world = world
        self._orders = orders
        self._notifier = notifier
        self._wallets = wallets
        self._merchant_keys = merchant_keys
        self._ids = itertools.count(1)
        self._open: dict[str, Cashier] = {}

    # -- opening --------------------------------------------------------------------------------------------------

    def scan(self, phone: Phone, code_url: str) -> Cashier:
        """Open from a Native code. Raises BadControlRequest, with a sentence for the person, when it can't be paid."""
        order = self._orders.find_by_code(code_url) if code_url.startswith(CODE_PREFIX) else None
        if order is None:
            raise BadControlRequest("二维码已失效，请刷新后重新扫码。")
        return self._show(phone, order)

    def call(self, phone: Phone, parameters: Json) -> Cashier:
        """From a page (getBrandWCPayRequest) or a mini-program (requestPayment): the same five parameters and appId."""
        appid, package = jsons.text(parameters, "appId"), jsons.text(parameters, "package")
        if jsons.text(parameters, "signType") != "RSA":
            raise BadControlRequest("调用支付失败：signType必须是RSA。")
        for name in ("timeStamp", "nonceStr", "package", "paySign"):
            if not isinstance(parameters.get(name), str) or not parameters[name]:
                raise BadControlRequest(f"调用支付失败：缺少参数{name}，或它不是字符串。")
        order = self._orders.find_by_code(package.removeprefix(PACKAGE)) if package.startswith(PACKAGE) else None
        if order is None:
            raise BadControlRequest("调用支付失败：prepay_id无效或已过期。")
        if order.appid != appid:
            raise BadControlRequest("调用支付失败：appId与下单时不一致。")
        text = keys.pay_text(appid, jsons.text(parameters, "timeStamp"), jsons.text(parameters, "nonceStr"), package)
        if not keys.is_signed(self._merchant_keys[order.mchid], text, jsons.text(parameters, "paySign")):
            raise BadControlRequest("支付验证签名失败。")
        if openid_of(appid, phone.mobile) != order.openid:
            raise BadControlRequest("下单账号与支付账号不一致，请核实后再支付。")
        return self._show(phone, order)

    def _show(self, phone: Phone, order: Order) -> Cashier:
        refusal = self._orders.refusal(order)
        if refusal:
            raise BadControlRequest(refusal)
        cashier = Cashier(f"c{next(self._ids)}", phone, order)
        self._open[cashier.id] = cashier
        return cashier

    def describe(self, cashier: Cashier) -> Json:
        return cashier.as_json(self._wallets.get_wallet(cashier.phone.id).balance)

    # -- deciding -------------------------------------------------------------------------------------------------

    def cancel(self, phone: Phone, cashier_id: str) -> Cashier:
        cashier = self._find(phone, cashier_id)
        cashier.state = "cancelled"
        del self._open[cashier.id]
        return cashier

    async def confirm(self, phone: Phone, cashier_id: str, wait: bool) -> tuple[Cashier, bool | None]:
        """Pays. With ``wait`` the first notification is sent before the answer; returns whether it was accepted."""
        cashier = self._find(phone, cashier_id)
        order = cashier.order
        self._check(phone, order)
        del self._open[cashier.id]
        cashier.state = "paid"
        early = self._world.faults.strikes("pay", "early_pay", order.out_trade_no)
        return cashier, await self.pay(phone, order, wait or early is not None)

    def _check(self, phone: Phone, order: Order) -> None:
        refusal = self._orders.refusal(order)
        if refusal:
            late = order.state == "CLOSED" and self._world.faults.strikes("pay", "pay_after_close", order.out_trade_no)
            if not late:
                raise BadControlRequest(refusal)
        if self._wallets.get_wallet(phone.id).balance < order.total:
            raise BadControlRequest("零钱余额不足，请更换支付方式。")

    async def pay(self, phone: Phone, order: Order, wait: bool) -> bool | None:
        """Take the money and notify; None when the caller does not wait for the notification."""
        self._orders.settle(order, phone.id, openid_of(order.appid, phone.mobile))
        self._wallets.pay_order(phone, order)
        event = PlatformEvent(
            order.merchant,
            order.notify_url,
            "TRANSACTION.SUCCESS",
            "transaction",
            "支付成功",
            order.as_answer(),
            phone.id,
        )
        if wait:
            return await self._notifier.push(event)
        self._notifier.push_soon(event)
        return None

    def _find(self, phone: Phone, cashier_id: str) -> Cashier:
        cashier = self._open.get(cashier_id)
        if cashier is None or cashier.phone is not phone:
            raise BadControlRequest("这次支付已经结束，请重新扫码或重新发起。")
        return cashier
