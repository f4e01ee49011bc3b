"""A fake payment platform, and persons who owe a fee."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, cast

from domain.clock import Clock, FixedClock
from domain.errors import Forbidden, OutcomeUnknown, Rejected, Transient
from domain.ids import new_id
from models.applications import Application, ApplicationSection
from models.payments import Fee
from services.applications.repository import seal_values
from services.core.base import Actor, Deps
from services.core.composition import compose
from services.core.crypto import Keyring
from services.courses import CourseFees
from services.notifications import Notices
from services.office.payment_views import PaymentViews
from services.payments import ApplicationFeeOwner, CourseFeeOwner, Fees, PaymentServices, PaymentWebhooks
from services.payments.invoices.downloads import InvoiceDownloads
from services.payments.invoices.invoices import Invoices
from services.payments.invoices.processor import InvoiceProcessor
from services.payments.order_checks import OrderChecks
from services.payments.orders import Orders
from services.payments.queries import PaymentQueries
from services.payments.reconciliation.bills import BillReconciliation
from services.payments.reconciliation.unmatched_payments import UnmatchedPayments
from services.payments.refunds.processing import Refunds
from services.payments.refunds.redirects import RefundRedirects
from services.payments.settlement import Settlement
from services.ports import (
    BankCard,
    ChatWindows,
    DocumentRenderer,
    Files,
    InvoiceReport,
    InvoiceRequest,
    InvoiceStatus,
    MailAttachment,
    Mailer,
    Merchant,
    OfficialAccountSender,
    OrderRequest,
    PayApp,
    PaymentPlatform,
    PayNotification,
    PayParameters,
    RefundReport,
    Reversal,
    TradeBill,
    TradeReport,
)
from tests.factories.numbers import Numbers
from tests.factories.people import make_account

MCHID = "1900000001"
APPIDS: Mapping[PayApp, str] = {"oa": "wx-oa-demo", "mini": "wx-mini-demo"}
PDF = b"%PDF-1.7 made by a test"
_numbers = Numbers()


@dataclass
class FakeOrder:
    request: OrderRequest
    appid: str
    codes: int = 1
    state: str = "NOTPAY"
    transaction_id: str = ""
    success_at: datetime | None = None


@dataclass
class FakePlatform:
    """Behaves like the real one: orders by number, repeatable, paid once; and fails when it is told to.

    ``before[call]`` are raised instead of acting, ``after[call]`` after having acted: time-outs of both kinds.
    """

    clock: Clock
    fapiao: bool = True
    orders: dict[str, FakeOrder] = field(default_factory=dict)
    refunds: dict[str, RefundReport] = field(default_factory=dict)
    invoices: dict[str, InvoiceReport] = field(default_factory=dict)
    """By our own number."""
    invoice_requests: list[InvoiceRequest] = field(default_factory=list)
    reversals: list[Reversal] = field(default_factory=list)
    cards: list[BankCard | None] = field(default_factory=list)
    """Receivers of redirected abnormal refunds."""
    bills: dict[date, TradeBill] = field(default_factory=dict)
    before: dict[str, list[Exception]] = field(default_factory=dict)
    after: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    without: set[str] = field(default_factory=set)
    """Pools without a merchant."""

    def merchant(self, pool: str) -> Merchant | None:
        return None if pool in self.without else Merchant(MCHID, APPIDS, self.fapiao)

    # ---- what a test does to it

    def pay(self, out_trade_no: str) -> TradeReport:
        """Pay an order; returns the platform's report. Raises Rejected for an order that can't be paid."""
        order = self.orders[out_trade_no]
        if order.state != "NOTPAY":
            raise Rejected("ORDERCLOSED" if order.state == "CLOSED" else "ORDERPAID")
        order.state, order.success_at = "SUCCESS", self.clock.now()
        order.transaction_id = f"4200{next(_numbers):024}"
        return self.report(out_trade_no)

    def report(self, out_trade_no: str) -> TradeReport:
        order = self.orders[out_trade_no]
        return TradeReport(
            out_trade_no,
            MCHID,
            order.appid,
            order.state,
            order.transaction_id,
            order.request.amount,
            "CNY",
            "o-payer",  # type: ignore[arg-type]  # the fake keeps states as text
            order.success_at,
        )

    def finish(self, out_refund_no: str, outcome: Any = "SUCCESS") -> RefundReport:
        """End a refund as arrived or failed."""
        at = self.clock.now() if outcome == "SUCCESS" else None
        self.refunds[out_refund_no] = replace(self.refunds[out_refund_no], outcome=outcome, success_at=at)
        return self.refunds[out_refund_no]

    def issue(self, status: InvoiceStatus = "issued") -> None:
        """Set the outcome of every invoice that is being made."""
        number = "26440000000012345678" if status == "issued" else ""
        for name, report in self.invoices.items():
            if report.status == "making":
                self.invoices[name] = replace(report, status=status, number=number)

    def reverse(self, status: InvoiceStatus = "reversed") -> None:
        """Set the outcome of every invoice that is being reversed."""
        red = "26440000000087654321" if status == "reversed" else ""
        for name, report in self.invoices.items():
            if report.status == "reversing":
                self.invoices[name] = replace(report, status=status, red_number=red)

    # ---- the port

    def _note_call(self, call: str) -> None:
        self.calls.append(call)
        if self.before.get(call):
            raise self.before[call].pop(0)

    def _lose_answer(self, call: str) -> None:
        if self.after.get(call):
            raise self.after[call].pop(0)

    async def order_native(self, pool: str, order: OrderRequest) -> str:
        self._place("order_native", order, APPIDS["oa"])
        return f"weixin://wxpay/bizpayurl?pr={order.out_trade_no}-{self.orders[order.out_trade_no].codes}"

    async def order_jsapi(self, pool: str, app: PayApp, openid: str, order: OrderRequest) -> str:
        assert openid, "nobody pays"
        self._place("order_jsapi", order, APPIDS[app])
        return f"wx{order.out_trade_no}"

    def _place(self, call: str, request: OrderRequest, appid: str) -> None:
        self._note_call(call)
        known = self.orders.get(request.out_trade_no)
        if known is None:
            self.orders[request.out_trade_no] = FakeOrder(request, appid)
        elif known.state != "NOTPAY":
            raise Rejected("ORDERPAID" if known.state == "SUCCESS" else "ORDERCLOSED")
        elif known.request != request:
            raise Rejected("INVALIDREQUEST")
        else:
            known.codes += 1
        self._lose_answer(call)

    def sign_payment(self, pool: str, app: PayApp, prepay_id: str) -> PayParameters:
        return PayParameters(APPIDS[app], "1700000000", "nonce", f"prepay_id={prepay_id}", "RSA", "signature")

    async def query(self, pool: str, out_trade_no: str) -> TradeReport | None:
        self._note_call("query")
        report = self.report(out_trade_no) if out_trade_no in self.orders else None
        self._lose_answer("query")
        return report

    async def close(self, pool: str, out_trade_no: str) -> None:
        self._note_call("close")
        order = self.orders.get(out_trade_no)
        if order is None:
            raise Rejected("ORDERNOTEXIST")
        if order.state in ("SUCCESS", "REFUND"):
            raise Rejected("ORDERPAID")
        order.state = "CLOSED"
        self._lose_answer("close")

    async def refund(
        self, pool: str, transaction_id: str, out_refund_no: str, *, amount: int, total: int, reason: str
    ) -> RefundReport:
        self._note_call("refund")
        assert len(reason.encode()) <= 80
        order = next((o for o in self.orders.values() if o.transaction_id == transaction_id), None)
        if order is None or not transaction_id:
            raise Rejected("RESOURCENOTEXISTS")
        if out_refund_no not in self.refunds:
            number = f"5000{next(_numbers)}"
            self.refunds[out_refund_no] = RefundReport(out_refund_no, number, "PROCESSING", amount, None)
        self._lose_answer("refund")
        return self.refunds[out_refund_no]

    async def query_refund(self, pool: str, out_refund_no: str) -> RefundReport | None:
        self._note_call("query_refund")
        return self.refunds.get(out_refund_no)

    async def read_notification(self, pool: str, headers: Mapping[str, str], body: bytes) -> PayNotification:
        if headers.get("signature") != "good":
            raise Forbidden("签名不正确", code="pay_forged")
        return _NOTES[json.loads(body)["note"]]

    async def trade_bill(self, pool: str, day: date) -> TradeBill:
        self._note_call("trade_bill")
        return self.bills.get(day, TradeBill((), 0, 0, 0, "0" * 40))

    async def issue_invoice(self, pool: str, request: InvoiceRequest) -> None:
        self._note_call("issue_invoice")
        assert max(len(request.apply_id), len(request.fapiao_id)) <= 32
        assert any(order.transaction_id == request.apply_id for order in self.orders.values())
        same = [earlier for earlier in self.invoice_requests if earlier.fapiao_id == request.fapiao_id]
        if any(earlier != request for earlier in same):
            raise Rejected("RESOURCEALREADYEXISTS")
        self.invoice_requests.append(request)
        self.invoices.setdefault(request.fapiao_id, InvoiceReport(request.apply_id, request.fapiao_id, "making"))
        self._lose_answer("issue_invoice")

    async def query_invoice(self, pool: str, apply_id: str, fapiao_id: str) -> InvoiceReport | None:
        self._note_call("query_invoice")
        invoice = self.invoices.get(fapiao_id)
        return invoice if invoice is not None and invoice.apply_id == apply_id else None

    async def reverse_invoice(self, pool: str, reversal: Reversal) -> None:
        self._note_call("reverse_invoice")
        report = self.invoices[reversal.fapiao_id]
        if report.status not in ("issued", "reverse_failed") or report.number != reversal.number:
            raise Rejected("INVALIDREQUEST")
        self.reversals.append(reversal)
        self.invoices[reversal.fapiao_id] = replace(report, status="reversing")
        self._lose_answer("reverse_invoice")

    async def redirect_refund(
        self, pool: str, refund_id: str, out_refund_no: str, card: BankCard | None
    ) -> RefundReport:
        self._note_call("redirect_refund")
        report = self.refunds[out_refund_no]
        if (report.outcome, report.refund_id) != ("ABNORMAL", refund_id):
            raise Rejected("INVALIDREQUEST")
        self.cards.append(card)
        self.refunds[out_refund_no] = replace(report, outcome="PROCESSING")
        self._lose_answer("redirect_refund")
        return self.refunds[out_refund_no]

    async def invoice_file(self, pool: str, apply_id: str, fapiao_id: str) -> bytes:
        self._note_call("invoice_file")
        if self.invoices[fapiao_id].status != "issued":
            raise Transient("no file")
        return PDF


_NOTES: dict[str, PayNotification] = {}


def notification(
    *,
    trade: TradeReport | None = None,
    refund: RefundReport | None = None,
    invoice_apply_id: str = "",
    kind: str = "",
) -> bytes:
    """A body that the fake platform reads as this report."""
    given = kind or ("TRANSACTION.SUCCESS" if trade else "REFUND.SUCCESS" if refund else "FAPIAO.ISSUED")
    name = f"EV-{next(_numbers)}"
    _NOTES[name] = PayNotification(name, given, '{"plain": 1}', trade, refund, invoice_apply_id)
    return json.dumps({"note": name}).encode()


GOOD = {"signature": "good"}


@dataclass(frozen=True)
class Mail:
    to: str
    subject: str
    text: str
    attachments: Sequence[MailAttachment]
    message_id: str


@dataclass
class FakeMailer:
    sent: list[Mail] = field(default_factory=list)
    fail: list[Exception] = field(default_factory=list)

    async def send(
        self, pool: str, to: str, subject: str, text: str, attachments: Sequence[MailAttachment], *, message_id: str
    ) -> None:
        if self.fail:
            raise self.fail.pop(0)
        self.sent.append(Mail(to, subject, text, attachments, message_id))


@dataclass
class FakeFiles:
    contents: dict[str, bytes] = field(default_factory=dict)

    async def put(self, key: str, content: bytes) -> None:
        self.contents[key] = content

    async def get(self, key: str) -> bytes:
        if key not in self.contents:
            raise Rejected("missing")
        return self.contents[key]

    async def delete(self, key: str) -> None:
        self.contents.pop(key, None)

    async def clear(self, folder: str) -> int:
        gone = [key for key in self.contents if key.startswith(f"{folder}/")]
        for key in gone:
            del self.contents[key]
        return len(gone)


@dataclass
class FakeRenderer:
    printed: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    async def render_pdf(self, template: str, content: Mapping[str, object]) -> bytes:
        self.printed.append((template, content))
        return b"%PDF-1.7 " + template.encode()

    async def preview(self, template: str, content: Mapping[str, object]) -> bytes:
        self.printed.append((template, content))
        return b"\x89PNG " + template.encode()


@dataclass
class Passed:
    """Stands in for the entry into the pool: records paid applications, and advances them as the real one does."""

    numbers: list[str] = field(default_factory=list)

    async def advance(self, application: Application, now: datetime) -> None:
        self.numbers.append(application.expert_number)
        application.state = "exam"
        await application.save(update_fields=["state"])


@dataclass
class PaymentKit:
    """All services of payments over a fake platform."""

    deps: Deps
    clock: Clock
    platform: FakePlatform
    mailer: FakeMailer
    files: FakeFiles
    renderer: FakeRenderer
    passed: Passed
    fees: Fees
    settle: Settlement
    orders: Orders
    order_checks: OrderChecks
    refunds: Refunds
    redirects: RefundRedirects
    invoices: Invoices
    invoice_downloads: InvoiceDownloads
    invoicing: InvoiceProcessor
    unmatched_payments: UnmatchedPayments
    webhooks: PaymentWebhooks
    bills: BillReconciliation
    payments: PaymentQueries
    payment_views: PaymentViews

    async def settle_all(self) -> None:
        """Apply the effects of everything received, until no event waits."""
        while await self.webhooks.process_due():
            continue

    def end_correcting(self) -> None:
        """Let the time pass in which the payer of a new fee may enter an invoice's title."""
        rules = self.deps.book("demo").fee
        assert rules is not None
        assert isinstance(self.clock, FixedClock)
        self.clock.move(rules.invoice.correctable_for)

    async def notify(self, report: TradeReport) -> None:
        await self.webhooks.receive("demo", GOOD, notification(trade=report))


def make_payment_kit(deps: Deps, clock: Clock, notices: Notices) -> PaymentKit:
    platform, mailer, files, renderer, passed = FakePlatform(clock), FakeMailer(), FakeFiles(), FakeRenderer(), Passed()
    fakes = {PaymentPlatform: platform, Mailer: mailer, Files: files, DocumentRenderer: renderer}
    owners = {ApplicationFeeOwner: passed, CourseFeeOwner: CourseFees}
    held = {type(fake): fake for fake in (platform, mailer, files, renderer, passed)}
    values = {Deps: deps, Keyring: deps.keys, Clock: clock, Notices: notices}
    return compose(PaymentKit, {**values, **fakes, **owners, **held})


@dataclass
class FakeChat:
    """The official account and the windows of a chat: images that were sent."""

    images: list[tuple[str, bytes]] = field(default_factory=list)
    open: bool = True
    _uploaded: dict[str, bytes] = field(default_factory=dict)

    async def upload_image(self, pool: str, png: bytes) -> str:
        self._uploaded[f"M{len(self._uploaded)}"] = png
        return f"M{len(self._uploaded) - 1}"

    async def send_image(self, pool: str, openid: str, media_id: str) -> None:
        self.images.append((openid, self._uploaded[media_id]))

    async def spend(self, pool: str, openid: str) -> bool:
        return self.open


def make_fake_payments(deps: Deps, notices: Notices, fees: Fees, entry: ApplicationFeeOwner) -> PaymentServices:
    """The container's payment services over a fake platform, renderer, mail server and chat."""
    chat = FakeChat()
    fakes = {PaymentPlatform: FakePlatform(deps.clock), Mailer: FakeMailer(), Files: FakeFiles()}
    shown = {DocumentRenderer: FakeRenderer(), OfficialAccountSender: chat, ChatWindows: chat}
    given = {Deps: deps, Keyring: deps.keys, Notices: notices, Fees: fees}
    owners = {ApplicationFeeOwner: entry, CourseFeeOwner: CourseFees}
    return compose(PaymentServices, {**given, **fakes, **shown, **owners})


def platform_of(payments: PaymentServices) -> FakePlatform:
    return cast(FakePlatform, payments.orders.platform)


def chat_of(payments: PaymentServices) -> FakeChat:
    return cast(FakeChat, payments.qr_images.official)


async def make_application(deps: Deps, *, email: str = "wang@example.com", **columns: Any) -> Application:
    """A person who was approved a day ago and is to pay."""
    now, serial = deps.now(), next(_numbers)
    pool = columns.get("pool", "demo")
    account = await make_account(deps, pool=pool, real_name="王小明")
    values = {
        "pool": pool,
        "number": f"SQ{serial:013}",
        "account_id": account.id,
        "entry_type": "first",
        "state": "fee",
        "state_since": now,
        "approved_at": now - timedelta(days=1),
        "expert_number": f"ZJ{serial:07}",
        "created_at": now - timedelta(days=9),
    }
    application = await Application.create(**values | columns)
    sealed = seal_values(deps, {"email": email} if email else {})
    await ApplicationSection.create(application_id=application.id, code="basic", values_sealed=sealed, saved_at=now)
    return application


async def make_fee(deps: Deps, application: Application | None = None, **columns: Any) -> Fee:
    """A fee that can be paid now."""
    owner, now = application or await make_application(deps), deps.now()
    values = {
        "id": new_id(),
        "pool": owner.pool,
        "kind": "training",
        "application_id": owner.id,
        "account_id": owner.account_id,
        "expert_number": owner.expert_number,
        "amount": 35_000,
        "opens_at": now - timedelta(hours=1),
        "closes_at": now + timedelta(days=5),
        "state": "due",
        "created_at": now,
    }
    return await Fee.create(**values | columns)


def owner_of(fee: Fee) -> Actor:
    return Actor(fee.pool, "applicant", fee.account_id)


UNREACHED = Transient("not reached")
UNKNOWN = OutcomeUnknown("no answer")
