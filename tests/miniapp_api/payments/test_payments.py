"""Fees through the API: paid in the mini-program or by code, for oneself and for others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.accounts import WechatIdentity
from models.payments import Fee, PayOrder
from tests.factories.payments import FakePlatform, make_application, make_fee, platform_of
from tests.factories.people import make_account
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
def platform(world: World) -> FakePlatform:
    return platform_of(world.services.payments)


@pytest.fixture
async def fee(world: World) -> Fee:
    """A fee of a person with a later stage, which these tests leave out."""
    return await make_fee(world.deps, await make_application(world.deps, state="exam"))


@pytest.fixture
async def owner(world: World, fee: Fee) -> Person:
    return await world.log_in_account(fee.account_id, "")


async def follow(world: World) -> None:
    while await world.services.payments.webhooks.process_due():
        continue


async def pay(world: World, person: Person, fee: Fee, platform: FakePlatform) -> None:
    await person.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"})
    await world.services.payments.order_checks.settlement.apply_trade("demo", platform.pay(list(platform.orders)[-1]))
    await follow(world)


async def test_in_the_mini_program_the_cashier_gets_its_parameters(
    world: World, owner: Person, fee: Fee, platform: FakePlatform
) -> None:
    shown = (await owner.get("/payments/fees"))["items"]
    assert [(fee_shown["phase"], fee_shown["amount_yuan"], fee_shown["name"]) for fee_shown in shown] == [
        ("open", "350.00", "王**")
    ]
    ordered = await owner.post(f"/payments/fees/{fee.id}/orders", {"trade": "mini"})
    assert set(ordered["parameters"]) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert ordered["code_url"] == ""
    order = await PayOrder.get(id=ordered["order_id"])
    assert await WechatIdentity.exists(app="mini", openid=order.openid, account_id=fee.account_id)


async def test_the_result_appears_without_a_notification(
    world: World, owner: Person, fee: Fee, platform: FakePlatform
) -> None:
    await owner.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"})
    platform.pay(next(iter(platform.orders)))
    world.clock.move(timedelta(seconds=3))
    assert (await owner.get(f"/payments/fees/{fee.id}"))["phase"] == "paid"
    refused = await owner.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"}, 409)
    assert refused["code"] == "fee_settled"


async def test_a_friend_pays_by_number(world: World, fee: Fee, platform: FakePlatform) -> None:
    friend = await world.log_in_account((await make_account(world.deps)).id, "")
    fee_found = await friend.post("/payments/lookups", {"number": fee.expert_number})
    assert (fee_found["own"], fee_found["invoice"]) == (False, None)
    await pay(world, friend, fee, platform)
    assert (await friend.get("/payments/fees"))["items"] == []
    assert (await friend.post("/payments/lookups", {"number": "ZJ9999999"}, 404))["code"] == "number_unknown"
