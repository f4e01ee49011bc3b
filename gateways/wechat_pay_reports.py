"""WeChat Pay's JSON of orders, refunds and invoices as our reports. ValueError for what can't be one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from gateways import jsons
from services.ports import InvoiceReport, InvoiceStatus, RefundOutcome, RefundReport, TradeReport, TradeState

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


def trade_report(data: Mapping[str, object]) -> TradeReport:
    """Of a query or a notification. An order that was paid must tell by which transaction, when, and how much."""
    state = TRADE_STATES.get(jsons.text(data, "trade_state"))
    amount = jsons.mapping(data, "amount")
    total = jsons.integer(amount, "total")
    report = TradeReport(
        out_trade_no=need(data, "out_trade_no"),
        mchid=need(data, "mchid"),
        appid=jsons.text(data, "appid"),
        state=state or "NOTPAY",
        transaction_id=jsons.text(data, "transaction_id"),
        amount=total or 0,
        currency=jsons.text(amount, "currency"),
        payer=jsons.text(jsons.mapping(data, "payer"), "openid"),
        success_at=_moment(data, "success_time"),
    )
    if state is None:
        raise ValueError("an order in an unknown state")
    if state in ("SUCCESS", "REFUND") and not (report.transaction_id and report.success_at and report.amount > 0):
        raise ValueError("a paid order without transaction, time or amount")
    return report


def refund_report(data: Mapping[str, object]) -> RefundReport:
    """Notifications say ``refund_status`` where answers say ``status``."""
    outcome = REFUND_OUTCOMES.get(jsons.text(data, "refund_status") or jsons.text(data, "status"))
    amount = jsons.integer(jsons.mapping(data, "amount"), "refund")
    if outcome is None or amount is None or amount <= 0:
        raise ValueError("a refund without known state or amount")
    return RefundReport(
        out_refund_no=need(data, "out_refund_no"),
        refund_id=need(data, "refund_id"),
        outcome=outcome,
        amount=amount,
        success_at=_moment(data, "success_time"),
    )


def find_invoice(apply_id: str, fapiao_id: str, data: Mapping[str, object]) -> InvoiceReport | None:
    """One of an application's invoices; None when it is not among them."""
    items = [item for item in jsons.objects(data, "fapiao_information") if jsons.text(item, "fapiao_id") == fapiao_id]
    if not items:
        if not isinstance(data.get("fapiao_information"), list):
            raise ValueError("no list of invoices")
        return None
    status = INVOICE_STATES.get(jsons.text(items[0], "status"))
    if len(items) > 1 or status is None:
        raise ValueError("an invoice twice, or in an unknown state")
    blue, red = jsons.mapping(items[0], "blue_fapiao"), jsons.mapping(items[0], "red_fapiao")
    return InvoiceReport(
        apply_id=apply_id,
        fapiao_id=fapiao_id,
        status=status,
        number=jsons.text(blue, "fapiao_number"),
        code=jsons.text(blue, "fapiao_code"),
        red_number=jsons.text(red, "fapiao_number"),
    )


def need(data: Mapping[str, object], key: str) -> str:
    """A text that has to be there."""
    value = jsons.text(data, key)
    if not value:
        raise ValueError(f"{key} is missing")
    return value


def _moment(data: Mapping[str, object], key: str) -> datetime | None:
    """RFC 3339 with its offset, as UTC."""
    text = jsons.text(data, key)
    if not text:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{key} has no zone")
    return at.astimezone(UTC)
