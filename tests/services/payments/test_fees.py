"""Fees: the amount, the period in which it can be paid, and the notices."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.payments.fees import next_query_at, order_ends, phase_of
from models.campaigns import Campaign
from models.payments import Fee, PayOrder
from services.core.base import Deps, rows, transaction
from tests.factories.applications import make_campaign
from tests.factories.payments import PaymentKit, make_application, make_fee, make_payment_kit, owner_of
from tests.services.conftest import NOON, NoticeBook, end_pauses

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


async def test_an_approved_application_is_charged_once(kit: PaymentKit, deps: Deps) -> None:
    application = await make_application(deps)
    async with transaction():
        first = await kit.fees.charge(application, NOON)
        repeated = await kit.fees.charge(application, NOON)
    rules = deps.book("demo").fee
    assert rules is not None
    assert first.id == repeated.id
    assert (first.amount, first.expert_number, first.state) == (rules.amount, application.expert_number, "due")


async def test_the_campaigns_window_rules_when_it_opens(kit: PaymentKit, deps: Deps) -> None:
    campaign = await Campaign.create(
        pool="demo",
        name="征集",
        enrol_from=NOON - 9 * DAY,
        enrol_until=NOON,
        pay_from=NOON + 2 * DAY,
        pay_until=NOON + 9 * DAY,
        created_at=NOON,
    )
    application = await make_application(deps, campaign_id=campaign.id)
    async with transaction():
        fee = await kit.fees.charge(application, NOON)
    assert (fee.opens_at, fee.closes_at) == (NOON + 2 * DAY, NOON + 9 * DAY)


async def test_a_campaign_that_takes_payment_longer_opens_fees_that_had_closed(kit: PaymentKit, deps: Deps) -> None:
    now = deps.now()
    campaign = await make_campaign(deps, pay_until=now + 30 * DAY)
    unnotified, notified, paid = [
        await make_fee(
            deps,
            await make_application(deps, campaign_id=campaign.id),
            opens_at=now - 3 * DAY,
            closes_at=now - timedelta(hours=1),
            **more,
        )
        for more in ({}, {"notified_at": now - 3 * DAY}, {"state": "paid", "paid_at": now})
    ]
    await kit.fees.move_windows(campaign)
    for fee in (unnotified, notified, paid):
        await fee.refresh_from_db()
    assert (unnotified.closes_at, notified.closes_at) == (campaign.pay_until, campaign.pay_until)
    assert paid.closes_at == now - timedelta(hours=1)
    campaign.pay_until = now + 10 * DAY
    await kit.fees.move_windows(campaign)
    for fee in (unnotified, notified):
        await fee.refresh_from_db()
    assert (unnotified.closes_at, notified.closes_at) == (campaign.pay_until, now + 30 * DAY), "told is told"


async def test_the_applicant_is_notified_once_when_the_fee_opens(
    kit: PaymentKit, deps: Deps, clock: FixedClock, book: NoticeBook
) -> None:
    fee = await make_fee(deps, opens_at=NOON + DAY)
    assert await kit.fees.notify_opened() == 0
    clock.move(DAY)
    await kit.fees.notify_opened()
    await kit.fees.notify_opened()
    notices = [notice for notice in book.told if notice.kind == "fee_open"]
    assert len(notices) == 1
    assert notices[0].account_id == fee.account_id
    assert notices[0].params["amount"] == "350.00"


async def test_a_fee_whose_notice_fails_does_not_delay_others(kit: PaymentKit, deps: Deps, book: NoticeBook) -> None:
    bad, *good = [await make_fee(deps) for _ in range(3)]
    await Fee.filter(id=bad.id).update(pool="gone")
    assert await kit.fees.notify_opened() == 2
    assert {notice.account_id for notice in book.told} == {fee.account_id for fee in good}
    assert await kit.fees.notify_opened() == 0, "it is left alone for a while"
    await end_pauses()
    await Fee.filter(id=bad.id).update(pool=good[0].pool)
    assert await kit.fees.notify_opened() == 1
    assert await rows("SELECT 1 FROM row_failure") == []


async def test_workers_at_one_moment_tell_of_each_fee_once(kit: PaymentKit, deps: Deps, book: NoticeBook) -> None:
    fees = [await make_fee(deps) for _ in range(6)]
    await asyncio.gather(*(kit.fees.notify_opened(limit=4) for _ in range(3)))
    while await kit.fees.notify_opened():
        pass
    assert sorted(notice.account_id for notice in book.told if notice.account_id) == sorted(
        fee.account_id for fee in fees
    )


@pytest.mark.parametrize(
    ("closes_at", "by"), [(NOON + 3 * DAY, "请在11月24日 12:00前"), (None, "请尽快")], ids=["a date", "no date"]
)
async def test_the_notice_names_a_real_date_or_none(
    kit: PaymentKit, deps: Deps, book: NoticeBook, closes_at: datetime | None, by: str
) -> None:
    await make_fee(deps, closes_at=closes_at)
    await kit.fees.notify_opened()
    assert next(notice for notice in book.told if notice.kind == "fee_open").params["by"] == by


async def test_a_cancelled_fee_is_owed_no_more_and_its_orders_are_closed(kit: PaymentKit, deps: Deps) -> None:
    fee = await make_fee(deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    async with transaction():
        await kit.fees.cancel(fee.application_id, NOON)
    await kit.order_checks.check_due()
    assert (await Fee.get(id=fee.id)).state == "void"
    assert (await PayOrder.get(id=ordered.order_id)).state == "closed"
    assert kit.platform.orders[ordered.out_trade_no].state == "CLOSED"


@pytest.mark.parametrize(
    ("state", "minutes", "expected"),
    [
        ("due", -1, "not_open"),
        ("due", 0, "open"),
        ("due", 59, "open"),
        ("due", 60, "closed"),
        ("paid", 99, "paid"),
        ("refunded", 99, "refunded"),
        ("void", 0, "void"),
    ],
)
def test_the_window_is_half_open(state: str, minutes: int, expected: str) -> None:
    assert phase_of(state, NOON, NOON + timedelta(hours=1), NOON + minutes * MINUTE) == expected


def test_an_order_does_not_outlive_the_window_but_lives_a_minute() -> None:
    assert order_ends(NOON, 30 * MINUTE, None) == NOON + 30 * MINUTE
    assert order_ends(NOON, 30 * MINUTE, NOON + 10 * MINUTE) == NOON + 10 * MINUTE
    assert order_ends(NOON, 30 * MINUTE, NOON + timedelta(seconds=1)) == NOON + MINUTE


def test_the_platform_is_asked_in_growing_pauses_and_last_at_the_end() -> None:
    ends = NOON + 15 * MINUTE
    moments = [next_query_at(NOON, ends, checks) - NOON for checks in range(9)]
    assert [m.total_seconds() for m in moments] == [5, 30, 60, 180, 300, 600, 905, 905, 905]
