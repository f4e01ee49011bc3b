"""Objections against an entry on public notice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.applications import Application
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
async def admin(world: World) -> Person:
    await make_catalogues()
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    return await world.log_in_account(account.id, "pool_admin")


async def test_objections_are_raised_listed_and_decided(world: World, admin: Person) -> None:
    now = world.deps.now()
    application = await make_application(
        world.deps, state="notice", notice_from=now, notice_until=now + timedelta(minutes=3), approved_at=now
    )
    citizen = await world.log_in_account((await make_applicant(world.deps, "周义")).id, "applicant")
    path, text = f"/public-notices/{application.id}/objections", {"text": "职称证书与公示单位不一致，请核实。"}
    raised = await citizen.post(path, text, 201)
    assert raised["by"] == ""
    assert (await citizen.post(path, text, 409))["code"] == "objection_open"
    stranger = await world.log_in_account((await make_account(world.deps)).id, "")
    assert (await stranger.post(path, text, 403))["code"] == "not_registered"
    await citizen.get("/objections", 403)
    [listed] = (await admin.get("/objections?state=open"))["items"]
    assert listed["by"] == "周义"
    decision = {"outcome": "refuse", "answer": "职称证书不实"}
    assert (await admin.post(f"/objections/{raised['id']}/decision", decision))["state"] == "upheld"
    assert (await admin.post(f"/objections/{raised['id']}/decision", decision, 409))["code"] == "already_decided"
    assert (await citizen.get("/objections/mine"))["items"][0]["answer"] == "职称证书不实"
    assert (await Application.get(id=application.id)).state == "refused"
