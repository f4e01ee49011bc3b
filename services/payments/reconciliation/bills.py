"""Reconciles the platform's daily trade bill with our records (对账), in both directions.

A day's bill exists after ten in the morning of the next day; missed days are caught up, as far back as the platform
keeps them. Differences are listed until an administrator records how they were resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

import structlog

from domain.clock import SHANGHAI, local
from domain.errors import GatewayError, InvalidInput, NeedsOperator, NotFound, Rejected
from domain.payments.lifecycles import RefundState
from models.payments import Bill, BillDifference, PayOrder, Refund
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import process_each
from services.core.operator_waits import operator_wait
from services.core.permissions import check
from services.payments.order_checks import OrderChecks
from services.payments.queries import DifferenceView, view_difference
from services.payments.reconciliation.bill_days import open_day
from services.ports import BillRow, PaymentPlatform, TradeBill

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BillState = Literal["waiting", "equal", "differs", "empty"]

DAYS_BACK = 89
_EDGE = timedelta(minutes=10)
"""A refund accepted this close to midnight may be in the neighbouring day's bill."""
_RETRY_AFTER = timedelta(minutes=30)


@dataclass(frozen=True)
class BillView:
    """A day for administrators; amounts in fen."""

    id: UUID
    day: date
    state: BillState
    trades: int
    received: int
    refunded: int
    open_differences: int
    compared_at: datetime | None
    failure: str


@dataclass(frozen=True)
class _Difference:
    """A difference; ``query_order``: the order should be queried."""

    kind: str
    out_trade_no: str = ""
    out_refund_no: str = ""
    transaction_id: str = ""
    ours: int | None = None
    theirs: int | None = None
    note: str = ""
    query_order: bool = False


@dataclass(frozen=True)
class BillReconciliation:
    deps: Deps
    platform: PaymentPlatform
    order_checks: OrderChecks

    # ---- automatic

    async def run_due(self) -> int:
        """Fetch and reconcile every due day, including missed ones; returns how many there were."""
        count, now = 0, self.deps.now()
        while due := await Bill.filter(check_at__lte=now).order_by("day").limit(100):
            done = await process_each("bills", due, self._process_day)
            count += len(due)
            if done < len(due):
                break
        return count

    async def _process_day(self, bill: Bill) -> None:
        now = self.deps.now()
        oldest = local(now).date() - timedelta(days=DAYS_BACK)
        # the next day first: a bill that can't be had, or is too old, must not end the chain of days
        await open_day(bill.pool, max(bill.day + timedelta(days=1), oldest))
        if bill.day < oldest:
            await Bill.filter(id=bill.id).update(check_at=None, failure="too_old")
            return
        await self.compare_day(bill.id)

    async def compare_day(self, bill_id: UUID) -> None:
        """Fetch and reconcile a day's bill. A bill that doesn't exist yet, or is unreadable, is fetched again."""
        bill = await Bill.get(id=bill_id)
        try:
            statement = await self.platform.trade_bill(bill.pool, bill.day)
        except GatewayError as error:
            await Bill.filter(id=bill_id).update(
                check_at=self.deps.now() + _RETRY_AFTER, failure=_failure_code(bill, error)
            )
            return
        differences = await self._find_differences(bill, statement)
        await self._store_differences(bill, statement, differences)
        for difference in differences:
            if difference.query_order:
                await self._query_order(bill.pool, difference.out_trade_no)

    async def _query_order(self, pool: str, out_trade_no: str) -> None:
        """The bill has a payment that we lack: query the platform and apply the result as any other."""
        try:
            await self.order_checks.refresh_by_number(pool, out_trade_no)
        except GatewayError as error:
            log.warning("order_not_asked", order=out_trade_no, error=type(error).__name__)

    async def _store_differences(self, bill: Bill, statement: TradeBill, differences: Sequence[_Difference]) -> None:
        """Differences resolved by an administrator after an earlier comparison stay resolved."""
        now = self.deps.now()
        async with transaction():
            locked_bill = await Bill.select_for_update().get(id=bill.id)
            settled = {
                _difference_key(d): d
                for d in await BillDifference.filter(bill_id=bill.id, resolved_at__not_isnull=True)
            }
            await BillDifference.filter(bill_id=bill.id, resolved_at=None).delete()
            open_differences = [difference for difference in differences if _difference_key(difference) not in settled]
            for difference in open_differences:
                await BillDifference.create(
                    bill_id=bill.id,
                    kind=difference.kind,
                    out_trade_no=difference.out_trade_no[:64],
                    out_refund_no=difference.out_refund_no[:64],
                    transaction_id=difference.transaction_id[:64],
                    ours=difference.ours,
                    theirs=difference.theirs,
                    note=difference.note[:200],
                )
            locked_bill.state = "differs" if differences else "equal" if statement.rows else "empty"
            locked_bill.trades, locked_bill.sha1 = statement.trades, statement.sha1
            locked_bill.received, locked_bill.refunded = statement.total_received, statement.total_refunded
            locked_bill.compared_at, locked_bill.check_at, locked_bill.failure = now, None, ""
            await locked_bill.save()
            await record(
                system(bill.pool),
                now,
                "bill.compared",
                "bill",
                bill.id,
                state=locked_bill.state,
                open=len(open_differences),
            )
        if open_differences:
            log.error("bill_differs", pool=bill.pool, day=str(bill.day), differences=len(open_differences))

    # ---- comparing

    async def _find_differences(self, bill: Bill, statement: TradeBill) -> list[_Difference]:
        begin = datetime.combine(bill.day, time(), SHANGHAI)
        end = begin + timedelta(days=1)
        payments = {row.out_trade_no: row for row in statement.rows if not row.out_refund_no}
        refunds = {row.out_refund_no: row for row in statement.rows if row.out_refund_no}
        differences = list(_compare_sums(statement))
        differences += await self._compare_payments(bill.pool, payments, begin, end)
        differences += await self._compare_refunds(bill.pool, refunds, begin, end)
        return differences

    async def _compare_payments(
        self, pool: str, theirs: dict[str, BillRow], begin: datetime, end: datetime
    ) -> list[_Difference]:
        differences = []
        orders_by_number = {
            known_order.out_trade_no: known_order
            for known_order in await PayOrder.filter(pool=pool, out_trade_no__in=list(theirs))
        }
        for number, row in theirs.items():
            if (order := orders_by_number.get(number)) is None:
                differences.append(
                    _Difference("unknown_here", number, "", row.transaction_id, None, row.amount, "账单有、本系统无")
                )
            elif order.transaction_id is None:
                differences.append(
                    _Difference(
                        "state",
                        number,
                        "",
                        row.transaction_id,
                        0,
                        row.amount,
                        "账单已支付、本系统未支付",
                        query_order=True,
                    )
                )
            elif order.amount != row.amount:
                differences.append(
                    _Difference("amount", number, "", row.transaction_id, order.amount, row.amount, "金额不符")
                )
        ours = PayOrder.filter(pool=pool, success_at__gte=begin, success_at__lt=end)
        for order in await ours.exclude(out_trade_no__in=[*theirs, ""]):
            number = order.transaction_id or ""
            differences.append(
                _Difference("unknown_there", order.out_trade_no, "", number, order.amount, None, "本系统有、账单无")
            )
        return differences

    async def _compare_refunds(
        self, pool: str, theirs: dict[str, BillRow], begin: datetime, end: datetime
    ) -> list[_Difference]:
        differences = []
        refunds_by_number = {
            known_refund.out_refund_no: known_refund
            for known_refund in await Refund.filter(pool=pool, out_refund_no__in=list(theirs))
        }
        for number, row in theirs.items():
            refund = refunds_by_number.get(number)
            numbers = (row.out_trade_no, number, row.transaction_id)
            if refund is None:
                differences.append(_Difference("unknown_here", *numbers, None, row.refunded, "账单有退款、本系统无"))
            elif refund.amount != row.refunded:
                differences.append(_Difference("amount", *numbers, refund.amount, row.refunded, "退款金额不符"))
            else:
                if refund.accepted_at is None or refund.state == RefundState.REQUESTED:
                    differences.append(_Difference("state", *numbers, 0, row.refunded, "账单已受理退款、本系统未受理"))
                await self._correct_day(refund, row, begin, end)
        ours = Refund.filter(pool=pool, accepted_at__gte=begin + _EDGE, accepted_at__lt=end - _EDGE)
        for refund in await ours.exclude(out_refund_no__in=[*theirs, ""]).prefetch_related("order"):
            order: PayOrder = refund.order
            numbers = (order.out_trade_no, refund.out_refund_no, order.transaction_id or "")
            differences.append(_Difference("unknown_there", *numbers, refund.amount, None, "本系统有退款、账单无"))
        return differences

    async def _correct_day(self, refund: Refund, row: BillRow, begin: datetime, end: datetime) -> None:
        """The bill's day of a refund. We may have learnt of it on a later day, whose bill doesn't contain it."""
        if refund.accepted_at is None or not begin <= refund.accepted_at < end:
            at = row.at if begin <= row.at < end else begin
            await Refund.filter(id=refund.id).update(accepted_at=at)

    # ---- by administrators

    async def list(self, actor: Actor, *, offset: int = 0, limit: int = 31) -> tuple[BillView, ...]:
        """Days, newest first."""
        check(actor, "payment.manage")
        bill_rows = await rows(
            "SELECT b.id, b.day, b.state, b.trades, b.received, b.refunded, b.compared_at, b.failure, (SELECT count(*) "
            "FROM bill_difference d WHERE d.bill_id = b.id AND d.resolved_at IS NULL) AS open_differences "
            "FROM bill b WHERE b.pool = $1 AND b.day < $4 ORDER BY b.day DESC LIMIT $2 OFFSET $3",
            actor.pool,
            limit,
            offset,
            local(self.deps.now()).date(),
        )
        return tuple(BillView(**row) for row in bill_rows)

    async def differences(self, actor: Actor, bill_id: UUID) -> tuple[DifferenceView, ...]:
        """Raises NotFound."""
        check(actor, "payment.manage")
        if not await Bill.exists(id=bill_id, pool=actor.pool):
            raise _no_bill()
        differences = await BillDifference.filter(bill_id=bill_id).order_by("kind", "id")
        return tuple(view_difference(difference) for difference in differences)

    async def resolve(self, actor: Actor, difference_id: UUID, note: str) -> None:
        """Record how a difference was resolved. Raises NotFound, InvalidInput."""
        check(actor, "payment.manage")
        text, now = " ".join(note.split()), self.deps.now()
        if not 2 <= len(text) <= 200:
            raise InvalidInput("请用2到200个字说明处理结果。", code="resolution", field="note")
        async with transaction():
            difference = await BillDifference.select_for_update().get_or_none(id=difference_id, bill__pool=actor.pool)
            if difference is None:
                raise NotFound("找不到这条差异，请刷新后重试。", code="difference_unknown")
            difference.resolution, difference.resolved_at, difference.resolved_by = text, now, actor.account_id
            await difference.save(update_fields=["resolution", "resolved_at", "resolved_by"])
            await record(actor, now, "bill.resolve", "bill", difference.bill_id, difference=str(difference.id))

    async def compare_again(self, actor: Actor, text: str) -> None:
        """Fetch and reconcile a day (``2026-11-20``) again at the next run. Raises InvalidInput for a day without
        bill."""
        check(actor, "payment.manage")
        now = self.deps.now()
        day, today = _parse_day(text), local(now).date()
        if not today - timedelta(days=DAYS_BACK) <= day < today:
            raise InvalidInput(f"只能核对昨天及之前{DAYS_BACK}天内的账单。", code="bill_day", field="day")
        async with transaction():
            await open_day(actor.pool, day, now)
            await record(actor, now, "bill.again", "bill", None, day=day.isoformat())


def _failure_code(bill: Bill, error: GatewayError) -> str:
    if isinstance(error, NeedsOperator):
        return operator_wait(error)
    if isinstance(error, Rejected):
        log.error("bill_refused", pool=bill.pool, day=str(bill.day), vendor_code=error.vendor_code)
        return error.vendor_code[:100]
    return type(error).__name__


def _compare_sums(statement: TradeBill) -> Iterator[_Difference]:
    """Compare the rows with the bill's own summary, so that half a bill isn't taken for a complete one."""
    received = sum(row.amount for row in statement.rows if not row.out_refund_no)
    refunded = sum(row.refunded for row in statement.rows)
    if received != statement.total_received:
        yield _Difference(
            "amount", ours=received, theirs=statement.total_received, note="明细合计与账单汇总的收款总额不符"
        )
    if refunded != statement.total_refunded:
        yield _Difference(
            "amount", ours=refunded, theirs=statement.total_refunded, note="明细合计与账单汇总的退款总额不符"
        )
    if len(statement.rows) != statement.trades:
        yield _Difference("amount", ours=len(statement.rows), theirs=statement.trades, note="明细笔数与账单汇总不符")


def _difference_key(difference: _Difference | BillDifference) -> tuple[str, str, str, int | None, int | None]:
    return difference.kind, difference.out_trade_no, difference.out_refund_no, difference.ours, difference.theirs


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("没有这一天，请核对日期。", code="bill_day", field="day") from error


def _no_bill() -> NotFound:
    return NotFound("找不到这天的账单，请刷新后重试。", code="bill_unknown")
