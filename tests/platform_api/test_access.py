"""Who gets in: a client with its secret, from its address, while its organisation wants it; and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import encode_basic_auth

from models.draws import Draw
from models.organisations import Organisation
from platform_api import dispatch
from platform_api.assembly import APIS
from platform_api.dispatch import scope_of
from services.integrations import ClientChange
from tests.factories.integrations import make_platform
from tests.factories.offices import make_draw
from tests.factories.people import make_account
from tests.platform_api.conftest import BASE, World, read

ALL = {"projects": True, "draws": True, "results": True}


async def test_a_token_says_what_it_permits_and_how_long(world: World) -> None:
    answer = await read(await world.log_in(), 200)
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 1800)
    assert answer["scope"] == "draws projects results"
    assert (await world.get("/client"))["name"] == "某某交易平台"


async def test_credentials_may_come_in_the_form_but_not_twice(world: World) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": str(world.platform.client_id),
        "client_secret": world.platform.secret,
    }
    assert (await world.client.post(f"{BASE}/token", data=form)).status == 200
    twice = await world.client.post(f"{BASE}/token", data=form, headers={"Authorization": encode_basic_auth("a", "b")})
    assert (twice.status, (await twice.json())["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
async def test_log_ins_that_the_standard_refuses(world: World, form: dict[str, str], status: int, error: str) -> None:
    response = await world.log_in(**form)
    assert (response.status, (await response.json())["error"]) == (status, error)


async def test_a_wrong_secret_an_unknown_client_and_none(world: World) -> None:
    for login, secret in ((str(world.platform.client_id), "pbts_wrong"), ("no-uuid", "x"), ("", "")):
        headers = {"Authorization": encode_basic_auth(login, secret)} if login else {}
        response = await world.client.post(f"{BASE}/token", data={"grant_type": "client_credentials"}, headers=headers)
        assert (response.status, (await response.json())["error"]) == (401, "invalid_client")


async def test_a_secret_of_another_client_opens_nothing(world: World) -> None:
    other = await make_platform(world.office, world.services.integrations, name="另一个平台")
    response = await world.log_in(other.secret)
    assert response.status == 401


async def test_a_client_works_only_from_its_addresses(world: World) -> None:
    clients = world.services.integrations.clients
    await clients.change(
        world.platform.admin, world.platform.client_id, ClientChange(**ALL, networks="203.0.113.0/24", webhook_url="")
    )
    refused = await world.log_in()
    assert (refused.status, (await refused.json())["error"]) == (400, "unauthorized_client")
    assert (await world.get("/client", 403))["code"] == "address_refused"


async def test_a_client_does_nothing_before_it_is_accepted_and_nothing_after_it_is_ended(world: World) -> None:
    clients = world.services.integrations.clients
    await clients.revoke(world.office.agency, world.platform.client_id)
    assert (await world.log_in()).status == 401
    assert (await world.get("/client", 401))["code"] == "invalid_client"


async def test_more_scopes_need_the_organisation_again(world: World) -> None:
    clients, client = world.services.integrations.clients, world.platform.client_id
    less = ClientChange(projects=True, draws=False, results=False, networks="127.0.0.1", webhook_url="")
    await clients.change(world.platform.admin, client, less)
    assert (await world.get("/draws", 403))["code"] == "insufficient_scope"
    await world.get("/projects")
    await clients.change(world.platform.admin, client, ClientChange(**ALL, networks="127.0.0.1", webhook_url=""))
    assert (await world.get("/projects", 403))["code"] == "not_accepted"
    await clients.accept(world.office.agency, client)
    await world.get("/draws")


async def test_a_person_who_no_longer_acts_for_the_organisation_ends_the_platform_s_access(world: World) -> None:
    other = await make_account(world.services.deps)
    await Organisation.filter(id=world.office.agency.organisation_id).update(legal_account_id=other.id)
    assert (await world.get("/client", 403))["code"] == "agent_ended"


async def test_a_token_ends_with_its_time_and_with_its_secret(world: World) -> None:
    clients, old = world.services.integrations.clients, world.token
    new = await clients.rotate_secret(world.platform.admin, world.platform.client_id)
    await world.get("/client")  # the former secret is still valid
    await clients.end_former_secret(world.platform.admin, world.platform.client_id)
    assert (await world.get("/client", 401))["code"] == "invalid_token"
    world.token = (await read(await world.log_in(new.secret), 200))["access_token"]
    assert world.token != old
    world.clock.move(timedelta(minutes=31))
    assert (await world.get("/client", 401))["code"] == "invalid_token"


async def test_a_colleague_s_draw_is_not_there(world: World) -> None:
    """Nor another organisation's: the same query."""
    draw = await make_draw(world.office)
    await world.get(f"/draws/{draw}")
    await Draw.filter(id=draw).update(agent_id=(await make_account(world.services.deps)).id)
    for method, path in (("GET", ""), ("GET", "/result"), ("GET", "/record"), ("DELETE", "")):
        assert (await world.ask(method, f"/draws/{draw}{path}")).status == 404
    assert (await world.get("/draws"))["items"] == []


async def test_too_many_requests_are_refused_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "RATE", (2, 60))
    await world.get("/client")
    answer = await world.ask("GET", "/client")
    while answer.status == 200:
        answer = await world.ask("GET", "/client")
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_every_endpoint_needs_a_token_and_one_scope() -> None:
    endpoints = [endpoint for api in APIS for endpoint in api.endpoints]
    assert {endpoint.access for endpoint in endpoints} == {"account"}
    assert {scope_of(endpoint) for endpoint in endpoints} == {"", "projects", "draws", "results"}
    assert {endpoint.path for endpoint in endpoints if not scope_of(endpoint)} == {
        "/client",
        "/choices",
        "/catalogues/{kind}",
    }


async def test_refusals_speak_to_programmers(world: World) -> None:
    world.token = ""
    refused: Any = await world.get("/client", 401)
    assert "小程序" not in refused["detail"]
    response = await world.client.get(f"{BASE}/nowhere")
    assert response.status == 404
