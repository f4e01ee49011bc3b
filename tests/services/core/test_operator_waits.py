"""Every caller of a vendor keeps what it wants when our own side is wrong, and goes on once it is right.

Callers are derived from ``services.ports`` and the source: one that is new needs a scenario here.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from domain.clock import FixedClock
from domain.errors import NeedsOperator, Transient, Unavailable
from domain.payments.lifecycles import InvoiceState
from models.accounts import WechatIdentity
from models.notices import Attempt, Notice
from models.payments import Bill, Fee, Invoice, OutboundEmail, PayEvent, PayOrder, Refund
from models.virtual_calls import VirtualCall
from services import ports
from services.accounts.account_linking import AccountLinking
from services.accounts.identity_verification import IdentityVerification
from services.accounts.mini_program_entry import MiniProgramEntry
from services.accounts.role_menus import RoleMenus
from services.accounts.sessions import Sessions
from services.core.base import Actor, Deps, transaction
from services.core.operator_waits import OPERATOR, PAUSE
from services.courses.media import CourseMedia, _store_errors
from services.draws.attendance.check_in import VenueCheckIn
from services.files.delivery import FileDelivery
from services.files.sealed_files import SealedFiles
from services.operations import DeliveryReports
from services.payments.qr_image import PaymentQrImages
from services.payments.reconciliation.bill_days import open_day
from services.ports import RoleMenuPools, SubscribeTemplate
from tests.factories.assembly import SUBSCRIPTIONS
from tests.factories.offices import make_office
from tests.factories.payments import (
    GOOD,
    FakeFiles,
    PaymentKit,
    make_application,
    make_fee,
    make_payment_kit,
    notification,
    owner_of,
)
from tests.factories.people import make_account, make_grant, make_identity
from tests.factories.vendors import Vendors, make_delivery
from tests.services.conftest import NoticeBook
from tests.services.draws.test_virtual_calls import make_missing_panel, ring_missing_expert
from tests.services.exams.attempts.test_face_checks import make_door

SERVICES = Path(__file__).parents[3] / "services"
NOT_VENDORS = {"ChatWindows", "DocumentRenderer", "DrawRelay", "Sealer", "WebhookSender"}
"""Ports of our own: Redis, libraries in this process; and receivers of events, who are no vendor of ours."""


def wrong(*, times: int = 1) -> list[Any]:
    return [NeedsOperator("SIGNERROR") for _ in range(times)]


# ---- callers


def _methods() -> dict[str, set[str]]:
    """Asynchronous methods of vendors' ports."""
    methods = {}
    for name in ports.__all__:
        port = getattr(ports, name)
        if getattr(port, "_is_protocol", False) and name not in NOT_VENDORS:
            methods[name] = {method for method, code in vars(port).items() if inspect.iscoroutinefunction(code)}
    return methods


def _fields(declared: ast.ClassDef, known: Mapping[str, object]) -> dict[str, str]:
    """Fields declared as a port."""
    fields = [line for line in declared.body if isinstance(line, ast.AnnAssign)]
    return {ast.unparse(field.target): kind for field in fields if (kind := ast.unparse(field.annotation)) in known}


def callers() -> Iterator[str]:
    """``Class.function Port.method`` of every call in services."""
    methods = _methods()
    for path in sorted(SERVICES.rglob("*.py")):
        for declared in ast.walk(ast.parse(path.read_text())):
            if not isinstance(declared, ast.ClassDef):
                continue
            held = _fields(declared, methods)
            for code in declared.body:
                for use in ast.walk(code):
                    if not (isinstance(use, ast.Attribute) and isinstance(use.value, ast.Attribute)):
                        continue
                    port = held.get(use.value.attr, "")
                    if use.attr in methods.get(port, ()):
                        yield f"{declared.name}.{getattr(code, 'name', '')} {port}.{use.attr}"


CALLERS = sorted(set(callers()))


# ---- the world of the scenarios


@dataclass
class World:
    deps: Deps
    clock: FixedClock
    book: NoticeBook
    kit: PaymentKit

    async def admin(self) -> Actor:
        return Actor("demo", "pool_admin", (await make_account(self.deps)).id)

    async def paid(self) -> Fee:
        fee = await make_fee(self.deps, await make_application(self.deps))
        ordered = await self.kit.orders.order(owner_of(fee), fee.id, "native")
        await self.kit.notify(self.kit.platform.pay(ordered.out_trade_no))
        await self.kit.settle_all()
        self.kit.end_correcting()
        return await Fee.get(id=fee.id)

    async def invoiced(self, until: str = "applied") -> Fee:
        """A paid fee with an invoice in this state."""
        fee = await self.paid()
        await self.kit.invoicing.check_due()
        if until != "applied":
            self.kit.platform.issue()
            for _ in range(2):
                self.clock.move(timedelta(minutes=1))
                await self.kit.invoicing.check_due()
        assert (await Invoice.get()).state == until
        return fee


@pytest.fixture
def world(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> World:
    return World(deps, clock, book, make_payment_kit(deps, clock, book))


Scenario = Callable[[World], Awaitable[None]]


class Faulty:
    """A port whose first call of each method meets a fault of our own side; then it answers."""

    def __init__(self, answer: object = "answer") -> None:
        self._answer, self._met = answer, set[str]()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def call(*_: object, **__: object) -> object:
            if name not in self._met:
                self._met.add(name)
                raise NeedsOperator("48001")
            return self._answer

        return call


async def told_to_try_again(call: Callable[[], Awaitable[object]], answer: object = "answer") -> None:
    """A person waits: refused for the moment without a word about the object, and served at the next try."""
    with pytest.raises((Unavailable, Transient)):
        await call()
    assert await call() == answer


# ---- payments


async def order_is_placed(world: World, trade: str) -> None:
    fee = await make_fee(world.deps)
    world.kit.platform.before[f"order_{'native' if trade == 'native' else 'jsapi'}"] = wrong()
    with pytest.raises(Unavailable):
        await world.kit.orders.order(owner_of(fee), fee.id, cast(Any, trade), openid="o1")
    assert (await PayOrder.get()).state == "new", "the order stays wanted"
    world.clock.move(timedelta(seconds=11))
    await world.kit.orders.order(owner_of(fee), fee.id, cast(Any, trade), openid="o1")
    assert (await PayOrder.get()).state == "open"


async def payment_is_found(world: World) -> None:
    fee = await make_fee(world.deps)
    ordered = await world.kit.orders.order(owner_of(fee), fee.id, "native")
    world.kit.platform.pay(ordered.out_trade_no)
    world.kit.platform.before["query"] = wrong(times=3)
    for _ in range(4):
        world.clock.move(PAUSE)
        await world.kit.order_checks.check_due()
    assert (await Fee.get(id=fee.id)).state == "paid"


async def order_is_closed(world: World) -> None:
    fee = await make_fee(world.deps)
    ordered = await world.kit.orders.order(owner_of(fee), fee.id, "native")
    world.clock.move(ordered.expires_at - world.clock.now() + timedelta(minutes=10))
    world.kit.platform.before["close"] = wrong()
    await world.kit.order_checks.check_due()
    assert (await PayOrder.get()).state == "open"
    world.clock.move(PAUSE)
    await world.kit.order_checks.check_due()
    assert (await PayOrder.get()).state == "closed"


async def notification_is_repeated(world: World) -> None:
    fee = await make_fee(world.deps)
    ordered = await world.kit.orders.order(owner_of(fee), fee.id, "native")
    body = notification(trade=world.kit.platform.pay(ordered.out_trade_no))
    platform = cast(Any, world.kit.platform)
    read, platform.read_notification = platform.read_notification, Faulty().read
    with pytest.raises(NeedsOperator):  # answered with 5xx: the platform repeats it
        await world.kit.webhooks.receive("demo", GOOD, body)
    assert await PayEvent.all().count() == 0
    platform.read_notification = read
    await world.kit.webhooks.receive("demo", GOOD, body)
    assert (await Fee.get(id=fee.id)).state == "paid"


async def refund_goes_out(world: World, call: str, state: str) -> None:
    await world.paid()
    order = await PayOrder.get()
    await world.kit.refunds.request(await world.admin(), order.id, "本人申请退费")
    if call == "query_refund":
        await world.kit.refunds.check_due()
        world.kit.platform.finish((await Refund.get()).out_refund_no)
        world.clock.move(timedelta(hours=1))
    before = (await Refund.get()).state
    world.kit.platform.before[call] = wrong()
    await world.kit.refunds.check_due()
    refund = await Refund.get()
    assert (refund.state, refund.failure) == (before, f"{OPERATOR}SIGNERROR")
    assert (await world.kit.payments.orders(await world.admin(), "abnormal")).total == 1, "the office sees it"
    world.clock.move(PAUSE)
    await world.kit.refunds.check_due()
    refund = await Refund.get()
    assert (refund.state, refund.failure) == (state, "")


async def refund_is_redirected(world: World) -> None:
    await world.paid()
    admin, order = await world.admin(), await PayOrder.get()
    await world.kit.refunds.request(admin, order.id, "本人申请退费")
    await world.kit.refunds.check_due()
    number = (await Refund.get()).out_refund_no
    await world.kit.refunds.apply_report("demo", world.kit.platform.finish(number, "ABNORMAL"), notified=True)
    refund = await Refund.get()
    world.kit.platform.before["redirect_refund"] = wrong()
    with pytest.raises(Unavailable):
        await world.kit.redirects.redirect(admin, refund.id, "merchant")
    assert (await Refund.get()).state == "abnormal"
    await world.kit.redirects.redirect(admin, refund.id, "merchant")
    assert (await Refund.get()).state == "processing"


async def invoice_is_issued(world: World, call: str, before: str, after: str) -> None:
    await (world.paid() if before == "wanted" else world.invoiced())
    if call in ("query_invoice", "invoice_file"):
        world.kit.platform.issue()
        world.clock.move(timedelta(minutes=1))
    world.kit.platform.before[call] = wrong(times=12)
    if call == "invoice_file":
        _fail_before(world, call)
    for _ in range(12):  # longer than the platform may not know an invoice
        await world.kit.invoicing.check_due()
        invoice = await Invoice.get()
        assert (invoice.state, invoice.failure) == (before, f"{OPERATOR}SIGNERROR")
        assert invoice.state != InvoiceState.FAILED, "the payer is told no failure"
        world.clock.move(PAUSE)
    await world.kit.invoicing.check_due()
    invoice = await Invoice.get()
    assert (invoice.state, invoice.failure) == (after, "")


def _fail_before(world: World, call: str) -> None:
    """The fake platform has no faults for files."""
    real = getattr(world.kit.platform, call)

    async def fetch(*arguments: Any) -> bytes:
        world.kit.platform._note_call(call)
        return cast(bytes, await real(*arguments))

    setattr(world.kit.platform, call, fetch)


async def invoice_is_reversed(world: World, call: str) -> None:
    await world.invoiced("sent")
    admin, invoice = await world.admin(), await Invoice.get()
    await world.kit.invoices.reverse(admin, invoice.id, "issue_error", "抬头有误")
    world.kit.platform.before[call] = wrong()
    await world.kit.invoicing.check_due()
    assert (await Invoice.get()).state == "reversing"
    world.clock.move(PAUSE)
    await world.kit.invoicing.check_due()
    assert len(world.kit.platform.reversals) == 1


async def invoices_notification_is_applied(world: World) -> None:
    await world.invoiced()
    world.kit.platform.issue()
    body = notification(invoice_apply_id=(await Invoice.get()).apply_id)
    world.kit.platform.before["query_invoice"] = wrong()
    await world.kit.webhooks.receive("demo", GOOD, body)
    await world.kit.webhooks.process_due()
    assert (await Invoice.get()).state == "applied"
    world.clock.move(timedelta(minutes=1))
    await world.kit.settle_all()
    assert (await Invoice.get()).state == "issued"


async def receipt_is_mailed(world: World) -> None:
    world.kit.mailer.fail = wrong(times=3)
    await world.paid()
    for _ in range(4):
        await world.kit.invoicing.check_due()
        world.clock.move(PAUSE)
    assert (await Invoice.get()).receipt_sent_at is not None
    assert (await OutboundEmail.get()).tries == 4


async def bill_is_fetched(world: World) -> None:
    day = date(2026, 11, 20)
    await open_day("demo", day, world.clock.now())
    world.kit.platform.before["trade_bill"] = wrong()
    await world.kit.bills.run_due()
    bill = await Bill.get(day=day)
    assert (bill.state, bill.failure) == ("waiting", f"{OPERATOR}SIGNERROR")
    world.clock.move(timedelta(hours=1))
    await world.kit.bills.run_due()
    bill = await Bill.get(day=day)
    assert (bill.state, bill.failure) == ("empty", "")


async def qr_image_is_sent(world: World) -> None:
    """The chat has the link already; the next request of the person sends the image."""
    fee = await make_fee(world.deps)
    official, window = Faulty("M1"), SimpleNamespace(spend=Faulty(answer=True).spend)
    window.spend = _always_open
    images = PaymentQrImages(world.deps, world.kit.orders, world.kit.renderer, cast(Any, official), cast(Any, window))
    owner = owner_of(fee)
    assert owner.account_id is not None
    tries = [await images.send("demo", owner.account_id, "o1", fee.id) for _ in range(3)]
    assert tries == [False, False, True], "an upload and a message failed"


async def _always_open(*_: object) -> bool:
    return True


# ---- messages


async def notified(world: World, kind: str, errors: int, *, window: int = 0, bound: bool = True) -> Vendors:
    """A notice to a person, delivered by vendors of whom the first ``errors`` calls refuse us."""
    office, vendors = await make_office(world.deps), Vendors(errors=wrong(times=errors), window=window)
    account = await make_account(world.deps)
    if bound:
        await make_identity(account)
    async with transaction():
        await office.notices.notify(
            pool="demo",
            kind=kind,
            dedupe_key=f"{kind}:{account.id}",
            params={"mobile": "138****0000", "at": "2026年11月21日 12:00"},
            account_id=account.id,
        )
    delivery = make_delivery(world.deps, office, vendors)
    for _ in range(errors + 1):
        await delivery.deliver_due()
        world.clock.move(timedelta(hours=1))
    return vendors


async def person_is_reached_by_the_next_channel(world: World) -> None:
    vendors = await notified(world, "account_bound", 1)
    assert [channel for channel, _ in vendors.sent][:2] == ["template", "sms"], "the ladder goes on at once"
    assert ("template", "account_bound") in vendors.sent[2:], "and the message stays wanted"


async def subscriber_is_reached_by_the_next_channel(world: World) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SUBSCRIPTIONS, "account_bound", SubscribeTemplate("T1"))
        vendors = await notified(world, "account_bound", 1)
    assert [channel for channel, _ in vendors.sent][:2] == ["subscription", "sms"], "the ladder goes on at once"
    assert ("subscription", "T1") in vendors.sent[2:], "and the message stays wanted"


async def chat_falls_back_on_the_template(world: World) -> None:
    vendors = await notified(world, "account_bound", 1, window=1)
    assert [channel for channel, _ in vendors.sent] == ["text", "template"]


async def last_channel_stays_wanted(world: World) -> None:
    vendors = await notified(world, "account_bound", 2, bound=False)
    assert [channel for channel, _ in vendors.sent] == ["sms"] * 3
    attempt = await Attempt.get(channel="sms")
    assert (attempt.state, attempt.vendor_code) == ("sent", "")
    assert (await Notice.get()).state == "active"


async def held_attempt(world: World, channel: str) -> None:
    """Of any channel: one attempt, made again until it succeeds."""
    office, vendors = await make_office(world.deps), Vendors(errors=wrong(times=2))
    account = await make_account(world.deps)
    await make_identity(account)
    await make_identity(account, app="mini")
    async with transaction():
        await office.notices.notify(
            pool="demo",
            kind="agency_leave",
            dedupe_key="leave",
            params={"name": "x", "at": "2026年11月21日 12:00", "what": "x"},
            account_id=account.id,
        )
    await Attempt.all().update(channel=channel)
    delivery = make_delivery(world.deps, office, vendors)
    sent = []

    async def send(row: Any, _person: object, outcome: Any) -> Any:
        sent.append(row["channel"])
        vendors._send(channel, "x")
        return outcome

    object.__setattr__(delivery.sending, "send", send)
    for _ in range(3):
        await delivery.deliver_due()
        world.clock.move(timedelta(minutes=5))
    assert sent.count(channel) >= 2
    assert (await Attempt.filter(channel=channel).order_by("number"))[0].state == "sent"


async def outcome_is_queried_again(world: World) -> None:
    reports = DeliveryReports(
        world.deps,
        cast(Any, world.book),
        cast(Any, None),
        cast(Any, None),
        cast(Any, Faulty(None)),
        cast(Any, Faulty(None)),
    )
    row = {"channel": "voice", "vendor_id": "v1", "sent_at": world.clock.now(), "mobile_sealed": "", "out_id": "1"}
    with pytest.raises(NeedsOperator):  # ``_check_attempt`` takes it for no answer, and asks again
        await reports._query_vendor(row)
    assert await reports._query_vendor(row) is None


async def call_may_be_asked_for_again(world: World) -> None:
    office = await make_office(world.deps)
    draw_id, [invitation] = await make_missing_panel(office, world.clock)
    office.bridge.errors = wrong()
    call = await ring_missing_expert(office, draw_id, invitation.id)
    assert (call.state, call.vendor_code) == ("refused", f"{OPERATOR}SIGNERROR")
    world.clock.move(timedelta(seconds=1))
    again = await ring_missing_expert(
        office, draw_id, invitation.id
    )  # at once: a call that was not placed counts for no limit
    assert again.state == "dialling"
    assert await VirtualCall.all().count() == 2


async def calls_end_is_queried_again(world: World) -> None:
    office = await make_office(world.deps)
    draw_id, [invitation] = await make_missing_panel(office, world.clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    cast(Any, office.bridge).report = Faulty(ports.CallDetail("x", "", True, "200100", None, 30)).report
    states = []
    for _ in range(2):
        world.clock.move(timedelta(minutes=3))
        await office.virtual_calls.check_due()
        states.append((await VirtualCall.get(id=call.id)).state)
    assert states == ["dialling", "talked"]


# ---- a person waits


async def venue_code(world: World) -> None:
    async def token(*_: object) -> tuple[str, Any]:
        return "token", world.clock.now()

    check_in = SimpleNamespace(deps=world.deps, official=Faulty(), venue_token=token)
    actor = Actor("demo", "venue")
    await told_to_try_again(
        lambda: VenueCheckIn.venue_scene(cast(Any, check_in), actor, uuid4()), ("answer", world.clock.now())
    )


async def menu_by_role(world: World) -> None:
    """The job comes again, and the group counts only once the platform has set it."""
    account = await make_account(world.deps)
    identity = await make_identity(account)
    await make_grant(account, "supervisor")
    menus = RoleMenus(world.deps, cast(Any, Faulty()), RoleMenuPools(frozenset({"demo"})))
    groups = []
    with pytest.raises(NeedsOperator):
        await menus.apply(identity.id)
    for _ in range(2):
        groups.append((await WechatIdentity.get(id=identity.id)).menu_group)
        await menus.apply(identity.id)
    assert groups == ["", "staff"]


async def mini_program_log_in(world: World) -> None:
    sessions = SimpleNamespace(platform=Faulty("13800001234"))
    await told_to_try_again(lambda: Sessions._phone_number(cast(Any, sessions), "demo", "c"), "13800001234")
    visitor = Sessions(world.deps, cast(Any, None), cast(Any, Faulty()), {"demo": "wx-mini"})
    with pytest.raises(Unavailable):
        await visitor.login("demo", "code")


async def linking_code(world: World) -> None:
    """Its digits have the same effect."""
    linking = cast(Any, SimpleNamespace(official=Faulty()))
    assert [await AccountLinking._scene(linking, "demo", "12345678") for _ in range(2)] == ["", "answer"]


async def link_into_the_mini_program(world: World) -> None:
    links = SimpleNamespace(sign=lambda *_: "token")
    entry = MiniProgramEntry(world.deps, cast(Any, links), cast(Any, None), cast(Any, None), cast(Any, Faulty()))
    actor = Actor("demo", "expert", uuid4(), session_id=uuid4())
    await told_to_try_again(lambda: entry.make_link(actor, "pages/pay"))


async def register_is_asked_again(world: World) -> None:
    verifier = IdentityVerification(world.deps, cast(Any, world.book), cast(Any, Faulty("match")), ["demo"])
    assert [await verifier._query_register("王小明", "x") for _ in range(2)] == ["waiting", "matched"]


async def face_check_begins(world: World) -> None:
    door = await make_door(world.deps, world.clock)
    door.faces.fail = wrong()
    await told_to_try_again(door.begin, "check-1")


async def face_check_ends(world: World) -> None:
    door = await make_door(world.deps, world.clock)
    check = await door.begin()
    door.faces.fail = wrong()
    await told_to_try_again(lambda: door.finish(check), True)


async def sealed_file(world: World, call: str) -> None:
    real = FakeFiles()
    store = SealedFiles(cast(Any, real), world.deps.keys)
    if call == "get":
        await store.put("demo/x", b"content")
    act, faulty = getattr(real, call), wrong()

    async def acting(*arguments: Any) -> Any:
        if faulty:
            raise faulty.pop()
        return await act(*arguments)

    setattr(real, call, acting)
    arguments = ("demo/x", b"content") if call == "put" else ("demo/x",)
    with pytest.raises(Unavailable):
        await getattr(store, call)(*arguments)
    await getattr(store, call)(*arguments)


async def film(world: World) -> None:
    """All uses of the store for films, also those in ``_probe`` and ``_Parts``, stand in one kind of block."""
    with pytest.raises(Unavailable):
        async with _store_errors():
            raise NeedsOperator("denied")
    (declared,) = ast.parse(inspect.getsource(CourseMedia)).body
    guarded: set[ast.AST] = set()
    for block in ast.walk(declared):
        if isinstance(block, ast.AsyncWith) and "_store_errors()" in ast.unparse(block.items[0]):
            guarded.update(ast.walk(block))
    for code in cast(ast.ClassDef, declared).body:
        if getattr(code, "name", "") == "_probe":
            continue
        for use in ast.walk(code):
            if (isinstance(use, ast.Attribute) and ast.unparse(use.value) == "self.files") or _is_probe(use):
                assert use in guarded, f"{ast.unparse(use)} in {getattr(code, 'name', '')}"


def _is_probe(use: ast.AST) -> bool:
    return isinstance(use, ast.Attribute) and ast.unparse(use) == "self._probe"


async def file_is_mailed(world: World) -> None:
    delivery = FileDelivery(world.deps, cast(Any, None), cast(Any, Faulty(None)))
    actor, file = await world.admin(), ports.MailAttachment("a.pdf", "application/pdf", b"x")
    await told_to_try_again(lambda: delivery.mail(actor, "wang@example.com", "文件", file), None)


SCENARIOS: Mapping[str, Scenario] = {
    "AccountLinking._scene OfficialAccountSender.create_scene": linking_code,
    "BillReconciliation.compare_day PaymentPlatform.trade_bill": bill_is_fetched,
    "CourseMedia._probe Files.get_range": film,
    "CourseMedia.finish_upload Files.clear": film,
    "CourseMedia.finish_upload Files.delete": film,
    "CourseMedia.finish_upload Files.put_stream": film,
    "CourseMedia.preview_video Files.locate": film,
    "CourseMedia.put_part Files.put": film,
    "CourseMedia.video Files.locate": film,
    "DeliveryReports._query_vendor SmsSender.report": outcome_is_queried_again,
    "DeliveryReports._query_vendor VoiceCaller.report": outcome_is_queried_again,
    "FaceChecks._query_verdict FaceChecker.verdict": face_check_ends,
    "FaceChecks.begin FaceChecker.begin": face_check_begins,
    "FileDelivery.mail Mailer.send": file_is_mailed,
    "IdentityVerification._query_register IdentityVerifier.compare": register_is_asked_again,
    "MiniProgramEntry.make_link MiniProgramPlatform.url_link": link_into_the_mini_program,
    "OrderChecks._close_order PaymentPlatform.close": order_is_closed,
    "OrderChecks._query_order PaymentPlatform.query": payment_is_found,
    "Orders._ask_for_code PaymentPlatform.order_jsapi": lambda world: order_is_placed(world, "jsapi"),
    "Orders._ask_for_code PaymentPlatform.order_native": lambda world: order_is_placed(world, "native"),
    "OutboundEmails.send Mailer.send": receipt_is_mailed,
    "PaymentQrImages.send OfficialAccountSender.send_image": qr_image_is_sent,
    "PaymentQrImages.send OfficialAccountSender.upload_image": qr_image_is_sent,
    "PaymentWebhooks.receive PaymentPlatform.read_notification": notification_is_repeated,
    "PlatformInvoices._request_reversal PaymentPlatform.reverse_invoice": lambda world: invoice_is_reversed(
        world, "reverse_invoice"
    ),
    "PlatformInvoices._apply_report PaymentPlatform.invoice_file": lambda world: invoice_is_issued(
        world, "invoice_file", "applied", "issued"
    ),
    "PlatformInvoices.request_invoice PaymentPlatform.issue_invoice": lambda world: invoice_is_issued(
        world, "issue_invoice", "wanted", "applied"
    ),
    "PlatformInvoices.query_invoice PaymentPlatform.query_invoice": lambda world: invoice_is_issued(
        world, "query_invoice", "applied", "issued"
    ),
    "PlatformInvoices.refresh PaymentPlatform.query_invoice": invoices_notification_is_applied,
    "PlatformInvoices.reverse_invoice PaymentPlatform.query_invoice": lambda world: invoice_is_reversed(
        world, "query_invoice"
    ),
    "RefundRedirects.redirect PaymentPlatform.redirect_refund": refund_is_redirected,
    "Refunds._query_or_send PaymentPlatform.query_refund": lambda world: refund_goes_out(world, "query_refund", "done"),
    "Refunds._query_or_send PaymentPlatform.refund": lambda world: refund_goes_out(world, "refund", "processing"),
    "RoleMenus.apply RoleMenuPlatform.move_follower": menu_by_role,
    "SealedFiles.clear Files.clear": lambda world: sealed_file(world, "clear"),
    "SealedFiles.delete Files.delete": lambda world: sealed_file(world, "delete"),
    "SealedFiles.get Files.get": lambda world: sealed_file(world, "get"),
    "SealedFiles.put Files.put": lambda world: sealed_file(world, "put"),
    "Sending._send_chat OfficialAccountSender.send_menu": chat_falls_back_on_the_template,
    "Sending._send_chat OfficialAccountSender.send_text": chat_falls_back_on_the_template,
    "Sending._send_wechat OfficialAccountSender.send_subscription": subscriber_is_reached_by_the_next_channel,
    "Sending._send_wechat OfficialAccountSender.send_template": person_is_reached_by_the_next_channel,
    "Sending.send MiniProgramPlatform.send_subscribe": lambda world: held_attempt(world, "mini"),
    "Sending.send SmsSender.send": last_channel_stays_wanted,
    "Sending.send VoiceCaller.call": lambda world: held_attempt(world, "voice"),
    "Sessions._phone_number MiniProgramPlatform.phone_number": mini_program_log_in,
    "Sessions.login MiniProgramPlatform.login": mini_program_log_in,
    "VenueCheckIn.venue_scene OfficialAccountSender.create_scene": venue_code,
    "VirtualCalls._check_call CallBridge.report": calls_end_is_queried_again,
    "VirtualCalls.dial CallBridge.connect": call_may_be_asked_for_again,
    "_Parts.__aiter__ Files.get": film,
}


def test_every_caller_of_a_vendor_has_a_scenario() -> None:
    assert sorted(SCENARIOS) == CALLERS


@pytest.mark.parametrize("caller", CALLERS)
async def test_what_a_caller_wants_stays_wanted(world: World, caller: str) -> None:
    await SCENARIOS[caller](world)
