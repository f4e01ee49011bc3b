"""Changes of an invoice's row between requests to the platform and mails: its next state, its next check."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from domain.errors import NeedsOperator
from domain.payments.lifecycles import InvoiceEvent
from models.payments import Fee, Invoice
from services.core.base import transaction
from services.core.operator_waits import PAUSE, operator_wait
from services.payments.invoices.transitions import can_apply, lock_invoice, set_next_state

SHORTEST, LONGEST = timedelta(seconds=20), timedelta(hours=6)
"""Pauses between two checks; each is twice as long as the one before."""


async def move_invoice(invoice_id: UUID, event: InvoiceEvent, **columns: object) -> bool:
    """Apply an event under a row lock; False when the state no longer permits it."""
    async with transaction():
        invoice = await lock_invoice(invoice_id)
        if not can_apply(invoice, event):
            return False
        set_next_state(invoice, event, **columns)
        await invoice.save()
        return True


async def stop_checking(invoice: Invoice, _fee: Fee) -> None:
    """Check it no more until a person or the platform changes it."""
    await unchanged_row(invoice).update(check_at=None)


async def check_later(invoice: Invoice, failure: str, now: datetime, pause: timedelta | None = None) -> timedelta:
    """Check again after ``pause``, or after one that grows with the number of checks; returns it."""
    pause = pause or min(SHORTEST * 2 ** min(invoice.checks, 10), LONGEST)
    await unchanged_row(invoice).update(checks=invoice.checks + 1, check_at=now + pause, failure=failure[:100])
    return pause


async def wait_for_operator(invoice: Invoice, error: NeedsOperator, now: datetime) -> timedelta:
    """Check again soon, as often as it takes. It counts as no check: the platform has told nothing about the
    invoice."""
    await unchanged_row(invoice).update(check_at=now + PAUSE, failure=operator_wait(error))
    return PAUSE


def unchanged_row(invoice: Invoice) -> QuerySet[Invoice]:
    """The row, unless it was uploaded, corrected or requested since it was read.

    Mailing and querying take time, and changes made meanwhile must not be overwritten.
    """
    return Invoice.filter(
        id=invoice.id,
        state=invoice.state,
        email_sealed=invoice.email_sealed,
        mailings=invoice.mailings,
        check_at=invoice.check_at,
    )
