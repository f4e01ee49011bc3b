"""Receipts and invoices reach the mailbox, once each, from WeChat Pay or from the office."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Rejected, Transient, Unavailable
from models.payments import Fee, Invoice
from services.base import Actor, Deps
from services.payments.receipt import prove
from tests.factories.payments import PDF, UNKNOWN, Till, make_application, make_fee, make_till, notification, owner_of
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

GOOD = {"signature": "good"}


@pytest.fixture
def till(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> Till:
    return make_till(deps, clock, book)


@pytest.fixture
async def admin(till: Till) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(till.deps)).id)


async def pay(till: Till, *, email: str = "wang@example.com") -> Fee:
    fee = await make_fee(till.deps, await make_application(till.deps, email=email))
    ordered = await till.orders.order(owner_of(fee), fee.id, "native")
    await till.notify(till.platform.pay(ordered.out_trade_no))
    await till.settle_all()
    return await Fee.get(id=fee.id)


async def issue(till: Till, clock: FixedClock) -> None:
    """The platform issues what was asked for; we ask and hear of it."""
    for number, report in till.platform.invoices.items():
        till.platform.invoices[number] = replace(report, issued=True, number="26440000000012345678")
    clock.move(timedelta(minutes=1))
    await till.invoices.check_due()
    await till.invoices.check_due()


async def test_the_receipt_is_mailed_at_once_and_the_invoice_when_it_is_issued(
    till: Till, clock: FixedClock, book: NoticeBook
) -> None:
    fee = await pay(till)
    await till.invoices.check_due()
    assert [(mail.to, mail.attachments[0].filename) for mail in till.mailer.sent] == [
        ("wang@example.com", f"receipt-{fee.expert_number}.pdf")
    ]
    request = till.platform.invoice_requests[0]
    assert (request.title, request.amount, request.email) == ("王小明", fee.amount, "wang@example.com")
    await issue(till, clock)
    assert [mail.attachments[0].content for mail in till.mailer.sent][1:] == [PDF]
    invoice = await Invoice.get(fee_id=fee.id)
    assert (invoice.state, invoice.number) == ("sent", "26440000000012345678")
    told = [one for one in book.told if one.kind == "invoice_sent"]
    assert [one.params["email"] for one in told] == ["w***@example.com"]


async def test_the_receipt_says_what_was_paid_and_its_code_proves_it(till: Till, deps: Deps) -> None:
    fee = await pay(till)
    assert (await till.invoices.receipt(owner_of(fee), fee.id)).startswith(b"%PDF")
    paper, content = till.printer.printed[-1]
    assert (paper, content["amount"], content["words"]) == ("receipt", "¥350.00", "叁佰伍拾元整")
    assert "王小明" not in str(content)
    proof = await prove(deps, str(content["qr"]).rpartition("/")[2])
    assert (proof.amount_yuan, proof.name, proof.refunded) == ("350.00", "王**", False)
    with pytest.raises(Forbidden):
        await prove(deps, str(content["qr"]).rpartition("/")[2][:-2] + "AA")


async def test_only_the_owner_and_an_administrator_get_the_receipt(till: Till, admin: Actor) -> None:
    fee = await pay(till)
    stranger = Actor("demo", "applicant", (await make_account(till.deps)).id)
    with pytest.raises(NotFound):
        await till.invoices.receipt(stranger, fee.id)
    assert await till.invoices.receipt(admin, fee.id)
    unpaid = await make_fee(till.deps)
    with pytest.raises(Conflict):
        await till.invoices.receipt(owner_of(unpaid), unpaid.id)


async def test_a_mail_that_fails_is_sent_again_as_the_same_mail(till: Till, clock: FixedClock) -> None:
    await pay(till)
    till.mailer.fail = [UNKNOWN, Transient("greylisted")]
    for _ in range(3):
        await till.invoices.check_due()
        clock.move(timedelta(minutes=5))
    assert len({mail.message_id for mail in till.mailer.sent if "receipt" in mail.message_id}) == 1
    invoice = (await Invoice.all())[0]
    assert invoice.receipt_sent_at is not None


async def test_an_unknown_outcome_at_the_platform_asks_for_the_same_invoice(till: Till, clock: FixedClock) -> None:
    await pay(till)
    till.platform.after["issue_invoice"] = [UNKNOWN]
    await till.invoices.check_due()
    clock.move(timedelta(minutes=1))
    await till.invoices.check_due()
    assert len({request.apply_id for request in till.platform.invoice_requests}) == 1
    assert (await Invoice.all())[0].state == "applied"


async def test_the_platforms_notification_brings_the_invoice_too(till: Till) -> None:
    await pay(till)
    await till.invoices.check_due()
    number, report = next(iter(till.platform.invoices.items()))
    done = replace(report, issued=True, number="2644")
    till.platform.invoices[number] = done
    for _ in range(2):
        await till.events.take("demo", GOOD, notification(invoice=done))
    await till.settle_all()
    await till.invoices.check_due()
    assert (await Invoice.all())[0].state == "sent"
    assert len(till.mailer.sent) == 2


async def test_a_refused_invoice_can_be_corrected_and_asked_for_again(till: Till, clock: FixedClock) -> None:
    fee = await pay(till)
    await till.invoices.check_due()
    number, report = next(iter(till.platform.invoices.items()))
    till.platform.invoices[number] = replace(report, issued=False, failure="TITLE_WRONG")
    clock.move(timedelta(minutes=1))
    await till.invoices.check_due()
    assert (await Invoice.all())[0].state == "failed"
    view = await till.invoices.correct(
        owner_of(fee), fee.id, title="某某公司", taxpayer_id="91440000600037341l", email=""
    )
    assert (view.title, view.taxpayer_id, view.state) == ("某某公司", "91440000600037341L", "wanted")


async def test_without_the_platforms_invoices_the_office_uploads_them(
    till: Till, admin: Actor, clock: FixedClock
) -> None:
    till.platform.fapiao = False
    fee = await pay(till)
    await till.invoices.check_due()
    invoice = await Invoice.get(fee_id=fee.id)
    assert (invoice.state, invoice.issued_by, invoice.check_at) == ("wanted", "office", None)
    with pytest.raises(InvalidInput):
        await till.invoices.upload(admin, invoice.id, b"<html>", "1")
    await till.invoices.upload(admin, invoice.id, PDF, "2644")
    await till.invoices.check_due()
    assert (await Invoice.get(id=invoice.id)).state == "sent"
    assert till.mailer.sent[-1].attachments[0].content == PDF
    assert await till.invoices.file(owner_of(fee), fee.id) == PDF
    with pytest.raises(Conflict):
        await till.invoices.upload(admin, invoice.id, PDF, "2645")
    await till.files.delete((await Invoice.get(id=invoice.id)).key)
    with pytest.raises(Unavailable):
        await till.invoices.file(owner_of(fee), fee.id)


class _While:
    """A mailer during whose first letter something else happens."""

    def __init__(self, till: Till, deed: Callable[[], Awaitable[object]]) -> None:
        self._deeds, self._send = [deed], till.mailer.send

    async def __call__(self, *letter: Any, **more: Any) -> None:
        await self._send(*letter, **more)
        while self._deeds:
            await self._deeds.pop()()


async def test_what_the_office_uploads_while_the_receipt_is_under_way_is_mailed_too(
    till: Till, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.platform.fapiao = False
    fee = await pay(till)
    invoice = await Invoice.get(fee_id=fee.id)
    deed = _While(till, lambda: till.invoices.upload(admin, invoice.id, PDF, "2644"))
    monkeypatch.setattr(till.mailer, "send", deed)
    await till.invoices.check_due()
    await till.invoices.check_due()
    assert [mail.attachments[0].filename[:7] for mail in till.mailer.sent] == ["receipt", "invoice"]
    assert (await Invoice.get(id=invoice.id)).state == "sent"


async def test_a_new_address_that_comes_while_a_letter_is_under_way_gets_its_own(
    till: Till, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.platform.fapiao = False
    fee = await pay(till)

    async def move() -> None:
        clock.move(timedelta(seconds=1))
        await till.invoices.correct(owner_of(fee), fee.id, title="王小明", taxpayer_id="", email="new@example.com")

    monkeypatch.setattr(till.mailer, "send", _While(till, move))
    await till.invoices.check_due()
    await till.invoices.check_due()
    assert [mail.to for mail in till.mailer.sent] == ["wang@example.com", "new@example.com"]


async def test_without_an_address_nothing_is_mailed_until_one_is_given(till: Till) -> None:
    fee = await pay(till, email="")
    await till.invoices.check_due()
    assert till.mailer.sent == []
    await till.invoices.correct(owner_of(fee), fee.id, title="王小明", taxpayer_id="", email="new@example.com")
    await till.invoices.check_due()
    assert [(mail.to, mail.attachments[0].filename[:7]) for mail in till.mailer.sent] == [
        ("new@example.com", "receipt")
    ]


async def test_after_issuing_only_the_address_may_change_and_all_is_sent_there(till: Till, clock: FixedClock) -> None:
    fee = await pay(till)
    await till.invoices.check_due()
    with pytest.raises(Conflict, match="正在开具"):
        await till.invoices.correct(owner_of(fee), fee.id, title="别的抬头", taxpayer_id="", email="")
    await issue(till, clock)
    with pytest.raises(Conflict, match="已经开具"):
        await till.invoices.correct(owner_of(fee), fee.id, title="别的抬头", taxpayer_id="", email="")
    await till.invoices.correct(owner_of(fee), fee.id, title="王小明", taxpayer_id="", email="new@example.com")
    await till.invoices.check_due()
    assert [mail.to for mail in till.mailer.sent[-2:]] == ["new@example.com"] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "x" * 101), ("taxpayer_id", "123"), ("email", "nobody"), ("email", "a@b\n.com")],
)
async def test_wrong_details_are_refused_beside_their_field(till: Till, field: str, value: str) -> None:
    fee = await pay(till)
    given = {"title": "王小明", "taxpayer_id": "", "email": "", field: value}
    with pytest.raises(InvalidInput) as refused:
        await till.invoices.correct(owner_of(fee), fee.id, **given)
    assert refused.value.field == field


async def test_an_administrator_has_it_mailed_again(till: Till, admin: Actor, clock: FixedClock) -> None:
    fee = await pay(till)
    await till.invoices.check_due()
    await issue(till, clock)
    await till.invoices.resend(admin, (await Invoice.get(fee_id=fee.id)).id)
    await till.invoices.check_due()
    assert len(till.mailer.sent) == 4
    with pytest.raises(Forbidden):
        await till.invoices.resend(owner_of(fee), (await Invoice.get(fee_id=fee.id)).id)


async def test_a_platform_that_refuses_the_request_leaves_it_to_the_office(till: Till) -> None:
    await pay(till)
    till.platform.before["issue_invoice"] = [Rejected("NO_AUTH")]
    await till.invoices.check_due()
    invoice = (await Invoice.all())[0]
    assert (invoice.state, invoice.failure) == ("failed", "NO_AUTH")
    assert invoice.receipt_sent_at is not None
