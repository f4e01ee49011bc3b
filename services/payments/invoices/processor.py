"""Processes invoices step by step: mail the receipt, request, fetch, mail, reverse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from uuid import UUID

import structlog

from domain.errors import GatewayError, NeedsOperator, Rejected, Unavailable
from domain.payments.lifecycles import InvoiceState
from models.payments import Fee, Invoice
from services.core.base import Deps, execute, rows
from services.core.due_rows import not_paused, process_each
from services.core.limits import DAY
from services.files import FileLost
from services.payments.invoices.mailing import InvoiceMailing, MailInHand
from services.payments.invoices.outbound_email import LEASE_TTL
from services.payments.invoices.platform_invoices import PlatformInvoices
from services.payments.invoices.row_changes import check_later, stop_checking, wait_for_operator

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_CHECK_BY = "UPDATE invoice SET check_at = least(coalesce(check_at, $2), $2) WHERE id = $1 AND receipt_sent_at IS NULL"
Step = Callable[[Invoice, Fee], Awaitable[None]]


@dataclass(frozen=True)
class InvoiceProcessor:
    deps: Deps
    platform: PlatformInvoices
    mailing: InvoiceMailing

    @cached_property
    def _steps(self) -> Mapping[InvoiceState, Step]:
        return {
            InvoiceState.WANTED: self.platform.request_invoice,
            InvoiceState.APPLIED: self.platform.query_invoice,
            InvoiceState.ISSUED: self.mailing.mail_invoice,
            InvoiceState.SENT: self.mailing.mail_invoice_again,
            InvoiceState.REVERSING: self.platform.reverse_invoice,
            InvoiceState.STUCK: self.platform.retry_reversal,
            InvoiceState.REVERSED: self.mailing.mail_reversal,
        }

    async def check_due(self) -> int:
        """Take the next step of every due invoice; returns how many there were."""
        due = await rows(
            f"SELECT id FROM invoice WHERE check_at <= $1 AND {not_paused('invoice_check', 'id')} "
            "ORDER BY check_at LIMIT 50",
            self.deps.now(),
        )
        await process_each("invoice_check", due, lambda row: self.check_invoice(row["id"]))
        return len(due)

    async def check_invoice(self, invoice_id: UUID) -> None:
        """The receipt, and the next step; each may fail without the other, and is tried again in growing pauses."""
        invoice = await Invoice.get(id=invoice_id)
        fee = await Fee.get(id=invoice.fee_id)
        receipt_pause = None
        if invoice.receipt_sent_at is None and invoice.email_sealed and invoice.state != InvoiceState.REVERSED:
            receipt_pause = await self._try_step(invoice, fee, self.mailing.mail_receipt)
            invoice = await Invoice.get(id=invoice_id)
            if receipt_pause is None and invoice.receipt_sent_at is None:
                receipt_pause = timedelta()  # the address was changed meanwhile
        await self._try_step(invoice, fee, self._steps.get(InvoiceState(invoice.state), stop_checking))
        if receipt_pause is not None:
            await execute(_CHECK_BY, invoice_id, self.deps.now() + receipt_pause)

    async def _try_step(self, invoice: Invoice, fee: Fee, work: Step) -> timedelta | None:
        """None: done; else the pause until the next try, which is stored in the row."""
        try:
            await work(invoice, fee)
        except Rejected as error:
            log.error("invoice_refused", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
            return await check_later(invoice, error.vendor_code, self.deps.now(), DAY)
        except MailInHand:
            return await check_later(invoice, "", self.deps.now(), LEASE_TTL)
        except NeedsOperator as error:
            return await wait_for_operator(invoice, error, self.deps.now())
        except (GatewayError, Unavailable) as error:
            return await check_later(invoice, type(error).__name__, self.deps.now())
        except FileLost:
            log.exception("invoice_file_lost", pool=invoice.pool, invoice=str(invoice.id))
            return await check_later(invoice, "file_lost", self.deps.now(), DAY)
        return None

    async def refresh(self, pool: str, apply_id: str) -> str:
        """The platform notified of an application's invoices: query them. Raises GatewayError on failure."""
        return await self.platform.refresh(pool, apply_id)
