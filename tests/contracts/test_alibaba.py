"""What the sandbox and our clients of SMS and voice agree on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from config.settings import VoicePool, VoiceSettings
from domain.errors import NeedsOperator, OutcomeUnknown, Transient
from gateways.alibaba.incoming_calls import AlibabaNumbers, plain_number
from gateways.alibaba.sms import parse_sms_reports
from gateways.alibaba.voice import parse_voice_reports
from services.ports import CallDetail, CallReport, IncomingCallEvent, SmsReport
from tests.contracts.conftest import MOBILE, World
from tests.drivers.waiting import eventually

CODE = {"code": "196017", "minutes": "10"}
SPOKEN = {"gathering_spoken": "11月21日星期六上午9点30分", "place": "天河区天润路333号"}
KEYS = {"1": "draw_call.attend", "2": "draw_call.decline", "3": "draw_call"}


def sms_reports(world: World) -> list[SmsReport]:
    return [report for body in world.receiver.reports for report in parse_sms_reports(body)]


def call_reports(world: World) -> list[CallReport]:
    return [report for body in world.receiver.reports for report in parse_voice_reports(body)]


async def test_an_sms_arrives_and_its_receipt_names_our_attempt(world: World) -> None:
    biz_id = await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="42")
    assert "您的验证码为196017，10分钟内有效。" in str(await world.control(f"phones/{MOBILE}"))
    await eventually(lambda: bool(sms_reports(world)))
    assert sms_reports(world) == [SmsReport(biz_id, "42", True, "DELIVERED")]
    assert await world.sms.report(MOBILE, datetime.now(UTC), biz_id, out_id="42") == sms_reports(world)[0]


async def test_a_number_without_a_phone_is_reported_as_not_delivered(world: World) -> None:
    await world.sms.send("demo", "13999999999", "verification_code", CODE, out_id="43")
    await eventually(lambda: bool(sms_reports(world)))
    assert sms_reports(world)[0].delivered is False


async def test_a_second_code_within_a_minute_has_to_wait(world: World) -> None:
    await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="1")
    with pytest.raises(Transient) as caught:
        await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="2")
    assert caught.value.retry_after == 60


async def test_each_pool_calls_with_its_own_signature_and_text(world: World) -> None:
    """Regression: another pool's text and signature went out to its experts."""
    await world.sms.send("jilin", MOBILE, "verification_code", CODE, out_id="1")
    await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="2")
    await world.voice.call("jilin", MOBILE, "draw_call", SPOKEN, keys={}, out_id="3")
    phone = await world.control(f"phones/{MOBILE}")
    assert [(sms["sign"], sms["text"]) for sms in phone["sms"]] == [
        ("吉评标", "【吉评标】吉林验证码196017，10分钟。"),
        ("评标通", "【评标通】您的验证码为196017，10分钟内有效。"),
    ]
    assert phone["calls"][0]["show_number"] == "043112345678"
    with pytest.raises(NeedsOperator):
        await world.sms.send("hunan", MOBILE, "verification_code", CODE, out_id="4")


async def test_an_unknown_template_is_refused(world: World) -> None:
    with pytest.raises(NeedsOperator) as caught:
        await world.sms.send("demo", MOBILE, "nothing", CODE, out_id="1")
    assert caught.value.vendor_code == "isv.SMS_TEMPLATE_ILLEGAL"


async def test_an_sms_whose_answer_was_lost_is_found_by_its_attempt(world: World) -> None:
    await world.control("faults", {"vendor": "sms", "kind": "drop_answer", "count": 1, "seconds": 0})
    sent_at = datetime.now(UTC)
    with pytest.raises(OutcomeUnknown):
        await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="44")
    await eventually(lambda: bool(sms_reports(world)))
    report = await world.sms.report(MOBILE, sent_at, "", out_id="44")
    assert report is not None
    assert report.delivered is True
    assert await world.sms.report(MOBILE, sent_at, "", out_id="45") is None


async def make_ringing_call(world: World) -> str:
    """The sandbox's id of the call that rings now."""
    phone = await world.control(f"phones/{MOBILE}")
    calls = phone["calls"]
    assert isinstance(calls, list)
    return str(calls[-1]["id"])


async def test_a_call_is_answered_with_a_key_pressed_twice(world: World) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    call_id = await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys=KEYS, out_id="7")
    assert await world.voice.report(call_id, datetime.now(UTC)) is None, "it still rings"
    rings = await make_ringing_call(world)
    await world.control(f"phones/{MOBILE}/calls/{rings}/answer", {})
    await world.control(f"phones/{MOBILE}/calls/{rings}/keys", {"keys": "1"})
    await world.control(f"phones/{MOBILE}/calls/{rings}/keys", {"keys": "1"})
    await eventually(lambda: any(report.ended for report in call_reports(world)))
    ended = next(report for report in call_reports(world) if report.ended)
    assert (ended.call_id, ended.out_id, ended.keys, ended.status) == (call_id, "7", "11", "200000")
    assert ended.ended_at is not None
    assert begun <= ended.ended_at <= datetime.now(UTC)
    assert await world.voice.report(call_id, datetime.now(UTC)) == CallDetail(call_id, MOBILE, True, "200000", "11")
    assert "您已选择参加。" in str(await world.control(f"phones/{MOBILE}"))


async def test_an_unanswered_call_ends_without_keys(world: World) -> None:
    call_id = await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys=KEYS, out_id="8")
    await eventually(lambda: any(report.ended for report in call_reports(world)))
    report = next(report for report in call_reports(world) if report.ended)
    assert (report.call_id, report.status, report.keys) == (call_id, "200003", "")


async def test_a_spoken_notice_needs_no_keys(world: World) -> None:
    await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys={}, out_id="9")
    rings = await make_ringing_call(world)
    await world.control(f"phones/{MOBILE}/calls/{rings}/answer", {})
    await eventually(lambda: any(report.status == "200000" for report in call_reports(world)))


async def test_a_second_call_within_a_minute_has_to_wait(world: World) -> None:
    await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys=KEYS, out_id="1")
    with pytest.raises(Transient) as caught:
        await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys=KEYS, out_id="2")
    assert caught.value.retry_after == 60


async def test_a_call_whose_answer_was_lost_rings_once_and_its_report_still_comes(world: World) -> None:
    await world.control("faults", {"vendor": "voice", "kind": "drop_answer", "count": 1, "seconds": 0})
    with pytest.raises(OutcomeUnknown):
        await world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys=KEYS, out_id="10")
    await eventually(lambda: any(report.ended for report in call_reports(world)))
    assert {report.out_id for report in call_reports(world)} == {"10"}
    calls = (await world.control(f"phones/{MOBILE}"))["calls"]
    assert isinstance(calls, list)
    assert len(calls) == 1


@pytest.mark.parametrize("vendor", ["sms", "voice"])
async def test_a_vendor_that_fails_leaves_the_outcome_unknown(world: World, vendor: str) -> None:
    await world.control("faults", {"vendor": vendor, "kind": "fail_500", "count": 1})
    acts = {
        "sms": lambda: world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="1"),
        "voice": lambda: world.voice.call("demo", MOBILE, "draw_call", SPOKEN, keys=KEYS, out_id="1"),
    }
    with pytest.raises(OutcomeUnknown):
        await acts[vendor]()


async def test_reports_that_come_twice_read_the_same(world: World) -> None:
    await world.control("faults", {"vendor": "sms", "kind": "twice"})
    await world.sms.send("demo", MOBILE, "verification_code", CODE, out_id="42")
    await eventually(lambda: len(sms_reports(world)) == 2)
    assert len(set(sms_reports(world))) == 1


async def test_a_virtual_call_rings_the_staff_then_the_expert_and_shows_neither_number(world: World) -> None:
    staff = "13800000009"
    await world.control("phones", {"name": "周代理", "mobile": staff})
    call_id = await world.bridge.connect("demo", staff, MOBILE, out_id="90")
    assert await world.bridge.report(call_id, datetime.now(UTC)) is None
    assert (await world.control(f"phones/{MOBILE}"))["calls"] == [], "the expert's phone waits"
    await world.control(f"phones/{staff}/calls/{call_id}/answer", {})
    second = await make_ringing_call(world)
    await world.control(f"phones/{MOBILE}/calls/{second}/answer", {})
    for mobile in (staff, MOBILE):
        calls = (await world.control(f"phones/{mobile}"))["calls"]
        assert isinstance(calls, list)
        assert calls[-1]["show_number"] == "057156210010"
    await world.control(f"phones/{MOBILE}/calls/{second}/hangup", {})
    await eventually(lambda: any(report.ended for report in call_reports(world)))
    told = [(report.call_id, report.out_id, report.status) for report in call_reports(world)]
    assert sorted({status for *_, status in told}) == ["200100", "200101", "200102", "200103"]
    assert {(reported_id, out_id) for reported_id, out_id, _ in told} == {(call_id, "90")}
    detail = await world.bridge.report(call_id, datetime.now(UTC))
    assert detail is not None
    assert (detail.ended, detail.status) == (True, "200100")


async def test_a_call_to_the_pools_number_brings_the_caller_and_his_keys(world: World) -> None:
    call = await world.control(f"phones/{MOBILE}/dial", {"number": "057156210001"})
    await eventually(lambda: len(world.receiver.calls) == 1)
    await world.control(f"phones/{MOBILE}/calls/{call['id']}/keys", {"keys": "002*1"})
    await eventually(lambda: len(world.receiver.calls) == 3)
    begun, digits, key = world.receiver.calls
    assert begun == IncomingCallEvent(call["id"], "057156210001", MOBILE, "begun")
    assert (digits.what, digits.turn, digits.keys) == ("pressed", 1, "002*")
    assert (key.what, key.turn, key.keys, key.call_id) == ("pressed", 2, "1", call["id"])
    spoken = (await world.control(f"phones/{MOBILE}"))["calls"][-1]["spoken"]
    assert spoken[:2] == ["请输入后四位。", "参加请按1。"]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("+8613800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("013800138000", "13800138000"),
        ("13800860086", "13800860086"),
        ("0571-5621 0001", "057156210001"),
        ("anonymous", ""),
        ("", ""),
    ],
)
def test_a_callers_number_is_read_without_the_codes_of_country_and_trunk(sent: str, read: str) -> None:
    assert plain_number(sent) == read


def test_pools_are_found_by_their_own_number_and_those_that_share_it() -> None:
    settings = VoiceSettings(
        pools={
            "demo": VoicePool(show_number="0571-56210001", takes_calls=True),
            "jilin": VoicePool(share="demo"),
            "hunan": VoicePool(show_number="057156210002"),
        }
    )
    numbers = AlibabaNumbers(settings, ["demo", "jilin", "hunan", "xinjiang"])
    assert numbers.pools_of("057156210001") == ["demo", "jilin"]
    assert [numbers.pools_of(number) for number in ("057156210002", "")] == [[], []]
    assert [numbers.number_of(pool) for pool in ("jilin", "hunan", "xinjiang")] == ["0571-56210001", "057156210002", ""]
