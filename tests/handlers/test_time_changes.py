"""Answering a moved time in chat: agreeing counts at once, going is read back."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.clock import print_time
from models.draws import Absence
from models.experts import Expert
from models.invitations import Invitation
from tests.handlers.conftest import Phone, World


async def moved_panel(world: World, expert: Expert) -> tuple[Invitation, datetime]:
    """An accepted panel whose gathering the agency has brought forward by an hour."""
    invitation = await world.make_accepted_panel(expert)
    at = invitation.gathering_at - timedelta(hours=1)
    times = world.services.draws.gathering_times
    await times.change(world.office.agency, invitation.draw_id, invitation.notice_id, at)
    return invitation, at


async def test_an_expert_agrees_to_a_moved_time_by_a_word(world: World, phone: Phone, expert: Expert) -> None:
    invitation, at = await moved_panel(world, expert)
    shown = await phone.says("我的活动")
    assert f"时间：今天{print_time(invitation.gathering_at)}" in shown
    assert f"集合时间拟改为今天{print_time(at)}" in shown
    assert "您同意改期" in await phone.says("同意改期")
    assert (await Invitation.get(id=invitation.id)).gathering_at == at
    assert "没有等待您答复的改期" in await phone.says("同意改期")


async def test_who_cannot_come_at_the_moved_time_goes_without_a_mark(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation, _ = await moved_panel(world, expert)
    assert "不记入履职记录。确定不能参加吗" in await phone.says("不能改期")
    assert await world.state_of(invitation.id) == "accepted"
    assert "无需到场，不记入履职记录" in await phone.taps("改期后不能参加")
    assert (await Absence.get(invitation_id=invitation.id)).source == "moved"


async def test_a_leave_after_a_move_is_the_free_way_out(world: World, phone: Phone, expert: Expert) -> None:
    await moved_panel(world, expert)
    assert "不记入履职记录" in await phone.says("请假")
    assert "您同意改期" in await phone.taps("同意改期"), "he thinks better of it"


async def test_an_open_invitation_is_answered_by_the_same_words(world: World, phone: Phone, expert: Expert) -> None:
    await world.call(expert)
    assert "参加" in await phone.says("同意改期")


async def test_without_a_moved_time_the_words_say_so(world: World, phone: Phone, expert: Expert) -> None:
    assert "没有等待您答复的改期" in await phone.says("不能改期")


async def test_after_a_second_move_an_agreement_is_read_back(world: World, phone: Phone, expert: Expert) -> None:
    """The attack: the word that agrees to the first move is sent when the second is asked for."""
    invitation, at = await moved_panel(world, expert)
    times = world.services.draws.gathering_times
    later = at - timedelta(minutes=30)
    world.clock.move(timedelta(seconds=1))
    await times.change(world.office.agency, invitation.draw_id, invitation.notice_id, later)
    assert f"集合时间拟改为今天{print_time(later)}" in await phone.says("同意改期")
    assert (await Invitation.get(id=invitation.id)).gathering_at == invitation.gathering_at
    world.clock.move(timedelta(seconds=1))
    await times.change(world.office.agency, invitation.draw_id, invitation.notice_id, at)
    assert "时间又有改动" in await phone.taps("同意改期"), "a third move while the second is read"
    assert (await Invitation.get(id=invitation.id)).gathering_at == invitation.gathering_at
    await phone.says("同意改期")
    assert "您同意改期" in await phone.taps("同意改期")
    assert (await Invitation.get(id=invitation.id)).gathering_at == at
