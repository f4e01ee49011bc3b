"""Refunds: sent once, with the same number, for all answers in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.applications.lifecycles import ApplicationState
from domain.applications.refunds import choices_after_refund
from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NeedsOperator, NotFound, Rejected
from domain.ids import new_id
from models.applications import Application
from models.payments import Fee, Invoice, PayOrder, Refund
from models.reviews import ReviewEntry
from services.core.base import Actor, Deps
from services.operations import find_broken
from tests.factories.payments import UNKNOWN, PaymentKit, make_fee, make_payment_kit, notification, owner_of
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

GOOD = {"signature": "good"}


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


@pytest.fixture
async def admin(kit: PaymentKit) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(kit.deps)).id)


@pytest.fixture
async def order(kit: PaymentKit) -> PayOrder:
    """A paid order, with its effects carried out."""
    fee = await make_fee(kit.deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    await kit.notify(kit.platform.pay(ordered.out_trade_no))
    await kit.settle_all()
    return await PayOrder.get(id=ordered.order_id)


async def test_an_administrator_sends_a_payment_back(
    kit: PaymentKit, admin: Actor, order: PayOrder, book: NoticeBook
) -> None:
    refund_id = await kit.refunds.request(admin, order.id, "本人申请退费")
    assert (await Refund.get(id=refund_id)).state == "requested"
    await kit.refunds.check_due()
    refund = await Refund.get(id=refund_id)
    assert (refund.state, refund.amount, refund.by) == ("processing", order.amount, admin.account_id)
    assert (await Fee.get(id=order.fee_id)).state == "paid", "not before it has arrived"
    await kit.webhooks.receive("demo", GOOD, notification(refund=kit.platform.finish(refund.out_refund_no)))
    await kit.settle_all()
    assert (await Refund.get(id=refund_id)).state == "done"
    assert (await PayOrder.get(id=order.id)).state == "refunded"
    assert (await Fee.get(id=order.fee_id)).state == "refunded"
    notice = next(notice for notice in book.told if notice.kind == "fee_refunded")
    assert notice.params["reason"] == "本人申请退费"
    assert await find_broken() == []


async def finish_refund(kit: PaymentKit, order: PayOrder) -> None:
    """Send the refund and let it arrive."""
    await kit.refunds.check_due()
    refund = await Refund.filter(order_id=order.id).order_by("-created_at").first()
    assert refund is not None
    await kit.refunds.apply_report("demo", kit.platform.finish(refund.out_refund_no))


async def test_the_application_keeps_its_stage_and_a_wanted_invoice_is_not_made(
    kit: PaymentKit, admin: Actor, order: PayOrder
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await finish_refund(kit, order)
    fee = await Fee.get(id=order.fee_id)
    assert (await Application.get(id=fee.application_id)).state == "exam"
    invoice = await Invoice.get(fee_id=fee.id)
    assert (invoice.state, invoice.failure) == ("failed", "refunded")


# ---- what becomes of the application


async def test_an_application_is_ended_at_once_and_the_applicant_notified_why(
    kit: PaymentKit, admin: Actor, order: PayOrder, book: NoticeBook
) -> None:
    fee = await Fee.get(id=order.fee_id)
    await kit.refunds.request(admin, order.id, "本人申请退费", after="end")
    application = await Application.get(id=fee.application_id)
    assert (application.state, application.reason) == ("terminated", "本人申请退费")
    assert application.ended_at is not None
    notice = next(notice for notice in book.told if notice.kind == "application_ended")
    assert (notice.account_id, notice.params["reason"]) == (fee.account_id, "本人申请退费")
    entry = await ReviewEntry.get(application_id=application.id, event="terminate")
    assert (entry.step_name, entry.opinion) == ("终止申请", "本人申请退费")
    await finish_refund(kit, order)
    assert (await Fee.get(id=fee.id)).state == "refunded"
    refund = await Refund.get()
    assert (refund.after, refund.after_at is not None) == ("end", True)
    assert await find_broken() == []


async def test_a_fee_that_is_to_be_paid_again_is_due_once_the_money_is_back_and_can_be_paid(
    kit: PaymentKit, admin: Actor, order: PayOrder, clock: FixedClock, book: NoticeBook
) -> None:
    first = await Fee.get(id=order.fee_id)
    await kit.refunds.request(admin, order.id, "付错了账户", after="again")
    assert await Fee.all().count() == 1, "not while the person would pay twice"
    clock.move(timedelta(days=30))
    await finish_refund(kit, order)
    assert await find_broken() == []
    second = await Fee.get(state="due")
    application = await Application.get(id=first.application_id)
    assert (application.state, second.application_id, second.amount) == ("fee", application.id, first.amount)
    assert second.opens_at == clock.now()
    entry = await ReviewEntry.get(application_id=application.id, event="charge")
    assert entry.opinion == "原缴费已退回，请重新缴费"
    await kit.fees.notify_opened()
    assert book.kinds()[-1] == "fee_open"
    ordered = await kit.orders.order(owner_of(second), second.id, "native")
    await kit.notify(kit.platform.pay(ordered.out_trade_no))
    await kit.settle_all()
    assert (await Fee.get(id=second.id)).state == "paid"
    assert (await Application.get(id=application.id)).state == "exam"
    assert {invoice.state for invoice in await Invoice.all()} == {"failed", "wanted"}
    assert [fee.phase for fee in await kit.payments.list_own_fees(owner_of(first))] == ["paid", "refunded"]
    assert await find_broken() == []


async def test_money_that_still_comes_for_the_first_fee_goes_back_by_itself(
    kit: PaymentKit, admin: Actor, order: PayOrder
) -> None:
    fee = await Fee.get(id=order.fee_id)
    late = await PayOrder.create(
        id=new_id(),
        pool="demo",
        fee_id=fee.id,
        out_trade_no="FLATE0001",
        trade="jsapi",
        openid="o-late",
        appid=order.appid,
        amount=order.amount,
        description="培训费",
        state="closed",
        expires_at=order.expires_at,
        created_at=order.created_at,
    )
    await kit.refunds.request(admin, order.id, "付错了账户", after="again")
    await finish_refund(kit, order)
    report = replace(kit.platform.report(order.out_trade_no), out_trade_no="FLATE0001", transaction_id="4200late")
    await kit.notify(report)
    await kit.settle_all()
    assert (await PayOrder.get(id=late.id)).surplus
    assert (await Refund.get(order_id=late.id)).reason == "重复缴费，自动退回"
    assert (await Fee.get(state="due")).id != fee.id


async def test_what_is_not_possible_in_the_applications_state_is_refused(
    kit: PaymentKit, admin: Actor, order: PayOrder
) -> None:
    fee = await Fee.get(id=order.fee_id)
    await Application.filter(id=fee.application_id).update(state="entered", ended_at=kit.clock.now())
    for after in ("end", "again"):
        with pytest.raises(Conflict, match="已入库"):
            await kit.refunds.request(admin, order.id, "本人申请退费", after=after)  # type: ignore[arg-type]  # one of the literals
    assert not await Refund.exists()
    await Application.filter(id=fee.application_id).update(state="fee", ended_at=None)
    with pytest.raises(Conflict, match="待缴费"):
        await kit.refunds.request(admin, order.id, "本人申请退费", after="keep")


async def test_who_has_entered_meanwhile_owes_nothing_again(kit: PaymentKit, admin: Actor, order: PayOrder) -> None:
    fee = await Fee.get(id=order.fee_id)
    await kit.refunds.request(admin, order.id, "付错了账户", after="again")
    await Application.filter(id=fee.application_id).update(state="entered", ended_at=kit.clock.now())
    await finish_refund(kit, order)
    refund = await Refund.get()
    assert (refund.state, refund.after, refund.after_at) == ("done", "again", None)
    assert await Fee.all().count() == 1


async def test_a_payment_refunded_before_its_effects_does_not_advance_the_application(
    kit: PaymentKit, admin: Actor
) -> None:
    fee = await make_fee(kit.deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    await kit.notify(kit.platform.pay(ordered.out_trade_no))
    order = await PayOrder.get(id=ordered.order_id)
    await kit.refunds.request(admin, order.id, "付错了账户", after="again")
    await finish_refund(kit, order)
    await kit.settle_all()
    assert (await Application.get(id=fee.application_id)).state == "fee"
    assert kit.passed.numbers == []
    assert await Fee.filter(state="due").count() == 1


@pytest.mark.parametrize(
    ("state", "surplus", "choices"),
    [
        ("exam", False, ("keep", "again", "end")),
        ("fee", False, ("again", "end")),
        ("entered", False, ("keep",)),
        ("refused", False, ("keep",)),
        ("terminated", False, ("keep",)),
        ("exam", True, ("keep",)),
    ],
)
def test_what_may_be_chosen_follows_from_the_state(state: str, surplus: bool, choices: tuple[str, ...]) -> None:
    assert choices_after_refund(ApplicationState(state), surplus=surplus) == choices


# ---- the platform's answers


@pytest.mark.parametrize("acted", ["before", "after"])
async def test_an_unknown_outcome_is_met_by_the_same_number_again(
    kit: PaymentKit, admin: Actor, order: PayOrder, clock: FixedClock, acted: str
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    getattr(kit.platform, acted)["refund"] = [UNKNOWN]
    await kit.refunds.check_due()
    assert (await Refund.all())[0].state == "requested"
    clock.move(timedelta(minutes=1))
    await kit.refunds.check_due()
    assert len(kit.platform.refunds) == 1
    assert (await Refund.all())[0].state == "processing"


async def test_one_at_a_time_and_the_same_request_is_answered_alike(
    kit: PaymentKit, admin: Actor, order: PayOrder
) -> None:
    first = await kit.refunds.request(admin, order.id, "本人申请退费", key="k1")
    assert await kit.refunds.request(admin, order.id, "本人申请退费", key="k1") == first
    with pytest.raises(Conflict, match="正在退款"):
        await kit.refunds.request(admin, order.id, "再退一次")


async def test_reports_in_any_order_end_in_the_same_books(
    kit: PaymentKit, admin: Actor, order: PayOrder, book: NoticeBook
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    number = (await Refund.all())[0].out_refund_no
    early = kit.platform.refunds[number]
    stuck = kit.platform.finish(number, "ABNORMAL")
    success = kit.platform.finish(number)
    for report in (stuck, early, success, stuck, success, early):
        await kit.refunds.apply_report("demo", report)
    assert (await Refund.all())[0].state == "done"
    assert (await PayOrder.get(id=order.id)).refunded == order.amount
    assert book.kinds().count("fee_refunded") == 1


async def test_a_refund_that_is_stuck_is_shown_and_asked_about_daily(
    kit: PaymentKit, admin: Actor, order: PayOrder, clock: FixedClock
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    number = (await Refund.all())[0].out_refund_no
    await kit.refunds.apply_report("demo", kit.platform.finish(number, "ABNORMAL"))
    listed = await kit.payments.orders(admin, "abnormal")
    assert (listed.total, listed.items[0].refund) == (1, "abnormal")
    kit.platform.finish(number)
    clock.move(timedelta(days=1))
    await kit.refunds.check_due()
    assert (await Refund.all())[0].state == "done"


async def test_a_closed_refund_may_be_asked_for_again_under_another_number(
    kit: PaymentKit, admin: Actor, order: PayOrder
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    await kit.refunds.apply_report("demo", kit.platform.finish((await Refund.all())[0].out_refund_no, "CLOSED"))
    await kit.refunds.request(admin, order.id, "再次退费")
    assert {refund.out_refund_no[-2:] for refund in await Refund.all()} == {"-1", "-2"}
    assert await find_broken() == []


@pytest.mark.parametrize("code", ["NOTENOUGH", "SIGNERROR", "NOMERCHANT"])
async def test_an_empty_till_or_a_wrong_setting_only_means_later(
    kit: PaymentKit, admin: Actor, order: PayOrder, clock: FixedClock, code: str
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    kit.platform.before["refund"] = [NeedsOperator(code)]
    await kit.refunds.check_due()
    refund = (await Refund.all())[0]
    assert (refund.state, refund.failure) == ("requested", f"operator:{code}")
    assert (await kit.payments.orders(admin, "abnormal")).total == 1, "the office sees it"
    clock.move(timedelta(hours=1))
    await kit.refunds.check_due()
    assert (await Refund.all())[0].state == "processing"


async def test_a_refused_refund_waits_for_an_administrator(kit: PaymentKit, admin: Actor, order: PayOrder) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    kit.platform.before["refund"] = [Rejected("USER_ACCOUNT_ABNORMAL")]
    await kit.refunds.check_due()
    refund = (await Refund.all())[0]
    assert (refund.state, refund.failure) == ("abnormal", "USER_ACCOUNT_ABNORMAL")


async def test_a_refused_refund_is_sent_again_each_day_for_the_platform_does_not_know_it(
    kit: PaymentKit, admin: Actor, order: PayOrder, clock: FixedClock
) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    kit.platform.before["refund"] = [Rejected("USER_ACCOUNT_ABNORMAL"), Rejected("USER_ACCOUNT_ABNORMAL")]
    for _ in range(2):
        await kit.refunds.check_due()
        assert kit.platform.refunds == {}
        clock.move(timedelta(hours=23))
        await kit.refunds.check_due()
        clock.move(timedelta(hours=1))
    assert kit.platform.calls.count("refund") == 2
    await kit.refunds.check_due()
    await kit.refunds.apply_report("demo", kit.platform.finish((await Refund.all())[0].out_refund_no))
    assert (await Refund.all())[0].state == "done"
    assert (await PayOrder.get(id=order.id)).state == "refunded"
    assert await find_broken() == []


async def test_another_amount_is_not_believed(kit: PaymentKit, admin: Actor, order: PayOrder) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    number = (await Refund.all())[0].out_refund_no
    lie = kit.platform.finish(number)
    assert await kit.refunds.apply_report("demo", type(lie)(number, lie.refund_id, "SUCCESS", 1, None)) == "mismatch"
    assert (await PayOrder.get(id=order.id)).refunded == 0


async def test_a_refund_made_elsewhere_is_an_unmatched_payment(kit: PaymentKit, admin: Actor, order: PayOrder) -> None:
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    refund = kit.platform.refunds[(await Refund.all())[0].out_refund_no]
    strange = type(refund)("by-hand-1", "5000", "SUCCESS", order.amount, None)
    await kit.webhooks.receive("demo", GOOD, notification(refund=strange))
    await kit.settle_all()
    (unmatched,) = (await kit.unmatched_payments.list(admin)).items
    assert (unmatched.outcome, unmatched.amount) == ("unknown_refund", order.amount)


@pytest.mark.parametrize("reason", ["", " x ", "退" * 27])
async def test_a_reason_has_2_to_26_characters(kit: PaymentKit, admin: Actor, order: PayOrder, reason: str) -> None:
    with pytest.raises(InvalidInput):
        await kit.refunds.request(admin, order.id, reason)


async def test_only_a_paid_order_of_the_own_pool_and_only_by_an_administrator(
    kit: PaymentKit, admin: Actor, order: PayOrder
) -> None:
    fee = await make_fee(kit.deps)
    unpaid = await kit.orders.order(owner_of(fee), fee.id, "native")
    with pytest.raises(Conflict):
        await kit.refunds.request(admin, unpaid.order_id, "本人申请退费")
    with pytest.raises(NotFound):
        await kit.refunds.request(admin, new_id(), "本人申请退费")
    with pytest.raises(NotFound):
        await kit.refunds.request(Actor("guangdong", "pool_admin", admin.account_id), order.id, "本人申请退费")
    with pytest.raises(Forbidden):
        await kit.refunds.request(owner_of(fee), order.id, "本人申请退费")
