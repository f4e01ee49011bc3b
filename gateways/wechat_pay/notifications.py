"""WeChat Pay's JSON of orders, refunds and invoices as our reports. ValueError for what can't be one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from domain.clock import is_plausible
from gateways import jsons
from services.ports import InvoiceReport, InvoiceStatus, RefundOutcome, RefundReport, TradeReport, TradeState

MOST = 10**10
"""Fen: a hundred million yuan, more than anybody pays here and far from where numbers end."""
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
        out_trade_no=need(data, "out_trade_no", 32),
        mchid=need(data, "mchid", 32),
        appid=jsons.token(data, "appid", 64),
        state=state or "NOTPAY",
        transaction_id=jsons.token(data, "transaction_id", 32),
        amount=total or 0,
        currency=jsons.token(amount, "currency", 16),
        payer=jsons.token(jsons.mapping(data, "payer"), "openid", 64),
        success_at=_moment(data, "success_time"),
    )
    if state is None:
        raise ValueError("an order in an unknown state")
    is_told = report.transaction_id and report.success_at and 0 < report.amount <= MOST
    if state in ("SUCCESS", "REFUND") and not is_told:
        raise ValueError("a paid order without transaction, time or amount")
    return report


def refund_report(data: Mapping[str, object]) -> RefundReport:
    """Notifications say ``refund_status`` where answers say ``status``."""
    outcome = REFUND_OUTCOMES.get(jsons.text(data, "refund_status") or jsons.text(data, "status"))
    amount = jsons.integer(jsons.mapping(data, "amount"), "refund")
    if outcome is None or amount is None or not 0 < amount <= MOST:
        raise ValueError("a refund without known state or amount")
    return RefundReport(
        out_refund_no=need(data, "out_refund_no", 64),
        refund_id=need(data, "refund_id", 64),
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
        number=jsons.token(blue, "fapiao_number", 40),
        code=jsons.token(blue, "fapiao_code", 20),
        red_number=jsons.token(red, "fapiao_number", 40),
    )


def need(data: Mapping[str, object], key: str, longest: int) -> str:
    """A number or code that has to be there: visible ASCII of at most so many characters."""
    value = jsons.token(data, key, longest)
    if not value:
        raise ValueError(f"{key} is missing, or can't be one")
    return value


def _moment(data: Mapping[str, object], key: str) -> datetime | None:
    """RFC 3339 with its offset, as UTC. ValueError also for a time of another century."""
    text = jsons.text(data, key)
    if not text:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not is_plausible(at):
        raise ValueError(f"{key} has no zone, or another century")
    return at.astimezone(UTC)
