"""Every endpoint × every role: permitted and refused; and no access to rows of other persons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import FormData

from domain.ids import new_id
from miniapp_api.assembly import APIS
from miniapp_api.http.openapi import describe
from miniapp_api.http.routes import Endpoint
from models.accounts import Account
from models.draws import DiscardRequest, Draw, Supervisor
from models.invitations import Invitation
from models.organisations import Organisation
from models.projects import Lot
from models.remuneration import Remuneration
from models.reviews import ReviewAssignment
from services.core.base import rows
from services.draws import render_template
from services.draws.setup.recusal_import import Kind
from tests.drivers.tables import sums_of_all
from tests.factories.applications import fill_in, make_applicant, make_campaign, make_codes
from tests.factories.draw_states import ids_of, make_every_state
from tests.factories.draws import make_project
from tests.factories.offices import SUPERVISOR_MOBILE, Office, add_experts, make_draw, make_supervisor, start_draw
from tests.factories.people import (
    OTHER_CREDIT_CODE,
    make_account,
    make_agent_link,
    make_expert,
    make_grant,
    make_organisation,
)
from tests.factories.remuneration import ended_panel
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.forms import draw_form, project_form
from tests.miniapp_api.real_rows import GIVEN, make_rows

ENDPOINTS: list[Endpoint] = [endpoint for api in APIS for endpoint in api.endpoints]
OTHER_SUPERVISOR = "13900002222"
OF_A_DRAW = (
    "{draw_id}",
    "{project_id}",
    "/verification/applications/{",
    "/discard-requests/{",
    "/invitations/{",
    "/remuneration/{",
)
ANYBODYS = {
    "objections_raise_one": "anybody objects during the public notice",
    "materials_download": "it is for everybody",
    "payments_status": "anybody who knows the expert number pays",
    "payments_order": "anybody who knows the expert number pays",
}
"""Rows that others than the owner may access, with the reason."""
NOT_THERE: Mapping[str, str] = {
    "payments_invoice": "it is not issued yet",
    "exam_results_appeal": "the body names no attempt",
}
"""Rows that even the owner does not get here, with the reason."""
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
    found = {}
    for path in document["paths"].values():
        for operation in path.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                found[operation["operationId"]] = sample(content["schema"], schemas)
    project, draw = project_form(), draw_form(world, str(new_id()))
    return (
        found
        | ONE_OF
        | {
            "projects_create": project,
            "projects_edit": project,
            "draws_create": draw,
            "draws_edit": draw,
        }
    )


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
            return {name: sample(one, schemas) for name, one in schema["properties"].items() if name in needed}
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
    elif endpoint.upload is not None and endpoint.upload.raw:
        options["data"] = b"x"
    elif endpoint.upload is not None:
        form = FormData()
        kind: Kind = "persons" if "person" in endpoint.path else "units"
        form.add_field("file", render_template(kind, "csv", ["投标人"], ["自行申报"]), filename="list.csv")
        options["data"] = form
    fixed = {
        "kind": "units" if "recusal" in endpoint.path else "region",
        "form": "csv",
        "leaf": "ef" * 32,
        "section": "basic",
        "offset": 0,
    }
    given = {name: (fixed | ids).get(name, new_id()) for name in endpoint.path_model.model_fields}
    queries = {
        "catalogues_search": "?word=x",
        "employers_search": "?word=x",
        "attachments_upload_whole": "?field=photo",
    }
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
        status, said = await send(nobody, endpoint, {}, samples)
        if endpoint.access == "public":
            assert said is None or said.get("code") != "bad_token", endpoint.name
        else:
            assert (status, said["code"]) == (401, "bad_token"), endpoint.name


async def test_an_unbound_visitor_reaches_nothing_of_a_person(world: World) -> None:
    visitor, samples = await world.visit(), bodies(world)
    for endpoint in ENDPOINTS:
        if endpoint.access == "account":
            status, said = await send(visitor, endpoint, {}, samples)
            assert (status, said["code"]) == (401, "not_bound"), endpoint.name


async def test_a_role_that_may_not_is_refused_and_one_that_may_is_not(world: World, staff: dict[str, Person]) -> None:
    samples = bodies(world)
    for endpoint in ENDPOINTS:
        if not endpoint.roles:
            continue
        for role in ROLES:
            status, said = await send(staff[role], endpoint, {}, samples)
            refused = status == 403 and "身份" in said["detail"]
            assert refused is (role not in endpoint.roles), f"{endpoint.name} as {role}: {status} {said}"
            assert status < 500, f"{endpoint.name} as {role}: {said}"


@pytest.mark.slow
async def test_draws_and_projects_are_closed_to_other_agencies_and_uninvolved_experts(
    world: World, office: Office, staff: dict[str, Person]
) -> None:
    """The other agency and an uninvolved expert try every endpoint on existing rows, in every state of a draw."""
    draws = await make_every_state(office)
    draws["paid"], _ = await ended_panel(office, world.clock)
    await world.services.remuneration.proposals.propose_all(office.venue, draws["paid"])
    await Lot.create(project_id=(await Draw.get(id=draws["editing"])).project_id, name="一标段")
    await _ask_to_discard(office, draws["drawing"])
    rows_of = [await _ids(draw_id) for draw_id in draws.values()]
    samples, before = bodies(world), await sums_of_all()
    for endpoint in filter(_is_of_a_draw, ENDPOINTS):
        real = [ids for ids in rows_of if set(endpoint.path_model.model_fields) - GIVEN <= ids.keys()]
        assert real, f"no draw has what {endpoint.path} names"
        for ids in real:
            for role in ("agent", "organisation", "expert"):
                await _check_closed(role, staff[role], endpoint, ids, samples)
    after = await sums_of_all()
    assert [name for name in after if after[name] != before[name]] == []


@pytest.mark.slow
async def test_rows_of_every_other_kind_are_closed_to_all_but_their_owners(world: World, office: Office) -> None:
    """Each other role tries every endpoint on one real row of each kind, an administrator of another pool too."""
    rows_of = await make_rows(world, office)
    owners = {name: await world.log_in_account(account.id, "") for name, account in rows_of.owners.items()}
    others, samples, wrong = await _others(world), bodies(world), []
    before, tried = await sums_of_all(), list(filter(_is_somebodys, ENDPOINTS))
    for endpoint in tried:
        for role, person in others.items():
            status, said = await send(person, endpoint, rows_of.of(endpoint), samples)
            if status not in (403, 404):
                wrong.append(f"{endpoint.name} as {role}: {status} {said}")
    assert not wrong, "\n".join(wrong)
    after = await sums_of_all()
    assert [name for name in after if after[name] != before[name]] == []
    for endpoint in tried:
        answers = [(await send(person, endpoint, rows_of.of(endpoint), samples))[0] for person in owners.values()]
        if all(status in (401, 403, 404) for status in answers) and endpoint.name not in NOT_THERE:
            wrong.append(f"{endpoint.name}: nobody gets it, {answers}")
    assert not wrong, "\n".join(wrong)


async def _ask_to_discard(office: Office, draw_id: UUID) -> None:
    """A recusal on the spot that waits for the verifier."""
    agreed, now = await Invitation.get(draw_id=draw_id, state="accepted"), office.deps.now()
    await DiscardRequest.create(
        draw_id=draw_id,
        invitation_id=agreed.id,
        kind="recusal",
        reason="与投标人有亲属关系",
        asked_by_id=office.venue.account_id,
        asked_role="venue",
        asked_at=now,
        answer_until=now + timedelta(hours=1),
    )


async def _others(world: World) -> dict[str, Person]:
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
    found = {
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
    return found | {"admin of another pool": elsewhere}


def _is_somebodys(endpoint: Endpoint) -> bool:
    """Whether an address names a row by id, other than a draw's."""
    names = set(endpoint.path_model.model_fields) - GIVEN
    return bool(names) and not _is_of_a_draw(endpoint) and endpoint.access != "public" and endpoint.name not in ANYBODYS


def _is_of_a_draw(endpoint: Endpoint) -> bool:
    return any(part in endpoint.path for part in OF_A_DRAW)


async def test_offices_of_another_place_or_draw_get_at_nothing(world: World, office: Office) -> None:
    """A verifier of another terminal, staff of another venue and the supervisor of another draw try everything."""
    await add_experts(office, 4)
    draw_id = await start_draw(office)
    await _another_supervised(office)
    people = {"supervisor": await world.log_in(OTHER_SUPERVISOR, "supervisor")}
    for role in ("verifier", "venue"):
        account = await make_account(world.deps)
        await make_grant(account, role, scope="别处")
        people[role] = await world.log_in_account(account.id, role, scope="别处")
    samples, ids = bodies(world), await _ids(draw_id)
    before = await _stands()
    for endpoint in ENDPOINTS:
        if "{draw_id}" in endpoint.path or "verification/applications/{" in endpoint.path:
            for role, person in people.items():
                await _check_closed(role, person, endpoint, ids, samples)
    assert await _stands() == before
    for person in people.values():
        assert str(draw_id) not in json.dumps(await person.get("/draws"))


async def _another_supervised(office: Office) -> None:
    """A verified draw of another project, with a supervisor of its own."""
    own = office.project_id
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id
    other = await make_draw(office)
    office.project_id = own
    entry = await make_supervisor(office.deps, OTHER_SUPERVISOR, name="别家监督")
    await Supervisor.filter(draw_id=other).update(mobile_hash=entry.mobile_hash, phone_sealed=entry.mobile_sealed)


async def _stands() -> list[Any]:
    tables = ("draw", "draw_condition", "draw_round", "draw_application", "invitation", "absence", "draw_log", "urge")
    return [await rows(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t") for table in tables]


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
    status, said = await send(person, endpoint, ids, samples)
    assert status in (403, 404), f"{endpoint.name} as {role}: {status} {said}"


async def _ids(draw_id: UUID) -> dict[str, object]:
    """Ids of a draw's existing rows, by the parameters of the API's addresses."""
    rows = await ids_of(draw_id, made_up=False)
    draw, invitation = await Draw.get(id=draw_id), await Invitation.filter(draw_id=draw_id).first()
    lot = await Lot.filter(project_id=draw.project_id).first()
    owed = await Remuneration.filter(draw_id=draw_id).first()
    found = {
        **{f"{name}_id": rows[name] for name in ("notice", "condition", "unit", "person", "application", "request")},
        "draw_id": draw_id,
        "project_id": draw.project_id,
        "expert_id": rows["recalled"],
        "invitation_id": rows["invitation"],
        "leaf": invitation.leaf if invitation else None,
        "lot_id": lot.id if lot else None,
        "remuneration_id": owed.id if owed else None,
    }
    return {name: value for name, value in found.items() if value}


async def test_a_log_in_of_one_pool_opens_nothing_in_another(world: World, office: Office) -> None:
    person = await world.log_in_account(office.verifier.account_id, "")
    person.base = "/api/v1/guangdong"
    assert (await person.get("/sessions/current", 403))["code"] == "other_pool"


async def test_an_agent_does_not_see_a_colleagues_draw_but_the_legal_entity_does(world: World, office: Office) -> None:
    draw_id = await make_draw(office)
    colleague = await make_account(world.deps)
    organisation = await Organisation.get(id=office.agency.organisation_id)
    await make_agent_link(organisation, colleague)
    chosen = {"organisation_id": str(organisation.id)}
    agent = await world.log_in_account(colleague.id, "agent", **chosen)
    legal = await world.log_in_account(office.agency.account_id, "organisation", **chosen)
    await agent.get(f"/draws/{draw_id}", 404)
    assert (await agent.get("/draws"))["total"] == 0
    assert (await legal.get("/draws"))["total"] == 1


async def test_a_supervisor_of_another_draw_cannot_take_part(world: World, office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office)
    other = await make_account(world.deps)
    await make_grant(other, "supervisor")
    supervisor = await world.log_in_account(other.id, "supervisor")
    await supervisor.post(f"/draws/{draw_id}/rounds/current/commitment", {"commitment": "ab" * 32}, 403)
    assert json.dumps(await supervisor.get("/draws")).count(str(draw_id)) == 0
