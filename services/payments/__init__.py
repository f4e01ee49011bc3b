"""Fees and their payment.

``fees`` defines amounts due and their windows; ``orders`` creates and tracks orders at the platform; ``settlement`` is
the only place where received money is counted; ``refunds`` sends it back; ``invoices`` mails receipts and invoices;
``webhooks`` receives notifications; ``reconciliation`` compares our records with the platform's; ``queries`` has the
views.

Rows are locked in this order: application, order, fee, refund or invoice.
"""

from services.payments.fee_owners import ApplicationFeeOwner, CourseFeeOwner
from services.payments.fees import Fees, close_orders_soon, print_deadline, title_of
from services.payments.invoices.invoices import PDF_BYTES, REVERSAL_NOTE_CHARS
from services.payments.orders import PayableOrder
from services.payments.queries import (
    ABNORMAL,
    REVERSIBLE,
    TO_MAKE,
    DifferenceView,
    FeeView,
    InvoiceMaker,
    InvoiceView,
    OrderFilter,
    OrderRow,
    mask_email,
)
from services.payments.receipt import prove_receipt
from services.payments.reconciliation.bills import BillState, BillView
from services.payments.reconciliation.unmatched_payments import (
    OPEN,
    RESOLUTION_CHARS,
    UnmatchedFilter,
    UnmatchedPayment,
)
from services.payments.refunds.outcomes import RefundOutcomes
from services.payments.refunds.processing import check_reason
from services.payments.refunds.redirects import BANKS, Destination, check_card
from services.payments.registry import PaymentServices
from services.payments.webhooks import PaymentWebhooks

__all__ = [
    "ABNORMAL",
    "BANKS",
    "OPEN",
    "PDF_BYTES",
    "RESOLUTION_CHARS",
    "REVERSAL_NOTE_CHARS",
    "REVERSIBLE",
    "TO_MAKE",
    "ApplicationFeeOwner",
    "BillState",
    "BillView",
    "CourseFeeOwner",
    "Destination",
    "DifferenceView",
    "FeeView",
    "Fees",
    "InvoiceMaker",
    "InvoiceView",
    "OrderFilter",
    "OrderRow",
    "PayableOrder",
    "PaymentServices",
    "PaymentWebhooks",
    "RefundOutcomes",
    "UnmatchedFilter",
    "UnmatchedPayment",
    "check_card",
    "check_reason",
    "close_orders_soon",
    "mask_email",
    "print_deadline",
    "prove_receipt",
    "title_of",
]
