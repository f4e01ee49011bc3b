"""Projects and lots: rules of the form, permissions, and fields that a draw makes read-only."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domain.errors import Conflict, Forbidden, InvalidForm, InvalidInput, NotFound, RuleViolation
from domain.ids import new_id
from models.draws import DrawApplication
from models.experts import CatalogueEntry
from models.projects import Lot, Project
from services.core.base import Actor, Deps
from services.draws import LotData, ProjectData
from services.draws.projects.project_queries import ProjectQueries
from services.draws.projects.project_rules import check_onsite_number
from services.draws.projects.projects import Projects
from tests.factories.draws import make_draw
from tests.factories.people import CREDIT_CODE, OTHER_CREDIT_CODE, make_account, make_organisation

pytestmark = pytest.mark.usefixtures("db")

FORM = ProjectData(
    name="示范大桥工程",
    category="工程建设项目招标投标/公路工程",
    region="440106",
    funding_source="国家或政府投资项目",
    tender_method="公开招标",
    organisation_form="委托招标",
    tenderee_category="法人",
    investment=500_000_000_00,
    tenderee_name="示范建设公司",
    tenderee_code=CREDIT_CODE,
    contact="李四",
    contact_phone="020-12345678",
    agency_name="示范招标代理",
)


@pytest.fixture
def projects(deps: Deps) -> Projects:
    return Projects(deps, ProjectQueries(deps))


@pytest.fixture
def queries(deps: Deps) -> ProjectQueries:
    return ProjectQueries(deps)


@pytest.fixture
async def actor(db: str, deps: Deps) -> Actor:
    await CatalogueEntry.create(pool="demo", kind="region", code="440106", name="天河区")
    account, organisation = await make_account(deps), await make_organisation()
    return Actor("demo", "agent", account.id, organisation_id=organisation.id)


async def test_a_project_is_made_read_and_changed(projects: Projects, queries: ProjectQueries, actor: Actor) -> None:
    made = await projects.create(actor, FORM)
    assert (made.data, made.editable, made.lots) == (FORM, True, ())
    changed = await projects.edit(actor, made.id, replace(FORM, name="  示范二桥工程 "))
    assert changed.data.name == "示范二桥工程"
    assert (await queries.get(actor, made.id)).data.name == "示范二桥工程"


async def test_a_choice_that_left_the_rulebook_holds_where_it_stands(projects: Projects, actor: Actor) -> None:
    made = await projects.create(actor, FORM)
    await Project.filter(id=made.id).update(funding_source="从前的来源")
    old = replace(FORM, funding_source="从前的来源")
    assert (await projects.edit(actor, made.id, old)).data == old
    with pytest.raises(InvalidInput, match="资金来源请从列表中选择：国家或政府投资项目、"):
        await projects.create(actor, old)


async def test_a_repeated_request_makes_one(projects: Projects, actor: Actor) -> None:
    first = await projects.create(actor, FORM, key="k")
    assert await projects.create(actor, FORM, key="k") == first
    with pytest.raises(Conflict, match="另一项操作"):
        await projects.create(actor, replace(FORM, name="别的"), key="k")
    assert await Project.all().count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "长" * 201}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"category": ""}, "category"),
        ({"funding_source": ""}, "funding_source"),
        ({"tender_method": ""}, "tender_method"),
        ({"contact": ""}, "contact"),
        ({"organisation_form": ""}, "organisation_form"),
        ({"tenderee_category": ""}, "tenderee_category"),
        ({"tenderee_name": ""}, "tenderee_name"),
        ({"tenderee_code": ""}, "tenderee_code"),
        ({"contact_phone": ""}, "contact_phone"),
        ({"investment": 0}, "investment"),
        ({"investment": 10**17}, "investment"),
        ({"region": "999999"}, "region"),
        ({"tenderee_code": CREDIT_CODE[:-1] + "M"}, "tenderee_code"),
        ({"agency_code": "123"}, "agency_code"),
        ({"agency_name": ""}, "agency_name"),
        ({"category": "工程/公路"}, "category"),
        ({"funding_source": "财政资金"}, "funding_source"),
        ({"tender_method": "抽签"}, "tender_method"),
        ({"organisation_form": "委托"}, "organisation_form"),
        ({"tenderee_category": "国有企业"}, "tenderee_category"),
    ],
)
async def test_the_form_names_the_field_that_does_not_fit(
    projects: Projects, actor: Actor, change: dict[str, str | int], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await projects.create(actor, replace(FORM, **change))
    assert refused.value.field == field


async def test_who_tenders_himself_needs_no_agency(projects: Projects, actor: Actor) -> None:
    made = await projects.create(actor, replace(FORM, organisation_form="自行招标", agency_name=""))
    assert made.data.agency_name == ""


async def test_a_military_tenderee_has_an_internal_code(projects: Projects, actor: Actor) -> None:
    form = replace(FORM, tenderee_code="JN-0815", internal_code=True)
    assert (await projects.create(actor, form)).data.tenderee_code == "JN-0815"


async def test_an_on_site_project_has_the_trading_centre_s_number(
    projects: Projects, queries: ProjectQueries, actor: Actor, deps: Deps
) -> None:
    for number in ("", "123", "1" * 21, "1" * 19 + "-", "1" * 19 + "号"):
        with pytest.raises(RuleViolation, match="20位数字或字母") as refused:
            await projects.create(actor, replace(FORM, number=number, on_site=True))
        assert (refused.value.rule, refused.value.source) == ("projects.onsite_number_length", "广东手册 L202")
    made = await projects.create(actor, replace(FORM, number="1" * 20, on_site=True))
    assert (await queries.get(actor, made.id)).data.on_site
    made = await projects.create(actor, replace(FORM, number="Ａ１" * 10, on_site=True))
    assert (await queries.get(actor, made.id)).data.number == "A1" * 10
    check_onsite_number(deps.book("demo"), "1" * 20)


async def test_with_a_draw_it_is_read_only_and_stays(projects: Projects, queries: ProjectQueries, actor: Actor) -> None:
    made = await projects.create(actor, FORM)
    await make_draw(await Project.get(id=made.id))
    assert not (await queries.get(actor, made.id)).editable
    with pytest.raises(Conflict, match="不能再修改"):
        await projects.edit(actor, made.id, FORM)
    with pytest.raises(Conflict, match="不能删除"):
        await projects.delete(actor, made.id)
    with pytest.raises(Conflict, match="一个标段"):
        await projects.add_lot(actor, made.id, LotData("一标段"))


async def test_without_draws_it_can_be_deleted(projects: Projects, queries: ProjectQueries, actor: Actor) -> None:
    made = await projects.create(actor, FORM)
    await projects.delete(actor, made.id)
    with pytest.raises(NotFound):
        await queries.get(actor, made.id)
    with pytest.raises(NotFound):
        await projects.delete(actor, made.id)
    assert (await queries.list(actor)).total == 0


async def test_lots_are_added_changed_and_deleted_in_order(
    projects: Projects, queries: ProjectQueries, actor: Actor
) -> None:
    made = await projects.create(actor, FORM)
    first = await projects.add_lot(actor, made.id, LotData("一标段", "B1", 100))
    second = await projects.add_lot(actor, made.id, LotData("二标段"), key="k")
    assert await projects.add_lot(actor, made.id, LotData("二标段"), key="k") == second
    await projects.edit_lot(actor, made.id, first.id, LotData("甲标段", "B1", 200))
    assert [lot.name for lot in (await queries.get(actor, made.id)).lots] == ["甲标段", "二标段"]
    await projects.delete_lot(actor, made.id, first.id)
    with pytest.raises(NotFound):
        await projects.delete_lot(actor, made.id, first.id)
    with pytest.raises(Conflict, match="同名"):
        await projects.add_lot(actor, made.id, LotData("二标段"))
    with pytest.raises(InvalidInput, match="投资额"):
        await projects.add_lot(actor, made.id, LotData("三标段", investment=-1))


async def test_a_drawn_lot_is_fixed_and_names_its_draw_while_others_are_free(
    projects: Projects, queries: ProjectQueries, actor: Actor
) -> None:
    made = await projects.create(actor, FORM)
    drawn = await projects.add_lot(actor, made.id, LotData("一标段"))
    free = await projects.add_lot(actor, made.id, LotData("二标段"))
    project = await Project.get(id=made.id)
    draw = await make_draw(project, lot=await Lot.get(id=drawn.id))
    shown = {lot.name: lot.draw_number for lot in (await queries.get(actor, made.id)).lots}
    assert shown == {"一标段": draw.number, "二标段": ""}
    for change in (
        projects.delete_lot(actor, made.id, drawn.id),
        projects.edit_lot(actor, made.id, drawn.id, LotData("x")),
    ):
        with pytest.raises(Conflict, match="已发起抽取"):
            await change
    await projects.delete_lot(actor, made.id, free.id)
    await projects.add_lot(actor, made.id, LotData("三标段"))


async def test_a_project_has_no_more_lots_than_the_rulebook_allows(projects: Projects, actor: Actor) -> None:
    made = await projects.create(actor, FORM)
    for n in range(50):
        await projects.add_lot(actor, made.id, LotData(f"{n}标段"))
    with pytest.raises(RuleViolation, match="最多50个"):
        await projects.add_lot(actor, made.id, LotData("多"))


async def test_two_lots_of_one_name_at_once_become_one(projects: Projects, actor: Actor) -> None:
    made = await projects.create(actor, FORM)
    results = await asyncio.gather(
        *(projects.add_lot(actor, made.id, LotData("一标段")) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "LotView"]


async def test_an_agent_sees_his_own_and_the_entity_all_of_its_agents(
    projects: Projects, queries: ProjectQueries, actor: Actor, deps: Deps
) -> None:
    colleague = replace(actor, account_id=(await make_account(deps)).id)
    mine, his = await projects.create(actor, FORM), await projects.create(colleague, FORM)
    assert [line.id for line in (await queries.list(actor)).items] == [mine.id]
    with pytest.raises(NotFound):
        await queries.get(actor, his.id)
    with pytest.raises(NotFound):
        await projects.delete(actor, his.id)
    entity = Actor("demo", "organisation", new_id(), organisation_id=actor.organisation_id)
    assert (await queries.list(entity)).total == 2
    other = await make_organisation(credit_code=OTHER_CREDIT_CODE)
    assert (await queries.list(replace(entity, organisation_id=other.id))).total == 0
    assert (await queries.list(Actor("demo", "verifier", new_id()))).total == 2
    assert (await queries.list(Actor("guangdong", "verifier", new_id()))).total == 0


async def test_a_verifier_of_one_terminal_sees_only_what_was_handed_in_there(
    projects: Projects, queries: ProjectQueries, actor: Actor, deps: Deps
) -> None:
    here, there, nowhere = [
        await projects.create(actor, replace(FORM, name=f"{place}大桥工程")) for place in ("本地", "别处", "未提交")
    ]
    for made, terminal in ((here, "示范终端"), (there, "别的终端")):
        draw = await make_draw(await Project.get(id=made.id))
        await DrawApplication.create(
            draw_id=draw.id,
            kind="normal",
            terminal=terminal,
            submitted_by_id=actor.account_id,
            submitted_at=deps.now(),
        )
    verifier = Actor("demo", "verifier", new_id(), scope="示范终端")
    page = await queries.list(verifier)
    assert (page.total, [line.id for line in page.items]) == (1, [here.id])
    assert (await queries.list(verifier, search="大桥工程")).total == 1
    assert (await queries.get(verifier, here.id)).data.name == "本地大桥工程"
    for other in (there, nowhere):
        assert (await queries.list(verifier, search=other.data.name)).total == 0
        with pytest.raises(NotFound):
            await queries.get(verifier, other.id)


@pytest.mark.parametrize("field", ["name", "tenderee_name", "contact", "contact_phone"])
async def test_a_project_holds_no_links(projects: Projects, actor: Actor, field: str) -> None:
    with pytest.raises(InvalidInput, match="网址") as refused:
        await projects.create(actor, replace(FORM, **{field: "evil。com/x"}))
    assert refused.value.field == field


async def test_the_list_is_searched_and_paged(projects: Projects, queries: ProjectQueries, actor: Actor) -> None:
    for n in range(5):
        await projects.create(actor, replace(FORM, name=f"工程{n}%", number=f"NO_{n}"))
    page = await queries.list(actor, page=2, size=2)
    assert (page.total, [line.name for line in page.items]) == (5, ["工程2%", "工程1%"])
    assert [line.number for line in (await queries.list(actor, search="no_3")).items] == ["NO_3"]
    assert (await queries.list(actor, search="%")).total == 5
    assert (await queries.list(actor, search="_")).total == 5
    assert (await queries.list(actor, search="x%")).total == 0
    for page_number, size in ((0, 20), (1, 0), (1, 101)):
        with pytest.raises(InvalidInput):
            await queries.list(actor, page=page_number, size=size)


async def test_without_an_enterprise_or_a_right_nothing_is_made(projects: Projects, actor: Actor) -> None:
    with pytest.raises(Forbidden, match="企业"):
        await projects.create(replace(actor, organisation_id=None), FORM)
    with pytest.raises(Forbidden, match="经办人"):
        await projects.create(Actor("demo", "expert", new_id()), FORM)


async def test_an_empty_project_is_refused_with_all_its_faults(projects: Projects, actor: Actor) -> None:
    empty = ProjectData("", "", "", "", "", "委托招标", "", 0, "", "", "", "", agency_code="123", on_site=True)
    with pytest.raises(InvalidForm, match="请填写招标项目名称") as refused:
        await projects.create(actor, empty)
    rules = {fault.field: getattr(fault, "rule", "") for fault in refused.value.faults}
    assert rules == {
        "name": "",
        "category": "",
        "funding_source": "",
        "tender_method": "",
        "tenderee_category": "",
        "tenderee_name": "",
        "tenderee_code": "",
        "agency_name": "",
        "contact": "",
        "contact_phone": "",
        "investment": "",
        "region": "",
        "agency_code": "",
        "number": "projects.onsite_number_length",
    }
    assert not await Project.exists()


async def test_a_lot_is_refused_with_all_its_faults(projects: Projects, actor: Actor) -> None:
    project = await projects.create(actor, FORM)
    with pytest.raises(InvalidForm) as refused:
        await projects.add_lot(actor, project.id, LotData("", "编" * 61, -1))
    assert [fault.field for fault in refused.value.faults] == ["investment", "name", "number"]
