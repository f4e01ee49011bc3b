"""Questions of money: what the standard pays, and where one's own amount is."""

from __future__ import annotations

from datetime import timedelta

from domain.clock import FixedClock, local, print_time
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Actor
from tests.factories.remuneration import part
from tests.handlers.answers.panel_acts import check_in
from tests.handlers.conftest import Phone, World

CONTACT = "020-28866000"


async def make_past_panel(world: World, clock: FixedClock, expert: Expert) -> Invitation:
    """A panel that the expert attended for three hours."""
    invitation = await world.make_accepted_panel(expert)
    await check_in(world, clock, invitation)
    await part(world.office, clock, invitation.draw_id, [invitation], 3)
    clock.move(timedelta(minutes=1))
    return invitation


async def test_the_standard_is_the_provinces(world: World, phone: Phone, stranger: Phone) -> None:
    for asking in (phone, stranger):
        shown = await asking.says("评标费多少")
        assert "演示省评标专家酬劳标准：2小时以内400元，之后每小时100元，一天超过8小时的部分每小时150元" in shown
        for extra in (
            "次日起每小时100元",
            "跨零点另加100元",
            "来自其他城市的另有交通补助200元、压差补助200元",
            "没有参加评标的200元",
        ):
            assert extra in shown
        assert "以1小时为一档，余数30分钟以内不计" in shown


async def test_a_pool_without_a_standard_says_so(world: World, phone: Phone) -> None:
    world.set_rules(remuneration={"table": None})
    shown = await phone.says("评标费多少")
    assert ("没有本地的统一标准" in shown, "400元" in shown) == (True, False)


async def test_an_amount_is_told_from_the_attendance_to_the_payment(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    assert "您还没有评标酬劳" in await phone.says("评标费没到账")
    invitation = await make_past_panel(world, clock, expert)
    time = print_time(invitation.gathering_at)
    shown = await phone.says("评标费没到账")
    assert (f"{time}评标：场地还没有提出金额" in shown, CONTACT in shown) == (True, True)

    remunerations, office = world.services.remuneration, world.office
    await remunerations.proposals.propose(office.venue, invitation.draw_id, invitation.id)
    shown = await phone.says("评标费没到账")
    assert (f"{time}评标500.00元：待您确认" in shown, "提出异议" in shown) == (True, True)

    me = Actor("demo", "expert", expert.account_id, expert.id)
    [own] = await remunerations.answers.list_own(me)
    own = await remunerations.answers.confirm(me, own.id, own.version, by="chat")
    shown = await phone.says("评标费没到账")
    assert (f"{time}评标500.00元：您已确认，等抽取单位" in shown, CONTACT in shown) == (True, True)

    today = local(clock.now()).date()
    await remunerations.payouts.mark_paid(office.agency, invitation.draw_id, today, "现金", {own.id: own.version})
    shown = await phone.says("评标费没到账")
    assert f"抽取单位登记已于{today.month}月{today.day}日支付（现金）" in shown
    assert (CONTACT in shown, "/h5/demo/file/bank" in shown) == (True, True)


async def test_an_objection_waits_for_the_venue(world: World, clock: FixedClock, phone: Phone, expert: Expert) -> None:
    invitation = await make_past_panel(world, clock, expert)
    await world.services.remuneration.proposals.propose(world.office.venue, invitation.draw_id, invitation.id)
    me = Actor("demo", "expert", expert.account_id, expert.id)
    [own] = await world.services.remuneration.answers.list_own(me)
    await world.services.remuneration.answers.dispute(me, own.id, own.version, "实际八点离场", by="chat")
    assert "待场地核对后答复您" in await phone.says("评标费没到账")


async def test_the_contact_is_not_told_to_who_did_not_attend(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    clock.set(invitation.ends_at + timedelta(hours=8))
    shown = await phone.says("评标费没到账")
    assert ("您还没有评标酬劳" in shown, CONTACT in shown) == (True, False)


async def test_money_that_has_not_arrived_is_called_for_in_the_chat(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    assert "目前没有可以催付的" in await phone.says("催付酬劳")
    invitation = await make_past_panel(world, clock, expert)
    await world.services.remuneration.proposals.propose(world.office.venue, invitation.draw_id, invitation.id)
    me = Actor("demo", "expert", expert.account_id, expert.id)
    [own] = await world.services.remuneration.answers.list_own(me)
    await world.services.remuneration.answers.confirm(me, own.id, own.version, by="chat")
    shown = await phone.says("评标费没到账")
    for words in ("系统里没有付款期限", "7天可以提醒一次", "打错卡、账户变了的", "/h5/demo/file/bank", "可以投诉"):
        assert words in shown
    assert "提醒付款单位？" in await phone.taps("催付酬劳")
    assert "没有提醒" in await phone.taps("先不提醒")
    await phone.says("催付")
    assert "已提醒付款单位核对" in await phone.taps("提醒")
    notice = await Notice.get(kind="agency_pay_reminder")
    assert (notice.account_id, notice.params["code"]) == (world.office.agency.account_id, invitation.code)
    shown = await phone.says("评标费没到账")
    assert ("您已于2026年11月" in shown, "催付酬劳" in shown) == (True, False)
    assert "您已于2026年11月21日提醒付款单位，2026年11月28日起可以再提醒" in await phone.says("催付酬劳")
    assert "您要投诉或申诉哪方面的事" in await phone.taps("投诉")


async def test_a_prescribed_time_of_payment_is_named(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    world.set_rules(remuneration={"pay_within_days": 10})
    invitation = await make_past_panel(world, clock, expert)
    await world.services.remuneration.proposals.propose(world.office.venue, invitation.draw_id, invitation.id)
    me = Actor("demo", "expert", expert.account_id, expert.id)
    [own] = await world.services.remuneration.answers.list_own(me)
    await world.services.remuneration.answers.confirm(me, own.id, own.version, by="chat")
    shown = await phone.says("评标费没到账")
    assert ("抽取单位应在2026年12月" in shown, "评标结束后10个工作日内付清" in shown) == (True, True)
    assert "催付酬劳" not in shown
