"""WeChat Pay: orders, refunds, bills and invoices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

PayApp = Literal["oa", "mini"]
"""The appid for paying: the official account's (JSAPI in WeChat's browser, Native) or the mini-program's."""


@dataclass(frozen=True)
class Merchant:
    """A pool's merchant at WeChat Pay. ``fapiao``: invoices can be issued through the platform."""

    mchid: str
    appids: Mapping[PayApp, str]
    fapiao: bool


@dataclass(frozen=True)
class OrderRequest:
    """What is ordered. ``amount`` in fen; ``out_trade_no`` is ours and never reused; ``expires`` is aware UTC."""

    out_trade_no: str
    description: str
    amount: int
    expires: datetime
    attach: str = ""
    support_fapiao: bool = False


@dataclass(frozen=True)
class PayParameters:
    """Arguments of ``getBrandWCPayRequest`` and ``wx.requestPayment``, all text."""

    app_id: str
    time_stamp: str
    nonce: str
    package: str
    sign_type: str
    signature: str


TradeState = Literal["NOTPAY", "SUCCESS", "REFUND", "CLOSED"]


@dataclass(frozen=True)
class TradeReport:
    """The platform's report on an order, by query or notification. ``amount`` in fen (order's total)."""

    out_trade_no: str
    mchid: str
    appid: str
    state: TradeState
    transaction_id: str
    amount: int
    currency: str
    payer: str
    success_at: datetime | None


RefundOutcome = Literal["PROCESSING", "SUCCESS", "ABNORMAL", "CLOSED"]


@dataclass(frozen=True)
class RefundReport:
    out_refund_no: str
    refund_id: str
    outcome: RefundOutcome
    amount: int
    success_at: datetime | None


@dataclass(frozen=True)
class BankCard:
    """A debit card to which a refund is redirected; ``bank`` is the platform's code. It is not stored."""

    bank: str
    account: str = field(repr=False)
    holder: str = field(repr=False)


InvoiceStatus = Literal["making", "issued", "failed", "reversing", "reversed", "reverse_failed"]


@dataclass(frozen=True)
class InvoiceReport:
    """The platform's report on one invoice, identified by both our numbers.

    ``number``, and ``code`` where it has one, once it is issued; ``red_number`` once it is reversed.
    """

    apply_id: str
    fapiao_id: str
    status: InvoiceStatus
    number: str = ""
    code: str = ""
    red_number: str = ""


ReverseReason = Literal["issue_error", "service_ended"]


@dataclass(frozen=True)
class Reversal:
    """An issued invoice to be reversed (冲红): both our numbers, and the tax authority's."""

    apply_id: str
    fapiao_id: str
    code: str
    number: str
    reason: ReverseReason


@dataclass(frozen=True)
class PayNotification:
    """A verified, decrypted notification: a trade's or a refund's report, or a change of invoices.

    Notifications of invoices contain too little (no number, no failure), so the platform is queried. All three are
    empty for an unknown kind.
    """

    event_id: str
    kind: str
    plain: str
    """The decrypted JSON text."""
    trade: TradeReport | None = None
    refund: RefundReport | None = None
    invoice_apply_id: str = ""


@dataclass(frozen=True)
class BillRow:
    """One detail row of a trade bill, amounts in fen. ``out_refund_no`` empty: a payment."""

    at: datetime
    transaction_id: str
    out_trade_no: str
    state: str
    amount: int
    out_refund_no: str = ""
    refund_id: str = ""
    refunded: int = 0


@dataclass(frozen=True)
class TradeBill:
    """A day's bill, checked against its hash. ``total_*``: from the summary row, in fen."""

    rows: tuple[BillRow, ...]
    trades: int
    total_received: int
    total_refunded: int
    sha1: str


@dataclass(frozen=True)
class InvoiceRequest:
    """An invoice to be issued through the platform; ``amount`` in fen, ``tax_rate`` in hundredths of a percent.

    ``apply_id`` is the payment's transaction number. ``fapiao_id`` is ours, 32 characters at most: after a failure the
    next try needs another one.
    """

    apply_id: str
    fapiao_id: str
    title: str
    taxpayer_id: str
    email: str
    amount: int
    goods_name: str
    tax_code: str
    tax_rate: int


class PaymentPlatform(Protocol):
    """WeChat Pay. An order without known outcome may be placed again with the same request; so may a refund."""

    def merchant(self, pool: str) -> Merchant | None:
        """None: the pool has none, and takes no online payments."""
        ...

    async def order_native(self, pool: str, order: OrderRequest) -> str:
        """The ``code_url`` for a QR code; valid for two hours. Repeated with the same request: a new one."""
        ...

    async def order_jsapi(self, pool: str, app: PayApp, openid: str, order: OrderRequest) -> str:
        """The ``prepay_id``; valid for two hours."""
        ...

    def sign_payment(self, pool: str, app: PayApp, prepay_id: str) -> PayParameters: ...

    async def query(self, pool: str, out_trade_no: str) -> TradeReport | None:
        """None: the platform has no such order."""
        ...

    async def close(self, pool: str, out_trade_no: str) -> None:
        """Repeatable. Raises Rejected with vendor code ORDERPAID for an order that was paid."""
        ...

    async def refund(
        self, pool: str, transaction_id: str, out_refund_no: str, *, amount: int, total: int, reason: str
    ) -> RefundReport: ...

    async def query_refund(self, pool: str, out_refund_no: str) -> RefundReport | None: ...

    async def redirect_refund(
        self, pool: str, refund_id: str, out_refund_no: str, card: BankCard | None
    ) -> RefundReport:
        """Send an ABNORMAL refund to a card of the payer's, or (None) to the merchant's own bank account. A repetition
        for the same refund pays once."""
        ...

    async def read_notification(self, pool: str, headers: Mapping[str, str], body: bytes) -> PayNotification:
        """Verify the raw bytes and decrypt. Raises Forbidden for anything that is not provably the platform's, and
        fresh; InvalidInput for a genuine request that is no notification; Transient while it can't be verified (the
        platform then repeats it)."""
        ...

    async def trade_bill(self, pool: str, day: date) -> TradeBill:
        """The bill of a day of Asia/Shanghai; no trades: an empty one. Raises Transient while it is being made."""
        ...

    async def issue_invoice(self, pool: str, request: InvoiceRequest) -> None:
        """Returns once accepted; repeatable with the same request."""
        ...

    async def query_invoice(self, pool: str, apply_id: str, fapiao_id: str) -> InvoiceReport | None:
        """None: the platform has no such invoice."""
        ...

    async def reverse_invoice(self, pool: str, reversal: Reversal) -> None:
        """Returns once accepted; after a failure it may be repeated five minutes later."""
        ...

    async def invoice_file(self, pool: str, apply_id: str, fapiao_id: str) -> bytes:
        """The PDF of an issued invoice, unless it is reversed."""
        ...
