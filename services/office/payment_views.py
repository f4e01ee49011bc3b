"""What the office reads of payments: one order with all related data, a day of the bills, invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.applications.refunds import choices_after_refund
from domain.errors import InvalidInput, NotFound
from domain.masking import mask_name
from domain.payments.fees import After, Trade, course_choices_after_refund
from domain.payments.lifecycles import FeeState, InvoiceState, OrderState, RefundState
from models.accounts import Account
from models.applications import Application
from models.payments import Bill, BillDifference, Fee, Invoice, PayOrder, Refund
from services.core.base import Actor, Deps, Page
from services.core.pages import read_page
from services.core.permissions import check
from services.core.short_texts import check_text
from services.payments import (
    REVERSIBLE,
    TO_MAKE,
    BillState,
    BillView,
    InvoiceMaker,
    mask_email,
    title_of,
)

InvoiceFilter = Literal["to_make", "to_reverse", "failed", "sent", "reversed", "all"]
PAGE_MAX = 100
_INVOICE = f"""
i.id, i.fee_id, f.expert_number, a.real_name AS name, i.title, i.taxpayer_id, i.email_sealed, i.issued_by,
  i.state, i.number, i.red_number, i.failure, i.key <> '' AS has_file, i.receipt_sent_at, i.sent_at, i.created_at,
  i.reverse_note, i.reverse_asked_at, i.reversed_at, f.amount, f.state AS fee_state, ({TO_MAKE}) AS to_make
"""
_FEE = "JOIN fee f ON f.id = i.fee_id"
_INVOICE_FILTERS: Mapping[InvoiceFilter, str] = {
    "all": "invoice i WHERE i.pool = $1",
    "to_make": f"invoice i {_FEE} WHERE i.pool = $1 AND {TO_MAKE}",
    "to_reverse": f"invoice i WHERE i.pool = $1 AND i.id IN {REVERSIBLE}",
    "failed": "invoice i WHERE i.pool = $1 "
    "AND (i.state IN ('failed', 'stuck') OR i.failure <> '' AND i.state <> 'reversed')",
    "sent": "invoice i WHERE i.pool = $1 AND i.state = 'sent'",
    "reversed": "invoice i WHERE i.pool = $1 AND i.state IN ('reversing', 'stuck', 'reversed')",
}
_OF_NUMBER = """
AND i.id IN (SELECT b.id FROM fee JOIN invoice b ON b.fee_id = fee.id WHERE fee.pool = $1 AND fee.expert_number = $2
  UNION ALL SELECT id FROM invoice WHERE pool = $1 AND number = $2)
"""


@dataclass(frozen=True)
class RefundLine:
    """``failure`` is the platform's code. ``by_office`` false: an automatic refund of surplus.

    ``after_at``: when its consequence was applied; None where the application had moved on. ``redirected_to``: a bank's
    code, or ``merchant``; empty: to the payer's account. ``redirectable``: it may be redirected now.
    """

    id: UUID
    out_refund_no: str
    amount: int
    reason: str
    state: RefundState
    failure: str
    by_office: bool
    created_at: datetime
    done_at: datetime | None
    after: After
    after_at: datetime | None
    redirected_to: str
    redirectable: bool


@dataclass(frozen=True)
class OrderLine:
    """One attempt to pay a fee."""

    id: UUID
    out_trade_no: str
    transaction_id: str
    trade: Trade
    amount: int
    refunded: int
    state: OrderState
    surplus: bool
    created_at: datetime
    success_at: datetime | None


@dataclass(frozen=True)
class OrderView:
    """An order, its fee, its refunds newest first, and all tries for the same fee. ``name`` is masked.

    The fee belongs to an application, or to an enrolment in a course.

    ``choices``: possible consequences of a refund for the application; none: it isn't paid, or is being refunded.
    """

    order: OrderLine
    fee_id: UUID
    application_id: UUID | None
    application_state: ApplicationState | None
    enrolment_id: UUID | None
    title: str
    expert_number: str
    name: str
    fee_state: FeeState
    opens_at: datetime
    closes_at: datetime | None
    paid_at: datetime | None
    refunds: tuple[RefundLine, ...]
    tries: tuple[OrderLine, ...]
    choices: tuple[After, ...]
    invoice_state: InvoiceState | None


@dataclass(frozen=True)
class InvoiceLine:
    """An invoice for the office to make. ``name`` and ``email`` are masked; ``email`` is empty where none is known.

    ``to_make``: to be issued by the office, or requested again.
    """

    id: UUID
    fee_id: UUID
    expert_number: str
    name: str
    amount: int
    fee_state: FeeState
    title: str
    taxpayer_id: str
    email: str
    issued_by: InvoiceMaker
    state: InvoiceState
    number: str
    red_number: str
    failure: str
    has_file: bool
    receipt_sent_at: datetime | None
    sent_at: datetime | None
    reverse_note: str
    reverse_asked_at: datetime | None
    reversed_at: datetime | None
    created_at: datetime
    to_make: bool


@dataclass(frozen=True)
class PaymentViews:
    """Reading only."""

    deps: Deps

    async def order(self, actor: Actor, order_id: UUID) -> OrderView:
        """One order with its data. Raises NotFound."""
        check(actor, "payment.manage")
        order = await PayOrder.get_or_none(id=order_id, pool=actor.pool)
        if order is None:
            raise NotFound("找不到这笔订单，请返回列表后刷新。", code="order_unknown")
        fee = await Fee.get(id=order.fee_id)
        account = await Account.get(id=fee.account_id)
        refunds = await Refund.filter(order_id=order.id).order_by("-created_at", "-id")
        attempts = await PayOrder.filter(fee_id=fee.id).order_by("-created_at", "-id")
        application = await Application.get_or_none(id=fee.application_id)
        state = ApplicationState(application.state) if application else None
        invoice = await Invoice.filter(fee_id=fee.id).order_by("-created_at", "-id").first()
        is_refunding = any(refund.state not in (RefundState.DONE, RefundState.CLOSED) for refund in refunds)
        refundable = order.state == OrderState.PAID and not is_refunding
        return OrderView(
            _order_line(order),
            fee.id,
            fee.application_id,
            state,
            fee.enrolment_id,
            title_of(self.deps, fee),
            fee.expert_number,
            mask_name(account.real_name),
            FeeState(fee.state),
            fee.opens_at,
            fee.closes_at,
            fee.paid_at,
            tuple(_refund_line(refund) for refund in refunds),
            tuple(_order_line(attempt) for attempt in attempts),
            _choices(state, order) if refundable else (),
            InvoiceState(invoice.state) if invoice else None,
        )

    async def bill(self, actor: Actor, bill_id: UUID) -> BillView:
        """One day of the bills. Raises NotFound."""
        check(actor, "payment.manage")
        bill = await Bill.get_or_none(id=bill_id, pool=actor.pool)
        if bill is None:
            raise NotFound("找不到这天的账单，请返回列表后刷新。", code="bill_unknown")
        return BillView(
            bill.id,
            bill.day,
            cast(BillState, bill.state),
            bill.trades,
            bill.received,
            bill.refunded,
            await BillDifference.filter(bill_id=bill.id, resolved_at=None).count(),
            bill.compared_at,
            bill.failure,
        )

    async def invoices(
        self, actor: Actor, only: InvoiceFilter = "to_make", search: str = "", *, offset: int = 0, limit: int = 20
    ) -> Page[InvoiceLine]:
        """Oldest first, with the total. ``search`` is an expert's or an invoice's number."""
        check(actor, "payment.manage")
        if only not in get_args(InvoiceFilter):
            raise InvalidInput("没有这种筛选，请从列表中选择。", field="only")
        word = check_text(search, "search", "搜索词", 50)
        invoice_rows, total = await read_page(
            _INVOICE,
            f"i {_FEE} JOIN account a ON a.id = f.account_id",
            _INVOICE_FILTERS[only] + (_OF_NUMBER if word else ""),
            "i.created_at, i.id",
            [actor.pool, word] if word else [actor.pool],
            offset=offset,
            limit=min(limit, PAGE_MAX),
        )
        return Page(tuple(self._invoice_line(row) for row in invoice_rows), total)

    def _invoice_line(self, row: Mapping[str, Any]) -> InvoiceLine:
        sealed = row["email_sealed"]
        columns = {
            **row,
            "name": mask_name(row["name"]),
            "email": mask_email(self.deps.keys.read(sealed, "email")),
            "state": InvoiceState(row["state"]),
            "fee_state": FeeState(row["fee_state"]),
        }
        return InvoiceLine(**{name: columns[name] for name in InvoiceLine.__dataclass_fields__})


def _order_line(order: PayOrder) -> OrderLine:
    return OrderLine(
        order.id,
        order.out_trade_no,
        order.transaction_id or "",
        cast(Trade, order.trade),
        order.amount,
        order.refunded,
        OrderState(order.state),
        order.surplus,
        order.created_at,
        order.success_at,
    )


def _choices(state: ApplicationState | None, order: PayOrder) -> tuple[After, ...]:
    """Possible consequences for an application, or for the place in a course."""
    if state is None:
        return course_choices_after_refund(surplus=order.surplus)
    return choices_after_refund(state, surplus=order.surplus)


def _refund_line(refund: Refund) -> RefundLine:
    return RefundLine(
        refund.id,
        refund.out_refund_no,
        refund.amount,
        refund.reason,
        RefundState(refund.state),
        refund.failure,
        refund.by is not None,
        refund.created_at,
        refund.done_at,
        cast(After, refund.after),
        refund.after_at,
        refund.redirected_to,
        refund.state == RefundState.ABNORMAL and refund.refund_id != "",
    )
