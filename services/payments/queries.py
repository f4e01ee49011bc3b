"""Views of fees, orders and refunds for debtor, payer and administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Unauthenticated
from domain.masking import mask_name
from domain.payments.fees import Phase, Trade, phase_of
from domain.payments.lifecycles import InvoiceState, OrderState
from domain.payments.money import yuan
from models.payments import BillDifference, Fee, Invoice
from services.core.base import Actor, Deps, Page, from_row, rows
from services.core.pages import read_page
from services.core.permissions import check
from services.payments.fees import rules_of, title_of
from services.payments.invoices.transitions import FOLLOWS, REFUNDED, is_being_issued, issue_time

OrderFilter = Literal["all", "open", "paid", "refunded", "closed", "surplus", "abnormal"]
InvoiceMaker = Literal["wechat", "office"]


@dataclass(frozen=True)
class InvoiceView:
    """``correctable``: title and tax number may still be changed. ``issue_at``: when it is requested from WeChat Pay;
    None once that time has come, and for an invoice of the office."""

    id: UUID
    state: InvoiceState
    title: str
    taxpayer_id: str
    email: Annotated[str, Field(description="Masked", examples=["w***@example.com"])]
    number: str
    red_number: Annotated[str, Field(description="Of the invoice that reversed it (红字发票号码)")]
    correctable: bool
    receipt_sent_at: datetime | None
    sent_at: datetime | None
    issue_at: datetime | None = None


@dataclass(frozen=True)
class FeeView:
    """``own``: the caller's; the name is always masked. ``invoice`` is set for an own fee once it is paid."""

    id: UUID
    own: bool
    title: str
    amount: int
    amount_yuan: Annotated[str, Field(examples=["350.00"])]
    expert_number: str
    name: Annotated[str, Field(examples=["王**"])]
    phase: Phase
    opens_at: datetime
    closes_at: datetime | None
    paid_at: datetime | None
    invoice: InvoiceView | None
    legal_basis: str
    refund_text: Annotated[str, Field(description="To be shown before paying")]
    hotline: str


@dataclass(frozen=True)
class OrderRow:
    """``surplus``: paid although nothing was due; it is refunded automatically. ``refund``: state of the newest one,
    empty for none."""

    id: UUID
    out_trade_no: str
    transaction_id: str
    expert_number: str
    name: str
    trade: Trade
    amount: int
    refunded: int
    state: OrderState
    surplus: bool
    created_at: datetime
    success_at: datetime | None
    refund: str
    refund_failure: str


@dataclass(frozen=True)
class DifferenceView:
    """`unknown_here`: the bill has it, our records don't; `unknown_there`: the opposite; `state`; `amount`."""

    id: UUID
    kind: str
    out_trade_no: str
    out_refund_no: str
    transaction_id: str
    ours: int | None
    theirs: int | None
    note: str
    resolved_at: datetime | None
    resolution: str


_FEES = """
SELECT f AS fee, a.real_name AS name,
  (SELECT i FROM invoice i WHERE i.fee_id = f.id ORDER BY i.created_at DESC, i.id DESC LIMIT 1) AS invoice
FROM fee f JOIN account a ON a.id = f.account_id WHERE """
"""A fee with its newest invoice."""


async def view_fee(deps: Deps, fee_id: UUID, actor: Actor) -> FeeView:
    """The fee with what ``actor`` may see."""
    return _fee_view(deps, (await rows(f"{_FEES} f.id = $1", fee_id))[0], actor)


def _fee_view(deps: Deps, row: Mapping[str, Any], actor: Actor) -> FeeView:
    fee = from_row(Fee, row["fee"])
    rules = rules_of(deps, fee.pool)
    own = actor.account_id is not None and actor.account_id == fee.account_id
    invoice = from_row(Invoice, row["invoice"]) if own and row["invoice"] is not None else None
    return FeeView(
        id=fee.id,
        own=own,
        title=title_of(deps, fee),
        amount=fee.amount,
        amount_yuan=yuan(fee.amount),
        expert_number=fee.expert_number,
        name=mask_name(row["name"]),
        phase=phase_of(fee.state, fee.opens_at, fee.closes_at, deps.now()),
        opens_at=fee.opens_at,
        closes_at=fee.closes_at,
        paid_at=fee.paid_at,
        invoice=view_invoice(deps, invoice, fee) if invoice else None,
        legal_basis=rules.legal_basis,
        refund_text=rules.refund_text,
        hotline=rules.hotline,
    )


def view_invoice(deps: Deps, invoice: Invoice, fee: Fee) -> InvoiceView:
    email, issue_at = deps.keys.read(invoice.email_sealed, "email"), issue_time(deps, fee)
    waiting = invoice.state == InvoiceState.WANTED and invoice.issued_by == "wechat" and deps.now() < issue_at
    return InvoiceView(
        id=invoice.id,
        state=InvoiceState(invoice.state),
        title=invoice.title,
        taxpayer_id=invoice.taxpayer_id,
        email=mask_email(email),
        number=invoice.number,
        red_number=invoice.red_number,
        correctable=invoice.state in ("wanted", "failed") and not is_being_issued(invoice),
        receipt_sent_at=invoice.receipt_sent_at,
        sent_at=invoice.sent_at,
        issue_at=issue_at if waiting else None,
    )


def mask_email(email: str) -> str:
    """``wang@example.com`` → ``w***@example.com``."""
    name, _, host = email.partition("@")
    return f"{name[:1]}***@{host}" if name and host else ""


ABNORMAL = """(SELECT r.order_id FROM refund r WHERE (r.state IN ('abnormal', 'closed') OR r.failure <> '')
  AND NOT EXISTS (SELECT 1 FROM refund n WHERE n.order_id = r.order_id AND n.created_at > r.created_at))"""
"""SQL: orders whose newest refund needs an administrator."""
_ORDER_COLUMNS = """
o.id, o.out_trade_no, coalesce(o.transaction_id, '') AS transaction_id, f.expert_number, a.real_name AS name,
  o.trade, o.amount, o.refunded, o.state, o.surplus, o.created_at, o.success_at,
  coalesce(r.state, '') AS refund, coalesce(r.failure, '') AS refund_failure
"""
_ORDER_JOINED = """
o JOIN fee f ON f.id = o.fee_id JOIN account a ON a.id = f.account_id
LEFT JOIN LATERAL (SELECT state, failure FROM refund WHERE order_id = o.id ORDER BY created_at DESC LIMIT 1) r ON true
"""
_ORDER_FILTERS: Mapping[OrderFilter, str] = {
    "all": "",
    "open": " AND o.state IN ('new', 'open')",
    "paid": " AND o.state = 'paid'",
    "refunded": " AND o.state = 'refunded'",
    "closed": " AND o.state = 'closed'",
    "surplus": " AND o.surplus",
    "abnormal": f" AND o.id IN {ABNORMAL}",
}
_OF_NUMBER = """
AND o.id IN (SELECT id FROM pay_order WHERE out_trade_no = $2 UNION ALL SELECT id FROM pay_order
  WHERE transaction_id = $2 UNION ALL SELECT b.id FROM fee JOIN pay_order b ON b.fee_id = fee.id
  WHERE fee.pool = $1 AND fee.expert_number = $2)
"""
_NEWEST_ORDERS = "o.created_at DESC, o.id DESC"


REVERSIBLE = """(SELECT id FROM invoice WHERE state = 'stuck' UNION ALL SELECT v.id FROM fee JOIN invoice v
  ON v.fee_id = fee.id WHERE fee.state = 'refunded' AND v.issued_by = 'office' AND v.state IN ('issued', 'sent'))"""
"""SQL: the ids of invoices that the office has to reverse, found by indexes."""
TO_MAKE = (
    f"f.state = 'paid' AND i.failure NOT IN ('{REFUNDED}', '{FOLLOWS}') "
    "AND (i.state = 'failed' OR i.state = 'wanted' AND i.issued_by = 'office')"
)
"""Invoices that the office has to issue or request again; one that follows a reversed one waits for its owner first."""


@dataclass(frozen=True)
class PaymentQueries:
    """Read-only queries."""

    deps: Deps

    async def list_own_fees(self, actor: Actor) -> tuple[FeeView, ...]:
        """The person's due and past fees, newest first. Raises Unauthenticated without an account."""
        if actor.account_id is None:
            raise Unauthenticated("请先登录后查看缴费。", code="login_needed")
        if self.deps.book(actor.pool).fee is None:
            return ()
        own = "f.pool = $1 AND f.account_id = $2 ORDER BY f.created_at DESC LIMIT 20"
        fee_rows = await rows(_FEES + own, actor.pool, actor.account_id)
        return tuple(_fee_view(self.deps, row, actor) for row in fee_rows)

    async def orders(
        self, actor: Actor, only: OrderFilter = "all", search: str = "", *, offset: int = 0, limit: int = 20
    ) -> Page[OrderRow]:
        """Orders of the pool, newest first, with the total. ``search``: an expert's, our or WeChat's number."""
        check(actor, "payment.manage")
        word = search.strip()
        source = f"pay_order o WHERE o.pool = $1{_ORDER_FILTERS[only]}{_OF_NUMBER if word else ''}"
        values = [actor.pool, word] if word else [actor.pool]
        order_rows, total = await read_page(
            _ORDER_COLUMNS, _ORDER_JOINED, source, _NEWEST_ORDERS, values, offset=offset, limit=limit
        )
        return Page(tuple(_order_row(row) for row in order_rows), total)


def _order_row(row: Mapping[str, Any]) -> OrderRow:
    values = {name: row[name] for name in OrderRow.__dataclass_fields__}
    return OrderRow(**{**values, "state": OrderState(row["state"]), "name": mask_name(row["name"])})


def view_difference(row: BillDifference) -> DifferenceView:
    return DifferenceView(**{name: getattr(row, name) for name in DifferenceView.__dataclass_fields__})
