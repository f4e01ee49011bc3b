"""Projects and lots: forms, lists, what a draw makes read-only."""

from __future__ import annotations

from typing import Any

import pytest

from models.projects import Project
from tests.factories.offices import Office
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.forms import draw_form, project_form


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
