"""Reviewing, assigning and granting offices as the mini-program and pages do it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.accounts import Account
from models.applications import Application
from services.core.base import transaction
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.miniapp_api.conftest import Person, World

PERSON = {"mobile": "13912340001", "name": "李审核"}


@pytest.fixture
async def admin(world: World) -> Person:
    await make_catalogues()
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    return await world.log_in_account(account.id, "pool_admin")


async def handed_in(world: World, name: str = "苏航", specialties: tuple[str, ...] = ("A0401",)) -> Application:
    application = await make_application(world.deps, await make_applicant(world.deps, name), specialties=specialties)
    async with transaction():
        locked = await Application.select_for_update().get(id=application.id)
        await world.services.workflows.reviews.begin(locked, world.deps.now())
    return application


async def test_an_application_passes_two_reviews_onto_the_public_notice_and_into_the_pool(
    world: World, admin: Person
) -> None:
    await admin.post("/review-assignments", PERSON | {"step": "industry", "region": "440100"}, 201)
    await admin.post("/review-assignments", PERSON | {"step": "final"}, 201)
    assert (await admin.get("/review-assignments"))["total"] == 2
    application = await handed_in(world)
    reviewer = await world.log_in(PERSON["mobile"], "reviewer")
    queue = await reviewer.get("/reviews")
    [card] = queue["items"]
    assert (card["name"], card["specialty_name"], card["overdue"]) == ("苏航", "设计 › 建筑设计", False)
    assert queue["counts"] == [{"step": "industry", "step_name": "行业部门预审", "open": 1, "overdue": 0}]
    task = await reviewer.get(f"/reviews/{card['id']}")
    assert task["may"] == ["approve", "send_back", "send_back_whole"]
    assert "suhang@example.com" not in str(task)
    shown = await reviewer.post(f"/reviews/{card['id']}/revelations", {"field": "email"})
    assert shown == {"text": "suhang@example.com"}
    done = await reviewer.post(f"/reviews/{card['id']}/approval", {"opinion": "同意"}, key="k1")
    assert done["state"] == "approved"
    assert await reviewer.post(f"/reviews/{card['id']}/approval", {"opinion": "同意"}, key="k1") == done
    assert (await reviewer.post(f"/reviews/{card['id']}/approval", {}, 409))["code"] == "already_decided"
    assert (await reviewer.get("/reviews/next"))["next_task"] == done["next_task"]
    last = await reviewer.post(f"/reviews/{done['next_task']}/approval", {})
    assert (last["application_state"], last["next_task"]) == ("notice", None)

    anybody = Person(world.client, "", "")
    notice = await anybody.get("/public-notices?search=苏")
    assert [(entry["name"], entry["employer"]) for entry in notice["items"]] == [("苏航", "广州水务设计院")]
    assert "实名提出" in notice["how_to_object"]
    world.clock.move(timedelta(minutes=3))
    assert "public_notice_end" in await world.services.operations.scheduler.tick()
    await world.services.operations.scheduler.process("public_notice_end")
    assert (await Application.get(id=application.id)).state == "fee"


async def test_sending_back_and_refusing_need_words_and_the_right_step(world: World, admin: Person) -> None:
    await admin.post("/review-assignments", PERSON | {"step": "industry"}, 201)
    application = await handed_in(world, specialties=("A0401", "A0801"))
    reviewer = await world.log_in(PERSON["mobile"], "reviewer")
    first, second = [card["id"] for card in (await reviewer.get("/reviews"))["items"]]
    await reviewer.post(f"/reviews/{first}/return", {"opinion": ""}, 422)
    refused = await reviewer.post(f"/reviews/{first}/refusal", {"opinion": "不符合条件"}, 422)
    assert refused["rule"] == "review.steps"
    back = await reviewer.post(f"/reviews/{first}/return", {"opinion": "专业不符"})
    assert (back["state"], back["application_state"], back["next_task"]) == ("sent_back", "sent_back", second)
    await reviewer.post(f"/reviews/{second}/return", {"opinion": "照片不清晰", "whole": True})
    assert (await Application.get(id=application.id)).sent_back_fields == ["*"]
    assert (await reviewer.get("/reviews"))["total"] == 0


async def test_taking_an_assignment_away_ends_the_role_at_the_next_request(world: World, admin: Person) -> None:
    given = await admin.post("/review-assignments", PERSON | {"step": "final"}, 201)
    reviewer = await world.log_in(PERSON["mobile"], "reviewer")
    await reviewer.get("/reviews")
    assert (await admin.delete(f"/review-assignments/{given['id']}", 200))["active"] is False
    assert (await reviewer.ask("GET", "/reviews")).status in (401, 403)
    await admin.post("/review-assignments", PERSON | {"step": "no_such"}, 422)


async def test_regions_with_tasks_but_no_reviewer_are_listed_until_one_is_assigned(world: World, admin: Person) -> None:
    await handed_in(world)
    [uncovered] = (await admin.get("/review-gaps"))["items"]
    assert (uncovered["step_name"], uncovered["region_name"], uncovered["specialty_name"]) == (
        "行业部门预审",
        "广州市",
        "设计 › 建筑设计",
    )
    await admin.post("/review-assignments", PERSON | {"step": uncovered["step"], "region": uncovered["region"]}, 201)
    assert (await admin.get("/review-gaps"))["items"] == []
    reviewer = await world.log_in(PERSON["mobile"], "reviewer")
    await reviewer.get("/review-gaps", 403)


async def test_offices_are_granted_and_the_last_administrator_stays(world: World, admin: Person) -> None:
    given = await admin.post("/staff", {"mobile": "13912340002", "name": "王核验", "role": "verifier"}, 201)
    assert given["role_name"] == "核验人员"
    verifier = await world.log_in("13912340002", "verifier")
    await verifier.get("/verification/applications")
    await admin.delete(f"/staff/{given['grant_id']}", 200)
    assert (await verifier.ask("GET", "/verification/applications")).status in (401, 403)
    [own] = (await admin.get("/staff?role=pool_admin"))["items"]
    assert (await admin.ask("DELETE", f"/staff/{own['grant_id']}")).status == 409
    await admin.post("/staff", {"mobile": "13912340003", "name": "王", "role": "reviewer"}, 422)
    assert await Account.filter(real_name="王").count() == 0
