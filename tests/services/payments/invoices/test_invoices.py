"""Receipts and invoices reach the mailbox, once each, from WeChat Pay or from the office."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Rejected, Transient, Unavailable
from models.payments import Fee, Invoice, OutboundEmail, PayEvent, PayOrder, Refund
from services.core.base import Actor, Deps
from services.payments import prove_receipt
from tests.factories.payments import (
    PDF,
    UNKNOWN,
    PaymentKit,
    make_application,
    make_fee,
    make_payment_kit,
    notification,
    owner_of,
)
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

GOOD = {"signature": "good"}


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


@pytest.fixture
async def admin(kit: PaymentKit) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(kit.deps)).id)


async def pay(kit: PaymentKit, *, email: str = "wang@example.com", may_issue: bool = True) -> Fee:
    """A paid fee; ``may_issue``: the time to enter a title has passed."""
    fee = await make_fee(kit.deps, await make_application(kit.deps, email=email))
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    await kit.notify(kit.platform.pay(ordered.out_trade_no))
    await kit.settle_all()
    if may_issue:
        kit.end_correcting()
    return await Fee.get(id=fee.id)


async def issue(kit: PaymentKit, clock: FixedClock) -> None:
    """Let the platform issue the requested invoices, and refresh ours."""
    kit.platform.issue()
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    await kit.invoicing.check_due()


async def test_the_receipt_is_mailed_at_once_and_the_invoice_when_it_is_issued(
    kit: PaymentKit, clock: FixedClock, book: NoticeBook
) -> None:
    fee = await pay(kit)
    await kit.invoicing.check_due()
    assert [(mail.to, mail.attachments[0].filename) for mail in kit.mailer.sent] == [
        ("wang@example.com", f"receipt-{fee.expert_number}.pdf")
    ]
    request = kit.platform.invoice_requests[0]
    assert (request.title, request.amount, request.email) == ("王小明", fee.amount, "wang@example.com")
    await issue(kit, clock)
    assert [mail.attachments[0].content for mail in kit.mailer.sent][1:] == [PDF]
    invoice = await Invoice.get(fee_id=fee.id)
    assert (invoice.state, invoice.number) == ("sent", "26440000000012345678")
    notices = [notice for notice in book.told if notice.kind == "invoice_sent"]
    assert [notice.params["email"] for notice in notices] == ["w***@example.com"]


async def test_a_title_can_be_entered_before_the_invoice_is_requested(
    kit: PaymentKit, clock: FixedClock, book: NoticeBook
) -> None:
    fee = await pay(kit, may_issue=False)
    for _ in range(3):
        await kit.invoicing.check_due()
        clock.move(timedelta(minutes=1))
    assert (len(kit.mailer.sent), kit.platform.invoice_requests) == (1, []), "the receipt does not wait"
    [view] = await kit.payments.list_own_fees(owner_of(fee))
    assert view.invoice is not None
    assert view.invoice.issue_at == (fee.paid_at or clock.now()) + timedelta(minutes=10)
    await kit.invoices.correct(
        owner_of(fee), fee.id, title="某某设计院", taxpayer_id="91310110076408176P", email="office@example.com"
    )
    await kit.invoicing.check_due()
    assert kit.platform.invoice_requests == [], "another address does not end the time"
    clock.set(view.invoice.issue_at)
    await kit.invoicing.check_due()
    [request] = kit.platform.invoice_requests
    assert (request.title, request.taxpayer_id, request.email) == (
        "某某设计院",
        "91310110076408176P",
        "office@example.com",
    )
    [view] = await kit.payments.list_own_fees(owner_of(fee))
    assert view.invoice is not None
    assert (view.invoice.issue_at, view.invoice.correctable) == (None, False)


async def test_a_fee_refunded_while_a_title_can_be_entered_gets_no_invoice(
    kit: PaymentKit, admin: Actor, clock: FixedClock
) -> None:
    fee = await pay(kit, may_issue=False)
    await kit.invoicing.check_due()
    order = await PayOrder.get(fee_id=fee.id)
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    refund = await Refund.get(order_id=order.id)
    await kit.refunds.apply_report("demo", kit.platform.finish(refund.out_refund_no))
    kit.end_correcting()
    await kit.invoicing.check_due()
    invoice = await Invoice.get(fee_id=fee.id)
    assert (invoice.state, invoice.failure, kit.platform.invoice_requests) == ("failed", "refunded", [])


async def test_the_receipt_says_what_was_paid_and_its_code_proves_it(kit: PaymentKit, deps: Deps) -> None:
    fee = await pay(kit)
    assert (await kit.invoice_downloads.receipt(owner_of(fee), fee.id)).startswith(b"%PDF")
    document, content = kit.renderer.printed[-1]
    assert (document, content["amount"], content["words"]) == ("receipt", "¥350.00", "叁佰伍拾元整")
    assert "王小明" not in str(content)
    proof = await prove_receipt(deps, str(content["qr"]).rpartition("/")[2])
    assert (proof.amount_yuan, proof.name, proof.refunded) == ("350.00", "王**", False)
    with pytest.raises(Forbidden):
        await prove_receipt(deps, str(content["qr"]).rpartition("/")[2][:-2] + "AA")


async def test_only_the_owner_and_an_administrator_get_the_receipt(kit: PaymentKit, admin: Actor) -> None:
    fee = await pay(kit)
    stranger = Actor("demo", "applicant", (await make_account(kit.deps)).id)
    with pytest.raises(NotFound):
        await kit.invoice_downloads.receipt(stranger, fee.id)
    assert await kit.invoice_downloads.receipt(admin, fee.id)
    unpaid = await make_fee(kit.deps)
    with pytest.raises(Conflict):
        await kit.invoice_downloads.receipt(owner_of(unpaid), unpaid.id)


async def test_a_mail_that_fails_is_sent_again_as_the_same_mail(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    kit.mailer.fail = [UNKNOWN, Transient("greylisted")]
    for _ in range(3):
        await kit.invoicing.check_due()
        clock.move(timedelta(minutes=5))
    assert len({mail.message_id for mail in kit.mailer.sent if "receipt" in mail.message_id}) == 1
    invoice = (await Invoice.all())[0]
    assert invoice.receipt_sent_at is not None


async def test_a_mail_is_written_down_before_it_goes_out_and_after(
    kit: PaymentKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pay(kit)
    emails: list[OutboundEmail] = []
    send = kit.mailer.send

    async def record_and_send(*letter: Any, **more: Any) -> None:
        emails.extend(await OutboundEmail.all())
        await send(*letter, **more)

    monkeypatch.setattr(kit.mailer, "send", record_and_send)
    await kit.invoicing.check_due()
    assert [(row.kind, row.tries, row.sent_at) for row in emails] == [("receipt", 1, None)]
    row = await OutboundEmail.get()
    assert row.sent_at is not None
    assert row.message_id == kit.mailer.sent[0].message_id


async def test_two_processes_do_not_mail_the_same_thing_at_once(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    invoice = await Invoice.get()
    started, go_on = asyncio.Event(), asyncio.Event()
    send = kit.mailer.send

    async def hang(*letter: Any, **more: Any) -> None:
        started.set()
        await go_on.wait()
        await send(*letter, **more)

    kit.mailer.send = hang  # type: ignore[method-assign]
    first = asyncio.create_task(kit.invoicing.check_invoice(invoice.id))
    await started.wait()
    await kit.invoicing.check_invoice(invoice.id)
    go_on.set()
    await first
    assert [mail.attachments[0].filename[:7] for mail in kit.mailer.sent] == ["receipt"]
    clock.move(timedelta(minutes=5))
    await kit.invoicing.check_due()
    assert len(kit.mailer.sent) == 1


async def test_a_mail_with_unknown_outcome_is_sent_again_with_the_same_id(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    kit.mailer.fail = [UNKNOWN]
    await kit.invoicing.check_due()
    clock.move(timedelta(seconds=21))
    await kit.invoicing.check_due()
    assert kit.mailer.sent == [], "the server may still be at it"
    clock.move(timedelta(minutes=4))
    await kit.invoicing.check_due()
    assert len(kit.mailer.sent) == 1
    row = await OutboundEmail.get()
    assert (row.tries, row.message_id) == (2, kit.mailer.sent[0].message_id)


async def test_what_went_out_before_a_crash_does_not_go_out_again(kit: PaymentKit) -> None:
    await pay(kit)
    await kit.invoicing.check_due()
    await Invoice.all().update(receipt_sent_at=None, check_at=kit.clock.now())  # as after a crash in between
    await kit.invoicing.check_due()
    assert len(kit.mailer.sent) == 1
    assert (await Invoice.get()).receipt_sent_at is not None


async def test_an_unknown_email_address_does_not_delay_the_invoice(kit: PaymentKit, clock: FixedClock) -> None:
    fee = await pay(kit)
    kit.mailer.fail = [Rejected("550"), Rejected("550")]
    await kit.invoicing.check_due()
    await issue(kit, clock)
    invoice = await Invoice.get()
    assert (invoice.state, invoice.failure) == ("issued", "550")
    assert await kit.invoice_downloads.file(owner_of(fee), fee.id) == PDF
    kit.mailer.fail = []
    clock.move(timedelta(days=1))
    await kit.invoicing.check_due()
    assert len(kit.mailer.sent) == 2, "receipt and invoice"


async def test_an_unknown_outcome_at_the_platform_asks_for_the_same_invoice(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    kit.platform.after["issue_invoice"] = [UNKNOWN]
    await kit.invoicing.check_due()
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    assert len({(request.apply_id, request.fapiao_id) for request in kit.platform.invoice_requests}) == 1
    assert len(kit.platform.invoice_requests) == 2
    assert (await Invoice.all())[0].state == "applied"


async def test_the_platforms_notification_brings_the_invoice_with_its_number(kit: PaymentKit) -> None:
    """It has no number, so the platform is queried."""
    await pay(kit)
    await kit.invoicing.check_due()
    kit.platform.issue()
    apply_id = (await Invoice.all())[0].apply_id
    for _ in range(2):
        await kit.webhooks.receive("demo", GOOD, notification(invoice_apply_id=apply_id))
    await kit.settle_all()
    await kit.invoicing.check_due()
    invoice = (await Invoice.all())[0]
    assert (invoice.state, invoice.number) == ("sent", "26440000000012345678")


async def test_news_that_come_while_the_platform_is_away_are_taken_in_later(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    await kit.invoicing.check_due()
    kit.platform.issue()
    apply_id = (await Invoice.all())[0].apply_id
    kit.platform.before["query_invoice"] = [Transient("away")]
    await kit.webhooks.receive("demo", GOOD, notification(invoice_apply_id=apply_id))
    await kit.webhooks.process_due()
    assert (await Invoice.all())[0].state == "applied"
    clock.move(timedelta(seconds=31))
    await kit.settle_all()
    assert (await Invoice.all())[0].state == "issued"


async def test_news_of_an_invoice_that_is_not_ours_are_kept(kit: PaymentKit) -> None:
    await kit.webhooks.receive("demo", GOOD, notification(invoice_apply_id="4200404"))
    await kit.settle_all()
    assert (await PayEvent.get()).outcome == "unknown_invoice"


async def test_a_refused_invoice_can_be_corrected_and_is_asked_for_under_another_number(
    kit: PaymentKit, clock: FixedClock
) -> None:
    fee = await pay(kit)
    await kit.invoicing.check_due()
    kit.platform.issue("failed")
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    assert (await Invoice.all())[0].state == "failed"
    view = await kit.invoices.correct(
        owner_of(fee), fee.id, title="某某公司", taxpayer_id="91440600037341abcl", email=""
    )
    assert (view.title, view.taxpayer_id, view.state) == ("某某公司", "91440600037341ABCL", "wanted")
    await kit.invoicing.check_due()
    await issue(kit, clock)
    first, second = kit.platform.invoice_requests
    assert (first.apply_id == second.apply_id, first.fapiao_id == second.fapiao_id) == (True, False)
    assert (await Invoice.get()).state == "sent"


async def test_an_invoice_is_asked_for_under_the_payments_number_with_numbers_that_fit(kit: PaymentKit) -> None:
    fee = await pay(kit)
    await kit.invoicing.check_due()
    (request,) = kit.platform.invoice_requests
    assert request.apply_id == (await PayOrder.get(fee_id=fee.id)).transaction_id
    assert len(request.fapiao_id) == 32


async def test_details_may_not_change_while_the_platform_may_have_them(kit: PaymentKit) -> None:
    fee = await pay(kit)
    kit.platform.after["issue_invoice"] = [UNKNOWN]
    await kit.invoicing.check_due()
    invoice = await Invoice.get()
    assert invoice.state == "wanted", "nobody knows whether it was accepted"
    with pytest.raises(Conflict, match="正在开具"):
        await kit.invoices.correct(owner_of(fee), fee.id, title="别的抬头", taxpayer_id="", email="")


async def test_an_invoice_that_the_platform_never_heard_of_is_given_up_and_may_still_turn_up(
    kit: PaymentKit, clock: FixedClock
) -> None:
    await pay(kit)
    await kit.invoicing.check_due()
    forgotten_invoices = dict(kit.platform.invoices)
    kit.platform.invoices.clear()
    for _ in range(12):
        clock.move(timedelta(hours=7))
        await kit.invoicing.check_due()
    invoice = await Invoice.get()
    assert (invoice.state, invoice.failure) == ("failed", "unknown_there")
    kit.platform.invoices.update(forgotten_invoices)
    kit.platform.issue()
    await kit.invoicing.refresh("demo", invoice.apply_id)
    assert (await Invoice.get()).state == "issued"


async def test_without_the_platforms_invoices_the_office_uploads_them(
    kit: PaymentKit, admin: Actor, clock: FixedClock
) -> None:
    kit.platform.fapiao = False
    fee = await pay(kit)
    await kit.invoicing.check_due()
    invoice = await Invoice.get(fee_id=fee.id)
    assert (invoice.state, invoice.issued_by, invoice.check_at) == ("wanted", "office", None)
    with pytest.raises(InvalidInput) as refusal:
        await kit.invoices.upload(admin, invoice.id, b"<html>", " ")
    assert [fault.field for fault in refusal.value.faults] == ["number", "file"]
    await kit.invoices.upload(admin, invoice.id, PDF, "2644")
    await kit.invoicing.check_due()
    assert (await Invoice.get(id=invoice.id)).state == "sent"
    assert kit.mailer.sent[-1].attachments[0].content == PDF
    assert await kit.invoice_downloads.file(owner_of(fee), fee.id) == PDF
    with pytest.raises(Conflict):
        await kit.invoices.upload(admin, invoice.id, PDF, "2645")
    await kit.files.delete((await Invoice.get(id=invoice.id)).key)
    with pytest.raises(Unavailable):
        await kit.invoice_downloads.file(owner_of(fee), fee.id)


class _While:
    """A mailer that calls a function during its first e-mail."""

    def __init__(self, kit: PaymentKit, action: Callable[[], Awaitable[object]]) -> None:
        self._actions, self._send = [action], kit.mailer.send

    async def __call__(self, *letter: Any, **more: Any) -> None:
        await self._send(*letter, **more)
        while self._actions:
            await self._actions.pop()()


async def test_what_the_office_uploads_while_the_receipt_is_under_way_is_mailed_too(
    kit: PaymentKit, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.platform.fapiao = False
    fee = await pay(kit)
    invoice = await Invoice.get(fee_id=fee.id)
    action = _While(kit, lambda: kit.invoices.upload(admin, invoice.id, PDF, "2644"))
    monkeypatch.setattr(kit.mailer, "send", action)
    await kit.invoicing.check_due()
    await kit.invoicing.check_due()
    assert [mail.attachments[0].filename[:7] for mail in kit.mailer.sent] == ["receipt", "invoice"]
    assert (await Invoice.get(id=invoice.id)).state == "sent"


async def test_a_new_address_that_comes_while_a_letter_is_under_way_gets_its_own(
    kit: PaymentKit, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.platform.fapiao = False
    fee = await pay(kit)

    async def move() -> None:
        clock.move(timedelta(seconds=1))
        await kit.invoices.correct(owner_of(fee), fee.id, title="王小明", taxpayer_id="", email="new@example.com")

    monkeypatch.setattr(kit.mailer, "send", _While(kit, move))
    await kit.invoicing.check_due()
    await kit.invoicing.check_due()
    assert [mail.to for mail in kit.mailer.sent] == ["wang@example.com", "new@example.com"]


async def test_without_an_address_nothing_is_mailed_until_one_is_given(kit: PaymentKit) -> None:
    fee = await pay(kit, email="")
    await kit.invoicing.check_due()
    assert kit.mailer.sent == []
    await kit.invoices.correct(owner_of(fee), fee.id, title="王小明", taxpayer_id="", email="new@example.com")
    await kit.invoicing.check_due()
    assert [(mail.to, mail.attachments[0].filename[:7]) for mail in kit.mailer.sent] == [("new@example.com", "receipt")]


async def test_after_issuing_only_the_address_may_change_and_all_is_sent_there(
    kit: PaymentKit, clock: FixedClock
) -> None:
    fee = await pay(kit)
    await kit.invoicing.check_due()
    with pytest.raises(Conflict, match="正在开具"):
        await kit.invoices.correct(owner_of(fee), fee.id, title="别的抬头", taxpayer_id="", email="")
    await issue(kit, clock)
    with pytest.raises(Conflict, match="已经开具"):
        await kit.invoices.correct(owner_of(fee), fee.id, title="别的抬头", taxpayer_id="", email="")
    await kit.invoices.correct(owner_of(fee), fee.id, title="王小明", taxpayer_id="", email="new@example.com")
    await kit.invoicing.check_due()
    assert [mail.to for mail in kit.mailer.sent[-2:]] == ["new@example.com"] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "x" * 101), ("taxpayer_id", "123"), ("email", "nobody"), ("email", "a@b\n.com")],
)
async def test_wrong_details_are_refused_beside_their_field(kit: PaymentKit, field: str, value: str) -> None:
    fee = await pay(kit)
    details = {"title": "王小明", "taxpayer_id": "", "email": "", field: value}
    with pytest.raises(InvalidInput) as refused:
        await kit.invoices.correct(owner_of(fee), fee.id, **details)
    assert refused.value.field == field


async def test_an_administrator_has_it_mailed_again(kit: PaymentKit, admin: Actor, clock: FixedClock) -> None:
    fee = await pay(kit)
    await kit.invoicing.check_due()
    await issue(kit, clock)
    await kit.invoices.resend(admin, (await Invoice.get(fee_id=fee.id)).id)
    await kit.invoicing.check_due()
    assert len({mail.message_id for mail in kit.mailer.sent}) == 4, "else a mail server might drop the second as known"
    with pytest.raises(Forbidden):
        await kit.invoices.resend(owner_of(fee), (await Invoice.get(fee_id=fee.id)).id)


async def test_a_platform_that_refuses_the_request_leaves_it_to_the_office(kit: PaymentKit) -> None:
    await pay(kit)
    kit.platform.before["issue_invoice"] = [Rejected("NO_AUTH")]
    await kit.invoicing.check_due()
    invoice = (await Invoice.all())[0]
    assert (invoice.state, invoice.failure) == ("failed", "NO_AUTH")
    assert invoice.receipt_sent_at is not None


# ---- reversing


async def refund_fee(kit: PaymentKit, admin: Actor, fee: Fee) -> None:
    """The fee is refunded, and the money has arrived."""
    order = await PayOrder.get(fee_id=fee.id)
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    await kit.refunds.apply_report("demo", kit.platform.finish(f"R{order.out_trade_no}-1"))


@pytest.fixture
async def invoiced_fee(kit: PaymentKit, clock: FixedClock) -> Fee:
    """A paid fee whose invoice is issued by the platform and mailed."""
    fee = await pay(kit)
    await kit.invoicing.check_due()
    await issue(kit, clock)
    return fee


async def test_a_refunded_fee_has_its_invoice_reversed_and_the_payer_is_notified(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, clock: FixedClock, book: NoticeBook
) -> None:
    await refund_fee(kit, admin, invoiced_fee)
    assert (await Invoice.get()).state == "reversing"
    await kit.invoicing.check_due()
    (reversal,) = kit.platform.reversals
    assert (reversal.number, reversal.reason) == ("26440000000012345678", "service_ended")
    kit.platform.reverse()
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    invoice = await Invoice.get()
    assert (invoice.state, invoice.red_number) == ("reversed", "26440000000087654321")
    await kit.invoicing.check_due()
    mail = kit.mailer.sent[-1]
    assert mail.attachments == []
    assert "26440000000087654321" in mail.text
    assert [notice.params["number"] for notice in book.told if notice.kind == "invoice_reversed"] == [
        "26440000000012345678"
    ]
    count = len(kit.mailer.sent)
    clock.move(timedelta(days=2))
    await kit.invoicing.check_due()
    assert len(kit.mailer.sent) == count
    with pytest.raises(NotFound, match="已冲红"):
        await kit.invoice_downloads.file(owner_of(invoiced_fee), invoiced_fee.id)


@pytest.mark.parametrize("acted", ["before", "after"])
async def test_an_unknown_outcome_of_a_reversal_is_looked_at_before_it_is_asked_for_again(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, clock: FixedClock, acted: str
) -> None:
    await refund_fee(kit, admin, invoiced_fee)
    getattr(kit.platform, acted)["reverse_invoice"] = [UNKNOWN]
    for _ in range(12):
        await kit.invoicing.check_due()
        clock.move(timedelta(minutes=1))
    assert len(kit.platform.reversals) == 1
    kit.platform.reverse()
    for _ in range(3):
        clock.move(timedelta(hours=1))
        await kit.invoicing.check_due()
    assert (await Invoice.get()).state == "reversed"


async def test_it_is_not_asked_for_again_within_five_minutes(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, clock: FixedClock
) -> None:
    await refund_fee(kit, admin, invoiced_fee)
    kit.platform.before["reverse_invoice"] = [UNKNOWN]
    await kit.invoicing.check_due()
    clock.move(timedelta(minutes=4))
    await kit.invoicing.check_due()
    assert kit.platform.calls.count("reverse_invoice") == 1
    clock.move(timedelta(minutes=4))
    await kit.invoicing.check_due()
    assert kit.platform.calls.count("reverse_invoice") == 2


@pytest.mark.parametrize("times", [1, 2])
async def test_the_notification_of_a_reversal_ends_it_however_often_it_comes(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, book: NoticeBook, times: int
) -> None:
    await refund_fee(kit, admin, invoiced_fee)
    await kit.invoicing.check_due()
    kit.platform.reverse()
    apply_id = (await Invoice.get()).apply_id
    for _ in range(times):
        await kit.webhooks.receive("demo", GOOD, notification(invoice_apply_id=apply_id, kind="FAPIAO.REVERSED"))
    await kit.settle_all()
    assert (await Invoice.get()).state == "reversed"
    assert book.kinds().count("invoice_reversed") == 1


async def test_a_notification_alone_reverses_nothing(kit: PaymentKit, invoiced_fee: Fee) -> None:
    """Only the platform's answer to our own query counts."""
    apply_id = (await Invoice.get()).apply_id
    await kit.webhooks.receive("demo", GOOD, notification(invoice_apply_id=apply_id, kind="FAPIAO.REVERSED"))
    await kit.settle_all()
    assert (await Invoice.get()).state == "sent"


async def test_an_invoice_that_was_reversed_on_the_platforms_own_site_is_noted(
    kit: PaymentKit, invoiced_fee: Fee
) -> None:
    invoice = await Invoice.get()
    report = kit.platform.invoices[invoice.fapiao_id]
    kit.platform.invoices[invoice.fapiao_id] = replace(report, status="reversed", red_number="2644")
    await kit.invoicing.refresh("demo", invoice.apply_id)
    old, new = await Invoice.all().order_by("created_at", "id")
    assert (old.state, old.red_number) == ("reversed", "2644")
    assert (new.state, new.failure) == ("failed", "reversed"), "the fee is paid, so another one may be made"


async def test_a_reversal_that_failed_is_shown_and_tried_again_each_day_or_when_the_office_asks(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, clock: FixedClock
) -> None:
    await refund_fee(kit, admin, invoiced_fee)
    await kit.invoicing.check_due()
    kit.platform.reverse("reverse_failed")
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    invoice = await Invoice.get()
    assert (invoice.state, invoice.failure) == ("stuck", "REVERSE_FAILED")
    assert (await kit.payment_views.invoices(admin, "to_reverse")).total == 1
    clock.move(timedelta(days=1))
    for _ in range(2):
        await kit.invoicing.check_due()
    assert len(kit.platform.reversals) == 2
    kit.platform.reverse("reverse_failed")
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    await kit.invoices.reverse(admin, invoice.id, "issue_error", "抬头有误")
    await kit.invoicing.check_due()
    assert kit.platform.reversals[-1].reason == "issue_error"
    kit.platform.reverse()
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    assert (await Invoice.get()).state == "reversed"


async def test_a_request_that_the_platform_puts_off_is_not_taken_for_failed(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, clock: FixedClock
) -> None:
    """It still shows the earlier failure."""
    await refund_fee(kit, admin, invoiced_fee)
    await kit.invoicing.check_due()
    kit.platform.reverse("reverse_failed")
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    kit.platform.before["reverse_invoice"] = [Transient("too often")] * 3
    await kit.invoices.reverse(admin, (await Invoice.get()).id, "service_ended", "再次冲红")
    for _ in range(5):
        await kit.invoicing.check_due()
        assert (await Invoice.get()).state == "reversing"
        clock.move(timedelta(minutes=10))
    assert len(kit.platform.reversals) == 2


async def test_a_platform_that_refuses_to_reverse_leaves_it_to_the_office(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee
) -> None:
    await refund_fee(kit, admin, invoiced_fee)
    kit.platform.before["reverse_invoice"] = [Rejected("NO_AUTH")]
    await kit.invoicing.check_due()
    invoice = await Invoice.get()
    assert (invoice.state, invoice.failure) == ("stuck", "NO_AUTH")
    await kit.invoices.reverse(
        admin, invoice.id, "service_ended", "已在商户平台冲红", red_number="26440000000000000001"
    )
    assert (await Invoice.get()).state == "reversed"


async def test_an_invoice_that_is_issued_after_the_refund_is_reversed_at_once(
    kit: PaymentKit, admin: Actor, clock: FixedClock
) -> None:
    fee = await pay(kit)
    await kit.invoicing.check_due()
    await refund_fee(kit, admin, fee)
    assert (await Invoice.get()).state == "applied"
    await issue(kit, clock)
    assert (await Invoice.get()).state == "reversing"
    assert [mail.attachments[0].filename[:7] for mail in kit.mailer.sent] == ["receipt"]


async def test_one_that_may_have_been_asked_for_before_the_refund_is_followed_up(
    kit: PaymentKit, admin: Actor, clock: FixedClock
) -> None:
    fee = await pay(kit)
    kit.platform.after["issue_invoice"] = [UNKNOWN]
    await kit.invoicing.check_due()
    await refund_fee(kit, admin, fee)
    await issue(kit, clock)
    assert (await Invoice.get()).state == "reversing"


async def test_the_office_has_one_with_a_wrong_title_reversed_and_the_person_gets_another(
    kit: PaymentKit, admin: Actor, invoiced_fee: Fee, clock: FixedClock
) -> None:
    invoice = await Invoice.get()
    with pytest.raises(InvalidInput):
        await kit.invoices.reverse(admin, invoice.id, "issue_error", "x")
    await kit.invoices.reverse(admin, invoice.id, "issue_error", "抬头有误")
    with pytest.raises(Conflict):
        await kit.invoices.reverse(admin, invoice.id, "issue_error", "抬头有误")
    with pytest.raises(Conflict):
        await kit.invoices.resend(admin, invoice.id)
    await kit.invoicing.check_due()
    kit.platform.reverse()
    clock.move(timedelta(minutes=1))
    await kit.invoicing.check_due()
    view = await kit.invoices.correct(
        owner_of(invoiced_fee), invoiced_fee.id, title="某某公司", taxpayer_id="", email=""
    )
    assert view.state == "wanted"
    await kit.invoicing.check_due()
    await issue(kit, clock)
    new = await Invoice.get(state="sent")
    assert (new.title, new.receipt_sent_at is not None) == ("某某公司", True)
    assert sum(mail.attachments != [] and "receipt" in mail.message_id for mail in kit.mailer.sent) == 1


async def test_the_offices_own_invoice_is_reversed_with_the_red_invoices_number(
    kit: PaymentKit, admin: Actor, clock: FixedClock
) -> None:
    kit.platform.fapiao = False
    fee = await pay(kit)
    invoice = await Invoice.get(fee_id=fee.id)
    await kit.invoices.upload(admin, invoice.id, PDF, "2644")
    await kit.invoicing.check_due()
    await refund_fee(kit, admin, fee)
    assert (await Invoice.get()).state == "sent"
    assert (await kit.payment_views.invoices(admin, "to_reverse")).total == 1
    for number in ("", "12345", "红字发票"):
        with pytest.raises(InvalidInput) as refused:
            await kit.invoices.reverse(admin, invoice.id, "service_ended", "已退款", red_number=number)
        assert refused.value.field == "red_number"
    await kit.invoices.reverse(admin, invoice.id, "service_ended", "已退款", red_number="26440000000000000001")
    assert (await Invoice.get()).red_number == "26440000000000000001"
    assert kit.platform.reversals == []
    assert (await kit.payment_views.invoices(admin, "to_reverse")).total == 0
    assert (await kit.payment_views.invoices(admin, "reversed")).total == 1


async def test_what_is_not_issued_can_not_be_reversed_and_only_by_an_administrator(
    kit: PaymentKit, admin: Actor
) -> None:
    fee = await pay(kit)
    invoice = await Invoice.get()
    with pytest.raises(Conflict):
        await kit.invoices.reverse(admin, invoice.id, "issue_error", "抬头有误")
    await kit.invoicing.check_due()
    with pytest.raises(Conflict):
        await kit.invoices.reverse(admin, invoice.id, "issue_error", "抬头有误", red_number="26440000000000000001")
    with pytest.raises(Forbidden):
        await kit.invoices.reverse(owner_of(fee), invoice.id, "issue_error", "抬头有误")
    with pytest.raises(NotFound):
        await kit.invoices.reverse(Actor("guangdong", "pool_admin"), invoice.id, "issue_error", "抬头有误")


async def test_the_office_uploads_what_the_platform_could_not_make_and_no_other(kit: PaymentKit, admin: Actor) -> None:
    await pay(kit)
    kit.platform.after["issue_invoice"] = [UNKNOWN]
    await kit.invoicing.check_due()
    invoice = await Invoice.get()
    with pytest.raises(Conflict, match="正在开具"):
        await kit.invoices.upload(admin, invoice.id, PDF, "2644")
    kit.platform.before["issue_invoice"] = [Rejected("NO_AUTH")]
    await kit.invoicing.check_invoice(invoice.id)
    await kit.invoices.upload(admin, invoice.id, PDF, "2644")
    assert (await Invoice.get()).issued_by == "office", "so the platform is never asked to reverse it"
