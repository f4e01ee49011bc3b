"""Notifications of the payment platform: verified, stored, acknowledged; their effects are applied afterwards.

The stored events are the work queue: a row waits until ``process_event`` has applied its effects in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from domain.applications.lifecycles import ApplicationState
from domain.payments.lifecycles import FeeState, OrderState
from domain.payments.money import yuan
from models.payments import Fee, PayEvent, PayOrder
from services.applications import lock
from services.core.base import Deps, record, rows, system, transaction
from services.core.due_rows import process_each
from services.notifications import Notices
from services.payments.fee_owners import ApplicationFeeOwner, CourseFeeOwner
from services.payments.fees import close_orders_soon, title_of
from services.payments.invoices.invoices import Invoices
from services.payments.invoices.processor import InvoiceProcessor
from services.payments.refunds.processing import Refunds
from services.payments.settlement import PURPOSE, UNMATCHED, Settlement, store_event
from services.ports import PaymentPlatform, PayNotification, RefundReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


WAITING = "applied_at IS NULL AND (retry_at IS NULL OR retry_at <= $1)"
_RETRY_AFTER = timedelta(seconds=30)
_AT_ONCE = 4
_PAID_ORDER = """
SELECT o.id, o.amount, o.fee_id, f.application_id, f.enrolment_id
FROM pay_order o JOIN fee f ON f.id = o.fee_id WHERE o.out_trade_no = $1
"""


@dataclass(frozen=True)
class PaymentWebhooks:
    deps: Deps
    notices: Notices
    platform: PaymentPlatform
    settlement: Settlement
    refunds: Refunds
    invoices: Invoices
    invoice_processor: InvoiceProcessor
    entry: ApplicationFeeOwner
    courses: CourseFeeOwner

    # ---- receiving

    async def receive(self, pool: str, headers: Mapping[str, str], body: bytes) -> None:
        """Verify the raw bytes and store the content; a payment is counted in the same statement.

        Raises Forbidden or InvalidInput for a notification that isn't the platform's; then nothing is stored.
        """
        note = await self.platform.read_notification(pool, headers, body)
        if note.trade is not None:
            await self.settlement.apply_trade(pool, note.trade, kind=note.kind, plain=note.plain)
            return
        await store_event(self.deps, pool, note.kind, _event_subject(note), _stored_content(note), self.deps.now())

    # ---- processing

    async def process_due(self) -> int:
        """Process every waiting event; returns how many there were."""
        due = f"SELECT id, outcome FROM pay_event WHERE {WAITING} ORDER BY received_at LIMIT 200"
        event_rows = await rows(due, self.deps.now())
        await process_each(
            "pay_events", event_rows, lambda row: self._try_event(row["id"], bool(row["outcome"])), at_once=_AT_ONCE
        )
        return len(event_rows)

    async def _try_event(self, event_id: UUID, is_counted: bool) -> None:
        """A failing event is paused, or it would fill the log twice a second."""
        done = False
        try:
            await (self._apply_effects(event_id) if is_counted else self.process_event(event_id))
            done = True
        finally:
            if not done:
                await PayEvent.filter(id=event_id, applied_at=None).update(retry_at=self.deps.now() + _RETRY_AFTER)

    async def process_event(self, event_id: UUID) -> None:
        """Apply all effects of one event. Harmless to repeat, and to run twice at once."""
        event = await PayEvent.get(id=event_id)
        if event.applied_at is not None:
            return
        if event.outcome:
            await self._apply_effects(event_id)
            return
        word = await self._apply_report(event)
        await PayEvent.filter(id=event_id, applied_at=None).update(applied_at=self.deps.now(), outcome=word)

    async def _apply_effects(self, event_id: UUID) -> None:
        async with transaction():
            event = await PayEvent.select_for_update().get(id=event_id)
            if event.applied_at is not None:
                return
            now = self.deps.now()
            if event.outcome == "paid":
                await self._apply_payment_effects(event, now)
            elif event.outcome == "surplus":
                order = await PayOrder.select_for_update().get(out_trade_no=event.subject)
                if order.state == OrderState.PAID:
                    await self.refunds.refund_surplus(order, now)
            elif event.outcome in UNMATCHED:
                await record(
                    system(event.pool), now, "fee.unmatched_payment", "pay_event", event.id, verdict=event.outcome
                )
            event.applied_at = now
            await event.save(update_fields=["applied_at"])

    async def _apply_payment_effects(self, event: PayEvent, now: datetime) -> None:
        (order,) = await rows(_PAID_ORDER, event.subject)
        # the owner first, in the order in which all payments lock their rows
        application = await lock(order["application_id"]) if order["application_id"] else None
        if order["enrolment_id"]:
            await self.courses.lock(order["enrolment_id"])
        fee = await Fee.get(id=order["fee_id"])
        await record(
            system(fee.pool),
            now,
            "fee.paid",
            "fee",
            fee.id,
            order=event.subject,
            amount=order["amount"],
            source=event.kind,
        )
        await close_orders_soon(fee.id, now, but=order["id"])
        await self.invoices.begin(fee, now)
        await self.notices.notify(
            pool=fee.pool,
            kind="fee_paid",
            account_id=fee.account_id,
            dedupe_key=f"fee_paid:{fee.id}",
            params={
                "title": title_of(self.deps, fee),
                "amount": yuan(fee.amount),
                "number": fee.expert_number,
            },
        )
        if fee.state != FeeState.PAID:
            return
        if application is not None and application.state == ApplicationState.FEE:
            await self.entry.advance(application, now)
        elif order["enrolment_id"]:
            await self.courses.apply_payment(order["enrolment_id"], now)

    async def _apply_report(self, event: PayEvent) -> str:
        """The report of a refund or an invoice; an unknown kind is only stored."""
        content: dict[str, Any] = json.loads(self.deps.keys.open_text(event.payload_sealed, PURPOSE))
        if "refund" in content:
            at = content["refund"]["success_at"]
            when = datetime.fromisoformat(at) if at else None
            report = RefundReport(**{**content["refund"], "success_at": when})
            return await self.refunds.apply_report(event.pool, report, notified=True)
        if "invoice" in content:
            return await self.invoice_processor.refresh(event.pool, content["invoice"]["apply_id"])
        log.info("pay_event_kept", kind=event.kind)
        return "kept"


def _event_subject(note: PayNotification) -> str:
    if note.refund is not None:
        return note.refund.out_refund_no
    return note.invoice_apply_id or note.event_id


def _stored_content(note: PayNotification) -> str:
    """Our parsed report together with the platform's original text."""
    content: dict[str, Any] = {"plain": note.plain}
    if note.refund is not None:
        at = note.refund.success_at
        content["refund"] = {**note.refund.__dict__, "success_at": at.isoformat() if at else None}
    if note.invoice_apply_id:
        content["invoice"] = {"apply_id": note.invoice_apply_id}
    return json.dumps(content, ensure_ascii=False)
