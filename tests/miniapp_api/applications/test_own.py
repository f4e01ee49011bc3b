"""Applying over the API: schema, sections, everything wrong at once, submitting, giving up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

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
from tests.factories.people import make_account
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
async def applicant(world: World) -> Actor:
    await make_codes(world.deps.book("demo"))
    return await make_applicant(world.deps)


@pytest.fixture
async def zhao(world: World, applicant: Actor) -> Person:
    return await world.log_in_account(applicant.account_id, "applicant")


async def start(world: World, applicant: Actor) -> str:
    """The address of a new application, in an open campaign."""
    await make_campaign(world.deps)
    begun = await world.services.applications.drafts.start(applicant, "first")
    return f"/applications/{begun.id}"


async def test_from_the_form_to_the_review_and_back(world: World, applicant: Actor, zhao: Person) -> None:
    url = await start(world, applicant)
    home = await zhao.get("/home")
    assert (home["membership_status"]["text"], [item["title"] for item in home["to_do"]]) == (
        "未入库",
        ["您的申请填写中"],
    )

    schema = await zhao.get("/applications/schema?entry_type=first")
    form = world.deps.book("demo").form.of("first")
    assert [section["code"] for section in schema["sections"]] == list(form.sections)

    problem = await zhao.post(f"{url}/submission", {"version": 1}, 422)
    assert problem["code"] == "form_incomplete"
    assert {"field": "photo", "message": "请上传一寸免冠照片。"} in problem["errors"]
    assert "problems" not in problem.get("params", {})

    version = await _fill_in(world, zhao, url)
    view = await zhao.get(url)
    assert (view["problems"], view["version"]) == ([], version)
    done = await zhao.post(f"{url}/submission", {"version": version})
    assert (done["state"], done["round"]) == ("reviewing", 1)
    progress = (await zhao.get("/home"))["progress"]
    assert progress["headline"] == "您的申请正在行业部门预审"
    assert [stage["name"] for stage in progress["stages"]][:3] == ["填写申请", "行业部门预审", "省级终审"]

    assert (await zhao.post(f"{url}/withdrawal"))["state"] == "correcting"
    assert (await zhao.post(f"{url}/cancellation"))["state"] == "cancelled"


async def test_wrong_fields_are_reported_together_and_a_stale_device_gets_the_present_state(
    world: World, applicant: Actor, zhao: Person
) -> None:
    url = f"{await start(world, applicant)}/sections/basic"
    problem = await zhao.put(url, {"version": 0, "values": {"email": "x", "region": "110000", "nonsense": 1}}, 422)
    assert (problem["code"], {error["field"] for error in problem["errors"]}) == (
        "form_problems",
        {"email", "region", "nonsense"},
    )
    bodies = [{"version": 0, "values": {"email": f"m{at}@example.com"}} for at in range(3)]
    answers = await asyncio.gather(*(zhao.ask("PUT", url, json=body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200, 409, 409]
    [stored] = [await answer.json() for answer in answers if answer.status == 200]
    for answer in answers:
        if answer.status == 409:
            told = await answer.json(content_type=None)
            assert (told["code"], told["params"]["version"]) == ("section_stale", 1)
            assert told["params"]["values"] == stored["values"]


async def test_an_unregistered_person_is_asked_to_register(world: World) -> None:
    account = await make_account(world.deps)
    person = await world.log_in_account(account.id, "")
    home = await person.get("/home")
    assert [item["code"] for item in home["to_do"]] == ["register"]
    assert home["progress"] is None


async def test_a_missing_employer_is_asked_for(world: World, zhao: Person) -> None:
    unit = await make_employer(world.deps, "规划院")
    assert [employer["name"] for employer in (await zhao.get("/employers?word=规划"))["items"]] == ["规划院"]
    await Employer.filter(id=unit.id).update(retired_at=world.clock.now())
    assert (await zhao.get("/employers?word=规划"))["items"] == []
    employer_request = await zhao.post("/employer-requests", {"name": "新设计院", "note": "天河区"}, 201)
    [waiting] = (await zhao.get("/employer-requests"))["items"]
    assert (waiting["id"], waiting["state"]) == (employer_request["id"], "open")


async def test_a_printed_form_is_locked(world: World, applicant: Actor, zhao: Person) -> None:
    url = await start(world, applicant)
    await Application.all().update(state="locked", locked_version=1)
    await zhao.put(f"{url}/sections/basic", {"version": 0, "values": {}}, 422)


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
async def test_junk_is_refused_and_named(world: World, applicant: Actor, zhao: Person, body: dict[str, Any]) -> None:
    url = await start(world, applicant)
    for section in ("basic", "evaluation"):
        answer = await zhao.ask("PUT", f"{url}/sections/{section}", json=body)
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
