"""Payments, closings and refunds end in the same books after any order, repetition, loss or failure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise import Tortoise

from domain.clock import FixedClock
from domain.errors import AppError, GatewayError
from models.database_connection import tortoise_config
from models.payments import Fee, PayOrder, Refund
from services.core.base import Actor, Deps, execute
from services.operations import find_broken
from services.ports import RefundReport, TradeReport
from tests.factories.payments import UNKNOWN, UNREACHED, PaymentKit, make_fee, make_payment_kit, owner_of
from tests.services.conftest import NOON, NoticeBook

ADMIN = Actor("demo", "pool_admin")
PAYERS = [("native", ""), ("jsapi", "o-one"), ("jsapi", "o-two"), ("mini", "o-mini")]
EVENTS = st.one_of(
    st.tuples(st.just("order"), st.integers(0, 3)),
    st.tuples(st.just("pay"), st.integers(0, 9)),
    st.tuples(st.just("report"), st.integers(0, 9)),
    st.tuples(st.just("report_at_once"), st.integers(0, 9)),
    st.tuples(st.just("ask"), st.integers(0, 0)),
    st.tuples(st.just("wait"), st.sampled_from([3, 60, 1000])),
    st.tuples(st.just("follow"), st.integers(0, 0)),
    st.tuples(st.just("refund"), st.integers(0, 9)),
    st.tuples(st.just("send"), st.integers(0, 0)),
    st.tuples(st.just("arrive"), st.integers(0, 9)),
    st.tuples(st.just("report_refund"), st.integers(0, 9)),
    st.tuples(st.just("trouble"), st.integers(0, 5)),
)
TROUBLE = [
    ("before", "query"),
    ("after", "close"),
    ("before", "order_native"),
    ("after", "order_jsapi"),
    ("after", "refund"),
    ("before", "refund"),
]


class History:
    """Carries out events on one fee. ``told`` are all reports of the platform: any may be repeated."""

    def __init__(self, kit: PaymentKit, clock: FixedClock, fee: Fee) -> None:
        self.kit, self.clock, self.fee = kit, clock, fee
        self.told: list[TradeReport] = []
        self.told_refunds: list[RefundReport] = []

    async def do(self, name: str, number: int) -> None:
        try:
            await getattr(self, name)(number)
        except (AppError, GatewayError):
            return  # refused, or the platform was away: both are permitted

    async def order(self, number: int) -> None:
        trade, openid = PAYERS[number]
        await self.kit.orders.order(owner_of(self.fee), self.fee.id, trade, openid=openid)  # type: ignore[arg-type]  # one of the literals

    async def pay(self, number: int) -> None:
        numbers = list(self.kit.platform.orders)
        if numbers:
            self.told.append(self.kit.platform.pay(numbers[number % len(numbers)]))

    async def report(self, number: int) -> None:
        if self.told:
            await self.kit.notify(self.told[number % len(self.told)])

    async def report_at_once(self, _number: int) -> None:
        await asyncio.gather(*(self.kit.notify(report) for report in [*self.told, *self.told]))

    async def ask(self, _number: int) -> None:
        await self.kit.order_checks.check_due()

    async def wait(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))

    async def follow(self, _number: int) -> None:
        await self.kit.webhooks.process_due()

    async def refund(self, number: int) -> None:
        orders = await PayOrder.filter(fee_id=self.fee.id).order_by("created_at", "id")
        if orders:
            await self.kit.refunds.request(ADMIN, orders[number % len(orders)].id, "本人申请退费")

    async def send(self, _number: int) -> None:
        await self.kit.refunds.check_due()
        self.told_refunds += self.kit.platform.refunds.values()

    async def arrive(self, number: int) -> None:
        numbers = list(self.kit.platform.refunds)
        if numbers:
            outcome = "ABNORMAL" if number > 7 else "SUCCESS"
            if self.kit.platform.refunds[numbers[number % len(numbers)]].outcome != "SUCCESS":
                self.told_refunds.append(self.kit.platform.finish(numbers[number % len(numbers)], outcome))

    async def report_refund(self, number: int) -> None:
        if self.told_refunds:
            await self.kit.refunds.apply_report("demo", self.told_refunds[number % len(self.told_refunds)])

    async def trouble(self, number: int) -> None:
        when, call = TROUBLE[number]
        getattr(self.kit.platform, when).setdefault(call, []).append(UNKNOWN if number % 2 else UNREACHED)

    async def settle_everything(self) -> None:
        """Let time pass with the platform available, until all processes have ended."""
        self.kit.platform.before.clear()
        self.kit.platform.after.clear()
        for _ in range(6):
            self.clock.move(timedelta(hours=26))
            await self.kit.order_checks.check_due()
            await self.kit.settle_all()
            await self.kit.refunds.check_due()
            for number, report in list(self.kit.platform.refunds.items()):
                if report.outcome != "SUCCESS":
                    self.kit.platform.finish(number)

    async def check(self) -> None:
        """The books agree with each other, and with what the platform knows."""
        assert await find_broken() == []
        paid = [o for o in self.kit.platform.orders.values() if o.state == "SUCCESS"]
        ours = await PayOrder.filter(transaction_id__not_isnull=True)
        assert {o.transaction_id for o in ours} == {o.transaction_id for o in paid}
        assert {o.state for o in await PayOrder.all()} <= {"paid", "refunded", "closed"}
        fee = await Fee.get(id=self.fee.id)
        assert (fee.state in ("paid", "refunded")) == bool(paid)
        assert len(self.kit.passed.numbers) == (1 if paid else 0)
        refunds = await Refund.all()
        assert {r.state for r in refunds} <= {"done"}
        assert {r.out_refund_no for r in refunds} == set(self.kit.platform.refunds)
        came = sum(o.request.amount for o in paid)
        went = sum(r.amount for r in self.kit.platform.refunds.values())
        assert came - went == (fee.amount if fee.state == "paid" else 0), "what is kept is the fee, once, or nothing"


@contextmanager
def _start_at_noon(clock: FixedClock) -> Iterator[None]:
    clock.move(NOON - clock.now())
    yield


async def _replay_history(url: str, deps: Deps, clock: FixedClock, events: list[tuple[str, int]]) -> None:
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    try:
        await execute("TRUNCATE pay_event, refund, invoice, pay_order, fee, application, account, audit_entry CASCADE")
        with _start_at_noon(clock):
            kit = make_payment_kit(deps, clock, NoticeBook())
            history = History(kit, clock, await make_fee(deps, closes_at=None))
            for name, number in events:
                await history.do(name, number)
                assert (await PayOrder.filter(surplus=False, state__in=["paid", "refunded"]).count()) <= 1
            await history.settle_everything()
            await history.check()
    finally:
        await Tortoise.close_connections()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, min_size=3, max_size=24))
def test_any_history_ends_in_the_same_books(
    new_database: str, deps: Deps, clock: FixedClock, events: list[tuple[str, int]]
) -> None:
    asyncio.run(_replay_history(new_database, deps, clock, [("order", 0), *events]))


def test_the_histories_do_pay_refund_and_collide(new_database: str, deps: Deps, clock: FixedClock) -> None:
    """One history with all events, so that the property is not vacuous."""
    events = [
        ("order", 0),
        ("order", 1),
        ("pay", 0),
        ("pay", 1),
        ("report_at_once", 0),
        ("follow", 0),
        ("send", 0),
        ("arrive", 0),
        ("report_refund", 0),
        ("refund", 0),
        ("refund", 1),
        ("send", 0),
    ]
    asyncio.run(_replay_history(new_database, deps, clock, events))
