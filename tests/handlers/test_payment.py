"""Paying by chat: the link first, then an image; and the reply without a fee to pay."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.errors import Transient
from models.accounts import Account
from models.payments import Fee
from services.core.base import Actor, rows
from tests.factories.payments import FakeChat, FakePlatform, chat_of, make_application, make_fee, platform_of
from tests.handlers.conftest import NOON, Phone, World


async def make_fee_to_pay(world: World, **columns: Any) -> tuple[Phone, Fee]:
    application = await make_application(world.services.deps)
    fee = await make_fee(world.services.deps, application, **columns)
    return await world.phone_with(await Account.get(id=fee.account_id)), fee


async def run_jobs(world: World) -> list[bool]:
    """Send the images that were asked for."""
    jobs = await rows("SELECT args FROM procrastinate_jobs WHERE task_name = 'payments.qr_image'")
    sent = []
    for row in jobs:
        args, images = json.loads(row["args"]), world.services.payments.qr_images
        sent.append(await images.send(args["pool"], UUID(args["account_id"]), args["openid"], UUID(args["fee_id"])))
    return sent


@pytest.fixture
def chat(world: World) -> FakeChat:
    return chat_of(world.services.payments)


@pytest.fixture
def platform(world: World) -> FakePlatform:
    return platform_of(world.services.payments)


@pytest.mark.parametrize("word", ["缴费", "支付", "交费"])
async def test_what_is_owed_comes_with_a_link_and_then_an_image(world: World, chat: FakeChat, word: str) -> None:
    phone, fee = await make_fee_to_pay(world)
    screen = await phone.says(word)
    assert "培训费　¥350.00" in screen
    assert fee.expert_number in screen
    assert screen.index("/h5/demo/pay") < screen.index("另一部手机")
    assert chat.images == [], "the text comes first"
    assert await run_jobs(world) == [True]
    assert [openid for openid, _ in chat.images] == [phone.openid]


async def test_the_menu_does_the_same(world: World) -> None:
    phone, _ = await make_fee_to_pay(world)
    assert "¥350.00" in await phone.clicks("PAY")


async def test_without_a_window_or_a_platform_only_the_text_comes(
    world: World, chat: FakeChat, platform: FakePlatform
) -> None:
    phone, _ = await make_fee_to_pay(world)
    await phone.says("缴费")
    platform.before["order_native"] = [Transient("away")]
    assert await run_jobs(world) == [False]
    chat.open = False
    world.clock.move(timedelta(seconds=20))
    assert await run_jobs(world) == [False]
    assert chat.images == []


async def test_before_it_opens_it_says_when(world: World) -> None:
    phone, _ = await make_fee_to_pay(world, opens_at=NOON + timedelta(days=2))
    assert "11月23日(周一) 12:00起可以缴费" in await phone.says("缴费")
    assert await run_jobs(world) == []


async def test_after_it_closed_it_says_whom_to_ask(world: World) -> None:
    phone, _ = await make_fee_to_pay(world, closes_at=NOON - timedelta(minutes=1))
    screen = await phone.says("缴费")
    assert "11月21日 11:59截止" in screen
    assert "拨打" in screen


async def test_what_is_paid_says_when_and_how_the_invoice_stands(world: World, platform: FakePlatform) -> None:
    phone, fee = await make_fee_to_pay(world)
    pay = world.services.payments
    ordered = await pay.orders.order(Actor("demo", "applicant", fee.account_id), fee.id, "native")
    await pay.order_checks.settlement.apply_trade("demo", platform.pay(ordered.out_trade_no))
    await pay.webhooks.process_due()
    screen = await phone.says("缴费")
    assert "已于11月21日(周六) 12:00缴费成功" in screen
    assert "电子发票今天11月21日(周六) 12:10自动开具，发送到w***@example.com；要开单位抬头的，请在此之前" in screen
    world.clock.move(timedelta(minutes=10))
    assert "电子发票开具后会发送到w***@example.com" in await phone.says("缴费")


@pytest.mark.parametrize(("state", "expected"), [("refunded", "已全额退费"), ("void", "无需缴纳")])
async def test_a_fee_that_is_over_says_so(world: World, state: str, expected: str) -> None:
    paid_at = NOON if state == "refunded" else None
    phone, _ = await make_fee_to_pay(world, state=state, paid_at=paid_at)
    assert expected in await phone.says("缴费")


async def test_a_person_without_fees_sees_so_and_may_pay_for_others(world: World, phone: Phone) -> None:
    screen = await phone.says("缴费")
    assert "您目前没有待缴的费用" in screen
    assert "为他人缴费" in screen


async def test_a_stranger_binds_first(world: World, stranger: Phone) -> None:
    assert "绑定身份" in await stranger.says("缴费")
