"""Fees, their orders, and the payment platform's reports. Amounts are integer fen.

Rows that are due are found by partial indexes, see the baseline migration; each index here costs every payment a write.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Fee(Row):
    """An amount that a person owes. The first paid order pays it; any other payment is surplus and is refunded.

    It belongs to an application or to an enrolment in a course, each of which has at most one fee due or paid at a
    time; another may follow one that was refunded.
    """

    pool = fields.CharField(32)
    kind = fields.CharField(20)
    """``training`` (培训费, of an application) or ``course``."""
    application: Any = fields.ForeignKeyField(
        "models.Application", on_delete=fields.RESTRICT, null=True, related_name="fees"
    )
    application_id: UUID | None
    enrolment: Any = fields.ForeignKeyField(
        "models.CourseEnrolment", on_delete=fields.RESTRICT, null=True, related_name="fees"
    )
    enrolment_id: UUID | None
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="fees")
    account_id: UUID
    """The debtor; anyone may pay."""
    title = fields.CharField(60, default="", db_default="")
    """Purpose of the fee; empty: the rulebook's name of the fee."""
    expert_number = fields.CharField(32)
    amount = fields.IntField()
    opens_at = fields.DatetimeField()
    closes_at = fields.DatetimeField(null=True)
    state = fields.CharField(12)
    notified_at = fields.DatetimeField(null=True)
    """When the person was notified that the fee can be paid."""
    paid_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "fee"
        indexes = (("pool", "expert_number"), ("application_id",), ("enrolment_id",))


class PayOrder(Row):
    """One order at the platform. ``trade``: native (QR code), jsapi (official account's page) or mini.

    ``surplus``: paid although the fee was paid already; it is refunded in full automatically.
    """

    pool = fields.CharField(32)
    fee: Any = fields.ForeignKeyField("models.Fee", on_delete=fields.RESTRICT, related_name="orders")
    fee_id: UUID
    out_trade_no = fields.CharField(32, unique=True)
    trade = fields.CharField(8)
    payer: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, null=True)
    payer_id: UUID | None
    appid = fields.CharField(64)
    openid = fields.CharField(64, default="")
    amount = fields.IntField()
    description = fields.CharField(127)
    state = fields.CharField(12)
    surplus = fields.BooleanField(default=False)
    code_url = fields.CharField(500, default="")
    prepay_id = fields.CharField(128, default="")
    prepared_at = fields.DatetimeField(null=True)
    """When code or prepay id arrived; they are valid for two hours."""
    expires_at = fields.DatetimeField()
    check_at = fields.DatetimeField(null=True)
    """When the platform is queried next."""
    checks = fields.IntField(default=0)
    asked_at = fields.DatetimeField(null=True)
    """When a waiting page last caused a query to the platform."""
    transaction_id = fields.CharField(32, null=True, unique=True)
    success_at = fields.DatetimeField(null=True)
    """When the payer paid, according to the platform."""
    refunded = fields.IntField(default=0)
    """Fen refunded."""
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "pay_order"
        indexes = (("fee_id",), ("pool", "success_at"))


class PayEvent(Row):
    """A verified notification as received, encrypted with our key. ``subject`` is our own number."""

    pool = fields.CharField(32)
    kind = fields.CharField(40)
    """TRANSACTION.SUCCESS, REFUND.SUCCESS, FAPIAO.ISSUED …"""
    subject = fields.CharField(64)
    payload_sealed = fields.TextField()
    received_at = fields.DatetimeField()
    applied_at = fields.DatetimeField(null=True)
    retry_at = fields.DatetimeField(null=True)
    """Not processed before this time, since its processing failed."""
    outcome = fields.CharField(40, default="")
    closed_at = fields.DatetimeField(null=True)
    """For an unmatched payment: when an administrator recorded what was done about it."""
    closed_by = fields.UUIDField(null=True)
    resolution = fields.CharField(200, default="", db_default="")

    class Meta:
        table = "pay_event"
        indexes = (("kind", "subject"),)


class Refund(Row):
    """A refund. ``by`` is the administrator; None: automatic, of surplus.

    ``after`` is the consequence for the application: keep, end or again (the fee is due once more), applied at
    ``after_at``. A refund that the payer's account could not receive may be redirected: ``redirected_to`` is the bank's
    code, or ``merchant``. The other account's holder is not stored.
    """

    pool = fields.CharField(32)
    order: Any = fields.ForeignKeyField("models.PayOrder", on_delete=fields.RESTRICT, related_name="refunds")
    order_id: UUID
    out_refund_no = fields.CharField(64, unique=True)
    amount = fields.IntField()
    reason = fields.CharField(80)
    state = fields.CharField(12)
    refund_id = fields.CharField(64, default="")
    by = fields.UUIDField(null=True)
    failure = fields.CharField(100, default="")
    """The platform's code of the last failure."""
    check_at = fields.DatetimeField(null=True)
    checks = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    """When the platform first reported it; it is on the platform's bill of that day."""
    done_at = fields.DatetimeField(null=True)
    after = fields.CharField(8, default="keep", db_default="keep")
    after_at = fields.DatetimeField(null=True)
    redirected_to = fields.CharField(20, default="", db_default="")
    redirected_at = fields.DatetimeField(null=True)
    redirected_by = fields.UUIDField(null=True)

    class Meta:
        table = "refund"
        indexes = (("order_id",),)


class Invoice(Row):
    """An electronic invoice for a paid fee. ``title`` is the buyer (抬头); the e-mail address is encrypted."""

    pool = fields.CharField(32)
    fee: Any = fields.ForeignKeyField("models.Fee", on_delete=fields.RESTRICT, related_name="invoices")
    fee_id: UUID
    title = fields.CharField(100)
    taxpayer_id = fields.CharField(20, default="")
    email_sealed = fields.TextField()
    issued_by = fields.CharField(10)
    state = fields.CharField(12)
    apply_id = fields.CharField(64, default="")
    fapiao_id = fields.CharField(64, default="")
    number = fields.CharField(40, default="")
    key = fields.CharField(100, default="")
    """The PDF in the file store."""
    failure = fields.CharField(100, default="")
    check_at = fields.DatetimeField(null=True)
    checks = fields.IntField(default=0)
    receipt_sent_at = fields.DatetimeField(null=True)
    """When the payment receipt (缴费凭证) was mailed."""
    sent_at = fields.DatetimeField(null=True)
    mailings = fields.IntField(default=0, db_default=0)
    """Number of complete mailings after the first: to another address, or on request."""
    code = fields.CharField(20, default="", db_default="")
    """发票代码, which non-digital invoices have in addition to their number."""
    red_number = fields.CharField(40, default="", db_default="")
    """Number of the invoice that reversed it (红字发票号码)."""
    reverse_reason = fields.CharField(20, default="", db_default="")
    reverse_note = fields.CharField(100, default="", db_default="")
    reverse_by = fields.UUIDField(null=True)
    """The administrator; None: a consequence of a refund, or reported by the platform."""
    reverse_asked_at = fields.DatetimeField(null=True)
    """When the platform was last requested to reverse it."""
    reversed_at = fields.DatetimeField(null=True)
    reversal_sent_at = fields.DatetimeField(null=True)
    """When the person was notified by mail of the reversal."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "invoice"
        indexes = (("fee_id",), ("apply_id",))


class OutboundEmail(Row):
    """A mail about an invoice, stored before and after it is handed to the mail server.

    ``kind``: receipt, invoice or reversal. The message id follows from invoice, kind and the number of the mailing, so
    that a mail whose outcome is unknown is sent again as the same mail.
    """

    invoice: Any = fields.ForeignKeyField("models.Invoice", on_delete=fields.CASCADE, related_name="outbound_emails")
    invoice_id: UUID
    message_id = fields.CharField(100, unique=True)
    kind = fields.CharField(10)
    held_until = fields.DatetimeField(null=True)
    """Not sent by any process before this time: it is being sent, or was just refused."""
    tries = fields.IntField(default=0)
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outbound_email"
        indexes = (("invoice_id",),)


class Bill(Row):
    """A daily trade bill of a pool's merchant, reconciled. ``state``: waiting, equal, differs or empty."""

    pool = fields.CharField(32)
    day = fields.DateField()
    state = fields.CharField(12, default="waiting")
    trades = fields.IntField(default=0)
    received = fields.BigIntField(default=0)
    refunded = fields.BigIntField(default=0)
    """Fen, according to the bill."""
    sha1 = fields.CharField(40, default="")
    check_at = fields.DatetimeField(null=True)
    compared_at = fields.DatetimeField(null=True)
    failure = fields.CharField(100, default="")

    class Meta:
        table = "bill"
        unique_together = (("pool", "day"),)


class BillDifference(Row):
    """A difference between bill and our records. ``kind``: unknown_there (the bill lacks it), unknown_here (our records
    lack it), amount or state."""

    bill: Any = fields.ForeignKeyField("models.Bill", on_delete=fields.CASCADE, related_name="differences")
    bill_id: UUID
    kind = fields.CharField(20)
    out_trade_no = fields.CharField(64, default="")
    out_refund_no = fields.CharField(64, default="")
    transaction_id = fields.CharField(64, default="")
    ours = fields.IntField(null=True)
    theirs = fields.IntField(null=True)
    note = fields.CharField(200, default="")
    resolved_at = fields.DatetimeField(null=True)
    resolved_by = fields.UUIDField(null=True)
    resolution = fields.CharField(200, default="")

    class Meta:
        table = "bill_difference"
        indexes = (("bill_id",),)
