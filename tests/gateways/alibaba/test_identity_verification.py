"""Whether name and ID number belong together: what is sent where, and what each answer means."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from structlog.testing import capture_logs

from config.settings import IdentityVerificationSettings
from domain.clock import FixedClock
from domain.errors import GatewayError, NeedsOperator, Transient
from gateways.alibaba.identity_verification import AlibabaIdentityVerification
from tests.gateways.support import DROP, Rogue, Tools, reply

NAME, NUMBER = "王小明", "11010519491231002X"


def client(tools: Tools, rogue: Rogue) -> AlibabaIdentityVerification:
    settings = IdentityVerificationSettings(url=f"{rogue.url}/", pools=["demo"])
    return AlibabaIdentityVerification(
        settings, tools.vendor("persons"), FixedClock(datetime(2026, 11, 21, 4, 0, tzinfo=UTC))
    )


def verification_answer(code: object) -> bytes:
    return reply({"Code": "200", "Message": "success", "ResultObject": {"BizCode": code}, "RequestId": "R"})


async def test_name_and_number_travel_in_the_body_which_is_signed(tools: Tools) -> None:
    async with Rogue([verification_answer("1")]) as rogue:
        assert await client(tools, rogue).compare(NAME, NUMBER) == "match"
    (seen,) = rogue.seen
    assert seen.target == "/"
    assert parse_qs(seen.body.decode()) == {"ParamType": ["normal"], "UserName": [NAME], "IdentifyNum": [NUMBER]}
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers["x-acs-action"] == "Id2MetaVerify"
    assert headers["x-acs-version"] == "2019-03-07"
    assert headers["x-acs-content-sha256"] == hashlib.sha256(seen.body).hexdigest()
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert "SignedHeaders=content-type;host;x-acs-action;" in headers["authorization"]


@pytest.mark.parametrize(
    ("code", "meaning"),
    [("1", "match"), (1, "match"), ("2", "differs"), (2, "differs"), ("3", "no_record"), (3, "no_record")],
)
async def test_the_three_answers(tools: Tools, code: object, meaning: str) -> None:
    async with Rogue([verification_answer(code)]) as rogue:
        assert await client(tools, rogue).compare(NAME, NUMBER) == meaning


@pytest.mark.parametrize("status", [200, 400])
async def test_a_name_that_the_register_does_not_take_has_no_record(tools: Tools, status: int) -> None:
    answer = {"Code": "401", "Message": f"参数非法({NAME})", "RequestId": "R", "HostId": "h"}
    async with Rogue([reply(answer, status=status)]) as rogue:
        assert await client(tools, rogue).compare(NAME, NUMBER) == "no_record"


@pytest.mark.parametrize(
    "answer",
    [
        verification_answer("4"),
        verification_answer(""),
        verification_answer(None),
        reply({"Code": "200"}),
        reply({"Code": "200", "ResultObject": "1"}),
        reply({"Code": "402", "Message": "权威源服务异常"}),
        reply({"Code": "403", "Message": "异常重复调用"}),
        reply({"Code": "500"}),
        reply({"Code": "Throttling.User"}, status=400),
        reply(b"<html>", status=502, kind="text/html"),
        reply(b"true"),
        DROP,
    ],
)
async def test_no_answer_that_can_be_relied_on_is_asked_for_later(tools: Tools, answer: bytes) -> None:
    async with Rogue([answer]) as rogue:
        with pytest.raises(Transient):
            await client(tools, rogue).compare(NAME, NUMBER)


@pytest.mark.parametrize(
    ("code", "status"),
    [("410", 200), ("411", 200), ("412", 400), ("SignatureDoesNotMatch", 400), ("Forbidden.RAM", 403)],
)
async def test_what_waits_for_the_operator_is_logged_for_him(tools: Tools, code: str, status: int) -> None:
    async with Rogue([reply({"Code": code, "Message": f"{NAME} {NUMBER}"}, status=status)]) as rogue:
        with capture_logs() as logs, pytest.raises(NeedsOperator) as refused:
            await client(tools, rogue).compare(NAME, NUMBER)
    assert refused.value.vendor_code == code
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["vendor_needs_operator"]
    assert not any(word in f"{logs} {refused.value!r}" for word in (NAME, NUMBER))


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (reply({"Code": "400", "Message": "参数不能为空"}), True),
        (reply({"Code": "MissingUserName"}, status=400), True),
        (reply({"Code": "401"}), True),
        (reply({"Code": "412"}), False),
        (reply({"Code": "InvalidAccessKeyId.NotFound"}, status=404), False),
        (reply({"Code": "402"}), False),
    ],
)
async def test_a_probe_sends_no_personal_data(tools: Tools, answer: bytes, well: bool) -> None:
    async with Rogue([answer]) as rogue:
        verification = client(tools, rogue)
        if well:
            await verification.probe()
        else:
            with pytest.raises(GatewayError):
                await verification.probe()
    assert parse_qs(rogue.seen[0].body.decode()) == {"ParamType": ["normal"]}
