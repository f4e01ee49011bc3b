"""Questions about refunds and invoices, answered by where the person's own fee and its invoice stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.accounts import Account
from models.payments import Fee, Invoice
from services.core.base import Actor
from tests.factories.payments import make_application, make_fee, platform_of
from tests.handlers.conftest import NOON, Phone, World

REFUND, INVOICE = "怎么退费", "怎么开发票"


async def make_payer(world: World, *, email: str = "wang@example.com", **columns: Any) -> tuple[Phone, Fee]:
    application = await make_application(world.services.deps, email=email)
    fee = await make_fee(world.services.deps, application, **columns)
    return await world.phone_with(await Account.get(id=fee.account_id)), fee


async def pay(world: World, fee: Fee) -> None:
    """Pay, count the payment, and begin its invoice."""
    payments = world.services.payments
    ordered = await payments.orders.order(Actor("demo", "applicant", fee.account_id), fee.id, "native")
    await payments.order_checks.settlement.apply_trade("demo", platform_of(payments).pay(ordered.out_trade_no))
    await payments.webhooks.process_due()


# ---- refunds


async def test_a_paid_fee_is_refunded_by_the_office(world: World) -> None:
    phone, fee = await make_payer(world)
    await pay(world, fee)
    screen = await phone.says(REFUND)
    rules = world.services.deps.book("demo").fee
    assert rules is not None
    assert "公众号里不能自助申请：请拨打400-000-0000" in screen
    assert f"说明专家编号{fee.expert_number}" in screen
    assert rules.refund_text in screen
    assert "原路退回" in screen
    assert (await Fee.get(id=fee.id)).state == "paid"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"state": "refunded", "paid_at": NOON}, "已全额退费，款项退回原支付账户"),
        ({"state": "void"}, "已取消，不用缴；已经付的会自动原路退回"),
        ({}, "您还没有缴“培训费”，不缴就不用退"),
        ({"opens_at": NOON + timedelta(days=1)}, "您还没有缴“培训费”"),
        ({"closes_at": NOON - timedelta(days=1)}, "您还没有缴“培训费”"),
    ],
)
async def test_another_fee_says_that_there_is_nothing_to_refund(
    world: World, columns: dict[str, Any], expected: str
) -> None:
    phone, _ = await make_payer(world, **columns)
    assert expected in await phone.says(REFUND)


async def test_who_asks_before_paying_reads_when_fees_are_refunded(world: World) -> None:
    phone, fee = await make_payer(world)
    assert "缴费前请看退费说明：缴费后需要退费的" in await phone.says(REFUND)
    assert fee.expert_number not in phone.screen


async def test_who_has_no_fee_may_have_paid_twice(phone: Phone) -> None:
    screen = await phone.says(REFUND)
    assert "您名下没有缴过的费用" in screen
    assert "重复付的一笔会自动原路退回，不用申请；一直没有到账的请拨打400-000-0000" in screen


# ---- invoices


async def test_an_agency_is_charged_nothing_here(world: World) -> None:
    phone = await world.phone_with(await Account.get(id=world.office.agency.account_id))
    assert "不向代理机构收费" in await phone.says(INVOICE)


async def test_an_unpaid_fee_is_invoiced_after_payment(world: World, phone: Phone) -> None:
    payer, _ = await make_payer(world)
    screen = await payer.says(INVOICE)
    assert "缴费成功后自动开具电子发票" in screen
    assert "请在缴费后10分钟内到缴费页填写抬头、税号" in screen
    assert "¥350.00" in await payer.taps("缴费")
    assert "您名下没有缴费，所以没有发票" in await phone.says(INVOICE)
    void, _ = await make_payer(world, state="void")
    assert "没有发票" in await void.says(INVOICE)


async def test_the_invoice_of_a_paid_fee_in_each_state(world: World) -> None:
    phone, fee = await make_payer(world)
    await pay(world, fee)
    expected = {
        "wanted": "自动开具，在此之前抬头、税号、邮箱可以改",
        "applied": "发票正在开具，开好会发到w***@example.com",
        "failed": "现在可以改",
        "issued": "发票已开具，可以在下面的页面下载",
        "sent": "发票已发到w***@example.com",
        "reversing": "不能使用",
        "stuck": "不能使用",
        "reversed": "不能使用",
    }
    for state, text in expected.items():
        await Invoice.filter(fee_id=fee.id).update(state=state, fapiao_id="")
        screen = await phone.says(INVOICE)
        assert text in screen, state
        assert f"/h5/demo/pay?fee={fee.id}" in screen
        assert f"/h5/demo/pay-receipt/{fee.id}" in screen
        assert "要专票或纸质发票" in screen


async def test_without_an_address_it_asks_for_one(world: World) -> None:
    phone, fee = await make_payer(world, email="")
    await pay(world, fee)
    assert "还没有登记邮箱" in await phone.says(INVOICE)


async def test_after_a_refund_there_is_no_invoice(world: World) -> None:
    phone, _ = await make_payer(world, state="refunded", paid_at=NOON)
    assert "已退费，不再开票" in await phone.says(INVOICE)
