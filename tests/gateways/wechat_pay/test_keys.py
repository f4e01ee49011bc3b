"""Notifications and platform certificates: only data that is provably WeChat's is accepted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.clock import FixedClock
from domain.errors import Forbidden, GatewayError, InvalidInput, NeedsOperator, OutcomeUnknown, Transient
from gateways.wechat_pay.platform import WechatPay
from services.ports import OrderRequest, PayNotification, RefundReport
from tests.gateways.pay_platform import (
    APIV3,
    NEW,
    NEW_CERT_KEY,
    NOW,
    OLD,
    OLD_CERT_KEY,
    PUBLIC,
    STRANGER,
    Headers,
    Identity,
    Platform,
    Seconds,
    certificate,
    client,
    refund,
    seal,
    trade,
)
from tests.gateways.support import Tools

NATIVE, CERTIFICATES = "/v3/pay/transactions/native", "/v3/certificates"
ORDER = OrderRequest("T20261121000001", "考试费", 3000, NOW + timedelta(minutes=30))
PAID = "TRANSACTION.SUCCESS"


@pytest.fixture
def pay(tools: Tools, platform: Platform) -> WechatPay:
    return client(tools, platform)


async def read_refusal(reading: Awaitable[PayNotification]) -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        await reading
    return caught.value


# -- notifications ------------------------------------------------------------------------------------------------


async def test_a_payment_is_read(pay: WechatPay, platform: Platform) -> None:
    headers, body = platform.notification(PAID, trade())
    read = await pay.read_notification("demo", headers, body)
    assert (read.event_id, read.kind, read.refund, read.invoice_apply_id) == ("EV-1", PAID, None, "")
    assert read.trade is not None
    assert (read.trade.out_trade_no, read.trade.amount, read.trade.state) == ("T20261121000001", 3000, "SUCCESS")
    assert json.loads(read.plain) == trade()
    assert platform.requests == [], "nothing is asked for in public-key mode"


async def test_headers_count_in_any_spelling(pay: WechatPay, platform: Platform) -> None:
    headers, body = platform.notification(PAID, trade(), extra="")
    lower = {name.lower(): value for name, value in headers.items()}
    assert (await pay.read_notification("demo", lower, body)).trade


@pytest.mark.parametrize("outcome", ["SUCCESS", "ABNORMAL", "CLOSED"])
async def test_a_refund_is_read(pay: WechatPay, platform: Platform, outcome: str) -> None:
    """Its state is called refund_status here, and its amount has no currency."""
    told = refund(refund_status=outcome, success_time="2026-11-21T12:00:00+08:00", mchid="1900007291")
    del told["status"], told["amount"]["currency"]
    headers, body = platform.notification(f"REFUND.{outcome}", told, extra="refund")
    read = await pay.read_notification("demo", headers, body)
    assert (read.trade, read.invoice_apply_id) == (None, "")
    assert read.refund == RefundReport(
        "R20261121000001",
        "50300000000000000000000000001",
        outcome,  # type: ignore[arg-type]  # one of the port's words
        3000,
        NOW,
    )


@pytest.mark.parametrize("kind", ["ISSUED", "REVERSED"])
async def test_news_of_an_invoice_tell_of_which_application(pay: WechatPay, platform: Platform, kind: str) -> None:
    """They hold no number, so the platform is queried in any case."""
    told = {"fapiao_apply_id": "A1", "fapiao_information": [{"fapiao_id": "F1", "fapiao_status": kind}]}
    headers, body = platform.notification(f"FAPIAO.{kind}", told)
    assert (await pay.read_notification("demo", headers, body)).invoice_apply_id == "A1"


async def test_a_kind_that_we_do_not_know_is_handed_on_unread(pay: WechatPay, platform: Platform) -> None:
    headers, body = platform.notification("SECURITY_ECHO.SUCCESS", {"echo_message": "hello"})
    read = await pay.read_notification("demo", headers, body)
    assert (read.kind, read.trade, read.refund, read.invoice_apply_id) == ("SECURITY_ECHO.SUCCESS", None, None, "")
    assert json.loads(read.plain) == {"echo_message": "hello"}


@pytest.mark.parametrize("name", ["Serial", "Timestamp", "Nonce", "Signature"])
async def test_a_missing_header_is_refused(pay: WechatPay, platform: Platform, name: str) -> None:
    headers, body = platform.notification(PAID, trade())
    del headers[f"Wechatpay-{name}"]
    assert (await read_refusal(pay.read_notification("demo", headers, body))).code == "pay_forged"


@pytest.mark.parametrize(
    "lie",
    [
        {"success_time": "9999-12-31T23:59:59-12:00"},
        {"transaction_id": "4" * 33},
        {"out_trade_no": "x" * 33},
        {"amount": {"total": 10**30, "currency": "CNY"}},
        {"out_trade_no": "T1\0"},
    ],
    ids=str,
)
async def test_a_genuine_notification_with_impossible_values_goes_no_further(
    pay: WechatPay, platform: Platform, lie: dict[str, object]
) -> None:
    headers, body = platform.notification(PAID, trade(**lie))
    with pytest.raises(InvalidInput) as caught:
        await pay.read_notification("demo", headers, body)
    assert caught.value.code == "pay_bad_notification"


@pytest.mark.parametrize("away", [timedelta(minutes=-5, seconds=-1), timedelta(minutes=5, seconds=1)], ids=str)
async def test_a_notification_from_another_time_is_refused(pay: WechatPay, platform: Platform, away: timedelta) -> None:
    """Validly signed, and replayed by an eavesdropper."""
    _, body = platform.notification(PAID, trade())
    await read_refusal(pay.read_notification("demo", platform.headers(body, at=NOW + away), body))


async def test_time_is_that_of_our_clock(tools: Tools, platform: Platform) -> None:
    clock = FixedClock(NOW + timedelta(days=5))
    pay = client(tools, platform, clock=clock)
    _, body = platform.notification(PAID, trade())
    await read_refusal(pay.read_notification("demo", platform.headers(body), body))
    assert await pay.read_notification("demo", platform.headers(body, at=clock.now()), body)


@pytest.mark.parametrize(
    "timestamp", ["", "now", "-1795233600", "1795233600.5", "１７９５２３３６００", "9" * 30], ids=str
)
async def test_a_timestamp_that_is_none_is_refused(pay: WechatPay, platform: Platform, timestamp: str) -> None:
    headers, body = platform.notification(PAID, trade())
    await read_refusal(pay.read_notification("demo", headers | {"Wechatpay-Timestamp": timestamp}, body))


async def test_one_changed_byte_is_refused(pay: WechatPay, platform: Platform) -> None:
    headers, body = platform.notification(PAID, trade())
    for changed in (body + b" ", body.replace(b"EV-1", b"EV-2"), body[:-1], b"", json.dumps(json.loads(body)).encode()):
        await read_refusal(pay.read_notification("demo", headers, changed))


async def test_a_strangers_signature_is_refused(pay: WechatPay, platform: Platform) -> None:
    platform.signer = Identity(PUBLIC.serial, STRANGER)
    await read_refusal(pay.read_notification("demo", *platform.notification(PAID, trade())))


async def test_a_probe_is_refused_without_alarm(pay: WechatPay, platform: Platform) -> None:
    headers, body = platform.notification(PAID, trade())
    probe = headers | {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]}
    with capture_logs() as logs:
        assert (await read_refusal(pay.read_notification("demo", probe, body))).code == "pay_probe"
    assert [entry["log_level"] for entry in logs] == ["info"]


async def test_a_pool_without_merchant_reads_nothing(pay: WechatPay, platform: Platform) -> None:
    error = await read_refusal(pay.read_notification("poor", *platform.notification(PAID, trade())))
    assert error.code == "pay_no_merchant"


def signed_notification(platform: Platform, body: bytes) -> tuple[Headers, bytes]:
    return platform.headers(body), body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":"x"}',
        json.dumps({"id": "EV-1", "event_type": PAID, "resource": seal(b"{}", key=APIV3[::-1])}).encode(),
        json.dumps({"id": "EV-1", "event_type": PAID, "resource": seal(b"[1]")}).encode(),
        json.dumps({"id": "EV-1", "event_type": PAID, "resource": seal(b"\xff")}).encode(),
        json.dumps({"id": "", "event_type": PAID, "resource": seal(b"{}")}).encode(),
        json.dumps({"id": "EV-1", "resource": seal(b"{}")}).encode(),
        json.dumps({"id": "EV-1", "event_type": PAID, "resource": seal(b'{"trade_state":"SUCCESS"}')}).encode(),
        json.dumps({"id": "EV-1", "event_type": "REFUND.SUCCESS", "resource": seal(b"{}")}).encode(),
        json.dumps({"id": "EV-1", "event_type": "FAPIAO.ISSUED", "resource": seal(b"{}")}).encode(),
    ],
)
async def test_what_is_genuine_and_makes_no_sense_is_invalid(pay: WechatPay, platform: Platform, body: bytes) -> None:
    with capture_logs() as logs, pytest.raises(InvalidInput):
        await pay.read_notification("demo", *signed_notification(platform, body))
    assert [entry["event"] for entry in logs] == ["pay_notification_unreadable"]


# -- platform certificates ----------------------------------------------------------------------------------------


class World:
    """A client in certificate mode, and WeChat's old certificate signing."""

    def __init__(self, tools: Tools, platform: Platform) -> None:
        self.platform, self.clock, self.seconds = platform, FixedClock(NOW), Seconds()
        platform.signer = OLD
        platform.answers[NATIVE] = (200, {"code_url": "weixin://x"})
        self.pay = client(tools, platform, certificates=True, clock=self.clock, monotonic=self.seconds)

    async def order(self) -> str:
        return await self.pay.order_native("demo", ORDER)

    async def notified(self, signer: Identity) -> PayNotification:
        _, body = self.platform.notification(PAID, trade())
        headers = self.platform.headers(body, at=self.clock.now(), signer=signer)
        return await self.pay.read_notification("demo", headers, body)

    @property
    def looks(self) -> int:
        return len(self.platform.calls(CERTIFICATES))


@pytest.fixture
def world(tools: Tools, platform: Platform) -> World:
    return World(tools, platform)


async def test_certificates_are_fetched_once_and_before_the_first_act(world: World) -> None:
    await world.order()
    await world.order()
    assert [request.target for request in world.platform.requests] == [CERTIFICATES, NATIVE, NATIVE]
    assert "Wechatpay-Serial" not in world.platform.requests[-1].headers


async def test_both_certificates_count_around_a_change(world: World) -> None:
    for signer in (OLD, NEW, OLD):
        assert (await world.notified(signer)).trade
    assert world.looks == 1


async def test_many_at_once_fetch_once(world: World) -> None:
    await asyncio.gather(*(world.notified(OLD) for _ in range(20)))
    assert world.looks == 1


async def test_an_unknown_serial_is_looked_for_once_a_minute(world: World) -> None:
    stranger = Identity("77" * 20, STRANGER)
    await world.order()
    world.seconds.now = 61
    for _ in range(5):
        await read_refusal(world.notified(stranger))
    assert world.looks == 2
    world.seconds.now = 122
    await read_refusal(world.notified(stranger))
    assert world.looks == 3


async def test_a_new_certificate_is_found_by_its_serial(world: World) -> None:
    new = world.platform.certificates.pop(NEW.serial)
    await world.order()
    world.platform.certificates[NEW.serial] = new
    world.seconds.now = 61
    assert (await world.notified(NEW)).trade
    assert world.looks == 2


async def test_certificates_are_fetched_again_within_twelve_hours(world: World) -> None:
    await world.order()
    world.seconds.now = 12 * 3600
    await world.order()
    assert world.looks == 2


async def test_those_held_go_on_while_new_ones_cannot_be_had(world: World) -> None:
    await world.order()
    world.platform.answers[CERTIFICATES] = (500, {"code": "SYSTEM_ERROR", "message": ""})
    world.seconds.now = 12 * 3600
    for _ in range(3):
        assert await world.order()
    assert world.looks == 2, "WeChat is left alone for some seconds after a failure"
    world.seconds.now += 6
    assert await world.order()
    assert world.looks == 3


async def test_without_any_certificate_nothing_is_sent(world: World) -> None:
    """An act whose answer couldn't be verified is better not begun."""
    world.platform.answers[CERTIFICATES] = (500, {"code": "SYSTEM_ERROR", "message": ""})
    for act in (world.order(), world.order()):
        with pytest.raises(Transient):
            await act
    with pytest.raises(Transient):
        await world.notified(OLD)
    assert (world.looks, world.platform.calls(NATIVE)) == (1, [])
    del world.platform.answers[CERTIFICATES]
    world.seconds.now = 6
    assert await world.order()


async def test_an_expired_certificate_counts_no_more(world: World) -> None:
    world.platform.certificates[OLD.serial] = certificate(OLD_CERT_KEY, int(OLD.serial, 16), days=2)
    assert (await world.notified(OLD)).trade
    world.clock.move(timedelta(days=1, seconds=1))
    await read_refusal(world.notified(OLD))
    assert (await world.notified(NEW)).trade


async def test_a_certificate_before_its_time_does_not_count_yet(world: World) -> None:
    later = certificate(NEW_CERT_KEY, int(NEW.serial, 16), begins=NOW + timedelta(hours=1))
    world.platform.certificates[NEW.serial] = later
    await read_refusal(world.notified(NEW))
    world.clock.move(timedelta(hours=2))
    assert (await world.notified(NEW)).trade


async def test_certificates_must_be_signed_by_one_of_them(world: World) -> None:
    world.platform.signer = Identity(OLD.serial, STRANGER)
    with pytest.raises(Transient, match="wrong signature"):
        await world.order()
    world.seconds.now, world.platform.signer = 6, Identity("77" * 20, STRANGER)
    with pytest.raises(Transient, match="none of them signed"):
        await world.order()


async def test_certificates_without_a_signature_are_not_taken(world: World) -> None:
    world.platform.answers[CERTIFICATES] = (200, b'{"data":[]}')
    with pytest.raises(Transient, match="none of them signed"):
        await world.order()


def sealed(serial: str, pem: bytes, key: str = APIV3) -> dict[str, Any]:
    return {"data": [{"serial_no": serial, "encrypt_certificate": seal(pem, key=key, extra="certificate")}]}


@pytest.mark.parametrize(
    "content",
    [
        sealed(OLD.serial, b"anything", APIV3[::-1]),
        sealed(OLD.serial, b"not a certificate"),
        {"data": [{"serial_no": OLD.serial}]},
    ],
    ids=["another key", "no certificate", "nothing sealed"],
)
async def test_a_wrong_apiv3_key_is_logged_for_the_operator(world: World, content: dict[str, Any]) -> None:
    world.platform.answers[CERTIFICATES] = (200, content)
    with capture_logs() as logs, pytest.raises(NeedsOperator, match="CERTIFICATES"):
        await world.order()
    assert any(entry["event"] == "vendor_needs_operator" for entry in logs)


async def test_a_certificate_under_another_serial_is_not_taken(world: World, platform: Platform) -> None:
    platform.certificates = {NEW.serial: certificate(OLD_CERT_KEY, int(OLD.serial, 16))}
    with pytest.raises(GatewayError):
        await world.order()


async def test_a_notification_is_repeated_until_our_own_signature_is_right(world: World) -> None:
    """It may report a payment, so it is not refused as forged."""
    world.platform.answers[CERTIFICATES] = (401, b'{"code":"SIGN_ERROR"}')
    with pytest.raises(NeedsOperator):
        await world.notified(OLD)


async def test_an_answer_that_needs_a_lost_certificate_has_no_known_outcome(world: World) -> None:
    """The certificate was changed, and the new one can't be fetched: the order may well have been placed."""
    await world.order()
    world.seconds.now = 61
    world.platform.signer = Identity("77" * 20, STRANGER)
    world.platform.answers[CERTIFICATES] = (500, {"code": "SYSTEM_ERROR", "message": ""})
    with pytest.raises(OutcomeUnknown):
        await world.order()


async def test_while_a_merchant_moves_to_the_public_key_both_count(
    tools: Tools, platform: Platform, pay: WechatPay
) -> None:
    for signer in (PUBLIC, OLD, NEW):
        platform.signer = signer
        assert (await pay.read_notification("demo", *platform.notification(PAID, trade()))).trade
    assert len(platform.calls(CERTIFICATES)) == 1


async def test_a_merchant_that_has_no_certificates_refuses_theirs(platform: Platform, pay: WechatPay) -> None:
    """Merchants opened lately get an error when they ask for certificates."""
    platform.answers[CERTIFICATES] = (404, {"code": "RESOURCE_NOT_EXISTS", "message": "无可用的平台证书"})
    platform.signer = OLD
    await read_refusal(pay.read_notification("demo", *platform.notification(PAID, trade())))


@pytest.mark.parametrize("certificates", [False, True])
async def test_a_public_key_that_the_settings_lack_is_named_and_not_looked_for(
    tools: Tools, platform: Platform, certificates: bool
) -> None:
    """WeChat repeats the notification until the operator has entered the key."""
    pay = client(tools, platform, certificates=certificates)
    platform.signer = Identity("PUB_KEY_ID_02", STRANGER)
    with capture_logs() as logs, pytest.raises(NeedsOperator) as caught:
        await pay.read_notification("demo", *platform.notification(PAID, trade()))
    assert (caught.value.vendor_code, platform.requests) == ("NOPUBLICKEY", [])
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == [
        "pay_needs_operator",
        "vendor_needs_operator",
    ]


async def test_a_stranger_who_names_a_public_key_alarms_no_one(tools: Tools, platform: Platform) -> None:
    pay = client(tools, platform, certificates=True)
    platform.signer = Identity("PUB_KEY_ID_02", STRANGER)
    headers, body = platform.notification(PAID, trade(), key=APIV3[::-1])
    assert (await read_refusal(pay.read_notification("demo", headers, body))).code == "pay_forged"


async def test_a_merchant_of_the_public_key_mode_without_its_key_can_do_nothing(
    tools: Tools, platform: Platform
) -> None:
    """WeChat has no certificates for it, which is not an order that doesn't exist."""
    pay = client(tools, platform, certificates=True)
    platform.answers[CERTIFICATES] = (404, {"code": "RESOURCE_NOT_EXISTS", "message": "无可用的平台证书"})
    with pytest.raises(NeedsOperator) as caught:
        await pay.query("demo", "T1")
    assert caught.value.vendor_code == "NOPUBLICKEY"
