"""WeChat Pay's notifications: repeats on the clock, and fault switches."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.pay.notify import DUE
from tests.drivers.waiting import eventually
from tests.sandbox.conftest import Service, open_box
from tests.sandbox.merchant import Shop, pay_settings

FORGED = ("sign_probe", "wrong_signature", "wrong_serial", "old_timestamp", "altered_body")


@pytest.fixture
async def shop(service: Service) -> AsyncIterator[Shop]:
    wire = {"notify_timeout": 0.3, "notify_gap": 0.02}
    box = await open_box(service, pay=pay_settings(), wire=wire)
    shop = Shop(box)
    await shop.start()
    yield shop
    await shop.stop()
    await box.client.close()


async def wait_for_tries(shop: Shop, times: int) -> None:
    await eventually(lambda: len(shop.notices) == times)


async def notes(shop: Shop) -> list[str]:
    """The ledger's entries of notifications."""
    entries = (await (await shop.box.client.get("/control/ledger?vendor=pay")).json())["entries"]
    return [entry["note"] for entry in entries if entry["direction"] == "out"]


def test_the_list_of_repeats_is_wechats() -> None:
    assert DUE[:6] == (0, 15, 30, 60, 240, 840)
    assert len(DUE) == 16
    assert DUE[-1] == 24 * 3600 + 4 * 60


async def test_a_refused_notification_comes_again_by_the_list(shop: Shop) -> None:
    shop.status = 500
    await shop.pay_new_order()
    for tries, seconds in ((2, 15), (3, 15), (4, 30), (5, 180)):
        await shop.box.advance(seconds - 5)
        assert len(shop.notices) == tries - 1
        await shop.box.advance(6)
        await wait_for_tries(shop, tries)
    first, *again = shop.notices
    for notice in again:
        assert notice.body == first.body
        assert notice.headers["Wechatpay-Signature"] != first.headers["Wechatpay-Signature"]
    assert shop.is_genuine(again[-1].headers, again[-1].body)


async def test_repeats_stop_when_the_merchant_answers_well(shop: Shop) -> None:
    shop.status = 503
    await shop.pay_new_order()
    shop.status = 200
    await shop.box.advance(20)
    await eventually(lambda: len(shop.notices) == 2)
    await shop.box.advance(100_000)
    await shop.native("T20261121000002")
    assert len(shop.notices) == 2
    assert await notes(shop) == ["try 1; repeated later", "try 2; taken"]


async def test_a_clock_moved_over_a_day_brings_all_repeats_and_then_none(shop: Shop) -> None:
    shop.status = 500
    await shop.pay_new_order()
    await shop.box.advance(25 * 3600)
    await eventually(lambda: len(shop.notices) == len(DUE))
    assert (await notes(shop))[-1] == "try 16; given up"
    await shop.box.advance(25 * 3600)
    assert len(shop.notices) == len(DUE)


async def test_an_answer_later_than_the_time_out_does_not_count(shop: Shop) -> None:
    async def sleepy() -> None:
        await eventually(lambda: released)

    released = False
    shop.before_answer = sleepy
    done = await shop.scan_and_pay(await shop.native())
    released = True
    assert done["notified"] is False
    shop.before_answer = None
    await shop.box.advance(16)
    await eventually(lambda: len(shop.notices) == 2)


async def test_a_redirect_is_not_followed(shop: Shop) -> None:
    shop.status = 302
    await shop.pay_new_order()
    assert len(shop.notices) == 1


async def test_without_an_apiv3_key_nothing_is_notified(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(notify=False))
    shop = Shop(box)
    await shop.start()
    assert (await shop.pay_new_order())["trade_state"] == "SUCCESS"
    assert shop.notices == []
    await shop.stop()
    await box.client.close()


@pytest.mark.parametrize("kind", FORGED)
async def test_a_forged_notification_does_not_verify_and_the_true_one_follows(shop: Shop, kind: str) -> None:
    await shop.fault(kind, count=1)
    shop.status = 401
    await shop.pay_new_order()
    [forged] = shop.notices
    assert not shop.is_genuine(forged.headers, forged.body)
    assert forged.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") == (kind == "sign_probe")
    shop.status = 204
    await shop.box.advance(16)
    await eventually(lambda: len(shop.notices) == 2)
    assert shop.is_genuine(shop.notices[1].headers, shop.notices[1].body)


async def test_an_old_notification_is_rightly_signed_but_old(shop: Shop) -> None:
    await shop.fault("old_timestamp", count=1)
    await shop.pay_new_order()
    await shop.box.advance(-900)
    assert shop.is_genuine(shop.notices[0].headers, shop.notices[0].body)


async def test_a_wrong_amount_verifies_but_is_not_the_orders(shop: Shop) -> None:
    await shop.fault("wrong_amount", count=1)
    order = await shop.pay_new_order()
    [notice] = shop.notices
    assert shop.is_genuine(notice.headers, notice.body)
    assert notice.resource["amount"]["total"] == order["amount"]["total"] + 1


async def test_a_lost_notification_never_comes(shop: Shop) -> None:
    await shop.fault("lost", count=1)
    assert (await shop.pay_new_order())["trade_state"] == "SUCCESS"
    await shop.box.advance(25 * 3600)
    await shop.native("T20261121000002")
    assert shop.notices == []


@pytest.mark.parametrize("kind", ["twice", "concurrent"])
async def test_a_notification_may_come_twice_with_the_same_id(shop: Shop, kind: str) -> None:
    await shop.fault(kind, count=1)
    await shop.pay_new_order()
    first, second = shop.notices
    assert first.envelope["id"] == second.envelope["id"]
    assert first.headers["Wechatpay-Nonce"] != second.headers["Wechatpay-Nonce"]


async def test_concurrent_copies_are_under_way_together(shop: Shop) -> None:
    async def both() -> None:
        await eventually(lambda: len(shop.notices) == 2)

    shop.before_answer = both
    await shop.fault("concurrent", count=1)
    assert (await shop.scan_and_pay(await shop.native()))["notified"] is True


async def test_a_fault_may_strike_one_kind_of_event_only(shop: Shop) -> None:
    await shop.fault("lost", path="REFUND")
    await shop.pay_new_order()
    await shop.refund()
    await shop.box.control("pay/refunds/end", out_refund_no="R20261121000001")
    assert shop.kinds() == ["TRANSACTION.SUCCESS"]
    await shop.box.control("faults", expect=400, vendor="sms", kind="lost", path="REFUND")


async def test_echo_notifies_when_asked(shop: Shop) -> None:
    await shop.call("POST", "/v3/security/echo", {"echo_message": "你好", "notify_url": shop.url})
    await eventually(lambda: shop.kinds() == ["SECURITY_ECHO.SUCCESS"])
    assert shop.notices[0].resource == {"echo_message": "你好"}


async def test_the_public_address_of_the_service_is_reached_directly(service: Service) -> None:
    box = await open_box(service, pay=pay_settings(), service_public_url="https://public.example")
    shop = Shop(box)
    await shop.start()
    done = await shop.scan_and_pay(await shop.native(notify_url="https://public.example/receipts"))
    assert done["notified"] is True
    assert service.reports[0]["event_type"] == "TRANSACTION.SUCCESS"  # type: ignore[call-overload]  # any JSON
    await shop.stop()
    await box.client.close()
