"""Leave after agreeing: reason, consequence, confirmation, deadline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_time
from models.draws import Absence
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.draws import DiscardForm
from tests.factories.offices import state_of
from tests.handlers.conftest import Phone, World


async def test_leave_shows_its_consequence_and_counts_when_confirmed(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    assert "原因" in await phone.says("请假")
    shown = await phone.says("  家人  生病 ")
    assert "原因：家人 生病" in shown
    assert "系统将补抽其他专家；本次请假会记入履职记录" in shown
    assert await world.state_of(invitation.id) == "accepted"
    done = await phone.taps("确定请假")
    assert "请假已登记" in done
    assert print_time(invitation.gathering_at) in done
    assert await world.state_of(invitation.id) == "left"
    absence = await Absence.get(invitation_id=invitation.id)
    assert (absence.kind, absence.reason, absence.source) == ("leave", "家人 生病", "expert")
    assert await state_of(invitation.draw_id) == "supplement_pending"


async def test_thought_better_of_it_one_stays_on_the_list(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("请假")
    await phone.says("出差")
    assert "仍在" in await phone.taps("不请假了")
    assert await world.state_of(invitation.id) == "accepted"


async def test_cancelled_in_the_middle_nothing_happens(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("请假")
    await phone.says("出差")
    assert "已取消“请假”" in await phone.says("取消")
    assert await world.state_of(invitation.id) == "accepted"


async def test_a_reason_must_be_one(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    await phone.says("请假")
    assert "2到100个字" in await phone.says("病")
    assert "2到100个字" in await phone.says("长" * 101)
    assert "确定请假吗" in await phone.says("生病")


async def test_past_the_deadline_the_leave_is_taken_with_what_follows_from_that(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    clock.move(timedelta(hours=4, minutes=51))
    shown = await phone.says("家人突发重病，今天的评标来不了了")
    assert "请假时间已过。您的名额会马上空出" in shown
    assert await world.state_of(invitation.id) == "accepted"
    told = await phone.taps("确定请假")
    assert "抽取单位、场地和监督人已收到通知" in told
    assert "王场地 020-28866000" in told
    assert await world.state_of(invitation.id) == "left"
    absence = await Absence.get(invitation_id=invitation.id)
    assert (absence.kind, absence.reason, absence.source) == ("leave", "家人突发重病，今天的评标来不了了", "late")
    assert await state_of(invitation.draw_id) == "supplement_pending"
    (notice,) = await Notice.filter(kind="agency_leave")
    assert notice.params["cause"] == "临时请假"
    parties = await Notice.filter(kind="draw_news", dedupe_key__contains=str(absence.id))
    assert {"专家临时请假，缺1人"} == {party.params["what"] for party in parties}


async def test_a_deadline_that_passes_in_mid_talk_has_its_consequence_read_back(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    clock.move(timedelta(hours=4, minutes=45))
    await phone.says("请假")
    assert "本次请假会记入履职记录" in await phone.says("堵在路上")
    clock.move(timedelta(minutes=10))
    assert "请假时间已过" in await phone.taps("确定请假")
    assert await world.state_of(invitation.id) == "accepted"
    assert "抽取单位、场地和监督人已收到通知" in await phone.taps("确定请假")
    assert await world.state_of(invitation.id) == "left"


async def test_with_two_panels_it_is_asked_which_one(world: World, phone: Phone, expert: Expert) -> None:
    first = await world.make_accepted_panel(expert)
    second = await world.call_again(expert)
    await world.services.draws.invitations.answer(second.id, expert.id, "accept", by="chat")
    await phone.says("请假")
    assert print_time(second.gathering_at) in await phone.taps(print_time(second.gathering_at))
    await phone.says("出差")
    await phone.taps("确定请假")
    assert await world.state_of(second.id) == "left"
    assert await world.state_of(first.id) == "accepted"


async def test_who_has_no_panel_or_sits_in_it_already_needs_no_leave(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    assert "无需请假" in await phone.says("请假")
    invitation = await world.make_accepted_panel(expert)
    clock.move(timedelta(hours=4))
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    assert "现场工作人员" in await phone.says("请假")


async def test_a_leave_given_twice_at_once_is_one_leave(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("请假")
    await phone.says("生病了")
    await world.services.draws.invitations.leave(invitation.id, expert.id, "电话请假")
    assert "请假已登记" in await phone.taps("确定请假")
    assert await Absence.filter(invitation_id=invitation.id).count() == 1


async def test_leave_while_the_draw_still_calls_frees_the_place(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    await phone.says("参加")
    await phone.says("1")
    await phone.says("请假")
    await phone.says("生病")
    await phone.taps("确定请假")
    assert (await Invitation.get(id=invitation.id)).state == "left"
    assert (await Absence.get(invitation_id=invitation.id)).handled_at is not None


async def register_leave(world: World, expert: Expert) -> Invitation:
    """The agency has registered a leave for this expert."""
    invitation = await world.make_accepted_panel(expert)
    form = DiscardForm(invitation.code, "leave", "专家来电请假")
    await world.services.draws.discards.register(world.office.agency, invitation.draw_id, form)
    return invitation


@pytest.mark.parametrize("word", ["确认请假", "请假"])
async def test_a_leave_registered_on_the_experts_behalf_is_confirmed_in_chat(
    world: World, phone: Phone, expert: Expert, word: str
) -> None:
    invitation = await register_leave(world, expert)
    assert "有人为您登记了" in await phone.says(word)
    assert await world.state_of(invitation.id) == "accepted"
    assert "请假已登记" in await phone.taps("确定请假")
    assert await world.state_of(invitation.id) == "left"


async def test_a_leave_registered_on_the_experts_behalf_is_denied_by_a_word(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await register_leave(world, expert)
    assert "请在" in await phone.says("我的活动")
    assert "确认请假" in phone.screen
    assert "请假没有生效" in await phone.says("按时到场")
    assert await world.state_of(invitation.id) == "accepted"
    assert "没有等待您确认的请假" in await phone.says("确认请假")


async def test_thought_better_of_it_while_confirming_one_comes(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await register_leave(world, expert)
    await phone.says("确认请假")
    assert "请假没有生效" in await phone.taps("按时到场")
    assert await world.state_of(invitation.id) == "accepted"


@pytest.mark.parametrize("words", ["我生病了去不了", "临时有事来不了", "去不了了", "家里有急事，抱歉"])
async def test_who_writes_that_he_can_not_come_is_offered_leave_with_his_words_as_the_reason(
    world: World, phone: Phone, expert: Expert, words: str
) -> None:
    invitation = await world.make_accepted_panel(expert)
    question = await phone.says(words)
    assert f"原因：{words}" in question
    assert "确定请假吗" in question
    assert await world.state_of(invitation.id) == "accepted"
    assert "请假已登记" in await phone.says("好的，谢谢")
    assert (await Absence.get(invitation_id=invitation.id)).reason == words


async def test_the_reason_that_was_taken_from_words_can_be_replaced(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await phone.says("去不了了")
    await phone.taps("换个原因")
    assert "原因：家人住院" in await phone.says("家人住院")
    await phone.taps("确定请假")
    assert (await Absence.get(invitation_id=invitation.id)).reason == "家人住院"


async def test_with_two_panels_it_is_asked_which_one_the_words_mean(world: World, phone: Phone, expert: Expert) -> None:
    first = await world.make_accepted_panel(expert)
    second = await world.call_again(expert)
    await world.services.draws.invitations.answer(second.id, expert.id, "accept", by="voice")
    await world.office.run.advance(second.draw_id)
    assert "哪一场" in await phone.says("我生病了去不了")
    assert "原因：我生病了去不了" in await phone.taps(print_time(second.gathering_at))
    await phone.taps("确定请假")
    assert (await world.state_of(first.id), await world.state_of(second.id)) == ("accepted", "left")


async def test_while_an_invitation_waits_such_words_answer_it(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    await world.call_again(expert)
    assert "【不参加】" in await phone.says("我生病了去不了")


async def test_who_has_just_agreed_is_offered_to_undo_instead(world: World, phone: Phone, expert: Expert) -> None:
    await world.add_expert()
    invitation = await world.call(expert, needed=2)
    await world.services.draws.invitations.answer(invitation.id, expert.id, "accept", by="voice")
    assert "请先撤销" in await phone.says("点错了，我去不了")
    await phone.taps("撤销")
    assert await world.state_of(invitation.id) == "open"


async def test_an_expert_without_a_panel_is_not_offered_leave(world: World, phone: Phone) -> None:
    assert "确定请假吗" not in await phone.says("我生病了去不了")
