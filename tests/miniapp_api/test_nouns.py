"""What each noun answers beyond the journeys: forms, lists, sheets, limits."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import FormData
from openpyxl import load_workbook

from app.rulebook_files import load_catalogues
from domain.masking import mask_mobile
from models.accounts import Account
from models.draws import RecusalPerson, RecusalUnit
from models.projects import Project
from services.core.base import system
from tests.factories.draws import make_draw as make_draw_row
from tests.factories.draws import make_project
from tests.factories.offices import Office, make_draw
from tests.factories.people import make_expert, make_grant, mobile_number
from tests.miniapp_api.conftest import POOLS, Person, World
from tests.miniapp_api.forms import at, condition_form, draw_form, notice_form, project_form


@pytest.fixture
async def agency(world: World, office: Office) -> Person:
    chosen = {"organisation_id": str(office.agency.organisation_id)}
    return await world.log_in_account(office.agency.account_id, "organisation", **chosen)


# ---- pool and catalogues


async def test_the_pool_tells_what_forms_may_choose(world: World) -> None:
    response = await world.client.get("/api/v1/demo/pool")
    pool = await response.json()
    assert pool["privacy_version"]
    assert "投标人" in pool["choices"]["recusal_reasons"]
    assert pool["choices"]["venues"][0]["address"]
    assert (await (await world.client.get("/api/v1/guangdong/pool")).json())["name"] != pool["name"]


async def test_a_catalogue_is_opened_level_by_level_and_searched(world: World) -> None:
    visitor = await world.visit()
    catalogues = load_catalogues(POOLS.parent / "catalogues", "440000", None)
    await world.services.catalogues.replace(system("demo"), catalogues)
    [top] = [one for one in (await visitor.get("/catalogues/region"))["items"] if one["code"] == "440000"]
    assert top["has_children"]
    cities = (await visitor.get("/catalogues/region?parent=440000"))["items"]
    assert "440100" in {one["code"] for one in cities}
    found = (await visitor.get("/catalogues/region/search?word=天河&limit=5"))["items"]
    assert "440106" in {one["code"] for one in found}
    await visitor.get("/catalogues/region?parent=999999", 404)
    await visitor.get("/catalogues/colour", 404)
    assert (await visitor.get("/catalogues/region/search", 422))["field"] == "query.word"


# ---- organisations


async def test_an_agent_is_linked_accepts_and_is_struck_off(world: World, agency: Person) -> None:
    mobile = mobile_number()
    asked = await agency.post("/organisations/agents", {"mobile": mobile, "name": "王小明"}, 201)
    assert (asked["state"], asked["masked_name"]) == ("waiting", "王**")
    person = await world.log_in(mobile)
    [request] = (await person.get("/organisations/requests"))["items"]
    accepted = await person.post(f"/organisations/requests/{request['link_id']}/acceptance")
    assert accepted["state"] == "active"
    assert (await agency.get("/organisations/agents"))["items"][0]["state"] == "active"
    chosen = {"role": "agent", "organisation_id": request["organisation_id"]}
    await person.put("/sessions/current/role", chosen, 200)
    revoked = await agency.delete(f"/organisations/agents/{request['link_id']}", 200)
    assert revoked["state"] == "revoked"
    assert (await person.get("/sessions/current"))["role"] == "guest"


# ---- projects


async def test_a_project_is_made_once_however_often_it_is_sent(agency: Person) -> None:
    first = await agency.ask("POST", "/projects", key="tap", json=project_form())
    second = await agency.ask("POST", "/projects", key="tap", json=project_form())
    assert (first.status, await first.json()) == (201, await second.json())
    assert second.headers["Idempotent-Replay"] == "true"
    assert await Project.filter(name="示范大桥工程").count() == 1
    other = await agency.ask("POST", "/projects", key="tap", json=project_form() | {"name": "另一个"})
    assert (other.status, (await other.json())["code"]) == (409, "idempotency_key_reused")


async def test_projects_are_found_edited_and_deleted(agency: Person) -> None:
    made = await agency.post("/projects", project_form() | {"number": "GD-7"}, 201)
    assert (made["editable"], made["lots"], made["investment"]) == (True, [], 50_000_000_00)
    page = await agency.get("/projects?search=GD-7&page=1&size=1")
    assert (page["total"], page["items"][0]["id"]) == (1, made["id"])
    edited = await agency.put(f"/projects/{made['id']}", project_form() | {"name": "改名"}, 200)
    assert edited["name"] == "改名"
    lot = await agency.post(f"/projects/{made['id']}/lots", {"name": "一标段", "investment": 100}, 201)
    await agency.post(f"/projects/{made['id']}/lots", {"name": "一标段"}, 409)
    renamed = await agency.put(f"/projects/{made['id']}/lots/{lot['id']}", {"name": "甲标段"}, 200)
    assert (renamed["name"], renamed["draw_id"]) == ("甲标段", None)
    await agency.delete(f"/projects/{made['id']}/lots/{lot['id']}")
    await agency.delete(f"/projects/{made['id']}")
    await agency.get(f"/projects/{made['id']}", 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tenderee_code": "123"}, "tenderee_code"),
        ({"region": "999999"}, "region"),
        ({"region": "4401"}, "region"),
        ({"investment": 0}, "investment"),
        ({"investment": 1.5}, "investment"),
        ({"name": ""}, "name"),
        ({"on_site": True, "number": "1"}, "number"),
    ],
)
async def test_a_wrong_project_form_names_the_field(agency: Person, change: Any, field: str) -> None:
    assert (await agency.post("/projects", project_form() | change, 422))["field"] == field


async def test_a_project_with_a_draw_is_read_only_and_its_lot_is_taken(
    world: World, office: Office, agency: Person
) -> None:
    made = await agency.post("/projects", project_form(), 201)
    lot = await agency.post(f"/projects/{made['id']}/lots", {"name": "一标段"}, 201)
    draw = await agency.post("/draws", draw_form(world, made["id"], lot["id"]), 201)
    assert (await agency.put(f"/projects/{made['id']}", project_form(), 409))["code"] == "project_read_only"
    shown = await agency.get(f"/projects/{made['id']}")
    assert (shown["editable"], shown["lots"][0]["draw_id"]) == (False, draw["id"])
    again = await agency.post("/draws", draw_form(world, made["id"], lot["id"]), 409)
    assert again["code"] == "lot_taken"


# ---- draws, notices, conditions


async def test_draws_are_filtered_and_paged(world: World, office: Office, agency: Person) -> None:
    project = await make_project(office.agency.organisation_id, office.agency.account_id, region="440300")
    await make_draw_row(project, number="CQSQ202611210777", name="深圳活动", created_at=world.clock.now())
    await make_draw(office)
    for query, count in (
        ("", 2),
        ("?number=0777", 1),
        ("?number=深圳", 1),
        ("?project=演示项目", 1),
        ("?region=440000", 2),
        ("?region=440300", 1),
        ("?state=editing", 2),
        ("?state=ended", 0),
        ("?kind=redraw", 0),
        ("?size=1", 2),
    ):
        page = await agency.get(f"/draws{query}")
        assert page["total"] == count, query
        assert len(page["items"]) == min(count, page["size"]), query
    for query in ("?state=nothing", "?region=44", "?kind=x", "?size=0"):
        await agency.get(f"/draws{query}", 422)


async def test_a_draw_is_edited_while_nothing_is_handed_in(world: World, office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    form = draw_form(world, str(office.project_id)) | {"name": "改名", "needed": 3}
    await agency.put(f"/draws/{draw}", form)
    assert (await agency.get(f"/draws/{draw}"))["name"] == "改名"
    terminal = (await agency.get("/pool"))["choices"]["terminals"][0]
    differ = await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 422)
    assert differ["code"] == "counts_differ"
    await agency.put(f"/draws/{draw}", form | {"needed": 2})
    await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201)
    assert (await agency.put(f"/draws/{draw}", form, 409))["code"] == "not_editable"
    await agency.delete(f"/draws/{draw}/submission")
    states = [one["state"] for one in (await agency.get(f"/draws/{draw}/applications"))["items"]]
    assert states == ["withdrawn"]


async def test_a_refused_draw_says_why_and_can_be_handed_in_again(world: World, office: Office, agency: Person) -> None:
    await make_grant(await Account.get(id=office.verifier.account_id), "verifier")
    verifier = await world.log_in_account(office.verifier.account_id, "verifier")
    draw = str(await make_draw(office))
    terminal = (await agency.get("/pool"))["choices"]["terminals"][0]
    application = (await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201))["id"]
    path = f"/verification/applications/{application}/refusal"
    assert (await verifier.post(path, {"opinion": ""}, 422))["field"] == "opinion"
    await verifier.post(path, {"opinion": "缺少监督人"}, 204)
    assert (await verifier.post(path, {"opinion": "再退一次"}, 409))["code"] == "illegal_move"
    shown = (await agency.get(f"/draws/{draw}/applications"))["items"][0]
    assert (shown["state"], shown["opinion"]) == ("refused", "缺少监督人")
    await agency.post(f"/draws/{draw}/submission", {"terminal": terminal}, 201)
    queue = await verifier.get("/verification/applications?size=1")
    assert (len(queue["items"]), queue["more"]) == (1, False)


async def test_times_out_of_order_and_organisations_in_addresses_are_refused(
    world: World, office: Office, agency: Person
) -> None:
    form = draw_form(world, str(office.project_id))
    wrong = await agency.post("/draws", form | {"opening_at": at(world, hours=7)}, 422)
    assert (wrong["rule"], wrong["field"]) == ("draw.times_in_order", "starts_at")
    assert wrong["source"]
    draw = str(await make_draw(office))
    said = await agency.post(f"/draws/{draw}/notices", notice_form(world, address="广州市天河区某某公司"), 422)
    assert said["rule"] == "draw.notice.address_forbidden_words"


async def test_conditions_are_changed_and_removed(world: World, office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    [notice] = (await agency.get(f"/draws/{draw}"))["notices"]
    [condition] = (await agency.get(f"/draws/{draw}"))["conditions"]
    path = f"/draws/{draw}/conditions/{condition['id']}"
    assert (await agency.delete(f"/draws/{draw}/notices/{notice['id']}", 409))["code"] == "notice_in_use"
    changed = condition_form(notice["id"], alternative="A01", regions=["440100", "440300"])
    await agency.put(path, changed)
    [shown] = (await agency.get(f"/draws/{draw}"))["conditions"]
    assert (shown["alternative"], shown["regions"]) == ("A01", ["440100", "440300"])
    assert (await agency.put(path, changed | {"specialty": "Z99"}, 422))["field"] == "specialty"
    preview = await agency.post(f"{path}/preview")
    assert preview["main"].startswith("<")
    await agency.delete(path)
    await agency.put(f"/draws/{draw}/notices/{notice['id']}", notice_form(world, remark="请带身份证"))
    await agency.delete(f"/draws/{draw}/notices/{notice['id']}")
    shown = await agency.get(f"/draws/{draw}")
    assert (shown["notices"], shown["conditions"]) == ([], [])
    await agency.delete(f"/draws/{draw}")
    await agency.get(f"/draws/{draw}", 404)


# ---- recusal


async def upload(agency: Person, path: str, filename: str, content: bytes, status: int) -> Any:
    form = FormData()
    form.add_field("file", content, filename=filename)
    response = await agency.ask("POST", path, data=form)
    assert response.status == status, await response.text()
    return await response.json()


async def template(agency: Person, name: str) -> bytes:
    response = await agency.ask("GET", f"/recusal-templates/{name}")
    assert response.status == 200
    return await response.read()


async def test_recusal_units_and_persons_are_added_listed_and_removed(office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    unit = {"name": "某某咨询有限公司", "credit_code": "", "reason": "投标人", "evidence": "自行申报"}
    added = await agency.post(f"/draws/{draw}/recusal-units", unit, 201)
    page = await agency.get(f"/draws/{draw}/recusal-units?search=咨询")
    assert (page["total"], page["items"][0]["id"]) == (1, added["id"])
    everything = await agency.get(f"/draws/{draw}/recusal-units?size=1&page=2")
    assert (everything["total"], len(everything["items"])) == (3, 1)
    fixed = (await agency.get(f"/draws/{draw}/recusal-units"))["items"][0]
    assert (await agency.delete(f"/draws/{draw}/recusal-units/{fixed['id']}", 409))["code"] == "fixed_recusal"
    await agency.delete(f"/draws/{draw}/recusal-units/{added['id']}")
    person = {"name": "张三", "id_number": "11010519491231002X", "reason": "投标人", "evidence": "自行申报"}
    someone = await agency.post(f"/draws/{draw}/recusal-persons", person, 201)
    persons = await agency.get(f"/draws/{draw}/recusal-persons?search=张")
    assert persons["total"] == 1
    assert "11010519491231002X" not in json.dumps(persons)
    await agency.delete(f"/draws/{draw}/recusal-persons/{someone['id']}")
    odd = await agency.post(f"/draws/{draw}/recusal-units", unit | {"reason": "不喜欢"}, 422)
    assert odd["field"] == "reason"


@pytest.mark.parametrize("kind", ["units", "persons"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_template_that_was_filled_in_is_imported(office: Office, agency: Person, kind: str, form: str) -> None:
    draw = str(await make_draw(office))
    content = await template(agency, f"{kind}.{form}")
    answer = await upload(agency, f"/draws/{draw}/recusal-{kind}/import", f"list.{form}", content, 200)
    assert answer == {"added": 1}
    model = RecusalUnit if kind == "units" else RecusalPerson
    assert await model.filter(draw_id=draw, reason="项目业主", name__in=["广州示范咨询有限公司", "张三"]).count() == 1


async def test_one_bad_line_keeps_the_whole_sheet_out_and_is_named(office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    book = load_workbook(io.BytesIO(await template(agency, "units.xlsx")))
    sheet = book.worksheets[0]
    sheet.append(["第二家公司", "错误代码", "投标人", "自行申报"])
    sheet.append(["第三家公司", "", "编造的原因", "自行申报"])
    sheet.append(["长" * 201, "", "投标人", "自行申报"])
    out = io.BytesIO()
    book.save(out)
    said = await upload(agency, f"/draws/{draw}/recusal-units/import", "list.xlsx", out.getvalue(), 422)
    assert said["code"] == "sheet_errors"
    assert [one["line"] for one in said["params"]["errors"]] == [3, 4, 5]
    assert await RecusalUnit.filter(draw_id=draw).count() == 2


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("list.xls", b"x"),
        ("list.csv", b""),
        ("list.csv", "单位,代码\n".encode()),
        ("list.xlsx", b"no zip"),
        ("list.csv", "单位名称,统一社会信用代码,回避原因,回避依据\n".encode()),
        ("list.csv", b"\x00\x01\x02"),
    ],
)
async def test_a_sheet_that_cannot_be_read_says_what_to_do(
    office: Office, agency: Person, filename: str, content: bytes
) -> None:
    draw = str(await make_draw(office))
    said = await upload(agency, f"/draws/{draw}/recusal-units/import", filename, content, 422)
    assert said["code"] == "sheet_unreadable"
    assert "请" in said["detail"]


# ---- experts


async def test_an_expert_sees_the_own_file_masked(world: World) -> None:
    expert = await make_expert(world.deps, name="欧阳锋")
    person = await world.log_in_expert(expert.id)
    mobile = world.deps.keys.open_text(expert.mobile_sealed, "mobile")
    profile = await person.get("/experts/me")
    assert (profile["masked_name"], profile["masked_mobile"]) == ("欧**", mask_mobile(mobile))
    assert mobile not in json.dumps(profile)


async def test_an_expert_says_when_not_to_be_drawn(world: World) -> None:
    person = await world.log_in_expert((await make_expert(world.deps)).id)
    body = {"starts_at": at(world, days=1), "ends_at": at(world, days=2), "reason": "出差"}
    period = await person.post("/experts/me/unavailabilities", body, 201)
    assert (period["starts_at"], period["panels"]) == (body["starts_at"], 0)
    again = await person.post("/experts/me/unavailabilities", body, 409)
    assert again["code"] == "already_unavailable"
    turned = body | {"starts_at": body["ends_at"], "ends_at": body["starts_at"]}
    assert (await person.post("/experts/me/unavailabilities", turned, 422))["field"] == "ends_at"
    assert len((await person.get("/experts/me/unavailabilities"))["items"]) == 1
    await person.delete(f"/experts/me/unavailabilities/{period['id']}", 200)
    assert (await person.get("/experts/me/unavailabilities"))["items"] == []


# ---- privacy


async def test_own_data_are_given_out_against_a_code_only(world: World) -> None:
    mobile = mobile_number()
    person = await world.log_in(mobile)
    assert (await person.post("/accounts/me/export", {"code": "000000"}, 422))["code"] == "code_expired"
    await person.post("/codes", {"mobile": mobile, "purpose": "privacy"})
    response = await person.ask("POST", "/accounts/me/export", json={"code": await world.last_code()})
    assert response.status == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert (await response.json())["account"]["mobile"] == mobile


async def test_an_account_is_deleted_and_its_log_in_ends(world: World) -> None:
    mobile = mobile_number()
    person = await world.log_in(mobile)
    world.clock.move(timedelta(minutes=2))
    await person.post("/codes", {"mobile": mobile, "purpose": "privacy"})
    said = await person.post("/accounts/me/deletion", {"code": await world.last_code()})
    assert said["removed"]
    assert said["kept"]
    await person.get("/sessions/current", 401)
