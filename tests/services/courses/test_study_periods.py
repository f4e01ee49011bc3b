"""The end of a participant's time, and of the course, in whichever order they come."""

from __future__ import annotations

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, NotFound
from domain.exams.purposes import Purpose
from models.courses import Course, CourseEnrolment
from models.exams import Exam, ExamCandidate
from models.notices import Notice
from models.payments import Fee
from services.core.base import Actor, Deps
from services.courses import CourseItemData
from services.operations import find_broken
from tests.factories.courses import DAY, MINUTE, School, make_school, own
from tests.factories.exams import make_exam, make_items, work
from tests.invariants import check_invariants

PAID = {"amount": 12_000, "required": True}


@pytest.fixture
async def school(db: str, deps: Deps, clock: FixedClock) -> School:
    return await make_school(deps, clock, access_after=2 * DAY, make_up_paid=True, make_ups=1, make_up_for=7 * DAY)


@pytest.mark.parametrize("first", ["course_end", "course_close"])
async def test_a_course_is_closed_only_after_the_end_of_each_participant(
    school: School, clock: FixedClock, first: str
) -> None:
    """Closing between two ends used to leave one expert waiting to pay for ever, and drawn."""
    experts = [await school.expert() for _ in range(2)]
    course = await school.published(**PAID)
    clock.set(course.closes_at)
    await work(school.services, first, "course_end", "course_close")
    enrolments = await CourseEnrolment.filter(expert_id__in=[expert.id for expert in experts])
    assert [enrolment.excluded_at for enrolment in enrolments] == [clock.now()] * 2
    assert (await Course.get(id=course.id)).state == "closed"
    await check_invariants()


async def test_a_participant_whom_an_earlier_release_forgot_is_ended(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published(**PAID)
    clock.set(course.closes_at)
    await Course.filter(id=course.id).update(state="closed", closed_at=clock.now())
    assert any("somebody studies, pays or waits" in line for line in await find_broken())
    await work(school.services, "course_end")
    enrolment = await school.enrolment(expert)
    assert (enrolment.make_ups, enrolment.excluded_at) == (0, clock.now())
    await check_invariants()


async def test_who_has_paid_is_not_ended_before_the_payment_is_applied(school: School, clock: FixedClock) -> None:
    """The report and the end may come in the same second."""
    expert = await school.expert()
    course = await school.published(**PAID)
    enrolment = await school.enrolment(expert)
    await school.report_payment(enrolment)
    assert (await Fee.get(enrolment_id=enrolment.id)).state == "paid"
    clock.set(course.closes_at)
    await work(school.services, "course_end", "course_close", "pay_events", "course_end", "course_close")
    await enrolment.refresh_from_db()
    assert (enrolment.opens_at, enrolment.excluded_at) == (clock.now() + 2 * DAY, None)
    assert not await Notice.filter(kind="course_unfinished").exists()
    assert (await Course.get(id=course.id)).state == "published"


async def test_a_missed_lecture_is_made_up_by_nobody_but_the_office(school: School, clock: FixedClock) -> None:
    """A further period would be paid for, and the lecture still be over."""
    expert = await school.expert()
    course = await school.course(amount=None, required=True)
    begins = course.opens_at + DAY
    await school.services.courses.setup.add_item(
        school.office, course.id, CourseItemData("live", "面授", 200, begins, begins + 90 * MINUTE, "培训中心201")
    )
    await school.services.courses.setup.publish(school.office, course.id)
    await work(school.services, "course_call")
    enrolment = await school.enrolment(expert)
    queries, periods = school.services.courses.queries, school.services.courses.study_periods
    clock.set(begins + 120 * MINUTE)
    assert not (await queries.get(own(enrolment), enrolment.id))[0].missed_lecture, "one can still sign in"
    clock.move(MINUTE)
    view, items = await queries.get(own(enrolment), enrolment.id)
    assert (view.missed_lecture, [item.signs_in for item in items]) == (True, [False, False])
    [listed] = (await queries.participants(school.office, course.id, only="missed")).items
    assert listed.id == enrolment.id
    clock.set(course.closes_at)
    await work(school.services, "course_end")
    await enrolment.refresh_from_db()
    assert (enrolment.make_ups, enrolment.overdue_at) == (0, clock.now())
    [notice] = await Notice.filter(kind="course_unfinished")
    assert notice.params["advice"] == "已暂停抽取，请联系管理机构"
    with pytest.raises(Conflict, match="不能再签到，请拨打") as refused:
        await periods.begin_make_up(own(enrolment), enrolment.id)
    assert refused.value.code == "lecture_over"
    with pytest.raises(Conflict, match="可以登记培训完毕") as refused:
        await periods.give_make_up(school.office, enrolment.id, "错过面授")
    assert refused.value.code == "lecture_over"
    assert (await queries.get(own(enrolment), enrolment.id))[0].make_up == "lecture_over"
    await school.services.courses.completion.record_finished(school.office, enrolment.id, "签到表上有签名")
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.excluded_at) == ("finished", None)
    await check_invariants()


async def test_who_is_called_to_a_free_course_owes_nothing_before_it_is_published(school: School) -> None:
    expert = await school.expert()
    course = await school.course(amount=None)
    added = await school.services.courses.participant_calls.add(school.office, course.id, expert.number)
    assert added.count == 1
    queries = school.services.courses.queries
    [listed] = (await queries.participants(school.office, course.id)).items
    assert (listed.access, listed.phase) == ("ahead", "ahead")
    assert (await queries.participants(school.office, course.id, only="unpaid")).items == ()


async def test_a_course_waits_for_the_results_of_its_examination(school: School, clock: FixedClock) -> None:
    """Who fails after the course's end is made up, as anybody else."""
    expert = await school.expert()
    await make_items(5)
    exam_id = await make_exam(school.services, school.office, purpose=Purpose.SINGLE, lasts=90 * DAY)
    course = await school.published(exam_id=exam_id, required=True)
    await school.services.exams.setup.publish(school.office, exam_id)
    enrolment = await school.enrolment(expert)
    clock.move(DAY + MINUTE)
    await school.study_all(enrolment)
    await work(school.services, "exam_call")
    clock.set(course.closes_at)
    await work(school.services, "course_end", "course_close")
    assert (await Course.get(id=course.id)).state == "published"
    await ExamCandidate.filter(expert_id=expert.id).update(state="failed")
    await work(school.services, "course_close", "course_end")
    await enrolment.refresh_from_db()
    assert (enrolment.exam_state, enrolment.make_ups) == ("failed", 1)


async def test_who_learned_after_the_examination_does_not_wait_for_it_for_ever(
    school: School, clock: FixedClock
) -> None:
    expert = await school.expert()
    await make_items(5)
    exam_id = await make_exam(school.services, school.office, purpose=Purpose.SINGLE, lasts=DAY)
    course = await school.published(exam_id=exam_id, required=True)
    await school.services.exams.setup.publish(school.office, exam_id)
    enrolment = await school.enrolment(expert)
    clock.set((await Exam.get(id=exam_id)).closes_at)
    await work(school.services, "exam_close")
    await school.study_all(enrolment)
    await work(school.services, "exam_call", "course_end")
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.overdue_at) == ("learned", None), "his time has not ended yet"
    clock.set(course.closes_at)
    await work(school.services, "course_end", "course_close")
    await enrolment.refresh_from_db()
    assert (enrolment.exam_state, enrolment.excluded_at) == ("", clock.now())
    assert (await Course.get(id=course.id)).state == "closed"


async def test_nobody_is_called_to_a_course_that_closes_meanwhile(school: School, clock: FixedClock) -> None:
    course = await school.published()
    await school.expert()
    clock.set(course.closes_at)
    await work(school.services, "course_close", "course_call")
    assert not await CourseEnrolment.exists(course_id=course.id)


# ---- a further period of one's own


async def test_who_never_paid_pays_later_and_is_drawn_again(school: School, clock: FixedClock) -> None:
    """The course has closed meanwhile, and opens again for him."""
    expert = await school.expert()
    course = await school.published(**PAID)
    clock.set(course.closes_at)
    await work(school.services, "course_end", "course_close")
    enrolment, periods = await school.enrolment(expert), school.services.courses.study_periods
    assert (await school.services.courses.queries.get(own(enrolment), enrolment.id))[0].make_up == "paid"
    fee_id = await periods.begin_make_up(own(enrolment), enrolment.id)
    assert await periods.begin_make_up(own(enrolment), enrolment.id) == fee_id, "pressed twice, charged once"
    assert (await Course.get(id=course.id)).state == "published"
    await school.pay(enrolment)
    clock.move(2 * DAY + MINUTE)
    await school.study_all(enrolment)
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.excluded_at, enrolment.make_ups) == ("finished", None, 1)
    await work(school.services, "course_close")
    assert (await Course.get(id=course.id)).state == "closed"
    await check_invariants()


async def test_who_does_not_pay_the_further_period_may_begin_another(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published(**PAID)
    clock.set(course.closes_at)
    await work(school.services, "course_end")
    enrolment, periods = await school.enrolment(expert), school.services.courses.study_periods
    first = await periods.begin_make_up(own(enrolment), enrolment.id)
    clock.move(8 * DAY)
    await work(school.services, "course_end", "course_close")
    await enrolment.refresh_from_db()
    assert enrolment.overdue_at == clock.now()
    assert (await Course.get(id=course.id)).state == "closed"
    assert await periods.begin_make_up(own(enrolment), enrolment.id) not in (None, first)
    await check_invariants()


async def test_a_free_further_period_begins_at_once(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published(required=True)
    enrolment, periods = await school.enrolment(expert), school.services.courses.study_periods
    with pytest.raises(Conflict, match="还没有结束"):
        await periods.begin_make_up(own(enrolment), enrolment.id)
    clock.set(course.closes_at)
    await work(school.services, "course_end")
    clock.move(8 * DAY)
    await work(school.services, "course_end")
    assert await periods.begin_make_up(own(enrolment), enrolment.id) is None
    await enrolment.refresh_from_db()
    assert (enrolment.opens_at, enrolment.make_ups) == (clock.now(), 2)
    assert enrolment.excluded_at is not None, "until he has finished"


async def test_after_the_examination_the_office_is_asked_instead(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    await make_items(5)
    exam_id = await make_exam(school.services, school.office, purpose=Purpose.SINGLE, lasts=DAY)
    course = await school.published(exam_id=exam_id, **PAID)
    clock.set(course.closes_at)
    await work(school.services, "exam_close", "course_end", "course_close")
    enrolment, periods = await school.enrolment(expert), school.services.courses.study_periods
    with pytest.raises(Conflict, match="请拨打400-000-0000办理"):
        await periods.begin_make_up(own(enrolment), enrolment.id)
    with pytest.raises(NotFound):
        await periods.begin_make_up(Actor("demo", "expert", expert.id), enrolment.id)
