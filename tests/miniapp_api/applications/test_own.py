"""Applying over the API: campaign, schema, sections, everything wrong at once, submitting, the office's lists."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import local
from models.applications import Application
from models.campaigns import Employer
from services.core.base import Actor
from tests.factories.applications import (
    SPECIALTY,
    attach_all,
    make_applicant,
    make_campaign,
    make_codes,
    make_employer,
    values_of,
)
from tests.factories.people import make_account, make_grant
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
async def admin(world: World) -> Person:
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    return await world.log_in_account(account.id, "pool_admin")


@pytest.fixture
async def applicant(world: World) -> Actor:
    await make_codes(world.deps.book("demo"))
    return await make_applicant(world.deps)


@pytest.fixture
async def zhao(world: World, applicant: Actor) -> Person:
    return await world.log_in_account(applicant.account_id, "applicant")


def campaign_form(world: World, **more: object) -> dict[str, object]:
    now = local(world.deps.now())
    return {
        "name": "2026年第二批评标专家征集",
        "entry_types": ["first", "renewal"],
        "enrol_from": (now - timedelta(hours=1)).isoformat(),
        "enrol_until": (now + timedelta(days=17)).isoformat(),
        **more,
    }


async def test_from_the_campaign_to_the_review(world: World, admin: Person, zhao: Person) -> None:
    made = await admin.post("/office/campaigns", campaign_form(world), 201)
    assert made["state"] == "draft"
    assert (await zhao.post("/applications", {"entry_type": "first"}, 422))["rule"] == "campaigns.required"
    await admin.post(f"/office/campaigns/{made['id']}/publication")
    home = await zhao.get("/home")
    assert (home["standing"]["text"], [item["title"] for item in home["to_do"]]) == ("未入库", ["专家常态征集"])
    assert [one["name"] for one in home["campaigns"]] == [made["name"]]

    schema = await zhao.get("/applications/schema?entry_type=first")
    assert [section["code"] for section in schema["sections"]] == list(world.deps.book("demo").form.sections)
    begun = await zhao.post("/applications", {"entry_type": "first"}, 201)
    assert (await zhao.post("/applications", {"entry_type": "first"}, 201))["existing"] is True
    url = f"/applications/{begun['id']}"

    said = await zhao.post(f"{url}/submission", {"version": 1}, 422)
    assert said["code"] == "form_incomplete"
    assert {"field": "photo", "message": "请上传一寸免冠照片。"} in said["errors"]
    assert "problems" not in said.get("params", {})

    version = await _fill_in(world, zhao, url)
    view = await zhao.get(url)
    assert (view["problems"], view["version"]) == ([], version)
    done = await zhao.post(f"{url}/submission", {"version": version})
    assert (done["state"], done["round"]) == ("reviewing", 1)
    progress = (await zhao.get("/progress"))["progress"]
    assert progress["headline"] == "您的申请正在行业部门预审"
    assert [stage["name"] for stage in progress["stages"]][:3] == ["填写申请", "行业部门预审", "省级终审"]

    listed = await admin.get("/office/applications?state=reviewing&region=440100&search=%E8%B5%B5&sort=waiting")
    assert [line["number"] for line in listed["items"]] == [begun["number"]]
    assert (await admin.get("/office/application-counts"))["items"] == [
        {"state": "reviewing", "state_label": "审核中", "count": 1}
    ]
    whole = await admin.get(f"/office/applications/{begun['id']}")
    assert whole["line"]["name"] == "赵明远"
    assert (await zhao.post(f"{url}/withdrawal"))["state"] == "correcting"
    assert (await zhao.post(f"{url}/cancellation"))["state"] == "cancelled"
    assert [line["state"] for line in (await zhao.get("/applications"))["items"]] == ["cancelled"]


async def test_wrong_fields_are_reported_together_and_a_stale_device_gets_the_present_state(
    world: World, zhao: Person
) -> None:
    await make_campaign(world.deps)
    begun = await zhao.post("/applications", {"entry_type": "first"}, 201)
    url = f"/applications/{begun['id']}/sections/basic"
    said = await zhao.put(url, {"version": 0, "values": {"email": "x", "region": "110000", "nonsense": 1}}, 422)
    assert (said["code"], {one["field"] for one in said["errors"]}) == (
        "form_problems",
        {"email", "region", "nonsense"},
    )
    bodies = [{"version": 0, "values": {"email": f"m{at}@example.com"}} for at in range(3)]
    answers = await asyncio.gather(*(zhao.ask("PUT", url, json=body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200, 409, 409]
    [kept] = [await answer.json() for answer in answers if answer.status == 200]
    for answer in answers:
        if answer.status == 409:
            told = await answer.json(content_type=None)
            assert (told["code"], told["params"]["version"]) == ("section_stale", 1)
            assert told["params"]["values"] == kept["values"]


async def test_an_unregistered_person_is_asked_to_register_and_may_not_apply(world: World) -> None:
    account = await make_account(world.deps)
    person = await world.log_in_account(account.id, "")
    home = await person.get("/home")
    assert [item["code"] for item in home["to_do"]] == ["register"]
    assert (await person.get("/progress"))["progress"] is None
    await person.post("/applications", {"entry_type": "first"}, 403)


async def test_a_missing_employer_is_asked_for_and_added(world: World, admin: Person, zhao: Person) -> None:
    await make_employer(world.deps, "规划院")
    assert [one["name"] for one in (await zhao.get("/employers?word=规划"))["items"]] == ["规划院"]
    asked = await zhao.post("/employer-requests", {"name": "新设计院", "note": "天河区"}, 201)
    [waiting] = (await admin.get("/office/employer-requests"))["items"]
    assert waiting["id"] == asked["id"]
    await admin.post(f"/office/employer-requests/{asked['id']}/acceptance", {"name": "新设计院有限公司"})
    [answered] = (await zhao.get("/employer-requests"))["items"]
    assert (answered["state"], bool(answered["employer_id"])) == ("added", True)
    again = await zhao.post("/employer-requests", {"name": "不存在的院"}, 201)
    await admin.post(f"/office/employer-requests/{again['id']}/refusal", {"answer": "请填写全称"})
    unit = await Employer.get(name="规划院")
    assert (await admin.delete(f"/office/employers/{unit.id}", 200))["retired"] is True
    assert (await zhao.get("/employers?word=规划"))["items"] == []


async def test_a_printed_form_is_unlocked_with_a_reason(world: World, admin: Person, zhao: Person) -> None:
    await make_campaign(world.deps)
    begun = await zhao.post("/applications", {"entry_type": "first"}, 201)
    await Application.filter(id=begun["id"]).update(state="locked", locked_version=1)
    await zhao.put(f"/applications/{begun['id']}/sections/basic", {"version": 0, "values": {}}, 422)
    said = await admin.post(f"/office/applications/{begun['id']}/unlocking", {"reason": "填错单位"})
    assert said["state"] == "draft"


@pytest.mark.parametrize(
    "body",
    [
        {"version": 0},
        {"version": -1, "values": {}},
        {"version": "0", "values": {}},
        {"version": 0, "values": []},
        {"version": 0, "values": {str(at): 1 for at in range(101)}},
        {"version": 0, "values": {"email": "\x00"}},
        {"version": 0, "values": {"work_history": [[[[[1]]]]]}},
        {"version": 0, "values": {"specialties": [{"code": SPECIALTY}] * 60}},
    ],
)
async def test_junk_is_refused_and_named(world: World, zhao: Person, body: dict[str, Any]) -> None:
    await make_campaign(world.deps)
    begun = await zhao.post("/applications", {"entry_type": "first"}, 201)
    for section in ("basic", "evaluation"):
        answer = await zhao.ask("PUT", f"/applications/{begun['id']}/sections/{section}", json=body)
        assert answer.status == 422
        assert (await answer.json(content_type=None))["errors"]


async def _fill_in(world: World, person: Person, url: str) -> int:
    """Save every section by its own request and attach the files; returns the form's version."""
    employer = await make_employer(world.deps)
    version = 0
    for section, values in values_of(world.deps.book("demo"), employer.id).items():
        if values:
            body = {"version": 0, "values": values}
            version = (await person.put(f"{url}/sections/{section}", body, 200))["form_version"]
    application = await Application.get()
    await attach_all(world.deps, application.id)
    return version
