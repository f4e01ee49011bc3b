"""Every operation gets bodies that its description allows and forbids: no 5xx, answers as described."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from models.applications import Application
from models.campaigns import Employer, EmployerRequest
from models.draws import CallNotice, Condition, DrawApplication
from models.helpdesk import Feedback
from models.invitations import Invitation
from models.reviews import Objection, ReviewTask
from services.core.base import Actor
from tests.factories.applications import SPECIALTY, fill_in, make_applicant, make_campaign, make_codes
from tests.factories.draws import make_project
from tests.factories.files import jpeg
from tests.factories.offices import SUPERVISOR_MOBILE, Office, add_experts, make_draw, start_draw
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import make_reviewer
from tests.miniapp_api.conftest import World

EXAMPLES = 4
"""Cases per operation and mode; raise it for a longer search."""
LAST = (
    "draws_delete",
    "projects_delete",
    "sessions_logout",
    "accounts_unbind",
    "accounts_delete",
    "sessions_choose_role",
)
"""Operations that end or change rows which the others need."""
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)
QUIET = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
async def test_no_request_makes_it_fail(world: World, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.draws.event_stream.LONGEST", 0.0)
    tokens, ids = await _cast(world, office)
    document = await (await world.client.get("/api/openapi.json")).json()
    base = str(world.client.make_url("/")).rstrip("/")
    sent = await asyncio.to_thread(_fuzz, document, base, tokens, ids)
    assert sent > 300


async def _cast(world: World, office: Office) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Log-ins of every kind, and ids of a draw that is being set up and of one that runs."""
    await add_experts(office, 6)
    ids = [await _ids(office, await make_draw(office))]
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id
    ids.append(await _ids(office, await start_draw(office)))
    applicant = await make_applicant(world.deps)
    ids.append(await _entry_ids(world, applicant))
    ids.append(await _review_ids(world, await make_applicant(world.deps)))
    reviewer = await make_reviewer(world.deps, "industry")
    invitation = await Invitation.get(id=ids[1]["invitation_id"])
    chosen = {"organisation_id": str(office.agency.organisation_id)}
    people = {
        "organisation": await world.log_in_account(office.agency.account_id, "organisation", **chosen),
        "supervisor": await world.log_in(SUPERVISOR_MOBILE, "supervisor"),
        "expert": await world.log_in_expert(invitation.expert_id),
        "applicant": await world.log_in_account(applicant.account_id, "applicant"),
        "reviewer": await world.log_in_account(reviewer.account_id, "reviewer"),
        "guest": await world.visit(),
    }
    for role in ("verifier", "venue", "pool_admin"):
        account = await make_account(world.deps)
        await make_grant(account, role)
        people[role] = await world.log_in_account(account.id, role)
    return {role: person.token for role, person in people.items()}, ids


async def _entry_ids(world: World, applicant: Actor) -> dict[str, str]:
    """An application that is being filled in, its campaign, and an employer that a person asks for."""
    await make_codes(world.deps.book("demo"))
    campaign = await make_campaign(world.deps)
    application = await fill_in(world.deps, applicant)
    request = await EmployerRequest.create(
        pool="demo", account_id=applicant.account_id, name="新设计院", created_at=world.deps.now()
    )
    found = {
        "application_id": application.id,
        "campaign_id": campaign.id,
        "request_id": request.id,
        "employer_id": (await Employer.get()).id,
    }
    return {name: str(value) for name, value in found.items()} | {"pool": "demo", "section": "basic"}


async def _review_ids(world: World, applicant: Actor) -> dict[str, str]:
    """An application under review, one of its files, an objection, an opinion, and an assignment."""
    application, now = await fill_in(world.deps, applicant), world.deps.now()
    photo = await world.services.applications.attachments.upload(
        applicant, application.id, "photo", filename="照片.jpg", content=jpeg()
    )
    by: dict[str, Any] = {"pool": "demo", "account_id": applicant.account_id, "created_at": now}
    task = await ReviewTask.create(
        application_id=application.id,
        pool="demo",
        round=1,
        step=0,
        step_code="industry",
        region="440100",
        specialty=SPECIALTY,
        state="open",
        opened_at=now,
    )
    await Application.filter(id=application.id).update(state="reviewing", round=1, step=0, submitted_at=now)
    found = {
        "application_id": application.id,
        "task_id": task.id,
        "attachment_id": photo.id,
        "feedback_id": (await Feedback.create(**by)).id,
        "objection_id": (await Objection.create(**by, application_id=application.id)).id,
    }
    return {name: str(value) for name, value in found.items()} | {"pool": "demo"}


async def _ids(office: Office, draw_id: UUID) -> dict[str, str]:
    found: dict[str, Any] = {
        "pool": "demo",
        "draw_id": draw_id,
        "project_id": office.project_id,
        "notice_id": (await CallNotice.get(draw_id=draw_id)).id,
        "condition_id": (await Condition.get(draw_id=draw_id)).id,
    }
    for name, model in (("application_id", DrawApplication), ("invitation_id", Invitation)):
        if row := await model.filter(draw_id=draw_id).first():
            found[name] = row.id
    return {name: str(value) for name, value in found.items()}


def _fuzz(document: dict[str, Any], base: str, tokens: dict[str, str], ids: list[dict[str, str]]) -> int:
    """Send cases of every operation, in a thread; returns their number."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    operations.sort(key=lambda one: _place(one.definition.raw["operationId"]))
    turns, sent = itertools.count(), 0
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            sent += _try(operation, mode, base, turns, tokens, ids)
    return sent


def _place(name: str) -> int:
    return LAST.index(name) + 1 if name in LAST else 0


def _try(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    base: str,
    turns: Any,
    tokens: dict[str, str],
    ids: list[dict[str, str]],
) -> int:
    """Send a case, mostly as a permitted person and on existing rows."""
    sent = 0
    may = [tokens[role] for role in operation.definition.raw["x-roles"] if role in tokens] or list(tokens.values())

    @QUIET
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        nonlocal sent
        turn = next(turns)
        known = ids[turn % len(ids)]
        if turn % 4 and isinstance(case.path_parameters, dict):
            case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
        asking = may if turn % 5 else list(tokens.values())
        headers = {"Authorization": f"Bearer {asking[turn // 5 % len(asking)]}"}
        response = case.call(base_url=base, headers=headers, timeout=20)
        case.validate_response(response, checks=CHECKS)
        sent += 1

    try:
        run()
    except Exception as error:  # tell which operation it was; hypothesis and schemathesis raise many kinds
        raise AssertionError(f"{operation.method} {operation.path}: {error}") from error
    return sent
