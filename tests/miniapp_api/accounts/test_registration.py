"""Registering by the mini-program."""

from __future__ import annotations

from typing import Any

from domain.errors import Transient
from models.accounts import Account
from tests.factories.assembly import identity_verifier_of
from tests.factories.people import mobile_number
from tests.miniapp_api.conftest import World

NUMBER, PASSWORD = "11010519491231002X", "Abcd1234"


def form(world: World, **values: Any) -> dict[str, Any]:
    version = world.deps.book("demo").pool.privacy_version
    return {"name": "周大同", "id_number": NUMBER, "privacy_version": version, "agreed": True} | values


async def test_a_visitor_registers_and_his_log_in_is_the_applicants(world: World) -> None:
    visitor, mobile = await world.visit(), mobile_number()
    await visitor.post("/codes", {"mobile": mobile, "purpose": "register"})
    body = form(world, mobile=mobile, code=await world.last_code(), password=PASSWORD)
    for _ in range(2):
        done = await visitor.post("/registrations", body, key="tap")
        assert (done["masked_name"], done["roles"]) == ("周**", ["applicant"])
    assert (await visitor.get("/sessions/current"))["role"] == "applicant"
    assert (done["person_check"], done["masked_id_number"]) == ("matched", "1101***002X")
    assert (await visitor.get("/home"))["membership_status"]["text"] == "未入库"
    assert await Account.filter(real_name="周大同").count() == 1


async def test_a_name_that_is_not_the_owners_is_refused_by_a_code_of_its_own(world: World) -> None:
    identity_verifier_of(world.services).answers["周大同"] = "differs"
    person = await world.log_in(mobile_number())
    refused = await person.post("/registrations", form(world), 409)
    assert (refused["code"], NUMBER in refused["detail"]) == ("person_differs", False)
    assert not await Account.exists(real_name="周大同")


async def test_a_registration_while_the_register_is_away_waits_for_the_identity_check(world: World) -> None:
    identity_verifier_of(world.services).fail = [Transient("away")]
    person = await world.log_in(mobile_number())
    assert (await person.post("/registrations", form(world)))["person_check"] == "waiting"


async def test_who_is_bound_registers_without_a_code(world: World) -> None:
    person = await world.log_in(mobile_number())
    done = await person.post("/registrations", form(world))
    assert done["roles"] == ["applicant"]
    again = await person.post("/registrations", form(world), 409)
    assert again["code"] == "already_registered"


async def test_wrong_fields_are_named(world: World) -> None:
    person = await world.log_in(mobile_number())
    refused = await person.post("/registrations", form(world, id_number="110105194912310021"), 422)
    assert (refused["field"], refused["code"]) == ("id_number", "bad_id_number")
    assert NUMBER[:14] not in refused["detail"]
