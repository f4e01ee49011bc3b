"""Payments are counted once: reported by any way, in any order, repeatedly, concurrently, or with errors."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden
from models.applications import Application
from models.audit import AuditEntry
from models.payments import Fee, Invoice, PayEvent, PayOrder, Refund
from services.core.base import Actor, Deps
from services.operations import find_broken
from services.ports import TradeReport
from tests.drivers.waiting import eventually
from tests.factories.payments import GOOD, PaymentKit, make_fee, make_payment_kit, notification, owner_of
from tests.services.conftest import NoticeBook

ADMIN = Actor("demo", "pool_admin")


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


async def paid_by(kit: PaymentKit, fee: Fee, trade: Any = "native", openid: str = "") -> TradeReport:
    """Pay at the platform; returns its report, which was not received yet."""
    ordered = await kit.orders.order(owner_of(fee), fee.id, trade, openid=openid)
    return kit.platform.pay(ordered.out_trade_no)


async def test_a_payment_settles_the_fee_and_lets_the_application_pass(
    kit: PaymentKit, deps: Deps, book: NoticeBook
) -> None:
    fee = await make_fee(deps)
    report = await paid_by(kit, fee)
    await kit.notify(report)
    settled = await Fee.get(id=fee.id)
    assert (settled.state, settled.paid_at) == ("paid", report.success_at), "counted before anything else is done"
    await kit.settle_all()
    assert kit.passed.numbers == [fee.expert_number]
    assert book.kinds().count("fee_paid") == 1
    assert (await Invoice.get(fee_id=fee.id)).state == "wanted"
    assert await AuditEntry.filter(action="fee.paid").count() == 1
    assert await find_broken() == []


async def test_the_same_notification_again_and_at_once_changes_nothing(
    kit: PaymentKit, deps: Deps, book: NoticeBook
) -> None:
    fee = await make_fee(deps)
    body = notification(trade=await paid_by(kit, fee))
    await asyncio.gather(*(kit.webhooks.receive("demo", GOOD, body) for _ in range(8)))
    await asyncio.gather(*(kit.webhooks.process_due() for _ in range(3)))
    assert sorted([event.outcome for event in await PayEvent.all()]) == ["paid", *["repeat"] * 7]
    assert kit.passed.numbers == [fee.expert_number]
    assert await Refund.all().count() == 0


async def test_two_who_pay_at_the_same_moment_pay_once_and_the_other_is_refunded(
    kit: PaymentKit, deps: Deps, book: NoticeBook
) -> None:
    fee = await make_fee(deps)
    first_report, second_report = await paid_by(kit, fee), await paid_by(kit, fee, "jsapi", "o-one")
    await asyncio.gather(
        kit.notify(first_report), kit.notify(second_report), kit.notify(first_report), kit.notify(second_report)
    )
    orders = await PayOrder.all()
    assert [order.state for order in orders] == ["paid", "paid"]
    assert [order.surplus for order in orders].count(True) == 1
    await kit.settle_all()
    await kit.refunds.check_due()
    surplus = next(order for order in orders if order.surplus)
    refund = await Refund.get(order_id=surplus.id)
    assert (refund.state, refund.by, refund.amount) == ("processing", None, fee.amount)
    await kit.refunds.apply_report("demo", kit.platform.finish(refund.out_refund_no))
    assert (await Fee.get(id=fee.id)).state == "paid"
    assert (await PayOrder.get(id=surplus.id)).state == "refunded"
    assert "fee_refunded" in book.kinds()
    assert await find_broken() == []


async def waiting_for_locks(holder: asyncpg.Connection[Any], count: int) -> None:
    waiting = "SELECT count(*) >= $1 FROM pg_locks WHERE NOT granted"
    await eventually(lambda: holder.fetchval(waiting, count))


async def test_payments_that_meet_at_the_fee_are_judged_one_after_the_other(
    kit: PaymentKit, deps: Deps, db: str
) -> None:
    """Both statements begin before either reads: without the lock both would see an unpaid fee."""
    fee = await make_fee(deps)
    notifications: list[asyncio.Task[None]] = []
    holder = await asyncpg.connect(db)
    async with holder.transaction():
        reports = [await paid_by(kit, fee), await paid_by(kit, fee, "jsapi", "o-one")]
        await holder.execute("SELECT 1 FROM fee WHERE id = $1 FOR UPDATE", fee.id)
        for report in reports:
            notifications.append(asyncio.create_task(kit.notify(report)))
            await waiting_for_locks(holder, len(notifications))
    await asyncio.gather(*notifications)
    await holder.close()
    assert sorted([event.outcome for event in await PayEvent.all()]) == ["paid", "surplus"]


async def test_payments_reported_in_one_statement_are_judged_as_if_alone(kit: PaymentKit, deps: Deps) -> None:
    fees = [await make_fee(deps) for _ in range(4)]
    fine, twice, cheap, shared = [await paid_by(kit, fee) for fee in fees]
    other = await paid_by(kit, fees[3], "jsapi", "o-one")
    stranger = replace(fine, out_trade_no="F-of-somebody-else")
    await asyncio.gather(*(kit.notify(report) for report in (fine, stranger, replace(cheap, amount=1), twice)))
    await asyncio.gather(*(kit.notify(report) for report in (twice, twice, shared, other)))
    outcomes = sorted([(event.subject, event.outcome) for event in await PayEvent.all()])
    expected = [
        (fine, "paid"),
        (stranger, "unknown_order"),
        (cheap, "mismatch"),
        (twice, "paid"),
        (twice, "repeat"),
        (twice, "repeat"),
        (shared, "paid"),
        (other, "surplus"),
    ]
    assert outcomes == sorted([(report.out_trade_no, word) for report, word in expected])
    assert [(await Fee.get(id=fee.id)).state for fee in fees] == ["paid", "paid", "due", "paid"]
    await kit.settle_all()
    assert await find_broken() == []


async def test_a_payment_after_closing_still_counts(kit: PaymentKit, deps: Deps, clock: FixedClock) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    await PayOrder.filter(id=ordered.order_id).update(state="closed", closed_at=clock.now())
    await kit.notify(kit.platform.pay(ordered.out_trade_no))
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_a_notification_may_come_before_our_own_answer(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    ask = kit.platform.order_native

    async def notify_before_answering(pool: str, request: Any) -> str:
        code = await ask(pool, request)
        await kit.notify(kit.platform.pay(request.out_trade_no))
        return code

    kit.platform.order_native = notify_before_answering  # type: ignore[method-assign]
    with pytest.raises(Exception, match="已缴费"):
        await kit.orders.order(owner_of(fee), fee.id, "native")
    assert (await PayOrder.all())[0].state == "paid"


@pytest.mark.parametrize(
    "lie",
    [{"amount": 1}, {"amount": 35_001}, {"currency": "USD"}, {"mchid": "1900000999"}, {"appid": "wx-other"}],
)
async def test_another_amount_currency_merchant_or_app_is_no_payment(
    kit: PaymentKit, deps: Deps, lie: dict[str, Any]
) -> None:
    fee = await make_fee(deps)
    report = await paid_by(kit, fee)
    await kit.notify(replace(report, **lie))
    await kit.settle_all()
    assert (await Fee.get(id=fee.id)).state == "due"
    assert (await PayOrder.all())[0].state == "open"
    page = await kit.unmatched_payments.list(ADMIN)
    assert [(payment.out_trade_no, payment.outcome) for payment in page.items] == [(report.out_trade_no, "mismatch")]
    assert await AuditEntry.filter(action="fee.unmatched_payment").count() == 1
    await kit.notify(report)
    assert (await Fee.get(id=fee.id)).state == "paid", "the true report still counts"


async def test_an_unknown_order_and_another_pools_order_are_unmatched_payments(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    report = await paid_by(kit, fee)
    await kit.notify(replace(report, out_trade_no="F-of-somebody-else"))
    assert (await kit.settle.apply_trade("guangdong", report)).word == "unknown_order"
    assert (await Fee.get(id=fee.id)).state == "due"


async def test_one_payment_can_not_stand_for_two_orders(kit: PaymentKit, deps: Deps) -> None:
    first_fee, second_fee = await make_fee(deps), await make_fee(deps)
    first, second = await paid_by(kit, first_fee), await paid_by(kit, second_fee)
    await kit.notify(first)
    verdict = await kit.settle.apply_trade("demo", replace(second, transaction_id=first.transaction_id))
    assert verdict.word == "other_transaction"
    assert (await Fee.get(id=second_fee.id)).state == "due"
    second_verdict = await kit.settle.apply_trade("demo", replace(first, transaction_id="4200-another"))
    assert second_verdict.word == "other_transaction"


async def test_an_order_refunded_there_before_we_knew_is_left_to_an_administrator(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    report = await paid_by(kit, fee)
    verdict = await kit.settle.apply_trade("demo", replace(report, state="REFUND"))
    assert verdict.word == "refunded_there"
    assert (await Fee.get(id=fee.id)).state == "due"


async def test_a_payment_of_a_cancelled_fee_goes_back_by_itself(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    report = await paid_by(kit, fee)
    await Fee.filter(id=fee.id).update(state="void")
    await kit.notify(report)
    await kit.settle_all()
    refund = (await Refund.all())[0]
    assert refund.reason == "无需缴费，自动退回"
    assert kit.passed.numbers == []


async def test_an_application_that_is_no_longer_waiting_is_not_passed_on(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    report = await paid_by(kit, fee)
    await Application.filter(id=fee.application_id).update(state="exam")
    await kit.notify(report)
    await kit.settle_all()
    assert kit.passed.numbers == []
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_what_is_not_the_platforms_is_refused_and_not_stored(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    body = notification(trade=await paid_by(kit, fee))
    with pytest.raises(Forbidden):
        await kit.webhooks.receive("demo", {"signature": "forged"}, body)
    assert await PayEvent.all().count() == 0
    assert (await Fee.get(id=fee.id)).state == "due"


async def test_an_unknown_kind_is_kept(kit: PaymentKit) -> None:
    await kit.webhooks.receive("demo", GOOD, notification(kind="SOMETHING.NEW"))
    await kit.settle_all()
    event = (await PayEvent.all())[0]
    assert (event.kind, event.outcome) == ("SOMETHING.NEW", "kept")
    assert event.applied_at is not None


async def test_trouble_with_what_follows_leaves_the_money_counted_and_is_tried_again(
    kit: PaymentKit, deps: Deps, clock: FixedClock
) -> None:
    fee = await make_fee(deps)
    await kit.notify(await paid_by(kit, fee))
    advance, kit.passed.advance = kit.passed.advance, None  # type: ignore[method-assign, assignment]
    await kit.webhooks.process_due()
    assert (await Fee.get(id=fee.id)).state == "paid"
    assert await Invoice.all().count() == 0, "what follows happens wholly or not at all"
    kit.passed.advance = advance  # type: ignore[method-assign]
    assert await kit.webhooks.process_due() == 0, "it is left alone for a while"
    clock.move(timedelta(seconds=30))
    await kit.settle_all()
    assert kit.passed.numbers == [fee.expert_number]


async def test_one_impossible_report_fails_none_of_those_that_came_with_it(kit: PaymentKit, deps: Deps) -> None:
    reports = [await paid_by(kit, await make_fee(deps)) for _ in range(9)]
    reports[6] = replace(reports[6], transaction_id="4" * 400)
    words = await asyncio.gather(
        *(kit.settle.apply_trade("demo", report) for report in reports), return_exceptions=True
    )
    assert isinstance(words[6], Exception)
    assert {word.word for at, word in enumerate(words) if at != 6} == {"paid"}  # type: ignore[union-attr]
    assert await Fee.filter(state="paid").count() == 8
    assert await find_broken() == []
