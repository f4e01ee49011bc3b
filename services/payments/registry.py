"""Use cases of payments, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_rows import not_paused
from services.core.due_tasks import DueTask, in_turns
from services.payments.fee_lookup import FeeLookup
from services.payments.fees import OPENING, Fees
from services.payments.invoices.downloads import InvoiceDownloads
from services.payments.invoices.invoices import Invoices
from services.payments.invoices.processor import InvoiceProcessor
from services.payments.order_checks import OrderChecks
from services.payments.orders import Orders
from services.payments.qr_image import PaymentQrImages
from services.payments.queries import PaymentQueries
from services.payments.reconciliation.bills import BillReconciliation
from services.payments.reconciliation.unmatched_payments import UnmatchedPayments
from services.payments.refunds.processing import Refunds
from services.payments.refunds.redirects import RefundRedirects
from services.payments.webhooks import WAITING, PaymentWebhooks


@dataclass(frozen=True)
class PaymentServices:
    queries: PaymentQueries
    lookup: FeeLookup
    orders: Orders
    order_checks: OrderChecks
    refunds: Refunds
    redirects: RefundRedirects
    invoices: Invoices
    invoice_downloads: InvoiceDownloads
    invoice_processor: InvoiceProcessor
    unmatched_payments: UnmatchedPayments
    webhooks: PaymentWebhooks
    reconciliation: BillReconciliation
    qr_images: PaymentQrImages
    fees: Fees

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("fee_open", f"EXISTS (SELECT 1 FROM fee WHERE {OPENING})", in_turns(self.fees.notify_opened)),
            DueTask("pay_events", f"EXISTS (SELECT 1 FROM pay_event WHERE {WAITING})", self.webhooks.process_due),
            DueTask("order_check", _due_condition("pay_order", "order_check"), self.order_checks.check_due),
            DueTask("refund_check", _due_condition("refund", "refund_check"), self.refunds.check_due),
            DueTask("invoice_check", _due_condition("invoice", "invoice_check"), self.invoice_processor.check_due),
            DueTask("bills", _due_condition("bill", "bills"), self.reconciliation.run_due),
        )


def _due_condition(table: str, work: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE check_at <= $1 AND {not_paused(work, 'id')})"
