"""Assignments of reviewers, and grants of offices."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.accounts import Account
from models.audit import AuditEntry
from services.accounts import Staff
from services.accounts.roles import roles_of
from services.core.base import Actor, Deps, Page
from services.reviews import AssignmentForm
from services.reviews.assignment_queries import AssignmentQueries
from services.reviews.assignments import Assignments
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import CITY, DISTRICT, PROVINCE, make_catalogues

MOBILE = "13912340001"
FORM = AssignmentForm(MOBILE, "李审核", "industry", CITY, "A04", "广州市住房和城乡建设局")


@pytest.fixture(autouse=True)
async def _catalogues(db: str) -> None:
    await make_catalogues()


async def admin_of(deps: Deps) -> Actor:
    account = await make_account(deps)
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


async def roles(deps: Deps, mobile: str = MOBILE) -> list[str]:
    account = await Account.get(mobile_hash=deps.keys.lookup_hash("mobile", mobile))
    return [option.role for option in await roles_of(account.id, deps.now())]


async def test_an_assigned_person_is_a_reviewer_at_once_and_a_revoked_one_no_longer(deps: Deps) -> None:
    assignments, admin = Assignments(deps, AssignmentQueries(deps)), await admin_of(deps)
    assignment = await assignments.grant(admin, FORM)
    assert (assignment.name, assignment.masked_mobile, assignment.active) == ("李审核", "139****0001", True)
    assert (assignment.step_name, assignment.region_name, assignment.specialty_name) == (
        "行业部门预审",
        "广州市",
        "设计",
    )
    assert await roles(deps) == ["reviewer"]
    assert not (await assignments.revoke(admin, assignment.id)).active
    assert await roles(deps) == []
    repeated = await assignments.grant(admin, replace(FORM, department=""))
    assert (repeated.id, repeated.active, repeated.department) == (assignment.id, True, "")
    assert await AuditEntry.filter(action="review.assign").count() == 2


async def test_the_list_shows_who_reviews_now_or_did_before(deps: Deps) -> None:
    queries, admin = AssignmentQueries(deps), await admin_of(deps)
    assignments = Assignments(deps, queries)
    first = await assignments.grant(admin, FORM)
    await assignments.grant(admin, replace(FORM, step="final", region="", specialty=""))
    await assignments.revoke(admin, first.id)
    now = await queries.page(admin)
    assert ([assignment.step for assignment in now.items], now.total) == (["final"], 1)
    assert now.items[0].region == PROVINCE
    assert [assignment.id for assignment in (await queries.page(admin, active=False)).items] == [first.id]
    assert await queries.page(admin, step="industry") == Page((), 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mobile": "123"}, "mobile"),
        ({"name": " "}, "name"),
        ({"step": "nothing"}, "step"),
        ({"region": "449999"}, "region"),
        ({"region": "110000"}, "region"),
        ({"region": DISTRICT}, "region"),
        ({"specialty": "Z9"}, "specialty"),
        ({"step": "final", "region": PROVINCE}, "specialty"),
        ({"step": "final", "specialty": ""}, "region"),
        ({"department": "字" * 101}, "department"),
    ],
)
async def test_what_can_never_get_a_task_is_refused_with_the_field(
    deps: Deps, changes: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await Assignments(deps, AssignmentQueries(deps)).grant(await admin_of(deps), replace(FORM, **changes))
    assert refused.value.field == field


async def test_only_administrators_of_the_pool_assign(deps: Deps) -> None:
    assignments, admin = Assignments(deps, AssignmentQueries(deps)), await admin_of(deps)
    assignment = await assignments.grant(admin, FORM)
    with pytest.raises(NotFound):
        await assignments.revoke(replace(admin, pool="guangdong"), assignment.id)
    with pytest.raises(Forbidden):
        await assignments.grant(replace(admin, role="reviewer"), FORM)


async def test_offices_are_granted_revoked_and_granted_again(deps: Deps) -> None:
    staff, admin = Staff(deps), await admin_of(deps)
    terminal = deps.book("demo").draw.terminals[0]
    grant = await staff.grant(admin, mobile=MOBILE, name="王核验", role="verifier", scope=terminal)
    assert (grant.role_name, grant.scope, grant.masked_mobile) == ("核验人员", terminal, "139****0001")
    assert await roles(deps) == ["verifier"]
    await staff.revoke(admin, grant.grant_id)
    assert await roles(deps) == []
    second_grant = await staff.grant(admin, mobile=MOBILE, name="王核验", role="verifier", scope=terminal)
    assert (second_grant.grant_id, second_grant.active) == (grant.grant_id, True)
    await staff.grant(admin, mobile=MOBILE, name="王核验", role="venue", scope="demo-hall")
    assert [(m.role, m.name) for m in (await staff.page(admin, role="venue")).items] == [("venue", "王核验")]
    assert (await staff.page(admin)).total == 3


@pytest.mark.parametrize(
    ("role", "scope", "field"),
    [("reviewer", "", "role"), ("expert", "", "role"), ("verifier", "某地", "scope"), ("pool_admin", "x", "scope")],
)
async def test_an_office_or_place_that_does_not_exist_is_refused(deps: Deps, role: str, scope: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await Staff(deps).grant(await admin_of(deps), mobile=MOBILE, name="王某", role=role, scope=scope)
    assert refused.value.field == field


async def test_the_last_administrator_stays_also_when_two_strike_each_other_off_at_once(deps: Deps) -> None:
    staff, first = Staff(deps), await admin_of(deps)
    [own] = (await staff.page(first)).items
    with pytest.raises(Conflict, match="最后一位管理员"):
        await staff.revoke(first, own.grant_id)
    second = await admin_of(deps)
    grants = await staff.page(first)
    by_account = {grant.account_id: grant.grant_id for grant in grants.items}
    assert first.account_id is not None
    assert second.account_id is not None
    answers = await asyncio.gather(
        staff.revoke(first, by_account[second.account_id]),
        staff.revoke(second, by_account[first.account_id]),
        return_exceptions=True,
    )
    assert [isinstance(answer, Conflict) for answer in answers].count(True) == 1
    assert (await staff.page(first)).total == 1


async def test_a_disabled_administrator_does_not_count_as_another_one(deps: Deps) -> None:
    staff, first, second = Staff(deps), await admin_of(deps), await admin_of(deps)
    await Account.filter(id=second.account_id).update(disabled_at=deps.now())
    grants = await staff.page(first)
    own = next(grant for grant in grants.items if grant.account_id == first.account_id)
    with pytest.raises(Conflict):
        await staff.revoke(first, own.grant_id)


async def test_offices_of_another_pool_are_not_there(deps: Deps) -> None:
    staff, admin = Staff(deps), await admin_of(deps)
    [own] = (await staff.page(admin)).items
    with pytest.raises(NotFound):
        await staff.revoke(replace(admin, pool="guangdong"), own.grant_id)
