"""Logging in, binding, choosing a role, refreshing and leaving."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.accounts import VerificationCode, WrongTry
from tests.factories.people import (
    make_account,
    make_agent_link,
    make_grant,
    make_identity,
    make_organisation,
    mobile_number,
)
from tests.miniapp_api.conftest import World


@pytest.fixture
def version(world: World) -> str:
    return world.deps.book("demo").pool.privacy_version


async def test_a_visitor_is_a_guest_until_the_mobile_is_bound(world: World) -> None:
    visitor = await world.visit()
    me = await visitor.get("/sessions/current")
    assert (me["bound"], me["role"], me["roles"]) == (False, "guest", [])


async def test_a_wx_code_serves_once(world: World) -> None:
    first = await world.client.post("/api/v1/demo/sessions", json={"code": "once"})
    second = await world.client.post("/api/v1/demo/sessions", json={"code": "once"})
    assert (first.status, second.status) == (201, 401)
    assert (await second.json())["code"] == "login_code_invalid"


async def test_the_mobile_is_bound_by_an_sms_code(world: World, version: str) -> None:
    visitor, mobile = await world.visit(), mobile_number()
    sent = await visitor.post("/codes", {"mobile": mobile})
    assert sent["masked_mobile"] == f"{mobile[:3]}****{mobile[-4:]}"
    assert sent["valid_until"].endswith("+08:00")
    body = {"privacy_version": version, "mobile": mobile, "sms_code": await world.last_code()}
    bound = await visitor.post("/sessions/current/phone", body)
    assert bound["masked_mobile"] == sent["masked_mobile"]
    assert (await visitor.get("/sessions/current"))["bound"]


async def test_a_repeated_binding_gets_the_first_answer_and_uses_no_second_try(world: World, version: str) -> None:
    visitor, mobile = await world.visit(), mobile_number()
    await visitor.post("/codes", {"mobile": mobile})
    right = await world.last_code()
    wrong = f"{(int(right) + 1) % 10 ** len(right):0{len(right)}}"
    body = {"privacy_version": version, "mobile": mobile, "sms_code": wrong}
    for _ in range(3):
        refused = await visitor.post("/sessions/current/phone", body, 422, key="tap-1")
        assert refused["code"] == "code_wrong"
    assert await WrongTry.all().count() == 1
    body["sms_code"] = right
    for _ in range(2):
        await visitor.post("/sessions/current/phone", body, key="tap-2")


async def test_a_code_is_sent_once_for_one_key_and_soon_again_is_too_often(world: World) -> None:
    visitor, mobile = await world.visit(), mobile_number()
    first = await visitor.ask("POST", "/codes", key="k", json={"mobile": mobile})
    second = await visitor.ask("POST", "/codes", key="k", json={"mobile": mobile})
    assert await first.json() == await second.json()
    assert second.headers["Idempotent-Replay"] == "true"
    assert await VerificationCode.all().count() == 1
    third = await visitor.ask("POST", "/codes", key="l", json={"mobile": mobile})
    assert third.status == 429
    assert 0 < int(third.headers["Retry-After"]) <= 60
    world.clock.move(timedelta(seconds=61))
    assert (await visitor.ask("POST", "/codes", key="l", json={"mobile": mobile})).status == 200


async def test_an_outdated_privacy_text_is_shown_again(world: World) -> None:
    visitor = await world.visit()
    body = {"privacy_version": "2001-01", "phone_code": f"phone-{mobile_number()}"}
    assert (await visitor.post("/sessions/current/phone", body, 409))["code"] == "privacy_changed"


@pytest.mark.parametrize(
    "body",
    [{}, {"mobile": "13800001234"}, {"phone_code": "x", "mobile": "13800001234", "sms_code": "123456"}],
    ids=range(3),
)
async def test_one_way_of_binding_must_be_chosen(world: World, version: str, body: dict[str, str]) -> None:
    visitor = await world.visit()
    problem = await visitor.post("/sessions/current/phone", {"privacy_version": version} | body, 422)
    assert "二者选一" in problem["detail"]


async def test_roles_are_offered_and_one_is_chosen(world: World) -> None:
    account, organisation = await make_account(world.deps), await make_organisation()
    await make_agent_link(organisation, account)
    await make_grant(account, "verifier")
    person = await world.log_in_account(account.id, "")
    me = await person.get("/sessions/current")
    assert me["role"] == "guest"
    assert {role["label"] for role in me["roles"]} == {f"经办人 · {organisation.name}", "核验人员"}
    chosen = await person.put("/sessions/current/role", {"role": "agent", "organisation_id": str(organisation.id)}, 200)
    assert chosen["organisation_id"] == str(organisation.id)
    assert (await person.get("/sessions/current"))["role"] == "agent"
    assert (await person.put("/sessions/current/role", {"role": "venue"}, 403))["code"] == "role_not_held"


async def test_tokens_are_renewed_and_a_stolen_one_ends_the_session(world: World) -> None:
    person = await world.log_in(mobile_number())
    old = person.refresh
    world.clock.move(world.deps.book("demo").login.access_valid + timedelta(seconds=1))
    await person.get("/sessions/current")
    assert person.refresh != old
    again = await world.client.post("/api/v1/demo/sessions/refresh", json={"refresh": old})
    assert again.status == 401
    assert (await person.ask("GET", "/sessions/current")).status == 401


async def test_logging_out_ends_every_log_in_of_the_person(world: World) -> None:
    mobile = mobile_number()
    phone, tablet = await world.log_in(mobile), await world.log_in(mobile)
    assert (await phone.delete("/sessions/current", 200))["ended"] == 2
    await tablet.get("/sessions/current", 401)


async def test_many_log_ins_from_one_address_are_slowed_down(world: World) -> None:
    statuses = set()
    for _ in range(125):
        response = await world.client.post("/api/v1/demo/sessions/refresh", json={"refresh": "x"})
        statuses.add(response.status)
    assert statuses == {401, 429}
    assert int(response.headers["Retry-After"]) > 0


async def test_who_is_not_in_the_chat_gets_a_code_for_it(world: World) -> None:
    person = await world.log_in(mobile_number())
    assert not (await person.get("/sessions/current"))["in_chat"]
    shown = await person.post("/sessions/current/chat")
    assert shown["scan"].endswith(f"link:{shown['code']}")
    chat = await make_identity()
    await world.services.accounts.linking.link(chat.id, "demo", shown["code"])
    assert (await person.get("/sessions/current"))["in_chat"]
    refused = await person.post("/sessions/current/chat", status=409)
    assert refused["code"] == "joined_already"


async def test_a_visitor_binds_the_mobile_before_the_chat(world: World) -> None:
    visitor = await world.visit()
    assert not (await visitor.get("/sessions/current"))["in_chat"]
    assert (await visitor.post("/sessions/current/chat", status=401))["code"]
