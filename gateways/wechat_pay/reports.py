"""Parses WeChat Pay's JSON of orders, refunds and invoices into our reports. ValueError for invalid data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from domain.clock import is_plausible
from gateways.shapes import NULL_AS_EMPTY, OR_EMPTY, Shape, Text, Visible, Whole, read
from services.ports import InvoiceReport, InvoiceStatus, RefundOutcome, RefundReport, TradeReport, TradeState

MOST = 10**10
"""Fen: a hundred million yuan, more than anyone pays here and far from overflow."""
TRADE_STATES: Mapping[str, TradeState] = {
    "NOTPAY": "NOTPAY",
    "USERPAYING": "NOTPAY",
    "ACCEPT": "NOTPAY",
    "PAYERROR": "NOTPAY",
    "SUCCESS": "SUCCESS",
    "REFUND": "REFUND",
    "CLOSED": "CLOSED",
    "REVOKED": "CLOSED",
}
REFUND_OUTCOMES: Mapping[str, RefundOutcome] = {
    "PROCESSING": "PROCESSING",
    "SUCCESS": "SUCCESS",
    "ABNORMAL": "ABNORMAL",
    "CLOSED": "CLOSED",
}
INVOICE_STATES: Mapping[str, InvoiceStatus] = {
    "ISSUE_ACCEPTED": "making",
    "ISSUED": "issued",
    "ISSUE_FAILED": "failed",
    "REVERSE_ACCEPTED": "reversing",
    "REVERSED": "reversed",
    "REVERSE_FAILED": "reverse_failed",
}


Number = Annotated[Visible, Field(min_length=1, max_length=32)]
LongNumber = Annotated[Visible, Field(min_length=1, max_length=64)]


def _moment(value: object) -> object:
    """RFC 3339 with its offset, as UTC. ValueError also for a time in another century."""
    if not value or not isinstance(value, str):
        return value or None
    at = datetime.fromisoformat(value)
    if at.tzinfo is None or not is_plausible(at):
        raise ValueError("no zone, or another century")
    return at.astimezone(UTC)


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class _Total(Shape):
    total: Whole = 0
    currency: Annotated[Visible, Field(max_length=16), OR_EMPTY] = ""


class _Payer(Shape):
    openid: Annotated[Visible, Field(max_length=64), OR_EMPTY] = ""


class _Trade(Shape):
    out_trade_no: Number
    mchid: Number
    appid: Annotated[Visible, Field(max_length=64), OR_EMPTY] = ""
    trade_state: Text
    transaction_id: Annotated[Visible, Field(max_length=32), OR_EMPTY] = ""
    amount: Annotated[_Total, NULL_AS_EMPTY] = _Total()
    payer: Annotated[_Payer, NULL_AS_EMPTY] = _Payer()
    success_time: Moment = None


class _Refunded(Shape):
    refund: Annotated[Whole, Field(gt=0, le=MOST)]


class _Refund(Shape):
    out_refund_no: LongNumber
    refund_id: LongNumber
    refund_status: Text = ""
    status: Text = ""
    amount: _Refunded
    success_time: Moment = None


class _Paper(Shape):
    fapiao_number: Annotated[Visible, Field(max_length=40), OR_EMPTY] = ""
    fapiao_code: Annotated[Visible, Field(max_length=20), OR_EMPTY] = ""


class _Invoice(Shape):
    fapiao_id: Text
    status: Text
    blue_fapiao: Annotated[_Paper, NULL_AS_EMPTY] = _Paper()
    red_fapiao: Annotated[_Paper, NULL_AS_EMPTY] = _Paper()


class _Invoices(Shape):
    fapiao_information: list[_Invoice]


class _Applied(Shape):
    fapiao_apply_id: LongNumber


def trade_report(data: Mapping[str, object]) -> TradeReport:
    """From a query or a notification. A paid order must state its transaction, time and amount."""
    trade = read(_Trade, data)
    state = TRADE_STATES.get(trade.trade_state)
    if state is None:
        raise ValueError("an order in an unknown state")
    is_complete = trade.transaction_id and trade.success_time and 0 < trade.amount.total <= MOST
    if state in ("SUCCESS", "REFUND") and not is_complete:
        raise ValueError("a paid order without transaction, time or amount")
    return TradeReport(
        out_trade_no=trade.out_trade_no,
        mchid=trade.mchid,
        appid=trade.appid,
        state=state,
        transaction_id=trade.transaction_id,
        amount=trade.amount.total,
        currency=trade.amount.currency,
        payer=trade.payer.openid,
        success_at=trade.success_time,
    )


def refund_report(data: Mapping[str, object]) -> RefundReport:
    """Notifications use ``refund_status`` where responses use ``status``."""
    refund = read(_Refund, data)
    outcome = REFUND_OUTCOMES.get(refund.refund_status or refund.status)
    if outcome is None:
        raise ValueError("a refund in an unknown state")
    return RefundReport(
        out_refund_no=refund.out_refund_no,
        refund_id=refund.refund_id,
        outcome=outcome,
        amount=refund.amount.refund,
        success_at=refund.success_time,
    )


def find_invoice(apply_id: str, fapiao_id: str, data: Mapping[str, object]) -> InvoiceReport | None:
    """The invoice with this number of an application; None without one."""
    invoices = [invoice for invoice in read(_Invoices, data).fapiao_information if invoice.fapiao_id == fapiao_id]
    if not invoices:
        return None
    status = INVOICE_STATES.get(invoices[0].status)
    if len(invoices) > 1 or status is None:
        raise ValueError("an invoice twice, or in an unknown state")
    blue, red = invoices[0].blue_fapiao, invoices[0].red_fapiao
    return InvoiceReport(
        apply_id=apply_id,
        fapiao_id=fapiao_id,
        status=status,
        number=blue.fapiao_number,
        code=blue.fapiao_code,
        red_number=red.fapiao_number,
    )


def read_apply_id(data: Mapping[str, object]) -> str:
    """The application id in a notification about an application for invoices."""
    return read(_Applied, data).fapiao_apply_id
