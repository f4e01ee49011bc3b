"""Whatever goes wrong between payers, the platform and us: each fee is paid once, and all other money goes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from app import process_supervisor
from app.players.http_client import Json
from domain.clock import local
from services.core.base import rows
from tests.faults.draws import Killer
from tests.faults.payers import AMOUNT, FRIENDS, WAYS, Debtor, PaymentDriver, running_payment_driver
from tests.faults.test_outages import standing_still

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
FORGED = ("sign_probe", "wrong_signature", "wrong_serial", "old_timestamp", "altered_body")
TOLD = ("lost", "twice", "concurrent", "out_of_order", "early_pay", "early_order", *FORGED)
SICK = {
    "answers SYSTEM_ERROR and has done it": ("error_after", 0),
    "does it and cuts the line": ("drop_answer", 0.2),
    "is down": ("fail_500", 0),
    "says that we ask too often": ("quota_used_up", 0),
    "answers with a forged signature": ("forged_answer", 0),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def payment_driver() -> AsyncIterator[PaymentDriver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_supervisor, "LONGEST_PAUSE", 1.0)  # restart a part soon however often it is killed
        async with running_payment_driver() as driver:
            yield driver


@pytest.mark.parametrize("kind", TOLD)
async def test_notifications_may_be(payment_driver: PaymentDriver, kind: str) -> None:
    """Two people pay the same fee, and what the platform tells of it and of the refund is in trouble."""
    [debtor] = payment_driver.take(1)
    await payment_driver.fault(kind, seconds=2)
    sheets = [await payment_driver.open_sheet(debtor, "mini"), await payment_driver.open_sheet(debtor, "native")]
    paid = [await sheet.confirm() for sheet in sheets if sheet]
    assert any(paid) or kind == "early_order"
    if kind in FORGED:
        assert await _count_notifications(debtor) == 0, "nothing is believed that is not signed, fresh and whole"
    await payment_driver.live(4)
    await payment_driver.settle()
    await payment_driver.check([debtor])


async def _count_notifications(debtor: Debtor) -> int:
    """Number of payments reported by a notification."""
    counts = await rows(
        "SELECT count(*) AS n FROM pay_event e JOIN pay_order o ON o.out_trade_no = e.subject JOIN fee f "
        "ON f.id = o.fee_id WHERE f.expert_number = $1 AND e.kind <> 'QUERY'",
        debtor.number,
    )
    return int(counts[0]["n"])


async def test_a_wrong_amount_is_counted_nowhere_and_shown_to_the_office(payment_driver: PaymentDriver) -> None:
    [debtor] = payment_driver.take(1)
    await payment_driver.fault("wrong_amount")
    sheet = await payment_driver.open_sheet(debtor, "mini")
    assert sheet
    assert await sheet.confirm()
    told = await rows("SELECT outcome FROM pay_event WHERE subject = $1", sheet.out_trade_no)
    assert "mismatch" in [row["outcome"] for row in told]
    page = await (await payment_driver.office()).open("/office/unmatched-payments")
    unmatched = [line for line in page.lines if sheet.out_trade_no in line]
    assert unmatched
    assert all("金额、币种或商户号不符，未入账" in line for line in unmatched)
    await payment_driver.settle()
    await payment_driver.check([debtor])


@pytest.mark.parametrize("name", SICK)
async def test_the_platform_now_and_then(payment_driver: PaymentDriver, name: str) -> None:
    """Faults meet orders, queries, closings and refunds, and people try again."""
    kind, seconds = SICK[name]
    [debtor] = payment_driver.take(1)
    await payment_driver.fault(kind, probability=0.4, seconds=seconds)
    assert any(await payment_driver.pay_at_once(debtor, *WAYS)), payment_driver.refusals
    await payment_driver.live(20)
    await payment_driver.settle()
    await payment_driver.check([debtor])


@pytest.mark.parametrize("kind", ["refund_slow", "refund_abnormal", "early_refund", "not_enough"])
async def test_surplus_money_goes_back_though_its_refund_is(payment_driver: PaymentDriver, kind: str) -> None:
    [debtor] = payment_driver.take(1)
    await payment_driver.fault(kind, seconds=1200)
    assert await payment_driver.pay_at_once(debtor, "mini", "for_other") == [True, True]
    if kind != "early_refund":
        refund = await payment_driver.wait_until(lambda: _refund_of(payment_driver, kind))
    if kind == "refund_abnormal":
        office = await payment_driver.office()
        [listed] = await payment_driver.wait_until(lambda: office.find_orders(only="abnormal"))
        assert debtor.number in listed
        await payment_driver.http_client.control("/pay/refunds/end", {"out_refund_no": refund["out_refund_no"]})
    await payment_driver.settle()
    await payment_driver.check([debtor])


REVERSING: dict[str, dict[str, object]] = {
    "asked for and lost": {"kind": "lost", "path": "FAPIAO"},
    "told twice": {"kind": "twice", "path": "FAPIAO"},
    "told out of order": {"kind": "out_of_order", "path": "FAPIAO", "seconds": 3},
    "taken without an answer": {"kind": "drop_answer", "path": "/reverse", "count": 1},
    "taken with an error": {"kind": "error_after", "path": "/reverse", "count": 1},
    "answered by a forger": {"kind": "forged_answer", "path": "/reverse", "count": 2},
    "slow": {"kind": "fapiao_slow", "seconds": 7200, "count": 1},
    "not possible at first": {"kind": "reverse_failed", "count": 1},
}


@pytest.mark.parametrize("name", REVERSING)
async def test_an_invoice_is_reversed_once_though_that_is(payment_driver: PaymentDriver, name: str) -> None:
    [debtor] = payment_driver.take(1)
    assert await payment_driver.pay(debtor, "mini")
    await payment_driver.settle()
    await payment_driver.fault(**REVERSING[name])  # type: ignore[arg-type]  # the fault's own fields
    office = await payment_driver.office()
    await office.refund(debtor.number, "本人申请退费")
    if "not possible" in name:
        await payment_driver.wait_until(lambda: office.find_invoice(debtor.number, "to_reverse"))
        await office.reverse_invoice(debtor.number, "再次冲红")
    await payment_driver.wait_until(lambda: _is_invoice_reversed(debtor))
    await payment_driver.settle()
    await payment_driver.check_paid_back(debtor)


async def _is_invoice_reversed(debtor: Debtor) -> bool:
    invoices = await rows(
        "SELECT i.state FROM invoice i JOIN fee f ON f.id = i.fee_id WHERE f.expert_number = $1", debtor.number
    )
    return bool(invoices) and invoices[0]["state"] == "reversed"


async def _refund_of(payment_driver: PaymentDriver, kind: str) -> Json | None:
    """The refund with this fault, if there is one: at the platform, or refused there and so known only to us."""
    if kind == "not_enough":
        waiting = await rows("SELECT out_refund_no FROM refund WHERE failure = 'operator:NOTENOUGH'")
        return dict(waiting[0]) if waiting else None
    wanted = {"refund_slow": "PROCESSING", "refund_abnormal": "ABNORMAL"}[kind]
    refunds = (await payment_driver.http_client.control("/pay/refunds"))["refunds"]
    return next((refund for refund in refunds if refund["status"] == wanted), None)


@pytest.mark.parametrize("by_other", [False, True])
async def test_a_payment_after_the_order_was_closed_counts_or_goes_back(
    payment_driver: PaymentDriver, by_other: bool
) -> None:
    """The cashier stood open until the order had ended; perhaps another person has paid meanwhile."""
    [debtor] = payment_driver.take(1)
    late = await payment_driver.open_sheet(debtor, "native")
    assert late
    await payment_driver.live(20)
    await payment_driver.settle()
    assert [order["trade_state"] for order in await payment_driver.orders(debtor)] == ["CLOSED"]
    if by_other:
        assert await payment_driver.pay(debtor, "mini")
    await payment_driver.fault("pay_after_close", count=1)
    assert await late.confirm()
    await payment_driver.settle()
    await payment_driver.check([debtor])
    paid = [order for order in await payment_driver.orders(debtor) if order.get("transaction_id")]
    assert sum(order["amount"]["total"] - order["refunded"] for order in paid) == AMOUNT
    assert len(paid) == 1 + by_other


@pytest.mark.parametrize("turn", [1, 2])
async def test_everything_is_killed_while_people_pay(payment_driver: PaymentDriver, turn: int, seed: int) -> None:
    """Killed at other moments each time, with some trouble at the platform besides."""
    print(f"turn {turn}")
    chances = random.Random(seed)
    debtors = payment_driver.take(6)
    for kind, probability in (("lost", 0.2), ("concurrent", 0.3), ("drop_answer", 0.1), ("error_after", 0.1)):
        await payment_driver.fault(kind, probability=probability)
    killer = Killer(payment_driver.draw_driver, chances, most=5)
    task = asyncio.create_task(killer.work())
    try:
        paid = await asyncio.gather(*(_pay_at_once(payment_driver, debtor, chances) for debtor in debtors))
        await payment_driver.live(20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert killer.killed
    assert all(paid), payment_driver.refusals
    await payment_driver.settle(timeout=150)
    await payment_driver.check(debtors)


async def _pay_at_once(payment_driver: PaymentDriver, debtor: Debtor, chances: random.Random) -> bool:
    """Two or three people pay one fee at once; refused ones try again. Returns whether money was paid."""
    for _ in range(4):
        ways = [(chances.choice(WAYS), chances.randrange(FRIENDS)) for _ in range(chances.randint(2, 3))]
        sheets = [
            sheet for way, friend in ways if (sheet := await payment_driver.open_sheet(debtor, way, friend)) is not None
        ]
        await asyncio.sleep(chances.uniform(0, 1))
        if any(await asyncio.gather(*(sheet.confirm(wait=chances.random() < 0.5) for sheet in sheets))):
            return True
    return False


@pytest.mark.parametrize("name", ["postgres", "valkey"])
async def test_a_store_stands_still_while_people_pay(payment_driver: PaymentDriver, name: str) -> None:
    """Notifications can't be taken in for a while, and orders not be made."""
    first, second = payment_driver.take(2)
    sheets = [sheet for way in ("mini", "native") if (sheet := await payment_driver.open_sheet(first, way)) is not None]
    async with standing_still(payment_driver.draw_driver, name):
        paying = asyncio.gather(*(sheet.confirm() for sheet in sheets))
        ordering = asyncio.create_task(payment_driver.pay(second, "mini"))
        await asyncio.sleep(6)
    assert any(await paying)
    assert await ordering
    await payment_driver.settle()
    await payment_driver.check([first, second])


async def test_the_bill_finds_an_unreported_payment_and_names_differences(
    payment_driver: PaymentDriver,
) -> None:
    """After that it compares equal; so do the bills of all the days before."""
    late, last = payment_driver.take(2)
    sheet = await payment_driver.open_sheet(late, "native")
    assert sheet
    await payment_driver.live(20)
    await payment_driver.settle()
    await payment_driver.fault("pay_after_close")
    await payment_driver.fault("lost")
    assert await sheet.confirm()
    await payment_driver.clear()
    assert await payment_driver.pay(last, "mini")
    await payment_driver.settle()
    day = local(await payment_driver.stage.now())
    await payment_driver.fault("bill_unknown_row", path=str(day.date()))
    await payment_driver.fault("bill_missing_row", path=str(day.date()))
    await payment_driver.stage.advance_to(day.replace(hour=10, minute=1) + timedelta(days=1))
    assert (await _wait_for_bill(payment_driver, day)).endswith("有差异")
    page = await (await payment_driver.office()).open_bill(day)
    differences = [line for line in page.lines if "未处理" in line]
    numbers = {line.partition(" ")[0]: line.partition("订单 ")[2].partition(" ")[0] for line in differences}
    [known] = [order["out_trade_no"] for order in await payment_driver.orders(last)]
    stranger = numbers.pop("账单有、本系统无")
    assert (stranger[0], len(differences)) == ("X", 3)
    assert numbers == {"状态不符": sheet.out_trade_no, "本系统有、账单无": known}
    await payment_driver.settle()
    assert (await _compare_again(payment_driver, day)).endswith("一致")
    bills = await (await payment_driver.office()).find_bills()
    assert all(line.endswith(("一致", "无交易")) for line in bills), bills
    await (
        payment_driver.settle()
    )  # what the bill found may have been counted a moment ago: its receipt is still being mailed
    await payment_driver.check(payment_driver.used)


async def _wait_for_bill(payment_driver: PaymentDriver, day: datetime) -> str:
    """What the office's list shows of a day's bill, once it has been compared."""
    office = await payment_driver.office()
    for _ in range(200):
        line = await office.find_bill(day)
        if line and not line.endswith("待核对"):
            return line
        await asyncio.sleep(0.2)
    raise AssertionError(f"the bill of {day.date()} was never compared: {line}")


async def _compare_again(payment_driver: PaymentDriver, day: datetime) -> str:
    """Compare once more, in a later minute, which the bill's page shows."""
    office = await payment_driver.office()
    before = _compared_at((await office.open_bill(day)).text)
    await payment_driver.draw_driver.nudge(61)
    await office.reconcile(day)
    for _ in range(200):
        if _compared_at((await office.open_bill(day)).text) != before:
            return await office.find_bill(day)
        await asyncio.sleep(0.2)
    raise AssertionError(f"the bill of {day.date()} was not compared again since {before}")


def _compared_at(bill: str) -> str:
    """When the bill on the page was compared."""
    return bill.partition(" 核对")[0].rpartition("日 ")[2]
