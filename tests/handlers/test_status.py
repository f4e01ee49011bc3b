"""My status and my panels."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_time
from models.accounts import Account
from models.experts import CatalogueEntry, Expert, Unavailability
from tests.factories.applicants import make_applicant
from tests.factories.people import make_sanction
from tests.handlers.conftest import Phone, World


async def test_status_shows_the_masked_person_and_the_file(world: World, phone: Phone, expert: Expert) -> None:
    await CatalogueEntry.filter(code="A08").update(name="建筑工程")
    now = world.clock.now()
    await Unavailability.create(
        expert_id=expert.id, starts_at=now, ends_at=now + timedelta(hours=12), reason="", created_at=now
    )
    shown = await phone.says("状态")
    mobile = world.mobile_of(expert)
    assert "专**" in shown
    assert expert.name not in shown
    assert f"{mobile[:3]}****{mobile[-4:]}" in shown
    assert mobile not in shown
    assert "评标专家" in shown
    assert expert.number in shown
    assert "正式专家" in shown
    assert "建筑工程" in shown
    assert "11月21日(周六)12:00至11月21日" not in shown
    assert "不接受抽取" in shown
    assert "没有已确认的评标活动" in shown


async def test_status_tells_of_a_suspension_and_of_many_specialties(world: World, phone: Phone, expert: Expert) -> None:
    codes = [f"A{number:02}" for number in range(10, 30)]
    await Expert.filter(id=expert.id).update(membership_status="temporary", specialties=codes)
    await make_sanction(expert)
    shown = await phone.says("我的状态")
    assert "暂停抽取\n管理机构已暂停您参加抽取：2026年1月1日(周四) 08:00起，解除为止。原因：未按规定参加评标。" in shown
    assert "等20项" in shown
    assert "A15" not in shown


async def test_status_and_to_do_list_say_the_same_of_a_suspension(world: World, phone: Phone, expert: Expert) -> None:
    await Expert.filter(id=expert.id).update(term_until=world.clock.now())
    for words in ("我的状态", "申报"):
        shown = await phone.says(words)
        for told in ("聘期已满", "聘期已满，不再抽取", "现在没有接受续聘的征集", "400-000-0000"):
            assert told in shown, (words, told)


async def test_status_shows_what_is_next(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    other = await world.call_again(expert)
    shown = await phone.says("状态")
    assert "1个评标邀请等您答复" in shown
    assert print_time(other.answer_until) in shown
    assert f"下一场评标：今天{print_time(invitation.gathering_at)}" in shown


async def test_panels_show_all_that_is_needed_to_get_there(world: World, phone: Phone, expert: Expert) -> None:
    assert "没有已确认的评标活动" in await phone.says("活动")
    invitation = await world.make_accepted_panel(expert)
    shown = await phone.clicks("PANELS")
    assert print_time(invitation.gathering_at) in shown
    assert "3号评标室" in shown
    assert "王场地 020-28866000" in shown
    assert f"验证码：{invitation.code}" in shown
    assert f"在今天{print_time(invitation.gathering_at - timedelta(minutes=10))}前" in shown


async def test_a_running_panel_shows_entry_and_exit(
    world: World, clock: FixedClock, phone: Phone, expert: Expert
) -> None:
    invitation = await world.make_accepted_panel(expert)
    clock.move(timedelta(hours=5))
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    shown = await phone.says("活动")
    assert f"已于{print_time(clock.now())}签到" in shown
    assert "不能到场" not in shown
    await world.office.attendance.register_exit(world.office.venue, invitation.draw_id, invitation.code)
    assert "离场" in await phone.says("活动")


async def test_past_panels_tell_whether_one_came(world: World, clock: FixedClock, phone: Phone, expert: Expert) -> None:
    assert "还没有参加过" in await phone.says("以往活动")
    invitation = await world.make_accepted_panel(expert)
    clock.move(timedelta(days=1))
    assert "没有已确认的评标活动" in await phone.says("活动")
    shown = await phone.taps("以往活动")
    assert f"1. {print_time(invitation.gathering_at)}" in shown
    assert "无签到记录" in shown


async def test_status_of_an_applicant_is_where_the_application_stands(world: World) -> None:
    applicant = await make_applicant(world.office.deps)
    phone = await world.phone_with(applicant.account)
    shown = await phone.says("状态")
    assert "身份：申请人\n申请：您的申请填写中\n下一步：请填写完整并提交" in shown
    assert "小程序办理" not in shown, "that is for offices"
    assert applicant.application.number in await phone.taps("进度")


@pytest.mark.parametrize("word", ["请假", "签到", "评标邀请", "日程", "我的活动"])
async def test_what_only_experts_do_leads_an_applicant_to_the_progress(world: World, word: str) -> None:
    phone = await world.phone_with((await make_applicant(world.office.deps)).account)
    assert "入库后才能办理" in await phone.says(word)
    assert "申请编号" in await phone.taps("进度")


async def test_status_of_an_agent_leads_to_the_mini_program(world: World) -> None:
    account = await Account.get(id=world.office.agency.account_id)
    shown = await (await world.phone_with(account)).says("状态")
    assert "法人 · 粤和招标代理有限公司：目前没有待办" in shown
    assert "next=%2Fh5%2Fmini%3Fpage%3Dpages%252Fagency" in shown
    assert ">进度<" not in shown
