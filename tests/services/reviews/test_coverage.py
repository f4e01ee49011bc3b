"""Tasks without a permitted reviewer: notices about them, and assignments that cover them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from models.accounts import Account, RoleGrant
from models.notices import Notice
from models.reviews import ReviewAssignment
from services.core.base import Actor, Deps
from services.notifications import Notices
from services.reviews import AssignmentForm, ReviewQueue, find_uncovered
from services.reviews.assignment_queries import AssignmentQueries
from services.reviews.assignments import Assignments
from services.reviews.reminders import Reminders
from services.workflows import ReviewWorkflow
from tests.factories.people import make_account
from tests.factories.reviews import CITY, DISTRICT, OTHER_CITY, PROVINCE, begin, make_application, make_reviewer

pytestmark = pytest.mark.usefixtures("catalogues")
TO_MONDAY_MORNING = timedelta(days=1, hours=21)
"""From Saturday noon on."""


@pytest.fixture
def reminders(deps: Deps) -> Reminders:
    return Reminders(deps, Notices(deps))


@pytest.fixture
def assignments(deps: Deps) -> Assignments:
    return Assignments(deps, AssignmentQueries(deps))


@pytest.fixture
def queries(deps: Deps) -> AssignmentQueries:
    return AssignmentQueries(deps)


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    account = await make_account(deps)
    await RoleGrant.create(account_id=account.id, role="pool_admin", scope="", granted_at=deps.now())
    return Actor("demo", "pool_admin", account.id)


async def test_a_region_without_a_reviewer_is_a_gap_until_one_is_assigned(
    deps: Deps, reviews: ReviewWorkflow, assignments: Assignments, queries: AssignmentQueries, admin: Actor
) -> None:
    await make_reviewer(deps, "industry", OTHER_CITY)
    await make_reviewer(deps, "industry", CITY, "A08")
    await begin(reviews, deps, await make_application(deps, specialties=("A0401", "A0801")))
    [place] = await queries.open_places(admin)
    assert (place.step, place.region, place.specialty, place.waiting) == ("industry", CITY, "A0401", 1)
    assert (place.step_name, place.region_name) == ("行业部门预审", "广州市")
    form = AssignmentForm("13800001111", "林审核", place.step, place.region, place.specialty)
    await assignments.grant(admin, form)
    assert await queries.open_places(admin) == []


async def test_when_a_reviewer_leaves_open_tasks_wait_and_the_office_is_notified(
    deps: Deps,
    reviews: ReviewWorkflow,
    queue: ReviewQueue,
    assignments: Assignments,
    reminders: Reminders,
    admin: Actor,
    clock: FixedClock,
) -> None:
    leaving = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, await make_application(deps))
    own = await ReviewAssignment.get(account_id=leaving.account_id)
    await assignments.revoke(admin, own.id)
    assert len(await find_uncovered("demo")) == 1
    assert await reminders.send_reminders() == 0, "it is Saturday"
    clock.move(TO_MONDAY_MORNING)
    assert await reminders.send_reminders() == 1
    assert await reminders.send_reminders() == 0, "once a day"
    notice = await Notice.get(kind="review_stuck")
    assert notice.account_id == admin.account_id
    assert (notice.params["step"], notice.params["nobody"], notice.params["late"]) == ("行业部门预审", "1", "1")
    deputy = await make_reviewer(deps, "industry", PROVINCE)
    cards = (await queue.overview(deputy)).cards
    assert [card.id for card in cards.items] == [task.id], "the task itself has not moved"
    assert await find_uncovered("demo") == []


async def test_an_only_reviewer_who_applies_leaves_a_gap_and_one_who_is_disabled_too(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    only = await make_reviewer(deps, "industry", CITY)
    assert only.account_id is not None
    await begin(reviews, deps, await make_application(deps, await Account.get(id=only.account_id)))
    assert [uncovered.waiting for uncovered in await find_uncovered("demo")] == [1]
    other = await make_reviewer(deps, "industry", CITY)
    assert await find_uncovered("demo") == []
    await Account.filter(id=other.account_id).update(disabled_at=deps.now())
    assert len(await find_uncovered("demo")) == 1


async def test_the_office_is_notified_of_an_assigned_task_that_waits_too_long(
    deps: Deps, reviews: ReviewWorkflow, reminders: Reminders, admin: Actor, clock: FixedClock
) -> None:
    await make_reviewer(deps, "industry", CITY)
    clock.move(TO_MONDAY_MORNING)
    await begin(reviews, deps, await make_application(deps))
    assert await reminders.send_reminders() == 0
    clock.move(timedelta(minutes=11))
    assert await reminders.send_reminders() == 1
    notice = await Notice.get(kind="review_stuck")
    assert (notice.account_id, notice.params["nobody"], notice.params["late"]) == (admin.account_id, "0", "1")


async def test_a_city_named_for_itself_does_not_reach_what_lies_below(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue
) -> None:
    """吉林手册 L190-194: 市本级 and county are pools of their own."""
    reviewer = await make_reviewer(deps, "industry", CITY)
    await ReviewAssignment.filter(account_id=reviewer.account_id).update(exact=True)
    [inside] = await begin(reviews, deps, await make_application(deps))
    assert [card.id for card in (await queue.overview(reviewer)).cards.items] == [inside.id], (
        "a task of the city itself"
    )
    await type(inside).filter(id=inside.id).update(region=DISTRICT)
    assert (await queue.overview(reviewer)).cards.items == ()
    [uncovered] = await find_uncovered("demo")
    assert (uncovered.region, isinstance(inside.id, UUID)) == (DISTRICT, True)
