"""An agency in a browser without scripts: its first page, projects, lots."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from models.accounts import Account
from models.draws import Draw, DrawLot
from models.organisations import Organisation
from models.projects import Lot, Project
from services.core.base import Actor
from tests.factories.offices import draw_form, make_draw
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_organisation
from tests.web.conftest import World

PROJECT = {
    "name": "演示大桥工程",
    "number": "",
    "category": "工程建设项目招标投标/房屋建筑",
    "region": "440100",
    "funding_source": "国家或政府投资项目",
    "tender_method": "公开招标",
    "organisation_form": "委托招标",
    "tenderee_category": "法人",
    "investment": "150.5",
    "tenderee_name": "广州水务有限公司",
    "tenderee_code": OTHER_CREDIT_CODE,
    "agency_name": "粤和招标代理有限公司",
    "contact": "张三",
    "contact_phone": "18080808080",
    "on_site": "",
    "internal_code": "",
}


async def stranger(world: World) -> Actor:
    """The legal entity of another agency."""
    account = await make_account(world.services.deps, "13700001111")
    other = await make_organisation(credit_code=OTHER_CREDIT_CODE, legal_account_id=account.id)
    return Actor("demo", "organisation", account_id=account.id, organisation_id=other.id)


async def test_an_agency_begins_with_its_work_of_the_day(world: World) -> None:
    draw_id = await make_draw(world.office)
    agency = await world.log_in(world.office.agency)
    assert (agency.path, agency.status) == ("/agency", 200)
    assert "填写后提交审核" in agency.text
    assert agency.page.links["抽取活动列表"] == "/agency/draws"
    assert any(link.endswith(str(draw_id)) for link in agency.page.links.values())
    await agency.get("/agency?month=2031-01")
    assert "这个月没有评标的活动" in agency.text
    assert (await agency.get("/agency?month=x")).status == 200


async def test_templates_of_documents_and_sheets_can_be_fetched(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    sheet = await agency.client.get("/agency/templates/units.xlsx")
    assert (await sheet.read()).startswith(b"PK")
    assert (await agency.get("/agency/templates/units.pdf")).status == 404
    assert (await agency.get("/agency/templates/draw.xlsx")).status == 404


async def test_activities_are_found_by_number_project_state_and_place(world: World) -> None:
    draw_id = await make_draw(world.office)
    agency = await world.log_in(world.office.agency)
    await Project.filter(id=world.office.project_id).update(region="442000")
    await agency.get("/agency/draws?region=442000")
    assert "演示项目(一标段)" in agency.text, "a city without districts"
    await Project.filter(id=world.office.project_id).update(region="440100")
    await Draw.filter(id=draw_id).update(started_at=world.clock.now())
    await agency.get("/agency/draws")
    assert "0/2" in agency.text
    assert "正常项目" in agency.text
    assert "抽取 ·" in agency.text, "when it was drawn"
    page = await (await agency.client.get("/agency/draws")).text()
    assert '<a href="/agency/draws" aria-current="page">抽取活动列表' in page
    for query, listed in {
        "q=一标段": True,
        "q=二标段": False,
        "project=演示项目": True,
        "state=editing": True,
        "state=drawing": False,
        "kind=recall": False,
        "region=440100": True,
        "region=440300": False,
        "region=440000": True,
        "source=on_site": False,
        "source=off_site": True,
        "region=x": True,
        "page=9": False,
    }.items():
        await agency.get(f"/agency/draws?{query}")
        assert ("演示项目(一标段)" in agency.text, agency.status) == (listed, 200), query


async def test_a_project_is_made_changed_divided_and_removed(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/projects/new")
    await agency.press("保存", **{**PROJECT, "investment": "很多", "contact": ""})
    assert (agency.status, "单位万元" in agency.text, "请填写项目联系人" in agency.text) == (422, True, True)
    assert "演示大桥工程" in agency.page.forms[0]["fields"]["name"]
    await agency.press("保存", **{**PROJECT, "category": "工程/公路"})
    assert (agency.status, "招标项目类型请从列表中选择" in agency.text) == (422, True)
    await agency.press("保存", **{**PROJECT, "tenderee_name": ""})
    assert (agency.status, "请填写招标人名称" in agency.text) == (422, True)
    await agency.press("保存", **PROJECT)
    assert "项目已保存" in agency.text
    project = await Project.get(name="演示大桥工程")
    assert project.investment == 150_500_000
    await agency.press("创建", name="一标段", investment="20")
    await agency.press("创建", name="一标段")
    assert (agency.status, "已有同名标段" in agency.text) == (409, True)
    lot = await Lot.get(project_id=project.id)
    await agency.get(f"/agency/projects/{project.id}")
    await agency.press("保存", name="土建标段", id=str(lot.id))
    assert "土建标段" in agency.text
    await agency.press("删除标段", id=str(lot.id))
    assert not await Lot.exists(project_id=project.id)
    await agency.click("编辑项目")
    await agency.press("保存", **{**PROJECT, "name": "演示隧道工程"})
    assert "演示隧道工程" in agency.text
    await agency.press("确定删除")
    assert (agency.path, "项目已删除" in agency.text) == ("/agency/projects", True)
    assert "演示隧道工程" not in agency.text


async def test_a_new_project_begins_with_the_organisation_and_then_with_what_was_typed_last(world: World) -> None:
    agency = await world.log_in(world.office.agency)

    async def begun_with() -> list[str]:
        fields = (await agency.get("/agency/projects/new")).page.forms[0]["fields"]
        return [fields[name] for name in ("agency_name", "agency_code", "contact", "contact_phone")]

    await Project.all().update(deleted_at=world.clock.now())
    own = await Organisation.get(id=world.office.agency.organisation_id)
    person = await Account.get(id=world.office.agency.account_id)
    mobile = world.services.deps.keys.open_text(person.mobile_sealed, "mobile")
    assert await begun_with() == [own.name, own.credit_code, person.real_name, mobile]
    await agency.press("保存", **{**PROJECT, "contact": "李四", "contact_phone": "02088880000"})
    assert "项目已保存" in agency.text
    assert (await begun_with())[2:] == ["李四", "02088880000"]


async def test_a_project_with_a_draw_is_read_only(world: World) -> None:
    await make_draw(world.office)
    agency = await world.log_in(world.office.agency)
    path = f"/agency/projects/{world.office.project_id}"
    await agency.get(f"{path}?edit=1")
    assert "项目信息不能再修改" in agency.text
    assert {"保存", "确定删除"} & set(agency.page.buttons) == set()
    token = (await agency.get("/agency/projects/new")).page.forms[0]["fields"]["form"]
    await agency.post(path, {"form": token, "command": "delete"})
    assert (agency.status, "不能删除" in agency.text) == (409, True)


async def test_what_is_chosen_comes_from_the_catalogue(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    told = await (await agency.client.get("/agency/catalogues/specialty")).json()
    assert {node["code"] for node in told["items"]} == {"A08", "A01", "A04"}
    assert (await agency.client.get("/agency/catalogues/nothing")).status == 422
    matches = await (await agency.client.get("/agency/catalogues/region/search?word=4403")).json()
    assert [node["code"] for node in matches["items"]] == ["440300"]


async def test_a_form_that_lay_too_long_is_shown_again_and_can_be_sent(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/projects/new")
    world.clock.move(timedelta(hours=3))
    await agency.press("保存", **PROJECT)
    assert (agency.status, "页面打开太久" in agency.text) == (403, True)
    assert not await Project.exists(name=PROJECT["name"])
    assert f'value="{PROJECT["name"]}"' in await agency.response.text(), "what was typed stays"
    await agency.press("保存", **PROJECT)
    assert await Project.exists(name=PROJECT["name"])


async def test_a_list_line_offers_what_the_project_s_state_allows(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/projects")
    await agency.click("新增标段：演示项目")
    await agency.press("创建", name="一标段", number="B-01", investment="50.5")
    assert "标段已保存" in agency.text
    await agency.get("/agency/projects")
    assert (await agency.click("编辑：演示项目")).status == 200
    await agency.get("/agency/projects")
    await agency.click("删除：演示项目")
    assert '<details class="more" open><summary>删除项目' in await agency.response.text()
    lot = await Lot.get()
    form = replace(draw_form(world.office), lots=(lot.id,))
    draw_id = await world.office.setup.create(world.office.agency, form)
    await agency.get("/agency/projects")
    acts = {link.partition("：")[0] for link in agency.page.links if link.endswith("：演示项目")}
    assert acts == {"查看", "新增标段"}

    await Draw.filter(id=draw_id).update(state="terminated")
    await DrawLot.filter(draw_id=draw_id).update(live=False)
    await agency.click("查看：演示项目")
    assert "曾发起抽取，标段信息不能再修改" in agency.text
    assert ("新建抽取" in agency.page.links, "删除标段" in agency.page.buttons) == (True, False)


async def test_a_project_without_lots_whose_draw_was_terminated_is_drawn_again(world: World) -> None:
    agency, office = await world.log_in(world.office.agency), world.office
    draw_id = await make_draw(office)
    await agency.get(f"/agency/projects/{office.project_id}")
    assert "新建抽取" not in agency.page.links
    await Draw.filter(id=draw_id).update(state="terminated")
    await DrawLot.filter(draw_id=draw_id).update(live=False)
    await agency.get(f"/agency/projects/{office.project_id}")
    assert ("新建抽取" in agency.page.links, "编辑项目" in agency.page.links) == (True, False)
    assert (await agency.click("新建抽取")).status == 200


async def test_the_project_of_a_tenderee_with_an_internal_code_is_edited_like_any_other(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/projects/new")
    await agency.press("保存", **PROJECT | {"tenderee_code": "某部-0731", "internal_code": "1"})
    made = await Project.get(name=PROJECT["name"])
    assert made.tenderee_code == "某部-0731"
    await agency.click("编辑项目")
    assert 'name="internal_code" value="1" checked' in " ".join((await agency.response.text()).split())
    await agency.get(f"/agency/projects/{world.office.project_id}?edit=1")
    assert 'name="internal_code" value="1" checked' not in " ".join((await agency.response.text()).split())


async def test_a_number_is_of_one_project_of_an_agency(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    numbered = PROJECT | {"number": "E4401000001202611211"}
    await agency.get("/agency/projects/new")
    await agency.press("保存", **numbered)
    first = agency.path
    await agency.get("/agency/projects/new")
    await agency.press("保存", **numbered | {"name": "同一个项目又建一次"})
    assert (agency.status, "本单位已有编号为" in agency.text) == (409, True)
    await agency.press("保存", **numbered | {"number": "E4401000001202611299"})
    await agency.get(f"{agency.path}?edit=1")
    await agency.press("保存", **numbered)
    assert agency.status == 409, "nor by an edit"
    await agency.get(first)
    await agency.press("确定删除")
    await agency.get("/agency/projects/new")
    await agency.press("保存", **numbered)
    assert "项目已保存" in agency.text, "one that was deleted leaves its number"
