"""What services need from outside, each as small as its users allow. ``app`` hands the gateways in.

Every method may raise only ``Transient``, ``Rejected`` or ``OutcomeUnknown`` (``domain.errors``); none is called inside
a database transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol


@dataclass(frozen=True)
class MenuItem:
    """A tappable choice; ``id`` comes back as ``bizmsgmenuid`` (digits only)."""

    id: int
    label: str


@dataclass(frozen=True)
class CallReport:
    """How a voice call went. ``keys`` are all keys pressed, in order; ``status`` the vendor's status code as text.

    ``ended`` is false while the vendor still works on it.
    """

    call_id: str
    attempt: int
    ended: bool
    status: str
    keys: str
    ended_at: datetime | None


@dataclass(frozen=True)
class SmsReport:
    """What became of an SMS; ``delivered`` None while unknown."""

    biz_id: str
    attempt: int
    delivered: bool | None
    vendor_code: str


@dataclass(frozen=True)
class MiniLogin:
    """Who a ``wx.login`` code stands for."""

    openid: str
    unionid: str | None


@dataclass(frozen=True)
class WebUser:
    """Who a code of WeChat's browser stands for. ``snapshot``: a virtual visitor, for whom no account may be made."""

    openid: str
    unionid: str | None
    snapshot: bool


@dataclass(frozen=True)
class JsConfig:
    """What ``wx.config`` wants for one page; ``timestamp`` in epoch seconds."""

    appid: str
    timestamp: int
    nonce: str
    signature: str


@dataclass(frozen=True)
class LoginStart:
    """A log-in under way at the identity platform. Keep the last three on our side, bound to the visitor's session."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class IdentityClaims:
    """What the identity platform (统一身份认证) vouches for. Empty text: not told.

    ``level`` is how surely it knows the person, 1 (weakest) to 4; ``user_type`` person, legal or agent.
    """

    subject: str
    name: str
    mobile: str
    id_number: str
    level: int
    user_type: str
    organisation_name: str
    credit_code: str


class OfficialAccountSender(Protocol):
    """The 服务号 of each pool."""

    async def send_template(
        self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, url: str, client_msg_id: str
    ) -> str:
        """Send a template message of a kind of notice; the answer is the msgid that the finish event will name.

        After OutcomeUnknown it may be sent again with the same ``client_msg_id`` within 10 minutes: WeChat then sends
        it once only.
        """
        ...

    async def send_text(self, pool: str, openid: str, text: str) -> None: ...

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None: ...

    async def upload_image(self, pool: str, png: bytes) -> str:
        """Keep a picture at WeChat for three days; the answer is its media id."""
        ...

    async def send_image(self, pool: str, openid: str, media_id: str) -> None: ...

    async def create_scene(self, pool: str, scene: str, lifetime: int) -> str:
        """Make a scene QR code of ``lifetime`` seconds; the answer is the text to draw as a QR code."""
        ...


class ChatWindows(Protocol):
    """The customer-service windows that users open by writing or tapping."""

    async def spend(self, pool: str, openid: str) -> bool:
        """Use up one message of the user's open window; False when none is open (or nobody knows)."""
        ...


class MiniProgramPlatform(Protocol):
    async def login(self, pool: str, code: str) -> MiniLogin: ...

    async def phone_number(self, pool: str, code: str) -> str:
        """The mobile behind a ``getPhoneNumber`` code, 11 digits."""
        ...

    async def send_subscribe(
        self, pool: str, openid: str, kind: str, fields: Mapping[str, str], *, page: str
    ) -> None: ...

    async def url_link(self, pool: str, path: str, query: str, lifetime: int) -> str:
        """An https link that opens the mini-program from an SMS, for ``lifetime`` seconds."""
        ...


class SmsSender(Protocol):
    async def send(self, mobile: str, template: str, params: Mapping[str, str], *, attempt: int) -> str:
        """Send one SMS. ``attempt`` is our number, echoed by the receipt; the answer is the vendor's id."""
        ...

    async def report(self, mobile: str, sent_at: datetime, biz_id: str, *, attempt: int) -> SmsReport | None:
        """Ask what became of it; None when the vendor knows nothing (yet)."""
        ...


class VoiceCaller(Protocol):
    async def call(
        self,
        mobile: str,
        template: str,
        params: Mapping[str, str],
        *,
        keys: Mapping[str, str],
        attempt: int,
        bye: str = "",
    ) -> str:
        """Ring a phone, speak ``template``, offer ``keys`` (key → template spoken when pressed; empty: just speak).

        ``bye`` is the template that ends a call with keys. The answer is the vendor's call id.
        """
        ...

    async def report(self, call_id: str, called_at: datetime) -> CallReport | None:
        """Ask how a call went; None when the vendor knows nothing of it (yet).

        ``attempt`` of the answer is 0 when the vendor doesn't echo it.
        """
        ...


class WechatWeb(Protocol):
    """H5 pages inside WeChat's browser."""

    def authorize_url(self, pool: str, redirect_uri: str, state: str) -> str:
        """Where to send the browser for a silent log-in; it comes back to ``redirect_uri`` with ``code``, ``state``."""
        ...

    async def web_user(self, pool: str, code: str) -> WebUser: ...

    async def js_config(self, pool: str, url: str) -> JsConfig:
        """Signed configuration of the JS-SDK for the page at ``url``; a fragment is left out."""
        ...


class IdentityPlatform(Protocol):
    """The OIDC provider of organisations (统一身份认证)."""

    async def start(self, redirect_uri: str) -> LoginStart: ...

    async def finish(self, code: str, redirect_uri: str, started: LoginStart) -> IdentityClaims:
        """Exchange the code that came back with ``started.state`` (which the caller has compared)."""
        ...


PayApp = Literal["oa", "mini"]
"""Whose appid pays: the official account's (JSAPI in WeChat's browser, Native) or the mini-program's."""


@dataclass(frozen=True)
class Merchant:
    """A pool's merchant at WeChat Pay. ``fapiao``: invoices can be issued through the platform."""

    mchid: str
    appids: Mapping[PayApp, str]
    fapiao: bool


@dataclass(frozen=True)
class OrderRequest:
    """What is ordered. ``amount`` in fen; ``out_trade_no`` is ours, once for ever; ``expires`` is aware UTC."""

    out_trade_no: str
    description: str
    amount: int
    expires: datetime
    attach: str = ""
    support_fapiao: bool = False


@dataclass(frozen=True)
class PayParameters:
    """What ``getBrandWCPayRequest`` and ``wx.requestPayment`` want, all text."""

    app_id: str
    time_stamp: str
    nonce: str
    package: str
    sign_type: str
    signature: str


TradeState = Literal["NOTPAY", "SUCCESS", "REFUND", "CLOSED"]


@dataclass(frozen=True)
class TradeReport:
    """What the platform says of an order, by query or notification. ``amount`` in fen (order's total)."""

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
class InvoiceReport:
    """What the platform says of an invoice. ``apply_id`` is ours; ``issued`` None while it is being made."""

    apply_id: str
    fapiao_id: str
    issued: bool | None
    number: str
    failure: str = ""


@dataclass(frozen=True)
class PayNotification:
    """A verified, decrypted notification; exactly one of the reports is set, none for a kind that we don't know."""

    event_id: str
    kind: str
    plain: str
    """The decrypted JSON text."""
    trade: TradeReport | None = None
    refund: RefundReport | None = None
    invoice: InvoiceReport | None = None


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
    """A day's bill, checked against its hash. ``total_*`` are the summary row's, in fen."""

    rows: tuple[BillRow, ...]
    trades: int
    total_received: int
    total_refunded: int
    sha1: str


@dataclass(frozen=True)
class InvoiceRequest:
    """An invoice to be issued through the platform; ``amount`` in fen, ``tax_rate`` in hundredths of a percent."""

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
        """None: the pool has none, nothing can be paid on line."""
        ...

    async def order_native(self, pool: str, order: OrderRequest) -> str:
        """The ``code_url`` to draw as a QR code; lives two hours. Again with the same request: a fresh one."""
        ...

    async def order_jsapi(self, pool: str, app: PayApp, openid: str, order: OrderRequest) -> str:
        """The ``prepay_id``; lives two hours."""
        ...

    def sign_payment(self, pool: str, app: PayApp, prepay_id: str) -> PayParameters: ...

    async def query(self, pool: str, out_trade_no: str) -> TradeReport | None:
        """None: the platform knows no such order."""
        ...

    async def close(self, pool: str, out_trade_no: str) -> None:
        """Repeatable. Raises Rejected with vendor code ORDERPAID for an order that was paid."""
        ...

    async def refund(
        self, pool: str, transaction_id: str, out_refund_no: str, *, amount: int, total: int, reason: str
    ) -> RefundReport: ...

    async def query_refund(self, pool: str, out_refund_no: str) -> RefundReport | None: ...

    async def read_notification(self, pool: str, headers: Mapping[str, str], body: bytes) -> PayNotification:
        """Verify the raw bytes and decrypt. Raises Forbidden for anything that is not provably the platform's, and
        fresh; InvalidInput for what is genuine but no notification; Transient while it can't be verified (let the
        platform try again)."""
        ...

    async def trade_bill(self, pool: str, day: date) -> TradeBill:
        """The bill of a day of Asia/Shanghai; no trades: an empty one. Raises Transient while it is being made."""
        ...

    async def issue_invoice(self, pool: str, request: InvoiceRequest) -> None:
        """Accepted only; repeatable with the same ``apply_id``."""
        ...

    async def query_invoice(self, pool: str, apply_id: str) -> InvoiceReport | None: ...

    async def invoice_file(self, pool: str, apply_id: str, fapiao_id: str) -> bytes:
        """The PDF of an issued invoice."""
        ...


class Files(Protocol):
    """Where attachments and papers are kept: a folder or an S3 bucket. Keys are ours, random, with slashes."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes:
        """Raises Rejected("missing") for a key that is not there."""
        ...

    async def delete(self, key: str) -> None:
        """Harmless when it is not there."""
        ...

    async def clear(self, folder: str) -> int:
        """Delete every key below ``folder/``; how many there were."""
        ...


class Printer(Protocol):
    """Papers as PDF. ``paper`` names a template, ``content`` is JSON-able; what it must hold stands at the template."""

    async def print(self, paper: str, content: Mapping[str, object]) -> bytes: ...

    async def preview(self, paper: str, content: Mapping[str, object]) -> bytes:
        """The first page as PNG, for a screen."""
        ...


@dataclass(frozen=True)
class MailAttachment:
    filename: str
    media_type: str
    content: bytes


class Mailer(Protocol):
    async def send(
        self, pool: str, to: str, subject: str, text: str, attachments: Sequence[MailAttachment], *, message_id: str
    ) -> None:
        """Hand a mail to the server. The same ``message_id`` again is the same mail for whoever receives it."""
        ...
