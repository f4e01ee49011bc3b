"""Submitting, taking back, giving up, unlocking."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.applications.lifecycles import TaskState
from domain.clock import FixedClock, local
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty, Attachment, PrintedForm
from models.audit import AuditEntry
from models.experts import CatalogueEntry
from models.reviews import ReviewEntry, ReviewTask
from services.applications.drafts import Drafts
from services.applications.submission import Outcome, Submission
from services.core.base import Actor, Deps
from services.workflows import ApplicationWorkflow, ReviewWorkflow
from tests.factories.applications import (
    OTHER_SPECIALTY,
    SPECIALTY,
    THIRD_SPECIALTY,
    attach,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    with_rules,
)
from tests.factories.workflows import make_submission
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
TWO = [{"code": SPECIALTY, "choice": "preferred"}, {"code": OTHER_SPECIALTY, "choice": "alternative"}]


@dataclass
class FakeReviews:
    """Fake reviews: open a task and record the calls."""

    begun: list[tuple[UUID, int]] = field(default_factory=list)

    async def begin(self, application: Application, now: datetime) -> None:
        self.begun.append((application.id, application.round))
        await self.cancel(application, now)
        await ReviewTask.create(
            application_id=application.id,
            pool=application.pool,
            round=application.round,
            step=0,
            step_code="industry",
            region=application.region,
            state=TaskState.OPEN,
            opened_at=now,
        )

    async def cancel(self, application: Application, now: datetime) -> None:
        tasks = ReviewTask.filter(application_id=application.id, state=TaskState.OPEN)
        await tasks.update(state=TaskState.VOID, decided_at=now)


@pytest.fixture
def reviews() -> FakeReviews:
    return FakeReviews()


@pytest.fixture
def submission(deps: Deps, book: NoticeBook, reviews: FakeReviews) -> ApplicationWorkflow:
    return make_submission(deps, book, cast(ReviewWorkflow, reviews))


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


def strict(deps: Deps, notices: NoticeBook, reviews: FakeReviews, **sections: dict[str, object]) -> ApplicationWorkflow:
    changed = with_rules(deps, **sections)
    return make_submission(changed, notices, cast(ReviewWorkflow, reviews))


async def test_a_complete_form_goes_to_review(
    deps: Deps, submission: ApplicationWorkflow, reviews: FakeReviews, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, specialties=TWO)
    outcome = await submission.submit(zhao, application.id, application.version)
    assert (outcome.state, outcome.state_label, outcome.round) == ("reviewing", "审核中", 1)
    assert reviews.begun == [(application.id, 1)]
    stored = await Application.get(id=application.id)
    assert (stored.name, stored.name_sort) == ("赵明远", "zhao4 ming2 yuan3")
    assert (stored.region, stored.region_path) == ("440106", ["440106", "440100", "440000"])
    assert stored.submitted_at == deps.now()
    rows = await ApplicationSpecialty.filter(application_id=application.id).order_by("position")
    assert [(row.code, row.choice, row.state) for row in rows] == [
        (SPECIALTY, "preferred", "open"),
        (OTHER_SPECIALTY, "alternative", "open"),
    ]
    assert [(line.event, line.who) for line in await ReviewEntry.all()] == [("submit", "申请人")]
    assert await AuditEntry.exists(action="application.submit", subject_id=application.id)


async def test_all_missing_fields_are_listed_at_once(
    deps: Deps, submission: ApplicationWorkflow, reviews: FakeReviews, zhao: Actor
) -> None:
    begun = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    with pytest.raises(InvalidInput, match="请按提示修改") as refused:
        await submission.submit(zhao, begun.id, 1)
    told = {problem["field"]: problem["message"] for problem in refused.value.params["problems"]}  # type: ignore[attr-defined]  # a list of objects
    assert told["political_status"] == "请选择政治面貌。"
    assert told["photo"] == "请上传一寸免冠照片。"
    assert {"region", "specialties", "email", "employer"} <= told.keys()
    assert reviews.begun == []
    assert (await Application.get(id=begun.id)).state == "draft"


async def test_a_name_that_is_not_the_owners_submits_nothing(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    await Account.filter(id=zhao.account_id).update(identity_verification="differs")
    with pytest.raises(Conflict, match="姓名与身份证号不一致"):
        await submission.submit(zhao, application.id, application.version)


async def test_submitting_twice_is_submitting_once(
    deps: Deps, submission: ApplicationWorkflow, reviews: FakeReviews, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    outcomes = await asyncio.gather(*(submission.submit(zhao, application.id, application.version) for _ in range(4)))
    assert {outcome.round for outcome in outcomes} == {1}
    assert len(reviews.begun) == 1


async def test_a_form_that_another_device_changed_is_not_submitted_unseen(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    with pytest.raises(Conflict, match="另一台设备") as refused:
        await submission.submit(zhao, application.id, application.version - 1)
    assert refused.value.params["version"] == application.version


async def test_after_the_window_it_is_kept_but_not_taken(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor, clock: FixedClock
) -> None:
    application = await fill_in(deps, zhao)
    clock.move(timedelta(days=29))
    with pytest.raises(RuleViolation, match=r"报名已于12月20日.*会为您保留") as refused:
        await submission.submit(zhao, application.id, application.version)
    assert refused.value.rule == "campaigns.required"
    assert (await Application.get(id=application.id)).state == "draft"


async def test_closing_the_window_and_submitting_at_once_leaves_either_but_nothing_half(
    deps: Deps, submission: ApplicationWorkflow, reviews: FakeReviews, zhao: Actor
) -> None:
    campaigns, admin = make_campaigns(deps), Actor("demo", "pool_admin", (await make_applicant(deps)).account_id)
    application = await fill_in(deps, zhao)
    campaign = application.campaign_id
    assert campaign is not None
    closed, outcome = await asyncio.gather(
        campaigns.close(admin, campaign),
        submission.submit(zhao, application.id, application.version),
        return_exceptions=True,
    )
    assert not isinstance(closed, BaseException)
    stored = await Application.get(id=application.id)
    assert isinstance(outcome, Outcome | RuleViolation)
    assert (stored.state == "reviewing") == (len(reviews.begun) == 1) == isinstance(outcome, Outcome)


async def test_a_correction_may_come_until_the_reviews_end(
    deps: Deps, book: NoticeBook, reviews: FakeReviews, zhao: Actor, clock: FixedClock
) -> None:
    submission = strict(deps, book, reviews, review={"own_campaign_window": True})
    application = await fill_in(deps, zhao)
    campaign = await application.campaign
    campaign.review_until = campaign.enrol_until + timedelta(days=5)
    await campaign.save()
    await submission.submit(zhao, application.id, application.version)
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=["*"])
    clock.move(timedelta(days=32))
    outcome = await submission.submit(zhao, application.id, application.version)
    assert outcome.round == 2
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=["*"])
    clock.move(timedelta(days=3))
    with pytest.raises(RuleViolation, match=r"修改后重新提交已于.*截止") as refused:
        await submission.submit(zhao, application.id, application.version)
    assert refused.value.rule == "campaigns.correct_until"


@pytest.mark.parametrize(("until", "taken"), [("review", True), ("enrol", False)])
async def test_where_reviewers_have_no_window_only_the_rulebook_can_end_corrections(
    deps: Deps, book: NoticeBook, reviews: FakeReviews, zhao: Actor, clock: FixedClock, until: str, taken: bool
) -> None:
    submission = strict(deps, book, reviews, review={"own_campaign_window": False}, campaigns={"correct_until": until})
    application = await fill_in(deps, zhao)
    campaign = await application.campaign
    campaign.review_until = campaign.enrol_until + timedelta(days=5)
    await campaign.save()
    await submission.submit(zhao, application.id, application.version)
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=["*"])
    clock.move(timedelta(days=40))
    if taken:
        assert (await submission.submit(zhao, application.id, application.version)).round == 2
        return
    with pytest.raises(RuleViolation, match="12月20日") as refused:
        await submission.submit(zhao, application.id, application.version)
    assert refused.value.rule == "campaigns.correct_until"


async def test_a_corrected_specialty_is_open_again_and_the_approved_stay(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, specialties=TWO)
    await submission.submit(zhao, application.id, application.version)
    await _decide(application.id, {SPECIALTY: "approved", OTHER_SPECIALTY: "sent_back"}, ["specialties"])
    new = [TWO[0], {"code": THIRD_SPECIALTY, "choice": "alternative"}]
    saved = await Drafts(deps, make_campaigns(deps)).save_section(
        zhao, application.id, "evaluation", {"specialties": new}, 1
    )
    await submission.submit(zhao, application.id, saved.form_version)
    rows = await ApplicationSpecialty.filter(application_id=application.id).order_by("position")
    assert [(row.code, row.state) for row in rows] == [(SPECIALTY, "approved"), (THIRD_SPECIALTY, "open")]


async def test_a_code_that_was_ended_meanwhile_is_chosen_anew_and_holds_nobody_up_whose_choice_is_closed(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao, specialties=TWO)
    ended = CatalogueEntry.filter(kind="specialty", code=OTHER_SPECIALTY)
    await ended.update(ends_on=local(deps.now()).date())
    with pytest.raises(InvalidInput) as refused:
        await submission.submit(zhao, application.id, application.version)
    assert "请从专业目录中重新选择" in refused.value.message
    await ended.update(ends_on=None)
    await submission.submit(zhao, application.id, application.version)
    await ended.update(ends_on=local(deps.now()).date())
    await _decide(application.id, {SPECIALTY: "approved", OTHER_SPECIALTY: "approved"}, ["email"])
    await submission.submit(zhao, application.id, (await Application.get(id=application.id)).version)


async def test_an_undecided_application_can_be_withdrawn_and_submitted_again(
    deps: Deps, submission: ApplicationWorkflow, reviews: FakeReviews, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    await submission.submit(zhao, application.id, application.version)
    taken = await submission.withdraw(zhao, application.id)
    assert taken.state == "correcting"
    assert (await submission.withdraw(zhao, application.id)).state == "correcting"
    assert await ReviewTask.filter(application_id=application.id, state="void").count() == 1
    stored = await Application.get(id=application.id)
    assert "specialties" not in stored.sent_back_fields, "the demo pool fixes them at submission"
    assert "email" in stored.sent_back_fields
    again = await submission.submit(zhao, application.id, application.version)
    assert (again.round, reviews.begun[-1]) == (2, (application.id, 2))


async def test_after_a_decision_it_can_not_be_withdrawn(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    await submission.submit(zhao, application.id, application.version)
    await ReviewTask.filter(application_id=application.id).update(state="approved", decided_at=deps.now())
    with pytest.raises(Conflict, match="已有部门作出审核决定"):
        await submission.withdraw(zhao, application.id)


async def test_where_the_pool_forbids_it_nothing_is_withdrawn(
    deps: Deps, book: NoticeBook, reviews: FakeReviews, zhao: Actor
) -> None:
    forbidding = strict(deps, book, reviews, review={"withdraw_undecided": False})
    application = await fill_in(deps, zhao)
    await forbidding.submit(zhao, application.id, application.version)
    with pytest.raises(RuleViolation, match="提交后不能撤回"):
        await forbidding.withdraw(zhao, application.id)


async def test_where_withdrawing_comes_first_a_sent_back_form_is_not_handed_in_before(
    deps: Deps, book: NoticeBook, reviews: FakeReviews, zhao: Actor
) -> None:
    """新疆手册 2024 L217-219."""
    xinjiang = strict(deps, book, reviews, review={"withdraw_before_edit": True})
    application = await fill_in(deps, zhao)
    await xinjiang.submit(zhao, application.id, application.version)
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=["*"])
    with pytest.raises(RuleViolation, match="请先点“撤回”"):
        await xinjiang.submit(zhao, application.id, application.version)
    await xinjiang.withdraw(zhao, application.id)
    assert (await Application.get(id=application.id)).sent_back_fields == ["*"]
    assert (await xinjiang.submit(zhao, application.id, application.version)).round == 2


async def test_a_form_is_printed_as_it_stands_before_it_is_handed_in(
    deps: Deps, book: NoticeBook, reviews: FakeReviews, zhao: Actor, clock: FixedClock
) -> None:
    printing = strict(deps, book, reviews, papers={"print_before_submit": True})
    application = await fill_in(deps, zhao)
    with pytest.raises(RuleViolation, match="请先核对信息并打印表格") as refused:
        await printing.submit(zhao, application.id, application.version)
    assert refused.value.rule == "form.papers.print_before_submit"
    await _print(application, application.version - 1, deps.now())
    with pytest.raises(RuleViolation, match="打印表格"):
        await printing.submit(zhao, application.id, application.version)

    await attach(deps, application.id, "signed_form")
    clock.move(timedelta(minutes=5))
    await _print(application, application.version, deps.now())
    with pytest.raises(InvalidInput, match="扫描件早于最近一次打印"):
        await printing.submit(zhao, application.id, application.version)
    clock.move(timedelta(minutes=5))
    await attach(deps, application.id, "signed_form", row=1)
    await Attachment.filter(application_id=application.id, field="signed_form", row=0).update(state="removed")
    assert (await printing.submit(zhao, application.id, application.version)).state == "reviewing"


async def test_where_printing_locks_a_form_is_handed_in_from_the_lock(
    deps: Deps, book: NoticeBook, reviews: FakeReviews, zhao: Actor
) -> None:
    """湖南手册 L173-179."""
    hunan = strict(deps, book, reviews, papers={"print_before_submit": True, "print_locks": True})
    application = await fill_in(deps, zhao)
    await _print(application, application.version, deps.now())
    with pytest.raises(RuleViolation, match="打印表格"):
        await hunan.submit(zhao, application.id, application.version)
    await Application.filter(id=application.id).update(state="locked", locked_version=application.version)
    assert (await hunan.submit(zhao, application.id, application.version)).state == "reviewing"
    await hunan.withdraw(zhao, application.id)
    stored = await Application.get(id=application.id)
    assert "email" not in stored.sent_back_fields, "the lock holds field by field"
    assert "signed_form" in stored.sent_back_fields


async def test_giving_up_frees_the_person_for_another_application(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    assert (await submission.cancel(zhao, application.id)).state == "cancelled"
    assert (await submission.cancel(zhao, application.id)).state == "cancelled"
    again = await Drafts(deps, make_campaigns(deps)).start(zhao, "first")
    assert again.id != application.id
    saved = await Drafts(deps, make_campaigns(deps)).save_section(zhao, again.id, "basic", {}, 1)
    assert saved.version == 2, "what was typed before was put in"


async def test_it_is_given_up_while_it_is_reviewed_too(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    await submission.submit(zhao, application.id, application.version)
    assert (await submission.cancel(zhao, application.id)).state == "cancelled"


async def test_what_has_ended_is_not_given_up(deps: Deps, submission: ApplicationWorkflow, zhao: Actor) -> None:
    application = await fill_in(deps, zhao)
    await Application.filter(id=application.id).update(state="refused", ended_at=deps.now())
    with pytest.raises(Conflict, match="不能放弃申请"):
        await submission.cancel(zhao, application.id)


async def test_an_administrator_unlocks_and_the_applicant_is_notified(
    deps: Deps, book: NoticeBook, zhao: Actor
) -> None:
    office = Submission(deps, book, make_campaigns(deps))
    application = await fill_in(deps, zhao)
    admin = Actor("demo", "pool_admin", (await make_applicant(deps)).account_id)
    with pytest.raises(Conflict, match="不能解除锁定"):
        await office.unlock(admin, application.id, "填错邮箱")
    await Application.filter(id=application.id).update(state="locked", locked_version=application.version)
    with pytest.raises(InvalidInput, match="请填写原因"):
        await office.unlock(admin, application.id, " ")
    outcome = await office.unlock(admin, application.id, "填错邮箱")
    assert outcome.state == "draft"
    assert (book.told[-1].kind, book.told[-1].account_id) == ("application_progress", zhao.account_id)
    with pytest.raises(Forbidden):
        await office.unlock(zhao, application.id, "我要改")
    foreign = Actor("guangdong", "pool_admin", admin.account_id)
    with pytest.raises(NotFound):
        await office.unlock(foreign, application.id, "别的库")


async def test_only_the_owner_submits_or_withdraws_an_application(
    deps: Deps, submission: ApplicationWorkflow, zhao: Actor
) -> None:
    application = await fill_in(deps, zhao)
    other = await make_applicant(deps)
    for act in (
        submission.submit(other, application.id, application.version),
        submission.withdraw(other, application.id),
        submission.cancel(other, application.id),
    ):
        with pytest.raises(NotFound):
            await act
    with pytest.raises(AppError):
        await submission.submit(Actor("demo", "reviewer", zhao.account_id), application.id, application.version)


async def _decide(application_id: UUID, states: dict[str, str], fields: list[str]) -> None:
    """Send one specialty back, as reviewers do."""
    for code, state in states.items():
        await ApplicationSpecialty.filter(application_id=application_id, code=code).update(state=state)
    await Application.filter(id=application_id).update(state="sent_back", sent_back_fields=fields)


async def _print(application: Application, version: int, at: datetime) -> None:
    await PrintedForm.create(
        application_id=application.id, code=f"c{version}-{at:%H%M%S}", version=version, digest="0" * 64, printed_at=at
    )
