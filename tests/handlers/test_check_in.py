"""Check-in by word, menu, position and the venue's code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_time
from models.attendance import Attendance, PresenceClaim
from models.experts import Expert
from models.notices import Notice
from tests.handlers.conftest import Phone, World

HALL = (23.147028, 113.336438)
"""A position as WeChat sends it (GCJ-02)."""


async def test_a_tap_alone_is_a_claim_and_tells_how_to_be_counted(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    assert "到达集合地点" in await phone.clicks("CHECK_IN")
    told = await phone.taps("我已到场（自报）")
    assert "还不算签到" in told
    assert f"验证码{invitation.code}告诉现场工作人员" in told
    assert not await Attendance.exists()
    assert await PresenceClaim.filter(invitation_id=invitation.id).count() == 1
    await phone.says("签到")
    await phone.taps("发送位置签到")
    assert "签到成功" in await phone.sends_position(*HALL)


async def test_who_is_not_there_yet_is_not_checked_in(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    await phone.says("签到")
    assert "路上注意安全" in await phone.says("快到了"), "heard, and the question stays open"
    assert "尚未签到" in await phone.says("还没到")
    assert not await Attendance.exists()


async def test_a_position_near_the_venue_is_stored(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("签到")
    assert "发送您现在的位置" in await phone.taps("发送位置签到")
    assert "签到成功" in await phone.sends_position(HALL[0] + 0.001, HALL[1])
    entry = await Attendance.get(invitation_id=invitation.id)
    assert (entry.direction, entry.method, round(entry.longitude or 0, 4)) == ("in", "place", 113.331)


async def test_a_position_sent_instead_of_a_choice_counts(world: World, phone: Phone, expert: Expert) -> None:
    """The reminder says: reply 签到 and send your position."""
    invitation = await world.make_accepted_panel(expert)
    world.clock.set(invitation.gathering_at)
    assert "发送位置签到" in await phone.says("签到")
    assert "签到成功" in await phone.sends_position(*HALL)


async def test_a_position_far_away_is_refused_with_the_distance(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    await phone.says("签到")
    await phone.taps("发送位置签到")
    far = await phone.sends_position(23.497428, 113.336438)
    assert "39.0公里" in far
    assert not await Attendance.exists()


async def test_where_a_scan_needs_a_position_too_the_chat_says_how_to_send_one(
    world: World, phone: Phone, expert: Expert
) -> None:
    world.set_rules(attendance={"location_required": True})
    invitation = await world.make_accepted_panel(expert)
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    assert "回复“签到”并发送位置" in await phone.scans(f"venue:{token}")
    await phone.says("签到")
    await phone.taps("发送位置签到")
    assert "没有收到位置" in await phone.says("我到了")
    assert not await Attendance.exists()
    await phone.says("签到")
    await phone.taps("发送位置签到")
    assert "签到成功" in await phone.sends_position(*HALL)


async def test_too_early_tells_when(world: World, clock: FixedClock, phone: Phone, expert: Expert) -> None:
    world.set_rules(attendance={"check_in_opens": timedelta(minutes=90)})
    invitation = await world.make_accepted_panel(expert)
    told = await phone.says("签到")
    assert print_time(invitation.gathering_at - timedelta(minutes=90)) in told
    clock.move(timedelta(hours=4))
    assert "到达集合地点" in await phone.says("签到")


async def test_checked_in_already_is_harmless_and_said(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("签到")
    await phone.taps("发送位置签到")
    await phone.sends_position(*HALL)
    again = await phone.says("签到")
    assert "无需重复" in again
    assert invitation.code in again
    assert await Attendance.all().count() == 1


async def test_a_tap_after_the_venue_registered_the_entry_changes_nothing(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("签到")
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    assert "无需重复" in await phone.taps("我已到场（自报）")
    assert (await Attendance.get(invitation_id=invitation.id)).method == "desk"


async def test_scanning_the_venues_code_checks_in_at_once(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    assert "签到成功" in await phone.scans(f"venue:{token}")
    assert "无需重复" in await phone.scans(f"venue:{token}")
    assert (await Attendance.get(invitation_id=invitation.id)).method == "qr"


async def test_a_photo_of_an_old_code_is_useless(world: World, clock: FixedClock, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    token, until = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    clock.move(until - clock.now() + timedelta(seconds=1))
    assert "已过期" in await phone.scans(f"venue:{token}")
    assert "无效" in await phone.scans("venue:made-up")
    assert not await Attendance.exists()


async def test_an_expert_who_is_not_expected_is_sent_to_the_venues_staff(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    other = await world.phone_of(await world.add_expert())
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    assert "现场工作人员" in await other.scans(f"venue:{token}")
    assert "没有待签到" in await other.says("签到")


async def test_an_unbound_visitor_binds_first_and_then_checks_in(world: World, stranger: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    assert "签到前请先绑定身份" in await stranger.follows(f"venue:{token}")
    await stranger.taps("同意")
    await stranger.says(world.mobile_of(expert))
    assert "现在可以签到了" in await stranger.says(await world.sms_code())
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    assert "签到成功" in await stranger.scans(f"venue:{token}")


async def test_with_two_panels_it_is_asked_which_one(world: World, phone: Phone, expert: Expert) -> None:
    world.set_rules(attendance={"check_in_opens": timedelta(days=4)})
    first = await world.make_accepted_panel(expert)
    second = await world.call_again(expert)
    await world.services.draws.invitations.answer(second.id, expert.id, "accept", by="chat")
    await phone.says("签到")
    await phone.taps(print_time(first.gathering_at))
    await phone.taps("我已到场（自报）")
    assert await PresenceClaim.filter(invitation_id=first.id).exists()
    assert not await PresenceClaim.filter(invitation_id=second.id).exists()


async def test_a_scan_ends_the_talk_about_checking_in(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("签到")
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    done = await phone.scans(f"venue:{token}")
    assert "签到成功" in done
    assert "还没有完成" not in done
    assert "没有正在办理" in await phone.says("取消")


async def test_after_a_check_in_another_open_talk_goes_on_unmentioned(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("日程")
    token, _ = await world.office.attendance.venue_token(world.office.venue, invitation.draw_id)
    assert "还没有完成" not in await phone.scans(f"venue:{token}")
    assert "对吗" in await phone.says("明天到后天")


@pytest.mark.parametrize("word", ["签到", "我的评标"])
async def test_who_asks_in_the_chat_has_opened_the_reminder(
    world: World, phone: Phone, expert: Expert, word: str
) -> None:
    invitation = await world.make_accepted_panel(expert)
    await world.office.notices.notify(
        pool="demo",
        kind="check_in_reminder",
        dedupe_key="reminder",
        params={"gathering": "今天", "place": "评标室", "code": "1"},
        expert_id=expert.id,
        invitation_id=invitation.id,
    )
    await phone.says("帮助")
    assert (await Notice.get(kind="check_in_reminder")).state == "active"
    await phone.says(word)
    notice = await Notice.get(kind="check_in_reminder")
    assert (notice.state, notice.opened_at is not None) == ("done", True)
