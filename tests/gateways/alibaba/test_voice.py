from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import VoicePool, VoiceSettings
from domain.clock import FixedClock
from domain.errors import InvalidInput, NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways.alibaba.voice import AlibabaVoice, parse_voice_reports
from services.ports import CallDetail, CallReport
from tests.gateways.support import DROP, Rogue, Tools, reply

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MOBILE = "13800001234"
CALLED = reply({"Code": "OK", "CallId": "100^200"})


SPOKEN = {"draw_call": "TTS_1", "draw_call.attend": "TTS_2", "draw_call.decline": "TTS_3", "bye": "TTS_4"}
POOLS = {
    "hunan": VoicePool(show_number="02012345678", templates=SPOKEN),
    "jilin": VoicePool(show_number="0431", templates={"draw_call": "TTS_9"}),
}


def caller(tools: Tools, rogue: Rogue) -> AlibabaVoice:
    settings = VoiceSettings(url=f"{rogue.url}/", pools=POOLS)
    return AlibabaVoice(settings, tools.vendor("voice"), FixedClock(NOON))


def query(rogue: Rogue, number: int = 0) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(rogue.seen[number].target).query).items()}


async def test_a_call_with_keys_offers_a_menu(tools: Tools) -> None:
    keys = {"1": "draw_call.attend", "2": "draw_call.decline", "3": "draw_call"}
    async with Rogue([CALLED]) as rogue:
        voice = caller(tools, rogue)
        assert (
            await voice.call("hunan", MOBILE, "draw_call", {"place": "天河"}, keys=keys, out_id="42", bye="bye")
            == "100^200"
        )
        sent = query(rogue)
        assert rogue.seen[0].headers["x-acs-action"] == "IvrCall"
    assert (sent["CalledNumber"], sent["CalledShowNumber"], sent["OutId"]) == (MOBILE, "02012345678", "42")
    assert (sent["StartCode"], sent["StartTtsParams"]) == ("TTS_1", '{"place":"天河"}')
    assert [(sent[f"MenuKeyMap.{n}.Key"], sent[f"MenuKeyMap.{n}.Code"]) for n in (1, 2, 3)] == [
        ("1", "TTS_2"),
        ("2", "TTS_3"),
        ("3", "TTS_1"),
    ]
    assert sent["ByeCode"] == "TTS_4"


async def test_another_pool_s_number_and_text_are_never_used(tools: Tools) -> None:
    async with Rogue([CALLED] * 2) as rogue:
        voice = caller(tools, rogue)
        for number, (pool, shown, code) in enumerate([("hunan", "02012345678", "TTS_1"), ("jilin", "0431", "TTS_9")]):
            await voice.call(pool, MOBILE, "draw_call", {}, keys={}, out_id="1")
            assert (query(rogue, number)["CalledShowNumber"], query(rogue, number)["TtsCode"]) == (shown, code)
        for pool, keys in (("guangdong", {}), ("jilin", {"1": "draw_call.attend"})):
            with pytest.raises(NeedsOperator) as refusal:
                await voice.call(pool, MOBILE, "draw_call", {}, keys=keys, out_id="1")
            assert refusal.value.vendor_code == "no_template"
        assert len(rogue.seen) == 2


async def test_a_call_without_keys_only_speaks(tools: Tools) -> None:
    async with Rogue([CALLED]) as rogue:
        await caller(tools, rogue).call("hunan", MOBILE, "draw_call", {}, keys={}, out_id="1")
        assert rogue.seen[0].headers["x-acs-action"] == "SingleCallByTts"
        assert query(rogue)["TtsCode"] == "TTS_1"


async def test_variables_that_are_too_long_are_refused_before_dialling(tools: Tools) -> None:
    async with Rogue([CALLED]) as rogue:
        with pytest.raises(Rejected):
            await caller(tools, rogue).call("hunan", MOBILE, "draw_call", {"place": "x" * 240}, keys={}, out_id="1")
        assert rogue.seen == []


@pytest.mark.parametrize("script", [DROP, reply({"Code": "OK"}), reply({}, status=500)])
async def test_a_call_that_may_ring_is_never_dialled_again_here(tools: Tools, script: bytes) -> None:
    async with Rogue([script]) as rogue:
        with pytest.raises(OutcomeUnknown):
            await caller(tools, rogue).call("hunan", MOBILE, "draw_call", {}, keys={}, out_id="1")
        assert len(rogue.seen) == 1


async def test_a_number_rung_too_often_waits(tools: Tools) -> None:
    limit = reply({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发小时级流控Permits:5"})
    async with Rogue([limit]) as rogue:
        with pytest.raises(Transient) as caught:
            await caller(tools, rogue).call("hunan", MOBILE, "draw_call", {}, keys={}, out_id="1")
    assert caught.value.retry_after == 3600


def detail(data: object) -> bytes:
    return reply({"Code": "OK", "Data": data if isinstance(data, str) else json.dumps(data)})


ENDED = {"callee": MOBILE, "state": "200000", "endDate": "2026-11-21 12:01:30", "dtmf": "11"}


async def test_a_vendor_query_returns_the_outcome_of_a_call(tools: Tools) -> None:
    async with Rogue([detail(ENDED)]) as rogue:
        report = await caller(tools, rogue).report("100^200", NOON)
        assert query(rogue)["QueryDate"] == "1795233600000"
    assert report == CallDetail("100^200", MOBILE, True, "200000", "11")


async def test_a_report_without_keys_differs_from_one_with_no_key_pressed(tools: Tools) -> None:
    async with Rogue([detail({name: value for name, value in ENDED.items() if name != "dtmf"})]) as rogue:
        report = await caller(tools, rogue).report("100^200", NOON)
    assert report == CallDetail("100^200", MOBILE, True, "200000", None)


async def test_both_products_are_asked(tools: Tools) -> None:
    async with Rogue([detail(""), detail(ENDED)]) as rogue:
        assert await caller(tools, rogue).report("100^200", NOON) is not None
        assert [query(rogue, number)["ProdId"] for number in (0, 1)] == ["11000000300005", "11010000138001"]


@pytest.mark.parametrize(
    "data", ["", "null", "[]", "{", {"callId": "another", "state": "200000"}, {"callId": "100^200"}]
)
async def test_what_the_vendor_does_not_know_is_none(tools: Tools, data: object) -> None:
    async with Rogue([detail(data)]) as rogue:
        assert await caller(tools, rogue).report("100^200", NOON) is None


AFTER = {
    "call_id": "100^200",
    "start_time": "2026-11-21 12:00:10",
    "end_time": "2026-11-21 12:01:30",
    "duration": "80",
    "status_code": "200001",
    "out_id": "42",
    "hangup_direction": "用户",
    "dtmf": "1,1",
}
ENDED_AT = datetime(2026, 11, 21, 4, 1, 30, tzinfo=UTC)


def test_a_report_after_the_call_holds_all_keys_and_the_time_in_utc() -> None:
    assert parse_voice_reports(json.dumps([AFTER]).encode()) == [
        CallReport("100^200", "42", True, "200001", "11", ENDED_AT, 80)
    ]


def test_keys_may_be_named_digits() -> None:
    item = {key: value for key, value in AFTER.items() if key != "dtmf"} | {"digits": "2#"}
    assert parse_voice_reports(json.dumps([item]).encode())[0].keys == "2#"


@pytest.mark.parametrize("status", ["200101", "200102", "200103", "300000"])
def test_a_report_during_the_call_says_that_it_goes_on(status: str) -> None:
    item = {"call_id": "1", "status_code": status, "status_time": "2026-11-21 12:00:20", "out_id": "42", "dtmf": "1"}
    assert parse_voice_reports(json.dumps([item]).encode()) == [CallReport("1", "42", False, status, "1", None)]


@pytest.mark.parametrize(
    "status", ["200000", "200002", "200003", "200005", "200008", "200010", "200121", "999999", "400"]
)
def test_any_other_status_ends_the_call(status: str) -> None:
    item = {**AFTER, "status_code": status, "end_time": "", "status_time": "2026-11-21 12:01:30"}
    report = parse_voice_reports(json.dumps([item]).encode())[0]
    assert report.ended
    assert report.ended_at == ENDED_AT


def test_one_strange_report_does_not_cost_the_others() -> None:
    strange: list[object] = [
        {**AFTER, "out_id": "a b"},
        {**AFTER, "out_id": "1" * 16},
        {**AFTER, "call_id": ""},
        {**AFTER, "status_code": ""},
        {**AFTER, "call_id": "1" * 81},
        {**AFTER, "call_id": "a\0b"},
        {**AFTER, "status_code": "\0"},
        AFTER,
    ]
    assert [report.out_id for report in parse_voice_reports(json.dumps(strange).encode())] == ["42"]


def test_a_time_of_another_century_is_no_time() -> None:
    item = {**AFTER, "end_time": "9999-12-31 23:59:59"}
    assert parse_voice_reports(json.dumps([item]).encode())[0].ended_at is None


@pytest.mark.parametrize("body", [b"", b"{", b"7", b"\xff"])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_voice_reports(body)
