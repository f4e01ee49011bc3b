"""Agencies and venues ask about a drawn panel: who doesn't come, who is late, the list, check-in, payment."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from domain.clock import print_time
from models.accounts import Account
from models.draws import Draw
from models.invitations import Invitation
from models.remuneration import Remuneration
from services.core.base import Actor
from tests.factories import draw_states, offices
from tests.factories.offices import add_experts
from tests.factories.people import make_account, make_grant
from tests.factories.remuneration import ended_panel
from tests.handlers.conftest import Phone, World

ABSENT, LATE, UNSEAL, CHECK_IN, PAY = "专家没来怎么办", "专家迟到了", "名单什么时候解密", "专家签到", "怎么发评标费"
QUESTIONS = (ABSENT, LATE, UNSEAL, CHECK_IN, PAY)


@pytest.fixture
async def agency(world: World) -> Phone:
    return await world.phone_with(await Account.get(id=world.office.agency.account_id))


async def staff_phone(world: World, role: str) -> Phone:
    actor = {"venue": world.office.venue, "verifier": world.office.verifier}.get(role)
    account = await Account.get(id=actor.account_id) if actor is not None else await make_account(world.office.deps)
    await make_grant(account, role)
    return await world.phone_with(account)


async def make_draw(world: World, state: str) -> Draw:
    await add_experts(world.office, 4)
    return await Draw.get(id=await draw_states.STATES[state](world.office))


def leads_to(shown: str, path: str) -> bool:
    return f'next={path.replace("/", "%2F")}"' in unescape(shown)


async def test_before_the_gathering_an_expert_takes_leave_himself(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    shown = await agency.says(ABSENT)
    assert draw.gathering_first is not None
    assert f"还没到集合时间（{print_time(draw.gathering_first)}）：来不了的，请专家本人在公众号回复“请假”" in shown
    assert "本人30分钟内确认才算" in shown
    assert leads_to(shown, f"/draws/{draw.id}/absences")


async def test_from_the_gathering_on_an_absence_is_registered(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    assert draw.gathering_first is not None
    world.clock.set(draw.gathering_first)
    shown = await agency.says(ABSENT)
    assert "没到的可以登记缺席（刚同意参加、不到2分钟的除外）" in shown
    assert "现在离集合不到5分钟，要先改集合时间。\n评标开始可当天推迟，最多4小时。" in shown
    world.clock.set(draw.starts_at)
    assert "评标开始时间已过：没到的登记缺席，不推迟开始就不能再补抽。" in await agency.says(ABSENT)


async def test_a_place_that_is_vacant_waits_for_the_agency(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "supplement_pending")
    shown = await agency.says(ABSENT)
    assert "已空出1个名额，要您启动补抽才会再抽" in shown
    assert leads_to(shown, f"/agency/draws/{draw.id}/run")
    assert (await Draw.get(id=draw.id)).state == "supplement_pending", "nothing is started by a sentence"


async def test_a_recall_is_not_supplemented(world: World, agency: Phone) -> None:
    await add_experts(world.office, 2)
    draw_id = await draw_states.recall_answered(world.office)
    await Draw.filter(id=draw_id).update(state="supplement_pending")
    assert "复评不能补抽" in await agency.says(ABSENT)


async def test_who_is_late_is_counted_and_urged_by_who_may(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    assert (await agency.says(LATE)).startswith("目前没有到了集合时间还没签到")
    assert draw.gathering_first is not None
    world.clock.set(draw.gathering_first + timedelta(minutes=5))
    shown = await agency.says(LATE)
    assert "已到0人，2人没有签到。\n解密前请由评标场地催促（" in shown
    assert leads_to(shown, f"/agency/draws/{draw.id}/attendance")
    await Draw.filter(id=draw.id).update(starts_at=world.clock.now() + timedelta(minutes=30))
    assert "现在可以语音催促（最多3次，每次隔5分钟）" in await agency.says(LATE)


async def test_who_has_announced_a_late_arrival_is_told_apart(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    assert draw.gathering_first is not None
    coming, _ = await Invitation.filter(draw_id=draw.id, state="accepted").order_by("code")
    world.clock.set(draw.gathering_first - timedelta(minutes=30))
    await world.services.draws.late_arrivals.state(coming.id, coming.expert_id, 20, by="chat")
    shown = await agency.says(LATE)
    assert shown.startswith("有1位专家已经说明晚到，几点到已发消息通知您，之前不用语音催促。\n等不等由您决定")
    assert "另有1人说明晚到" in await agency.says("今日评标")
    world.clock.set(draw.gathering_first + timedelta(minutes=5))
    shown = await agency.says(LATE)
    assert ("已到0人，1人没有签到" in shown, "有1位专家已经说明晚到" in shown) == (True, True)
    assert "1人未签到" in await agency.says("催促")
    assert "另有1人说明晚到" in agency.screen


async def test_the_list_opens_by_itself_half_an_hour_before_the_start(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    opens = draw.starts_at - timedelta(minutes=30)
    shown = await agency.says(UNSEAL)
    assert f"名单{print_time(opens)}自动解密（评标开始前30分钟），不用操作，谁都不能提前。" in shown
    assert leads_to(shown, f"/agency/draws/{draw.id}/result")
    world.clock.set(opens)
    shown = await agency.says(UNSEAL)
    assert f"名单已在{print_time(opens)}解密：抽取结果里有姓名和单位" in shown
    assert not [expert for expert in world.office.experts if expert.name in shown]


async def test_a_draw_without_a_panel_has_no_list(world: World, agency: Phone) -> None:
    await make_draw(world, "submitted")
    for sentence in (UNSEAL, ABSENT, LATE):
        assert (await agency.says(sentence)).startswith("目前没有"), sentence


@pytest.mark.parametrize("role", ["venue", "verifier"])
async def test_who_registers_arrivals_gets_desk_and_screen(world: World, role: str) -> None:
    phone = await staff_phone(world, role)
    shown = await phone.says(CHECK_IN)
    assert shown.startswith("今天没有集合的评标。\n打开签到台")
    assert leads_to(shown, "/draws")
    draw = await make_draw(world, "completed")
    shown = await phone.says(CHECK_IN)
    assert "凭专家的六位验证码登记进场和离场；或打开签到大屏让专家扫码，码每20秒内更新，不能打印。" in shown
    assert leads_to(shown, f"/draws/{draw.id}/attendance")
    assert leads_to(shown, f"/draws/{draw.id}/screen")


async def test_a_panel_is_listed_once_for_who_holds_both_roles(world: World) -> None:
    phone = await staff_phone(world, "venue")
    await make_grant(await Account.get(id=world.office.venue.account_id), "verifier")
    draw = await make_draw(world, "completed")
    shown = await phone.says(CHECK_IN)
    assert shown.count(f"签到台：17:00 {draw.number}") == 1


async def test_an_agency_does_not_check_in_its_experts(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    shown = await agency.says(CHECK_IN)
    assert "签到由评标场地办理，代理机构不能代签" in shown
    assert draw.number in await agency.taps("今日评标")


async def test_what_is_owed_is_counted_with_its_page(world: World, agency: Phone) -> None:
    office = world.office
    draw_id, [invitation, _] = await ended_panel(office, world.clock, needed=2)
    await world.services.remuneration.proposals.propose_all(office.venue, draw_id)
    shown = await agency.says(PAY)
    assert "目前没有待支付的酬劳。\n评标结束后由场地提出" in shown
    assert "标准：演示省评标专家酬劳标准。" in shown
    owed = await Remuneration.get(invitation_id=invitation.id)
    expert = Actor("demo", "expert", expert_id=invitation.expert_id)
    await world.services.remuneration.answers.confirm(expert, owed.id, owed.version, by="chat")
    shown = await agency.says(PAY)
    assert "有1笔酬劳待支付：先在系统外付给专家，再登记支付日期和方式（银行转账、现金、其他）" in shown
    assert leads_to(shown, f"/agency/draws/{draw_id}/remuneration")
    assert leads_to(shown, "/agency/remuneration")


async def test_without_a_standard_the_venue_states_the_amounts(world: World, agency: Phone) -> None:
    world.set_rules(remuneration={"table": None})
    assert "本专家库没有统一标准，金额由场地填写。" in await agency.says(PAY)


@pytest.mark.parametrize("sentence", QUESTIONS)
async def test_a_stranger_is_told_how_it_goes_and_binds(world: World, stranger: Phone, sentence: str) -> None:
    draw = await make_draw(world, "completed")
    shown = await stranger.says(sentence)
    assert ">绑定身份<" in shown
    assert draw.number not in shown
    assert "目前没有" not in shown


async def test_several_panels_are_listed(world: World, agency: Phone) -> None:
    await make_draw(world, "completed")
    await offices.new_project(world.office)
    await make_draw(world, "supplement_pending")
    shown = await agency.says(UNSEAL)
    assert "您有2个活动，请点开要办的一个：" in shown
    assert shown.count("解密") == 2
    assert "待补抽：去补抽" in await agency.says(ABSENT)


async def test_no_number_of_an_expert_is_told_and_the_way_to_call_is(world: World, agency: Phone) -> None:
    draw = await make_draw(world, "completed")
    opens = draw.starts_at - world.services.deps.book("demo").draw.result_visible_before
    shown = await agency.says("专家电话能不能给我")
    assert f"名单{print_time(opens)}才解密，这之前不能联系专家" in shown
    assert leads_to(shown, f"/agency/draws/{draw.id}/attendance")
    world.clock.set(opens)
    assert "用虚拟号呼叫，双方都看不到对方的号码" in await agency.says("专家电话能不能给我")


async def test_without_a_panel_it_is_said_when_experts_can_be_called(agency: Phone) -> None:
    assert "系统不给出专家的手机号。" in await agency.says("专家的手机号在哪看")
