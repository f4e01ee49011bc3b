"""State changes of invoices; everything here runs inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.ids import new_id
from domain.payments.lifecycles import INVOICE, FeeState, InvoiceEvent, InvoiceState
from domain.payments.money import yuan
from models.payments import Fee, Invoice
from services.core.base import Actor, Deps, record
from services.notifications import Notices
from services.payments.fees import rules_of, title_of

REFUNDED = "refunded"
"""Failure code of an invoice whose fee was refunded: none is issued, or the issued one is to be reversed."""
FOLLOWS = "reversed"
"""Failure code of an invoice that follows a reversed one: it waits until its data are confirmed."""


async def lock_invoice(invoice_id: UUID) -> Invoice:
    return await Invoice.select_for_update().get(id=invoice_id)


def set_next_state(invoice: Invoice, event: InvoiceEvent, **columns: object) -> None:
    """Apply an event to a locked row, unsaved. Raises Conflict where the state doesn't permit it."""
    invoice.state = INVOICE.next(InvoiceState(invoice.state), event)
    invoice.update_from_dict(columns)


def can_apply(invoice: Invoice, event: InvoiceEvent) -> bool:
    return INVOICE.can(InvoiceState(invoice.state), event)


def is_being_issued(invoice: Invoice) -> bool:
    """Whether the platform may be issuing it: no other data may be sent before that is known."""
    requested = invoice.state == InvoiceState.WANTED and invoice.fapiao_id != "" and invoice.issued_by == "wechat"
    return requested or invoice.state == InvoiceState.APPLIED


def issue_time(deps: Deps, fee: Fee) -> datetime:
    """When WeChat Pay is requested to issue the invoice of a paid fee: its owner can enter a title until then."""
    return (fee.paid_at or fee.created_at) + rules_of(deps, fee.pool).invoice.correctable_for


def may_still_be_issued(invoice: Invoice) -> bool:
    """Whether the platform may still report it as issued, even after it was abandoned or its fee refunded."""
    return is_being_issued(invoice) or (invoice.state == InvoiceState.FAILED and invoice.fapiao_id != "")


async def request_reversal(fee: Fee, now: datetime) -> None:
    """The fee was refunded, its row locked: no invoice is issued any more, and an issued one is reversed.

    The platform reverses its own; those of the office wait for the office.
    """
    invoice = await Invoice.filter(fee_id=fee.id).exclude(state=InvoiceState.REVERSED).select_for_update().first()
    if invoice is None:
        return
    match InvoiceState(invoice.state):
        case InvoiceState.WANTED if is_being_issued(invoice):
            set_next_state(invoice, InvoiceEvent.APPLY, failure=REFUNDED, check_at=now, checks=0)
        case InvoiceState.WANTED:
            set_next_state(invoice, InvoiceEvent.FAIL, failure=REFUNDED, check_at=None)
        case InvoiceState.ISSUED | InvoiceState.SENT if invoice.issued_by == "wechat":
            begin_reversal(invoice, "service_ended", now)
        case InvoiceState.FAILED | InvoiceState.APPLIED | InvoiceState.ISSUED | InvoiceState.SENT:
            invoice.failure = REFUNDED
    await invoice.save()


def begin_reversal(invoice: Invoice, reason: str, now: datetime, *, by: UUID | None = None, note: str = "") -> None:
    """Prepare the platform's reversal, on a locked row, unsaved. Raises Conflict."""
    set_next_state(
        invoice,
        InvoiceEvent.REQUEST_REVERSAL,
        reverse_reason=reason,
        reverse_by=by,
        reverse_note=note,
        reverse_asked_at=None,
        check_at=now,
        checks=0,
        failure="",
    )


async def finish_reversal(
    deps: Deps, notices: Notices, actor: Actor, invoice: Invoice, red_number: str, now: datetime
) -> None:
    """The reversal is complete, the row locked: notify the person, who may get another invoice while the fee is
    paid."""
    set_next_state(
        invoice, InvoiceEvent.REVERSE, red_number=red_number[:40], reversed_at=now, check_at=now, checks=0, failure=""
    )
    await invoice.save()
    fee = await Fee.get(id=invoice.fee_id)
    await record(actor, now, "invoice.reverse", "invoice", invoice.id, note=invoice.reverse_note)
    await notices.notify(
        pool=fee.pool,
        kind="invoice_reversed",
        account_id=fee.account_id,
        dedupe_key=f"invoice_reversed:{invoice.id}",
        params={
            "title": title_of(deps, fee),
            "amount": yuan(fee.amount),
            "number": invoice.number or "-",
        },
    )
    if fee.state == FeeState.PAID:
        await Invoice.create(
            id=new_id(),
            pool=fee.pool,
            fee_id=fee.id,
            title=invoice.title,
            taxpayer_id=invoice.taxpayer_id,
            email_sealed=invoice.email_sealed,
            issued_by=invoice.issued_by,
            state=InvoiceState.FAILED,
            failure=FOLLOWS,
            receipt_sent_at=invoice.receipt_sent_at,
            created_at=now,
        )
