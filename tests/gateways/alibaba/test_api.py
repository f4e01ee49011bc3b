"""Signature and error codes of Alibaba Cloud's RPC calls."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from domain.clock import FixedClock
from domain.errors import GatewayError, NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways.alibaba.api import (
    SMS_PRODUCT,
    AlibabaApi,
    AlibabaCredentials,
    SuccessShape,
    Unsigned,
    canonical_query,
    check_out_id,
    parse_time,
    sign,
)
from gateways.http import Effect
from tests.gateways.support import DROP, Rogue, Tools, reply

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
KEYS = AlibabaCredentials("ak", SecretStr("sk"))


def test_the_signature_is_that_of_the_vendors_example() -> None:
    """The example of the vendor's page on request structure and signature V3."""
    image = "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
    call = Unsigned(
        "POST",
        "ecs.cn-shanghai.aliyuncs.com",
        "/",
        "RunInstances",
        "2014-05-26",
        {"RegionId": "cn-shanghai", "ImageId": image},
        "2023-10-26T10:22:32Z",
        "3156853299f313e23d1673dc12e1703d",
    )
    headers = sign(call, AlibabaCredentials("YourAccessKeyId", SecretStr("YourAccessKeySecret")))
    assert headers["authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_parameters_are_sorted_and_encoded_by_rfc_3986() -> None:
    assert canonical_query({"b": "a b*~/", "A": "评"}) == "A=%E8%AF%84&b=a%20b%2A~%2F"


async def ask(tools: Tools, script: bytes, effect: Effect = Effect.WRITE) -> object:
    async with Rogue([script]) as rogue:
        api = AlibabaApi(tools.vendor("sms"), f"{rogue.url}/", KEYS, FixedClock(NOON), SMS_PRODUCT)
        return await api.call("SendSms", {"A": "1"}, effect, SuccessShape)


async def failure(tools: Tools, script: bytes, effect: Effect = Effect.WRITE) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await ask(tools, script, effect)
    return caught.value


async def test_what_is_sent_is_what_was_signed(tools: Tools) -> None:
    parameters = {"SignName": "评标通 a+b", "TemplateParam": '{"code":"1 2*~"}'}
    async with Rogue([reply({"Code": "OK"})]) as rogue:
        api = AlibabaApi(tools.vendor("sms"), f"{rogue.url}/sms/", KEYS, FixedClock(NOON), SMS_PRODUCT)
        await api.call("SendSms", parameters, Effect.WRITE, SuccessShape)
        seen = rogue.seen[0]
        assert seen.method == "POST"
        assert seen.target == f"/sms/?{canonical_query(parameters)}"
        assert {name: value[0] for name, value in parse_qs(urlsplit(seen.target).query).items()} == parameters
        assert seen.headers["host"] == f"127.0.0.1:{rogue.port}"
        assert seen.headers["x-acs-date"] == "2026-11-21T04:00:00Z"
        assert "sk" not in seen.headers["authorization"].partition("Signature=")[0]


async def test_each_call_has_a_nonce_of_its_own(tools: Tools) -> None:
    async with Rogue([reply({"Code": "OK"})]) as rogue:
        api = AlibabaApi(tools.vendor("sms"), f"{rogue.url}/", KEYS, FixedClock(NOON), SMS_PRODUCT)
        for _ in range(2):
            await api.call("SendSms", {}, Effect.WRITE, SuccessShape)
        first, second = (seen.headers["x-acs-signature-nonce"] for seen in rogue.seen)
    assert first != second


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("触发分钟级流控Permits:1", 60),
        ("触发小时级流控Permits:5", 3600),
        ("触发天级流控Permits:10", 86400),
        ("", 60),
    ],
)
async def test_a_number_called_too_often_says_when_to_come_back(tools: Tools, message: str, seconds: int) -> None:
    error = await failure(tools, reply({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": message}))
    assert isinstance(error, Transient)
    assert error.retry_after == seconds


async def test_our_own_daily_limit_lasts_until_midnight_in_beijing(tools: Tools) -> None:
    error = await failure(tools, reply({"Code": "isv.DAY_LIMIT_CONTROL"}))
    assert isinstance(error, Transient)
    assert error.retry_after == 12 * 3600


@pytest.mark.parametrize("status", [200, 400, 429, 503])
async def test_throttling_may_be_repeated_soon(tools: Tools, status: int) -> None:
    error = await failure(tools, reply({"Code": "Throttling.User"}, status=status))
    assert isinstance(error, Transient)
    assert error.retry_after == 1


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_a_refusal_carries_the_vendors_code(tools: Tools, status: int) -> None:
    error = await failure(tools, reply({"Code": "isv.BLACK_KEY_CONTROL_LIMIT", "Message": "x"}, status=status))
    assert isinstance(error, Rejected)
    assert error.vendor_code == "isv.BLACK_KEY_CONTROL_LIMIT"


@pytest.mark.parametrize(
    "code",
    ["SignatureDoesNotMatch", "InvalidAccessKeyId.NotFound", "isv.AMOUNT_NOT_ENOUGH", "isv.SMS_TEMPLATE_ILLEGAL"],
)
async def test_what_only_an_operator_can_mend_is_an_alarm(tools: Tools, code: str) -> None:
    with capture_logs() as logs:
        assert isinstance(await failure(tools, reply({"Code": code}, status=400)), NeedsOperator)
    assert [entry["log_level"] for entry in logs if entry["event"] == "vendor_needs_operator"] == ["error"]


@pytest.mark.parametrize(
    "script",
    [
        DROP,
        reply({"Code": "isp.SYSTEM_ERROR"}),
        reply({"Code": "InternalError"}, status=500),
        reply({"Code": "SignatureNonceUsed"}, status=400),
        reply({"RequestId": "x"}),
        reply({"Code": "OK"}, status=500),
        reply(b"<html>", status=502, kind="text/html"),
        reply(b"<html>", kind="text/html"),
    ],
    ids=["dropped", "system error", "internal", "nonce used", "no code", "500 but ok", "502 html", "200 html"],
)
async def test_an_act_is_unknown_unless_the_vendor_says_no(tools: Tools, script: bytes) -> None:
    assert isinstance(await failure(tools, script), OutcomeUnknown)
    assert isinstance(await failure(tools, script, Effect.READ), Transient)


async def test_a_page_in_front_of_the_vendor_that_refuses_has_let_nothing_through(tools: Tools) -> None:
    error = await failure(tools, reply(b"<html>", status=403, kind="text/html"))
    assert isinstance(error, NeedsOperator)
    assert error.vendor_code == "http_403"


def test_times_are_beijing_time() -> None:
    assert parse_time("2026-11-21 19:30:00") == datetime(2026, 11, 21, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2026-13-01 00:00:00", "now", "0001-01-01 00:00:00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize("out_id", ["", "-1", "a" * 16, "3f/../9b", "三"])
def test_ids_that_the_vendor_would_cut_or_refuse_are_not_sent(out_id: str) -> None:
    with pytest.raises(Rejected):
        check_out_id(out_id)


def test_an_id_of_letters_and_digits_is_sent_as_it_is() -> None:
    assert check_out_id("k3VbQ29xPz0aLmT") == "k3VbQ29xPz0aLmT"
