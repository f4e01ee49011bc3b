"""An answer typed below a newer question is not taken for an older one, which may lose a panel or a binding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.clock import print_time
from models.accounts import WechatIdentity
from models.draws import Absence
from models.experts import Expert, Unavailability
from models.helpdesk import Feedback
from models.invitations import Invitation
from models.notices import Attempt
from tests.handlers.conftest import Phone, World


async def deliver(world: World) -> None:
    """Send what waits in the chat a second from now."""
    world.clock.move(timedelta(seconds=1))
    await Attempt.filter(channel="wechat", state="pending").update(state="sent", sent_at=world.clock.now())


async def invite(world: World, expert: Expert) -> Invitation:
    invitation = await world.call_again(expert)
    await deliver(world)
    return invitation


async def _leave(phone: Phone) -> str:
    await phone.says("请假")
    return await phone.says("家里有事")


async def _unbind(phone: Phone) -> str:
    return await phone.says("解绑")


async def _pause(phone: Phone) -> str:
    return await phone.says("明天到后天不能参加评标")


async def _feedback(phone: Phone) -> str:
    return await phone.says("意见反馈")


async def _complaint(phone: Phone) -> str:
    return await phone.says("投诉")


async def _report(phone: Phone) -> str:
    return await phone.says("我要举报")


async def count_losses(expert: Expert) -> tuple[int, int, int, int]:
    """What the open talks could do: leaves, bound accounts, times off, feedback."""
    return (
        await Absence.all().count(),
        await WechatIdentity.filter(account_id__isnull=False).count(),
        await Unavailability.filter(expert_id=expert.id).count(),
        await Feedback.all().count(),
    )


@pytest.mark.parametrize("typed", ["1", "参加", "能去，准时参加", "好的", "去不了，家里有事", "不参加"])
@pytest.mark.parametrize("begin", [_leave, _unbind, _pause, _feedback, _complaint, _report])
async def test_an_answer_below_an_invitation_is_for_the_invitation(
    world: World, phone: Phone, expert: Expert, begin: Callable[[Phone], Awaitable[str]], typed: str
) -> None:
    await world.make_accepted_panel(expert)
    await deliver(world)
    opened = await begin(phone)
    assert "1. " in opened or "请" in opened, "a question is open"
    before = await count_losses(expert)
    invitation = await invite(world, expert)
    shown = await phone.says(typed)
    assert print_time(invitation.gathering_at) in shown, "it is the invitation that is asked about"
    assert await count_losses(expert) == before
    assert await world.state_of(invitation.id) == "open"


async def test_an_answer_to_an_older_invitation_is_not_taken_from_a_newer_one(
    world: World, phone: Phone, expert: Expert
) -> None:
    first = await world.call(expert)
    await deliver(world)
    assert print_time(first.gathering_at) in await phone.says("评标邀请")
    second = await invite(world, expert)
    assert "请选择" in await phone.says("1") or "2个" in phone.screen
    assert (await world.state_of(first.id), await world.state_of(second.id)) == ("open", "open")


async def test_what_may_answer_either_is_asked_again_and_counts_then(
    world: World, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    await deliver(world)
    await _leave(phone)
    at = invitation.gathering_at - timedelta(hours=1)
    times = world.services.draws.gathering_times
    await times.change(world.office.agency, invitation.draw_id, invitation.notice_id, at)
    await deliver(world)
    shown = await phone.says("1")
    assert "其间来了新的消息" in shown
    assert "同意改期" in shown
    assert "确定请假" in shown
    assert await world.state_of(invitation.id) == "accepted"
    await phone.says("1")
    assert await world.state_of(invitation.id) == "left", "now it was read below its own question"


async def test_a_no_to_a_moved_time_is_no_answer_to_the_leave_above(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await deliver(world)
    await _leave(phone)
    times = world.services.draws.gathering_times
    at = invitation.gathering_at - timedelta(hours=1)
    await times.change(world.office.agency, invitation.draw_id, invitation.notice_id, at)
    await deliver(world)
    assert "确定不能参加吗" in await phone.says("新时间我去不了")
    assert await world.state_of(invitation.id) == "accepted"


async def test_a_tap_says_itself_what_it_answers(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await deliver(world)
    await _leave(phone)
    await invite(world, expert)
    await phone.taps("确定请假")
    assert await world.state_of(invitation.id) == "left"


async def test_a_long_text_for_the_older_question_is_asked_for_again(
    world: World, phone: Phone, expert: Expert
) -> None:
    await _complaint(phone)
    await invite(world, expert)
    shown = await phone.says("你们二楼的茶水间地上总是有水，上次差点把人滑倒")
    assert "继续“投诉”请再回答一次" in shown
    assert "评标邀请" in shown


async def test_a_notice_that_asks_nothing_leaves_the_talk_alone(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    await _leave(phone)
    await deliver(world)  # 已确认参加, which asks nothing
    await phone.says("1")
    assert await world.state_of(invitation.id) == "left"


async def test_something_else_that_is_sure_is_heard_while_a_question_is_open(
    world: World, phone: Phone, expert: Expert
) -> None:
    await world.call(expert)
    await phone.says("评标邀请")
    shown = await phone.says("按了键没反应")
    assert "没有看懂您的选择" not in shown
    assert "没有按成" in shown
