"""Following, leaving, help, menu and words without a handler."""

from __future__ import annotations

import pytest

from handlers import commands
from models.accounts import Account, WechatIdentity
from models.experts import Expert
from tests.factories.people import make_account, make_grant
from tests.handlers.conftest import Phone, World


async def test_a_new_follower_can_begin_with_one_tap(stranger: Phone) -> None:
    welcome = await stranger.follows()
    assert "欢迎使用评标通" in welcome
    assert "您是否同意" in await stranger.taps("绑定身份")


async def test_a_known_follower_sees_what_waits(world: World, phone: Phone, expert: Expert) -> None:
    assert "目前没有已确认的评标活动" in await phone.follows()
    await world.call(expert)
    shown = await phone.follows()
    assert "欢迎回来" in shown
    assert "1个评标邀请等您答复" in shown
    assert "您参加吗" in await phone.taps("评标邀请")
    await phone.taps("参加")
    assert "下一场评标" in await phone.follows()
    assert "验证码" in await phone.taps("我的活动")


async def test_following_again_lifts_a_block(world: World, phone: Phone) -> None:
    await WechatIdentity.filter(openid=phone.openid).update(blocked=True, following=False)
    await phone.follows()
    identity = await phone.identity()
    assert (identity.blocked, identity.following) == (False, True)


async def test_unfollowing_deletes_the_openid_and_keeps_the_file(world: World, phone: Phone, expert: Expert) -> None:
    await phone.says("日程")
    assert await phone.event("unsubscribe") == ""
    assert not await WechatIdentity.exists(openid=phone.openid)
    assert (await Expert.get(id=expert.id)).left_at is None
    assert "欢迎使用" in await phone.follows()
    assert "请先绑定身份" in await phone.says("状态")


@pytest.mark.parametrize("name", ["user_authorization_revoke", "user_authorization_cancellation"])
async def test_withdrawing_authorisation_deletes_the_openid_that_the_event_names(
    world: World, phone: Phone, name: str
) -> None:
    other = await world.phone_with(await make_account(world.services.deps))
    assert await phone.event(name, OpenID=other.openid, AppID="wx1", RevokeInfo="1") == ""
    assert not await WechatIdentity.exists(openid=other.openid)
    assert await WechatIdentity.exists(openid=phone.openid)


async def test_leaving_twice_or_unknown_is_harmless(stranger: Phone) -> None:
    assert await stranger.event("unsubscribe") == ""
    assert await stranger.event("user_authorization_revoke", RevokeInfo="1") == ""


async def test_help_names_the_hotline_and_comes_at_any_time(phone: Phone) -> None:
    await phone.says("日程")
    told = await phone.says("帮助")
    assert "400-000-0000" in told
    assert "“日程”还没有完成" in told
    assert "已取消" in await phone.says("取消")
    assert "400-000-0000" in await phone.clicks("HELP")


@pytest.mark.parametrize("word", ["帮助", "人工", "转人工", "人工客服", "客服电话", "人工服务"])
async def test_who_wants_a_person_reads_the_number_first_and_may_write(world: World, phone: Phone, word: str) -> None:
    world.set_rules(help={"hours": "工作日9:00至17:00"})
    assert (await phone.says(word)).splitlines()[:2] == ["人工服务：400-000-0000", "服务时间：工作日9:00至17:00"]
    assert "请写下您的意见" in await phone.taps("意见反馈")


async def test_help_explains_the_words_of_ones_own_roles(world: World, phone: Phone, stranger: Phone) -> None:
    told = await phone.says("帮助")
    assert ("邀请 — 答复评标邀请" in told, "待办 — " in told) == (True, False)
    told = await stranger.says("帮助")
    assert ("绑定身份 — 绑定手机号" in told, "核对抽取记录 — " in told, "请假" in told) == (True, True, False)
    applicant = await world.phone_with(await make_account(world.office.deps))
    told = await applicant.says("帮助")
    assert ("进度 — 申请办到哪一步" in told, "请假" in told, "待办" in told) == (True, False, False)
    account = await Account.get(id=world.office.agency.account_id)
    told = await (await world.phone_with(account)).says("帮助")
    assert ("待办 — 等您办理的活动和事项" in told, "补抽 — " in told) == (True, True)
    assert ("评标邀请" in told, "请假" in told, "待核验" in told) == (False, False, False)
    verifier = await Account.get(id=world.office.verifier.account_id)
    await make_grant(verifier, "verifier")
    told = await (await world.phone_with(verifier)).says("帮助")
    assert ("待核验 — 等待核验的申请" in told, "补抽 — " in told) == (True, False)


def test_every_word_of_a_role_is_explained() -> None:
    assert set(commands.words_of(commands.BY_ROLE)) <= commands.MEANINGS.keys()


async def test_writing_is_not_offered_where_the_pool_takes_no_feedback(world: World, phone: Phone) -> None:
    world.set_rules(help={"feedback": False})
    assert "意见反馈”留言" not in await phone.says("帮助")
    assert await phone.says("意见反馈") == "本专家库暂未开通意见反馈，请拨打演示热线 400-000-0000。"


async def test_the_menu_offers_what_this_person_can_do(world: World, phone: Phone, stranger: Phone) -> None:
    assert "签到" in await phone.says("菜单")
    assert "签到" not in await stranger.says("菜单")
    agent = await world.phone_with(await make_account(world.services.deps))
    assert "回复“我的工作”办理" in await agent.says("菜单")
    for word in ("评标邀请", "我的活动", "签到", "请假", "日程", "我的状态", "解绑"):
        await phone.says("菜单")
        assert "没有看懂" not in await phone.taps(word)


@pytest.mark.parametrize("word", ["核对抽取记录", "抽取记录", "核对"])
async def test_any_person_gets_the_link_to_check_records(phone: Phone, stranger: Phone, word: str) -> None:
    for person in (phone, stranger):
        assert '<a href="http://127.0.0.1:8080/record">▸ 核对抽取记录</a>' in await person.says(word)
    assert "核对抽取记录" in await stranger.says("菜单")


async def test_an_unknown_message_gets_a_reply_with_choices(phone: Phone, stranger: Phone) -> None:
    assert "没有看懂您的意思" in await phone.says("今天天气不错呢哈")
    assert "没有看懂您的选择" not in await phone.taps("我的状态")
    assert "没有看懂您的意思" in await stranger.says("咦")
    assert "您是否同意" in await stranger.taps("绑定身份")


async def test_a_tapped_command_puts_an_open_talk_aside(phone: Phone) -> None:
    await phone.says("菜单")
    menu = phone.screen
    await phone.says("日程")
    phone.screen = menu
    assert "确定解绑吗" in await phone.taps("解绑")
    assert "“日程”已放下" in phone.screen


async def test_every_key_of_the_menu_is_answered(phone: Phone) -> None:
    for key in ("INVITATIONS", "PANELS", "CHECK_IN", "LEAVE", "BIND", "STATUS", "AVAILABILITY", "HELP"):
        assert await phone.clicks(key)
