"""Orders of the merchants and their states: NOTPAY → SUCCESS → REFUND, or NOTPAY → CLOSED."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sandbox import jsons
from sandbox.clock import beijing_day
from sandbox.config import MerchantConfig
from sandbox.jsons import Json
from sandbox.pay import fields
from sandbox.pay.errors import PayError, invalid_request, no_order, order_paid, param_error
from sandbox.pay.fields import rfc3339
from sandbox.pay.keys import new_nonce
from sandbox.phones import openid_of
from sandbox.world import World

DAY = 86_400.0
CODE_TTL = 7_200.0
"""Time to live of a prepay_id or code_url, whatever the order's own."""
ORDER_TTL = 7 * DAY
SHORTEST_TTL = 60.0
STATES = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "订单发生过退款"}


@dataclass(slots=True, eq=False)
class Order:
    merchant: MerchantConfig
    appid: str
    out_trade_no: str
    trade_type: str
    """NATIVE or JSAPI."""
    description: str
    attach: str
    total: int
    """Fen."""
    notify_url: str
    request_body: Json
    """The request without the time of expiry: a repeated order call must be equal."""
    created_at: float
    expires_at: float
    openid: str = ""
    """Of the payer: given by a JSAPI order, found by a Native one when it is paid."""
    support_fapiao: bool = False
    code: str = ""
    """The prepay_id or code_url in force."""
    code_at: float = 0.0
    state: str = "NOTPAY"
    transaction_id: str = ""
    paid_at: float = 0.0
    payer: str = ""
    """Id of the phone that paid."""
    refunded: int = 0
    """Fen in refunds that were accepted and did not fail."""
    refunds: list[str] = field(default_factory=list)
    """Their out_refund_no."""

    @property
    def mchid(self) -> str:
        return self.merchant.mchid

    def as_answer(self) -> Json:
        """As in queries and notifications."""
        answer: Json = {
            "appid": self.appid,
            "mchid": self.mchid,
            "out_trade_no": self.out_trade_no,
            "trade_type": self.trade_type,
            "trade_state": self.state,
            "trade_state_desc": STATES[self.state],
            "promotion_detail": [],
        }
        if not self.transaction_id:
            return {**answer, "amount": {"total": self.total, "currency": "CNY"}}
        return {
            **answer,
            "transaction_id": self.transaction_id,
            "bank_type": "OTHERS",
            "attach": self.attach,
            "success_time": rfc3339(self.paid_at),
            "payer": {"openid": self.openid},
            "amount": {
                "total": self.total,
                "payer_total": self.total,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }

    def as_json(self) -> Json:
        """For the control API."""
        return {
            **self.as_answer(),
            "merchant": self.merchant.name,
            "description": self.description,
            "code": self.code,
            "created_at": rfc3339(self.created_at),
            "expires_at": rfc3339(self.expires_at),
            "notify_url": self.notify_url,
            "payer_phone": self.payer,
            "refunded": self.refunded,
        }


class PlatformOrders:
    """Numbers are unique per merchant for ever, also those of closed orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._orders: dict[tuple[str, str], Order] = {}
        self._by_transaction: dict[str, Order] = {}
        self._by_code: dict[str, Order] = {}

    def all(self) -> list[Order]:
        return list(self._orders.values())

    # -- calls of merchants ---------------------------------------------------------------------------------------

    def place(self, merchant: MerchantConfig, trade_type: str, body: Json) -> Order:
        """A new order, or for a repeated request the same one with a new code."""
        requested = self._read_order(merchant, trade_type, body)
        existing = self._orders.get((merchant.mchid, requested.out_trade_no))
        if existing is None:
            self._orders[merchant.mchid, requested.out_trade_no] = requested
        else:
            self._check_repetition(existing, requested)
        order = existing or requested
        self._give_code(order)
        return order

    def get(self, merchant: MerchantConfig, out_trade_no: str) -> Order:
        return self._close_if_expired(self._orders.get((merchant.mchid, out_trade_no)))

    def get_by_transaction(self, merchant: MerchantConfig, transaction_id: str) -> Order:
        order = self._by_transaction.get(transaction_id)
        if order is not None and order.mchid != merchant.mchid:
            raise PayError(403, "NO_AUTH", "商户无权查询该订单")
        return self._close_if_expired(order)

    def close(self, merchant: MerchantConfig, out_trade_no: str) -> Order:
        """Close the order; may be repeated. Refused when paid."""
        order = self.get(merchant, out_trade_no)
        if order.transaction_id:
            raise order_paid()
        order.state = "CLOSED"
        return order

    # -- acts of payers -------------------------------------------------------------------------------------------

    def find_by_code(self, code: str) -> Order | None:
        """By a code in force; None when it is unknown, replaced or past its two hours."""
        order = self._by_code.get(code)
        if order is None or order.code_at + CODE_TTL <= self._world.clock.now():
            return None
        return self._close_if_expired(order)

    def refusal(self, order: Order) -> str:
        """Why the order can't be paid, in the cashier's words; "" when it can."""
        if order.transaction_id:
            return "该订单已支付，请勿重复支付。"
        if order.state == "CLOSED":
            return "订单已关闭，请重新下单。"
        if order.expires_at <= self._world.clock.now():
            return "订单已超过支付时间，请重新下单。"
        return ""

    def settle(self, order: Order, phone_id: str, openid: str) -> None:
        """Mark the order as paid."""
        now = self._world.clock.now()
        order.state, order.paid_at, order.payer, order.openid = "SUCCESS", now, phone_id, openid
        order.transaction_id = f"4200{beijing_day(now)}{self._world.new_number():016d}"
        self._by_transaction[order.transaction_id] = order

    # -- inside ---------------------------------------------------------------------------------------------------

    def _close_if_expired(self, order: Order | None) -> Order:
        if order is None:
            raise no_order()
        if order.state == "NOTPAY" and order.created_at + ORDER_TTL <= self._world.clock.now():
            order.state = "CLOSED"
        return order

    def _read_order(self, merchant: MerchantConfig, trade_type: str, body: Json) -> Order:
        now = self._world.clock.now()
        appid = fields.need(body, "appid", 32)
        _check_merchant(merchant, fields.need(body, "mchid", 32), appid)
        amount = jsons.mapping(body, "amount")
        fields.currency(amount)
        expires = fields.optional(body, "time_expire", 64)
        if "support_fapiao" in body and not isinstance(body["support_fapiao"], bool):
            raise param_error("输入源“/body/support_fapiao”必须是布尔值")
        return Order(
            merchant=merchant,
            appid=appid,
            out_trade_no=fields.merchant_number(body, "out_trade_no", fields.OUT_TRADE_NO),
            trade_type=trade_type,
            description=fields.need(body, "description", 127),
            attach=fields.optional(body, "attach", 128),
            total=fields.fen(amount, "total"),
            notify_url=fields.notify_url(fields.need(body, "notify_url", 255)),
            request_body={key: value for key, value in body.items() if key != "time_expire"},
            created_at=now,
            expires_at=_expiry(expires, now),
            openid=self._payer(appid, body) if trade_type == "JSAPI" else "",
            support_fapiao=body.get("support_fapiao") is True,
        )

    def _payer(self, appid: str, body: Json) -> str:
        openid = fields.need(jsons.mapping(body, "payer"), "openid", 128)
        phone = self._world.by_openid.get(openid)
        if phone is None or openid_of(appid, phone.mobile) != openid:
            raise param_error("输入源“/body/payer/openid”无效：openid与appid不匹配")
        return openid

    def _check_repetition(self, existing: Order, requested: Order) -> None:
        self._close_if_expired(existing)
        if existing.transaction_id:
            raise order_paid()
        if existing.state == "CLOSED":
            raise PayError(400, "ORDER_CLOSED", "订单已关闭，请使用新的商户订单号")
        if existing.trade_type != requested.trade_type:
            raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        if existing.request_body != requested.request_body:
            raise invalid_request("请求重入时，参数与首次请求时不一致", 268498688)

    def _give_code(self, order: Order) -> None:
        self._by_code.pop(order.code, None)
        now = self._world.clock.now()
        if order.trade_type == "NATIVE":
            order.code = f"weixin://wxpay/bizpayurl/up?pr={new_nonce(9)}&groupid=00"
        else:
            order.code = f"wx{beijing_day(now)}{secrets.token_hex(13)}"
        order.code_at = now
        self._by_code[order.code] = order


def _expiry(time_expire: str, now: float) -> float:
    """Seconds since 1970: a minute from now at the earliest, and never after the order has closed by itself."""
    latest = now + ORDER_TTL
    return min(max(fields.moment(time_expire, "time_expire"), now + SHORTEST_TTL), latest) if time_expire else latest


def _check_merchant(merchant: MerchantConfig, mchid: str, appid: str) -> None:
    if mchid != merchant.mchid:
        raise invalid_request("商户号与签名所用的商户号不一致")
    if appid not in merchant.appids:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试")
