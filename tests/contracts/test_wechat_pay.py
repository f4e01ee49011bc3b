"""What the sandbox's WeChat Pay and our client agree on, in both ways of verifying."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.clock import local
from domain.errors import Forbidden, NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways.wechat_pay.platform import WechatPay
from services.ports import (
    BankCard,
    InvoiceReport,
    InvoiceRequest,
    InvoiceStatus,
    OrderRequest,
    PayNotification,
    Reversal,
)
from tests.contracts.conftest import MERCHANTS, MINI, MOBILE, OA, World
from tests.drivers.waiting import eventually

POOLS = list(MERCHANTS)
NUMBER = "T20261121000001"


class Moved:
    """Our clock, moved as far as the sandbox's."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


def order(number: str = NUMBER, *, amount: int = 3000) -> OrderRequest:
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    return OrderRequest(number, "评标专家入库考试费", amount, expires, attach="order:17")


async def pay_by_code(world: World, code_url: str) -> None:
    """Scan the QR code with the phone and pay."""
    cashier = await world.control("pay/scan", {"phone": MOBILE, "code_url": code_url})
    await world.control("pay/confirm", {"phone": MOBILE, "cashier": cashier["cashier"]})


async def pay_order(world: World, pool: str, number: str = NUMBER) -> str:
    """Pay; returns the transaction's id."""
    await pay_by_code(world, await world.pay.order_native(pool, order(number)))
    report = await world.pay.query(pool, number)
    assert report is not None
    return report.transaction_id


async def wait_for_notifications(world: World, count: int = 1) -> list[PayNotification]:
    """The received notifications, decrypted; raises for those that don't verify."""
    await eventually(lambda: len(world.receiver.payments) >= count)
    return [await world.pay.read_notification(*sent) for sent in world.receiver.payments[:count]]


async def fault(world: World, kind: str, **more: object) -> None:
    await world.control("faults", {"vendor": "pay", "kind": kind, "count": 1, "seconds": 0, **more})


@pytest.mark.parametrize("pool", POOLS)
async def test_a_native_order_is_paid_with_a_phone_and_notified(world: World, pool: str) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    assert await world.pay.query(pool, NUMBER) is None
    code_url = await world.pay.order_native(pool, order())
    unpaid = await world.pay.query(pool, NUMBER)
    assert unpaid is not None
    assert (unpaid.state, unpaid.transaction_id) == ("NOTPAY", "")
    await pay_by_code(world, code_url)
    (notice,) = await wait_for_notifications(world)
    report = await world.pay.query(pool, NUMBER)
    assert notice.kind == "TRANSACTION.SUCCESS"
    assert notice.trade == report
    assert report is not None
    assert (report.state, report.amount, report.currency, report.mchid) == ("SUCCESS", 3000, "CNY", MERCHANTS[pool])
    assert report.success_at is not None
    assert begun <= report.success_at <= datetime.now(UTC)
    assert (report.appid, bool(report.payer)) == (OA, True)


@pytest.mark.parametrize("app", ["oa", "mini"])
async def test_a_payment_inside_wechat_is_signed_for_its_cashier(world: World, app: Any) -> None:
    openid = await world.openid()
    if app == "mini":
        given = await world.control(f"phones/{MOBILE}/login_code", {"pool": "demo"})
        openid = (await world.mini.login("demo", str(given["code"]))).openid
    prepay_id = await world.pay.order_jsapi("demo", app, openid, order())
    signed = world.pay.sign_payment("demo", app, prepay_id)
    call = {
        "phone": MOBILE,
        "appId": signed.app_id,
        "timeStamp": signed.time_stamp,
        "nonceStr": signed.nonce,
        "package": signed.package,
        "signType": signed.sign_type,
        "paySign": signed.signature,
    }
    cashier = await world.control("pay/jsapi", call)
    await world.control("pay/confirm", {"phone": MOBILE, "cashier": cashier["cashier"]})
    (notice,) = await wait_for_notifications(world)
    assert notice.trade is not None
    assert (notice.trade.appid, notice.trade.payer) == ({"oa": OA, "mini": MINI}[app], openid)


async def test_the_same_order_again_gets_a_fresh_code_and_another_amount_none(world: World) -> None:
    same = order()
    first, second = [await world.pay.order_native("demo", same) for _ in range(2)]
    assert first != second
    with pytest.raises(Rejected) as caught:
        await world.pay.order_native("demo", order(amount=3001))
    assert caught.value.vendor_code == "INVALIDREQUEST"


async def test_another_way_of_paying_needs_another_number(world: World) -> None:
    await world.pay.order_native("demo", order())
    with pytest.raises(Rejected) as caught:
        await world.pay.order_jsapi("demo", "oa", await world.openid(), order())
    assert caught.value.vendor_code == "OUTTRADENOUSED"


@pytest.mark.parametrize("pool", POOLS)
async def test_an_unpaid_order_is_closed_and_a_paid_one_not(world: World, pool: str) -> None:
    await world.pay.order_native(pool, order("T0000001"))
    await world.pay.close(pool, "T0000001")
    await world.pay.close(pool, "T0000001")
    report = await world.pay.query(pool, "T0000001")
    assert report is not None
    assert report.state == "CLOSED"
    with pytest.raises(Rejected) as closed:
        await world.pay.order_native(pool, order("T0000001"))
    assert closed.value.vendor_code == "ORDERCLOSED"
    await pay_order(world, pool)
    with pytest.raises(Rejected) as caught:
        await world.pay.close(pool, NUMBER)
    assert caught.value.vendor_code == "ORDERPAID"


@pytest.mark.parametrize("pool", POOLS)
async def test_a_refund_is_accepted_then_done_and_the_same_when_repeated(world: World, pool: str) -> None:
    transaction = await pay_order(world, pool)
    assert await world.pay.query_refund(pool, "R1") is None
    first, again = [
        await world.pay.refund(pool, transaction, "R1", amount=3000, total=3000, reason="重复缴费") for _ in range(2)
    ]
    assert first.outcome == "PROCESSING"
    assert first.refund_id == again.refund_id
    notice = (await wait_for_notifications(world, 2))[1]
    assert notice.kind == "REFUND.SUCCESS"
    assert notice.refund == await world.pay.query_refund(pool, "R1")
    assert notice.refund is not None
    assert (notice.refund.outcome, notice.refund.amount) == ("SUCCESS", 3000)
    report = await world.pay.query(pool, NUMBER)
    assert report is not None
    assert report.state == "REFUND"


async def test_a_refund_that_cannot_arrive_says_so(world: World) -> None:
    transaction = await pay_order(world, "demo")
    await fault(world, "refund_abnormal")
    await world.pay.refund("demo", transaction, "R1", amount=3000, total=3000, reason="")
    notice = (await wait_for_notifications(world, 2))[1]
    assert (notice.kind, notice.refund and notice.refund.outcome) == ("REFUND.ABNORMAL", "ABNORMAL")


@pytest.mark.parametrize("pool", POOLS)
async def test_an_abnormal_refund_goes_to_a_card_that_only_wechat_can_read(world: World, pool: str) -> None:
    transaction = await pay_order(world, pool)
    await fault(world, "refund_abnormal")
    await world.pay.refund(pool, transaction, "R1", amount=3000, total=3000, reason="")
    refund = (await wait_for_notifications(world, 2))[1].refund
    assert refund is not None
    card = BankCard("ICBC_DEBIT", "6222021234567890123", "欧阳建国")
    assert (await world.pay.redirect_refund(pool, refund.refund_id, "R1", card)).outcome == "PROCESSING"
    notice = (await wait_for_notifications(world, 3))[2]
    assert (notice.kind, notice.refund and notice.refund.outcome) == ("REFUND.SUCCESS", "SUCCESS")
    (known,) = (await world.control("pay/refunds"))["refunds"]
    assert (known["user_received_account"], known["holder"]) == ("工商银行储蓄卡0123", "欧阳建国")
    with pytest.raises(Rejected):
        await world.pay.redirect_refund(pool, refund.refund_id, "R1", None)


async def test_a_merchant_without_money_cannot_refund(world: World) -> None:
    transaction = await pay_order(world, "demo")
    await fault(world, "not_enough")
    with pytest.raises(NeedsOperator) as caught:
        await world.pay.refund("demo", transaction, "R1", amount=3000, total=3000, reason="")
    assert caught.value.vendor_code == "NOTENOUGH"


# -- faults of the network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("forged_answer", OutcomeUnknown),
        ("drop_answer", OutcomeUnknown),
        ("fail_500", Transient),
        ("error_after", Transient),
        ("quota_used_up", Transient),
    ],
)
async def test_an_order_that_went_wrong_is_simply_placed_again(
    world: World, pool: str, kind: str, error: type[Exception]
) -> None:
    same = order()
    await fault(world, kind, path="native")
    with pytest.raises(error):
        await world.pay.order_native(pool, same)
    await pay_by_code(world, await world.pay.order_native(pool, same))
    assert len(await wait_for_notifications(world)) == 1


@pytest.mark.parametrize("kind", ["forged_answer", "drop_answer", "error_after"])
async def test_a_refund_that_went_wrong_is_asked_for_again_and_paid_once(world: World, kind: str) -> None:
    transaction = await pay_order(world, "demo")
    await fault(world, kind, path="refunds")
    with pytest.raises((OutcomeUnknown, Transient)):
        await world.pay.refund("demo", transaction, "R1", amount=3000, total=3000, reason="")
    await world.pay.refund("demo", transaction, "R1", amount=3000, total=3000, reason="")
    refunds = (await world.control("pay/refunds"))["refunds"]
    assert isinstance(refunds, list)
    assert len(refunds) == 1


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("kind", ["wrong_signature", "sign_probe", "wrong_serial", "old_timestamp", "altered_body"])
async def test_a_notification_that_is_not_genuine_is_refused(world: World, pool: str, kind: str) -> None:
    await fault(world, kind)
    await pay_by_code(world, await world.pay.order_native(pool, order()))
    with pytest.raises(Forbidden) as caught:
        await wait_for_notifications(world)
    assert caught.value.code == ("pay_probe" if kind == "sign_probe" else "pay_forged")


@pytest.mark.parametrize("kind", ["twice", "concurrent"])
async def test_the_same_notification_twice_is_the_same(world: World, kind: str) -> None:
    await fault(world, kind)
    await pay_by_code(world, await world.pay.order_native("demo", order()))
    first, second = await wait_for_notifications(world, 2)
    assert first == second


async def test_a_notification_with_a_wrong_amount_is_genuine_and_passed_on_unchanged(world: World) -> None:
    """The caller compares it with the order."""
    await fault(world, "wrong_amount")
    await pay_by_code(world, await world.pay.order_native("demo", order()))
    (notice,) = await wait_for_notifications(world)
    assert notice.trade is not None
    assert notice.trade.amount == 3001


# -- bills --------------------------------------------------------------------------------------------------------


async def next_noon(world: World, clock: Moved) -> date:
    """Move everybody to noon of tomorrow, Beijing; the answer is the day before."""
    day = local(datetime.now(UTC)).date()
    noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + timedelta(days=1)
    seconds = (noon - datetime.now(UTC)).total_seconds()
    clock.offset = timedelta(seconds=seconds)
    await world.control("clock", {"advance_seconds": seconds})
    return day


@pytest.fixture
def clock(world: World) -> Moved:
    """Clock of our client; moves the sandbox's with it."""
    moved = Moved()
    world.pay = WechatPay(
        world.pay_settings, world.wechat_settings, world.tools.vendor("pay"), moved, public_url=world.back
    )
    return moved


@pytest.mark.parametrize("pool", POOLS)
async def test_a_days_bill_holds_its_payments_and_refunds(world: World, clock: Moved, pool: str) -> None:
    transaction = await pay_order(world, pool)
    await world.pay.refund(pool, transaction, "R1", amount=3000, total=3000, reason="")
    await wait_for_notifications(world, 2)
    today = await next_noon(world, clock)
    bill = await world.pay.trade_bill(pool, today)
    payment, refund = bill.rows
    assert (payment.transaction_id, payment.out_trade_no, payment.amount) == (transaction, NUMBER, 3000)
    assert (payment.state, payment.out_refund_no, payment.refunded) == ("SUCCESS", "", 0)
    assert (refund.state, refund.out_refund_no, refund.refunded) == ("REFUND", "R1", 3000)
    assert (bill.trades, bill.total_received, bill.total_refunded) == (2, 3000, 3000)


async def test_a_day_without_trades_is_empty_and_today_not_made_yet(world: World, clock: Moved) -> None:
    today = await next_noon(world, clock)
    assert (await world.pay.trade_bill("demo", today)).rows == ()
    with pytest.raises(Transient):
        await world.pay.trade_bill("demo", today + timedelta(days=1))


@pytest.mark.parametrize("kind", ["bill_creating", "bill_bad_hash"])
async def test_a_bill_that_is_not_right_is_fetched_later(world: World, clock: Moved, kind: str) -> None:
    await pay_order(world, "demo")
    today = await next_noon(world, clock)
    await fault(world, kind)
    with pytest.raises(Transient):
        await world.pay.trade_bill("demo", today)
    assert len((await world.pay.trade_bill("demo", today)).rows) == 1


# -- invoices -----------------------------------------------------------------------------------------------------


def invoice(transaction: str, fapiao_id: str = "F20261121000001") -> InvoiceRequest:
    return InvoiceRequest(
        transaction, fapiao_id, "某某公司", "91440101MA5XXXXX0X", "a@b.cn", 3000, "考试费", "3070201", 600
    )


async def wait_for_statuses(world: World, request: InvoiceRequest, *statuses: InvoiceStatus) -> InvoiceReport:
    """Wait until the invoice is in one of these states."""

    async def query_invoice() -> InvoiceReport | None:
        report = await world.pay.query_invoice("demo", request.apply_id, request.fapiao_id)
        return report if report is not None and report.status in statuses else None

    return await eventually(query_invoice)


async def test_an_invoice_is_issued_notified_and_fetched(world: World) -> None:
    request = invoice(await pay_order(world, "demo"))
    assert await world.pay.query_invoice("demo", request.apply_id, request.fapiao_id) is None
    await world.pay.issue_invoice("demo", request)
    await world.pay.issue_invoice("demo", request)
    notice = (await wait_for_notifications(world, 2))[1]
    assert (notice.kind, notice.invoice_apply_id) == ("FAPIAO.ISSUED", request.apply_id)
    report = await wait_for_statuses(world, request, "issued")
    assert (report.fapiao_id, bool(report.number), report.red_number) == (request.fapiao_id, True, "")
    content = await world.pay.invoice_file("demo", request.apply_id, request.fapiao_id)
    assert content.startswith(b"%PDF-")
    (known,) = (await world.control("pay/fapiao"))["applications"]
    assert known["email"] == "a@b.cn", "only WeChat could read it on its way"


async def test_after_a_failure_another_number_gets_another_invoice(world: World) -> None:
    first = invoice(await pay_order(world, "demo"))
    await fault(world, "fapiao_failed")
    await world.pay.issue_invoice("demo", first)
    await wait_for_statuses(world, first, "failed")
    second = invoice(first.apply_id, "F20261121000002")
    await world.pay.issue_invoice("demo", second)
    await wait_for_statuses(world, second, "issued")
    assert (await wait_for_statuses(world, first, "failed")).number == ""


async def issue_invoice(world: World) -> tuple[InvoiceRequest, Reversal]:
    """An issued invoice, as its application and a request for reversal."""
    request = invoice(await pay_order(world, "demo"))
    await world.pay.issue_invoice("demo", request)
    report = await wait_for_statuses(world, request, "issued")
    return request, Reversal(request.apply_id, request.fapiao_id, report.code, report.number, "service_ended")


async def test_an_issued_invoice_is_reversed_and_notified(world: World) -> None:
    request, reversal = await issue_invoice(world)
    await world.pay.reverse_invoice("demo", reversal)
    notice = (await wait_for_notifications(world, 3))[2]
    assert (notice.kind, notice.invoice_apply_id) == ("FAPIAO.REVERSED", request.apply_id)
    report = await wait_for_statuses(world, request, "reversed")
    assert (report.number, bool(report.red_number)) == (reversal.number, True)
    with pytest.raises(Rejected):
        await world.pay.invoice_file("demo", request.apply_id, request.fapiao_id)


@pytest.mark.parametrize(
    ("kind", "error"),
    [("forged_answer", OutcomeUnknown), ("drop_answer", OutcomeUnknown), ("error_after", Transient)],
)
async def test_a_reversal_that_went_wrong_shows_when_it_is_looked_at(
    world: World, kind: str, error: type[Exception]
) -> None:
    request, reversal = await issue_invoice(world)
    await fault(world, kind, path="reverse")
    with pytest.raises(error):
        await world.pay.reverse_invoice("demo", reversal)
    assert (await wait_for_statuses(world, request, "reversed")).red_number


async def test_a_reversal_may_fail(world: World) -> None:
    request, reversal = await issue_invoice(world)
    await fault(world, "reverse_failed")
    await world.pay.reverse_invoice("demo", reversal)
    assert (await wait_for_statuses(world, request, "reverse_failed")).red_number == ""
    with pytest.raises(Transient):
        await world.pay.reverse_invoice("demo", reversal)


async def test_a_merchant_without_permission_issues_none(world: World) -> None:
    with pytest.raises(NeedsOperator) as caught:
        await world.pay.issue_invoice("xinjiang", invoice("4200"))
    assert caught.value.vendor_code == "NOAUTH"
