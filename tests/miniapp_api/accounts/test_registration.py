"""Registering by the mini-program, logging in by password, and keeping password, mobile and log-ins."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Transient
from models.accounts import Account
from models.experts import Expert
from services.accounts.passwords import HASHER
from tests.factories.assembly import identity_verifier_of
from tests.factories.people import make_account, make_expert, make_grant, mobile_number
from tests.miniapp_api.conftest import Person, World

NUMBER, PASSWORD, NEW = "11010519491231002X", "Abcd1234", "Wxyz6789"


def form(world: World, **values: Any) -> dict[str, Any]:
    version = world.deps.book("demo").pool.privacy_version
    return {"name": "周大同", "id_number": NUMBER, "privacy_version": version, "agreed": True} | values


async def send_code(world: World, person: Person, mobile: str, purpose: str) -> str:
    world.clock.move(world.deps.book("demo").login.code_gap)
    await person.post("/codes", {"mobile": mobile, "purpose": purpose})
    return await world.last_code()


async def registered(world: World, **columns: Any) -> tuple[Account, str]:
    mobile, keys = mobile_number(), world.deps.keys
    values = {
        "id_number_sealed": keys.seal(NUMBER, "id_number"),
        "id_number_hash": keys.lookup_hash("id_number", NUMBER),
        "registered_at": world.clock.now(),
        "password_hash": HASHER.hash(PASSWORD),
    }
    return await make_account(world.deps, mobile, **values | columns), mobile


async def log_in(world: World, name: str, password: str = PASSWORD, status: int = 201) -> Any:
    """The logged-in person, or the refusal."""
    body = {"name": name, "password": password}
    response = await world.client.post("/api/v1/demo/sessions/password", json=body)
    said = await response.json()
    assert response.status == status, said
    return Person(world.client, said["tokens"]["access"], said["tokens"]["refresh"]) if status == 201 else said


async def test_a_visitor_registers_and_his_log_in_is_the_applicants(world: World) -> None:
    visitor, mobile = await world.visit(), mobile_number()
    code = await send_code(world, visitor, mobile, "register")
    body = form(world, mobile=mobile, code=code, password=PASSWORD)
    for _ in range(2):
        done = await visitor.post("/registrations", body, key="tap")
        assert (done["masked_name"], done["roles"]) == ("周**", ["applicant"])
    assert (await visitor.get("/sessions/current"))["role"] == "applicant"
    me = await visitor.get("/accounts/me")
    assert (done["person_check"], me["person_check"]) == ("matched", "matched")
    assert me["masked_id_number"] == "1101***002X"
    assert me["standing"] == {"kind": "outside", "text": "未入库", "expert_number": "", "emergency": ""}
    assert await Account.filter(real_name="周大同").count() == 1
    other = await log_in(world, NUMBER)
    assert (await other.get("/sessions/current"))["role"] == "applicant"


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
    assert (await person.get("/accounts/me"))["person_check"] == "waiting"


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


async def test_the_pool_lists_what_registration_requires(world: World) -> None:
    told = (await (await world.client.get("/api/v1/demo/pool")).json())["registration"]
    assert told["open"] is True
    assert "至少8个字符" in told["password_rule"]


@pytest.mark.parametrize("known", [True, False])
async def test_wrong_passwords_lock_known_and_unknown_names_with_the_same_words(world: World, known: bool) -> None:
    name = (await registered(world))[1] if known else mobile_number()
    said = [await log_in(world, name, "Wrong1234", 422) for _ in range(4)]
    assert {one["code"] for one in said} == {"password_wrong"}
    locked = await world.client.post("/api/v1/demo/sessions/password", json={"name": name, "password": PASSWORD * 2})
    assert (locked.status, locked.headers["Retry-After"]) == (429, "1800")
    assert (await locked.json())["code"] == "password_locked"


async def test_an_initial_password_opens_nothing_but_its_own_change(world: World) -> None:
    _, mobile = await registered(world, password_initial=True)
    person = await log_in(world, mobile)
    for path in ("/accounts/me", "/sessions", "/experts/me"):
        assert (await person.get(path, 403))["code"] == "password_must_change"
    await person.put("/accounts/me/password", {"new": NEW, "old": PASSWORD}, 422)
    code = await send_code(world, person, mobile, "password")
    await person.put("/accounts/me/password", {"new": NEW, "code": code}, 200)
    assert (await person.get("/accounts/me"))["password_initial"] is False


async def test_an_administrator_issues_initial_passwords(world: World) -> None:
    expert, account = await make_expert(world.deps), await make_account(world.deps)
    await make_grant(account, "pool_admin")
    admin = await world.log_in_account(account.id, "pool_admin")
    done = await admin.post("/initial-passwords", {"numbers": [expert.number, "ZJ0"]})
    assert {one["number"]: one["outcome"] for one in done["items"]} == {expert.number: "issued", "ZJ0": "unknown"}
    stranger = await world.log_in_expert((await make_expert(world.deps)).id)
    await stranger.post("/initial-passwords", {"numbers": [expert.number]}, 403)


async def test_a_changed_password_ends_the_other_log_ins(world: World) -> None:
    _, mobile = await registered(world)
    here, there = await log_in(world, mobile), await log_in(world, mobile)
    assert (await here.put("/accounts/me/password", {"new": NEW, "old": PASSWORD}, 200))["ended"] == 1
    await there.get("/sessions/current", 401)
    await here.get("/sessions/current")


async def test_a_forgotten_password_is_set_anew_without_a_log_in(world: World) -> None:
    _, mobile = await registered(world)
    code = await send_code(world, await world.visit(), mobile, "password")
    body = {"mobile": mobile, "code": code, "id_tail": "002X", "new": NEW}
    response = await world.client.put("/api/v1/demo/passwords", json=body)
    assert response.status == 200
    await log_in(world, mobile, NEW)


async def test_a_mobile_is_changed_and_the_file_follows(world: World) -> None:
    account, mobile = await registered(world)
    expert, fresh = await make_expert(world.deps, mobile, account=account, id_number=NUMBER), mobile_number()
    person = await log_in(world, mobile)
    code = await send_code(world, person, fresh, "mobile")
    done = await person.put("/accounts/me/mobile", {"mobile": fresh, "code": code, "password": PASSWORD}, 200)
    assert done["masked_mobile"].endswith(fresh[-4:])
    assert (await Expert.get(id=expert.id)).mobile_hash == world.deps.keys.lookup_hash("mobile", fresh)


async def test_log_ins_are_listed_and_ended_by_their_owner_only(world: World) -> None:
    _, mobile = await registered(world)
    here, there = await log_in(world, mobile), await log_in(world, mobile)
    listed = (await here.get("/sessions"))["items"]
    assert [one["current"] for one in listed].count(True) == 1
    other = next(one["id"] for one in listed if not one["current"])
    await (await world.log_in(mobile_number())).delete(f"/sessions/{other}", 404)
    await here.delete(f"/sessions/{other}")
    await there.get("/sessions/current", 401)


async def test_a_changed_privacy_text_is_accepted(world: World) -> None:
    _, mobile = await registered(world, privacy_version="old")
    person = await log_in(world, mobile)
    assert (await person.get("/accounts/me"))["consent"] is False
    await person.put("/accounts/me/consent", {"privacy_version": "2001"}, 409)
    await person.put("/accounts/me/consent", {"privacy_version": world.deps.book("demo").pool.privacy_version})
    assert (await person.get("/accounts/me"))["consent"] is True
