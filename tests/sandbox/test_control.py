"""The control API: phones by the thousand, autopilots, clock, waiting, ledger, stream."""

from __future__ import annotations

import asyncio
import json

from tests.drivers.waiting import eventually, let_others_run
from tests.sandbox.conftest import MOBILE, Box, Delivery
from tests.sandbox.test_alibaba import ASK, reports


async def test_twenty_thousand_phones_are_made_by_one_call(box: Box) -> None:
    made = await box.control("phones/bulk", count=20_000, first_mobile=15_000_000_000, pool="demo", follows=True)
    assert made["created"] == 20_000
    assert (await box.phone("15000019999"))["chats"]["demo"]["following"]
    listed = await (await box.client.get("/control/phones", params={"q": "15000019999"})).json()
    assert listed["total"] == 1


async def test_number_belongs_to_one_phone(box: Box) -> None:
    refused = await box.control("phones", expect=400, name="王五", mobile=MOBILE)
    assert MOBILE in refused["error"]


async def test_errors_say_what_is_wrong(box: Box) -> None:
    assert "content" in (await box.control(f"phones/{MOBILE}/text", expect=400))["error"]
    assert "follow first" in (await box.control("phones/13800000002/text", expect=400, content="x"))["error"]
    assert (await box.control("phones/nobody/text", expect=404, content="x"))["error"] == "no phone 'nobody'"
    assert "no vendor" in (await box.control("faults", expect=400, vendor="x", kind="slow"))["error"]
    assert (await box.client.post("/control/phones", data=b"[1]")).status == 400


async def test_a_clock_move_is_forwarded_to_the_service(box: Box) -> None:
    before = box.world.clock.now()
    answer = await box.control("clock", offset_seconds=3600)
    assert answer["forwarded"] is True
    assert box.service.clock == [3600]
    assert box.world.clock.now() - before >= 3600


async def test_autopilot_answers_the_phone_and_presses_twice(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/autopilot", choice="accept", by="voice", after=2)
    await box.rpc("voice", "IvrCall", **ASK)
    for _ in range(4):
        await box.advance(3)
        await let_others_run()
    await eventually(lambda: reports(box))
    assert (reports(box)[0]["dtmf"], reports(box)[0]["status_code"]) == ("11", "200000")


async def test_what_is_due_or_on_its_way_is_counted(box: Box) -> None:
    async def count_under_way() -> int:
        return int((await (await box.client.get("/control/under-way")).json())["count"])

    assert await count_under_way() == 0
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def wait(delivery: Delivery) -> bytes:
        arrived.set()
        await go_on.wait()
        return b"success"

    box.service.reply = wait
    box.world.timeline.run_after(60, lambda: None)
    body = {"touser": await box.openid(), "template_id": "INVITE", "data": {"time1": {"value": "9:30"}}}
    body["data"] |= {"thing2": {"value": "三楼"}}
    await box.api("/cgi-bin/message/template/send", body)
    await arrived.wait()
    assert await count_under_way() == 1, "the report of the message; what is due in a minute does not count"
    go_on.set()
    await eventually(lambda: not box.world.under_way)
    assert await count_under_way() == 0


async def test_silent_autopilot_lets_it_ring(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/autopilot", choice="silent", after=0)
    await box.rpc("voice", "IvrCall", **ASK)
    await box.advance(46)
    await eventually(lambda: reports(box))
    assert reports(box)[0]["status_code"] == "200003"


async def test_autopilot_declines_by_chat_and_confirms_the_read_back(box: Box) -> None:
    def reply(delivery: Delivery) -> bytes:
        content = str(delivery.fields.get("Content", ""))
        if content == "不参加":
            ask = '您选择不参加。<a href="weixin://bizmsgmenu?msgmenucontent=确认&msgmenuid=9">确认</a>'
            return box.service.passive(delivery, MsgType="text", Content=ask)
        return b"success"

    box.service.reply = reply
    await box.control(f"phones/{MOBILE}/autopilot", choice="decline", by="chat", after=0)
    body = {
        "touser": await box.openid(),
        "template_id": "INVITE",
        "data": {"time1": {"value": "9:30"}, "thing2": {"value": "三楼"}},
    }
    await box.api("/cgi-bin/message/template/send", body)
    await eventually(lambda: [d.fields.get("bizmsgmenuid") for d in box.service.deliveries][-1:] == ["9"])
    assert [bubble["text"] for bubble in await box.bubbles() if bubble["side"] == "me"] == ["不参加", "确认"]


async def test_autopilot_leaves_a_loop_with_the_account(box: Box) -> None:
    ask = '请选择：<a href="weixin://bizmsgmenu?msgmenucontent=参加&msgmenuid=9">参加</a>'
    box.service.says(ask)
    await box.control("phones/*/autopilot", choice="accept", by="chat", after=0)
    await box.control(f"phones/{MOBILE}/text", content="你好")
    await eventually(lambda: len(box.service.deliveries) == 7)
    await let_others_run()
    assert len(box.service.deliveries) == 7


async def test_waiting_returns_as_soon_as_something_comes(box: Box) -> None:
    seen = (await box.phone())["changes"]

    waiting = asyncio.create_task(
        box.client.get(f"/control/phones/{MOBILE}/wait", params={"changes": seen, "timeout": 10})
    )
    await let_others_run()
    assert not waiting.done()
    await box.rpc(
        "sms", "SendSms", PhoneNumbers=MOBILE, SignName="x", TemplateCode="NOTICE", TemplateParam='{"time":1}'
    )
    assert (await (await waiting).json())["changes"] > seen


async def test_ledger_keeps_both_directions_without_secrets(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/text", content="你好")
    await box.token()
    answer = await (await box.client.get("/control/ledger")).json()
    assert answer["counts"] == {"wechat out text": 1, "wechat in /cgi-bin/stable_token": 1}
    assert "sandbox-secret" not in json.dumps(answer)


async def test_the_stream_reports_messages(box: Box) -> None:
    async with box.client.get("/control/stream") as response:
        await response.content.readline()
        await box.control(f"phones/{MOBILE}/text", content="你好")
        seen = []
        while "ledger" not in seen:
            line = (await response.content.readline()).decode()
            if line.startswith("data: "):
                seen.append(json.loads(line[6:])["type"])
    assert "bubble" in seen


async def test_bubbles_history_can_be_switched_off(box: Box) -> None:
    await box.control("history", bubbles=1)
    await box.control("phones/13800000002/follow")
    await box.control("phones/13800000002/text", content="一")
    await box.control("phones/13800000002/text", content="二")
    assert [item["text"] for item in await box.bubbles("13800000002")] == ["二"]
