"""Orders at the payment platform: asked about, and closed once they ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from domain.errors import (
    GatewayError,
    NeedsOperator,
    NotFound,
    Rejected,
    Unavailable,
)
from domain.payments.fees import next_query_at
from domain.payments.lifecycles import FeeState, OrderState
from models.payments import Fee, PayOrder
from services.core.base import Actor, Deps, record, rows, system
from services.core.due_rows import not_paused, process_each
from services.core.operator_waits import PAUSE
from services.payments.fees import rules_of
from services.payments.queries import FeeView, view_fee
from services.payments.settlement import Settlement
from services.ports import PaymentPlatform, TradeReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_QUERY_RETRY_AFTER = timedelta(seconds=3)
LIVE = (OrderState.NEW, OrderState.OPEN)


@dataclass(frozen=True)
class OrderChecks:
    deps: Deps
    platform: PaymentPlatform
    settlement: Settlement

    async def refresh(self, actor: Actor, fee_id: UUID) -> FeeView:
        """The fee's present state. While it is unpaid the platform is queried, at most every three seconds for all who
        wait.

        Raises NotFound for a fee that this person may not pay.
        """
        rules = rules_of(self.deps, actor.pool)
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool)
        if fee is None or (fee.account_id != actor.account_id and not rules.pay_for_others):
            raise NotFound("找不到这笔费用，请刷新后重试。", code="fee_unknown")
        if fee.state == FeeState.DUE:
            for order_id in await self._claim_queries(fee_id):
                await self._check_quietly(order_id)
        return await view_fee(self.deps, fee_id, actor)

    async def _claim_queries(self, fee_id: UUID) -> list[UUID]:
        claimed_rows = await rows(
            "UPDATE pay_order SET asked_at = $2 WHERE fee_id = $1 AND state IN ('new', 'open') AND created_at <= $3 "
            "AND (asked_at IS NULL OR asked_at <= $3) RETURNING id",
            fee_id,
            self.deps.now(),
            self.deps.now() - _QUERY_RETRY_AFTER,
        )
        return [row["id"] for row in claimed_rows]

    async def _check_quietly(self, order_id: UUID) -> None:
        order = await PayOrder.get(id=order_id)
        try:
            await self._query_order(order)
        except GatewayError as error:
            log.info("order_not_asked", order=order.out_trade_no, error=type(error).__name__)

    async def check_due(self) -> int:
        """Query due orders, close ended ones; returns how many were due."""
        due = await rows(
            f"SELECT id FROM pay_order WHERE check_at <= $1 AND {not_paused('order_check', 'id')} "
            "ORDER BY check_at LIMIT 100",
            self.deps.now(),
        )
        await process_each("order_check", due, lambda row: self.check_order(row["id"]))
        return len(due)

    async def check_order(self, order_id: UUID) -> None:
        """One query. After a failure it is repeated later."""
        order = await PayOrder.get(id=order_id)
        if order.state not in LIVE:
            await PayOrder.filter(id=order_id).update(check_at=None)
            return
        now = self.deps.now()
        try:
            settled = await self._query_order(order)
            if not settled and (now >= order.expires_at or not await Fee.exists(id=order.fee_id, state=FeeState.DUE)):
                await self._close_order(order)
                return
        except NeedsOperator as error:
            # counts as no query: the platform has told nothing about the order, so its pauses must not grow
            log.info("order_not_asked", order=order.out_trade_no, error=error.vendor_code)
            await PayOrder.filter(id=order_id, state__in=list(LIVE), check_at__not_isnull=True).update(
                check_at=now + PAUSE
            )
            return
        except GatewayError as error:
            log.info("order_not_asked", order=order.out_trade_no, error=type(error).__name__)
        later = max(next_query_at(order.created_at, order.expires_at, order.checks + 1), now + timedelta(seconds=5))
        await PayOrder.filter(id=order_id, state__in=list(LIVE), check_at__not_isnull=True).update(
            checks=order.checks + 1, check_at=later
        )

    async def refresh_by_number(self, pool: str, out_trade_no: str) -> None:
        """Query one order regardless of its state here, since a bill lists it as paid. Raises GatewayError."""
        order = await PayOrder.get_or_none(pool=pool, out_trade_no=out_trade_no)
        if order is not None and order.transaction_id is None:
            await self._query_order(order)

    async def _query_order(self, order: PayOrder) -> bool:
        """Query the platform and apply its report; True when no further query is needed. Raises GatewayError."""
        report = await self.platform.query(order.pool, order.out_trade_no)
        if report is None or report.state == "NOTPAY":
            return False
        if report.state == "CLOSED":
            await self.mark_closed(order)
            return True
        return await self._count_payment(order, report)

    async def _count_payment(self, order: PayOrder, report: TradeReport) -> bool:
        verdict = await self.settlement.apply_trade(order.pool, report)
        if not verdict.counted:  # an administrator was notified; another query would return the same
            await PayOrder.filter(id=order.id).update(check_at=None)
        return True

    async def retire_order(self, order: PayOrder) -> None:
        """Ask, then close, so that another order can take its place. Raises Unavailable."""
        try:
            if not await self._query_order(order):
                await self._close_order(order)
        except GatewayError as error:
            raise platform_busy() from error

    async def _close_order(self, order: PayOrder) -> None:
        """Close it there, then here. A payment at the last moment counts. Raises GatewayError."""
        try:
            await self.platform.close(order.pool, order.out_trade_no)
        except Rejected as error:
            if plain_code(error) == "ORDERPAID":
                await self._query_order(order)
                return
            if plain_code(error) not in ("ORDERNOTEXIST", "RESOURCENOTEXISTS", "ORDERCLOSED"):
                raise
        await self.mark_closed(order)

    async def mark_closed(self, order: PayOrder) -> None:
        now = self.deps.now()
        closed = await PayOrder.filter(id=order.id, state__in=list(LIVE)).update(
            state=OrderState.CLOSED, closed_at=now, check_at=None
        )
        if closed:
            await record(system(order.pool), now, "fee.order_closed", "pay_order", order.id)


def plain_code(error: Rejected) -> str:
    """Old and new pages spell ``ORDER_PAID`` with and without underscores."""
    return error.vendor_code.replace("_", "").upper()


def platform_busy() -> Unavailable:
    return Unavailable("支付平台暂时没有响应，请稍后再试；如已付款，稍后会自动显示。")
