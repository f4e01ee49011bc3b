"""Questions of who is on the way or at the venue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_near_time, print_time
from models.attendance import Attendance
from models.experts import Expert
from models.invitations import Invitation
from services.draws import DiscardForm
from tests.handlers.conftest import Phone, World

CONTACT = "王场地 020-28866000"


@pytest.fixture
async def panel(world: World, expert: Expert) -> Invitation:
    """Accepted; its check-in opens 90 minutes before the gathering."""
    world.set_rules(attendance={"check_in_opens": timedelta(minutes=90)})
    return await world.make_accepted_panel(expert)


async def check_in(world: World, clock: FixedClock, panel: Invitation) -> None:
    clock.set(panel.gathering_at)
    await world.office.attendance.check_in_by_code(world.office.venue, panel.draw_id, panel.code)


async def test_the_ways_to_check_in_are_those_of_this_venue(world: World, phone: Phone, panel: Invitation) -> None:
    shown = await phone.says("明天评标怎么签到啊")
    assert ("扫描现场二维码" in shown, "发送位置" in shown, f"把验证码{panel.code}" in shown) == (True, True, True)
    opens = panel.gathering_at - timedelta(minutes=90)
    assert f"{print_near_time(opens, world.clock.now())}起可以签到" in shown
    await panel.fetch_related("notice")
    panel.notice.venue = "其他"
    await panel.notice.save()
    assert "发送位置" not in await phone.says("怎么签到")


async def test_who_claimed_to_be_there_reads_that_it_does_not_count(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    clock.set(panel.gathering_at)
    await phone.says("签到")
    await phone.taps("我已到场（自报）")
    assert "还不算签到" in await phone.says("怎么签到")
    shown = await phone.says("签到失败")
    assert ("还不算签到" in shown, f"验证码{panel.code}" in shown) == (True, True)
    assert not await Attendance.exists()


@pytest.mark.parametrize("question", ["怎么签到", "签到失败"])
async def test_who_has_checked_in_has_nothing_to_do(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation, question: str
) -> None:
    await check_in(world, clock, panel)
    shown = await phone.says(question)
    assert shown.startswith(f"您已于{print_time(clock.now())}签到，不用再办")
    assert "离场由现场工作人员登记" in shown


async def test_who_has_not_answered_has_to_do_that_first(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    time = print_near_time(invitation.gathering_at, world.clock.now())
    assert f"{time}的评标您还没有答复，确认参加后才能签到" in await phone.says("怎么签到")
    assert f"{time}的评标您还没有答复，确认参加后才能签到" in await phone.says("签到失败")


async def test_how_to_check_in_is_told_to_who_has_no_panel_and_to_strangers(
    world: World, phone: Phone, stranger: Phone
) -> None:
    for asking in (phone, stranger):
        shown = await asking.says("怎么签到")
        assert ("扫描现场二维码" in shown, "集合前1天起可以签到" in shown) == (True, True)
    assert "绑定身份" in stranger.screen


async def test_a_check_in_that_fails_is_done_by_the_code(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    opens = panel.gathering_at - timedelta(minutes=90)
    assert f"{print_near_time(opens, clock.now())}起才能签到" in await phone.says("签到失败")
    clock.set(opens)
    shown = await phone.says("签到失败")
    assert shown.startswith(f"最快的办法：把验证码{panel.code}告诉现场工作人员")
    rule = world.services.deps.book("demo").attendance
    assert (f"{rule.radius_m}米以内" in shown, CONTACT in shown) == (True, True)
    assert not await Attendance.exists()


async def test_a_forgotten_check_in_is_no_more_made_up(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    clock.set(panel.ends_at + timedelta(hours=8))
    shown = await phone.says("昨天忘了签到要不要补")
    assert (print_time(panel.gathering_at) in shown, "不能补签" in shown, CONTACT in shown) == (True, True, True)


async def test_an_absence_that_is_wrong_is_told_to_the_contact_at_once(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    clock.set(panel.gathering_at + timedelta(minutes=31))
    form = DiscardForm(panel.code, "absence", "集合半小时后仍未到场")
    await world.services.draws.discards.register(world.office.venue, panel.draw_id, form)
    for question in ("签到失败", "高速堵车，要晚到"):
        shown = await phone.says(question)
        assert ("缺席" in shown, "登记有误的，请立即致电联系人" in shown, CONTACT in shown) == (True, True, True)


async def test_who_has_no_panel_is_not_on_the_list(phone: Phone) -> None:
    assert "没有查到您待签到的评标" in await phone.says("签到失败")


async def test_who_does_not_find_the_place_is_fetched_by_the_contact(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    shown = await phone.says("走错地方了")
    assert shown.startswith("集合地点：演示省公共资源交易中心 广州市天河区天润路333号 3号评标室")
    assert (f"请致电{CONTACT}，请对方指路" in shown, f"验证码{panel.code}" in shown) == (True, True)
    await check_in(world, clock, panel)
    shown = await phone.says("走错地方了")
    assert ("直接问现场工作人员" in shown, ">签到<" in shown) == (True, False)


async def test_who_looks_for_a_place_without_having_agreed_answers_first(
    world: World, phone: Phone, expert: Expert
) -> None:
    assert "没有查到您待参加的评标" in await phone.says("找不到地方")
    await world.call(expert)
    assert "还没有确认参加这场评标" in await phone.says("找不到地方")
    assert "验证码" not in phone.screen


async def test_who_has_arrived_hears_how_to_check_in_first(world: World, phone: Phone, panel: Invitation) -> None:
    world.clock.set(panel.gathering_at - timedelta(minutes=10))
    told = await phone.says("到门口了保安不让进")
    assert told.startswith("到了就可以签到")
    assert panel.code in told
    assert CONTACT in told


async def test_who_feels_ill_inside_is_not_sent_to_a_leave(
    world: World, clock: FixedClock, phone: Phone, panel: Invitation
) -> None:
    sentence = "评标中身体不适"
    assert "请回复“请假”" in await phone.says(sentence)
    await check_in(world, clock, panel)
    told = await phone.says(sentence)
    assert (CONTACT in told, "120" in told, ">请假<" in told) == (True, True, False)
