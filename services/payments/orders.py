"""Creates orders at the payment platform, and replaces those that end. ``order_checks`` asks what became of one.

An order's row is committed before the platform is asked, and never in one transaction with it: whatever becomes of the
call, the number is known and can be asked about. One fee has at most one live order of a trade and openid.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from domain.clock import local, print_time
from domain.errors import (
    Conflict,
    Forbidden,
    GatewayError,
    NotFound,
    Rejected,
    RuleViolation,
    Unavailable,
)
from domain.ids import new_id
from domain.payments.fees import Trade, next_query_at, order_ends, phase_of
from domain.payments.lifecycles import ORDER, FeeState, OrderState
from models.accounts import Session, WechatIdentity
from models.payments import Fee, PayOrder
from services.core.base import Actor, Deps, record, transaction, violation
from services.payments.fees import print_deadline, rules_of
from services.payments.order_checks import LIVE, OrderChecks, plain_code, platform_busy
from services.payments.reconciliation.bill_days import open_day
from services.ports import Merchant, OrderRequest, PayApp, PaymentPlatform, PayParameters

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


CODE_TTL = timedelta(hours=2) - timedelta(minutes=5)
"""A code or prepay id of the platform is valid for two hours; it is not handed out in its last minutes."""
_LAST_MINUTE = timedelta(seconds=60)
"""An order that ends sooner is not worth opening; it is closed and replaced."""
_OTHERS_TURN = timedelta(seconds=10)
"""How long to wait for a request that has just placed the same order: a second call would invalidate its code."""


@dataclass(frozen=True)
class PayableOrder:
    """An order to be paid: ``code_url`` for a QR code (native), or ``parameters`` for the cashier."""

    order_id: UUID
    out_trade_no: str
    trade: str
    amount: int
    expires_at: datetime
    code_url: str
    parameters: PayParameters | None


@dataclass(frozen=True)
class Orders:
    deps: Deps
    platform: PaymentPlatform
    checks: OrderChecks

    async def openid_of(self, actor: Actor, app: PayApp) -> str:
        """The openid of the actor's session in the mini-program. Raises Forbidden for a session elsewhere."""
        session = await Session.get_or_none(id=actor.session_id) if actor.session_id else None
        identity = await WechatIdentity.get_or_none(id=session.identity_id) if session and session.identity_id else None
        if identity is None or identity.app != app:
            raise Forbidden("请在小程序里支付，或改用扫码支付。", code="not_in_app")
        return identity.openid

    async def order(self, actor: Actor, fee_id: UUID, trade: Trade, *, openid: str = "") -> PayableOrder:
        """An order that can be paid now: the live one while valid, else a new one. Harmless to repeat.

        ``openid`` is the payer's (jsapi, mini) and comes from WeChat, never from the client. Raises RuleViolation
        outside the window, Conflict when it is paid, Unavailable when the platform can't be reached (repeat later).
        """
        for _ in range(4):
            order, is_new = await self._claim_order(actor, fee_id, trade, openid)
            now = self.deps.now()
            if _is_ending(order, now):
                await self.checks.retire_order(order)
                continue
            if order.state == OrderState.OPEN and order.prepared_at and now < order.prepared_at + CODE_TTL:
                return self._ordered(order)
            if not is_new and await self._wait_for_other(order):
                continue
            placed_order = await self._place_order(order)
            if placed_order is not None:
                return self._ordered(placed_order)
        raise platform_busy()

    async def _claim_order(self, actor: Actor, fee_id: UUID, trade: Trade, openid: str) -> tuple[PayOrder, bool]:
        """The live order of this fee, trade and openid; without one a new row (then True)."""
        async with transaction():
            fee = await Fee.select_for_update().get_or_none(id=fee_id, pool=actor.pool)
            now = self.deps.now()
            merchant = self._check_payable(actor, fee, now)
            assert fee is not None  # noqa: S101  (checked above; for the type checker)
            live_order = await PayOrder.get_or_none(fee_id=fee_id, trade=trade, openid=openid, state__in=list(LIVE))
            if live_order is not None:
                return live_order, False
            rules = rules_of(self.deps, fee.pool)
            ends = order_ends(now, rules.order_valid, fee.closes_at)
            order = await PayOrder.create(
                id=new_id(),
                pool=fee.pool,
                fee_id=fee.id,
                out_trade_no=_new_order_number(now),
                trade=trade,
                payer_id=actor.account_id,
                appid=_appid(merchant, trade),
                openid=openid,
                amount=fee.amount,
                description=rules.description,
                state=ORDER.initial,
                expires_at=ends,
                check_at=next_query_at(now, ends, 0),
                created_at=now,
            )
            await open_day(fee.pool, local(now).date())
            await record(actor, now, "fee.order", "fee", fee.id, order=order.out_trade_no, trade=trade)
            return order, True

    def _check_payable(self, actor: Actor, fee: Fee | None, now: datetime) -> Merchant:
        """Checks that this person may pay this fee now; returns the merchant."""
        rules = rules_of(self.deps, actor.pool)
        if fee is None or (fee.account_id != actor.account_id and not rules.pay_for_others):
            raise NotFound("找不到这笔费用，请刷新后重试。", code="fee_unknown")
        phase = phase_of(fee.state, fee.opens_at, fee.closes_at, now)
        if phase == "not_open":
            message = f"缴费还没有开始，{print_time(fee.opens_at)}起可以缴纳，届时会通知您。"
            raise violation(self.deps.book(fee.pool), "fee.opens_after", message)
        if phase == "closed":
            raise RuleViolation(
                f"缴费已于{print_deadline(fee.closes_at)}截止，如有疑问请拨打{rules.hotline}。",
                rule="fee.window",
                code="fee_closed",
            )
        if phase != "open":
            raise Conflict(f"该笔费用{FeeState(fee.state).label}，无需缴纳。", code="fee_settled")
        merchant = self.platform.merchant(fee.pool)
        if merchant is None:
            raise Unavailable(f"本专家库暂未开通在线缴费，请拨打{rules.hotline}。")
        return merchant

    async def _place_order(self, order: PayOrder) -> PayOrder | None:
        """Place it at the platform, repeating the same request if necessary; None: start over. Raises Unavailable."""
        try:
            code = await self._ask_for_code(order)
        except Rejected as error:
            await self._handle_refusal(order, error)
            return None
        except GatewayError as error:
            raise platform_busy() from error
        now = self.deps.now()
        field = "code_url" if order.trade == "native" else "prepay_id"
        # paid or closed while the platform was asked: such an order is not opened again
        updated = await PayOrder.filter(id=order.id, state__in=list(LIVE)).update(
            state=OrderState.OPEN, prepared_at=now, **{field: code}
        )
        return await PayOrder.get(id=order.id) if updated else None

    async def _wait_for_other(self, order: PayOrder) -> bool:
        """Another request for this order may be running; True when it has its result."""
        if order.state != OrderState.NEW or self.deps.now() >= order.created_at + _OTHERS_TURN:
            return False
        for _ in range(15):
            await asyncio.sleep(0.2)
            if not await PayOrder.exists(id=order.id, state=OrderState.NEW):
                return True
        return False

    async def _ask_for_code(self, order: PayOrder) -> str:
        merchant = self.platform.merchant(order.pool)
        by_wechat = rules_of(self.deps, order.pool).invoice.issued_by == "wechat"
        request = OrderRequest(
            order.out_trade_no,
            order.description,
            order.amount,
            order.expires_at,
            support_fapiao=by_wechat and merchant is not None and merchant.fapiao,
        )
        if order.trade == "native":
            return await self.platform.order_native(order.pool, request)
        return await self.platform.order_jsapi(order.pool, _pay_app(order.trade), order.openid, request)

    async def _handle_refusal(self, order: PayOrder, error: Rejected) -> None:
        """The platform refuses this order: perhaps it is paid or ended. Otherwise nothing can be paid now."""
        code = plain_code(error)
        log.warning("order_refused", pool=order.pool, order=order.out_trade_no, vendor_code=error.vendor_code)
        if code in ("ORDERPAID", "ORDERCLOSED", "OUTTRADENOUSED", "INVALIDREQUEST"):
            await self.checks.retire_order(order)
        else:
            await self.checks.mark_closed(order)
        if code not in ("ORDERPAID", "ORDERCLOSED", "OUTTRADENOUSED"):
            hotline = rules_of(self.deps, order.pool).hotline
            raise Unavailable(f"暂时不能支付，请稍后重试；仍不行请拨打{hotline}。") from error

    def _ordered(self, order: PayOrder) -> PayableOrder:
        parameters = None
        if order.trade != "native":
            parameters = self.platform.sign_payment(order.pool, _pay_app(order.trade), order.prepay_id)
        return PayableOrder(
            order.id, order.out_trade_no, order.trade, order.amount, order.expires_at, order.code_url, parameters
        )


def _is_ending(order: PayOrder, now: datetime) -> bool:
    """Whether too little time is left for paying it."""
    return order.expires_at - now <= min(_LAST_MINUTE, (order.expires_at - order.created_at) / 4)


def _new_order_number(now: datetime) -> str:
    """31 characters, unguessable; the time in it is for readers of bills."""
    return f"F{local(now):%Y%m%d%H%M%S}{secrets.token_hex(8)}"


def _pay_app(trade: str) -> PayApp:
    return "mini" if trade == "mini" else "oa"


def _appid(merchant: Merchant, trade: Trade) -> str:
    appid = merchant.appids.get(_pay_app(trade)) or (merchant.appids.get("mini") if trade == "native" else None)
    if appid is None:
        raise Unavailable("暂不支持这种支付方式，请改用扫码支付。")
    return appid
