"""酬劳 in the chat: what is owed, a tap to confirm, words to object."""

from __future__ import annotations

from datetime import timedelta

from models.experts import Expert
from models.remuneration import Remuneration
from tests.factories.remuneration import part
from tests.handlers.conftest import Phone, World


async def make_remuneration(world: World, expert: Expert) -> Remuneration:
    """A panel of three hours of this expert, and the venue's proposal."""
    invitation = await world.make_accepted_panel(expert)
    world.clock.set(invitation.gathering_at)
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    await part(world.office, world.clock, invitation.draw_id, [invitation], 3)
    await world.services.remuneration.proposals.propose(world.office.venue, invitation.draw_id, invitation.id)
    return await Remuneration.get(invitation_id=invitation.id)


async def test_one_tap_confirms_what_was_shown(world: World, phone: Phone, expert: Expert) -> None:
    assert "还没有评标酬劳" in await phone.says("酬劳")
    remuneration = await make_remuneration(world, expert)
    shown = await phone.says("酬劳")
    for words in ("500.00元", "基本酬劳400.00元（2小时以内）", "超时酬劳100.00元（1小时×100元）", "逾期视为确认"):
        assert words in shown
    assert "已确认：500.00元" in await phone.taps("确认金额")
    await remuneration.refresh_from_db()
    assert (remuneration.state, remuneration.answered_by) == ("confirmed", "chat")
    assert "500.00元，已确认" in await phone.says("我的酬劳")
    await world.check()


async def test_an_objection_is_passed_on_and_the_answer_shown(world: World, phone: Phone, expert: Expert) -> None:
    remuneration = await make_remuneration(world, expert)
    await phone.says("酬劳")
    assert "说明异议" in await phone.taps("有异议")
    assert "2到200个字" in await phone.says("少")
    assert "已转给场地" in await phone.says("实际八点才离场")
    await remuneration.refresh_from_db()
    assert (remuneration.state, remuneration.dispute) == ("disputed", "实际八点才离场")
    assert "您的异议：实际八点才离场（待场地答复）" in await phone.says("酬劳")
    proposals = world.services.remuneration.proposals
    await proposals.propose(
        world.office.venue, remuneration.draw_id, remuneration.invitation_id, 60000, "已核对，补一小时"
    )
    shown = await phone.says("酬劳")
    assert "场地答复：已核对，补一小时" in shown
    assert "已确认：600.00元" in await phone.taps("确认金额")


async def test_an_objection_is_withdrawn_with_one_tap(world: World, phone: Phone, expert: Expert) -> None:
    remuneration = await make_remuneration(world, expert)
    await phone.says("酬劳")
    await phone.taps("有异议")
    await phone.says("实际八点才离场")
    shown = await phone.says("酬劳")
    assert ("撤回异议并确认" in shown, "确认金额" in shown, "逾期视为确认" in shown) == (True, False, False)
    assert "已确认：500.00元" in await phone.taps("撤回异议并确认")
    await remuneration.refresh_from_db()
    assert remuneration.state == "confirmed"
    await world.check()


async def test_an_old_tap_never_confirms_a_new_amount(world: World, phone: Phone, expert: Expert) -> None:
    remuneration = await make_remuneration(world, expert)
    await phone.says("酬劳")
    proposals = world.services.remuneration.proposals
    await proposals.propose(world.office.venue, remuneration.draw_id, remuneration.invitation_id, 10000, "登记有误")
    assert "已更新为100.00元" in await phone.taps("确认金额")
    await remuneration.refresh_from_db()
    assert remuneration.state == "proposed"


async def test_later_means_later_and_silence_means_yes(world: World, phone: Phone, expert: Expert) -> None:
    remuneration = await make_remuneration(world, expert)
    await phone.says("酬劳")
    assert "没有变更" in await phone.taps("稍后再说")
    world.clock.move(timedelta(minutes=31))
    await world.services.remuneration.answers.assume_due()
    shown = await phone.says("酬劳")
    assert "确认金额" in shown, "he may still object"
    await remuneration.refresh_from_db()
    assert remuneration.state == "assumed"
