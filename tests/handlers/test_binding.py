"""Binding: consent first, a code by SMS, limits, several phones of one person, and undoing it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from models.accounts import Account, Session, VerificationCode, WechatIdentity
from models.audit import AuditEntry
from models.experts import Expert
from models.notices import Notice
from services.core.base import Actor, transaction
from services.notifications.actions import ACTIONS
from tests.factories.people import make_account, make_expert, make_identity
from tests.handlers.conftest import Phone, World


async def bind(world: World, phone: Phone, mobile: str) -> str:
    await phone.says("绑定")
    await phone.taps("同意")
    await phone.says(mobile)
    return await phone.says(await world.sms_code())


async def wrong_code(world: World) -> str:
    return "000000" if await world.sms_code() != "000000" else "111111"


async def test_an_expert_agrees_types_mobile_and_code_and_is_bound(
    world: World, stranger: Phone, expert: Expert
) -> None:
    privacy = await stranger.says("绑定")
    assert "最小必要" in privacy
    assert "同意" in privacy
    assert "手机号" in await stranger.taps("同意")
    mobile = world.mobile_of(expert)
    sent = await stranger.says(f"+86 {mobile[:3]} {mobile[3:7]}-{mobile[7:]}")
    assert f"{mobile[:3]}****{mobile[-4:]}" in sent
    assert "5分钟" in sent
    code = await world.sms_code()
    done = await stranger.says(f" {code[:3]} {code[3:]} ")
    assert "绑定成功" in done
    assert "专**" in done
    assert "评标专家" in done
    assert mobile not in done
    account = await Account.get(id=(await stranger.identity()).account_id)
    assert account.privacy_version == world.services.deps.book("demo").pool.privacy_version
    assert account.privacy_accepted_at == world.clock.now()
    assert (await Expert.get(id=expert.id)).account_id == account.id


async def test_nothing_is_asked_or_stored_before_consent(stranger: Phone) -> None:
    await stranger.says("绑定身份")
    refused = await stranger.taps("不同意")
    assert "没有保存" in refused
    assert (await stranger.identity()).account_id is None
    assert not await VerificationCode.exists()
    assert "没有等您回答的问题" in await stranger.says("13800138000")


async def test_what_only_sounds_like_consent_is_asked_again(stranger: Phone) -> None:
    await stranger.says("绑定")
    assert "没有看懂您的选择" in await stranger.says("随便")
    assert "没有看懂您的选择" in await stranger.says("好像可以")
    assert "手机号" in await stranger.says("我同意")


async def test_a_bad_mobile_is_asked_again_with_the_reason(stranger: Phone) -> None:
    await stranger.says("绑定")
    await stranger.says("1")
    assert "11位数字" in await stranger.says("12345")
    assert "文字" in await stranger.sends_position(23, 113)
    assert not await VerificationCode.exists()


async def test_a_wrong_code_says_how_many_tries_are_left(world: World, stranger: Phone, expert: Expert) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    wrong = await stranger.says(await wrong_code(world))
    assert "还可以再试4次" in wrong
    assert "6位数字" in await stranger.says("12345")
    assert "绑定成功" in await stranger.says(await world.sms_code())


async def test_a_code_that_was_tried_too_often_needs_a_new_one(
    world: World, clock: FixedClock, stranger: Phone, expert: Expert
) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    for _ in range(4):
        await stranger.says(await wrong_code(world))
    assert "作废" in await stranger.says(await wrong_code(world))
    worn = await world.sms_code()
    assert "重新获取" in await stranger.says(worn)
    clock.move(timedelta(seconds=61))
    assert "验证码已发送" in await stranger.says("重发")
    assert "绑定成功" in await stranger.says(await world.sms_code())


async def test_ten_wrong_codes_lock_the_mobile_and_say_for_how_long(
    world: World, clock: FixedClock, stranger: Phone, expert: Expert
) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    for _ in range(5):
        await stranger.says(await wrong_code(world))
    clock.move(timedelta(seconds=61))
    await stranger.says("重发")
    for _ in range(4):
        await stranger.says(await wrong_code(world))
    locked = await stranger.says(await wrong_code(world))
    assert "暂停验证" in locked
    assert "分钟后" in locked
    await stranger.says("绑定")
    await stranger.taps("同意")
    assert "暂停验证" in await stranger.says(world.mobile_of(expert))
    assert "没有等您回答的问题" in await stranger.says("123456")
    assert (await stranger.identity()).account_id is None


async def test_an_old_code_is_refused(world: World, clock: FixedClock, stranger: Phone, expert: Expert) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    clock.move(timedelta(minutes=6))
    assert "失效" in await stranger.says(await world.sms_code())


async def test_asking_for_a_code_again_too_soon_tells_when_and_the_first_still_works(
    world: World, stranger: Phone, expert: Expert
) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    code = await world.sms_code()
    again = await stranger.says("没收到")
    assert "60秒后" in again
    assert await Notice.filter(kind="verification_code").count() == 1
    assert "绑定成功" in await stranger.says(code)


async def test_a_mobile_typed_wrong_can_be_changed(world: World, stranger: Phone, expert: Expert) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says("13911112222")
    assert "手机号" in await stranger.says("换号")
    await stranger.says(world.mobile_of(expert))
    assert "绑定成功" in await stranger.says(await world.sms_code())
    assert (await Expert.get(id=expert.id)).account_id is not None


async def test_cancelled_in_the_middle_nothing_is_bound(world: World, stranger: Phone, expert: Expert) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    code = await world.sms_code()
    assert "已取消" in await stranger.says("取消")
    assert "没有等您回答的问题" in await stranger.says(code)
    assert (await stranger.identity()).account_id is None


async def test_another_process_goes_on_with_the_talk(world: World, stranger: Phone, expert: Expert) -> None:
    await stranger.says("绑定")
    world.start_process()
    await stranger.taps("同意")
    world.start_process()
    await stranger.says(world.mobile_of(expert))
    world.start_process()
    assert "绑定成功" in await stranger.says(await world.sms_code())
    assert await Notice.filter(kind="verification_code").count() == 1


async def test_after_half_an_hour_of_silence_the_talk_is_over(world: World, clock: FixedClock, stranger: Phone) -> None:
    await stranger.says("绑定")
    clock.move(timedelta(minutes=31))
    late = await stranger.says("13800138000")
    assert "超过 30 分钟" in late


async def test_one_person_may_bind_several_phones(world: World, stranger: Phone, expert: Expert) -> None:
    mobile = world.mobile_of(expert)
    await bind(world, stranger, mobile)
    world.clock.move(timedelta(seconds=61))
    second = Phone(world, "oSecond")
    assert "绑定成功" in await bind(world, second, mobile)
    assert (await stranger.identity()).account_id == (await second.identity()).account_id


async def test_a_bound_person_sees_the_binding_and_may_unbind(phone: Phone) -> None:
    told = await phone.says("绑定")
    assert "您已绑定" in told
    assert "确定解绑吗" in await phone.taps("解绑")


async def test_a_person_without_an_expert_record_is_bound_and_sees_what_to_do(world: World, stranger: Phone) -> None:
    told = await bind(world, stranger, "13911112222")
    assert "没有登记为在库专家" in told
    assert "400-000-0000" in told
    assert "没有对应的在库评标专家" in await stranger.says("活动")


async def test_two_expert_records_with_one_mobile_prevent_binding(
    world: World, stranger: Phone, expert: Expert
) -> None:
    await make_expert(world.services.deps, world.mobile_of(expert))
    told = await bind(world, stranger, world.mobile_of(expert))
    assert "多位专家" in told
    assert (await stranger.identity()).account_id is None


async def test_a_privacy_text_that_changed_is_agreed_to_again(world: World, phone: Phone, expert: Expert) -> None:
    world.set_rules(pool={"privacy_version": "2027-01"})
    assert "隐私说明已更新" in await phone.says("绑定")
    await phone.taps("同意")
    await phone.says(world.mobile_of(expert))
    assert "绑定成功" in await phone.says(await world.sms_code())
    account = await Account.get(id=(await phone.identity()).account_id)
    assert account.privacy_version == "2027-01"


async def test_a_long_privacy_text_never_cuts_off_the_choices(world: World, stranger: Phone) -> None:
    world.set_rules(pool={"privacy_text": "用途。" * 400})
    assert "内容较长" in await stranger.says("绑定")
    assert "手机号" in await stranger.taps("同意")


async def test_a_privacy_text_that_changes_during_a_conversation_stops_the_binding(
    world: World, stranger: Phone, expert: Expert
) -> None:
    await stranger.says("绑定")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    world.set_rules(pool={"privacy_version": "2027-01"})
    assert "重新阅读并同意" in await stranger.says(await world.sms_code())
    assert (await stranger.identity()).account_id is None


async def test_a_scene_code_begins_binding_also_for_a_new_follower(stranger: Phone) -> None:
    assert "您是否同意" in await stranger.follows("bind:hall")
    assert "手机号" in await stranger.taps("同意")


async def test_unbinding_is_asked_twice_and_keeps_the_file(world: World, phone: Phone, expert: Expert) -> None:
    account_id = (await phone.identity()).account_id
    await Session.create(
        account_id=account_id,
        pool="demo",
        identity_id=(await phone.identity()).id,
        access_hash="a",
        refresh_hash="r",
        access_until=world.clock.now(),
        refresh_until=world.clock.now(),
        created_at=world.clock.now(),
    )
    assert "档案保留" in await phone.says("解绑")
    assert "没有解绑" in await phone.taps("不解绑")
    await phone.says("解绑")
    assert "已解绑" in await phone.taps("确定解绑")
    assert (await phone.identity()).account_id is None
    assert (await Session.get(access_hash="a")).revoked_at is not None
    assert await Expert.exists(id=expert.id, left_at=None)
    assert "还没有绑定" in await phone.says("解绑")


async def test_not_me_ends_the_mini_program_and_leaves_the_chat_bound(
    world: World, phone: Phone, expert: Expert
) -> None:
    account = await Account.get(id=(await phone.identity()).account_id)
    mini = await make_identity(app="mini")
    bindings = world.services.accounts.bindings
    async with transaction():
        await bindings.attach(mini.id, "demo", world.mobile_of(expert), account.privacy_version)
    await Session.create(
        account_id=account.id,
        pool="demo",
        identity_id=mini.id,
        access_hash="a",
        refresh_hash="r",
        access_until=world.clock.now(),
        refresh_until=world.clock.now(),
        created_at=world.clock.now(),
    )
    notice = await Notice.get(account_id=account.id, kind="mini_program_bound")
    assert ACTIONS[notice.kind].words == ("不是我本人",)
    told = await phone.says("不是我本人")
    assert ("已让小程序退出登录" in told, "400-000-0000" in told) == (True, True)
    assert (await WechatIdentity.get(id=mini.id)).account_id is None
    assert (await Session.get(access_hash="a")).revoked_at is not None
    assert (await phone.identity()).account_id == account.id
    assert await AuditEntry.filter(action="account.unbind", details__contains={"app": "mini"}).count() == 1
    assert "没有在小程序登录" in await phone.says("不是本人操作")


async def test_not_me_has_no_effect_for_an_unbound_wechat(stranger: Phone) -> None:
    assert "还没有绑定身份，请先绑定" in await stranger.says("不是我本人")


async def test_an_unbound_phone_can_do_nothing_of_an_experts(stranger: Phone) -> None:
    for word in ("状态", "活动", "邀请", "请假", "签到", "日程", "以往活动"):
        told = await stranger.says(word)
        assert "请先绑定身份" in told
        assert "msgmenuid=101" in told
    assert "您是否同意" in await stranger.taps("绑定身份")


async def test_a_binding_undone_elsewhere_ends_what_was_begun_here(world: World, phone: Phone, expert: Expert) -> None:
    await phone.says("日程")
    await WechatIdentity.filter(openid=phone.openid).update(account_id=None)
    assert "请先绑定身份" in await phone.says("明天")


async def test_a_person_without_a_role_sees_how_offices_work(world: World) -> None:
    account = await make_account(world.services.deps)
    phone = await world.phone_with(account)
    status = await phone.says("状态")
    assert "暂无" in status
    assert "我的工作" in status


# ---- who is known to the mini-program


async def shown_code(world: World, expert: Expert) -> str:
    """The code that the mini-program of this person shows."""
    account = await make_account(world.office.deps, world.mobile_of(expert), real_name=expert.name)
    return (await world.services.accounts.linking.issue_code(Actor("demo", "guest", account.id))).code


@pytest.mark.parametrize("written", ["绑定 {0}{1}", "绑定{0}{1}", "{0}{1}", "绑定 {0} {1}", "{0} {1}"])
async def test_the_code_of_the_mini_program_binds_without_an_sms(
    world: World, stranger: Phone, expert: Expert, written: str
) -> None:
    code = await shown_code(world, expert)
    assert "绑定成功。专**" in await stranger.says(written.format(code[:4], code[4:]))
    assert (await stranger.identity()).account_id == (await Expert.get(id=expert.id)).account_id
    assert not await Notice.exists(kind="verification_code")
    assert "专**" in await stranger.says("我的状态")


async def test_the_first_word_offers_it_and_the_code_may_be_the_answer(
    world: World, stranger: Phone, expert: Expert
) -> None:
    code = await shown_code(world, expert)
    assert "8位绑定码" in await stranger.says("绑定")
    wrong = await stranger.says("00000000" if code != "00000000" else "11111111")
    assert "绑定码不对" in wrong
    assert "是否同意" in wrong
    assert "绑定成功" in await stranger.says(code)


async def test_after_a_wrong_code_the_mobile_still_works(world: World, stranger: Phone, expert: Expert) -> None:
    await stranger.says("绑定")
    await stranger.says("12345678")
    assert "手机号" in await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    assert "绑定成功" in await stranger.says(await world.sms_code())


@pytest.mark.parametrize("follows", [True, False])
async def test_scanning_the_mini_programs_code_binds_followers_old_and_new(
    world: World, stranger: Phone, expert: Expert, follows: bool
) -> None:
    code = await shown_code(world, expert)
    screen = await (stranger.scans(f"link:{code}") if follows else stranger.follows(f"link:{code}"))
    assert "绑定成功" in screen
    assert (await stranger.identity()).account_id is not None


async def test_a_wrong_code_says_where_the_right_one_is_and_offers_the_long_way(stranger: Phone) -> None:
    screen = await stranger.says("绑定 12345678")
    assert "小程序“绑定公众号”页面" in screen
    assert "是否同意" in await stranger.taps("绑定身份")


async def test_two_phones_with_one_code_are_not_both_bound(world: World, expert: Expert) -> None:
    code = await shown_code(world, expert)
    phone, other_phone = Phone(world, "oOne"), Phone(world, "oOther")
    screens = await asyncio.gather(phone.says(f"绑定 {code}"), other_phone.says(f"绑定 {code}"))
    assert sorted("绑定成功" in screen for screen in screens) == [False, True]
    assert await WechatIdentity.filter(account_id__not_isnull=True).count() == 1


async def test_eight_digits_from_a_bound_person_are_plain_text(world: World, phone: Phone) -> None:
    assert "没有等您回答的问题" in await phone.says("20261125")


async def test_a_code_from_a_bound_person_only_shows_the_binding(world: World, phone: Phone) -> None:
    assert "您已绑定" in await phone.says("绑定 12345678")
    assert "您已绑定" in await phone.scans("link:12345678")
    assert not await AuditEntry.exists(action="account.link_refused")


async def test_the_word_for_closing_the_account_leads_to_its_page(phone: Phone, stranger: Phone) -> None:
    for word in ("注销", "退库", "我的数据"):
        answer = await phone.says(word)
        assert "注销后账号不能再使用" in answer
        assert '/h5/demo/account/data">我的数据与注销</a>' in answer
        assert "绑定身份" in await stranger.says(word)
