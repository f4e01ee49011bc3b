"""A course from its draft to the certificate: called, paid, studied, examined, made up, not drawn meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_time
from domain.errors import Conflict, Forbidden, InvalidInput, TooMany
from domain.exams.purposes import Purpose
from models.certificates import Certificate
from models.courses import Course, CourseEnrolment, CourseItem, CourseStudy
from models.exams import Exam, ExamCandidate
from models.notices import Notice
from models.payments import Fee, Invoice
from services.core.base import Actor, Deps, execute, rows, transaction
from services.courses import CourseItemData
from services.experts import membership_status_of
from services.operations import find_broken
from tests.drivers.waiting import eventually
from tests.factories.courses import DAY, MINUTE, School, make_school, own
from tests.factories.exams import make_exam, make_items, work
from tests.invariants import check_invariants


@pytest.fixture
async def school(db: str, deps: Deps, clock: FixedClock) -> School:
    return await make_school(deps, clock, access_after=2 * DAY, make_up_paid=True, make_ups=1, make_up_for=7 * DAY)


async def kinds(expert_account: object) -> list[str]:
    return [notice.kind for notice in await Notice.filter(account_id=expert_account).order_by("created_at", "id")]


# ---- the whole road


async def test_a_free_course_is_studied_and_completed(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    await school.published()
    enrolment = await school.enrolment(expert)
    clock.move(DAY + MINUTE)
    await school.study_all(enrolment)
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.progress) == ("finished", 1000)
    assert await kinds(expert.account_id) == ["course_called", "course_finished", "certificate_issued"]
    (certificate,) = await school.services.certificates.queries.own(own(enrolment))
    assert (certificate.title, certificate.facts[0]) == ("继续教育合格证书", ("课程", "2025年第一批继续教育培训"))
    assert (await Certificate.get(id=certificate.id)).text == "完成规定的继续教育学习，特发此证。", (
        "it has no examination"
    )
    await check_invariants()


async def test_who_is_called_to_a_course_that_goes_on_reads_no_beginning(school: School, clock: FixedClock) -> None:
    early = await school.expert()
    course = await school.published(amount=12_000)
    clock.set(course.opens_at + MINUTE)
    late = await school.expert()
    await work(school.services, "course_call")
    ahead, open_now = [await Notice.get(kind="course_called", account_id=expert.account_id) for expert in (early, late)]
    assert (ahead.params["opens"], open_now.params["opens"]) == (print_time(course.opens_at), "现在")


async def test_a_paid_course_opens_two_days_after_the_payment(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published(amount=12_000)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(3 * DAY)
    with pytest.raises(Conflict) as unpaid:
        await school.services.courses.study.open_item(own(enrolment), enrolment.id, item.id)
    assert unpaid.value.code == "study_unpaid"
    await school.pay(enrolment)
    with pytest.raises(Conflict) as early:
        await school.services.courses.study.open_item(own(enrolment), enrolment.id, item.id)
    assert early.value.code == "study_ahead"
    clock.move(2 * DAY)
    await school.study_all(enrolment)
    await enrolment.refresh_from_db()
    assert enrolment.state == "finished"
    assert "course_opened" in await kinds(expert.account_id)
    fee = await Fee.get(enrolment_id=enrolment.id)
    assert (fee.state, fee.amount, fee.title) == ("paid", 12_000, "2025年第一批继续教育培训")
    assert await Invoice.exists(fee_id=fee.id)
    await check_invariants()


async def test_a_payment_reported_twice_opens_the_course_once(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    await school.published(amount=12_000)
    enrolment = await school.enrolment(expert)
    await school.pay(enrolment)
    await enrolment.refresh_from_db()
    opened = enrolment.opens_at
    clock.move(DAY)
    await school.services.courses.completion.fees.apply_payment(enrolment.id, clock.now())
    await enrolment.refresh_from_db()
    assert enrolment.opens_at == opened
    assert (await kinds(expert.account_id)).count("course_opened") == 1


async def test_who_is_not_finished_in_time_is_made_up_once_and_then_not_drawn(
    school: School, clock: FixedClock
) -> None:
    expert = await school.expert()
    course = await school.published(required=True)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(2 * DAY)
    await school.watch(enrolment, item.id, 30)
    clock.move(30 * DAY)
    await work(school.services, "course_end")
    await enrolment.refresh_from_db()
    assert (enrolment.make_ups, enrolment.overdue_at, enrolment.progress) == (1, None, 500)
    assert enrolment.excluded_at is not None, "no draws while a required course is made up"
    assert (await membership_status_of(school.services.deps, enrolment.account_id)).kind == "suspended"
    clock.move(8 * DAY)
    await work(school.services, "course_end")
    await enrolment.refresh_from_db()
    assert enrolment.overdue_at is not None
    await school.services.courses.study_periods.give_make_up(school.office, enrolment.id, "住院")
    await school.watch(enrolment, item.id, 60)
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.excluded_at, enrolment.make_ups) == ("finished", None, 2)
    assert (await membership_status_of(school.services.deps, enrolment.account_id)).kind == "formal"
    notice_kinds = await kinds(expert.account_id)
    assert [kind for kind in notice_kinds if kind != "course_reminder"][:5] == [
        "course_called",
        "course_make_up",
        "course_unfinished",
        "course_make_up",
        "course_finished",
    ]
    await check_invariants()


async def test_a_make_up_that_costs_money_waits_for_it(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published(amount=12_000)
    enrolment = await school.enrolment(expert)
    await school.pay(enrolment)
    clock.move(40 * DAY)
    await work(school.services, "course_end")
    await enrolment.refresh_from_db()
    assert (enrolment.make_ups, enrolment.opens_at) == (1, None)
    await school.pay(enrolment)
    assert await Fee.filter(enrolment_id=enrolment.id, state="paid").count() == 2
    clock.move(2 * DAY + MINUTE)
    await school.study_all(enrolment)
    await enrolment.refresh_from_db()
    assert enrolment.state == "finished"
    assert (await Course.get(id=course.id)).state == "published"
    await work(school.services, "course_close")
    assert (await Course.get(id=course.id)).state == "closed", "everybody is through, its time is over"


async def test_a_failed_examination_is_sat_again_only_after_the_make_up_was_paid(
    school: School, clock: FixedClock
) -> None:
    """Who could sit it before would pass, and never pay."""
    expert = await school.expert()
    await make_items(5)
    exam_id = await make_exam(school.services, school.office, purpose=Purpose.SINGLE, lasts=90 * DAY)
    await school.published(amount=12_000, exam_id=exam_id)
    await school.services.exams.setup.publish(school.office, exam_id)
    enrolment = await school.enrolment(expert)
    await school.pay(enrolment)
    clock.move(2 * DAY + MINUTE)
    await school.study_all(enrolment)
    await work(school.services, "exam_call")
    candidate = await ExamCandidate.get(expert_id=expert.id)
    await ExamCandidate.filter(id=candidate.id).update(state="failed")
    await work(school.services, "course_end")
    await candidate.refresh_from_db()
    assert (candidate.state, candidate.extra_tries) == ("failed", 0)
    await school.pay(enrolment)
    await candidate.refresh_from_db()
    assert (candidate.state, candidate.extra_tries) == ("called", school.services.deps.book("demo").exam.tries)


async def test_nobody_pays_for_a_make_up_after_the_examination(school: School, clock: FixedClock) -> None:
    """It would bring nothing: the office is told what it can do instead."""
    expert = await school.expert()
    await make_items(5)
    exam_id = await make_exam(school.services, school.office, purpose=Purpose.SINGLE, lasts=5 * DAY)
    await school.published(amount=12_000, exam_id=exam_id)
    await school.services.exams.setup.publish(school.office, exam_id)
    enrolment = await school.enrolment(expert)
    await school.pay(enrolment)
    clock.move(2 * DAY + MINUTE)
    await school.study_all(enrolment)
    await work(school.services, "exam_call")
    await ExamCandidate.filter(expert_id=expert.id).update(state="failed")
    clock.set((await Exam.get(id=exam_id)).closes_at)
    await work(school.services, "course_end")
    await enrolment.refresh_from_db()
    assert (enrolment.make_ups, enrolment.overdue_at) == (0, clock.now())
    assert not await Fee.exists(enrolment_id=enrolment.id, state="due")
    with pytest.raises(Conflict, match="登记培训完毕"):
        await school.services.courses.study_periods.give_make_up(school.office, enrolment.id, "住院")


async def test_who_never_pays_owes_nothing_in_the_end(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    await school.published(amount=12_000, required=True)
    enrolment = await school.enrolment(expert)
    clock.move(40 * DAY)
    await work(school.services, "course_end")
    await enrolment.refresh_from_db()
    assert (await Fee.get(enrolment_id=enrolment.id)).state == "void"
    assert enrolment.make_ups == 0
    assert enrolment.overdue_at is not None
    assert enrolment.excluded_at is not None


async def test_reminders_come_before_the_end_and_name_what_follows(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    await school.published(required=True)
    clock.move(DAY + 17 * DAY + MINUTE)
    await work(school.services, "course_reminder")
    clock.move(2 * DAY)
    await work(school.services, "course_reminder")
    reminders = await Notice.filter(account_id=expert.account_id, kind="course_reminder")
    assert [reminder.params["advice"] for reminder in reminders] == ["逾期未完成将暂停抽取"] * 2


async def test_a_course_that_is_cancelled_lets_everybody_go(school: School) -> None:
    expert = await school.expert()
    course = await school.published(amount=12_000)
    assert await school.services.courses.setup.cancel(school.office, course.id, "讲师生病") == 1
    enrolment = await school.enrolment(expert)
    assert enrolment.state == "left"
    assert (await Fee.get(enrolment_id=enrolment.id)).state == "void"
    assert "course_cancelled" in await kinds(expert.account_id)
    assert await school.services.courses.setup.cancel(school.office, course.id, "讲师生病") == 0


async def test_money_that_goes_back_takes_the_participant_along(school: School) -> None:
    expert = await school.expert()
    await school.published(amount=12_000)
    enrolment = await school.enrolment(expert)
    await school.pay(enrolment)
    page = await school.services.payments.queries.orders(school.office)
    order = page.items[0]
    view = await school.services.office.payment_views.order(school.office, order.id)
    assert (view.choices, view.enrolment_id, view.application_id) == (("keep", "end"), enrolment.id, None)
    with pytest.raises(Conflict):
        await school.services.payments.refunds.request(school.office, order.id, "本人申请", after="again")
    await school.services.payments.refunds.request(school.office, order.id, "本人申请", after="end")
    await enrolment.refresh_from_db()
    assert enrolment.state == "left"
    assert (await kinds(expert.account_id))[-1] == "course_changed"
    await school.services.courses.participant_calls.readmit(school.office, enrolment.id, "本人要求")
    participation, _ = await school.services.courses.queries.get(own(enrolment), enrolment.id)
    assert (participation.phase, participation.access) == ("unpaid", "unpaid"), "the money went back: it is owed again"
    await school.pay(enrolment)
    await enrolment.refresh_from_db()
    assert enrolment.opens_at is not None


# ---- who is called


async def test_who_comes_later_is_called_too_and_who_leaves_is_let_go(school: School) -> None:
    await school.published()
    expert = await school.expert()
    await work(school.services, "course_call")
    enrolment = await school.enrolment(expert)
    expert.left_at = school.clock.now()
    await expert.save()
    await work(school.services, "course_leave")
    await enrolment.refresh_from_db()
    assert enrolment.state == "left"


async def test_named_experts_alone_are_called_to_a_listed_course(school: School) -> None:
    named, other = await school.expert(), await school.expert()
    course = await school.course(audience="listed")
    with pytest.raises(Conflict, match="名单里还没有学员"):
        await school.services.courses.setup.publish(school.office, course.id)
    added = await school.services.courses.participant_calls.add(
        school.office, course.id, f"{named.number}，ZJ9999999\n{named.number}"
    )
    assert (added.count, added.problems) == (1, (("ZJ9999999", "没有这个专家编号"),))
    await school.services.courses.setup.publish(school.office, course.id)
    assert await CourseEnrolment.filter(course_id=course.id).count() == 1
    assert (await kinds(named.account_id), await kinds(other.account_id)) == (["course_called"], [])
    again = await school.services.courses.participant_calls.add(school.office, course.id, named.number)
    assert again.problems == ((named.number, "已在这门课程中"),)


# ---- studying


async def test_a_second_player_stops_the_first(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published()
    enrolment = await school.enrolment(expert)
    first = (await CourseItem.filter(course_id=course.id))[0]
    clock.move(2 * DAY)
    study, person = school.services.courses.study, own(enrolment)
    old = await study.open_item(person, enrolment.id, first.id)
    new = await study.open_item(person, enrolment.id, first.id)
    with pytest.raises(Conflict) as refused:
        await study.record_beat(person, enrolment.id, first.id, player=old.player, start=0, end=10, rate=1.0)
    assert refused.value.code == "other_player"
    clock.move(timedelta(seconds=10))
    seen = await study.record_beat(person, enrolment.id, first.id, player=new.player, start=0, end=10, rate=1.0)
    assert (seen.seconds, seen.position, seen.reach) == (10, 10, 15)


async def test_films_of_two_courses_opened_at_the_same_moment_are_not_watched_side_by_side(
    school: School, clock: FixedClock
) -> None:
    expert = await school.expert()
    for _ in range(2):
        await school.published()
    clock.move(2 * DAY)
    first, second = await CourseEnrolment.filter(expert_id=expert.id).order_by("id")
    study, person = school.services.courses.study, own(first)

    async def open_film(enrolment: CourseEnrolment) -> int:
        item = await CourseItem.get(course_id=enrolment.course_id)
        return (await study.open_item(person, enrolment.id, item.id)).player

    outside = contextvars.copy_context()
    async with transaction():
        await open_film(first)
        opening = asyncio.get_running_loop().create_task(open_film(second), context=outside)
        await eventually(lambda: waits_or_is_done(opening))
    await opening
    assert await CourseStudy.filter(beat_at=None).count() == 1


async def waits_or_is_done(task: asyncio.Task[int]) -> bool:
    return task.done() or bool(await rows("SELECT 1 FROM pg_locks WHERE NOT granted"))


async def test_a_drag_to_the_end_is_worth_nothing(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published(seconds=600)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(2 * DAY)
    study, person = school.services.courses.study, own(enrolment)
    seen = await study.open_item(person, enrolment.id, item.id)
    clock.move(timedelta(seconds=600))
    seen = await study.record_beat(person, enrolment.id, item.id, player=seen.player, start=590, end=600, rate=1.0)
    assert seen.seconds == 0
    with pytest.raises(InvalidInput):
        await study.record_beat(person, enrolment.id, item.id, player=seen.player, start=0, end=10, rate=16.0)


async def test_a_film_is_not_watched_in_less_than_its_time_however_many_beats_are_sent(
    school: School, clock: FixedClock
) -> None:
    """Beats of 150 pieces within a fifth of a second, and as many openings of the player, bring nothing."""
    expert = await school.expert()
    course = await school.published(seconds=30)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(2 * DAY)
    study, person = school.services.courses.study, own(enrolment)
    for _ in range(5):
        player = (await study.open_item(person, enrolment.id, item.id)).player
        for _ in range(30):
            clock.move(timedelta(milliseconds=1))
            at = (await CourseStudy.get(item_id=item.id)).position
            seen = await study.record_beat(person, enrolment.id, item.id, player=player, start=at, end=30, rate=1.5)
    assert (seen.seconds, seen.done) == (0, False)
    clock.move(timedelta(seconds=10))
    seen = await study.record_beat(person, enrolment.id, item.id, player=player, start=0, end=30, rate=1.5)
    assert seen.seconds == 15
    assert not await Notice.exists(account_id=expert.account_id, kind="certificate_issued")


async def test_idle_minutes_are_not_watched_and_a_beat_ends_at_the_presence_check(
    deps: Deps, db: str, clock: FixedClock
) -> None:
    school = await make_school(deps, clock, presence_every=10 * MINUTE)
    expert = await school.expert()
    course = await school.published(seconds=3600)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(2 * DAY)
    study, person = school.services.courses.study, own(enrolment)
    player = (await study.open_item(person, enrolment.id, item.id)).player
    reached: list[int] = []
    for start in (0, 180, 360, 540):
        clock.move(40 * MINUTE)
        seen = await study.record_beat(person, enrolment.id, item.id, player=player, start=start, end=3600, rate=1.5)
        reached.append(seen.position)
    assert reached == [180, 360, 540, 600], "two minutes at the highest speed, then the check after ten"
    assert seen.asked


async def test_reports_that_come_late_lose_nothing(school: School, clock: FixedClock) -> None:
    """A piece that was credited in part belongs to the next report, as the player sends it."""
    expert = await school.expert()
    course = await school.published(seconds=60)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(2 * DAY)
    study, person = school.services.courses.study, own(enrolment)
    seen = await study.open_item(person, enrolment.id, item.id)
    for played, passed in ((10, 13.4), (20, 7.1), (30, 9.6), (40, 9.9), (50, 10.2), (60, 9.8)):
        clock.move(timedelta(seconds=passed))
        seen = await study.record_beat(
            person, enrolment.id, item.id, player=seen.player, start=seen.position, end=played, rate=1.0
        )
    assert (seen.seconds, seen.done) == (60, True)


async def test_pages_can_not_be_read_in_less_than_their_time(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.course()
    await CourseItem.filter(course_id=course.id).update(kind="pages", seconds=0, pages=["a", "b", "c"])
    await school.services.courses.setup.publish(school.office, course.id)
    await work(school.services, "course_call")
    enrolment, item = await school.enrolment(expert), await CourseItem.get(course_id=course.id)
    clock.move(2 * DAY)
    study, person = school.services.courses.study, own(enrolment)
    player = (await study.open_item(person, enrolment.id, item.id)).player
    for page in (1, 2, 3):
        clock.move(timedelta(seconds=1.2))
        seen = await study.see_page(person, enrolment.id, item.id, player=player, page=page)
    assert (seen.seconds, seen.gap) == (0, 1)
    clock.move(timedelta(seconds=1.4))
    seen = await study.see_page(person, enrolment.id, item.id, player=player, page=1)
    assert (seen.seconds, seen.gap) == (5, 2)
    clock.move(40 * MINUTE)
    for page in (2, 3):
        seen = await study.see_page(person, enrolment.id, item.id, player=player, page=page)
    assert (seen.done, seen.gap) == (True, 0), "the pages of ten seconds, not of forty minutes"


async def test_presence_is_asked_and_nothing_counts_until_it_is_answered(
    deps: Deps, db: str, clock: FixedClock
) -> None:
    school = await make_school(deps, clock, presence_every=MINUTE, presence_answer=MINUTE)
    expert = await school.expert()
    course = await school.published(seconds=600)
    enrolment = await school.enrolment(expert)
    (item,) = await CourseItem.filter(course_id=course.id)
    clock.move(2 * DAY)
    await school.watch(enrolment, item.id, 60)
    study, person = school.services.courses.study, own(enrolment)
    player = (await study.open_item(person, enrolment.id, item.id)).player
    clock.move(timedelta(seconds=10))
    study_view = await study.record_beat(person, enrolment.id, item.id, player=player, start=60, end=70, rate=1.0)
    assert (study_view.asked, study_view.seconds) == (True, 60)
    clock.move(5 * MINUTE)
    answered = await study.confirm_presence(person, enrolment.id, item.id, player=player)
    assert not answered.asked
    _, (line,) = await school.services.courses.queries.get(person, enrolment.id)
    assert line.missed == 1
    clock.move(timedelta(seconds=10))
    seen = await study.record_beat(person, enrolment.id, item.id, player=player, start=60, end=70, rate=1.0)
    assert seen.seconds == 70


async def test_a_lecture_counts_for_who_types_the_code_that_is_shown(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.course()
    begins = course.opens_at + DAY
    await CourseItem.filter(course_id=course.id).delete()
    item_id = await school.services.courses.setup.add_item(
        school.office, course.id, CourseItemData("live", "面授", 200, begins, begins + 90 * MINUTE, "培训中心201")
    )
    await school.services.courses.setup.publish(school.office, course.id)
    await work(school.services, "course_call")
    enrolment = await school.enrolment(expert)
    lectures = school.services.courses.lectures
    study, person = school.services.courses.study, own(enrolment)
    clock.set(begins - 31 * MINUTE)
    assert (await lectures.screen(school.office, course.id, item_id)).code == ""
    with pytest.raises(Conflict):
        await study.sign_in(person, enrolment.id, item_id, "123456")
    clock.set(begins)
    with pytest.raises(InvalidInput):
        await study.sign_in(person, enrolment.id, item_id, "签到码")
    shown = await lectures.screen(school.office, course.id, item_id)
    assert (shown.present, shown.people) == (0, 1)
    clock.move(timedelta(seconds=35))
    assert (await study.sign_in(person, enrolment.id, item_id, f" {shown.code} ")).done
    await enrolment.refresh_from_db()
    view, _ = await school.services.courses.queries.get(person, enrolment.id)
    assert (enrolment.state, view.phase) == ("called", "waiting"), "nobody is certified a lecture that is still held"
    assert (await lectures.screen(school.office, course.id, item_id)).present == 1
    clock.set(begins + 90 * MINUTE - timedelta(seconds=1))
    await work(school.services, "course_learned")
    await enrolment.refresh_from_db()
    assert enrolment.state == "called"
    clock.move(timedelta(seconds=1))
    await work(school.services, "course_learned")
    await enrolment.refresh_from_db()
    assert enrolment.state == "finished"


async def test_a_lecture_that_ends_with_the_course_is_no_missed_end(school: School, clock: FixedClock) -> None:
    """The end of the time and that of the lecture come in the same moment, in either order."""
    expert = await school.expert()
    course = await school.course(required=True)
    ends = course.closes_at
    await CourseItem.filter(course_id=course.id).delete()
    item_id = await school.services.courses.setup.add_item(
        school.office, course.id, CourseItemData("live", "面授", 200, ends - 90 * MINUTE, ends, "培训中心201")
    )
    await school.services.courses.setup.publish(school.office, course.id)
    await work(school.services, "course_call")
    enrolment = await school.enrolment(expert)
    clock.set(ends - 80 * MINUTE)
    code = (await school.services.courses.lectures.screen(school.office, course.id, item_id)).code
    await school.services.courses.study.sign_in(own(enrolment), enrolment.id, item_id, code)
    clock.set(ends)
    await work(school.services, "course_end", "course_learned", "course_close")
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.excluded_at) == ("finished", None)
    await check_invariants()


async def test_the_code_of_a_lecture_changes_and_is_soon_worth_nothing(school: School, clock: FixedClock) -> None:
    """Whoever gets it by message after the lecture, or a minute later, was not there."""
    expert = await school.expert()
    course = await school.course()
    begins = course.opens_at + DAY
    await CourseItem.filter(course_id=course.id).delete()
    lecture, other = [
        await school.services.courses.setup.add_item(
            school.office, course.id, CourseItemData("live", "面授", 200, begins, begins + 90 * MINUTE, "培训中心201")
        )
        for _ in range(2)
    ]
    await school.services.courses.setup.publish(school.office, course.id)
    await work(school.services, "course_call")
    enrolment = await school.enrolment(expert)
    lectures, study, person = school.services.courses.lectures, school.services.courses.study, own(enrolment)
    with pytest.raises(Forbidden):
        await lectures.screen(person, course.id, lecture)
    clock.set(begins)
    shown = await lectures.screen(school.office, course.id, lecture)
    assert timedelta(seconds=40) < shown.until - begins <= MINUTE
    with pytest.raises(InvalidInput, match="已更新"):
        await study.sign_in(person, enrolment.id, other, shown.code)
    clock.set(shown.until)
    with pytest.raises(InvalidInput, match="已更新"):
        await study.sign_in(person, enrolment.id, lecture, shown.code)
    later = await lectures.screen(school.office, course.id, lecture)
    assert (await study.sign_in(person, enrolment.id, lecture, later.code)).done


async def test_the_code_of_a_lecture_is_not_found_by_trying(school: School, clock: FixedClock) -> None:
    """After ten wrong codes within an hour even the right one is refused, for every lecture."""
    expert = await school.expert()
    course = await school.course()
    begins = course.opens_at + DAY
    await CourseItem.filter(course_id=course.id).delete()
    item_id = await school.services.courses.setup.add_item(
        school.office, course.id, CourseItemData("live", "面授", 200, begins, begins + 90 * MINUTE, "培训中心201")
    )
    await school.services.courses.setup.publish(school.office, course.id)
    await work(school.services, "course_call")
    enrolment = await school.enrolment(expert)
    lectures, study, person = school.services.courses.lectures, school.services.courses.study, own(enrolment)
    clock.set(begins)
    right = (await lectures.screen(school.office, course.id, item_id)).code
    for guess in range(1, 11):
        with pytest.raises(InvalidInput, match="现在的数字"):
            await study.sign_in(person, enrolment.id, item_id, f"{(int(right) + guess) % 10**6:06d}")
    with pytest.raises(TooMany, match="签到码错误次数过多"):
        await study.sign_in(person, enrolment.id, item_id, right)
    clock.move(61 * MINUTE)
    right = (await lectures.screen(school.office, course.id, item_id)).code
    assert (await study.sign_in(person, enrolment.id, item_id, right)).done


async def test_others_courses_are_not_there(school: School) -> None:
    expert, other = await school.expert(), await school.expert()
    await school.published()
    enrolment = await school.enrolment(expert)
    stranger = own(await school.enrolment(other))
    with pytest.raises(Exception, match="找不到这门课程"):
        await school.services.courses.queries.get(stranger, enrolment.id)


# ---- the office


async def test_a_published_course_stays_as_it_is(school: School) -> None:
    course = await school.published()
    (item,) = await CourseItem.filter(course_id=course.id)
    setup, office = school.services.courses.setup, school.office
    for act in (
        setup.delete(office, course.id),
        setup.delete_item(office, course.id, item.id),
        setup.add_item(office, course.id, CourseItemData("video", "更多")),
        setup.move_item(office, course.id, item.id, 1),
    ):
        with pytest.raises(Conflict):
            await act


async def test_what_is_missing_is_said_before_publishing(school: School) -> None:
    course = await school.course()
    await CourseItem.filter(course_id=course.id).update(seconds=0)
    setup = school.services.courses.setup
    await setup.add_item(school.office, course.id, CourseItemData("pages", "讲义"))
    problems = [fault.text for fault in await setup.check_list(school.office, course.id)]
    assert problems == ["“招标投标法”还没有上传视频", "“讲义”还没有上传页面"]
    with pytest.raises(Conflict, match="还没有上传视频"):
        await setup.publish(school.office, course.id)


async def test_the_office_records_training_that_took_place_elsewhere(school: School) -> None:
    expert = await school.expert()
    await school.published(amount=12_000)
    enrolment = await school.enrolment(expert)
    myself = Actor("demo", "pool_admin", enrolment.account_id)
    with pytest.raises(Forbidden):
        await school.services.courses.completion.record_finished(myself, enrolment.id, "现场培训")
    await school.services.courses.completion.record_finished(school.office, enrolment.id, "现场培训")
    await enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.progress) == ("finished", 0)
    assert (await Fee.get(enrolment_id=enrolment.id)).state == "void"
    with pytest.raises(Conflict):
        await school.services.courses.completion.record_finished(school.office, enrolment.id, "现场培训")


async def test_enrolled_experts_are_notified_of_a_prolonged_course(school: School, clock: FixedClock) -> None:
    expert = await school.expert()
    course = await school.published()
    with pytest.raises(InvalidInput):
        await school.services.courses.setup.prolong(school.office, course.id, course.closes_at, "春节")
    until = course.closes_at + 5 * DAY
    await school.services.courses.setup.prolong(school.office, course.id, until, "春节")
    assert (await school.enrolment(expert)).closes_at == until
    assert (await kinds(expert.account_id))[-1] == "course_changed"


@pytest.mark.parametrize(
    ("broken", "finding"),
    [
        ("UPDATE course_enrolment SET excluded_at = now()", "for want of a course"),
        ("UPDATE course_study SET done_at = NULL", "something of it was not"),
        ("UPDATE fee SET state = 'due', paid_at = NULL", "a fee is due of a course"),
    ],
)
async def test_the_check_finds_what_must_not_be(school: School, clock: FixedClock, broken: str, finding: str) -> None:
    expert = await school.expert()
    await school.published(amount=12_000)
    enrolment = await school.enrolment(expert)
    await school.pay(enrolment)
    clock.move(3 * DAY)
    await school.study_all(enrolment)
    assert await find_broken() == []
    await execute(broken)
    assert any(finding in line for line in await find_broken())
