"""A task is handed to a colleague of its scope, who decides it in the giver's place."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, InvalidInput, NotFound
from models.accounts import Account
from models.audit import AuditEntry
from models.reviews import ReviewAssignment, ReviewTask
from services.core.base import Actor, Deps
from services.office.application_list import ApplicationList
from services.reviews import ReviewQueue
from services.reviews.handing import Handed, Handing
from services.workflows import ReviewWorkflow
from tests.factories.people import make_account
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    PROVINCE,
    begin,
    make_applicant,
    make_application,
    make_reviewer,
    tasks_of,
)
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("catalogues")


@pytest.fixture
def handing(deps: Deps, book: NoticeBook) -> Handing:
    return Handing(deps, book)


async def _ids(queue: ReviewQueue, actor: Actor) -> list[object]:
    return [card.id for card in (await queue.overview(actor)).cards.items]


async def _task(deps: Deps, reviews: ReviewWorkflow) -> ReviewTask:
    [task] = await begin(reviews, deps, await make_application(deps))
    return task


async def _names(handing: Handing, actor: Actor, task: ReviewTask) -> list[str]:
    return [colleague.name for colleague in await handing.list_colleagues(actor, task.id)]


async def test_a_handed_task_is_the_colleagues_and_on_record_as_done_by_him_for_the_giver(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, handing: Handing, book: NoticeBook
) -> None:
    giver = await make_reviewer(deps, "industry", CITY, department="广州市住建局", real_name="王初审")
    colleague = await make_reviewer(deps, "industry", PROVINCE, real_name="李复审")
    third = await make_reviewer(deps, "industry", CITY)
    task = await _task(deps, reviews)
    await handing.hand(giver, task.id, colleague.account_id, "下午出差")
    assert [await _ids(queue, actor) for actor in (giver, colleague, third)] == [[], [task.id], []]
    [card] = (await queue.overview(colleague)).cards.items
    assert card.handed_by == "王初审"
    notice = book.told[-1]
    assert (notice.kind, notice.account_id) == ("review_handed", colleague.account_id)
    assert (notice.params["what"], notice.params["task"]) == ("王初审请您办理苏航的申请", str(task.id))
    [handed] = await handing.list_handed(giver)
    assert (handed.to_name, handed.note) == ("李复审", "下午出差")
    await reviews.decide(colleague, task.id, "approve")
    stored = await ReviewTask.get(id=task.id)
    assert (stored.decided_by, stored.decided_for) == (colleague.account_id, giver.account_id)
    entry = await AuditEntry.get(action="review.approve")
    assert (entry.actor_id, entry.details["represented"]) == (colleague.account_id, str(giver.account_id))
    log = (await queue.get(colleague, task.id)).log
    assert log[0].who == "广州市住建局", "the applicant reads the giver's department"
    view = await queue.get(colleague, task.id)
    assert (view.decided_by, view.represented) == ("李复审", "王初审")
    assert await handing.list_handed(giver) == []
    office = await ApplicationList(deps).get(Actor("demo", "pool_admin", None), task.application_id)
    assert office.reviewers[office.log[0].at] == "李复审代王初审", "the office reads the persons, too"


async def test_who_is_in_scope_may_decide_all_the_same_in_his_own_name(
    deps: Deps, reviews: ReviewWorkflow, handing: Handing
) -> None:
    giver, colleague, third = [await make_reviewer(deps, "industry", CITY) for _ in range(3)]
    task = await _task(deps, reviews)
    await handing.hand(giver, task.id, colleague.account_id)
    await reviews.decide(third, task.id, "approve")
    assert (await ReviewTask.get(id=task.id)).decided_for is None


async def test_only_colleagues_whose_own_scope_covers_it_are_offered(
    deps: Deps, reviews: ReviewWorkflow, handing: Handing
) -> None:
    giver = await make_reviewer(deps, "industry", CITY, real_name="本人")
    task = await _task(deps, reviews)
    places = (("同市", CITY, ""), ("全省", PROVINCE, "A"), ("外市", OTHER_CITY, ""), ("区县", DISTRICT, ""))
    for name, region, branch in (*places, ("其他专业", CITY, "A08")):
        await make_reviewer(deps, "industry", region, branch, real_name=name)
    await make_reviewer(deps, "final", real_name="其他环节")
    gone = await make_reviewer(deps, "industry", CITY, real_name="停用授权")
    await ReviewAssignment.filter(account_id=gone.account_id).update(revoked_at=deps.now())
    await make_reviewer(deps, "industry", CITY, real_name="停用账号", disabled_at=deps.now())
    assert sorted(await _names(handing, giver, task)) == ["全省", "同市"]
    for to in (gone.account_id, giver.account_id, (await make_account(deps)).id):
        with pytest.raises(InvalidInput, match="审核范围包含这项任务"):
            await handing.hand(giver, task.id, to)
    with pytest.raises(InvalidInput, match="请选择转交给哪位同事"):
        await handing.hand(giver, task.id, None)


async def test_nobody_is_handed_his_own_application(deps: Deps, reviews: ReviewWorkflow, handing: Handing) -> None:
    giver = await make_reviewer(deps, "industry", CITY)
    applicant = await make_applicant(deps, "苏航")
    await ReviewAssignment.create(
        pool="demo", account_id=applicant.id, step="industry", region=CITY, granted_at=deps.now()
    )
    [task] = await begin(reviews, deps, await make_application(deps, applicant))
    assert await _names(handing, giver, task) == []
    with pytest.raises(InvalidInput):
        await handing.hand(giver, task.id, applicant.id)
    with pytest.raises(NotFound):
        await handing.hand(Actor("demo", "reviewer", applicant.id), task.id, giver.account_id)


async def test_giver_and_colleague_give_it_back_to_all(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, handing: Handing
) -> None:
    giver, colleague, third = [await make_reviewer(deps, "industry", CITY) for _ in range(3)]
    task = await _task(deps, reviews)
    for actor in (giver, colleague):
        await handing.hand(giver, task.id, colleague.account_id)
        with pytest.raises(Conflict, match="转交双方"):
            await handing.take_back(third, task.id)
        assert (await handing.take_back(actor, task.id)).to is None
        assert (await handing.take_back(actor, task.id)).to is None, "a repetition is harmless"
        assert await _ids(queue, third) == [task.id]


async def test_a_colleague_who_loses_the_scope_keeps_nothing_from_the_others(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, handing: Handing
) -> None:
    giver, colleague = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "industry", CITY)
    task = await _task(deps, reviews)
    await handing.hand(giver, task.id, colleague.account_id)
    await ReviewAssignment.filter(account_id=colleague.account_id).update(step="final")
    assert await _ids(queue, giver) == [task.id]
    await ReviewAssignment.filter(account_id=colleague.account_id).update(step="industry")
    assert await _ids(queue, giver) == []
    await Account.filter(id=colleague.account_id).update(disabled_at=deps.now())
    assert await _ids(queue, giver) == [task.id]


async def test_a_decided_task_is_not_handed_and_a_handed_one_is_handed_on(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, handing: Handing, clock: FixedClock
) -> None:
    giver, colleague, third = [await make_reviewer(deps, "industry", CITY) for _ in range(3)]
    task = await _task(deps, reviews)
    await handing.hand(giver, task.id, colleague.account_id)
    clock.move(timedelta(minutes=1))
    await handing.hand(colleague, task.id, third.account_id)
    assert await _ids(queue, third) == [task.id]
    await reviews.decide(third, task.id, "send_back_whole", "照片不清晰")
    assert (await ReviewTask.get(id=task.id)).decided_for == colleague.account_id
    for act in (handing.hand(third, task.id, giver.account_id), handing.take_back(third, task.id)):
        with pytest.raises(Conflict, match="已办理或已失效"):
            await act


async def test_handing_and_deciding_take_turns(deps: Deps, reviews: ReviewWorkflow, handing: Handing) -> None:
    giver, colleague = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "industry", CITY)
    for _ in range(5):
        application = await make_application(deps)
        [task] = await begin(reviews, deps, application)
        handed, decided = await asyncio.gather(
            handing.hand(giver, task.id, colleague.account_id),
            reviews.decide(colleague, task.id, "approve"),
            return_exceptions=True,
        )
        assert not isinstance(decided, BaseException)
        stored = await ReviewTask.get(id=task.id)
        if isinstance(handed, Handed):
            assert (stored.handed_to, stored.decided_for) == (colleague.account_id, giver.account_id)
        else:
            assert isinstance(handed, AppError)
            assert stored.handed_to is None
        assert len(await tasks_of(application)) == 1
