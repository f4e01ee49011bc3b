"""Number of statements of the most used requests of the API, which does not depend on the machine.

A higher number than here means that something is looked up once more, for every request of that kind. The first
statement of each looks up the session and its role.
"""

from __future__ import annotations

from typing import Any

import pytest

from models.invitations import Invitation
from services.core.base import rows, transaction
from tests.drivers.statements import Statements, count_statements
from tests.factories.offices import Office, add_experts, open_invitations, start_draw
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.miniapp_api.conftest import Person, World


async def count_request(person: Person, method: str, path: str, body: object = None, **options: Any) -> Statements:
    with count_statements() as statements:
        response = await person.ask(method, path, **({} if body is None else {"json": body}), **options)
        assert response.status in (200, 201, 204), await response.text()
    return statements


async def check_reads(person: Person, expected: dict[str, int]) -> None:
    """Assert the statements of reads, at their second time, when caches are filled; none opens a transaction."""
    for path, most in expected.items():
        await person.get(path)
        statements = await count_request(person, "GET", path)
        assert (len(statements.queries), len(statements.control)) == (most, 0), f"{path}: {statements}"


async def test_statements_and_transactions_are_counted(world: World) -> None:
    with count_statements() as statements:
        async with transaction():
            await rows("SELECT 1")
            await rows("SELECT 1 WHERE $1", True)
    assert (statements.queries, len(statements.control)) == (["SELECT 1", "SELECT 1 WHERE $1"], 2)
    assert statements.repeated() == {}


async def test_an_applicants_requests(world: World) -> None:
    await make_catalogues()
    account = await make_applicant(world.deps)
    application = await make_application(world.deps, account)
    async with transaction():
        await world.services.workflows.reviews.begin(application, world.deps.now())
    applicant = await world.log_in_account(account.id, "applicant")
    await check_reads(applicant, {"/home": 4, f"/applications/{application.id}": 3, "/payments/fees": 2})


@pytest.fixture
async def invitations(world: World, office: Office) -> list[Invitation]:
    await add_experts(office, 3)
    return await open_invitations(await start_draw(office, needed=2))


async def test_an_experts_requests(world: World, invitations: list[Invitation]) -> None:
    [invitation, _] = invitations
    person = await world.log_in_expert(invitation.expert_id)
    expected = {
        "/home": 3,
        "/invitations": 2,
        f"/invitations/{invitation.id}": 2,
        "/panels": 2,
        "/experts/me": 2,
        "/notices": 2,
    }
    await check_reads(person, expected)


@pytest.mark.parametrize(("key", "more"), [(None, 0), ("a-key", 2)])
@pytest.mark.parametrize(("choice", "most"), [("accept", 10), ("decline", 10)])
async def test_an_answer(
    world: World, invitations: list[Invitation], choice: str, most: int, key: str | None, more: int
) -> None:
    """With all its effects: the place, the record, the stopped ladder, the notices."""
    [first, second] = invitations
    for invitation in (first, second):
        person = await world.log_in_expert(invitation.expert_id)
        path = f"/invitations/{invitation.id}/answer"
        body = {"choice": choice, "gathering_at": invitation.gathering_at.isoformat()}
        statements = await count_request(person, "POST", path, body, key=key)
    assert len(statements.queries) == 1 + most + more, f"{statements}"
    assert len(statements.control) == (4 if key else 2)
    assert statements.repeated() == {}
