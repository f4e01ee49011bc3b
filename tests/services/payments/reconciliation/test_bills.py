"""The platform's bill against our books, both ways, day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden, InvalidInput, Rejected
from models.payments import Bill, BillDifference, Fee, PayOrder, Refund
from services.core.base import Actor, Deps
from services.ports import BillRow, TradeBill
from tests.factories.payments import UNKNOWN, UNREACHED, PaymentKit, make_fee, make_payment_kit, owner_of
from tests.factories.people import make_account
from tests.services.conftest import NOON, NoticeBook

TODAY = date(2026, 11, 21)
TOMORROW_AT_TEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


@pytest.fixture
async def admin(kit: PaymentKit) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(kit.deps)).id)


async def pay(kit: PaymentKit, *, notified: bool = True) -> PayOrder:
    fee = await make_fee(kit.deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    report = kit.platform.pay(ordered.out_trade_no)
    if notified:
        await kit.notify(report)
        await kit.settle_all()
    return await PayOrder.get(id=ordered.order_id)


def row(kit: PaymentKit, order: PayOrder, **changes: object) -> BillRow:
    number = kit.platform.orders[order.out_trade_no].transaction_id
    values = {
        "at": NOON,
        "transaction_id": number,
        "out_trade_no": order.out_trade_no,
        "state": "SUCCESS",
        "amount": order.amount,
    }
    return BillRow(**{**values, **changes})  # type: ignore[arg-type]  # given by name


def bill(*rows: BillRow) -> TradeBill:
    received = sum(bill_row.amount for bill_row in rows if not bill_row.out_refund_no)
    return TradeBill(rows, len(rows), received, sum(bill_row.refunded for bill_row in rows), "a" * 40)


async def compare(kit: PaymentKit, clock: FixedClock, statement: TradeBill) -> Bill:
    kit.platform.bills[TODAY] = statement
    clock.move(TOMORROW_AT_TEN - clock.now())
    await kit.bills.run_due()
    return await Bill.get(day=TODAY)


async def kinds() -> list[str]:
    return sorted([difference.kind for difference in await BillDifference.all()])


async def test_equal_days_say_so(kit: PaymentKit, clock: FixedClock, admin: Actor) -> None:
    order, second_order = await pay(kit), await pay(kit)
    compared = await compare(kit, clock, bill(row(kit, order), row(kit, second_order)))
    assert (compared.state, compared.trades, compared.received) == ("equal", 2, 70_000)
    listed = await kit.bills.list(admin)
    assert [(view.day, view.state, view.open_differences) for view in listed] == [(TODAY, "equal", 0)]


async def test_nothing_is_fetched_before_ten(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    clock.move(TOMORROW_AT_TEN - clock.now() - timedelta(minutes=1))
    await kit.bills.run_due()
    assert "trade_bill" not in kit.platform.calls


async def test_missed_days_are_caught_up(kit: PaymentKit, clock: FixedClock) -> None:
    await pay(kit)
    clock.move(TOMORROW_AT_TEN - clock.now() + timedelta(days=3))
    await kit.bills.run_due()
    days = sorted([compared_bill.day for compared_bill in await Bill.filter(compared_at__not_isnull=True)])
    assert days == [TODAY + timedelta(days=n) for n in range(4)]
    clock.move(timedelta(days=200))
    await kit.bills.run_due()
    compared = await Bill.filter(compared_at__not_isnull=True).count()
    assert compared == 4 + 89, "as far back as the platform keeps them"
    assert [bill.day for bill in await Bill.filter(failure="too_old")] == [TODAY + timedelta(days=4)]


async def test_a_row_that_only_one_side_knows_is_listed(kit: PaymentKit, clock: FixedClock) -> None:
    ours = await pay(kit)
    stranger = row(kit, ours, out_trade_no="X1", transaction_id="4200X")
    compared = await compare(kit, clock, bill(stranger))
    assert compared.state == "differs"
    assert await kinds() == ["unknown_here", "unknown_there"]


async def test_another_amount_is_listed(kit: PaymentKit, clock: FixedClock) -> None:
    order = await pay(kit)
    await compare(kit, clock, bill(row(kit, order, amount=1)))
    difference = (await BillDifference.all())[0]
    assert (difference.kind, difference.ours, difference.theirs) == ("amount", 35_000, 1)


async def test_a_payment_without_notification_is_found_by_the_bill_and_counted(
    kit: PaymentKit, clock: FixedClock
) -> None:
    order = await pay(kit, notified=False)
    await compare(kit, clock, bill(row(kit, order)))
    assert await kinds() == ["state"]
    assert (await Fee.get(id=order.fee_id)).state == "paid"


async def test_refunds_are_compared_too(kit: PaymentKit, clock: FixedClock, admin: Actor) -> None:
    order = await pay(kit)
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    refund = (await Refund.all())[0]
    back = row(kit, order, state="REFUND", amount=0, out_refund_no=refund.out_refund_no, refunded=refund.amount)
    assert (await compare(kit, clock, bill(row(kit, order), back))).state == "equal"


async def test_a_refund_that_we_heard_of_a_day_late_belongs_to_the_day_of_its_bill(
    kit: PaymentKit, clock: FixedClock, admin: Actor
) -> None:
    order = await pay(kit)
    await kit.refunds.request(admin, order.id, "本人申请退费")
    kit.platform.after["refund"] = [UNKNOWN]
    await kit.refunds.check_due()
    refund = (await Refund.all())[0]
    back = row(kit, order, state="REFUND", amount=0, out_refund_no=refund.out_refund_no, refunded=refund.amount)
    compared = await compare(kit, clock, bill(row(kit, order), back))
    assert (compared.state, await kinds()) == ("differs", ["state"]), "asked for, and accepted already"
    await kit.refunds.check_due()
    await kit.bills.compare_again(admin, str(TODAY))
    await kit.bills.run_due()
    assert (await Bill.get(day=TODAY)).state == "equal"
    clock.move(timedelta(days=1))
    await kit.bills.run_due()
    assert (await Bill.get(day=TODAY + timedelta(days=1))).state == "empty", "the next day's bill need not have it"


async def test_refunds_that_one_side_lacks_are_listed(kit: PaymentKit, clock: FixedClock, admin: Actor) -> None:
    order = await pay(kit)
    await kit.refunds.request(admin, order.id, "本人申请退费")
    await kit.refunds.check_due()
    strange = row(kit, order, state="REFUND", amount=0, out_refund_no="by-hand", refunded=1)
    await compare(kit, clock, bill(row(kit, order), strange))
    assert await kinds() == ["unknown_here", "unknown_there"]


async def test_half_a_bill_does_not_look_whole(kit: PaymentKit, clock: FixedClock) -> None:
    order = await pay(kit)
    whole = bill(row(kit, order))
    await compare(kit, clock, TradeBill(whole.rows, 2, 70_000, 5, "a" * 40))
    assert await kinds() == ["amount", "amount", "amount"]


async def test_a_bill_that_can_not_be_had_is_fetched_again(kit: PaymentKit, clock: FixedClock) -> None:
    order = await pay(kit)
    kit.platform.before["trade_bill"] = [UNREACHED, Rejected("BILLUNREADABLE")]
    compared = await compare(kit, clock, bill(row(kit, order)))
    assert (compared.state, compared.failure) == ("waiting", "Transient")
    for _ in range(2):
        clock.move(timedelta(minutes=30))
        await kit.bills.run_due()
    assert (await Bill.get(day=TODAY)).state == "equal"


async def test_a_settled_difference_stays_settled_when_the_day_is_compared_anew(
    kit: PaymentKit, clock: FixedClock, admin: Actor
) -> None:
    await pay(kit)
    compared = await compare(kit, clock, bill())
    difference = (await kit.bills.differences(admin, compared.id))[0]
    await kit.bills.resolve(admin, difference.id, "已与平台核对")
    await kit.bills.compare_again(admin, TODAY.isoformat())
    await kit.bills.run_due()
    after = await kit.bills.differences(admin, compared.id)
    assert [listed.resolution for listed in after] == ["已与平台核对"]
    assert (await kit.bills.list(admin))[0].open_differences == 0


async def test_only_administrators_and_only_days_that_have_a_bill(kit: PaymentKit, admin: Actor) -> None:
    for day in (TODAY, TODAY + timedelta(days=1), TODAY - timedelta(days=90)):
        with pytest.raises(InvalidInput):
            await kit.bills.compare_again(admin, str(day))
    with pytest.raises(Forbidden):
        await kit.bills.list(Actor("demo", "applicant", admin.account_id))


async def test_a_pool_without_merchant_or_orders_has_no_bills(kit: PaymentKit, clock: FixedClock) -> None:
    clock.move(timedelta(days=2))
    await kit.bills.run_due()
    assert "trade_bill" not in kit.platform.calls
