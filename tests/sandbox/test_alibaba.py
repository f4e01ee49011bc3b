"""SMS and voice: signatures, limits, ringing phones, delivery reports and their repeats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.alibaba import signing
from tests.drivers.waiting import eventually
from tests.sandbox.conftest import MOBILE, Box, sign_v3

SMS = {"PhoneNumbers": MOBILE, "SignName": "评标通", "TemplateCode": "NOTICE", "TemplateParam": '{"time":"九点 * ~"}'}
ASK = {
    "CalledNumber": MOBILE,
    "StartCode": "ASK",
    "StartTtsParams": '{"time":"九点"}',
    "MenuKeyMap.1.Key": "1",
    "MenuKeyMap.1.Code": "YES",
    "MenuKeyMap.2.Key": "2",
    "MenuKeyMap.2.Code": "NO",
    "ByeCode": "BYE",
    "Timeout": "3000",
    "OutId": "out-1",
}


async def ring(box: Box, **more: str) -> dict[str, Any]:
    status, answer = await box.rpc("voice", "IvrCall", **{**ASK, **more})
    assert (status, answer["Code"]) == (200, "OK")
    return answer


async def live_call(box: Box) -> dict[str, Any]:
    calls: list[dict[str, Any]] = (await box.phone())["calls"]
    return calls[-1]


def reports(box: Box, with_field: str = "end_time") -> list[dict[str, Any]]:
    return [item for batch in box.service.reports for item in batch if with_field in item]


# -- signatures -------------------------------------------------------------------------------------------------


def test_published_v1_signature_is_reproduced() -> None:
    parameters = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    assert signing.sign_v1("testSecret", "GET", parameters) == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_v1_requests_are_accepted_by_query_and_by_form(box: Box, method: str) -> None:
    parameters = {
        **SMS,
        "AccessKeyId": "sandbox-ak",
        "Action": "SendSms",
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "n1",
        "Timestamp": _now(box),
        "Version": "2017-05-25",
    }
    parameters["Signature"] = signing.sign_v1("sandbox-key-secret", method, parameters)
    if method == "GET":
        response = await box.client.get("/sms/", params=parameters)
    else:
        response = await box.client.post("/sms/", data=parameters)
    assert (await response.json())["Code"] == "OK"


def _now(box: Box) -> str:
    return box.world.clock.iso().replace("+00:00", "Z")


async def test_altered_replayed_and_strange_requests_are_refused(box: Box) -> None:
    host = f"{box.client.host}:{box.client.port}"
    headers = sign_v3("sandbox-key-secret", "SendSms", SMS, host)
    altered = await box.client.post("/sms/", params={**SMS, "OutId": "x"}, headers=headers)
    assert (altered.status, (await altered.json())["Code"]) == (400, "SignatureDoesNotMatch")
    assert (await box.client.post("/sms/", params=SMS, headers=headers)).status == 200
    replayed = await box.client.post("/sms/", params=SMS, headers=headers)
    assert (await replayed.json())["Code"] == "SignatureNonceUsed"
    wrong = await box.client.post("/sms/", params=SMS, headers=sign_v3("other", "SendSms", SMS, host))
    assert (await wrong.json())["Code"] == "SignatureDoesNotMatch"
    status, unknown = await box.rpc("sms", "Dance")
    assert (status, unknown["Code"]) == (404, "InvalidAction.NotFound")


async def test_old_requests_are_refused_but_either_clock_will_do(box: Box) -> None:
    host = f"{box.client.host}:{box.client.port}"
    headers = sign_v3("sandbox-key-secret", "SendSms", SMS, host)
    await box.advance(86400)
    assert (await box.client.post("/sms/", params=SMS, headers=headers)).status == 200
    old = sign_v3("sandbox-key-secret", "SendSms", SMS, host, date="2020-01-01T00:00:00Z")
    answer = await (await box.client.post("/sms/", params=SMS, headers=old)).json()
    assert answer["Code"] == "InvalidTimeStamp.Expired"


# -- SMS --------------------------------------------------------------------------------------------------------


async def test_sms_arrives_and_its_report_is_pushed(box: Box) -> None:
    _, answer = await box.rpc("sms", "SendSms", **SMS, OutId="42")
    assert [item["text"] for item in (await box.phone())["sms"]] == ["【评标通】请于九点 * ~到场。"]
    await eventually(lambda: box.service.reports)
    (report,) = box.service.reports[0]
    assert (report["biz_id"], report["out_id"], report["success"]) == (answer["BizId"], "42", True)
    assert report["err_code"] == "DELIVERED"


async def test_sms_to_a_phone_that_is_off_or_unknown_fails_in_the_report(box: Box) -> None:
    await box.control(f"phones/{MOBILE}", line="off")
    await box.rpc("sms", "SendSms", **{**SMS, "PhoneNumbers": f"{MOBILE},13900009999"})
    await eventually(lambda: len(reports(box, "phone_number")) == 2)
    assert [item["success"] for item in reports(box, "phone_number")] == [False, False]
    assert (await box.phone())["sms"] == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"TemplateCode": "OTHER"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": "[1]"}, "isv.INVALID_JSON_PARAM"),
        ({"PhoneNumbers": "12345"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"SignName": ""}, "isv.INVALID_PARAMETERS"),
    ],
)
async def test_faulty_sms_are_refused_with_http_200(box: Box, change: dict[str, str], code: str) -> None:
    status, answer = await box.rpc("sms", "SendSms", **{**SMS, **change})
    assert (status, answer["Code"]) == (200, code)


async def test_verification_codes_are_limited_by_minute_and_hour(box: Box) -> None:
    code = {**SMS, "TemplateCode": "CODE", "TemplateParam": '{"code":"123456"}'}

    async def send() -> tuple[str, str]:
        answer = (await box.rpc("sms", "SendSms", **code))[1]
        return answer["Code"], answer["Message"]

    assert (await send())[0] == "OK"
    assert await send() == ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1")
    for _ in range(4):
        await box.advance(61)
        assert (await send())[0] == "OK"
    await box.advance(61)
    assert await send() == ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5")
    assert (await box.rpc("sms", "SendSms", **SMS))[1]["Code"] == "OK"


async def test_sent_sms_can_be_queried(box: Box) -> None:
    _, sent = await box.rpc("sms", "SendSms", **SMS)
    await eventually(lambda: box.service.reports)
    day = box.service.reports[0][0]["send_time"][:10].replace("-", "")
    query = {"PhoneNumber": MOBILE, "SendDate": day, "PageSize": "10", "CurrentPage": "1", "BizId": sent["BizId"]}
    (item,) = (await box.rpc("sms", "QuerySendDetails", **query))[1]["SmsSendDetailDTOs"]["SmsSendDetailDTO"]
    assert (item["SendStatus"], item["ErrCode"]) == (3, "DELIVERED")


async def test_a_report_that_is_not_taken_comes_again_after_1_5_and_10_minutes(box: Box) -> None:
    box.service.report_answer = '{"code":500}'
    await box.rpc("sms", "SendSms", **SMS)
    await eventually(lambda: len(box.service.reports) == 1)
    for wait, count in ((61, 2), (301, 3), (601, 4)):
        await eventually(lambda count=count: count_tries(box) == count - 1)
        await box.advance(wait)
        await eventually(lambda count=count: len(box.service.reports) == count)
    await eventually(lambda: count_tries(box) == 4)
    await box.advance(86400)
    assert len(box.service.reports) == 4
    assert box.world.ledger.entries[-1].note == "given up"


def count_tries(box: Box) -> int:
    return box.world.ledger.counts.get("sms out SmsReport", 0)


async def test_lost_doubled_and_late_reports(box: Box) -> None:
    await box.control("faults", vendor="sms", kind="twice", count=1)
    await box.rpc("sms", "SendSms", **SMS)
    await eventually(lambda: len(reports(box, "phone_number")) == 2)
    await box.control("faults", vendor="sms", kind="lost", count=1)
    await box.rpc("sms", "SendSms", **SMS)
    await eventually(lambda: box.world.ledger.entries[-1].note == "lost by a fault switch")
    await box.control("faults", vendor="sms", kind="out_of_order", count=1, seconds=0.3)
    await box.rpc("sms", "SendSms", **SMS, OutId="first")
    await eventually(lambda: [fault.count for fault in box.world.faults.all()] == [0, 0, 0])
    await box.rpc("sms", "SendSms", **SMS, OutId="second")
    await eventually(lambda: len(reports(box, "phone_number")) == 4)
    assert [item["out_id"] for item in reports(box, "phone_number")][2:] == ["second", "first"]


# -- calls ------------------------------------------------------------------------------------------------------


async def test_answered_call_plays_the_menu_and_reports_every_key(box: Box) -> None:
    call_id = (await ring(box))["CallId"]
    call = await live_call(box)
    assert (call["id"], call["state"]) == (call_id, "ringing")
    await box.control(f"phones/{MOBILE}/calls/{call_id}/answer")
    await box.control(f"phones/{MOBILE}/calls/{call_id}/keys", keys="1")
    await box.control(f"phones/{MOBILE}/calls/{call_id}/keys", keys="1")
    await box.advance(4)
    await eventually(lambda: reports(box))
    (report,) = reports(box)
    assert (report["call_id"], report["status_code"], report["dtmf"]) == (call_id, "200000", "11")
    assert (report["out_id"], report["hangup_direction"]) == ("out-1", "机器")
    assert [item["dtmf"] for item in reports(box, "status_time")] == ["1", "1"]
    assert (await live_call(box))["spoken"] == [
        "您被抽为评标专家，时间九点。参加请按1，不参加请按2，重听请按3。",
        "您选择了参加，再按1确认。",
        "再见。",
    ]
    query = {"CallId": call_id, "ProdId": "11000000300005", "QueryDate": "1"}
    detail = json.loads((await box.rpc("voice", "QueryCallDetailByCallId", **query))[1]["Data"])
    assert (detail["state"], detail["dtmf"]) == ("200000", "11")


async def test_call_without_a_key_ends_as_waited_in_vain(box: Box) -> None:
    call_id = (await ring(box, PlayTimes="2"))["CallId"]
    await box.control(f"phones/{MOBILE}/calls/{call_id}/answer")
    await box.advance(3.5)
    await eventually(lambda: len(box.world.by_mobile[MOBILE].calls[-1].spoken) == 2)
    await box.advance(3.5)
    await eventually(lambda: reports(box))
    assert (reports(box)[0]["status_code"], reports(box)[0]["dtmf"]) == ("200008", "")


async def test_an_unanswered_call_is_reported_without_duration(box: Box) -> None:
    await ring(box)
    await box.advance(46)
    await eventually(lambda: reports(box))
    assert (reports(box)[0]["status_code"], reports(box)[0]["duration"]) == ("200003", "0")


@pytest.mark.parametrize(("act", "code"), [("reject", "200005"), ("hangup", "200005")])
async def test_call_is_rejected(box: Box, act: str, code: str) -> None:
    call_id = (await ring(box))["CallId"]
    await box.control(f"phones/{MOBILE}/calls/{call_id}/{act}")
    await eventually(lambda: reports(box))
    assert (reports(box)[0]["status_code"], reports(box)[0]["hangup_direction"]) == (code, "用户")


async def test_hanging_up_early_keeps_the_keys(box: Box) -> None:
    call_id = (await ring(box))["CallId"]
    await box.control(f"phones/{MOBILE}/calls/{call_id}/answer")
    await box.control(f"phones/{MOBILE}/calls/{call_id}/keys", keys="21")
    await box.control(f"phones/{MOBILE}/calls/{call_id}/hangup")
    await eventually(lambda: reports(box))
    assert (reports(box)[0]["status_code"], reports(box)[0]["dtmf"]) == ("200001", "21")
    refused = await box.control(f"phones/{MOBILE}/calls/{call_id}/keys", expect=400, keys="1")
    assert "ended" in refused["error"]


@pytest.mark.parametrize(("line", "code"), [("busy", "200002"), ("off", "200010"), ("unreachable", "200007")])
async def test_lines_that_do_not_ring(box: Box, line: str, code: str) -> None:
    await box.control(f"phones/{MOBILE}", line=line)
    await ring(box)
    await box.advance(2)
    await eventually(lambda: reports(box))
    assert reports(box)[0]["status_code"] == code
    assert (await box.phone())["calls"] == []


async def test_second_call_meets_a_busy_line_and_strange_numbers_are_wrong(box: Box) -> None:
    await ring(box)
    await box.advance(40)
    box.world.clock.offset += 30
    await ring(box, CalledNumber="13900009999")
    await box.advance(2)
    await eventually(lambda: reports(box))
    assert "200004" in [item["status_code"] for item in reports(box)]


async def test_calls_to_one_number_are_limited_and_failed_ones_count(box: Box) -> None:
    await box.control(f"phones/{MOBILE}", line="busy")

    async def call() -> str:
        return str((await box.rpc("voice", "IvrCall", **ASK))[1]["Code"])

    assert await call() == "OK"
    assert await call() == "isv.BUSINESS_LIMIT_CONTROL"
    for _ in range(3):
        await box.advance(61)
        assert await call() == "OK"
    await box.advance(61)
    assert await call() == "isv.BUSINESS_LIMIT_CONTROL"


async def test_spoken_notice_plays_to_its_end(box: Box) -> None:
    parameters = {"CalledNumber": MOBILE, "TtsCode": "BYE", "PlayTimes": "2"}
    call_id = (await box.rpc("voice", "SingleCallByTts", **parameters))[1]["CallId"]
    await box.control(f"phones/{MOBILE}/calls/{call_id}/answer")
    await eventually(lambda: reports(box))
    assert reports(box)[0]["status_code"] == "200000"
    assert (await live_call(box))["spoken"] == ["再见。", "再见。"]


async def test_two_people_are_connected(box: Box) -> None:
    parameters = {"CallerNumber": "13800000002", "CalledNumber": MOBILE, "OutId": "v"}
    call_id = (await box.rpc("voice", "ClickToDial", **parameters))[1]["CallId"]
    assert (await box.phone())["calls"] == []
    await box.control(f"phones/13800000002/calls/{call_id}/answer")
    other = await live_call(box)
    await box.control(f"phones/{MOBILE}/calls/{other['id']}/answer")
    await box.control(f"phones/{MOBILE}/calls/{other['id']}/hangup")
    await eventually(lambda: reports(box) and len(reports(box, "status_time")) == 3)
    assert [item["status_code"] for item in reports(box, "status_time")] == ["200101", "200102", "200103"]
    (report,) = reports(box)
    assert (report["call_id"], report["status_code"]) == (call_id, "200100")
    assert (await box.phone("13800000002"))["calls"][-1]["state"] == "ended"


async def test_two_way_call_whose_callee_is_away(box: Box) -> None:
    await box.control(f"phones/{MOBILE}", line="off")
    parameters = {"CallerNumber": "13800000002", "CalledNumber": MOBILE}
    call_id = (await box.rpc("voice", "ClickToDial", **parameters))[1]["CallId"]
    await box.control(f"phones/13800000002/calls/{call_id}/answer")
    await box.advance(2)
    await eventually(lambda: reports(box))
    assert reports(box)[0]["call_id"] == call_id
    assert (await box.phone("13800000002"))["calls"][-1]["state"] == "ended"
