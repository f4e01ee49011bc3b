"""A reviewer corrects an own decision, until somebody has built on it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tortoise.queryset import QuerySet

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, InvalidInput, NotFound, RuleViolation
from models.applications import Application, ApplicationSection, ApplicationSpecialty, Attachment
from models.audit import AuditEntry
from models.campaigns import Campaign
from models.reviews import ReviewAssignment, ReviewEntry, ReviewTask
from services.applications import progress_of
from services.core.base import Actor, Deps
from services.reviews import Mark
from services.reviews.decisions import Reviews
from services.reviews.reopening import Reopened, Reopening
from services.workflows import ReviewWorkflow
from tests.factories.applications import attach
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    begin,
    hand_in_again,
    make_application,
    make_change,
    make_reviewer,
    tasks_of,
    with_rules,
)
from tests.invariants import check_invariants
from tests.services.conftest import NoticeBook
from tests.services.reviews.conftest import reviews_of

pytestmark = pytest.mark.usefixtures("catalogues")
WHY = "看错了证书编号"


@pytest.fixture
def reopening(deps: Deps, book: NoticeBook) -> Reopening:
    return Reopening(deps, book)


async def _reload(application: Application) -> Application:
    return await Application.get(id=application.id)


async def _decided(
    deps: Deps, reviews: ReviewWorkflow, clock: FixedClock, decision: Any, specialties: tuple[str, ...] = ("A0401",)
) -> tuple[Actor, list[ReviewTask], Application]:
    """The first task of an application has been decided, a minute ago."""
    application = await make_application(deps, specialties=specialties)
    reviewer = await make_reviewer(deps, "industry", CITY)
    tasks = await begin(reviews, deps, application)
    clock.move(timedelta(minutes=1))
    await reviews.decide(reviewer, tasks[0].id, decision, "不符")
    clock.move(timedelta(minutes=1))
    return reviewer, tasks, application


async def test_an_approval_is_corrected_before_the_next_step_decides(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, book: NoticeBook, clock: FixedClock
) -> None:
    reviewer, [task], application = await _decided(deps, reviews, clock, "approve")
    [following] = await tasks_of(application)
    assert await reopening.find_refusal(reviewer, task.id) == ""
    assert (await reopening.reopen(reviewer, task.id, f" {WHY}\n")).application_state == "reviewing"
    row = await _reload(application)
    assert (row.step, [t.id for t in await tasks_of(application)]) == (0, [task.id])
    assert (await ApplicationSpecialty.get(application_id=row.id)).state == "open"
    with pytest.raises(Conflict, match="正在更正决定"):
        await reviews.decide(await make_reviewer(deps, "final"), following.id, "approve")
    entry = await ReviewEntry.filter(application_id=row.id).order_by("-at").first()
    assert entry is not None
    assert (entry.event, entry.who, entry.opinion) == ("reopen", "市州行业主管部门", WHY)
    assert book.told[-1].params["step"] == "更正审核决定，重新行业部门预审"
    assert (await AuditEntry.get(action="review.reopen")).details["was"] == "approved"
    await check_invariants()
    await reviews.decide(reviewer, task.id, "approve")
    assert [t.step_code for t in await tasks_of(application)] == ["final"]
    passed = [notice for notice in book.told if notice.params.get("step") == "行业部门预审通过，转省级终审"]
    assert len(passed) == 2, "the applicant reads it again"


async def test_a_returned_application_is_under_review_again_with_all_its_tasks(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, book: NoticeBook, clock: FixedClock
) -> None:
    reviewer, [task, other], application = await _decided(deps, reviews, clock, "send_back_whole", ("A0401", "A0801"))
    age = other.opened_at
    await reopening.reopen(reviewer, task.id, WHY)
    row = await _reload(application)
    assert (row.state, row.sent_back_fields) == ("reviewing", [])
    assert [(t.id, t.opened_at) for t in await tasks_of(application)] == [(task.id, age), (other.id, age)]
    assert book.told[-1].params["step"] == "退回已撤销，无需修改，继续行业部门预审"
    assert (await progress_of(deps, application.id)).opinion == ""
    await check_invariants()
    await reviews.decide(reviewer, task.id, "send_back_whole", "照片不清晰")
    assert [notice.kind for notice in book.told].count("application_sent_back") == 2, "the second is told, too"


async def test_one_of_two_returned_specialties_stays_returned(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    reviewer, [task, other], application = await _decided(deps, reviews, clock, "send_back", ("A0401", "A0801"))
    proof = await attach(deps, application.id, "title_proof", created_at=deps.now() - timedelta(days=1))
    await reviews.decide(reviewer, other.id, "send_back", "证书不清", marks=[Mark(file=proof.id)])
    clock.move(timedelta(minutes=1))
    await reopening.reopen(reviewer, other.id, WHY)
    row = await _reload(application)
    assert row.state == "sent_back"
    assert row.sent_back_fields == ["specialties", "strengths", "signed_form", "other_material"], "without the mark"
    assert (await progress_of(deps, application.id)).opinion == "不符", "what was said of the other"
    await check_invariants()
    await reopening.reopen(reviewer, task.id, WHY)
    assert (await _reload(application)).state == "reviewing"
    assert len(await tasks_of(application)) == 2


async def test_marks_go_with_the_return_that_is_taken_back(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    _, [first], application = await _decided(deps, reviews, clock, "approve")
    [task] = await tasks_of(application)
    final = await make_reviewer(deps, "final")
    marks = [Mark(field="specialties", words="请更换"), Mark(field="strengths")]
    await reviews.decide(final, task.id, "send_back_fields", marks=marks)
    clock.move(timedelta(minutes=1))
    await reopening.reopen(final, task.id, WHY)
    stored = await ReviewTask.get(id=task.id)
    assert (stored.returned, stored.opinion, stored.state) == ([], "", "open")
    assert (await ApplicationSpecialty.get(application_id=application.id)).state == "approved", "by the first step"
    assert (await _reload(application)).sent_back_fields == []
    assert (await ReviewTask.get(id=first.id)).state == "approved"


async def test_what_the_next_step_has_decided_on_is_not_corrected(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    reviewer, [task], application = await _decided(deps, reviews, clock, "approve")
    [following] = await tasks_of(application)
    await reviews.decide(await make_reviewer(deps, "final"), following.id, "send_back_whole", "承诺书未签字")
    with pytest.raises(Conflict, match="下一环节已作出决定") as refused:
        await reopening.reopen(reviewer, task.id, WHY)
    assert refused.value.code == "next_step_decided"
    assert "下一环节已作出决定" in str(await reopening.find_refusal(reviewer, task.id))


async def test_what_took_effect_is_not_undone_by_a_reviewer(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    _, _, application = await _decided(deps, reviews, clock, "approve")
    final = await make_reviewer(deps, "final")
    [task] = await tasks_of(application)
    await reviews.decide(final, task.id, "approve")
    with pytest.raises(Conflict, match="公示期内可按异议办理"):
        await reopening.reopen(final, task.id, WHY)
    _, _, refused = await _decided(deps, reviews, clock, "approve")
    [task] = await tasks_of(refused)
    await reviews.decide(final, task.id, "refuse", "不符合条件")
    with pytest.raises(Conflict, match="联系专家库管理机构"):
        await reopening.reopen(final, task.id, WHY)
    assert (await _reload(refused)).state == "refused"


@pytest.mark.parametrize("act", ["section", "upload", "removal", "withdrawal", "cancellation", "submission"])
async def test_an_applicant_who_has_acted_on_a_return_is_not_overtaken(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock, act: str
) -> None:
    application = await make_application(deps)
    proof = await attach(deps, application.id, "title_proof")
    reviewer = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, application)
    clock.move(timedelta(minutes=1))
    await reviews.decide(reviewer, task.id, "send_back_whole", "不符")
    clock.move(timedelta(minutes=1))
    now, row = deps.now(), Application.filter(id=application.id)
    match act:
        case "section":
            await ApplicationSection.filter(application_id=application.id, code="basic").update(saved_at=now)
        case "upload":
            await attach(deps, application.id, "photo")
        case "removal":
            await Attachment.filter(id=proof.id).update(state="removed", removed_at=now)
        case "withdrawal":
            await row.update(state="correcting")
        case "cancellation":
            await row.update(state="cancelled", ended_at=now)
        case "submission":
            await hand_in_again(reviews, deps, application, ("A0401",))
    with pytest.raises(Conflict):
        await reopening.reopen(reviewer, task.id, WHY)
    assert (await ReviewTask.get(id=task.id)).state == "sent_back"


async def test_an_approval_from_before_a_correction_stays(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    reviewer, [task, other], application = await _decided(deps, reviews, clock, "approve", ("A0401", "A0801"))
    await reviews.decide(reviewer, other.id, "send_back", "不符")
    clock.move(timedelta(minutes=1))
    await hand_in_again(reviews, deps, application, ("A0401", "A0801"))
    await Application.filter(id=application.id).update(submitted_at=deps.now())
    with pytest.raises(Conflict, match="已重新提交"):
        await reopening.reopen(reviewer, task.id, WHY)


async def test_an_approval_is_not_corrected_while_a_colleague_has_sent_everything_back(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    reviewer, [task, other], application = await _decided(deps, reviews, clock, "approve", ("A0401", "A0801"))
    colleague = await make_reviewer(deps, "industry", CITY)
    await reviews.decide(colleague, other.id, "send_back_whole", "照片不清晰")
    with pytest.raises(Conflict, match="已整份退回"):
        await reopening.reopen(reviewer, task.id, WHY)
    await reopening.reopen(colleague, other.id, WHY)
    assert (await _reload(application)).state == "reviewing"
    await reopening.reopen(reviewer, task.id, WHY)


async def test_only_the_own_decision_within_the_scope_and_with_a_reason(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    reviewer, [task, other], _ = await _decided(deps, reviews, clock, "approve", ("A0401", "A0801"))
    colleague = await make_reviewer(deps, "industry", CITY)
    assert await reopening.find_refusal(colleague, task.id) is None
    for actor, task_id in ((colleague, task.id), (reviewer, other.id)):
        with pytest.raises(NotFound):
            await reopening.reopen(actor, task_id, WHY)
    for reason in (" ", "字" * 201):
        with pytest.raises(InvalidInput):
            await reopening.reopen(reviewer, task.id, reason)
    await ReviewAssignment.filter(account_id=reviewer.account_id).update(revoked_at=deps.now())
    with pytest.raises(NotFound):
        await reopening.reopen(reviewer, task.id, WHY)


async def test_what_could_not_be_decided_again_is_not_reopened(deps: Deps, book: NoticeBook, clock: FixedClock) -> None:
    """The campaign's review is over."""
    changed = with_rules(deps, review={"own_campaign_window": True})
    reviews = reviews_of(changed, book)
    now = changed.now()
    campaign = await Campaign.create(
        pool="demo",
        name="常态征集",
        entry_types=["first"],
        enrol_from=now - timedelta(days=2),
        enrol_until=now,
        review_from=now - timedelta(days=1),
        review_until=now + timedelta(hours=1),
        created_at=now,
        published_at=now,
    )
    application = await make_application(changed, campaign_id=campaign.id)
    reviewer = await make_reviewer(changed, "industry", CITY)
    [task] = await begin(reviews, changed, application)
    await reviews.decide(reviewer, task.id, "approve")
    clock.move(timedelta(hours=2))
    with pytest.raises(RuleViolation, match="审核已于"):
        await Reopening(changed, book).reopen(reviewer, task.id, WHY)


async def test_both_regions_of_a_move_decide_again(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    application = await make_change(deps, region_path=(OTHER_DISTRICT, OTHER_CITY, PROVINCE), moves_from=DISTRICT)
    new, old = await begin(reviews, deps, application)
    here, there = await make_reviewer(deps, "industry", OTHER_CITY), await make_reviewer(deps, "industry", CITY)
    await reviews.decide(here, new.id, "approve")
    await reviews.decide(there, old.id, "approve")
    clock.move(timedelta(minutes=1))
    await reopening.reopen(there, old.id, WHY)
    assert [t.id for t in await tasks_of(application)] == [old.id]
    assert (await ApplicationSpecialty.get(application_id=application.id)).state == "open"
    await reviews.decide(there, old.id, "approve")
    assert [t.step_code for t in await tasks_of(application)] == ["final"]


async def test_a_correction_and_the_next_decision_take_turns(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    final = await make_reviewer(deps, "final")
    for _ in range(5):
        reviewer, [task], application = await _decided(deps, reviews, clock, "approve")
        [following] = await tasks_of(application)
        answers = await asyncio.gather(
            reopening.reopen(reviewer, task.id, WHY),
            reviews.decide(final, following.id, "approve"),
            return_exceptions=True,
        )
        assert [isinstance(answer, AppError) for answer in answers].count(True) == 1, answers
        state = (await _reload(application)).state
        assert state == ("reviewing" if isinstance(answers[0], Reopened) else "notice")
        await check_invariants()


async def test_a_repeated_correction_is_refused_and_a_repeated_request_answered(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock
) -> None:
    reviewer, [task], _ = await _decided(deps, reviews, clock, "approve")
    for _ in range(2):
        assert (await reopening.reopen(reviewer, task.id, WHY, key="k1")).task_id == task.id
    with pytest.raises(NotFound):
        await reopening.reopen(reviewer, task.id, WHY)
    assert await ReviewEntry.filter(event="reopen").count() == 1


async def test_without_the_locks_both_would_succeed(
    deps: Deps, reviews: ReviewWorkflow, reopening: Reopening, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: they meet between look and action, with nothing that keeps them apart."""
    reviewer, [task], application = await _decided(deps, reviews, clock, "approve")
    [following] = await tasks_of(application)
    final = await make_reviewer(deps, "final")
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
    meeting, look_back, look_on = asyncio.Barrier(2), Reopening._check, Reviews._check_open

    async def check_back(self: Reopening, *args: Any) -> None:
        await look_back(self, *args)
        await meeting.wait()

    async def check_on(self: Reviews, *args: Any) -> None:
        await look_on(self, *args)
        await meeting.wait()

    monkeypatch.setattr(Reopening, "_check", check_back)
    monkeypatch.setattr(Reviews, "_check_open", check_on)
    answers = await asyncio.wait_for(
        asyncio.gather(
            reopening.reopen(reviewer, task.id, WHY),
            reviews.decide(final, following.id, "approve"),
            return_exceptions=True,
        ),
        20,
    )
    assert not any(isinstance(answer, AppError) for answer in answers), answers
