"""A review in two steps: each specialty by its city's department, then the whole by the province."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from models.applications import Application, ApplicationSpecialty
from models.audit import AuditEntry
from models.campaigns import Campaign
from models.experts import Expert
from models.reviews import ReviewAssignment, ReviewEntry
from services.applications.queries import ApplicationQueries
from services.core.base import Actor, Deps
from services.workflows import ReviewWorkflow
from tests.factories.assembly import composed
from tests.factories.people import BEGINNING, make_expert
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    PROVINCE,
    begin,
    hand_in_again,
    make_applicant,
    make_application,
    make_reviewer,
    step,
    tasks_of,
    with_rules,
)
from tests.services.conftest import NoticeBook
from tests.services.reviews.conftest import reviews_of

pytestmark = pytest.mark.usefixtures("catalogues")


async def _reload(application: Application) -> Application:
    return await Application.get(id=application.id)


async def test_a_step_by_specialty_opens_a_task_for_each_in_the_city_of_the_applicant(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    tasks = await begin(reviews, deps, application)
    assert [(t.step_code, t.specialty, t.region) for t in tasks] == [
        ("industry", "A0401", CITY),
        ("industry", "A0801", CITY),
    ]


@pytest.mark.parametrize(
    ("acts_in", "region_path", "region"),
    [
        ("chosen", (DISTRICT, CITY, PROVINCE), DISTRICT),
        ("city", (DISTRICT, CITY, PROVINCE), CITY),
        ("city", (CITY, PROVINCE), CITY),
        ("city", ("419001", "410000"), "419001"),
        ("province", (DISTRICT, CITY, PROVINCE), PROVINCE),
    ],
)
async def test_a_task_lies_where_the_step_acts(
    deps: Deps, book: NoticeBook, acts_in: str, region_path: tuple[str, ...], region: str
) -> None:
    changed = with_rules(deps, review={"steps": [step("one", acts_in=acts_in)]})
    application = await make_application(changed, region_path=region_path)
    [task] = await begin(reviews_of(changed, book), changed, application)
    assert (task.specialty, task.region) == ("", region)


async def test_all_specialties_approved_lead_to_the_next_step_and_the_last_step_to_the_public_notice(
    deps: Deps, reviews: ReviewWorkflow, book: NoticeBook
) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    industry, final = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "final")
    first, second = await begin(reviews, deps, application)
    await reviews.decide(industry, first.id, "approve")
    assert ((await _reload(application)).step, len(await tasks_of(application))) == (0, 1)
    await reviews.decide(industry, second.id, "approve", "同意")
    [whole] = await tasks_of(application)
    assert (whole.step_code, whole.region, (await _reload(application)).step) == ("final", PROVINCE, 1)
    decided = await reviews.decide(final, whole.id, "approve")
    row = await _reload(application)
    assert (decided.application_state, row.state, row.step) == ("notice", "notice", -1)
    assert row.approved_at == deps.now()
    assert row.expert_number.startswith("ZJ")
    assert len(row.expert_number) == 9
    assert row.notice_until == deps.now() + timedelta(minutes=3)
    assert [(t.kind, t.params["step"]) for t in book.told] == [
        ("application_progress", "行业部门预审通过，转省级终审"),
        ("application_progress", "审核通过，公示中"),
    ]
    assert [t.account_id for t in book.told] == [row.account_id] * 2


async def test_the_applicants_log_names_departments_never_persons(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await make_application(deps)
    reviewer = await make_reviewer(deps, "industry", CITY, department="广州市住房和城乡建设局", real_name="李审核")
    [task] = await begin(reviews, deps, application)
    await reviews.decide(reviewer, task.id, "approve", "材料  齐全\n同意")
    entry = await ReviewEntry.get(application_id=application.id)
    assert (entry.event, entry.who, entry.step_name) == ("approve", "广州市住房和城乡建设局", "行业部门预审")
    assert (entry.specialty, entry.opinion) == ("A0401", "材料 齐全 同意")


async def test_one_specialty_is_sent_back_while_the_others_go_on(
    deps: Deps, reviews: ReviewWorkflow, book: NoticeBook
) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    reviewer = await make_reviewer(deps, "industry", CITY)
    first, second = await begin(reviews, deps, application)
    await reviews.decide(reviewer, first.id, "send_back", "职称专业与评标专业不符")
    row = await _reload(application)
    assert row.state == "sent_back"
    assert row.sent_back_fields == ["specialties", "strengths", "signed_form", "other_material"]
    assert (book.told[-1].kind, book.told[-1].params["reason"]) == ("application_sent_back", "职称专业与评标专业不符")
    assert book.told[-1].params["page"] == "apply/form?at=specialties"
    assert book.told[-1].params["what"] == "设计 › 建筑设计"
    assert (await reviews.decide(reviewer, second.id, "approve")).application_state == "sent_back"
    states = await ApplicationSpecialty.filter(application_id=row.id).order_by("position").values_list("state")
    assert [state for (state,) in states] == ["sent_back", "approved"]


async def test_a_corrected_specialty_alone_is_looked_at_again(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    reviewer = await make_reviewer(deps, "industry", CITY)
    first, second = await begin(reviews, deps, application)
    await reviews.decide(reviewer, first.id, "send_back", "不符")
    await reviews.decide(reviewer, second.id, "approve")
    [reopened] = await hand_in_again(reviews, deps, application, ("A08", "A0801"))
    assert (reopened.specialty, reopened.round, reopened.step) == ("A08", 2, 0)
    await reviews.decide(reviewer, reopened.id, "approve")
    assert [t.step_code for t in await tasks_of(application)] == ["final"]


async def test_specialties_still_open_in_the_round_before_stay_with_their_reviewers(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    reviewer = await make_reviewer(deps, "industry", CITY)
    first, second = await begin(reviews, deps, application)
    await reviews.decide(reviewer, first.id, "send_back", "不符")
    tasks = await hand_in_again(reviews, deps, application, ("A0401", "A0801"))
    assert [(t.specialty, t.round) for t in tasks] == [("A0401", 2), ("A0801", 1)]
    assert second.id in {t.id for t in tasks}
    for task in tasks:
        await reviews.decide(reviewer, task.id, "approve")
    assert (await _reload(application)).step == 1


async def test_dropping_the_specialty_that_was_sent_back_leads_on(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    reviewer = await make_reviewer(deps, "industry", CITY)
    first, second = await begin(reviews, deps, application)
    await reviews.decide(reviewer, second.id, "approve")
    await reviews.decide(reviewer, first.id, "send_back", "不符")
    assert [t.step_code for t in await hand_in_again(reviews, deps, application, ("A0801",))] == ["final"]


async def test_sending_back_the_whole_opens_everything_and_takes_it_out_of_all_queues(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await make_application(deps, specialties=("A0401", "A0801"))
    reviewer = await make_reviewer(deps, "industry", CITY)
    first, second = await begin(reviews, deps, application)
    await reviews.decide(reviewer, first.id, "send_back_whole", "照片不清晰")
    assert (await _reload(application)).sent_back_fields == ["*"]
    assert [t.id for t in await tasks_of(application, "void")] == [second.id]
    applicant = Actor("demo", "applicant", application.account_id)
    view = await composed(ApplicationQueries, deps).get_current(applicant)
    assert (view.returned, view.log[0].specialty, view.log[0].opinion) == ((), "", "照片不清晰")
    assert [specialty.state_label for specialty in view.progress.specialties] == ["退回修改"] * 2
    with pytest.raises(Conflict, match="无需再审核") as refused:
        await reviews.decide(reviewer, second.id, "approve")
    assert refused.value.code == "task_void"


async def _send_back_by_the_province(deps: Deps, reviews: ReviewWorkflow) -> Application:
    application = await make_application(deps)
    industry, final = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "final")
    [task] = await begin(reviews, deps, application)
    await reviews.decide(industry, task.id, "approve")
    [whole] = await tasks_of(application)
    await reviews.decide(final, whole.id, "send_back", "承诺书未签字")
    return application


async def test_a_correction_resumes_where_it_was_sent_back(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await _send_back_by_the_province(deps, reviews)
    [task] = await hand_in_again(reviews, deps, application, ("A0401",))
    assert (task.step_code, task.round) == ("final", 2)


async def test_a_specialty_not_reviewed_yet_goes_to_the_first_step_all_the_same(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await _send_back_by_the_province(deps, reviews)
    [task] = await hand_in_again(reviews, deps, application, ("A0401", "A0801"))
    assert (task.step_code, task.specialty) == ("industry", "A0801")
    await reviews.decide(await make_reviewer(deps, "industry", CITY), task.id, "approve")
    assert [t.step_code for t in await tasks_of(application)] == ["final"]


async def test_where_the_rulebook_says_so_a_correction_begins_anew(deps: Deps, book: NoticeBook) -> None:
    changed = with_rules(deps, review={"resume": "first"})
    reviews = reviews_of(changed, book)
    application = await _send_back_by_the_province(changed, reviews)
    [task] = await hand_in_again(reviews, changed, application, ("A0401",))
    assert (task.step_code, task.round) == ("industry", 2)


async def test_an_entry_that_comes_back_from_the_public_notice_is_seen_again_at_the_last_step(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    application = await make_application(deps)
    industry, final = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "final")
    [task] = await begin(reviews, deps, application)
    await reviews.decide(industry, task.id, "approve")
    await reviews.decide(final, (await tasks_of(application))[0].id, "approve")
    number = (await _reload(application)).expert_number
    [reopened] = await hand_in_again(reviews, deps, application, ("A0401",))
    assert reopened.step_code == "final"
    assert (await _reload(application)).approved_at is None
    await reviews.decide(final, reopened.id, "approve")
    row = await _reload(application)
    assert (row.state, row.expert_number) == ("notice", number)


async def test_a_refusal_ends_the_application_with_its_reason(
    deps: Deps, reviews: ReviewWorkflow, book: NoticeBook
) -> None:
    application = await make_application(deps)
    industry, final = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "final")
    [task] = await begin(reviews, deps, application)
    with pytest.raises(RuleViolation, match="改为退回修改"):
        await reviews.decide(industry, task.id, "refuse", "不符合条件")
    await reviews.decide(industry, task.id, "approve")
    [whole] = await tasks_of(application)
    with pytest.raises(InvalidInput, match="请填写审核意见"):
        await reviews.decide(final, whole.id, "refuse", " \n ")
    await reviews.decide(final, whole.id, "refuse", "从业年限不足")
    row = await _reload(application)
    assert (row.state, row.reason, row.ended_at) == ("refused", "从业年限不足", deps.now())
    assert (book.told[-1].kind, book.told[-1].params["reason"]) == ("application_refused", "从业年限不足")


@pytest.mark.parametrize("decision", ["send_back", "send_back_whole", "refuse"])
async def test_a_reviewer_who_does_not_approve_says_why_in_at_most_500_characters(
    deps: Deps, reviews: ReviewWorkflow, decision: str
) -> None:
    application = await make_application(deps)
    reviewer = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, application)
    for opinion in ("", "字" * 501):
        with pytest.raises(InvalidInput) as refused:
            await reviews.decide(reviewer, task.id, decision, opinion)  # type: ignore[arg-type]  # a parameter's text
        assert refused.value.field == "opinion"
    assert (await tasks_of(application))[0].state == "open"


async def test_a_step_sends_back_only_as_its_rule_allows(deps: Deps, book: NoticeBook) -> None:
    rule = step("one", per_specialty=True, send_back=["specialty"])
    changed = with_rules(deps, review={"steps": [rule]})
    reviews = reviews_of(changed, book)
    application = await make_application(changed)
    reviewer = await make_reviewer(changed, "one")
    [task] = await begin(reviews, changed, application)
    with pytest.raises(RuleViolation, match="只退回本专业"):
        await reviews.decide(reviewer, task.id, "send_back_whole", "不符")
    await reviews.decide(reviewer, task.id, "send_back", "不符")


@pytest.mark.parametrize(
    ("assigned_step", "region", "specialty", "may"),
    [
        ("industry", CITY, "", True),
        ("industry", PROVINCE, "", True),
        ("industry", CITY, "A", True),
        ("industry", CITY, "A04", True),
        ("industry", CITY, "A0401", True),
        ("industry", CITY, "A08", False),
        ("industry", CITY, "A040101", False),
        ("industry", OTHER_CITY, "", False),
        ("industry", DISTRICT, "", False),
        ("final", PROVINCE, "", False),
    ],
)
async def test_a_task_is_in_reach_by_step_region_and_branch_of_specialties(
    deps: Deps, reviews: ReviewWorkflow, assigned_step: str, region: str, specialty: str, may: bool
) -> None:
    application = await make_application(deps, specialties=("A0401",))
    reviewer = await make_reviewer(deps, assigned_step, region, specialty)
    [task] = await begin(reviews, deps, application)
    if may:
        assert (await reviews.decide(reviewer, task.id, "approve")).state == "approved"
    else:
        with pytest.raises(NotFound, match="不在您的审核范围"):
            await reviews.decide(reviewer, task.id, "approve")
        assert len(await tasks_of(application)) == 1


async def test_a_revoked_reviewer_and_one_of_another_pool_reach_nothing(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await make_application(deps)
    reviewer = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, application)
    await ReviewAssignment.filter(account_id=reviewer.account_id).update(revoked_at=deps.now())
    for actor in (reviewer, Actor("guangdong", "reviewer", reviewer.account_id)):
        with pytest.raises(NotFound):
            await reviews.decide(actor, task.id, "approve")
    with pytest.raises(Forbidden):
        await reviews.decide(Actor("demo", "applicant", reviewer.account_id), task.id, "approve")


async def test_a_reviewer_may_not_decide_on_the_own_application_by_any_account(
    deps: Deps, reviews: ReviewWorkflow
) -> None:
    reviewer = await make_reviewer(deps, "industry", PROVINCE)
    expert = await make_expert(deps)
    await Expert.filter(id=expert.id).update(account_id=reviewer.account_id)
    application = await make_application(deps, await make_applicant(deps), expert_id=expert.id, entry_type="renewal")
    [task] = await begin(reviews, deps, application)
    with pytest.raises(Forbidden, match="不能审核自己的申请"):
        await reviews.decide(reviewer, task.id, "approve")


async def test_a_second_reviewer_is_refused_with_who_decided_when(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await make_application(deps)
    first = await make_reviewer(deps, "industry", CITY, department="市住建局")
    second = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, application)
    await reviews.decide(first, task.id, "approve")
    with pytest.raises(Conflict, match=r"已由市住建局于11月21日\(周六\) 12:00处理（通过）") as refused:
        await reviews.decide(second, task.id, "send_back", "不符")
    assert refused.value.code == "already_decided"
    assert (await _reload(application)).state == "reviewing"


async def test_the_same_key_decides_once_and_answers_twice(deps: Deps, reviews: ReviewWorkflow) -> None:
    application = await make_application(deps)
    reviewer = await make_reviewer(deps, "industry", CITY)
    [task] = await begin(reviews, deps, application)
    first = await reviews.decide(reviewer, task.id, "approve", key="k1")
    assert await reviews.decide(reviewer, task.id, "approve", key="k1") == first
    assert await ReviewEntry.filter(application_id=application.id).count() == 1
    assert await AuditEntry.filter(action="review.approve").count() == 1


async def test_decisions_are_taken_within_the_campaigns_review_window(
    deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    changed = with_rules(deps, review={"own_campaign_window": True})
    reviews, now = reviews_of(changed, book), changed.now()
    campaign = await Campaign.create(
        pool="demo",
        name="征集",
        entry_types=["first"],
        enrol_from=BEGINNING,
        enrol_until=now + timedelta(days=9),
        review_from=now + timedelta(days=1),
        review_until=now + timedelta(days=2),
        created_at=BEGINNING,
    )
    application = await make_application(changed, campaign_id=campaign.id)
    reviewer = await make_reviewer(changed, "industry", CITY)
    [task] = await begin(reviews, changed, application)
    with pytest.raises(RuleViolation, match=r"审核将于11月22日\(周日\) 12:00开始") as early:
        await reviews.decide(reviewer, task.id, "approve")
    assert early.value.rule == "review.own_campaign_window"
    clock.move(timedelta(days=2))
    with pytest.raises(RuleViolation, match=r"已于11月23日\(周一\) 12:00结束"):
        await reviews.decide(reviewer, task.id, "approve")
    clock.move(timedelta(seconds=-1))
    await reviews.decide(reviewer, task.id, "approve")


async def test_a_number_that_an_import_has_used_is_not_given_again(deps: Deps, book: NoticeBook) -> None:
    changed = with_rules(deps, review={"steps": [step("one")]})
    reviews = reviews_of(changed, book)
    await make_expert(changed, number="ZJ0100001")
    application = await make_application(changed)
    [task] = await begin(reviews, changed, application)
    await reviews.decide(await make_reviewer(changed, "one"), task.id, "approve")
    assert (await _reload(application)).expert_number == "ZJ0100002"


async def test_a_renewal_and_a_person_with_an_old_file_keep_their_number(deps: Deps, book: NoticeBook) -> None:
    changed = with_rules(deps, review={"steps": [step("one")]})
    reviews, reviewer = reviews_of(changed, book), await make_reviewer(changed, "one")
    for kind, number in (("renewal", "ZJ7"), ("first", "ZJ8")):
        account = await make_applicant(changed, id_number=f"43010419750615{kind[:2]}{number[2]}X")
        old = await make_expert(changed, number=number, id_number_hash=account.id_number_hash)
        expert = {"expert_id": old.id} if kind == "renewal" else {}
        application = await make_application(changed, account, entry_type=kind, **expert)
        [task] = await begin(reviews, changed, application)
        await reviews.decide(reviewer, task.id, "approve")
        assert (await _reload(application)).expert_number == number
