"""What the sandbox and our clients of WeChat agree on."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from domain.errors import NeedsOperator, OutcomeUnknown, Rejected, Transient
from services.ports import MenuItem, TemplateMessage
from tests.contracts.conftest import MOBILE, OA, World

FIELDS = {"time1": "2026年11月21日 09:30", "thing2": "广州市天河区天润路三百三十三号公共资源交易中心三楼"}


async def send(world: World, openid: str, number: int = 1) -> str:
    message = TemplateMessage(openid, "draw_call", FIELDS, "https://x/i/1", f"n{number}")
    return await world.official.send_template("demo", message)


async def test_a_template_message_reaches_a_follower_cut_to_fit(world: World) -> None:
    openid = await world.openid()
    assert (await send(world, openid)).isdigit()
    phone = str(await world.control(f"phones/{MOBILE}"))
    assert FIELDS["thing2"][:19] + "…" in phone


async def test_the_same_client_msg_id_is_sent_once(world: World) -> None:
    openid = await world.openid()
    assert await send(world, openid) == await send(world, openid)
    assert await send(world, openid) != await send(world, openid, 2)


async def test_a_subscription_notice_needs_a_consent_and_uses_it_up(world: World) -> None:
    openid = await world.openid()
    message = TemplateMessage(openid, "draw_call", FIELDS, "https://x/i/1", "n1")
    with pytest.raises(Rejected) as caught:
        await world.official.send_subscription("demo", message, "TPL_CALL")
    assert caught.value.vendor_code == "43101"
    await world.control(f"phones/{MOBILE}/consent", {"template_id": "TPL_CALL", "target": "account"})
    await world.official.send_subscription("demo", message, "TPL_CALL")
    assert "https://x/i/1" in str(await world.control(f"phones/{MOBILE}"))
    with pytest.raises(Rejected):
        await world.official.send_subscription("demo", message, "TPL_CALL")


async def test_who_does_not_follow_gets_no_template_message(world: World) -> None:
    openid = await world.openid()
    await world.control(f"phones/{MOBILE}/unfollow", {})
    with pytest.raises(Rejected) as caught:
        await send(world, openid)
    assert caught.value.vendor_code == "43004"


async def test_an_unknown_template_or_person_is_refused(world: World) -> None:
    openid = await world.openid()
    with pytest.raises(NeedsOperator) as template:
        await world.official.send_template("demo", TemplateMessage(openid, "nothing", FIELDS, "", "n"))
    with pytest.raises(Rejected) as person:
        await send(world, "o-nobody")
    assert (template.value.vendor_code, person.value.vendor_code) == ("40037", "40003")


async def test_an_open_window_takes_text_and_choices_and_then_closes(world: World) -> None:
    openid = await world.openid()  # following opens a window of three messages
    await world.official.send_text("demo", openid, "您好：“测试”]]>")
    await world.official.send_menu(
        "demo", openid, "参加吗？", [MenuItem(70001, "参加"), MenuItem(70002, "不参加")], "点选即可"
    )
    await world.official.send_text("demo", openid, "三")
    with pytest.raises(Rejected) as caught:
        await world.official.send_text("demo", openid, "四")
    assert caught.value.vendor_code == "45047"
    phone = str(await world.control(f"phones/{MOBILE}"))
    assert "您好：“测试”]]>" in phone
    assert "70001" in phone


async def test_a_revoked_token_is_replaced_within_the_same_request(world: World) -> None:
    openid = await world.openid()
    await send(world, openid)
    await world.control("tokens/revoke", {"appid": OA})
    assert await send(world, openid, 2)


async def test_many_sends_at_once_fetch_one_token(world: World) -> None:
    openid = await world.openid()
    await asyncio.gather(*(send(world, openid, number) for number in range(30)))
    assert world.tools.count_calls("wechat", "stable_token", "ok") == 1
    assert world.tools.count_calls("wechat", "/cgi-bin/message/template/send", "ok") == 30


async def test_a_used_up_quota_is_not_asked_again(world: World) -> None:
    openid = await world.openid()
    await world.control("quotas", {"path": "/cgi-bin/message/template/send", "limit": 1})
    await send(world, openid)
    for _ in range(3):
        with pytest.raises(Transient) as caught:
            await send(world, openid, 2)
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 86400
    ledger = str(await world.control("ledger?vendor=wechat"))
    assert ledger.count("'/cgi-bin/message/template/send'") == 2


async def test_a_dropped_answer_is_unknown_and_repeating_sends_nothing_twice(world: World) -> None:
    openid = await world.openid()
    await world.official.create_scene("demo", "venue-7", 600)  # so that the fault meets the message, not the token
    await world.control("faults", {"vendor": "wechat", "kind": "drop_answer", "count": 1, "seconds": 0})
    with pytest.raises(OutcomeUnknown):
        await send(world, openid)
    assert await send(world, openid)
    assert len(await world.bubbles("template")) == 1


async def test_the_menu_is_put(world: World) -> None:
    buttons: list[dict[str, object]] = [
        {"type": "click", "name": "我的邀请", "key": "invitations"},
        {"name": "更多", "sub_button": [{"type": "view", "name": "帮助", "url": "https://x/help"}]},
    ]
    await world.official.create_menu("demo", buttons)
    assert "我的邀请" in str((await world.control("state"))["accounts"])


async def test_followers_of_a_group_have_its_menu_which_is_replaced_as_a_whole(world: World) -> None:
    openid = await world.openid()
    await world.official.create_menu("demo", [{"type": "click", "name": "帮助", "key": "HELP"}])
    with pytest.raises(Rejected) as caught:
        await world.official.move_follower("demo", openid, "", "expert")
    assert caught.value.vendor_code == "no_tag"
    for name in ("我的邀请", "评标邀请"):
        menus = {group: [{"type": "click", "name": name, "key": group}] for group in ("expert", "agency")}
        await world.official.create_menus_by_role("demo", menus)
    await world.official.move_follower("demo", openid, "", "agency")
    await world.official.move_follower("demo", openid, "agency", "expert")
    await world.official.move_follower("demo", openid, "agency", "expert")
    await world.control(f"phones/{MOBILE}/menu", {"button": "评标邀请"})
    assert any(b"<EventKey><![CDATA[expert]]></EventKey>" in callback for callback in world.receiver.callbacks)
    assert "我的邀请" not in str((await world.control("state"))["accounts"])
    await world.official.move_follower("demo", openid, "expert", "")
    await world.control(f"phones/{MOBILE}/menu", {"button": "帮助"})


async def test_who_does_not_follow_is_in_no_group(world: World) -> None:
    openid = await world.openid()
    await world.official.create_menu("demo", [{"type": "click", "name": "帮助", "key": "HELP"}])
    await world.official.create_menus_by_role("demo", {"staff": [{"type": "click", "name": "工作", "key": "WORK"}]})
    await world.control(f"phones/{MOBILE}/unfollow", {})
    with pytest.raises(Rejected) as caught:
        await world.official.move_follower("demo", openid, "", "staff")
    assert caught.value.vendor_code == "40003"


async def test_a_menu_that_is_too_large_is_refused(world: World) -> None:
    with pytest.raises(Rejected):
        await world.official.create_menu("demo", [{"type": "click", "name": "x", "key": "k"}] * 4)


async def test_a_scanned_scene_code_brings_its_scene_back(world: World) -> None:
    await world.openid()
    text = await world.official.create_scene("demo", "venue-7", 600)
    await world.control(f"phones/{MOBILE}/scan", {"content": text})
    assert any(b"<EventKey><![CDATA[venue-7]]></EventKey>" in callback for callback in world.receiver.callbacks)


async def test_a_visitor_of_wechats_browser_comes_back_known_once(world: World) -> None:
    openid = await world.openid()
    service = str((await world.control("state"))["service_url"])
    url = world.official.authorize_url("demo", f"{service}/h5/in?a=1", "S1")
    async with world.session.get(f"{url.partition('#')[0]}&phone={MOBILE}", allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query["state"] == ["S1"]
    user = await world.official.web_user("demo", query["code"][0])
    assert user.openid == openid
    with pytest.raises(Rejected) as caught:
        await world.official.web_user("demo", query["code"][0])
    assert caught.value.vendor_code == "40163"


async def code(world: World, kind: str) -> str:
    return str((await world.control(f"phones/{MOBILE}/{kind}", {}))["code"])


async def test_a_login_code_works_once(world: World) -> None:
    given = await code(world, "login_code")
    assert (await world.mini.login("demo", given)).openid
    with pytest.raises(Rejected) as caught:
        await world.mini.login("demo", given)
    assert caught.value.vendor_code == "40163"


async def test_a_phone_code_is_no_login_code(world: World) -> None:
    given = await code(world, "phone_code")
    with pytest.raises(Rejected):
        await world.mini.login("demo", given)
    assert await world.mini.phone_number("demo", given) == MOBILE
    with pytest.raises(Rejected):
        await world.mini.phone_number("demo", given)


async def test_a_subscribe_message_uses_up_one_consent(world: World) -> None:
    openid = (await world.mini.login("demo", await code(world, "login_code"))).openid
    await world.control(f"phones/{MOBILE}/consent", {"template_id": "TPL_CALL"})
    await world.mini.send_subscribe("demo", openid, "draw_call", FIELDS, page="pages/index/index")
    with pytest.raises(Rejected) as caught:
        await world.mini.send_subscribe("demo", openid, "draw_call", FIELDS, page="pages/index/index")
    assert caught.value.vendor_code == "43101"


async def test_two_subscribe_messages_at_the_same_moment_ask_to_come_back(world: World) -> None:
    openid = (await world.mini.login("demo", await code(world, "login_code"))).openid
    for _ in range(2):
        await world.control(f"phones/{MOBILE}/consent", {"template_id": "TPL_CALL"})
    await world.mini.url_link("demo", "pages/index/index", "a=1", 60)  # the token is there already
    sends = (world.mini.send_subscribe("demo", openid, "draw_call", FIELDS, page="p") for _ in range(2))
    results = await asyncio.gather(*sends, return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [Transient]


async def test_a_link_opens_the_mini_program(world: World) -> None:
    link = await world.mini.url_link("demo", "pages/index/index", "i=1", 30 * 86400)
    async with world.session.get(link) as response:
        assert response.status == 200
