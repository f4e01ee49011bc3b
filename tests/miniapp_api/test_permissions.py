"""Every endpoint × every role: permitted and refused; and no access to rows of other persons."""

from __future__ import annotations

from typing import Any

import pytest

from domain.ids import new_id
from miniapp_api.assembly import APIS
from miniapp_api.http.openapi import describe
from miniapp_api.http.routes import Endpoint
from models.accounts import Account
from models.invitations import Invitation
from models.organisations import Organisation
from models.reviews import ReviewAssignment
from tests.drivers.tables import sums_of_all
from tests.factories.applications import fill_in, make_applicant, make_campaign, make_codes
from tests.factories.draw_states import make_every_state
from tests.factories.offices import SUPERVISOR_MOBILE, Office
from tests.factories.people import (
    OTHER_CREDIT_CODE,
    make_account,
    make_agent_link,
    make_expert,
    make_grant,
    make_organisation,
)
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.real_rows import GIVEN, make_rows

ENDPOINTS: list[Endpoint] = [endpoint for api in APIS for endpoint in api.endpoints]
ANYBODYS = {
    "payments_status": "anybody who knows the expert number pays",
    "payments_order": "anybody who knows the expert number pays",
}
"""Rows that others than the owner may access, with the reason."""
ROLES = (
    "agent",
    "organisation",
    "expert",
    "applicant",
    "verifier",
    "supervisor",
    "venue",
    "reviewer",
    "pool_admin",
)


def bodies(world: World) -> dict[str, Any]:
    """A body per operation that passes the schema: a full form, else the examples of the description."""
    document = describe(APIS)
    schemas = document["components"]["schemas"]
    bodies_by_name = {}
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                bodies_by_name[operation["operationId"]] = sample(content["schema"], schemas)
    return bodies_by_name | ONE_OF


def sample(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A value that fits the schema; only what is required."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            needed = schema.get("required", [])
            return {
                name: sample(property_schema, schemas)
                for name, property_schema in schema["properties"].items()
                if name in needed
            }
        case "integer":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return []
    return str(new_id()) if schema.get("format") == "uuid" else "x" * schema.get("minLength", 1)


ONE_OF = {
    "sessions_bind_phone": {"phone_code": "phone-13800009999", "privacy_version": "x"},
    "invitations_check_in": {"token": "x"},
}


async def send(person: Person, endpoint: Endpoint, ids: dict[str, object], samples: dict[str, Any]) -> tuple[int, Any]:
    """Call an endpoint with a body that passes, and made-up ids for those not given."""
    options: dict[str, Any] = {}
    if endpoint.body_model is not None:
        options["json"] = samples[endpoint.name]
    elif endpoint.content_max is not None:
        options["data"] = b"x"
    fixed = {"kind": "region", "section": "basic", "offset": 0}
    given = {name: (fixed | ids).get(name, new_id()) for name in endpoint.path_model.model_fields}
    queries = {"catalogues_search": "?word=x", "employers_search": "?word=x"}
    query = queries.get(endpoint.name, "")
    response = await person.ask(endpoint.method, endpoint.path.format_map(given) + query, **options)
    return response.status, await response.json(content_type=None) if "json" in response.content_type else None


@pytest.fixture
async def staff(world: World, office: Office) -> dict[str, Person]:
    """One person per role of the pool, the first two of an organisation without rows."""
    deps = world.deps
    [legal, agent, verifier, venue, admin] = [await make_account(deps) for _ in range(5)]
    other = await Organisation.create(
        pool="demo",
        name="另一家公司",
        credit_code=OTHER_CREDIT_CODE,
        assurance_level=4,
        legal_account_id=legal.id,
        created_at=deps.now(),
    )
    await make_agent_link(other, agent)
    for account, role in ((verifier, "verifier"), (venue, "venue"), (admin, "pool_admin")):
        await make_grant(account, role)
    await make_grant(
        await Account.get(pool="demo", mobile_hash=deps.keys.lookup_hash("mobile", SUPERVISOR_MOBILE)), "supervisor"
    )
    expert, applicant, reviewer = await make_expert(deps), await make_applicant(deps), await make_account(deps)
    await ReviewAssignment.create(
        pool="demo", account_id=reviewer.id, step="industry", region="440000", granted_at=deps.now()
    )
    chosen = {"organisation_id": str(other.id)}
    return {
        "applicant": await world.log_in_account(applicant.account_id, "applicant"),
        "reviewer": await world.log_in_account(reviewer.id, "reviewer"),
        "organisation": await world.log_in_account(legal.id, "organisation", **chosen),
        "agent": await world.log_in_account(agent.id, "agent", **chosen),
        "verifier": await world.log_in_account(verifier.id, "verifier"),
        "venue": await world.log_in_account(venue.id, "venue"),
        "pool_admin": await world.log_in_account(admin.id, "pool_admin"),
        "supervisor": await world.log_in(SUPERVISOR_MOBILE, "supervisor"),
        "expert": await world.log_in_expert(expert.id),
    }


async def test_without_a_log_in_only_public_endpoints_answer(world: World) -> None:
    nobody = Person(world.client, "", "")
    samples = bodies(world)
    for endpoint in ENDPOINTS:
        status, problem = await send(nobody, endpoint, {}, samples)
        if endpoint.access == "public":
            assert problem is None or problem.get("code") != "bad_token", endpoint.name
        else:
            assert (status, problem["code"]) == (401, "bad_token"), endpoint.name


async def test_an_unbound_visitor_reaches_nothing_of_a_person(world: World) -> None:
    visitor, samples = await world.visit(), bodies(world)
    for endpoint in ENDPOINTS:
        if endpoint.access == "account":
            status, problem = await send(visitor, endpoint, {}, samples)
            assert (status, problem["code"]) == (401, "not_bound"), endpoint.name


async def test_a_role_that_may_not_is_refused_and_one_that_may_is_not(world: World, staff: dict[str, Person]) -> None:
    samples = bodies(world)
    for endpoint in ENDPOINTS:
        if not endpoint.roles:
            continue
        for role in ROLES:
            status, problem = await send(staff[role], endpoint, {}, samples)
            refused = status == 403 and "身份" in problem["detail"]
            assert refused is (role not in endpoint.roles), f"{endpoint.name} as {role}: {status} {problem}"
            assert status < 500, f"{endpoint.name} as {role}: {problem}"


@pytest.mark.slow
async def test_invitations_are_closed_to_agencies_and_uninvited_experts(
    world: World, office: Office, staff: dict[str, Person]
) -> None:
    """Another agency and an uninvited expert try every endpoint on an invitation of a draw in every state."""
    await make_every_state(office)
    invitations = await Invitation.all().order_by("draw_id", "id").distinct().values_list("id", "draw_id")
    samples, before = bodies(world), await sums_of_all()
    for endpoint in filter(_is_of_an_invitation, ENDPOINTS):
        for invitation_id in {draw_id: own_id for own_id, draw_id in invitations}.values():
            for role in ("agent", "organisation", "expert"):
                await _check_closed(role, staff[role], endpoint, {"invitation_id": invitation_id}, samples)
    after = await sums_of_all()
    assert [name for name in after if after[name] != before[name]] == []


@pytest.mark.slow
async def test_rows_of_every_other_kind_are_closed_to_all_but_their_owners(world: World, office: Office) -> None:
    """Each other role tries every endpoint on one real row of each kind, an administrator of another pool too."""
    rows_of = await make_rows(world, office)
    owners = {name: await world.log_in_account(account.id, "") for name, account in rows_of.owners.items()}
    others, samples, wrong = await log_in_uninvolved(world), bodies(world), []
    before, tried = await sums_of_all(), list(filter(_is_somebodys, ENDPOINTS))
    for endpoint in tried:
        for role, person in others.items():
            status, problem = await send(person, endpoint, rows_of.of(endpoint), samples)
            if status not in (403, 404):
                wrong.append(f"{endpoint.name} as {role}: {status} {problem}")
    assert not wrong, "\n".join(wrong)
    after = await sums_of_all()
    assert [name for name in after if after[name] != before[name]] == []
    for endpoint in tried:
        answers = [(await send(person, endpoint, rows_of.of(endpoint), samples))[0] for person in owners.values()]
        if all(status in (401, 403, 404) for status in answers):
            wrong.append(f"{endpoint.name}: nobody gets it, {answers}")
    assert not wrong, "\n".join(wrong)


async def log_in_uninvolved(world: World) -> dict[str, Person]:
    """One uninvolved person of each role."""
    deps = world.deps
    legal, reviewer, verifier, venue, admin = [await make_account(deps) for _ in range(5)]
    other = await make_organisation(name="别家代理", credit_code=OTHER_CREDIT_CODE, legal_account_id=legal.id)
    for account, role in ((verifier, "verifier"), (venue, "venue")):
        await make_grant(account, role, scope="别处")
    await ReviewAssignment.create(
        pool="demo", account_id=reviewer.id, step="industry", region="440300", granted_at=deps.now()
    )
    expert, applicant = await make_expert(deps), await make_applicant(deps)
    ids = {
        "applicant": await world.log_in_account(applicant.account_id, "applicant"),
        "organisation": await world.log_in_account(legal.id, "organisation", organisation_id=str(other.id)),
        "reviewer": await world.log_in_account(reviewer.id, "reviewer"),
        "verifier": await world.log_in_account(verifier.id, "verifier", scope="别处"),
        "venue": await world.log_in_account(venue.id, "venue", scope="别处"),
        "expert": await world.log_in_expert(expert.id),
    }
    await make_grant(admin, "pool_admin")
    elsewhere = await world.log_in_account(admin.id, "pool_admin")
    await Account.filter(id=admin.id).update(pool="guangdong")
    elsewhere.base = "/api/v1/guangdong"
    return ids | {"admin of another pool": elsewhere}


def _is_somebodys(endpoint: Endpoint) -> bool:
    """Whether an address names a row by id, other than an invitation."""
    names = set(endpoint.path_model.model_fields) - GIVEN
    open_to_all = endpoint.access == "public" or endpoint.name in ANYBODYS
    return bool(names) and not open_to_all and not _is_of_an_invitation(endpoint)


def _is_of_an_invitation(endpoint: Endpoint) -> bool:
    return "{invitation_id}" in endpoint.path


async def test_an_application_is_closed_to_other_applicants_experts_and_reviewers(
    world: World, staff: dict[str, Person]
) -> None:
    """Another applicant, an expert and a reviewer without a task try every endpoint on an existing application."""
    await make_codes(world.deps.book("demo"))
    await make_campaign(world.deps)
    application = await fill_in(world.deps, await make_applicant(world.deps))
    samples, before = bodies(world), dict(application)
    for endpoint in ENDPOINTS:
        if "{application_id}" in endpoint.path:
            for role in ("applicant", "expert", "reviewer"):
                await _check_closed(role, staff[role], endpoint, {"application_id": application.id}, samples)
    await application.refresh_from_db()
    assert dict(application) == before


async def _check_closed(role: str, person: Person, endpoint: Endpoint, ids: dict[str, object], samples: Any) -> None:
    status, problem = await send(person, endpoint, ids, samples)
    assert status in (403, 404), f"{endpoint.name} as {role}: {status} {problem}"


async def test_a_log_in_of_one_pool_opens_nothing_in_another(world: World, office: Office) -> None:
    person = await world.log_in_account(office.verifier.account_id, "")
    person.base = "/api/v1/guangdong"
    assert (await person.get("/sessions/current", 403))["code"] == "other_pool"
