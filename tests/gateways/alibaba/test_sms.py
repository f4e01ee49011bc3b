from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import SmsPool, SmsSettings
from domain.clock import FixedClock
from domain.errors import InvalidInput, NeedsOperator, OutcomeUnknown, Rejected
from gateways.alibaba.sms import AlibabaSms, parse_sms_reports
from services.ports import SmsReport
from tests.gateways.support import Rogue, Tools, reply

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MOBILE = "13800001234"
POOLS = {
    "hunan": SmsPool(sign_name="湘评标", templates={"draw_call": "SMS_1", "urging": "SMS_3"}),
    "jilin": SmsPool(sign_name="吉评标", templates={"draw_call": "SMS_2"}),
    "demo": SmsPool(share="hunan"),
}


def sender(tools: Tools, rogue: Rogue) -> AlibabaSms:
    settings = SmsSettings(url=f"{rogue.url}/", pools=POOLS)
    return AlibabaSms(settings, tools.vendor("sms"), FixedClock(NOON))


def query(rogue: Rogue, number: int = 0) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(rogue.seen[number].target).query).items()}


async def test_an_sms_names_sign_template_variables_and_attempt(tools: Tools) -> None:
    async with Rogue([reply({"Code": "OK", "BizId": "9006^0"})]) as rogue:
        assert (
            await sender(tools, rogue).send("hunan", MOBILE, "draw_call", {"place": "天润路"}, out_id="42") == "9006^0"
        )
        assert query(rogue) == {
            "PhoneNumbers": MOBILE,
            "SignName": "湘评标",
            "TemplateCode": "SMS_1",
            "TemplateParam": '{"place":"天润路"}',
            "OutId": "42",
        }


async def test_another_pool_s_signature_and_text_never_go_out(tools: Tools) -> None:
    """Every pool's messages went out with one signature and one set of codes."""
    async with Rogue([reply({"Code": "OK", "BizId": "1"})] * 3) as rogue:
        gateway = sender(tools, rogue)
        for number, (pool, sign, code) in enumerate(
            [("hunan", "湘评标", "SMS_1"), ("jilin", "吉评标", "SMS_2"), ("demo", "湘评标", "SMS_1")]
        ):
            await gateway.send(pool, MOBILE, "draw_call", {}, out_id="1")
            assert (query(rogue, number)["SignName"], query(rogue, number)["TemplateCode"]) == (sign, code)
        for pool, kind in (("jilin", "urging"), ("guangdong", "draw_call")):
            with pytest.raises(NeedsOperator) as refusal:
                await gateway.send(pool, MOBILE, kind, {}, out_id="1")
            assert refusal.value.vendor_code == "no_template"
        assert len(rogue.seen) == 3


@pytest.mark.parametrize("mobile", ["", "1380000123", "13800001234,13800001235", "+8613800001234", "23800001234"])
async def test_only_one_mobile_number_is_taken(tools: Tools, mobile: str) -> None:
    async with Rogue([reply({"Code": "OK", "BizId": "1"})]) as rogue:
        with pytest.raises(Rejected):
            await sender(tools, rogue).send("hunan", mobile, "urging", {}, out_id="1")
        assert rogue.seen == []


async def test_a_success_without_biz_id_is_unknown(tools: Tools) -> None:
    async with Rogue([reply({"Code": "OK"})]) as rogue:
        with pytest.raises(OutcomeUnknown):
            await sender(tools, rogue).send("hunan", MOBILE, "urging", {}, out_id="1")


def details(*items: dict[str, object]) -> bytes:
    return reply({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": list(items)}})


@pytest.mark.parametrize(("status", "delivered"), [(1, None), (2, False), (3, True), ("3", True), (9, None)])
async def test_a_vendor_query_returns_the_outcome_of_an_attempt(
    tools: Tools, status: int | str, delivered: bool | None
) -> None:
    other = {"OutId": "41", "SendStatus": 3}
    async with Rogue([details(other, {"OutId": "42", "SendStatus": status, "ErrCode": "E"})]) as rogue:
        report = await sender(tools, rogue).report(MOBILE, NOON, "9006^0", out_id="42")
        assert report == SmsReport("9006^0", "42", delivered, "E")
        assert query(rogue)["SendDate"] == "20261121"
        assert query(rogue)["BizId"] == "9006^0"


async def test_an_attempt_without_biz_id_is_found_by_its_number(tools: Tools) -> None:
    async with Rogue([details({"OutId": "42", "SendStatus": 3})]) as rogue:
        report = await sender(tools, rogue).report(MOBILE, NOON, "", out_id="42")
        assert report is not None
        assert "BizId" not in query(rogue)


async def test_around_midnight_both_days_are_asked(tools: Tools) -> None:
    late = datetime(2026, 11, 21, 15, 59, 30, tzinfo=UTC)
    async with Rogue([details(), details({"OutId": "42", "SendStatus": 3})]) as rogue:
        assert await sender(tools, rogue).report(MOBILE, late, "", out_id="42") is not None
        assert [query(rogue, number)["SendDate"] for number in (0, 1)] == ["20261121", "20261122"]


async def test_what_the_vendor_does_not_know_is_none(tools: Tools) -> None:
    async with Rogue([details()]) as rogue:
        assert await sender(tools, rogue).report(MOBILE, NOON, "x", out_id="42") is None


@pytest.mark.parametrize("page", [{}, {"SmsSendDetailDTOs": None}, {"SmsSendDetailDTOs": {"SmsSendDetailDTO": None}}])
async def test_a_page_without_details_is_an_empty_one(tools: Tools, page: dict[str, object]) -> None:
    async with Rogue([reply({"Code": "OK", **page})]) as rogue:
        assert await sender(tools, rogue).report(MOBILE, NOON, "9006^0", out_id="42") is None


async def test_a_lone_detail_is_a_page_of_one(tools: Tools) -> None:
    page = {"SmsSendDetailDTO": {"OutId": "42", "SendStatus": 3}}
    async with Rogue([reply({"Code": "OK", "SmsSendDetailDTOs": page})]) as rogue:
        report = await sender(tools, rogue).report(MOBILE, NOON, "9006^0", out_id="42")
    assert report == SmsReport("9006^0", "42", True, "")


REPORT = {
    "phone_number": MOBILE,
    "send_time": "2026-11-21 12:00:00",
    "report_time": "2026-11-21 12:00:03",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "9006^0",
    "out_id": "42",
}


def test_pushed_reports_are_read() -> None:
    failed = {**REPORT, "success": "false", "err_code": "MOBILE_NOT_ON_SERVICE", "out_id": "43"}
    assert parse_sms_reports(json.dumps([REPORT, failed]).encode()) == [
        SmsReport("9006^0", "42", True, "DELIVERED"),
        SmsReport("9006^0", "43", False, "MOBILE_NOT_ON_SERVICE"),
    ]


def test_one_strange_report_does_not_cost_the_others() -> None:
    strange: list[object] = [
        {**REPORT, "out_id": ""},
        {**REPORT, "success": None},
        {**REPORT, "biz_id": "x" * 81},
        {**REPORT, "biz_id": "\0"},
        7,
        REPORT,
    ]
    assert [report.out_id for report in parse_sms_reports(json.dumps(strange).encode())] == ["42"]


@pytest.mark.parametrize("body", [b"", b"[", b"7", b'"x"', b"\xff", b"[" * 200_000])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_sms_reports(body)
