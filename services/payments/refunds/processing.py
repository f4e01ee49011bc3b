"""Refunds (退款): requested by an administrator, or automatic for surplus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from domain.errors import Conflict, GatewayError, InvalidInput, NeedsOperator, NotFound, Rejected
from domain.ids import new_id
from domain.payments.fees import After
from domain.payments.lifecycles import (
    FEE,
    ORDER,
    REFUND,
    FeeEvent,
    FeeState,
    OrderEvent,
    OrderState,
    RefundEvent,
    RefundState,
)
from domain.payments.money import yuan
from models.applications import Application
from models.payments import Fee, PayOrder, Refund
from services.applications import lock
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.idempotency import once
from services.core.operator_waits import PAUSE, operator_wait
from services.core.permissions import check
from services.notifications import Notices
from services.payments.fee_owners import CourseFeeOwner
from services.payments.fees import title_of
from services.payments.invoices.transitions import request_reversal
from services.payments.refunds.outcomes import RefundOutcomes, check_choice
from services.payments.refunds.redirects import destination
from services.ports import PaymentPlatform, RefundReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REASON_BYTES = 80
"""The platform's limit in UTF-8: about 26 characters."""
TWICE = "重复缴费，自动退回"
NOT_OWED = "无需缴费，自动退回"
_LIVE = (RefundState.REQUESTED, RefundState.PROCESSING, RefundState.ABNORMAL)
_SOON, _LATER = timedelta(seconds=15), timedelta(hours=1)
_DAY = timedelta(days=1)
_EVENTS = {
    "PROCESSING": RefundEvent.ACCEPT,
    "SUCCESS": RefundEvent.FINISH,
    "ABNORMAL": RefundEvent.MARK_ABNORMAL,
    "CLOSED": RefundEvent.CLOSE,
}


def check_reason(reason: str) -> str:
    """The reason on one line. Raises InvalidInput for an empty one, or one that the platform would not accept."""
    text = " ".join(reason.split())
    if len(text) < 2 or len(text.encode()) > REASON_BYTES:
        raise InvalidInput("请用2到26个字说明退款原因，付款人会看到。", code="refund_reason", field="reason")
    return text


@dataclass(frozen=True)
class Refunds:
    deps: Deps
    notices: Notices
    platform: PaymentPlatform
    outcomes: RefundOutcomes
    courses: CourseFeeOwner

    # ---- requesting

    async def request(
        self, actor: Actor, order_id: UUID, reason: str, *, after: After = "keep", key: str | None = None
    ) -> UUID:
        """Refund an order in full; returns the refund's id. ``after`` is the consequence for the application, or for
        the place in a course.

        Raises NotFound, Conflict for an order that isn't paid or is being refunded, or where the application doesn't
        allow ``after``, InvalidInput for a bad reason.
        """
        check(actor, "payment.manage")
        text, now = check_reason(reason), self.deps.now()

        async def run() -> UUID:
            owner, order = await self._lock_owner_and_order(actor.pool, order_id)
            ORDER.next(OrderState(order.state), OrderEvent.REFUND)
            refund = await self._create_refund(order, text, now, by=actor.account_id)
            check_choice(order, owner, after)
            refund.after = after
            if after == "end":
                await self._end_owner(actor, owner, text, now)
                refund.after_at = now
            await refund.save(update_fields=["after", "after_at"])
            await record(actor, now, "fee.refund", "pay_order", order.id, amount=order.amount, reason=text, after=after)
            return refund.id

        return await once(
            owner=f"refund:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=UUID,
            run=run,
            request=f"{order_id}:{text}:{after}",
        )

    async def _lock_owner_and_order(self, pool: str, order_id: UUID) -> tuple[Application | UUID, PayOrder]:
        """The fee's owner before the order, as everywhere. Raises NotFound."""
        order = await PayOrder.get_or_none(id=order_id, pool=pool).prefetch_related("fee")
        if order is None:
            raise NotFound("找不到这笔订单，请刷新后重试。", code="order_unknown")
        owner = await self._lock_owner(order.fee)
        return owner, await PayOrder.select_for_update().get(id=order_id)

    async def _lock_owner(self, fee: Fee) -> Application | UUID:
        """The application of a fee, or the id of the enrolment in a course; locked."""
        if fee.application_id is not None:
            return await lock(fee.application_id)
        assert fee.enrolment_id is not None  # noqa: S101  # a constraint says so
        await self.courses.lock(fee.enrolment_id)
        return fee.enrolment_id

    async def _end_owner(self, actor: Actor, owner: Application | UUID, reason: str, now: datetime) -> None:
        if isinstance(owner, UUID):
            await self.courses.apply_refund(actor, owner, reason, now)
        else:
            await self.outcomes.end_application(actor, owner, reason, now)

    async def refund_surplus(self, order: PayOrder, now: datetime) -> None:
        """Refund a surplus order; inside the caller's transaction, the order locked. A second call does nothing."""
        if await Refund.exists(order_id=order.id):
            return
        fee = await Fee.get(id=order.fee_id)
        await self._create_refund(order, NOT_OWED if fee.state == FeeState.VOID else TWICE, now, by=None)
        await record(system(order.pool), now, "fee.refund", "pay_order", order.id, amount=order.amount)

    async def _create_refund(self, order: PayOrder, reason: str, now: datetime, *, by: UUID | None) -> Refund:
        """The number is derived from the order's, so that two concurrent requests can't become two refunds."""
        earlier_refunds = await Refund.filter(order_id=order.id)
        if any(refund.state in _LIVE for refund in earlier_refunds):
            raise Conflict("这笔订单正在退款，请等待退款结果。", code="refund_under_way")
        return await Refund.create(
            id=new_id(),
            pool=order.pool,
            order_id=order.id,
            out_refund_no=f"R{order.out_trade_no}-{len(earlier_refunds) + 1}",
            amount=order.amount - order.refunded,
            reason=reason,
            state=REFUND.initial,
            by=by,
            check_at=now,
            created_at=now,
        )

    # ---- sending and querying

    async def check_due(self) -> int:
        """Send requested refunds, query running ones; returns how many were due."""
        due = await rows(
            f"SELECT id FROM refund WHERE check_at <= $1 AND {not_paused('refund_check', 'id')} "
            "ORDER BY check_at LIMIT 100",
            self.deps.now(),
        )
        await process_each("refund_check", due, lambda row: self.check_refund(row["id"]))
        return len(due)

    async def check_refund(self, refund_id: UUID) -> None:
        """One step of one refund. After an unknown outcome the same number is sent again, which can't pay twice."""
        refund = await Refund.get(id=refund_id)
        if refund.state not in _LIVE:
            await Refund.filter(id=refund_id).update(check_at=None)
            return
        try:
            report = await self._query_or_send(refund)
        except NeedsOperator as error:  # says nothing about the refund: the same request may succeed later
            log.warning("refund_waits", pool=refund.pool, refund=refund.out_refund_no, vendor_code=error.vendor_code)
            await self._check_later(refund, operator_wait(error), PAUSE)
        except Rejected as error:
            await self._handle_refusal(refund, error)
        except GatewayError as error:
            await self._check_later(refund, type(error).__name__)
        else:
            if report is None:
                await self._check_later(refund, "unknown")
            else:
                await self.apply_report(refund.pool, report)

    async def _query_or_send(self, refund: Refund) -> RefundReport | None:
        if refund.state != RefundState.REQUESTED:
            report = await self.platform.query_refund(refund.pool, refund.out_refund_no)
            if report is not None or refund.accepted_at is not None:
                return report
            # refused when sent, and so unknown there: the obstacle may be gone
        order = await PayOrder.get(id=refund.order_id)
        return await self.platform.refund(
            refund.pool,
            order.transaction_id or "",
            refund.out_refund_no,
            amount=refund.amount,
            total=order.amount,
            reason=refund.reason,
        )

    async def _handle_refusal(self, refund: Refund, error: Rejected) -> None:
        if refund.state != RefundState.REQUESTED:
            log.warning("refund_waits", pool=refund.pool, refund=refund.out_refund_no, vendor_code=error.vendor_code)
            await self._check_later(refund, error.vendor_code, _DAY if refund.state == RefundState.ABNORMAL else _LATER)
            return
        log.error("refund_refused", pool=refund.pool, refund=refund.out_refund_no, vendor_code=error.vendor_code)
        async with transaction():
            locked_refund = await Refund.select_for_update().get(id=refund.id)
            if REFUND.can(RefundState(locked_refund.state), RefundEvent.MARK_ABNORMAL):
                locked_refund.state = REFUND.next(RefundState(locked_refund.state), RefundEvent.MARK_ABNORMAL)
                locked_refund.failure = error.vendor_code[:100]
                locked_refund.check_at = self.deps.now() + _DAY
                await locked_refund.save(update_fields=["state", "failure", "check_at"])

    async def _check_later(self, refund: Refund, failure: str, wait: timedelta | None = None) -> None:
        pause = wait or min(_SOON * 2 ** min(refund.checks, 8), _LATER)
        await Refund.filter(id=refund.id, state=refund.state).update(
            checks=refund.checks + 1, check_at=self.deps.now() + pause, failure=failure[:100]
        )

    # ---- reports

    async def apply_report(self, pool: str, report: RefundReport, *, notified: bool = False) -> str:
        """Apply the platform's report on a refund, in any order and repeatedly; returns a code for the event.

        ``notified``: by a notification, which may be older than our state.
        """
        refund = await Refund.get_or_none(out_refund_no=report.out_refund_no, pool=pool)
        if refund is None:
            log.error("refund_needs_operator", pool=pool, refund=report.out_refund_no, verdict="unknown_refund")
            return "unknown_refund"
        async with transaction():
            return await self._apply_locked(refund, report, self.deps.now(), notified=notified)

    async def _apply_locked(
        self, unlocked_refund: Refund, report: RefundReport, now: datetime, *, notified: bool
    ) -> str:
        # application, order, fee, refund: the order in which all payments lock their rows
        application = await self._lock_application(unlocked_refund) if unlocked_refund.after == "again" else None
        order = await PayOrder.select_for_update().get(id=unlocked_refund.order_id)
        fee = await Fee.select_for_update().get(id=order.fee_id)
        refund = await Refund.select_for_update().get(id=unlocked_refund.id)
        if report.amount != refund.amount:
            log.error("refund_needs_operator", pool=refund.pool, refund=refund.out_refund_no, verdict="mismatch")
            await Refund.filter(id=refund.id).update(failure="amount_differs", check_at=now + _LATER)
            return "mismatch"
        event = _EVENTS[report.outcome]
        if refund.redirected_at is not None:
            if (
                notified and event is RefundEvent.MARK_ABNORMAL
            ):  # may predate the redirection: only a response to a query counts
                await Refund.filter(id=refund.id, state=RefundState.PROCESSING).update(check_at=now)
                return "repeat"
            if not notified and event is RefundEvent.ACCEPT and refund.state == RefundState.ABNORMAL:
                event = RefundEvent.REDIRECT
        if not REFUND.can(RefundState(refund.state), event):
            return await self._note_repetition(refund, event, now, notified=notified)
        refund.state = REFUND.next(RefundState(refund.state), event)
        refund.refund_id = report.refund_id or refund.refund_id
        refund.accepted_at = refund.accepted_at or now
        refund.failure = report.outcome if event in (RefundEvent.MARK_ABNORMAL, RefundEvent.CLOSE) else ""
        if event is RefundEvent.MARK_ABNORMAL:
            refund.redirected_to, refund.redirected_at = "", None
        refund.check_at = _next_check(RefundState(refund.state), now)
        if event is RefundEvent.FINISH:
            refund.done_at = report.success_at or now
            await self._settle_refund(refund, order, fee, now)
            if application is not None:
                await self.outcomes.charge_again(application, refund, fee, now)
        await refund.save()
        await record(system(refund.pool), now, "fee.refund_state", "refund", refund.id, state=refund.state)
        return refund.state

    async def _lock_application(self, refund: Refund) -> Application | None:
        order = await PayOrder.get(id=refund.order_id).prefetch_related("fee")
        fee: Fee = order.fee
        return await lock(fee.application_id) if fee.application_id else None

    async def _note_repetition(self, refund: Refund, event: RefundEvent, now: datetime, *, notified: bool) -> str:
        """Known already, or outdated; a running refund is queried again."""
        if refund.state == RefundState.ABNORMAL and event is RefundEvent.MARK_ABNORMAL and not notified:
            await Refund.filter(id=refund.id).update(redirected_to="", redirected_at=None)  # it was not redirected
        if refund.state == RefundState.CLOSED and event is RefundEvent.FINISH:
            log.error("refund_needs_operator", pool=refund.pool, refund=refund.out_refund_no, verdict="closed_but_done")
            return "closed_but_done"
        if refund.state in _LIVE:
            pause = min(_SOON * 2 ** min(refund.checks, 8), _LATER)
            await Refund.filter(id=refund.id).update(
                checks=refund.checks + 1, check_at=_next_check(RefundState(refund.state), now, pause)
            )
        return "repeat"

    async def _settle_refund(self, refund: Refund, order: PayOrder, fee: Fee, now: datetime) -> None:
        order.refunded += refund.amount
        if order.refunded == order.amount:
            order.state = ORDER.next(OrderState(order.state), OrderEvent.REFUND)
        await order.save(update_fields=["refunded", "state"])
        if not order.surplus and order.state == OrderState.REFUNDED:
            fee.state = FEE.next(FeeState(fee.state), FeeEvent.REFUND)
            await fee.save(update_fields=["state"])
            await request_reversal(fee, now)
        params = {"title": title_of(self.deps, fee), "amount": yuan(refund.amount)}
        redirected_to = destination(refund.redirected_to)
        await self.notices.notify(
            pool=fee.pool,
            kind="fee_redirected" if redirected_to else "fee_refunded",
            dedupe_key=f"fee_refunded:{refund.id}",
            account_id=(order.payer_id if order.surplus else None) or fee.account_id,
            params=params | ({"to": redirected_to} if redirected_to else {"reason": refund.reason}),
        )


def _next_check(state: RefundState, now: datetime, pause: timedelta = _SOON) -> datetime | None:
    if state is RefundState.PROCESSING or state is RefundState.REQUESTED:
        return now + pause
    return now + _DAY if state is RefundState.ABNORMAL else None
