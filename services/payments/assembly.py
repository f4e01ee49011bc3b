"""Builds the services of payments, for edges and the container."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_rows import not_paused
from services.core.due_tasks import DueTask, in_turns
from services.files import SealedFiles
from services.notifications import Notices
from services.payments.fee_lookup import FeeLookup
from services.payments.fee_owners import ApplicationFeeOwner, CourseFeeOwner
from services.payments.fees import OPENING, Fees
from services.payments.invoices.downloads import InvoiceDownloads
from services.payments.invoices.invoices import Invoices
from services.payments.invoices.outbound_email import OutboundEmails
from services.payments.invoices.processor import InvoiceProcessor
from services.payments.order_checks import OrderChecks
from services.payments.orders import Orders
from services.payments.qr_image import PaymentQrImages
from services.payments.queries import PaymentQueries
from services.payments.reconciliation.bills import BillReconciliation
from services.payments.reconciliation.unmatched_payments import UnmatchedPayments
from services.payments.refunds.outcomes import RefundOutcomes
from services.payments.refunds.processing import Refunds
from services.payments.refunds.redirects import RefundRedirects
from services.payments.settlement import Settlement
from services.payments.webhooks import WAITING, PaymentWebhooks
from services.ports import ChatWindows, DocumentRenderer, Mailer, OfficialAccountSender, PaymentPlatform


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
    due_tasks: Sequence[DueTask]
    """Due tasks of fees, orders, refunds, invoices and bills."""


@dataclass(frozen=True)
class PaymentPorts:
    """Outside dependencies of payments."""

    platform: PaymentPlatform
    store: SealedFiles
    renderer: DocumentRenderer
    mailer: Mailer
    official: OfficialAccountSender
    windows: ChatWindows


def build(
    deps: Deps, notices: Notices, fees: Fees, entry: ApplicationFeeOwner, courses: CourseFeeOwner, outside: PaymentPorts
) -> PaymentServices:
    settlement = Settlement(deps, outside.platform)
    order_checks = OrderChecks(deps, outside.platform, settlement)
    orders = Orders(deps, outside.platform, order_checks)
    refunds = Refunds(deps, notices, outside.platform, RefundOutcomes(deps, notices, fees), courses)
    invoices = Invoices(deps, notices, outside.platform, outside.store)
    outbound_email = OutboundEmails(deps, outside.mailer)
    invoice_processor = InvoiceProcessor(
        deps, notices, outside.platform, outside.store, outside.renderer, outbound_email
    )
    webhooks = PaymentWebhooks(
        deps, notices, outside.platform, settlement, refunds, invoices, invoice_processor, entry, courses
    )
    bills = BillReconciliation(deps, outside.platform, order_checks)
    due_tasks = (
        DueTask("fee_open", f"EXISTS (SELECT 1 FROM fee WHERE {OPENING})", in_turns(fees.notify_opened)),
        DueTask("pay_events", f"EXISTS (SELECT 1 FROM pay_event WHERE {WAITING})", webhooks.process_due),
        DueTask("order_check", _due("pay_order", "order_check"), order_checks.check_due),
        DueTask("refund_check", _due("refund", "refund_check"), refunds.check_due),
        DueTask("invoice_check", _due("invoice", "invoice_check"), invoice_processor.check_due),
        DueTask("bills", _due("bill", "bills"), bills.run_due),
    )
    qr_images = PaymentQrImages(deps, orders, outside.renderer, outside.official, outside.windows)
    return PaymentServices(
        PaymentQueries(deps),
        FeeLookup(deps),
        orders,
        order_checks,
        refunds,
        RefundRedirects(deps, outside.platform),
        invoices,
        InvoiceDownloads(deps, outside.store, outside.renderer),
        invoice_processor,
        UnmatchedPayments(deps),
        webhooks,
        bills,
        qr_images,
        due_tasks,
    )


def _due(table: str, work: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE check_at <= $1 AND {not_paused(work, 'id')})"
