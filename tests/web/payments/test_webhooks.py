"""The address to which the payment platform sends its notifications."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from domain.clock import FixedClock
from domain.errors import Transient
from models.payments import Fee, PayEvent, Refund
from services.core.base import Deps
from services.payments.settlement import Settlement
from tests.factories.payments import GOOD, PaymentKit, make_fee, make_payment_kit, notification, owner_of
from tests.services.conftest import NoticeBook, book, clock, db, deps
from web.payments import webhooks
from web.payments.webhooks import PaymentWebhookEndpoint

__all__ = ["book", "clock", "db", "deps"]
PATH = "/callbacks/pay/demo"


@pytest.fixture
def kit(db: str, deps: Deps, clock: FixedClock, book: NoticeBook) -> PaymentKit:
    return make_payment_kit(deps, clock, book)


@pytest.fixture
async def client(
    kit: PaymentKit, aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]]
) -> TestClient[Any, Any]:
    app = web.Application()
    app.add_routes(PaymentWebhookEndpoint(kit.webhooks).routes())
    return await aiohttp_client(app)


async def paid_notification(kit: PaymentKit) -> tuple[Fee, bytes]:
    fee = await make_fee(kit.deps)
    ordered = await kit.orders.order(owner_of(fee), fee.id, "native")
    return fee, notification(trade=kit.platform.pay(ordered.out_trade_no))


async def test_a_payment_is_counted_before_it_is_answered(kit: PaymentKit, client: TestClient[Any, Any]) -> None:
    fee, body = await paid_notification(kit)
    answer = await client.post(PATH, data=body, headers=GOOD)
    assert answer.status == 204
    assert (await Fee.get(id=fee.id)).state == "paid"


async def test_the_same_one_again_is_answered_well_and_counts_once(
    kit: PaymentKit, client: TestClient[Any, Any]
) -> None:
    fee, body = await paid_notification(kit)
    answers = await asyncio.gather(*(client.post(PATH, data=body, headers=GOOD) for _ in range(5)))
    assert {answer.status for answer in answers} == {204}
    for event in await PayEvent.all():
        await kit.webhooks.process_event(event.id)
    assert sorted(await PayEvent.all().values_list("outcome", flat=True)).count("paid") == 1
    assert ((await Fee.get(id=fee.id)).state, await Refund.all().count()) == ("paid", 0)


async def test_a_forged_one_is_refused_and_not_stored(kit: PaymentKit, client: TestClient[Any, Any]) -> None:
    fee, body = await paid_notification(kit)
    answer = await client.post(PATH, data=body, headers={"signature": "WECHATPAY/SIGNTEST/x"})
    assert (answer.status, (await answer.json())["code"]) == (401, "FAIL")
    assert await PayEvent.all().count() == 0
    assert (await Fee.get(id=fee.id)).state == "due"


async def test_one_that_is_too_large_is_refused_unread(client: TestClient[Any, Any]) -> None:
    answer = await client.post(PATH, data=b"x" * (webhooks.LIMIT + 1), headers=GOOD)
    assert answer.status == 413


async def test_what_can_not_be_verified_now_is_asked_for_again(
    kit: PaymentKit, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Transient("certificates")

    monkeypatch.setattr(kit.platform, "read_notification", away)
    answer = await client.post(PATH, data=b"{}", headers=GOOD)
    assert answer.status == 503


async def test_a_slow_database_is_answered_in_time_with_a_refusal(
    kit: PaymentKit, client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(webhooks, "TIMEOUT", 0.05)
    monkeypatch.setattr(Settlement, "apply_trade", slow)
    _, body = await paid_notification(kit)
    answer = await client.post(PATH, data=body, headers=GOOD)
    assert answer.status == 503
