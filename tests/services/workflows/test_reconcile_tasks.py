"""The rulebook's steps change while applications are under review: nothing gets stuck and no approval is lost."""

from __future__ import annotations

import pytest

from domain.applications.lifecycles import TaskState
from domain.errors import Conflict
from models.applications import Application
from models.reviews import ReviewAssignment, ReviewTask
from services.applications import progress_of
from services.core.base import Actor, Deps
from services.office import Filter
from services.office.application_list import ApplicationList
from services.reviews import ReviewQueue
from services.workflows import ReviewWorkflow
from services.workflows.reconcile_tasks import TaskReconciler
from tests.factories.reviews import (
    begin,
    hand_in_again,
    make_application,
    make_reviewer,
    step,
    tasks_of,
    with_rules,
)
from tests.factories.workflows import make_reviews
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("catalogues")
ONE, TWO, THREE, NEW = step("one"), step("two"), step("three"), step("new")
EACH = step("one", per_specialty=True, send_back=["specialty"])


class Pool:
    """One application with two specialties under the steps that are given first."""

    def __init__(self, deps: Deps, book: NoticeBook) -> None:
        self._plain, self._book = deps, book

    def under(self, *steps: dict[str, object]) -> tuple[Deps, ReviewWorkflow]:
        deps = with_rules(self._plain, review={"steps": list(steps)})
        return deps, make_reviews(deps, self._book)

    async def change_steps(self, *steps: dict[str, object]) -> tuple[Deps, ReviewWorkflow]:
        """Restart with these steps, and run the reconciliation of tasks twice."""
        deps, reviews = self.under(*steps)
        await TaskReconciler(deps, reviews).run()
        assert await TaskReconciler(deps, reviews).run() == 0, "once is enough"
        return deps, reviews


@pytest.fixture
def pool(deps: Deps, book: NoticeBook) -> Pool:
    return Pool(deps, book)


async def everywhere(deps: Deps) -> Actor:
    """A person who reviews every step."""
    reviewer = await make_reviewer(deps, "one")
    for code in ("two", "three", "new"):
        other = await make_reviewer(deps, code)
        await ReviewAssignment.filter(account_id=other.account_id).update(account_id=reviewer.account_id)
    return reviewer


async def under_review(deps: Deps, reviews: ReviewWorkflow) -> Application:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    await begin(reviews, deps, application)
    return application


async def approve_all(reviews: ReviewWorkflow, reviewer: Actor, application: Application) -> list[str]:
    """Until nothing is open; returns the steps in the order in which they were decided."""
    decided: list[str] = []
    while tasks := await tasks_of(application):
        await reviews.decide(reviewer, tasks[0].id, "approve")
        decided.append(tasks[0].step_code)
    return decided


async def state_of(application: Application) -> str:
    return str((await Application.get(id=application.id)).state)


async def test_a_step_that_was_put_before_is_taken_after_the_one_under_way(deps: Deps, pool: Pool) -> None:
    reviewer = await everywhere(deps)
    before, reviews = pool.under(ONE, TWO)
    application = await under_review(before, reviews)
    after, reviews = await pool.change_steps(NEW, ONE, TWO)
    [task] = await tasks_of(application)
    assert (task.step_code, task.step) == ("one", 1)
    assert await approve_all(reviews, reviewer, application) == ["one", "new", "two"]
    assert await state_of(application) == "notice"
    assert after is not before


async def test_before_the_tasks_are_in_line_a_reviewer_decides_the_right_step_all_the_same(
    deps: Deps, pool: Pool
) -> None:
    reviewer = await everywhere(deps)
    before, reviews = pool.under(ONE, TWO)
    application = await under_review(before, reviews)
    after, reviews = pool.under(NEW, ONE, TWO)
    [card] = (await ReviewQueue(after).overview(reviewer)).cards.items
    assert card.step == "one"
    assert (await ReviewQueue(after).get(reviewer, card.id)).card.step_name == "one审核"
    await reviews.decide(reviewer, card.id, "approve")
    [task] = await tasks_of(application)
    assert task.step_code == "new"


async def test_a_step_that_is_gone_is_left_behind(deps: Deps, pool: Pool) -> None:
    reviewer = await everywhere(deps)
    before, reviews = pool.under(ONE, TWO, THREE)
    application = await under_review(before, reviews)
    [first] = await tasks_of(application)
    await reviews.decide(reviewer, first.id, "approve")
    [second] = await tasks_of(application)

    after, reviews = pool.under(ONE, THREE)
    assert (await ReviewQueue(after).overview(reviewer)).cards.items == ()
    with pytest.raises(Conflict, match="环节已调整"):
        await reviews.decide(reviewer, second.id, "approve")
    admin = Actor("demo", "pool_admin", reviewer.account_id)
    assert (await ApplicationList(after).page(admin, Filter())).total == 1

    after, reviews = await pool.change_steps(ONE, THREE)
    assert (await ReviewTask.get(id=second.id)).state == TaskState.VOID
    assert await approve_all(reviews, reviewer, application) == ["three"]


async def test_when_the_last_step_is_gone_the_review_is_over(deps: Deps, pool: Pool) -> None:
    reviewer = await everywhere(deps)
    before, reviews = pool.under(ONE, TWO)
    application = await under_review(before, reviews)
    [first] = await tasks_of(application)
    await reviews.decide(reviewer, first.id, "approve")
    shorter, _ = pool.under(ONE)
    shown = await progress_of(shorter, application.id)
    assert [stage.name for stage in shown.stages][:2] == ["填写申请", "one审核"], "no page breaks meanwhile"
    await pool.change_steps(ONE)
    assert await state_of(application) == "notice"


async def test_a_step_that_now_looks_at_each_specialty_gets_a_task_for_each_and_back(deps: Deps, pool: Pool) -> None:
    reviewer = await everywhere(deps)
    before, reviews = pool.under(ONE, TWO)
    application = await under_review(before, reviews)
    _, reviews = await pool.change_steps(EACH, TWO)
    assert [task.specialty for task in await tasks_of(application)] == ["A0401", "A0801"]
    _, reviews = await pool.change_steps(ONE, TWO)
    assert [task.specialty for task in await tasks_of(application)] == [""]
    assert await approve_all(reviews, reviewer, application) == ["one", "two"]


async def test_while_a_specialty_is_sent_back_only_what_is_asked_for_stays_open(deps: Deps, pool: Pool) -> None:
    reviewer = await everywhere(deps)
    before, reviews = pool.under(EACH, TWO)
    application = await under_review(before, reviews)
    first, _ = await tasks_of(application)
    await reviews.decide(reviewer, first.id, "send_back", "请重新选择专业。")
    await pool.change_steps(TWO)
    assert await tasks_of(application) == []
    assert await state_of(application) == "sent_back", "the person still has it"
    after, reviews = pool.under(TWO)
    [task] = await hand_in_again(reviews, after, application, ("A0401", "A0801"))
    assert task.step_code == "two"


async def test_an_application_under_review_without_any_task_gets_one(deps: Deps, pool: Pool) -> None:
    before, reviews = pool.under(ONE, TWO)
    application = await under_review(before, reviews)
    await ReviewTask.filter(application_id=application.id).delete()
    await pool.change_steps(ONE, TWO)
    assert [task.step_code for task in await tasks_of(application)] == ["one"]


async def test_what_is_in_line_is_left_alone(deps: Deps, pool: Pool) -> None:
    before, reviews = pool.under(ONE, TWO)
    application = await under_review(before, reviews)
    [task] = await tasks_of(application)
    after, reviews = pool.under(ONE, TWO)
    assert await TaskReconciler(after, reviews).run() == 0
    assert [task_row.id for task_row in await tasks_of(application)] == [task.id]
