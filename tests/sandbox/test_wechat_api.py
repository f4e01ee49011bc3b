"""The server API: tokens, sending and its windows, menus, log-in."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import FormData, ServerDisconnectedError

from tests.drivers.waiting import eventually
from tests.sandbox.conftest import APPID, MINI, MOBILE, Box, Service, open_box

INVITE = {"time1": {"value": "2026-11-21 09:30"}, "thing2": {"value": "三楼评标室"}}


async def template(box: Box, **more: object) -> dict[str, object]:
    body = {"touser": await box.openid(), "template_id": "INVITE", "data": INVITE, **more}
    return await box.api("/cgi-bin/message/template/send", body)


async def custom(box: Box, text: str = "x") -> int:
    body = {"touser": await box.openid(), "msgtype": "text", "text": {"content": text}}
    return int((await box.api("/cgi-bin/message/custom/send", body))["errcode"])


# -- tokens -----------------------------------------------------------------------------------------------------


async def get_stable_token(box: Box, **more: object) -> dict[str, object]:
    body = {"grant_type": "client_credential", "appid": APPID, "secret": "sandbox-secret", **more}
    return await box.api("/cgi-bin/stable_token", body, access_token="")


async def test_stable_token_stays_the_same_until_five_minutes_before_its_end(box: Box) -> None:
    first = await get_stable_token(box)
    assert (await get_stable_token(box))["access_token"] == first["access_token"]
    await box.advance(6880)
    assert (await get_stable_token(box))["access_token"] == first["access_token"]
    await box.advance(60)
    second = await get_stable_token(box)
    assert second["access_token"] != first["access_token"]
    assert "errcode" not in await box.api("/cgi-bin/getcallbackip", access_token=str(first["access_token"]))
    await box.advance(300)
    assert (await box.api("/cgi-bin/getcallbackip", access_token=str(first["access_token"])))["errcode"] == 42001


async def test_forced_refresh_kills_the_old_token_and_is_rationed(box: Box) -> None:
    first = await get_stable_token(box)
    second = await get_stable_token(box, force_refresh=True)
    assert second["access_token"] != first["access_token"]
    assert (await box.api("/cgi-bin/getcallbackip", access_token=str(first["access_token"])))["errcode"] == 40001
    assert (await get_stable_token(box, force_refresh=True))["errcode"] == 45011
    for _ in range(19):
        await box.advance(31)
        assert "access_token" in await get_stable_token(box, force_refresh=True)
    await box.advance(31)
    assert (await get_stable_token(box, force_refresh=True))["errcode"] == 45009


@pytest.mark.parametrize(
    ("change", "errcode"), [({"secret": "x"}, 40125), ({"appid": "wx"}, 40013), ({"grant_type": ""}, 40002)]
)
async def test_wrong_credentials_are_named(box: Box, change: dict[str, str], errcode: int) -> None:
    answer = await get_stable_token(box, **change)
    assert answer["errcode"] == errcode
    assert " rid: " in str(answer["errmsg"])


async def test_strange_and_missing_tokens_are_refused(box: Box) -> None:
    assert (await box.api("/cgi-bin/getcallbackip", access_token="x"))["errcode"] == 40001
    assert (await box.api("/cgi-bin/getcallbackip", access_token=""))["errcode"] == 41001


async def test_classic_token_lives_five_minutes_beside_its_successor(box: Box) -> None:
    query = {"grant_type": "client_credential", "appid": APPID, "secret": "sandbox-secret"}
    first = (await box.api("/cgi-bin/token", **query))["access_token"]
    await box.api("/cgi-bin/token", **query)
    assert "errcode" not in await box.api("/cgi-bin/getcallbackip", access_token=first)
    await box.advance(301)
    assert (await box.api("/cgi-bin/getcallbackip", access_token=first))["errcode"] == 42001


async def test_address_list_is_checked(service: Service) -> None:
    box = await open_box(service, wire={"allowed_ips": ["10.0.0.1"]})
    answer = await get_stable_token(box)
    await box.client.close()
    assert answer["errcode"] == 40164
    assert "127.0.0.1" in str(answer["errmsg"])


# -- template messages ------------------------------------------------------------------------------------------


async def test_template_message_shows_and_its_result_is_pushed(box: Box) -> None:
    answer = await template(box, url="https://x.test/i")
    bubble = (await box.bubbles())[-1]
    assert bubble["title"] == "评标邀请"
    assert bubble["text"] == "集合时间：2026-11-21 09:30\n地点：三楼评标室\n查看详情"
    await eventually(lambda: box.service.deliveries)
    fields = box.service.deliveries[0].fields
    assert (fields["Event"], fields["MsgID"], fields["Status"]) == (
        "TEMPLATESENDJOBFINISH",
        str(answer["msgid"]),
        "success",
    )


async def test_same_client_id_is_sent_once_in_ten_minutes(box: Box) -> None:
    first = await template(box, client_msg_id="a")
    assert (await template(box, client_msg_id="a"))["msgid"] == first["msgid"]
    assert len(await box.bubbles()) == 1
    await box.advance(601)
    assert (await template(box, client_msg_id="a"))["msgid"] != first["msgid"]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"template_id": "OTHER"}, 40037),
        ({"touser": "o-nobody"}, 40003),
        ({"data": {"time1": {"value": "明天"}, "thing2": {"value": "x"}}}, 47003),
        ({"data": {"time1": {"value": "9:30"}, "thing2": {"value": "字" * 21}}}, 47003),
        ({"data": {"time1": {"value": "9:30"}, "thing2": {"value": "a\nb"}}}, 47003),
        ({"data": {"time1": {"value": "9:30"}}}, 47003),
    ],
)
async def test_faulty_templates_are_refused(box: Box, change: dict[str, object], errcode: int) -> None:
    answer = await template(box, **change)
    assert answer["errcode"] == errcode
    assert await box.bubbles() == []


async def test_who_does_not_follow_gets_no_template(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/unfollow")
    assert (await template(box))["errcode"] == 43004


async def test_who_refuses_messages_is_reported_in_the_result(box: Box) -> None:
    await box.control(f"phones/{MOBILE}", refuses=True)
    assert (await template(box))["errcode"] == 0
    await eventually(lambda: box.service.deliveries)
    assert box.service.deliveries[0].fields["Status"] == "failed:user block"


async def test_daily_quota_ends_and_begins_anew(box: Box) -> None:
    await box.control("quotas", path="/cgi-bin/message/template/send", limit=1)
    assert (await template(box))["errcode"] == 0
    assert (await template(box))["errcode"] == 45009
    quota = (await box.api("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/message/template/send"}))["quota"]
    assert quota == {"daily_limit": 1, "used": 1, "remain": 0}
    assert (await box.api("/cgi-bin/clear_quota", {"appid": APPID}))["errcode"] == 0
    assert (await template(box))["errcode"] == 0
    await box.advance(86400)
    box.tokens.clear()
    assert (await template(box))["errcode"] == 0


# -- customer-service messages and their windows ----------------------------------------------------------------


async def test_writing_opens_five_messages_for_48_hours(box: Box) -> None:
    assert await custom(box) == 45015
    await box.control(f"phones/{MOBILE}/text", content="在吗")
    assert [await custom(box) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    await box.control(f"phones/{MOBILE}/text", content="在吗")
    await box.advance(48 * 3600 + 1)
    box.tokens.clear()
    assert await custom(box) == 45015


async def test_following_and_taps_open_three_messages_for_a_minute(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/unfollow")
    assert await custom(box) == 45015
    await box.control(f"phones/{MOBILE}/follow")
    assert [await custom(box) for _ in range(4)] == [0, 0, 0, 45047]
    await box.advance(61)
    assert await custom(box) == 45015


async def test_choice_counts_as_a_tap_and_strange_ids_come_back_as_zero(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/text", content="在吗")
    menu = {
        "head_content": "参加吗？",
        "list": [{"id": "70001", "content": "参加"}, {"id": "abc", "content": "不参加"}],
        "tail_content": "请点选",
    }
    body = {"touser": await box.openid(), "msgtype": "msgmenu", "msgmenu": menu}
    assert (await box.api("/cgi-bin/message/custom/send", body))["errcode"] == 0
    assert (await box.bubbles())[-1]["text"] == "参加吗？\n参加\n不参加\n请点选"
    await box.advance(48 * 3600 + 1)
    box.tokens.clear()
    await box.control(f"phones/{MOBILE}/tap", label="不参加")
    assert box.service.deliveries[-1].fields["bizmsgmenuid"] == "0"
    assert [await custom(box) for _ in range(4)] == [0, 0, 0, 45047]


async def test_too_long_texts_and_unknown_types_are_refused(box: Box) -> None:
    await box.control(f"phones/{MOBILE}/text", content="在吗")
    assert await custom(box, "字" * 683) == 45002
    body = {"touser": await box.openid(), "msgtype": "dance"}
    assert (await box.api("/cgi-bin/message/custom/send", body))["errcode"] == 40008


async def test_typing_needs_a_recent_exchange(box: Box) -> None:
    body = {"touser": await box.openid(), "command": "Typing"}
    assert (await box.api("/cgi-bin/message/custom/typing", body))["errcode"] == 45080
    await box.control(f"phones/{MOBILE}/text", content="在吗")
    assert (await box.api("/cgi-bin/message/custom/typing", body))["errcode"] == 0
    assert (await box.api("/cgi-bin/message/custom/typing", body))["errcode"] == 45081


async def test_uploaded_picture_can_be_sent_and_read_back(box: Box) -> None:
    form = FormData()
    form.add_field("media", b"\x89PNG...", filename="a.png", content_type="image/png")
    query = {"access_token": await box.token(), "type": "image"}
    made = await (await box.client.post("/wechat/cgi-bin/media/upload", params=query, data=form)).json()
    await box.control(f"phones/{MOBILE}/text", content="图")
    body = {"touser": await box.openid(), "msgtype": "image", "image": {"media_id": made["media_id"]}}
    assert (await box.api("/cgi-bin/message/custom/send", body))["errcode"] == 0
    shown = await box.client.get(f"/control/media/{(await box.bubbles())[-1]['image']}")
    assert await shown.read() == b"\x89PNG..."
    await box.advance(3 * 86400 + 1)
    box.tokens.clear()
    assert (await box.api("/cgi-bin/media/get", media_id=made["media_id"]))["errcode"] == 40007


# -- subscribe messages -----------------------------------------------------------------------------------------


async def subscribe_body(box: Box) -> dict[str, object]:
    code = (await box.control(f"phones/{MOBILE}/login_code"))["code"]
    query = {"appid": MINI, "secret": "sandbox-secret", "js_code": code, "grant_type": "authorization_code"}
    openid = (await box.api("/sns/jscode2session", **query))["openid"]
    return {"touser": openid, "template_id": "T", "page": "pages/i", "data": {"thing1": {"value": "邀请"}}}


async def test_each_consent_allows_one_message(box: Box) -> None:
    body = await subscribe_body(box)
    assert (await box.api("/cgi-bin/message/subscribe/send", body))["errcode"] == 43101
    await box.control(f"phones/{MOBILE}/consent", template_id="T")
    assert (await box.api("/cgi-bin/message/subscribe/send", body))["errcode"] == 0
    assert (await box.api("/cgi-bin/message/subscribe/send", body))["errcode"] == 43101


async def test_a_long_term_consent_is_not_used_up(box: Box) -> None:
    body = {**await subscribe_body(box), "template_id": "LONG"}
    assert (await box.api("/cgi-bin/message/subscribe/send", body))["errcode"] == 43101
    for _ in range(2):
        await box.control(f"phones/{MOBILE}/consent", template_id="LONG")
    for _ in range(3):
        assert (await box.api("/cgi-bin/message/subscribe/send", body))["errcode"] == 0


async def test_sends_to_one_person_at_the_same_moment_are_refused(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.wechat.messages.ON_ITS_WAY", 1.0)  # on a busy machine a moment is long
    body = await subscribe_body(box)
    for _ in range(3):
        await box.control(f"phones/{MOBILE}/consent", template_id="T")
    answers = await asyncio.gather(*(box.api("/cgi-bin/message/subscribe/send", body) for _ in range(3)))
    assert sorted(item["errcode"] for item in answers) == [0, 43108, 43108]


async def test_account_notice_needs_consent_and_reports_its_id(box: Box) -> None:
    body = {"touser": await box.openid(), "template_id": "INVITE", "page": "https://x.test/", "data": INVITE}
    assert (await box.api("/cgi-bin/message/subscribe/bizsend", body))["errcode"] == 43101
    await box.control(f"phones/{MOBILE}/consent", template_id="INVITE", target="account")
    assert box.service.events() == ["subscribe_msg_popup_event"]
    assert (await box.api("/cgi-bin/message/subscribe/bizsend", body))["errcode"] == 0
    await eventually(lambda: box.service.events()[-1] == "subscribe_msg_sent_event")
    sent = box.service.deliveries[-1].fields["SubscribeMsgSentEvent"]["List"]
    assert (sent["TemplateId"], sent["ErrorCode"]) == ("INVITE", "0")


# -- menus, users, log-in ---------------------------------------------------------------------------------------


async def test_menu_is_created_tapped_and_deleted(box: Box) -> None:
    buttons = [
        {"type": "click", "name": "我的", "key": "ME"},
        {"name": "更多", "sub_button": [{"type": "view", "name": "网页", "url": "https://x.test/"}]},
    ]
    assert (await box.api("/cgi-bin/menu/create", {"button": buttons}))["errcode"] == 0
    await box.control(f"phones/{MOBILE}/menu", button="我的")
    opened = await box.control(f"phones/{MOBILE}/menu", button="网页")
    assert opened["open_url"] == "https://x.test/"
    assert [(f.fields["Event"], f.fields["EventKey"]) for f in box.service.deliveries] == [
        ("CLICK", "ME"),
        ("VIEW", "https://x.test/"),
    ]
    assert (await box.api("/cgi-bin/menu/delete"))["errcode"] == 0
    assert (await box.api("/cgi-bin/menu/get"))["errcode"] == 46003


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([{"type": "click", "name": "一二三四五六", "key": "K"}], 40018),
        ([{"type": "dance", "name": "一", "key": "K"}], 40017),
        ([{"type": "click", "name": "一"}], 40015),
    ],
)
async def test_faulty_menus_are_refused(box: Box, buttons: list[dict[str, str]], errcode: int) -> None:
    assert (await box.api("/cgi-bin/menu/create", {"button": buttons}))["errcode"] == errcode


async def test_escaped_characters_are_refused_in_menus(box: Box) -> None:
    raw = b'{"button":[{"type":"click","name":"\\u6211","key":"K"}]}'
    query = {"access_token": await box.token()}
    answer = await (await box.client.post("/wechat/cgi-bin/menu/create", params=query, data=raw)).json()
    assert answer["errcode"] == 40033


async def test_user_info_covers_followers_only(box: Box) -> None:
    openid = await box.openid()
    assert (await box.api("/cgi-bin/user/info", openid=openid))["subscribe"] == 1
    assert (await box.api("/cgi-bin/user/get"))["data"]["openid"] == [openid]
    await box.control(f"phones/{MOBILE}/unfollow")
    assert await box.api("/cgi-bin/user/info", openid=openid) == {"subscribe": 0, "openid": openid}


async def test_log_in_code_works_once_for_five_minutes(box: Box) -> None:
    query = {"appid": MINI, "secret": "sandbox-secret", "grant_type": "authorization_code"}
    code = (await box.control(f"phones/{MOBILE}/login_code"))["code"]
    assert "session_key" in await box.api("/sns/jscode2session", js_code=code, **query)
    assert (await box.api("/sns/jscode2session", js_code=code, **query))["errcode"] == 40163
    late = (await box.control(f"phones/{MOBILE}/login_code"))["code"]
    await box.advance(301)
    assert (await box.api("/sns/jscode2session", js_code=late, **query))["errcode"] == 40029


async def test_phone_number_code_gives_the_number_once(box: Box) -> None:
    code = (await box.control(f"phones/{MOBILE}/phone_code"))["code"]
    info = (await box.api("/wxa/business/getuserphonenumber", {"code": code}))["phone_info"]
    assert info["purePhoneNumber"] == MOBILE
    assert (await box.api("/wxa/business/getuserphonenumber", {"code": code}))["errcode"] == 40029


async def test_link_opens_the_mini_program_until_it_expires(box: Box) -> None:
    body = {"path": "pages/exam", "query": "id=7", "expire_type": 1, "expire_interval": 1}
    link = (await box.api("/wxa/generate_urllink", body))["url_link"]
    assert (await box.control(f"phones/{MOBILE}/scan", content=link))["open_mini"] == "pages/exam?id=7"
    await box.advance(86401)
    await box.control(f"phones/{MOBILE}/scan", expect=400, content=link)


async def test_browser_of_a_phone_agrees_and_its_code_names_the_person(box: Box) -> None:
    query = {
        "appid": APPID,
        "redirect_uri": f"{box.service.url}/h5/bind?x=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s",
        "phone": MOBILE,
    }
    page = await box.client.get("/wechat/connect/oauth2/authorize", params=query, allow_redirects=False)
    location = page.headers["Location"]
    assert location.startswith("/phone/p1/service/h5/bind?x=1&code=")
    code = location.split("code=")[1].split("&")[0]
    code_query = {"appid": APPID, "secret": "sandbox-secret", "code": code, "grant_type": "authorization_code"}
    assert (await box.api("/sns/oauth2/access_token", **code_query))["openid"] == await box.openid()
    assert (await box.api("/sns/oauth2/access_token", **code_query))["errcode"] == 40163
    stolen = {**query, "redirect_uri": "https://evil.test/"}
    assert (await box.client.get("/wechat/connect/oauth2/authorize", params=stolen)).status == 400


# -- faults -----------------------------------------------------------------------------------------------------


async def test_faults_strike_calls(box: Box) -> None:
    query = {"access_token": await box.token()}
    await box.control("faults", vendor="wechat", kind="fail_500", count=1)
    assert (await box.client.get("/wechat/cgi-bin/getcallbackip", params=query)).status == 500
    assert (await box.client.get("/wechat/cgi-bin/getcallbackip", params=query)).status == 200
    await box.control("faults", vendor="*", kind="quota_used_up")
    assert (await template(box))["errcode"] == 45009
    await box.control("faults/clear")
    assert (await template(box))["errcode"] == 0


async def test_dropped_answer_has_done_its_work(box: Box) -> None:
    body = {"touser": await box.openid(), "template_id": "INVITE", "data": INVITE}
    query = {"access_token": await box.token()}
    await box.control("faults", vendor="wechat", kind="drop_answer", count=1)
    with pytest.raises(ServerDisconnectedError):
        await box.client.post("/wechat/cgi-bin/message/template/send", params=query, json=body)
    assert len(await box.bubbles()) == 1
