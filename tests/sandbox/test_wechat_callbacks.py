"""Callbacks: modes, retries, replies and what the phone shows."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.wechat.callbacks import BROKEN
from tests.drivers.waiting import eventually
from tests.sandbox.conftest import APPID, GH, MOBILE, Box, Delivery, Mode, Service, open_box, settings


async def test_text_arrives_encrypted_and_the_reply_shows(box: Box) -> None:
    box.service.says("您好")
    answer = await box.control(f"phones/{MOBILE}/text", content="你好 ]]> <b>")
    delivery = box.service.deliveries[0]
    assert delivery.query["encrypt_type"] == "aes"
    assert b"Content" not in delivery.body
    assert delivery.fields["Content"] == "你好 ]]> <b>"
    assert delivery.fields["ToUserName"] == GH
    assert delivery.fields["FromUserName"] == delivery.query["openid"]
    assert answer["deliveries"] == 1
    assert [(item["side"], item["text"]) for item in await box.bubbles()] == [
        ("me", "你好 ]]> <b>"),
        ("account", "您好"),
    ]


async def test_links_of_a_reply_can_be_tapped(box: Box) -> None:
    box.service.says(
        '请选择：<a href="weixin://bizmsgmenu?msgmenucontent=我参加&msgmenuid=101">参加</a>'
        ' 或 <a href="https://x.test/h5?a=1&amp;b=2">看详情</a>'
    )
    await box.control(f"phones/{MOBILE}/text", content="1")
    bubble = (await box.bubbles())[-1]
    assert bubble["text"] == "请选择：参加 或 看详情"
    assert [link["kind"] for link in bubble["links"]] == ["menu", "url"]
    opened = await box.control(f"phones/{MOBILE}/tap", label="看详情")
    assert opened["open_url"] == "https://x.test/h5?a=1&b=2"
    await box.control(f"phones/{MOBILE}/tap", label="参加")
    last = box.service.deliveries[-1].fields
    assert (last["Content"], last["bizmsgmenuid"]) == ("我参加", "101")


async def test_unanswered_message_is_delivered_three_times_then_the_account_is_down(box: Box) -> None:
    async def never(_: Delivery) -> bytes:
        await asyncio.Event().wait()
        return b"success"

    box.service.reply = never
    answer = await box.control(f"phones/{MOBILE}/text", content="有人吗")
    assert (answer["deliveries"], answer["answered"]) == (3, False)
    assert len({item.fields["MsgId"] for item in box.service.deliveries}) == 1
    assert len({item.query["nonce"] for item in box.service.deliveries}) == 3
    last = (await box.bubbles())[-1]
    assert (last["side"], last["text"]) == ("system", BROKEN)


async def test_retry_that_is_answered_shows_its_reply(box: Box) -> None:
    async def second(delivery: Delivery) -> bytes:
        if len(box.service.deliveries) == 1:
            await asyncio.Event().wait()
        return box.service.passive(delivery, MsgType="text", Content="来了")

    box.service.reply = second
    answer = await box.control(f"phones/{MOBILE}/text", content="有人吗")
    assert answer["deliveries"] == 2
    assert [item["text"] for item in answer["reply"]] == ["来了"]


@pytest.mark.parametrize("silent", [b"", b"success"])
async def test_success_and_empty_are_silent(box: Box, silent: bytes) -> None:
    box.service.reply = lambda _: silent
    answer = await box.control(f"phones/{MOBILE}/text", content="x")
    assert answer["reply"] == []


async def test_garbage_unencrypted_and_misaddressed_replies_show_a_fault(box: Box) -> None:
    def plain(delivery: Delivery) -> bytes:
        return box.service.passive(delivery, MsgType="text", Content="x") if box.service.mode == "plain" else b"<xml/>"

    def strange(delivery: Delivery) -> bytes:
        delivery.fields["FromUserName"] = "somebody-else"
        return box.service.passive(delivery, MsgType="text", Content="x")

    for reply in (lambda _: b'{"a":1}', plain, strange):
        box.service.reply = reply
        answer = await box.control(f"phones/{MOBILE}/text", content="x")
        assert [item["text"] for item in answer["reply"]] == [BROKEN]


async def test_reply_with_a_wrong_signature_shows_a_fault(box: Box) -> None:
    def forged(delivery: Delivery) -> bytes:
        good = box.service.passive(delivery, MsgType="text", Content="x")
        return good.replace(b"<TimeStamp>1<", b"<TimeStamp>2<")

    box.service.reply = forged
    answer = await box.control(f"phones/{MOBILE}/text", content="x")
    assert answer["note"] == "the reply's MsgSignature is wrong"


@pytest.mark.parametrize("mode", ["plain", "compatible"])
async def test_other_modes_speak_as_documented(service: Service, mode: Mode) -> None:
    data = settings(service.url)
    data["accounts"][0]["mode"] = mode
    service.mode = mode
    box = await open_box(service, accounts=data["accounts"])
    try:
        service.says("好")
        answer = await box.control(f"phones/{MOBILE}/text", content="你好")
        assert [item["text"] for item in answer["reply"]] == ["好"]
        body = service.deliveries[0].body
        assert b"Content" in body
        assert (b"Encrypt" in body) == (mode == "compatible")
        await box.control("faults", vendor="wechat", kind="wrong_signature", count=3)
        answer = await box.control(f"phones/{MOBILE}/text", content="又")
        assert [item["text"] for item in answer["reply"]] == [BROKEN]
    finally:
        await box.client.close()


async def test_following_through_a_scene_code_carries_the_prefix_and_scanning_later_does_not(box: Box) -> None:
    made = await box.api(
        "/cgi-bin/qrcode/create",
        {"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "bind-7"}}},
    )
    await box.control("phones/13800000002/scan", content=made["url"])
    await box.control("phones/13800000002/scan", content=made["url"])
    first, second = (item.fields for item in box.service.deliveries)
    assert (first["Event"], first["EventKey"], first["Ticket"]) == ("subscribe", "qrscene_bind-7", made["ticket"])
    assert (second["Event"], second["EventKey"]) == ("SCAN", "bind-7")
    image = await box.client.get("/wechat/cgi-bin/showqrcode", params={"ticket": made["ticket"]})
    assert image.content_type == "image/svg+xml"
    await box.advance(601)
    refused = await box.control("phones/13800000002/scan", expect=400, content=made["url"])
    assert "expired" in refused["error"]


async def test_every_raw_event_can_be_pushed(box: Box) -> None:
    fields = {
        "MsgType": "event",
        "Event": "subscribe_msg_popup_event",
        "SubscribeMsgPopupEvent": {"List": [{"TemplateId": "A"}, {"TemplateId": "B"}]},
    }
    await box.control(f"phones/{MOBILE}/raw", fields=fields)
    got = box.service.deliveries[0].fields["SubscribeMsgPopupEvent"]
    assert got == {"List": [{"TemplateId": "A"}, {"TemplateId": "B"}]}


async def test_news_may_hold_one_article_after_a_message_and_more_after_a_tap(box: Box) -> None:
    articles = {"item": [{"Title": "甲", "Url": "https://a.test/"}, {"Title": "乙", "Url": "https://b.test/"}]}
    box.service.reply = lambda delivery: box.service.passive(
        delivery, MsgType="news", ArticleCount=2, Articles=articles
    )
    refused = await box.control(f"phones/{MOBILE}/text", content="x")
    assert refused["note"].startswith("news must hold")
    shown = await box.control(f"phones/{MOBILE}/raw", fields={"MsgType": "event", "Event": "CLICK", "EventKey": "K"})
    assert shown["reply"][0]["text"] == "甲\n乙"


async def test_faults_strike_callbacks(box: Box) -> None:
    await box.control("faults", vendor="wechat", kind="lost", count=1)
    await box.control(f"phones/{MOBILE}/text", content="一")
    assert box.service.deliveries == []
    await box.control("faults", vendor="wechat", kind="twice", count=1)
    await box.control(f"phones/{MOBILE}/text", content="二")
    await eventually(lambda: len(box.service.deliveries) >= 2)  # the copy is sent beside the message
    assert [item.fields["Content"] for item in box.service.deliveries] == ["二", "二"]
    await box.control("faults", vendor="*", kind="wrong_signature", count=3)
    answer = await box.control(f"phones/{MOBILE}/text", content="三")
    assert [item["text"] for item in answer["reply"]] == [BROKEN]


async def test_openids_differ_by_app_and_stay_the_same(box: Box, service: Service) -> None:
    first = await box.openid()
    other = await open_box(service)
    try:
        assert await other.openid() == first
        assert len(first) == 28
        code = (await box.control(f"phones/{MOBILE}/login_code"))["code"]
        query = {"appid": "wxmini0000000000", "secret": "sandbox-secret", "js_code": code}
        session = await box.api("/sns/jscode2session", **query, grant_type="authorization_code")
        assert session["openid"] != first
    finally:
        await other.client.close()
    assert APPID != "wxmini0000000000"
