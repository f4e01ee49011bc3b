"""Answering: a tap or number counts at once and can be undone, words are read back; also stray messages."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_time
from models.draws import CallNotice
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from tests.bot.conftest import message
from tests.factories.people import make_sanction
from tests.handlers.conftest import Phone, World


@pytest.fixture
async def invitation(world: World, expert: Expert) -> Invitation:
    return await world.call(expert)


@pytest.fixture
async def one_of_two(world: World, expert: Expert) -> Invitation:
    """The expert's invitation to a panel that lacks one more expert."""
    await world.add_expert()
    return await world.call(expert, needed=2)


async def test_one_tap_on_attend_counts_at_once_and_stops_the_ladder(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    done = await phone.taps_answer(invitation, "参加")
    assert "已确认您参加评标" in done
    for told in (print_time(invitation.gathering_at), "广州市天河区天润路333号 3号评标室", "王场地 020-28866000"):
        assert told in done
    assert invitation.code in done
    answered = await Invitation.get(id=invitation.id)
    assert (answered.state, answered.answered_by) == ("accepted", "chat")
    assert not await Notice.exists(kind="draw_call", invitation_id=invitation.id, state="active")
    assert not await Attempt.exists(notice__kind="draw_call", state="pending")


async def test_an_acceptance_is_undone_by_a_tap_until_the_deadline(
    world: World, clock: FixedClock, phone: Phone, one_of_two: Invitation
) -> None:
    done = await phone.taps_answer(one_of_two, "参加")
    assert f"点错了？{print_time(one_of_two.answer_until)}前可以撤销" in done
    clock.move(timedelta(minutes=2, seconds=50))
    question = await phone.taps("撤销")
    assert "已撤销，您还没有答复" in question
    assert await world.state_of(one_of_two.id) == "open"
    await world.check()
    clock.move(timedelta(seconds=5))
    assert "已确认您参加评标" in await phone.says("1")
    assert await world.state_of(one_of_two.id) == "accepted"
    await world.check()


async def test_an_undone_acceptance_can_become_a_no_and_the_place_goes_to_the_next(
    world: World, phone: Phone, one_of_two: Invitation
) -> None:
    await phone.taps_answer(one_of_two, "参加")
    await phone.taps("撤销")
    await phone.taps("不参加")
    await phone.taps("确认不参加")
    assert await world.state_of(one_of_two.id) == "declined"
    await world.office.run.advance(one_of_two.draw_id)
    await world.check()


async def test_after_the_deadline_it_is_a_leave(
    world: World, clock: FixedClock, phone: Phone, one_of_two: Invitation
) -> None:
    await phone.taps_answer(one_of_two, "参加")
    clock.move(timedelta(minutes=3, seconds=1))
    told = await phone.taps("撤销")
    assert "不能撤销" in told
    assert await world.state_of(one_of_two.id) == "accepted"
    assert "撤销" not in await phone.says("活动")
    assert "简短说明原因" in await phone.says("请假")


async def test_who_takes_the_last_place_is_offered_leave_instead_of_undoing(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    done = await phone.taps_answer(invitation, "参加")
    assert "撤销" not in done
    assert "回复“请假”" in done
    stale = await phone.says("撤销", bizmsgmenuid=4_000_000_000_000_000 + invitation.menu_id)
    assert "不能撤销" in stale
    assert await world.state_of(invitation.id) == "accepted"


async def test_when_another_takes_the_last_place_undoing_is_over(
    world: World, phone: Phone, one_of_two: Invitation
) -> None:
    done = await phone.taps_answer(one_of_two, "参加")
    assert "▸" in done
    [other] = await Invitation.filter(draw_id=one_of_two.draw_id).exclude(id=one_of_two.id)
    await world.services.draws.invitations.answer(other.id, other.expert_id, "accept", by="voice")
    await world.office.run.advance(one_of_two.draw_id)
    assert "名额已满，不能撤销" in await phone.taps("撤销")
    assert await world.state_of(one_of_two.id) == "accepted"
    await world.check()


async def test_what_was_accepted_by_phone_is_undone_from_the_list_of_panels(
    world: World, phone: Phone, expert: Expert, one_of_two: Invitation
) -> None:
    await world.services.draws.invitations.answer(one_of_two.id, expert.id, "accept", by="voice")
    await phone.says("活动")
    await phone.taps("撤销")
    assert await world.state_of(one_of_two.id) == "open"


async def test_the_word_undoes_what_can_be_undone_and_says_so_when_nothing_can(
    world: World, phone: Phone, one_of_two: Invitation
) -> None:
    assert "没有可以撤销的答复" in await phone.says("撤销")
    await phone.taps_answer(one_of_two, "参加")
    assert "已撤销，您还没有答复" in await phone.says("撤销")
    assert await world.state_of(one_of_two.id) == "open"


async def test_after_three_misses_the_panels_own_contact_is_named(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("邀请")
    for miss in ("天气真好", "吃了吗", "随便"):
        await phone.says(miss)
    assert "拨打王场地 020-28866000找人工" in phone.screen
    assert "msgmenucontent=参加" in phone.screen
    await phone.taps("参加")
    assert await world.state_of(invitation.id) == "accepted"


async def test_only_the_expert_undoes_the_own_answer(world: World, phone: Phone, one_of_two: Invitation) -> None:
    await phone.taps_answer(one_of_two, "参加")
    [other] = await Invitation.filter(draw_id=one_of_two.draw_id).exclude(id=one_of_two.id)
    stranger = await world.phone_of(await Expert.get(id=other.expert_id))
    stranger.screen = phone.screen
    assert "不是发给您的" in await stranger.taps("撤销")
    assert await world.state_of(one_of_two.id) == "accepted"


async def test_a_recorded_tap_that_comes_again_changes_nothing(
    world: World, clock: FixedClock, phone: Phone, one_of_two: Invitation
) -> None:
    """Even when Redis has forgotten that it came before."""
    tapped = message("参加", phone.openid, at=clock.now(), bizmsgmenuid=one_of_two.menu_id)
    await phone.sends(tapped)
    clock.move(timedelta(seconds=10))
    undone = message("撤销", phone.openid, at=clock.now(), bizmsgmenuid=4_000_000_000_000_000 + one_of_two.menu_id)
    await phone.sends(undone)
    await world.redis.flushall()
    clock.move(timedelta(seconds=10))
    assert "还在等您答复" in await phone.sends(tapped)
    assert await world.state_of(one_of_two.id) == "open"
    await phone.taps_answer(one_of_two, "参加")
    await world.redis.flushall()
    assert "已经失效" in await phone.sends(undone)
    assert await world.state_of(one_of_two.id) == "accepted"


async def test_after_undoing_the_ladder_goes_on_but_not_at_once(
    world: World, clock: FixedClock, phone: Phone, one_of_two: Invitation
) -> None:
    await phone.taps_answer(one_of_two, "参加")
    clock.move(timedelta(seconds=30))
    await phone.taps("撤销")
    pending = await Attempt.filter(notice__invitation_id=one_of_two.id, notice__kind="draw_call", state="pending")
    assert {a.channel for a in pending} >= {"sms"}
    assert all(a.due_at == clock.now() + timedelta(minutes=1) for a in pending)
    await phone.taps("参加")
    assert not await Attempt.exists(notice__kind="draw_call", notice__invitation_id=one_of_two.id, state="pending")


async def test_a_tap_ends_the_question_that_asked_the_same(world: World, phone: Phone, invitation: Invitation) -> None:
    await phone.says("邀请")
    done = await phone.taps_answer(invitation, "参加")
    assert "还没有完成" not in done
    assert "没有正在办理" in await phone.says("取消")


async def test_a_tap_tells_of_another_invitation_that_waits(
    world: World, phone: Phone, expert: Expert, invitation: Invitation
) -> None:
    await world.call_again(expert)
    assert "另有1个邀请" in await phone.taps_answer(invitation, "参加")
    assert "您参加吗" in await phone.taps("评标邀请")


async def test_no_bubble_ever_names_the_project_or_the_parties(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    shown = [await phone.says("我参加"), await phone.taps("确认参加")]
    shown += [await phone.says("活动"), await phone.says("状态"), await phone.says("请假")]
    for bubble in shown:
        assert "演示项目" not in bubble
        assert "广州水务" not in bubble
        assert "粤和" not in bubble


async def test_declining_thanks_and_does_no_harm(world: World, phone: Phone, invitation: Invitation) -> None:
    assert "【不参加】" in await phone.taps_answer(invitation, "不参加")
    done = await phone.taps("确认不参加")
    assert "感谢答复，不影响您今后被抽取" in done
    assert await world.state_of(invitation.id) == "declined"


async def test_a_slip_of_the_finger_is_put_right_at_the_read_back(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.taps_answer(invitation, "不参加")
    assert await world.state_of(invitation.id) == "open"
    assert "已确认您参加评标" in await phone.taps("改为参加")
    assert await world.state_of(invitation.id) == "accepted"


async def test_the_number_of_the_question_attends_at_once(world: World, phone: Phone, invitation: Invitation) -> None:
    await phone.says("邀请")
    assert "已确认您参加评标" in await phone.says("1")
    assert await world.state_of(invitation.id) == "accepted"


async def test_the_same_number_twice_declines_as_on_the_phone(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("邀请")
    assert "请确认" in await phone.says("２")
    assert await world.state_of(invitation.id) == "open"
    await phone.says("２")
    assert await world.state_of(invitation.id) == "declined"


@pytest.mark.parametrize("number", ["1", "２", "1。"])
async def test_a_number_without_a_question_only_shows_what_is_open(
    world: World, phone: Phone, invitation: Invitation, number: str
) -> None:
    shown = await phone.says(number)
    assert "请确认" not in shown
    assert print_time(invitation.gathering_at) in shown
    assert "msgmenucontent=参加" in shown
    assert await world.state_of(invitation.id) == "open"


async def test_a_confirmation_belongs_to_the_invitation_it_was_asked_for(
    world: World, phone: Phone, expert: Expert, invitation: Invitation
) -> None:
    """The first is withdrawn while its question waits, and another comes: the 1 that follows accepts neither."""
    await phone.says("参加")
    await world.office.invitations.answer(invitation.id, expert.id, "decline", by="h5")
    another = await world.call_again(expert)
    assert "不参加" in await phone.says("1")
    assert await world.state_of(another.id) == "open"


async def test_an_answer_to_a_lost_conversation_is_refused_with_how_to_restart(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("参加")
    await world.redis.flushall()
    await phone.says("1")
    assert await world.state_of(invitation.id) == "open", "its question is lost, so the answer is asked for again"
    await world.office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="h5")
    await phone.says("请假")
    await world.redis.flushall()
    for lost in ("1", "是", "196017", "440106196001010018", "11010519491231002X"):
        told = await phone.says(lost)
        assert "这条回复没有办理任何事" in told
        assert "要办事请回复“菜单”" in told
    assert "原因：临时有急事要出远门" in await phone.says("临时有急事要出远门")
    assert await world.state_of(invitation.id) == "accepted"


@pytest.mark.parametrize(
    ("words", "confirmation", "state"),
    [
        ("没问题，准时到", "是的", "accepted"),
        ("可以参加", "可以", "accepted"),
        ("我参加", "参加", "accepted"),
        ("不好意思，在外地，去不了", "对", "declined"),
        ("没空", "不参加", "declined"),
    ],
)
async def test_plain_words_are_understood_and_read_back(
    world: World, phone: Phone, invitation: Invitation, words: str, confirmation: str, state: str
) -> None:
    assert "请确认" in await phone.says(words)
    assert await world.state_of(invitation.id) == "open"
    await phone.says(confirmation)
    assert await world.state_of(invitation.id) == state


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("能早走吗", "咨询上面的联系人"),
        ("晚一点到可以参加", "按时、全程"),
        ("不是不参加", "没有把握"),
        ("收到", "还需要您明确答复"),
        ("天气真好", "没有看懂"),
    ],
)
async def test_what_is_unclear_is_asked_back_and_never_taken_for_a_yes(
    world: World, phone: Phone, invitation: Invitation, words: str, hint: str
) -> None:
    question = await phone.says(words)
    assert hint in question
    assert "msgmenucontent=不参加" in question
    assert await world.state_of(invitation.id) == "open"
    assert "【不参加】" in await phone.taps("不参加")


async def test_a_doubtful_confirmation_confirms_nothing(world: World, phone: Phone, invitation: Invitation) -> None:
    await phone.says("参加")
    assert "没有看懂您的选择" in await phone.says("我想想")
    assert "【不参加】" in await phone.says("不去了")
    assert "没有看懂您的选择" in await phone.says("不是")
    assert await world.state_of(invitation.id) == "open"


async def test_an_answer_may_be_put_off(world: World, phone: Phone, invitation: Invitation) -> None:
    await phone.says("邀请")
    told = await phone.taps("稍后答复")
    assert print_time(invitation.answer_until) in told
    assert await world.state_of(invitation.id) == "open"
    await phone.says("参加")
    await phone.says("取消")
    assert await world.state_of(invitation.id) == "open"


async def test_with_two_invitations_it_is_asked_which_one_is_meant(
    world: World, phone: Phone, expert: Expert, invitation: Invitation
) -> None:
    other = await world.call_again(expert)
    question = await phone.says("参加")
    assert "2个邀请" in question
    readback = await phone.taps(print_time(other.gathering_at))
    assert print_time(other.gathering_at) in readback
    await phone.taps("确认参加")
    assert await world.state_of(other.id) == "accepted"
    assert await world.state_of(invitation.id) == "open"


async def test_the_question_which_one_survives_that_one_is_answered_elsewhere(
    world: World, phone: Phone, expert: Expert, invitation: Invitation
) -> None:
    other = await world.call_again(expert)
    await phone.says("参加")
    await world.services.draws.invitations.answer(other.id, expert.id, "decline", by="voice")
    await phone.taps(print_time(invitation.gathering_at))
    await phone.taps("确认参加")
    assert await world.state_of(invitation.id) == "accepted"
    assert await world.state_of(other.id) == "declined"


async def test_an_answer_after_the_deadline_gets_the_present_state(
    world: World, clock: FixedClock, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("参加")
    clock.move(timedelta(minutes=4))
    await world.services.draws.invitations.expire_due()
    late = await phone.taps("确认参加")
    assert "已过答复时间" in late
    assert "无需到场" in late
    assert await world.state_of(invitation.id) == "silent"
    assert "已过答复时间" in await phone.taps_answer(invitation, "参加")
    assert "没有等待您答复" in await phone.says("参加")
    assert "没有等待您答复" in await phone.says("邀请")


async def test_an_expert_who_answered_by_phone_meanwhile_gets_the_present_state(
    world: World, phone: Phone, expert: Expert, invitation: Invitation
) -> None:
    await phone.taps_answer(invitation, "不参加")
    await world.services.draws.invitations.answer(invitation.id, expert.id, "accept", by="voice")
    held = await phone.taps("确认不参加")
    assert "已经确认参加" in held
    assert "请简短说明原因" in await phone.taps("请假")
    assert await world.state_of(invitation.id) == "accepted"


async def test_who_declined_by_mistake_is_told_that_it_stands(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("不参加")
    await phone.says("2")
    told = await phone.says("手滑点成不参加了还能改回来吗")
    assert "您此前已答复不参加" in told
    assert "不能再更改" in told
    assert "请请假" not in told


async def test_a_declined_invitation_cant_be_accepted_any_more(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("不参加")
    await phone.says("2")
    assert "不能再更改" in await phone.taps_answer(invitation, "参加")
    assert await world.state_of(invitation.id) == "declined"


async def test_the_same_answer_twice_tells_the_same(world: World, phone: Phone, invitation: Invitation) -> None:
    first = await phone.taps_answer(invitation, "参加")
    assert await phone.taps_answer(invitation, "参加") == first


async def test_a_tap_is_taken_only_from_the_one_to_whom_it_was_offered(
    world: World, invitation: Invitation, stranger: Phone
) -> None:
    other = await world.phone_of(await world.add_expert())
    assert "不是发给您的" in await other.taps_answer(invitation, "参加")
    assert "请先绑定身份" in await stranger.taps_answer(invitation, "参加")
    assert await world.state_of(invitation.id) == "open"


async def test_a_tap_sent_to_another_expert_does_not_answer_an_invitation(
    world: World, phone: Phone, expert: Expert, invitation: Invitation
) -> None:
    await phone.says("不参加")
    await phone.says("2")
    await world.office.run.advance(invitation.draw_id)
    await make_sanction(expert)
    second = await world.add_expert()
    other = await world.phone_of(second)
    own = await world.call_again(second)
    assert "不是发给您的" in await other.taps_answer(invitation, "参加")
    assert "现在没有正在办理" in await other.says("取消")
    assert await world.state_of(own.id) == "open"


async def test_an_old_confirmation_is_stale(world: World, phone: Phone, invitation: Invitation) -> None:
    await phone.says("参加")
    old = phone.screen
    await phone.taps("改为不参加")
    newest, phone.screen = phone.screen, old
    assert "失效" in await phone.taps("确认参加")
    assert await world.state_of(invitation.id) == "open"
    phone.screen = newest
    await phone.taps("确认不参加")
    phone.screen = old
    assert "失效" in await phone.taps("确认参加")
    assert await world.state_of(invitation.id) == "declined"


async def test_an_answer_tapped_after_it_was_put_off_shows_the_invitation(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    offer = await phone.says("评标邀请")
    assert "稍后答复" in offer
    await phone.taps("稍后答复")
    phone.screen = offer
    shown = await phone.taps("参加")
    assert "失效" not in shown
    assert ("参加" in shown, "稍后答复" in shown) == (True, True)
    assert await world.state_of(invitation.id) == "open"
    await phone.taps("参加")
    assert await world.state_of(invitation.id) == "accepted"
    phone.screen = offer
    assert "失效" in await phone.taps("参加")


async def test_two_messages_at_once_keep_their_order(world: World, phone: Phone, invitation: Invitation) -> None:
    twin = Phone(world, phone.openid)
    await asyncio.gather(phone.says("参加"), twin.says("是"))
    assert await world.state_of(invitation.id) == "accepted"
    assert "已确认您参加评标" in phone.screen + twin.screen


async def test_a_new_process_goes_on_with_the_read_back(world: World, phone: Phone, invitation: Invitation) -> None:
    await phone.says("参加")
    world.start_process()
    await phone.says("1")
    assert await world.state_of(invitation.id) == "accepted"


async def test_leave_before_an_answer_is_read_back_as_a_no(world: World, phone: Phone, invitation: Invitation) -> None:
    assert "【不参加】" in await phone.says("请假")
    await phone.taps("确认不参加")
    assert await world.state_of(invitation.id) == "declined"


async def test_words_of_an_expert_without_an_invitation_are_no_answer(world: World, phone: Phone) -> None:
    assert "没有等待您答复" in await phone.says("参加")
    assert "没有看懂" in await phone.says("隔壁老王的狗跑了")


async def test_an_answer_to_a_cancelled_panel_is_refused_with_the_reason(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.call(expert)
    await phone.says("参加")
    await Invitation.filter(id=invitation.id).update(state="cancelled")
    told = await phone.says("1")
    assert "已取消" in told
    assert "020-28866000" in told


async def test_a_remark_with_a_link_in_it_is_shown_as_text(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    await CallNotice.filter(id=invitation.notice_id).update(remark='<a href="http://x">点我</a>')
    assert '<a href="http' not in await phone.says("邀请")
    assert "点我" in phone.screen


async def test_a_link_that_was_stored_before_is_shown_but_cannot_be_tapped(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await CallNotice.filter(id=invitation.notice_id).update(
        address='广州市天河区<a href="http://evil.cn">地图</a>', room="www.evil.cn", remark="先登记weixin://x"
    )
    question = await phone.taps_answer(invitation, "参加")
    assert "广州市天河区" in question
    for tappable in ('<a href="http://evil', "http://evil", "www.evil", "weixin://x"):
        assert tappable not in question
