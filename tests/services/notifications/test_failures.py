"""Failures and kills while notices are delivered: a failure of one notice does not affect the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from domain.clock import FixedClock
from domain.errors import Rejected
from models.notices import Attempt, DeliveryReport, Notice
from services.core.base import Deps, rows, transaction
from services.notifications import Delivery, Notices
from services.operations import DeliveryReports
from services.ports import SmsReport
from tests.drivers.waiting import eventually
from tests.factories.offices import Office, add_experts, make_office, start_draw
from tests.factories.people import make_account
from tests.factories.vendors import Vendors, make_delivery, make_reports
from tests.services.notifications.test_delivery import notify_account, states


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def delivery(deps: Deps, vendors: Vendors, office: Office) -> Delivery:
    return make_delivery(deps, office, vendors)


@pytest.fixture
def reports(deps: Deps, vendors: Vendors, office: Office) -> DeliveryReports:
    return make_reports(deps, office, vendors)


async def test_a_message_that_can_not_be_made_does_not_lose_the_outcomes_of_the_others(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    await notify_account(office)
    await Notice.all().update(params={"at": "x"})
    clock.move(timedelta(seconds=1))
    await notify_account(office)
    assert await delivery.deliver_due() == 2
    assert await states() == [("wechat", "pending", "repeat"), ("wechat", "sent", "")]


async def test_one_answer_of_a_vendor_that_can_not_be_stored_costs_no_other_outcome(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    """Otherwise one invalid id would make four hundred delivered notices count as not delivered."""
    for _ in range(5):
        await notify_account(office, bound=False)
    await delivery.deliver_due()
    await Attempt.filter(channel="sms").delete()
    ids = iter(["1", "2", "x" * 500, "\0", "5"])

    async def send(*_: object, **__: object) -> str:
        return next(ids)

    vendors.send = send  # type: ignore[method-assign]
    for notice in await Notice.filter(state="active"):
        async with transaction():
            await office.notices.advance(notice.id)
    await delivery.deliver_due()
    sent = [(a.state, a.vendor_id) for a in await Attempt.filter(channel="sms")]
    assert sorted(sent) == [("sent", "1"), ("sent", "2"), ("sent", "5"), ("unknown", ""), ("unknown", "")]


async def test_one_report_that_can_not_be_stored_costs_no_other(reports: DeliveryReports) -> None:
    good = [SmsReport(f"b{n}", f"o{n}", True, "DELIVERED") for n in range(4)]
    await reports.take_sms([*good[:2], SmsReport("b\0", "o", True, "\0"), *good[2:]])
    assert await DeliveryReport.all().count() == 4
    assert await jobs("delivery_reports.apply") == 4


async def test_a_notice_of_a_removed_pool_does_not_delay_others(
    office: Office, delivery: Delivery, vendors: Vendors
) -> None:
    await notify_account(office, bound=False)
    await Notice.all().update(pool="gone")
    await notify_account(office)
    await delivery.deliver_due()
    assert ("wechat", "sent", "") in await states()


async def test_a_ladder_goes_on_after_a_kill_between_an_outcome_and_the_next_step(
    office: Office, delivery: Delivery, vendors: Vendors, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendors.errors = [Rejected("isv.AMOUNT_NOT_ENOUGH")]
    async with transaction():
        await office.notices.notify(
            pool="demo",
            kind="verification_code",
            dedupe_key="code",
            params={"minutes": 5},
            mobile="13800000000",
            secret="123456",
        )

    async def kill(_: Notices, notice_ids: Sequence[UUID]) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Notices, "advance_many", kill)
        with pytest.raises(asyncio.CancelledError):
            await delivery.deliver_due()
    assert await states() == [("sms", "failed", "isv.AMOUNT_NOT_ENOUGH")]
    [due] = await rows("SELECT id FROM notice WHERE state = 'active' AND next_at <= $1", office.deps.now())
    assert due["id"] == (await Notice.get()).id
    assert await office.notices.climb_due() == 1
    assert (await Notice.get()).state == "failed"


async def test_a_report_that_overtakes_its_own_message_counts(
    office: Office, delivery: Delivery, vendors: Vendors, reports: DeliveryReports
) -> None:
    await notify_account(office)
    await reports.take_template("wx1", "v1", "success", "o1")
    [early] = await DeliveryReport.all()
    await reports.apply(early.id)
    await delivery.deliver_due()
    assert await jobs("delivery_reports.apply") == 2
    await reports.apply(early.id)
    assert await states() == [("wechat", "delivered", "success")]


async def test_a_report_that_fits_nothing_is_left_alone_after_a_while(
    reports: DeliveryReports, clock: FixedClock
) -> None:
    await reports.take_template("wx1", "nobody's", "success", "o1")
    clock.move(timedelta(minutes=2))
    [stray] = await DeliveryReport.all()
    await reports.apply(stray.id)
    await stray.refresh_from_db()
    assert stray.applied_at == clock.now()


async def jobs(task: str) -> int:
    return int((await rows("SELECT count(*) AS n FROM procrastinate_jobs WHERE task_name = $1", task))[0]["n"])


async def test_no_call_is_sent_after_the_time_to_answer(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    await add_experts(office, 1)
    await start_draw(office, needed=1)
    clock.move(timedelta(minutes=3))
    await office.notices.advance((await Notice.get(kind="draw_call")).id)
    await delivery.deliver_due()
    called = [what for _, what in vendors.sent if what == "draw_call"]
    assert called == []


async def test_what_an_outage_has_delayed_into_the_night_waits_for_the_morning(
    office: Office, delivery: Delivery, vendors: Vendors, clock: FixedClock
) -> None:
    account = await make_account(office.deps)
    async with transaction():
        await office.notices.notify(
            pool="guangdong", kind="agency_verified", dedupe_key="v", params={"number": "1"}, account_id=account.id
        )
    await Attempt.all().update(channel="sms")
    clock.move(timedelta(hours=12))
    await delivery.deliver_due()
    [attempt] = await Attempt.all()
    assert (attempt.state, attempt.due_at) == ("pending", clock.now() + timedelta(hours=8))
    assert vendors.sent == []


@asynccontextmanager
async def hold_locks(database: str, sql: str) -> AsyncIterator[asyncpg.Connection]:
    """Let another process hold the locks of ``sql``."""
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute(sql)
            yield other
    finally:
        await other.close()


async def wait_until_blocked(other: asyncpg.Connection) -> None:
    await eventually(lambda: other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def assert_notice_comes_first(database: str, work: Awaitable[object]) -> None:
    """While the notice is locked, ``work`` waits for it without a lock on the attempt: otherwise a deadlock."""
    async with hold_locks(database, "SELECT id FROM notice FOR UPDATE") as other:
        task = asyncio.ensure_future(work)
        await wait_until_blocked(other)
        await other.execute("SELECT id FROM attempt FOR UPDATE NOWAIT")
    await task


async def test_outcomes_are_written_notice_first(office: Office, db: str, delivery: Delivery, vendors: Vendors) -> None:
    vendors.window = 1
    await notify_account(office)
    await assert_notice_comes_first(db, delivery.deliver_due())


async def test_giving_up_on_a_report_takes_the_notice_first(
    office: Office, db: str, delivery: Delivery, reports: DeliveryReports, clock: FixedClock
) -> None:
    await notify_account(office)
    await delivery.deliver_due()
    clock.move(timedelta(minutes=5))
    await assert_notice_comes_first(db, reports.check_due())
    assert (await states())[0] == ("wechat", "failed", "no_receipt")


async def test_a_vendor_that_knew_the_outcome_is_not_asked_again_at_once(
    office: Office, delivery: Delivery, vendors: Vendors, reports: DeliveryReports, clock: FixedClock
) -> None:
    queried: list[str] = []

    async def report(mobile: str, sent_at: object, biz_id: str, *, out_id: str) -> SmsReport:
        queried.append(biz_id)
        return SmsReport(biz_id, out_id, True, "DELIVERED")

    vendors.report = report  # type: ignore[method-assign,assignment]  # the port of SMS asks otherwise than voice's
    await notify_account(office, bound=False)
    await delivery.deliver_due()
    clock.move(timedelta(minutes=5))
    assert (await reports.check_due(), await reports.check_due()) == (1, 0)
    assert len(queried) == 1
