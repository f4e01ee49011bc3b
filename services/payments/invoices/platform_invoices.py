"""Issues and reverses invoices with WeChat Pay.

The platform's notifications of an invoice contain too little, so each causes a query, and ``_apply_report`` is the only
place where its reports are applied. Our number is stored in the row before any request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from domain.errors import Rejected, Transient
from domain.ids import new_id
from domain.payments.lifecycles import FeeState, InvoiceEvent, InvoiceState
from models.payments import Fee, Invoice
from services.core.base import Deps, system, transaction
from services.core.limits import DAY
from services.files import SealedFiles, new_key
from services.notifications import Notices
from services.payments.fees import rules_of
from services.payments.invoices.row_changes import SHORTEST, check_later, move_invoice, stop_checking, unchanged_row
from services.payments.invoices.transitions import (
    REFUNDED,
    begin_reversal,
    can_apply,
    finish_reversal,
    is_being_issued,
    issue_time,
    lock_invoice,
    may_still_be_issued,
    set_next_state,
)
from services.payments.receipt import counted_order
from services.ports import InvoiceReport, InvoiceRequest, PaymentPlatform, Reversal, ReverseReason

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_REVERSAL_RETRY_AFTER = timedelta(minutes=5)
"""The platform's minimum time between two requests to reverse one invoice."""
_KNOWN_BY = 8
"""Number of queries after which an invoice unknown to the platform is considered lost."""


@dataclass(frozen=True)
class PlatformInvoices:
    deps: Deps
    notices: Notices
    platform: PaymentPlatform
    store: SealedFiles

    # ---- issuing

    async def request_invoice(self, invoice: Invoice, fee: Fee) -> None:
        """Request it from WeChat Pay, where that issues invoices; the same numbers identify the same invoice.

        Not before its owner has had the time to enter a title.
        """
        if invoice.issued_by == "wechat" and self.deps.now() < (issue_at := issue_time(self.deps, fee)):
            await unchanged_row(invoice).update(check_at=issue_at)
            return
        claimed_invoice = await self._claim_numbers(invoice.id) if invoice.issued_by == "wechat" else None
        if claimed_invoice is None:
            await stop_checking(invoice, fee)
            return
        rules = rules_of(self.deps, invoice.pool).invoice
        request = InvoiceRequest(
            claimed_invoice.apply_id,
            claimed_invoice.fapiao_id,
            claimed_invoice.title,
            claimed_invoice.taxpayer_id,
            self.deps.keys.read(claimed_invoice.email_sealed, "email"),
            fee.amount,
            rules.goods_name,
            rules.tax_code,
            rules.tax_rate,
        )
        try:
            await self.platform.issue_invoice(invoice.pool, request)
        except Rejected as error:
            log.error("invoice_refused", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
            await move_invoice(invoice.id, InvoiceEvent.FAIL, failure=error.vendor_code[:100], check_at=None)
            return
        await move_invoice(invoice.id, InvoiceEvent.APPLY, check_at=self.deps.now() + SHORTEST, checks=0, failure="")

    async def _claim_numbers(self, invoice_id: UUID) -> Invoice | None:
        """The row with the numbers for its request; None: it is no longer wanted."""
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            order = await counted_order(invoice.fee_id)
            if invoice.state != InvoiceState.WANTED or order is None or order.transaction_id is None:
                return None
            if not await Fee.exists(id=invoice.fee_id, state=FeeState.PAID):
                return None
            # the payment's own number, so that WeChat needs no consent of the buyer's; ours has at most 32 characters
            invoice.apply_id = order.transaction_id
            invoice.fapiao_id = invoice.fapiao_id or new_id().hex
            await invoice.save(update_fields=["apply_id", "fapiao_id"])
            return invoice

    async def query_invoice(self, invoice: Invoice, fee: Fee) -> None:
        report = await self.platform.query_invoice(invoice.pool, invoice.apply_id, invoice.fapiao_id)
        if report is None and invoice.checks >= _KNOWN_BY:
            failure = REFUNDED if fee.state == FeeState.REFUNDED else "unknown_there"
            await move_invoice(invoice.id, InvoiceEvent.FAIL, failure=failure, check_at=None)
        elif report is None or not await self._apply_report(invoice, report):
            await check_later(invoice, "", self.deps.now())

    async def _apply_report(self, invoice: Invoice, report: InvoiceReport) -> bool:
        """Apply the platform's report on an invoice; True when its state changed. Its file is fetched outside a
        transaction."""
        if report.status == "issued" and may_still_be_issued(invoice):
            content = await self.platform.invoice_file(invoice.pool, invoice.apply_id, invoice.fapiao_id)
            key = new_key(invoice.pool, self.deps.now())
            await self.store.put(key, content)
            return await self._record_issue(invoice.id, key, report)
        if report.status == "failed" and is_being_issued(invoice):
            log.error("invoice_failed", pool=invoice.pool, invoice=str(invoice.id))
            return await move_invoice(invoice.id, InvoiceEvent.FAIL, failure="ISSUE_FAILED", check_at=None)
        if report.status == "reversed":
            return await self._record_reversal(invoice.id, report)
        return False

    async def _record_issue(self, invoice_id: UUID, key: str, report: InvoiceReport) -> bool:
        """It is issued. If the fee was refunded meanwhile it is reversed at once."""
        now = self.deps.now()
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            if not may_still_be_issued(invoice):
                return False
            set_next_state(
                invoice,
                InvoiceEvent.ISSUE,
                key=key,
                number=report.number[:40],
                code=report.code[:20],
                check_at=now,
                checks=0,
                failure="",
            )
            if await Fee.exists(id=invoice.fee_id, state=FeeState.REFUNDED):
                begin_reversal(invoice, "service_ended", now)
            await invoice.save()
            return True

    async def refresh(self, pool: str, apply_id: str) -> str:
        """The platform notified of an application's invoices: query them. Raises GatewayError on failure."""
        invoices = await Invoice.filter(pool=pool, apply_id=apply_id, issued_by="wechat").exclude(fapiao_id="")
        for invoice in invoices:
            report = await self.platform.query_invoice(pool, apply_id, invoice.fapiao_id)
            if report is not None:
                await self._apply_report(invoice, report)
        return "asked" if invoices else "unknown_invoice"

    # ---- reversing

    async def reverse_invoice(self, invoice: Invoice, _fee: Fee) -> None:
        """Query first, then request, then only wait: a request is repeated when the platform shows no trace of it."""
        report = await self.platform.query_invoice(invoice.pool, invoice.apply_id, invoice.fapiao_id)
        now, requested_at = self.deps.now(), invoice.reverse_asked_at
        if report is None:
            await check_later(invoice, "unknown_there", now)
        elif report.status == "reversed":
            await self._record_reversal(invoice.id, report)
        elif report.status == "reverse_failed" and requested_at is not None:
            log.error("invoice_not_reversed", pool=invoice.pool, invoice=str(invoice.id))
            await move_invoice(invoice.id, InvoiceEvent.FAIL_REVERSAL, failure="REVERSE_FAILED", check_at=now + DAY)
        elif report.status in ("issued", "reverse_failed") and (
            requested_at is None or now - requested_at >= _REVERSAL_RETRY_AFTER
        ):
            await self._request_reversal(invoice, report)
        else:
            await check_later(invoice, "", now)

    async def _request_reversal(self, invoice: Invoice, report: InvoiceReport) -> None:
        if not await unchanged_row(invoice).update(reverse_asked_at=self.deps.now()):
            return
        reason: ReverseReason = "issue_error" if invoice.reverse_reason == "issue_error" else "service_ended"
        reversal = Reversal(
            invoice.apply_id, invoice.fapiao_id, report.code or invoice.code, report.number or invoice.number, reason
        )
        try:
            await self.platform.reverse_invoice(invoice.pool, reversal)
        except Transient:  # not accepted, so an earlier failure still shown doesn't belong to this request
            await unchanged_row(invoice).update(reverse_asked_at=None)
            raise
        except Rejected as error:
            log.error("invoice_not_reversed", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
            await move_invoice(
                invoice.id, InvoiceEvent.FAIL_REVERSAL, failure=error.vendor_code[:100], check_at=self.deps.now() + DAY
            )
            return
        await check_later(invoice, "", self.deps.now())

    async def retry_reversal(self, invoice: Invoice, _fee: Fee) -> None:
        """Yesterday's obstacle may be gone: the tax platform was unavailable, or the buyer has confirmed."""
        await move_invoice(
            invoice.id,
            InvoiceEvent.REQUEST_REVERSAL,
            reverse_asked_at=None,
            check_at=self.deps.now(),
            checks=0,
            failure="",
        )

    async def _record_reversal(self, invoice_id: UUID, report: InvoiceReport) -> bool:
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            if not can_apply(invoice, InvoiceEvent.REVERSE):
                return False
            invoice.number = invoice.number or report.number[:40]
            await finish_reversal(
                self.deps, self.notices, system(invoice.pool), invoice, report.red_number, self.deps.now()
            )
            return True
