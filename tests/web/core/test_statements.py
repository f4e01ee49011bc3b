"""Number of statements of the most used pages; compare ``tests/miniapp_api/http/test_statements.py``."""

from __future__ import annotations

import pytest

from domain.ids import new_id
from models.accounts import Account
from models.experts import Expert
from models.reviews import ReviewAssignment, ReviewTask
from services.core.base import transaction
from tests.drivers.statements import Statements, count_statements
from tests.factories.applications import make_employer
from tests.factories.people import file_more, make_account, make_grant
from tests.factories.reviews import PROVINCE, make_applicant, make_application, make_catalogues
from tests.web.conftest import Visitor, World


async def check_pages(visitor: Visitor, expected: dict[str, int]) -> None:
    """Each is counted at its second time, with what begins and ends a transaction."""
    counted: dict[str, Statements] = {}
    for path in expected:
        await visitor.get(path)
        with count_statements() as counted[path]:
            await visitor.get(path)
        assert visitor.status == 200, visitor.text
    assert {path: len(statements) for path, statements in counted.items()} == expected, [
        f"{path}: {statements}" for path, statements in counted.items() if len(statements) != expected[path]
    ]


@pytest.fixture
async def applicant(world: World) -> Account:
    """A person whose application is in review."""
    await make_catalogues()
    version = world.services.deps.book("demo").pool.privacy_version
    account = await make_applicant(world.services.deps, privacy_version=version)
    application = await make_application(world.services.deps, account)
    async with transaction():
        await world.services.workflows.reviews.begin(application, world.clock.now())
    return account


async def test_an_applicants_pages(world: World, applicant: Account) -> None:
    visitor = await world.enter(applicant)
    await check_pages(
        visitor,
        {
            "/h5/demo/apply": 6,
            "/h5/demo/apply/status": 5,
            "/h5/demo/account": 6,
            "/h5/demo/help": 3,
            "/h5/demo/feedback": 7,
        },
    )


async def test_an_experts_page_of_an_invitation(world: World) -> None:
    _, [invitation] = await world.call()
    await check_pages(world.visitor(), {f"/i/{invitation.link}": 3})


async def test_an_experts_own_file(world: World) -> None:
    """With an employer of the pool's list, an application, panels: session, file, codes, time line."""
    deps = world.services.deps
    await make_catalogues()
    _, [invitation] = await world.panel()
    expert = await world.log_in_expert(invitation.expert_id)
    row = await Expert.get(id=invitation.expert_id)
    await file_more(deps, row, employer=str((await make_employer(deps)).id), email="ouyang@example.cn")
    entered = {"state": "entered", "expert_id": row.id, "ended_at": deps.now()}
    await make_application(deps, await Account.get(id=row.account_id), **entered)
    await check_pages(expert, {"/h5/demo/file": 4, "/h5/demo/file?kind=panel&page=2": 4, "/h5/demo/chances": 3})


async def test_pages_of_reviewers_and_of_the_office(world: World, applicant: Account) -> None:
    account = await make_account(world.services.deps)
    await ReviewAssignment.create(
        id=new_id(), pool="demo", account_id=account.id, step="industry", region=PROVINCE, granted_at=world.clock.now()
    )
    await check_pages(await world.enter(account), {"/review": 5, f"/review/{(await ReviewTask.get()).id}": 8})
    admin = await make_account(world.services.deps)
    await make_grant(admin, "pool_admin")
    await check_pages(
        await world.enter(admin), {"/office": 8, "/office/orders": 3, "/office/applications": 5, "/draws": 3}
    )


async def test_an_experts_file_at_the_office(world: World) -> None:
    """As for the expert himself, the entry of the audit trail in its transaction, and what was imposed on him."""
    _, [invitation] = await world.panel()
    admin = await make_account(world.services.deps)
    await make_grant(admin, "pool_admin")
    await check_pages(await world.enter(admin), {f"/office/experts/{invitation.expert_id}": 4 + 3 + 1})


async def test_an_agencys_pages(world: World) -> None:
    draw_id, _ = await world.call()
    await check_pages(
        await world.log_in(world.office.agency),
        {"/agency": 10, "/agency/draws": 4, "/agency/projects": 3, f"/agency/draws/{draw_id}/run": 10},
    )
