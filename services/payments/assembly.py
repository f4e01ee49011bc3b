"""Everything on payments put together, as edges and the container get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.core.base import Deps
from services.core.batches import not_paused
from services.core.due_tasks import DueTask
from services.files.sealed_files import SealedFiles
from services.notifications.notices import Notifier
from services.payments.fees import Fees
from services.payments.invoices.outbound_email import Letters
from services.payments.invoices.processor import Invoicing
from services.payments.invoices.requests import Invoices
from services.payments.orders import Orders
from services.payments.qr_image import PayPictures
from services.payments.queries import Payments
from services.payments.reconciliation.bills import Bills
from services.payments.reconciliation.unmatched_payments import Alarms
from services.payments.refunds.outcomes import Afterwards
from services.payments.refunds.processing import Refunds
from services.payments.refunds.redirects import Redirects
from services.payments.settlement import Settle
from services.payments.webhooks import WAITING, Passing, PayEvents
from services.ports import ChatWindows, Mailer, OfficialAccountSender, PaymentPlatform, Printer


@dataclass(frozen=True)
class PayDesk:
    reading: Payments
    orders: Orders
    refunds: Refunds
    redirects: Redirects
    invoices: Invoices
    invoicing: Invoicing
    alarms: Alarms
    events: PayEvents
    bills: Bills
    pictures: PayPictures
    duties: Sequence[DueTask]
    """The deadlines of fees, orders, refunds, invoices and bills."""


@dataclass(frozen=True)
class Outside:
    """What payments need from outside."""

    platform: PaymentPlatform
    store: SealedFiles
    printer: Printer
    mailer: Mailer
    official: OfficialAccountSender
    windows: ChatWindows


def make_desk(deps: Deps, notices: Notifier, fees: Fees, entry: Passing, outside: Outside) -> PayDesk:
    settle = Settle(deps, outside.platform)
    orders = Orders(deps, outside.platform, settle)
    refunds = Refunds(deps, notices, outside.platform, Afterwards(deps, notices, fees))
    invoices = Invoices(deps, notices, outside.platform, outside.store, outside.printer)
    letters = Letters(deps, outside.mailer)
    invoicing = Invoicing(deps, notices, outside.platform, outside.store, outside.printer, letters)
    events = PayEvents(deps, notices, outside.platform, settle, refunds, invoices, invoicing, entry)
    bills = Bills(deps, outside.platform, orders)
    opened = "EXISTS (SELECT 1 FROM fee WHERE state = 'due' AND told_at IS NULL AND opens_at <= $1)"
    duties = (
        DueTask("fee_open", opened, fees.tell_opened),
        DueTask("pay_events", f"EXISTS (SELECT 1 FROM pay_event WHERE {WAITING})", events.carry_out_due),
        DueTask("order_check", _due("pay_order", "order_check"), orders.check_due),
        DueTask("refund_check", _due("refund", "refund_check"), refunds.check_due),
        DueTask("invoice_check", _due("invoice", "invoice_check"), invoicing.check_due),
        DueTask("bills", _due("bill", "bills"), bills.run_due),
    )
    pictures = PayPictures(deps, orders, outside.printer, outside.official, outside.windows)
    return PayDesk(
        Payments(deps), orders, refunds, Redirects(deps, outside.platform), invoices, invoicing, Alarms(deps), events,
        bills, pictures, duties,
    )  # fmt: skip


def _due(table: str, work: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE check_at <= $1 AND {not_paused(work, 'id')})"
