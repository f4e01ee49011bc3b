"""Staff and agencies get their waiting work with its pages, and no offer to apply."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.accounts import Account
from models.experts import Expert
from models.notices import Notice
from services.core.base import Actor
from tests.factories import offices
from tests.factories.files import pdf
from tests.factories.people import make_account, make_grant, make_identity, make_organisation
from tests.factories.reviews import begin, make_application, make_catalogues, make_reviewer
from tests.handlers.conftest import Phone, World

STAFF = ("reviewer", "verifier", "supervisor", "venue", "pool_admin", "organisation")
PLACES = {
    "reviewer": "h5/wechat?pool=demo&amp;next=%2Freview",
    "pool_admin": "h5/wechat?pool=demo&amp;next=%2Foffice",
    "verifier": 'data-miniprogram-path="pages/verifier"',
    "supervisor": 'data-miniprogram-path="pages/supervisor"',
    "venue": 'data-miniprogram-path="pages/venue"',
    "organisation": 'data-miniprogram-path="pages/agency"',
}


async def account_of(world: World, role: str) -> Account:
    """A person with this role only."""
    office = world.office
    actors = {"verifier": office.verifier, "venue": office.venue, "organisation": office.agency}
    if role == "reviewer":
        return await Account.get(id=(await make_reviewer(office.deps, "industry")).account_id)
    if role == "pool_admin":
        account = await make_account(office.deps)
    else:
        account = await Account.get(id=actors.get(role, office.supervisor).account_id)
    if role != "organisation":
        await make_grant(account, role)
    return account


async def phone_of(world: World, role: str) -> Phone:
    """The phone of a person who uses the mini-program, too."""
    account = await account_of(world, role)
    await make_identity(account, app="mini")
    return await world.phone_with(account)


async def submit(world: World) -> None:
    draw_id = await offices.make_draw(world.office)
    terminal = world.office.deps.book("demo").draw.terminals[0]
    await world.office.setup.submit(world.office.agency, draw_id, terminal, "请核验")


@pytest.mark.parametrize("word", ["平台对接", "对接平台"])
async def test_an_agency_finds_the_platforms_that_work_for_it(world: World, stranger: Phone, word: str) -> None:
    agency = await (await phone_of(world, "organisation")).says(word)
    assert ("next=%2Fagency%2Fintegrations" in agency, "/integration?pool=demo" in agency) == (True, True)
    told = await stranger.says(word)
    assert ("%2Fagency%2Fintegrations" in told, "/integration?pool=demo" in told) == (False, True)


@pytest.mark.parametrize("role", STAFF)
async def test_no_answer_offers_staff_to_apply_and_each_shows_the_work(world: World, role: str) -> None:
    phone = await phone_of(world, role)
    for shown in (
        await phone.follows(),
        await phone.says("菜单"),
        await phone.says("我的工作"),
        await phone.says("我的状态"),
        await phone.says("申报"),
        await phone.says("进度"),
        await phone.clicks("APPLY"),
        await phone.clicks("PROGRESS"),
    ):
        assert PLACES[role] in shown
        assert ">申报<" not in shown
        assert ">进度<" not in shown
    shown = await phone.says("今天天气不错呢哈")
    assert ">申报<" not in shown
    assert PLACES[role] in await phone.taps("我的工作")


async def test_who_never_was_in_the_mini_program_gets_there_by_a_page_that_lets_him_in(world: World) -> None:
    phone = await world.phone_with(await account_of(world, "supervisor"))
    shown = await phone.says("我的工作")
    assert "next=%2Fh5%2Fmini%3Fpage%3Dpages%252Fsupervisor" in shown
    assert "data-miniprogram" not in shown


async def test_a_reviewer_sees_how_much_waits(world: World) -> None:
    await make_catalogues()
    office = world.office
    application = await make_application(office.deps)
    tasks = await begin(world.services.workflows.reviews, office.deps, application)
    reviewer = await make_reviewer(office.deps, tasks[0].step_code)
    phone = await world.phone_with(await Account.get(id=reviewer.account_id))
    assert "审核人员：待审1件" in await phone.says("审核")


async def test_a_verifier_and_the_agency_see_requests_come_and_go(world: World) -> None:
    verifier, agency = await phone_of(world, "verifier"), await phone_of(world, "organisation")
    assert "核验人员：目前没有待办" in await verifier.says("我的工作")
    await submit(world)
    assert "核验人员：待核验1个" in await verifier.says("我的工作")
    [row] = (await world.office.verification_queries.search(world.office.verifier, "submitted")).items
    await world.office.verification.approve(world.office.verifier, row.id)
    assert "目前没有待办" in await verifier.says("我的工作")
    assert "待办理1个" in await agency.says("我的工作")


async def test_the_agency_sees_a_verified_release_until_it_is_begun(world: World, expert: Expert) -> None:
    agency, office, draws = await phone_of(world, "organisation"), world.office, world.services.draws
    draw_id = (await world.make_accepted_panel(expert)).draw_id
    assert "退选" not in await agency.says("我的工作")
    await draws.attachments.attach(office.agency, draw_id, "退选申请表.pdf", pdf(), "release")
    application = await office.releases.submit(office.agency, draw_id, "招标失败", "不足三家")
    assert "退选" not in await agency.says("我的工作")
    await office.verification.approve(office.verifier, application)
    assert "退选待处理1个" in await agency.says("我的工作")
    await office.releases.start(office.agency, draw_id)
    assert "退选" not in await agency.says("我的工作")


async def test_a_supervisor_sees_that_a_number_is_wanted_until_it_is_there(world: World) -> None:
    office = world.office
    phone = await phone_of(world, "supervisor")
    await offices.add_experts(office, 2)
    draw_id = await offices.make_draw(office)
    await offices.verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    assert "等您提交随机数1个" in await phone.says("我的工作")
    await offices.fix_seed(office, draw_id)
    shown = await phone.says("我的工作")
    assert "目前没有待办" in shown, "an order that is fixed waits for the agency"
    await office.run.start(office.agency, draw_id)
    assert "正在抽取1个" in await phone.says("我的工作")


async def test_the_venue_sees_the_panels_of_the_day_only(world: World) -> None:
    phone = await phone_of(world, "venue")
    await offices.add_experts(world.office, 2)
    await offices.start_draw(world.office)
    assert "今日评标1场" in await phone.says("我的工作")
    world.clock.move(timedelta(days=1))
    assert "目前没有待办" in await phone.says("我的工作")


async def test_an_expert_who_supervises_sees_both(world: World, phone: Phone) -> None:
    account = await Account.get(id=(await phone.identity()).account_id)
    await make_grant(account, "supervisor")
    shown = await phone.follows()
    assert "目前没有已确认的评标活动" in shown
    assert "pages%252Fsupervisor" in shown
    assert "签到" in await phone.says("菜单")


async def test_another_agencys_draws_are_not_counted(world: World) -> None:
    await submit(world)
    other = await make_account(world.office.deps)
    await make_organisation(name="另一家代理有限公司", credit_code="91350211M000100Y43", legal_account_id=other.id)
    roles = await world.services.accounts.sessions.roles(Actor("demo", "guest", other.id))
    staff_work = await world.services.office.staff_work.list_work("demo", other.id, roles)
    assert [count.number for work in staff_work for count in work.counts] == [0, 0, 0, 0]


async def test_verifiers_of_the_terminal_are_notified_of_a_new_request(world: World) -> None:
    office = world.office
    terminal = office.deps.book("demo").draw.terminals[0]
    here, everywhere, elsewhere = [await make_account(office.deps) for _ in range(3)]
    for account, scope in ((here, terminal), (everywhere, ""), (elsewhere, "别处")):
        await make_grant(account, "verifier", scope)
    await submit(world)
    told = await Notice.filter(kind="verification_waiting").values_list("account_id", flat=True)
    assert set(told) == {here.id, everywhere.id}
    notice = await Notice.filter(kind="verification_waiting").first()
    assert notice is not None
    assert notice.params["organisation"] == "粤和招标代理有限公司"
    assert "11月21日" in notice.params["when"]
