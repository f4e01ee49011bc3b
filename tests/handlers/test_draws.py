"""Agencies, verifiers, supervisors and venues list their own activities by a word."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from domain.clock import print_time
from models.accounts import Account
from models.draws import CallNotice, Draw, DrawApplication
from models.notices import Notice
from models.remuneration import Remuneration
from services.core.base import Actor
from services.core.crypto import PHONE
from tests.drivers.statements import count_statements
from tests.factories import draw_states, offices
from tests.factories.offices import add_experts, open_invitations
from tests.factories.people import make_account, make_agent_link, make_grant, make_organisation
from tests.factories.remuneration import ended_panel
from tests.handlers.conftest import Phone, World

WORDS = ("待办", "项目", "抽取进度", "补抽", "催促", "待核验", "监督", "今日评标")


async def phone_of(world: World, role: str) -> Phone:
    office = world.office
    actors = {"verifier": office.verifier, "venue": office.venue, "agency": office.agency}
    if role == "pool_admin":
        account = await make_account(office.deps)
    else:
        account = await Account.get(id=actors.get(role, office.supervisor).account_id)
    if role != "agency":
        await make_grant(account, role)
    return await world.phone_with(account)


async def make_running_draw(world: World, *, needed: int = 2, agreed: int = 0) -> Draw:
    """A draw for which this number has accepted; the pool has further experts."""
    await add_experts(world.office, needed + 2)
    draw_id = await offices.start_draw(world.office, needed=needed)
    for invitation in (await open_invitations(draw_id))[:agreed]:
        await world.office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    await world.office.run.advance(draw_id)
    return await Draw.get(id=draw_id)


async def test_an_agency_asks_how_far_its_draws_are(world: World) -> None:
    agency, draw = await phone_of(world, "agency"), await make_running_draw(world, agreed=1)
    shown = unescape(await agency.says("抽取进度"))
    assert f"{draw.number}　11月21日" in shown
    assert "抽取中，已同意1人，共需2人" in shown
    assert f"next=%2Fagency%2Fdraws%2F{draw.id}%2Frun" in shown


async def test_what_waits_for_the_agency_is_named_with_its_page(world: World) -> None:
    agency = await phone_of(world, "agency")
    none = unescape(await agency.says("待办"))
    assert "待办：目前没有" in none
    assert 'next=%2Fagency">打开网页' in none, "the pages are reached though nothing waits"
    draw_id = await offices.make_draw(world.office)
    shown = unescape(await agency.says("待办"))
    assert "待办：共1个" in shown
    assert "填写后提交审核" in shown
    assert f"next=%2Fagency%2Fdraws%2F{draw_id}" in shown
    assert 'next=%2Fagency">打开网页' in shown
    assert "标段0个，抽取活动1个" in await agency.says("项目")


async def test_the_start_once_past_the_chat_says_what_can_still_be_done(world: World) -> None:
    agency = await phone_of(world, "agency")
    draw_id = await offices.make_draw(world.office)
    await offices.verify(world.office, draw_id)
    await world.office.rounds.open(world.office.agency, draw_id)
    assert "前打开抽取页提交随机数" in await agency.says("待办"), "the page's words"
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    assert "评标时间已过，请终止活动" in await agency.says("待办")


async def test_rounds_in_vain_are_counted_in_the_chat(world: World) -> None:
    agency, office = await phone_of(world, "agency"), world.office
    draw_id = await offices.make_draw(office)
    await offices.verify(office, draw_id)
    for number in (1, 2, 3):
        await office.rounds.open(office.agency, draw_id)
        await office.rounds.abort(office.agency, draw_id, "监督人没有来")
        if number < 3:
            assert f"请开始三方摇号（摇号已中止第{number}次，共3次）" in await agency.says("待办")
    assert "摇号已中止3次，不能再摇号，请终止活动" in await agency.says("待办")


async def test_a_verified_release_and_its_deadline_are_to_do(world: World) -> None:
    agency = await phone_of(world, "agency")
    await add_experts(world.office, 2)
    draw_id = await draw_states.asked_to_release(world.office)
    assert "待办：目前没有" in await agency.says("待办")
    application = await DrawApplication.get(draw_id=draw_id, kind="release")
    await world.office.verification.approve(world.office.verifier, application.id)
    shown, draw = unescape(await agency.says("待办")), await Draw.get(id=draw_id)
    assert ("待办：共1个" in shown, draw.number in shown) == (True, True)
    until = draw.starts_at - timedelta(hours=5)
    assert f"退选已核验通过，请在{print_time(until)}前启动" in shown
    assert f"next=%2Fagency%2Fdraws%2F{draw_id}%2Frelease" in shown
    await world.office.releases.start(world.office.agency, draw_id)
    assert "待办：目前没有" in await agency.says("待办")
    await Notice.filter(kind="draw_released").update(state="stopped")
    shown = await agency.says("待办")
    assert ("待办：共1个" in shown, "退选电话未接通，请告知专家后登记（2人）" in shown) == (True, True), shown


async def test_remuneration_to_pay_is_to_do(world: World) -> None:
    agency = await phone_of(world, "agency")
    draw_id, [invitation, _] = await ended_panel(world.office, world.clock, needed=2)
    await world.services.remuneration.proposals.propose_all(world.office.venue, draw_id)
    assert "待办：目前没有" in await agency.says("待办")
    owed, expert = (
        await Remuneration.get(invitation_id=invitation.id),
        Actor("demo", "expert", expert_id=invitation.expert_id),
    )
    await world.services.remuneration.answers.confirm(expert, owed.id, owed.version, by="chat")
    shown = unescape(await agency.says("待办"))
    assert ("待办：共1个" in shown, "酬劳待支付1笔" in shown) == (True, True)
    assert f"next=%2Fagency%2Fdraws%2F{draw_id}%2Fremuneration" in shown


async def test_a_leave_is_found_under_supplements_and_a_late_expert_under_urging(world: World) -> None:
    agency, draw = await phone_of(world, "agency"), await make_running_draw(world, agreed=2)
    assert "待补抽：目前没有" in await agency.says("补抽")
    invitation = await offices.Invitation.filter(draw_id=draw.id, state="accepted").first()
    assert invitation is not None
    await world.office.invitations.leave(invitation.id, invitation.expert_id, "生病", by="chat")
    assert "待补抽，缺1人" in await agency.says("补抽")
    assert "未签到：目前没有" in await agency.says("催促")
    world.clock.move(timedelta(hours=5, minutes=5))
    shown = unescape(await agency.says("催促"))
    assert "已到0人，1人未签到，解密前请由评标场地催促（" in shown
    notice = await CallNotice.get(draw_id=draw.id)
    phone = world.office.deps.keys.read(notice.contact_phone_sealed, PHONE)
    assert f"（{notice.venue}，{notice.contact} {phone}）" in shown
    assert f"%2Fagency%2Fdraws%2F{draw.id}%2Fattendance" in shown
    venue = await phone_of(world, "venue")
    assert "已到0人，1人未签到，可以催促" in await venue.says("催促"), "he sees who is missing"
    await Draw.filter(id=draw.id).update(starts_at=world.clock.now() + timedelta(minutes=30))
    assert "已到0人，1人未签到，可以催促" in await agency.says("催促"), "and so does the agency now"
    world.clock.move(timedelta(minutes=31))
    assert "未签到：目前没有" in await agency.says("催促"), "the time for urging is over"


async def test_a_verifier_is_led_to_each_application_of_his_terminal(world: World) -> None:
    verifier, office = await phone_of(world, "verifier"), world.office
    assert "待核验：目前没有" in await verifier.says("待核验")
    draw_id = await offices.make_draw(office)
    await office.setup.submit(office.agency, draw_id, office.deps.book("demo").draw.terminals[0], "请核验")
    shown = unescape(await verifier.says("核验"))
    assert "待核验：共1个" in shown
    assert "粤和招标代理有限公司，11月21日" in shown
    assert f"%2Fdraws%2F{draw_id}%2Fapplication" in shown
    other = await make_account(office.deps)
    await make_grant(other, "verifier", "别处")
    assert "待核验：目前没有" in await (await world.phone_with(other)).says("待核验")


async def test_a_recusal_that_holds_up_a_panel_stands_before_the_applications(world: World) -> None:
    verifier, draw = await phone_of(world, "verifier"), await make_running_draw(world, agreed=2)
    invitation = await offices.Invitation.filter(draw_id=draw.id, state="accepted").first()
    assert invitation is not None
    form = offices.DiscardForm(invitation.code, "recusal", "曾在投标人任职", "与投标人有利害关系")
    await world.office.discards.register(world.office.agency, draw.id, form)
    shown = unescape(await verifier.says("待核验"))
    assert "待核验：共1个" in shown
    assert "现场回避待确认" in shown
    assert f"%2Fdraws%2F{draw.id}%2Fabsences" in shown
    assert invitation.code not in shown


async def test_a_supervisor_sees_what_is_wanted_of_him_first(world: World) -> None:
    supervisor, office = await phone_of(world, "supervisor"), world.office
    await add_experts(office, 2)
    draw_id = await offices.make_draw(office)
    await offices.verify(office, draw_id)
    assert "监督：目前没有" in await supervisor.says("监督")
    await office.rounds.open(office.agency, draw_id)
    shown = unescape(await supervisor.says("监督"))
    assert "等您提交随机数；摇号中" in shown
    assert f"next=%2Fdraws%2F{draw_id}" in shown


async def test_the_venue_sees_who_has_come_today(world: World) -> None:
    venue, draw = await phone_of(world, "venue"), await make_running_draw(world, agreed=2)
    shown = unescape(await venue.says("今日评标"))
    assert "集合，已到0人，应到2人" in shown
    assert f"%2Fdraws%2F{draw.id}%2Fattendance" in shown
    world.clock.move(timedelta(days=1))
    assert "今日评标：目前没有" in await venue.says("今日评标")


PAGES = {
    "agency": "%2Fagency%2Fdraws%2F{}%2Fattendance",
    "verifier": "%2Fdraws%2F{}%2Fattendance",
    "supervisor": "%2Fdraws%2F{}",
    "pool_admin": "%2Fdraws%2F{}",
}


@pytest.mark.parametrize("role", PAGES)
async def test_whoever_may_read_a_draw_sees_who_has_come_today(world: World, role: str) -> None:
    phone, draw = await phone_of(world, role), await make_running_draw(world, agreed=2)
    shown = unescape(await phone.says("到场情况"))
    assert "集合，已到0人，应到2人（抽取完成）" in shown
    assert f'next={PAGES[role].format(draw.id)}"' in shown
    world.clock.move(timedelta(days=1))
    assert "今日评标：目前没有" in await phone.says("今日评标")


@pytest.mark.parametrize("role", ["verifier", "pool_admin"])
async def test_the_offices_watch_draws_without_being_asked_to_act(world: World, role: str) -> None:
    phone, office = await phone_of(world, role), world.office
    draw_id = await offices.make_draw(office)
    await offices.verify(office, draw_id)
    assert "监督：目前没有" in await phone.says("监督抽取")
    await office.rounds.open(office.agency, draw_id)
    shown = unescape(await phone.says("监督"))
    assert "等待监督人提交随机数；摇号中" in shown
    assert "等您" not in shown
    assert f'next=%2Fdraws%2F{draw_id}"' in shown


@pytest.mark.parametrize("role", ["agency", "verifier", "supervisor", "venue", "pool_admin"])
@pytest.mark.parametrize("state", ["short", "supplement_pending"])
async def test_a_draw_with_places_missing_is_under_way(world: World, role: str, state: str) -> None:
    phone = await phone_of(world, role)
    await add_experts(world.office, 4)
    draw = await Draw.get(id=await draw_states.STATES[state](world.office))
    shown = await phone.says("抽取进度")
    assert draw.number in shown
    assert "已同意1人，共需2人" in shown


async def test_a_verifier_may_urge_where_no_venue_has_staff(world: World) -> None:
    verifier, _ = await phone_of(world, "verifier"), await make_running_draw(world, agreed=2)
    assert "未签到：目前没有" in await verifier.says("催促")
    world.clock.move(timedelta(hours=5, minutes=5))
    assert "已到0人，2人未签到，可以催促" in await verifier.says("催促")


async def test_who_works_for_an_agency_and_an_office_sees_both_under_to_do(world: World) -> None:
    office = world.office
    agency = await phone_of(world, "agency")
    account = await Account.get(id=office.agency.account_id)
    await make_grant(account, "pool_admin")
    await make_grant(account, "verifier")
    draw_id = await offices.make_draw(office)
    await offices.new_project(office)
    other_id = await draw_states.submitted(office)
    shown = unescape(await agency.says("待办"))
    assert f"%2Fagency%2Fdraws%2F{draw_id}" in shown
    assert f"%2Fagency%2Fdraws%2F{other_id}" not in shown, "it waits for the verifier"
    assert "核验人员：待核验1个" in shown
    assert "专家库管理员：" in shown


async def test_another_agencys_draws_are_not_shown_and_an_agent_sees_his_own_only(world: World) -> None:
    draw = await make_running_draw(world, agreed=1)
    office = world.office
    other = await make_account(office.deps)
    await make_organisation(name="另一家代理有限公司", credit_code="91350211M000100Y43", legal_account_id=other.id)
    assert draw.number not in await (await world.phone_with(other)).says("抽取进度")
    agent = await make_account(office.deps)
    organisation = await offices.Organisation.get(id=office.agency.organisation_id)
    await make_agent_link(organisation, agent)
    shown = await (await world.phone_with(agent)).says("抽取进度")
    assert "抽取进度：目前没有" in shown
    assert draw.number not in shown


async def test_many_activities_fit_one_bubble_and_the_rest_has_a_page(world: World) -> None:
    agency = await phone_of(world, "agency")
    draw = await Draw.get(id=await offices.make_draw(world.office))
    columns = {name: value for name, value in vars(draw).items() if name in Draw._meta.db_fields and name != "id"}
    for number in range(7):
        await Draw.create(**{**columns, "number": f"CQSQ2026112199{number:02}"})
    shown = await agency.says("待办")
    assert "共8个" in shown
    assert shown.count("填写后提交审核") == 5
    assert "查看全部8个" in shown
    assert len(shown.encode()) <= 2048


async def test_an_agency_that_types_a_word_of_the_verifier_sees_how_its_activities_stand(world: World) -> None:
    agency, draw = await phone_of(world, "agency"), await make_running_draw(world, agreed=1)
    for word, whom in (("待核验", "核验人员"), ("监督", "监督人和专家库管理机构")):
        shown = await agency.says(word)
        assert f"由{whom}查看和办理" in shown
        assert f"{draw.number}　" in shown
        assert (">待办<" in shown, ">抽取进度<" in shown) == (True, True)


@pytest.mark.parametrize(("role", "word"), [("verifier", "项目"), ("venue", "补抽"), ("supervisor", "催促")])
async def test_a_word_of_another_role_leads_to_those_of_ones_own(world: World, role: str, word: str) -> None:
    shown = await (await phone_of(world, role)).says(word)
    assert "查看和办理。您可以回复：" in shown
    assert ">今日评标<" in shown


@pytest.mark.parametrize("word", [word for word in WORDS if word != "待办"])
async def test_a_person_without_a_role_is_refused_and_sees_the_menu(phone: Phone, word: str) -> None:
    shown = await phone.says(word)
    assert "您目前没有办理这一项的身份" in shown
    assert "菜单" in shown


@pytest.mark.parametrize("word", WORDS)
async def test_a_stranger_is_asked_to_bind_first(stranger: Phone, word: str) -> None:
    assert "绑定身份" in await stranger.says(word)


@pytest.mark.parametrize(
    ("role", "word", "lists"),
    [
        ("agency", "待办", 3),
        ("agency", "项目", 1),
        ("agency", "抽取进度", 1),
        ("agency", "补抽", 1),
        ("agency", "催促", 1),
        ("verifier", "待核验", 2),
        ("supervisor", "监督", 1),
        ("venue", "今日评标", 1),
    ],
)
async def test_a_word_costs_who_writes_who_he_is_and_its_list(world: World, role: str, word: str, lists: int) -> None:
    phone = await phone_of(world, role)
    await make_running_draw(world, agreed=1)
    await phone.says(word)
    world.clock.move(timedelta(seconds=1))
    with count_statements() as statements:
        await phone.says(word)
    assert len(statements) == 2 + lists, f"one of them finds the user, which concurrent messages share: {statements}"


async def test_the_words_of_each_role_stand_under_its_work_and_in_its_help(world: World) -> None:
    agency, venue = await phone_of(world, "agency"), await phone_of(world, "venue")
    shown = await agency.says("我的工作")
    assert [word for word in ("待办", "抽取进度", "补抽", "催促", "项目") if f">{word}<" not in shown] == []
    assert ">今日评标<" in await venue.says("菜单")
    assert ">待办<" in await venue.says("帮助")
