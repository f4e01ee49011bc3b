"""A platform files projects and draws by the wizard's rules, and nothing that is left to persons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from models.audit import AuditEntry
from models.draws import Draw
from models.notices import Notice
from models.projects import Lot, Project
from services.core.permissions import AGENCY, INTEGRATOR, PERMISSIONS
from tests.factories.files import jpeg
from tests.platform_api.bodies import PROJECT, draw_body, moment
from tests.platform_api.conftest import World

PAPER = jpeg(1200, 800)
LEFT_TO_PERSONS = {
    "project.delete",
    "draw.preview",
    "draw.start",
    "draw.pause",
    "draw.resume",
    "draw.force_end",
    "draw.release",
    "draw.commit_agency",
    "draw.terminate",
    "draw.end",
    "absence.register",
    "discard.read",
    "attendance.urge",
    "remuneration.read",
    "remuneration.pay",
    "remuneration.totals",
    "organisation.read",
    "organisation.link_agent",
    "organisation.revoke_agent",
    "integration.own",
}


def test_a_platform_may_do_nothing_that_its_agency_may_not_and_no_act_of_persons() -> None:
    may = {action for action, roles in PERMISSIONS.items() if INTEGRATOR in roles}
    agency = {action for action, roles in PERMISSIONS.items() if roles & AGENCY}
    assert may < agency
    assert agency - may == LEFT_TO_PERSONS


async def _project(world: World, **change: Any) -> dict[str, Any]:
    made: dict[str, Any] = await world.post("/projects", PROJECT | change)
    return made


async def _draw(world: World, **change: Any) -> str:
    project = await _project(world)
    body = draw_body(world, project["id"], lots=[project["lots"][0]["id"]]) | change
    return str((await world.post("/draws", body))["id"])


async def test_a_project_is_created_with_its_lots(world: World) -> None:
    project = await _project(world)
    assert [lot["name"] for lot in project["lots"]] == ["一标段", "二标段"]
    assert (await world.get("/projects?word=道路"))["items"][0]["id"] == project["id"]
    stored = await Project.get(id=project["id"])
    assert (stored.agent_id, stored.organisation_id) == (
        world.office.agency.account_id,
        world.office.agency.organisation_id,
    )


async def test_all_faults_of_a_project_and_its_lots_come_at_once_and_nothing_is_stored(world: World) -> None:
    lots = [{"name": "一标段"}, {"name": ""}, {"name": "一标段"}]
    refused = await world.post("/projects", PROJECT | {"name": "", "region": "000000", "lots": lots}, 422)
    assert [fault["field"] for fault in refused["errors"]] == ["name", "region", "lots.1.name"]
    assert refused["errors"][0]["message"] == "请填写招标项目名称。"
    assert not await Project.exists(name=PROJECT["name"])
    assert not await Lot.exists()


async def test_a_draw_is_filed_with_all_its_parts_attached_and_submitted(world: World) -> None:
    draw = await _draw(world)
    path = f"/draws/{draw}/attachment?filename=申请.jpg"
    assert (await world.ask("PUT", path, json={})).status == 415
    assert (await world.ask("PUT", path, data=PAPER)).status == 204
    terminal = (await world.get("/choices"))["terminals"][0]
    await world.post(f"/draws/{draw}/submission", {"terminal": terminal, "reason": "请核验"})
    state = await world.get(f"/draws/{draw}")
    assert (state["state"], state["label"], state["attachment"]) == ("submitted", "已提交", "申请.jpg")
    assert [part["planned"] for part in state["conditions"]] == [2]
    assert state["applications"][0]["state"] == "submitted"
    detail = await world.office.queries.detail(world.office.agency, UUID(draw))
    assert [unit.name for unit in detail.parts.recusal_units if not unit.fixed] == ["某某工程有限公司"]
    assert detail.draw.agent_id == world.office.agency.account_id


async def test_what_a_platform_does_is_logged_as_its_own_and_told_to_the_person_who_answers_for_it(
    world: World,
) -> None:
    draw = await _draw(world)
    terminal = (await world.get("/choices"))["terminals"][0]
    await world.post(f"/draws/{draw}/submission", {"terminal": terminal})
    entries = await AuditEntry.filter(subject="draw", subject_id=draw)
    assert {(entry.actor_id, entry.actor_role) for entry in entries} == {(None, "integrator")}
    [shown] = (await world.office.verification_queries.search(world.office.verifier, "submitted")).items
    assert shown.by_platform, "the verifier reads who submitted it"
    operations = await world.office.queries.operations(world.office.agency, UUID(draw))
    assert {(line.role, line.person) for line in operations} == {("对接平台", "某某交易平台")}
    assert operations[0].department == "粤和招标代理有限公司"
    told = await Notice.filter(account_id=world.office.agency.account_id, kind="agency_news")
    assert ["对接平台已提交审核" in str(notice.params) for notice in told] == [True]


async def test_all_faults_of_a_draw_and_its_parts_come_at_once_and_nothing_is_stored(world: World) -> None:
    project = await _project(world)
    body = draw_body(world, project["id"], lots=[project["lots"][0]["id"]])
    body["name"], body["units"][0]["reason"] = "", "不知道"
    body["notices"][0] |= {"address": "天润路", "gathering_at": moment(world, 7)}
    body["conditions"][0] |= {"specialty": "", "planned": 1}
    body["conditions"].append(body["conditions"][0] | {"notice": 2, "specialty": "A08"})
    refused = await world.post("/draws", body, 422)
    fields = [fault["field"] for fault in refused["errors"]]
    assert fields == [
        "name",
        "notices.0.address",
        "notices.0.gathering_at",
        "conditions.0.specialty",
        "conditions.1.notice",
    ]
    assert all(fault["message"].endswith("。") for fault in refused["errors"])
    refused = await world.post("/draws", body | {"name": "有名称"}, 422)
    assert "units.0.reason" in [fault["field"] for fault in refused["errors"]]
    assert not await Draw.exists()


async def test_a_form_that_is_no_form_names_its_fields(world: World) -> None:
    refused = await world.post("/draws", {"project_id": "x", "needed": "2", "unknown": 1}, 422)
    assert {fault["field"] for fault in refused["errors"]} >= {"project_id", "needed", "unknown"}


async def test_a_refused_draw_is_replaced_as_a_whole(world: World) -> None:
    draw = await _draw(world)
    project = (await world.get(f"/draws/{draw}"))["project_id"]
    lots = (await world.get(f"/draws/{draw}"))["lots"]
    body = draw_body(world, project, lots=lots, needed=1, units=[])
    body["conditions"][0]["planned"] = 1
    await world.put(f"/draws/{draw}", body)
    detail = await world.office.queries.detail(world.office.agency, UUID(draw))
    assert (detail.draw.needed, [condition.planned for condition in detail.conditions]) == (1, [1])
    assert [unit.fixed for unit in detail.parts.recusal_units] == [True, True]
    refused = await world.put(f"/draws/{draw}", body | {"needed": 3}, 422)
    assert refused["field"] == "conditions"
    assert (await world.get(f"/draws/{draw}"))["needed"] == 1


async def test_a_request_with_a_key_is_done_once(world: World) -> None:
    first = await world.post("/projects", PROJECT, key="one")
    again = await world.ask("POST", "/projects", key="one", json=PROJECT)
    assert (again.status, again.headers["Idempotent-Replay"]) == (201, "true")
    assert (await again.json())["id"] == first["id"]
    assert await Project.filter(name=PROJECT["name"]).count() == 1
    assert (await world.ask("POST", "/projects", key="one", json=PROJECT | {"name": "另一个"})).status == 409


async def test_a_withdrawn_and_a_deleted_draw(world: World) -> None:
    draw = await _draw(world)
    terminal = (await world.get("/choices"))["terminals"][0]
    await world.post(f"/draws/{draw}/submission", {"terminal": terminal})
    assert (await world.ask("POST", f"/draws/{draw}/withdrawal")).status == 204
    assert (await world.get(f"/draws/{draw}"))["state"] == "editing"
    assert (await world.ask("DELETE", f"/draws/{draw}")).status == 409
    other = str((await world.post("/draws", draw_body(world, str(world.office.project_id))))["id"])
    assert (await world.ask("DELETE", f"/draws/{other}")).status == 204
    assert [line["id"] for line in (await world.get("/draws"))["items"]] == [draw]
