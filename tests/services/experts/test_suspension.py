"""Why an expert is not drawn, and the way out: one answer, which agrees with the draws' own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from models.campaigns import Campaign
from models.courses import Course, CourseEnrolment
from models.draws import CallNotice, Draw
from models.exams import Exam, ExamCandidate
from models.experts import Expert
from services.core.base import Deps, transaction
from services.draws.call_order.eligibility import find_hindrances, no_recusals
from services.experts import Suspension, membership_status_of
from tests.factories.applications import make_campaign, with_rules
from tests.factories.courses import DAY, MINUTE, School, make_school, own
from tests.factories.exams import make_attempt, work
from tests.factories.offices import add_experts, make_draw, make_office
from tests.factories.people import make_account, make_expert, make_sanction

PAID = {"amount": 12_000, "required": True}


@pytest.fixture
async def school(db: str, deps: Deps, clock: FixedClock) -> School:
    return await make_school(deps, clock, access_after=2 * DAY, make_ups=0)


async def why(deps: Deps, expert: Expert) -> list[Suspension]:
    assert expert.account_id is not None
    return list((await membership_status_of(deps, expert.account_id)).suspensions)


# ---- courses


async def test_who_never_paid_is_led_from_the_end_of_the_course_to_its_completion(
    school: School, clock: FixedClock
) -> None:
    expert, deps = await school.expert(), school.services.deps
    course = await school.published(**PAID)
    enrolment = await school.enrolment(expert)
    assert await why(deps, expert) == []
    clock.set(course.closes_at)
    await work(school.services, "course_end", "course_close")
    [over] = await why(deps, expert)
    assert (over.cause, over.title, over.action) == ("course", "未完成必修培训，已暂停抽取", "去补学")
    assert over.detail == "2025年第一批继续教育培训：缴费后可以补学。完成后自动恢复。"
    assert over.route == f"/h5/demo/courses/{enrolment.id}"
    fee_id = await school.services.courses.study_periods.begin_make_up(own(enrolment), enrolment.id)
    [due] = await why(deps, expert)
    assert (due.action, due.route) == ("去缴费", f"/h5/demo/pay?fee={fee_id}")
    assert "前缴费" in due.detail
    await school.report_payment(enrolment)
    assert "已缴费，开通后请按时学完" in (await why(deps, expert))[0].detail
    await work(school.services, "pay_events")
    assert "起可以学习" in (await why(deps, expert))[0].detail
    clock.move(2 * DAY + MINUTE)
    [studying] = await why(deps, expert)
    assert (studying.action, "已学0%" in studying.detail, studying.until is not None) == ("去学习", True, True)
    await school.study_all(enrolment)
    assert await why(deps, expert) == []


async def test_the_examination_is_the_way_out_for_who_has_learned(school: School) -> None:
    expert, deps = await school.expert(), school.services.deps
    await school.published(required=True)
    enrolment = await school.enrolment(expert)
    await CourseEnrolment.filter(id=enrolment.id).update(state="learned", excluded_at=deps.now())
    [waiting] = await why(deps, expert)
    assert (waiting.action, "考试合格后恢复" in waiting.detail) == ("查看", True)


@pytest.mark.parametrize(
    ("candidate", "attempt", "action", "told"),
    [
        ("", "", "查看", "考试由管理机构安排并通知您，考试合格后恢复"),
        ("called", "", "去考试", "前参加考试，考试合格后恢复"),
        ("called", "running", "去考试", "前参加考试，考试合格后恢复"),
        ("called", "sealed", "查看", "已交卷，等待公布成绩，考试合格后恢复"),
        ("passed", "released", "查看", "考试结果正在登记，有结果会通知您"),
        ("left", "", "查看", "您已退出结业考试，请拨打400-000-0000，由管理机构另行安排"),
    ],
)
async def test_who_has_learned_reads_what_comes_next_of_the_examination(
    school: School, candidate: str, attempt: str, action: str, told: str
) -> None:
    expert, deps = await school.expert(), school.services.deps
    course = await school.published(required=True)
    enrolment = await school.enrolment(expert)
    now = deps.now()
    exam = await Exam.create(
        pool="demo",
        name="结业考试",
        purpose="single",
        state="published",
        opens_at=now,
        closes_at=now + DAY,
        created_at=now,
        published_at=now,
    )
    await Course.filter(id=course.id).update(exam_id=exam.id)
    await CourseEnrolment.filter(id=enrolment.id).update(state="learned", excluded_at=now)
    if candidate:
        called = await ExamCandidate.create(
            exam=exam, account_id=expert.account_id, expert=expert, state=candidate, called_at=now
        )
        if attempt:
            await make_attempt(school.services, called, attempt)
    [waiting] = await why(deps, expert)
    assert (waiting.action, told in waiting.detail) == (action, True), waiting.detail
    assert waiting.until == (exam.closes_at if action == "去考试" else None)


# ---- the term


@pytest.mark.parametrize(
    ("campaign", "action", "told"),
    [
        (None, "", "现在没有接受续聘的征集，开始后会列在待办事项里；急需办理的请拨打400-000-0000"),
        ({"opens": DAY}, "", "起可以办理续聘"),
        ({"opens": -DAY}, "去续聘", "前办理续聘。"),
        ({"opens": -DAY, "closed_at": True}, "", "现在没有接受续聘的征集"),
        ({"opens": -DAY, "published_at": None}, "", "现在没有接受续聘的征集"),
        ({"opens": -DAY, "entry_types": ["first"]}, "", "现在没有接受续聘的征集"),
    ],
)
async def test_after_the_term_the_next_campaign_is_named(
    db: str, deps: Deps, clock: FixedClock, campaign: dict[str, Any] | None, action: str, told: str
) -> None:
    expert = await make_expert(deps, account=await make_account(deps), term_until=clock.now())
    if campaign is not None:
        made = await make_campaign(deps, opens=clock.now() + campaign.pop("opens"))
        columns = {name: clock.now() if value is True else value for name, value in campaign.items()}
        if columns:
            await Campaign.filter(id=made.id).update(**columns)
    [over] = await why(deps, expert)
    assert (over.cause, over.action) == ("term", action)
    assert over.detail.startswith("您的聘期已于2026年11月21日届满，续聘通过后恢复抽取。")
    assert told in over.detail
    assert (await membership_status_of(deps, expert.account_id)).text == "聘期已满"


async def test_where_no_campaign_is_needed_renewal_is_open_all_year(db: str, deps: Deps, clock: FixedClock) -> None:
    free = with_rules(deps, campaigns={"required": False})
    expert = await make_expert(deps, account=await make_account(deps), term_until=clock.now())
    [over] = await why(free, expert)
    assert (over.action, over.route) == ("去续聘", "/h5/demo/apply?entry_type=renewal")
    without = with_rules(deps, campaigns={"entry_types": ("first",)})
    [over] = await why(without, expert)
    assert (over.action, "不在线办理续聘，请拨打400-000-0000" in over.detail) == ("", True)


# ---- as the draws see it


@pytest.mark.parametrize(
    ("columns", "cause", "reason"),
    [
        ({}, None, None),
        ({"suspended": True}, "office", "inactive"),
        ({"term_until": timedelta(0)}, "term", "term_over"),
        ({"born_on": "1950-01-01"}, "age", "over_age"),
        ({"born_on": None}, "age", "over_age"),
    ],
)
async def test_who_is_suspended_is_not_drawn_and_the_other_way_round(
    db: str, deps: Deps, clock: FixedClock, columns: dict[str, Any], cause: str | None, reason: str | None
) -> None:
    office = await make_office(deps)
    [expert] = await add_experts(office, 1)
    account = await make_account(deps)
    values = {name: clock.now() if name == "term_until" else value for name, value in columns.items()}
    if values.pop("suspended", False):
        await make_sanction(expert)
    await Expert.filter(id=expert.id).update(account_id=account.id, **values)
    draw = await Draw.get(id=await make_draw(office))
    notice = await CallNotice.get(draw_id=draw.id)
    async with transaction():
        hindrances = await find_hindrances([expert.id], draw, notice, no_recusals(draw), deps.book("demo"), deps.now())
    hindrance = hindrances[expert.id]
    assert (hindrance.reason if hindrance else None) == reason
    status = await membership_status_of(deps, account.id)
    assert [suspension.cause for suspension in status.suspensions] == ([cause] if cause else [])
    assert (status.kind == "suspended") == (cause is not None)
    assert all(each.route or "400-000-0000" in each.detail for each in status.suspensions), "there is a way out"
