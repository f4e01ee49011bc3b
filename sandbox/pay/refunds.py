"""Refunds: accepted at once, arriving later on the movable clock."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox import jsons
from sandbox.config import MerchantConfig
from sandbox.jsons import BadControlRequest, Json
from sandbox.pay import fields
from sandbox.pay.errors import PayError, invalid_request, param_error
from sandbox.pay.fields import rfc3339
from sandbox.pay.keys import PlatformSigner
from sandbox.pay.notify import Notifier, PlatformEvent
from sandbox.pay.orders import DAY, Order, PlatformOrders
from sandbox.pay.wallets import Wallets
from sandbox.world import World

MOST = 50
APART = 60.0
"""Least seconds between two refunds of one order."""
LONGEST_AGO = 365 * DAY
BANKS = {
    "CMB_DEBIT": "招商银行",
    "COMM_DEBIT": "交通银行",
    "ABC_DEBIT": "农业银行",
    "CCB_DEBIT": "建设银行",
    "ICBC_DEBIT": "工商银行",
    "BOC_DEBIT": "中国银行",
    "PAB_DEBIT": "平安银行",
    "SPDB_DEBIT": "浦发银行",
    "CITIC_DEBIT": "中信银行",
    "CEB_DEBIT": "光大银行",
    "CMBC_DEBIT": "民生银行",
    "CIB_DEBIT": "兴业银行",
    "GDB_DEBIT": "广发银行",
    "PSBC_DEBIT": "邮储银行",
    "NBCB_DEBIT": "宁波银行",
}
"""Banks whose debit cards can receive abnormal refunds."""
_ACCOUNT = re.compile(r"[0-9]{12,19}")
SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


@dataclass(slots=True, eq=False)
class PlatformRefund:
    order: Order
    refund_id: str
    out_refund_no: str
    refund: int
    """Fen."""
    reason: str
    notify_url: str
    created_at: float
    status: str = "PROCESSING"
    success_at: float = 0.0
    channel: str = "ORIGINAL"
    account: str = "支付用户零钱"
    """Receiver, in the words of the merchant's answer."""
    holder: str = ""
    """Holder of the card, if the receiver is one."""
    tries: int = 0
    """Times it was sent: one, plus one for each redirect."""

    @property
    def amounts(self) -> Json:
        total = self.order.total
        return {"total": total, "refund": self.refund, "payer_total": total, "payer_refund": self.refund}

    def as_answer(self) -> Json:
        answer: Json = {
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "transaction_id": self.order.transaction_id,
            "out_trade_no": self.order.out_trade_no,
            "channel": self.channel,
            "user_received_account": self.account,
            "create_time": rfc3339(self.created_at),
            "status": self.status,
            "funds_account": "AVAILABLE",
            "amount": {
                **self.amounts,
                "settlement_refund": self.refund,
                "settlement_total": self.order.total,
                "discount_refund": 0,
                "currency": "CNY",
            },
        }
        if self.success_at:
            answer["success_time"] = rfc3339(self.success_at)
        return answer

    def as_resource(self) -> Json:
        """As in the notification."""
        resource: Json = {
            "mchid": self.order.mchid,
            "transaction_id": self.order.transaction_id,
            "out_trade_no": self.order.out_trade_no,
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "refund_status": self.status,
            "user_received_account": self.account,
            "amount": self.amounts,
        }
        if self.success_at:
            resource["success_time"] = rfc3339(self.success_at)
        return resource


class PlatformRefunds:
    def __init__(self, world: World, orders: PlatformOrders, notifier: Notifier, wallets: Wallets) -> None:
        self._world = world
        self._orders = orders
        self._notifier = notifier
        self._wallets = wallets
        self._refunds: dict[tuple[str, str], PlatformRefund] = {}

    def all(self) -> list[PlatformRefund]:
        return list(self._refunds.values())

    def get(self, merchant: MerchantConfig, out_refund_no: str) -> PlatformRefund:
        refund = self._refunds.get((merchant.mchid, out_refund_no))
        if refund is None:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return refund

    async def request_refund(self, merchant: MerchantConfig, body: Json) -> PlatformRefund:
        """Accept a refund. A repeated number and amount returns the same refund."""
        order = self._find_order(merchant, body)
        number = fields.merchant_number(body, "out_refund_no", fields.OUT_REFUND_NO)
        amount = jsons.mapping(body, "amount")
        fields.currency(amount)
        refund_fen, total = fields.fen(amount, "refund"), fields.fen(amount, "total")
        existing = self._refunds.get((merchant.mchid, number))
        if existing is not None:
            if existing.order is not order or (existing.refund, order.total) != (refund_fen, total):
                raise invalid_request("同一退款单号的订单或金额与之前的请求不一致")
            return existing
        self._check_refundable(order, refund_fen, total)
        if self._world.faults.strikes("pay", "not_enough", number):
            raise PayError(403, "NOT_ENOUGH", "商户账户余额不足")
        refund = self._create_refund(order, number, refund_fen, body)
        await self._send_refund(refund)
        return refund

    async def redirect_refund(
        self, merchant: MerchantConfig, refund_id: str, body: Json, signer: PlatformSigner
    ) -> PlatformRefund:
        """An ABNORMAL refund goes to a card of the payer's or the merchant's bank account; it is PROCESSING again."""
        number, kind = (
            fields.merchant_number(body, "out_refund_no", fields.OUT_REFUND_NO),
            fields.need(body, "type", 32),
        )
        refund = self.get(merchant, number)
        if refund.refund_id != refund_id:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        if kind not in ("USER_BANK_CARD", "MERCHANT_BANK_CARD"):
            raise param_error("输入源“/body/type”只支持USER_BANK_CARD和MERCHANT_BANK_CARD")
        account, holder = _card(body, signer) if kind == "USER_BANK_CARD" else ("商户银行账户", "")
        if refund.status != "ABNORMAL":
            raise invalid_request("退款单不是异常状态，不能发起异常退款")
        refund.status, refund.channel, refund.account, refund.holder = "PROCESSING", "OTHER_BANKCARD", account, holder
        await self._send_refund(refund)
        return refund

    def _find_order(self, merchant: MerchantConfig, body: Json) -> Order:
        """The paid order that is meant; RESOURCE_NOT_EXISTS when there is none."""
        transaction_id, out_trade_no = jsons.text(body, "transaction_id"), jsons.text(body, "out_trade_no")
        if bool(transaction_id) == bool(out_trade_no):
            raise param_error("transaction_id与out_trade_no必须二选一")
        try:
            if transaction_id:
                order = self._orders.get_by_transaction(merchant, transaction_id)
            else:
                order = self._orders.get(merchant, out_trade_no)
        except PayError as error:
            if error.status != 404:
                raise
            raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在") from error
        if not order.transaction_id:
            raise PayError(404, "RESOURCE_NOT_EXISTS", "订单未支付")
        return order

    def _check_refundable(self, order: Order, refund_fen: int, total: int) -> None:
        now = self._world.clock.now()
        if total != order.total:
            raise invalid_request("订单金额与支付时的金额不一致")
        if order.refunded + refund_fen > order.total:
            raise invalid_request("申请退款金额大于订单可退金额")
        if len(order.refunds) >= MOST:
            raise PayError(403, "RULELIMIT", "该订单的部分退款次数已达上限50次")
        if order.paid_at + LONGEST_AGO <= now:
            raise invalid_request("订单已超过可退款的期限365天")
        if order.refunds:
            last = self._refunds[order.mchid, order.refunds[-1]]
            if last.created_at + APART > now:
                raise PayError(429, "FREQUENCY_LIMITED", "同一订单的退款申请过于频繁，请间隔1分钟后再试")

    def _create_refund(self, order: Order, number: str, refund_fen: int, body: Json) -> PlatformRefund:
        url = fields.optional(body, "notify_url", 256)
        reason = fields.optional(body, "reason", 80)
        if len(reason.encode()) > 80:
            raise param_error("输入源“/body/reason”长度超过80字节")
        refund = PlatformRefund(
            order,
            refund_id=f"5030{self._world.new_number():024d}",
            out_refund_no=number,
            refund=refund_fen,
            reason=reason,
            notify_url=fields.notify_url(url) if url else "",
            created_at=self._world.clock.now(),
        )
        self._refunds[order.mchid, number] = refund
        order.refunds.append(number)
        order.refunded += refund_fen
        order.state = "REFUND"
        return refund

    # -- later states --------------------------------------------------------------------------------------------

    async def _send_refund(self, refund: PlatformRefund) -> None:
        faults, number = self._world.faults, refund.out_refund_no
        if faults.strikes("pay", "early_refund", number):
            await self.end_refund(refund, "SUCCESS")
            return
        slow = faults.strikes("pay", "refund_slow", number)
        status = "ABNORMAL" if faults.strikes("pay", "refund_abnormal", number) else "SUCCESS"
        delay = slow.seconds if slow else self._world.config.wire.refund_delay
        refund.tries += 1
        attempt = refund.tries
        self._world.timeline.run_after(delay, lambda: self._world.spawn(self._complete_refund(refund, status, attempt)))

    async def _complete_refund(self, refund: PlatformRefund, status: str, attempt: int) -> None:
        """Complete the refund unless it has ended or was redirected since."""
        if refund.status == "PROCESSING" and refund.tries == attempt:
            await self.end_refund(refund, status)

    async def end_refund(self, refund: PlatformRefund, status: str) -> bool:
        """Ends it as SUCCESS, ABNORMAL or CLOSED; True when the merchant accepted the notification at the first try."""
        if status not in SUMMARIES:
            raise BadControlRequest(f"“status” must be one of {', '.join(SUMMARIES)}")
        if refund.status not in ("PROCESSING", "ABNORMAL") or refund.status == status:
            return False
        refund.status = status
        order = refund.order
        if status == "SUCCESS":
            refund.success_at = self._world.clock.now()
            if refund.channel == "ORIGINAL":
                self._wallets.refund_order(order, refund.refund)
            elif refund.holder:
                self._wallets.notify_card(order, refund.refund, refund.account)
        elif status == "CLOSED":
            order.refunded -= refund.refund
        event = PlatformEvent(
            order.merchant,
            refund.notify_url,
            f"REFUND.{status}",
            "refund",
            SUMMARIES[status],
            refund.as_resource(),
            order.payer,
        )
        return await self._notifier.push(event)


def _card(body: Json, signer: PlatformSigner) -> tuple[str, str]:
    """Name of the payer's card and its holder; PARAM_ERROR for a card that can't receive a refund."""
    bank = BANKS.get(fields.need(body, "bank_type", 16))
    if bank is None:
        raise param_error("输入源“/body/bank_type”不是支持的银行")
    opened = {}
    for key in ("bank_account", "real_name"):
        try:
            opened[key] = signer.open(fields.need(body, key, 1024))
        except ValueError as error:
            raise param_error(f"输入源“/body/{key}”不是用Wechatpay-Serial所指的公钥加密的") from error
    if not _ACCOUNT.fullmatch(opened["bank_account"]) or len(opened["real_name"]) < 2:
        raise param_error("收款银行卡号或姓名有误")
    return f"{bank}储蓄卡{opened['bank_account'][-4:]}", opened["real_name"]
