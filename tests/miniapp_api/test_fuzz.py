"""Every operation gets bodies that its description allows and forbids: no 5xx, answers as described."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from models.applications import Application
from models.invitations import Invitation
from services.core.base import Actor
from tests.factories.applications import fill_in, make_applicant, make_campaign, make_codes
from tests.factories.attachments import upload_file
from tests.factories.files import jpeg
from tests.factories.offices import Office, add_experts, start_draw
from tests.miniapp_api.conftest import World

EXAMPLES = 4
"""Cases per operation and mode; raise it for a longer search."""
LAST = ("sessions_logout", "sessions_choose_role")
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
async def test_no_request_makes_it_fail(world: World, office: Office) -> None:
    tokens, ids = await _cast(world, office)
    document = await (await world.client.get("/api/openapi.json")).json()
    base = str(world.client.make_url("/")).rstrip("/")
    sent = await asyncio.to_thread(_fuzz, document, base, tokens, ids)
    assert sent > 300


async def _cast(world: World, office: Office) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Log-ins of every kind, and ids of an invitation and of two applications."""
    await add_experts(office, 6)
    invitation = await Invitation.filter(draw_id=await start_draw(office)).order_by("id").first()
    assert invitation is not None
    applicant = await make_applicant(world.deps)
    ids = [{"pool": "demo", "invitation_id": str(invitation.id)}, await _entry_ids(world, applicant)]
    ids.append(await _review_ids(world, await make_applicant(world.deps)))
    chosen = {"organisation_id": str(office.agency.organisation_id)}
    people = {
        "organisation": await world.log_in_account(office.agency.account_id, "organisation", **chosen),
        "expert": await world.log_in_expert(invitation.expert_id),
        "applicant": await world.log_in_account(applicant.account_id, "applicant"),
        "guest": await world.visit(),
    }
    return {role: person.token for role, person in people.items()}, ids


async def _entry_ids(world: World, applicant: Actor) -> dict[str, str]:
    """An application that is being filled in."""
    await make_codes(world.deps.book("demo"))
    await make_campaign(world.deps)
    application = await fill_in(world.deps, applicant)
    return {"pool": "demo", "section": "basic", "application_id": str(application.id)}


async def _review_ids(world: World, applicant: Actor) -> dict[str, str]:
    """An application under review, and one of its files."""
    application, now = await fill_in(world.deps, applicant), world.deps.now()
    photo = await upload_file(
        world.services.applications.attachments, applicant, application.id, "photo", filename="照片.jpg", content=jpeg()
    )
    await Application.filter(id=application.id).update(state="reviewing", round=1, step=0, submitted_at=now)
    return {"pool": "demo", "application_id": str(application.id), "attachment_id": str(photo.id)}


def _fuzz(document: dict[str, Any], base: str, tokens: dict[str, str], ids: list[dict[str, str]]) -> int:
    """Send cases of every operation, in a thread; returns their number."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    operations.sort(key=lambda each_operation: _place(each_operation.definition.raw["operationId"]))
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
