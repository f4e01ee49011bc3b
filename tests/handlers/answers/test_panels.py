"""Questions about a panel, answered for the one who asks: an invitation, a panel ahead, one that ended, none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_near_time, print_time
from models.draws import CallNotice
from models.experts import Expert
from models.invitations import Invitation
from tests.handlers.answers.panel_acts import REMINDER, check_in, move_gathering
from tests.handlers.conftest import Phone, World

PLACE = "集合地点：演示省公共资源交易中心 广州市天河区天润路333号 3号评标室"
CONTACT = "联系人：王场地 020-28866000"


async def agree_to_both(world: World, expert: Expert) -> tuple[Invitation, Invitation]:
    first = await world.make_accepted_panel(expert)
    second = await world.call_again(expert)
    await world.services.draws.invitations.answer(second.id, expert.id, "accept", by="voice")
    await world.office.run.advance(second.draw_id)
    return first, second


async def test_the_place_comes_first_then_time_and_contact(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    first, second, third, *_ = (await phone.says("明天去哪里评标")).split("\n")
    assert first == PLACE
    assert second == f"集合时间：今天{print_time(invitation.gathering_at)}"
    assert third == CONTACT


async def test_the_place_of_an_open_invitation_is_told_with_the_reminder_once(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.call(expert)
    shown = await phone.says("评标地点能再发一遍吗")
    assert (shown.startswith(PLACE), shown.count(REMINDER)) == (True, 1)
    assert await world.state_of(invitation.id) == "open"


async def test_of_several_panels_each_place_stands_under_its_time(world: World, phone: Phone, expert: Expert) -> None:
    first, second = await agree_to_both(world, expert)
    shown = await phone.says("地址发一下")
    heads = [
        f"【{print_near_time(view.gathering_at, world.clock.now())}，您已确认参加】\n{PLACE}"
        for view in (first, second)
    ]
    assert shown.index(heads[0]) < shown.index(heads[1])


@pytest.mark.parametrize(
    "question",
    ["地址发一下", "评标几点集合", "评多久", "带什么", "停车", "联系谁", "远程评标", "走错地方了", "评标取消了吗"],
)
async def test_three_panels_with_long_notices_fit_a_bubble(
    world: World, phone: Phone, expert: Expert, question: str
) -> None:
    """The phone refuses a longer one."""
    await agree_to_both(world, expert)
    await world.call_again(expert, later=timedelta(days=4))
    await CallNotice.all().update(
        room="公共资源交易大厦东塔楼十二楼第3评标室", contact="王场地、李现场", remark="注意" * 25
    )
    assert REMINDER in await phone.says(question)


async def test_without_a_panel_the_last_invitation_is_told(world: World, phone: Phone, expert: Expert) -> None:
    assert "您目前没有已确认的评标活动" in await phone.says("地址发一下")
    invitation = await world.call(expert)
    await world.services.draws.invitations.answer(invitation.id, expert.id, "decline", by="voice")
    shown = await phone.says("地址发一下")
    assert ("无需到场" in shown, "天润路" in shown) == (True, False)


async def test_a_stranger_is_asked_to_bind_first(stranger: Phone) -> None:
    assert "请先绑定身份" in await stranger.says("评标地点能再发一遍吗")


async def test_the_time_is_that_of_beijing_with_the_hour_of_check_in(
    world: World, phone: Phone, expert: Expert
) -> None:
    world.set_rules(attendance={"check_in_opens": timedelta(minutes=90)})
    invitation = await world.make_accepted_panel(expert)
    time, opens = print_time(invitation.gathering_at), invitation.gathering_at - timedelta(minutes=90)
    shown = await phone.says("评标几点集合")
    assert f"集合时间：今天{time}（北京时间，您已确认参加）" in shown
    assert f"今天{print_time(opens)}起可以签到" in shown
    world.clock.set(opens)
    assert "现在已经可以签到。" in await phone.says("评标几点集合")


async def test_a_moved_time_is_told_beside_the_one_that_still_holds(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    moved = await move_gathering(world, invitation, timedelta(hours=-1))
    shown = await phone.says("几点评标")
    assert f"集合时间：今天{print_time(invitation.gathering_at)}" in shown
    assert (f"集合时间拟改为今天{moved}" in shown, "原定时间仍然有效" in shown) == (True, True)
    await phone.taps("同意改期")
    assert f"集合时间：今天{moved}（" in await phone.says("几点评标")


async def test_of_an_invitation_the_time_is_asked_for_and_of_none_is_none(
    world: World, phone: Phone, expert: Expert
) -> None:
    assert "您目前没有已确认的评标活动" in await phone.says("几点评标")
    await world.call(expert)
    shown = await phone.says("几点评标")
    assert ("等您答复）" in shown, "起可以签到" in shown) == (True, False)


async def test_the_expected_end_is_told_as_an_estimate(world: World, phone: Phone, expert: Expert) -> None:
    assert "没有待参加的评标" in await phone.says("评多久")
    invitation = await world.make_accepted_panel(expert)
    shown = await phone.says("评标预计几点结束")
    assert shown.startswith(f"预计结束：明天{print_time(invitation.ends_at)}，是代理机构的估计")
    assert ("过夜" in shown, CONTACT in shown) == (False, True), "it ends at midnight"
    await Invitation.filter(id=invitation.id).update(ends_at=invitation.ends_at + timedelta(hours=9))
    assert "可能要过夜" in await phone.says("要住一晚吗")


async def test_who_has_left_reads_that(world: World, clock: FixedClock, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await check_in(world, clock, invitation)
    clock.move(timedelta(hours=1))
    await world.office.attendance.register_exit(world.office.venue, invitation.draw_id, invitation.code)
    assert f"已于{print_time(clock.now())}离场" in await phone.says("评多久")


async def test_what_to_bring_is_the_identity_card_and_the_remark(world: World, phone: Phone, expert: Expert) -> None:
    general = await phone.says("带什么")
    assert ("请带身份证" in general, "收到邀请" in general or "每场邀请" in general) == (True, True)
    invitation = await world.make_accepted_panel(expert)
    assert "没有写其他注意事项" in await phone.says("带什么")
    await invitation.fetch_related("notice")
    invitation.notice.remark = "请带CA锁"
    await invitation.notice.save()
    shown = await phone.says("手机能带吗")
    assert (shown.startswith("请带身份证"), "注意事项：请带CA锁" in shown, CONTACT in shown) == (True, True, True)


async def test_what_to_bring_holds_for_a_stranger_too(stranger: Phone) -> None:
    shown = await stranger.says("评标要带身份证吗")
    assert ("请带身份证" in shown, "绑定身份" in shown) == (True, True)


async def test_parking_is_asked_of_the_contact_and_travel_paid_by_the_standard(
    world: World, phone: Phone, expert: Expert
) -> None:
    await world.make_accepted_panel(expert)
    shown = await phone.says("停车")
    assert ("没有停车、用餐和住宿的安排" in shown, CONTACT in shown) == (True, True)
    fares = await phone.says("路费怎么报")
    assert fares.startswith("交通：按")
    assert CONTACT in fares
    assert "停车" not in fares
    assert "按演示省评标专家酬劳标准，来自其他城市的专家有交通补助200元、压差补助200元" in shown


async def test_without_a_standard_the_payer_decides_of_travel(world: World, phone: Phone) -> None:
    world.set_rules(remuneration={"table": None})
    shown = await phone.says("高铁票报吗")
    assert ("以付款的抽取单位为准" in shown, "交通补助" in shown) == (True, False)


async def test_the_contact_is_told_to_who_is_asked_or_comes(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    hotline = world.services.deps.book("demo").pool.hotline
    assert f"没有联系人；收到邀请后，联系人和电话都写在邀请里。\n其他事情请拨打{hotline}" in await phone.says("联系谁")
    invitation = await world.make_accepted_panel(expert)
    shown = await phone.says("现场电话")
    assert (shown.startswith(CONTACT), hotline in shown, "工作人员" in shown) == (True, True, False)
    await check_in(world, clock, invitation)
    assert "直接问工作人员" in await phone.says("现场电话")


@pytest.mark.parametrize(("ending", "is_told"), [("decline", False), ("leave", True)])
async def test_the_contact_of_an_ended_invitation_is_told_to_who_had_agreed(
    world: World, phone: Phone, expert: Expert, ending: str, is_told: bool
) -> None:
    if ending == "leave":
        invitation = await world.make_accepted_panel(expert)
        await world.services.draws.invitations.leave(invitation.id, expert.id, "生病")
    else:
        invitation = await world.call(expert)
        await world.services.draws.invitations.answer(invitation.id, expert.id, "decline", by="voice")
    shown = await phone.says("联系谁")
    assert ("020-28866000" in shown, "无需到场" in shown) == (is_told, True)


async def test_a_remote_panel_is_where_the_notice_says(world: World, phone: Phone, expert: Expert) -> None:
    general = await phone.says("远程评标")
    assert ("不能改在家里" in general, "/h5/demo/file" in general) == (True, True)
    await world.make_accepted_panel(expert)
    shown = await phone.says("远程评标")
    assert (PLACE in shown, CONTACT in shown, "不能改在家里" in shown) == (True, True, True)


async def test_a_panel_that_was_agreed_takes_place_or_is_moved(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    shown = await phone.says("评标取消了吗")
    assert (shown.startswith("没有取消，照常进行"), CONTACT in shown) == (True, True)
    await move_gathering(world, invitation, timedelta(hours=-1))
    shown = await phone.says("评标取消了吗")
    assert (shown.startswith("没有取消，要改期"), "不能改期" in shown) == (True, True)


async def test_a_cancelled_panel_is_told_without_its_reason(world: World, phone: Phone, expert: Expert) -> None:
    assert "没有查到您的评标活动" in await phone.says("评标取消了吗")
    invitation = await world.make_accepted_panel(expert)
    await world.office.activity_end.terminate(world.office.verifier, invitation.draw_id, "replanned", "标书有误")
    shown = await phone.says("明天的评标取消了吗")
    assert (shown.startswith(f"今天{print_time(invitation.gathering_at)}的评标已取消"), "标书有误" in shown) == (
        True,
        False,
    )
    assert "不影响今后被抽取" in shown


async def test_an_invitation_that_waits_is_not_cancelled(world: World, phone: Phone, expert: Expert) -> None:
    await world.call(expert)
    shown = await phone.says("评标取消了吗")
    assert (shown.startswith("没有取消"), shown.count(REMINDER)) == (True, 1)
