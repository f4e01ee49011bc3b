"""Questions about rules, results and retakes, answered for the person's own examinations and courses."""

from __future__ import annotations

from typing import Any

import pytest

from models.accounts import Account
from models.applications import Application
from models.courses import CourseEnrolment
from models.exams import ExamAppeal, ExamCandidate
from tests.factories.courses import School
from tests.factories.exams import make_attempt, make_office, own, work
from tests.handlers.answers.exam_room import DAY, HOUR, candidate_of, hand_in, make_waiting_applicant, publish_exam
from tests.handlers.conftest import Phone, World

RULES, SCORE, RETAKE = "考试考什么", "考试成绩", "怎么补考"
NAME = "2026年第二批征集统一考试"


async def make_student(world: World, **data: Any) -> tuple[Phone, CourseEnrolment]:
    """An expert who takes a course, and the phone."""
    school = School(world.services, await make_office(world.office.deps), world.clock)
    expert = await school.expert()
    await school.published(**data)
    return await world.phone_with(await Account.get(id=expert.account_id)), await school.enrolment(expert)


# ---- rules


async def test_the_rules_of_the_examination_that_is_ahead(world: World) -> None:
    phone, _ = await make_waiting_applicant(world)
    await publish_exam(world)
    rules = world.services.deps.book("demo").exam
    screen = await phone.says(RULES)
    assert f"“{NAME}”：10分钟，满分的{rules.pass_percent}%合格，还可作答3次" in screen
    assert (rules.marking_text in screen, "不得由他人代考" in screen, "题库不公开" in screen) == (True, True, True)
    assert ("/x/" in screen, "免考由管理机构决定，请拨打400-000-0000" in screen) == (True, True)


async def test_the_rules_of_the_pool_for_everybody_else(world: World, phone: Phone, stranger: Phone) -> None:
    for each in (phone, stranger):
        assert "一般10分钟" in await each.says(RULES)
        assert "以考试通知为准" in each.screen
    assert (await phone.says(RULES)).startswith("您目前没有需要参加的考试。本库的考试一般是这样：")
    world.set_rules(course={"offered": False})
    for each in (phone, stranger):
        assert "入库不设考试" in await each.says(RULES)
    world.set_rules(entry={"stages": ("exam",)})
    assert "一般10分钟" in await phone.says(RULES)


# ---- results


async def test_a_stranger_may_ask_only_for_the_own_result(stranger: Phone) -> None:
    screen = await stranger.says(SCORE)
    assert ("只能查自己的" in screen, "绑定身份" in screen) == (True, True)


async def test_before_and_after_the_paper_the_result_is_not_there(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    assert "还没有交卷，没有成绩：11月26日(周四) 12:00至22:00" in await phone.says(SCORE)
    world.clock.set(exam.opens_at)
    attempt = await hand_in(world, application)
    screen = await phone.says(SCORE)
    assert ("成绩还没有公布" in screen, "通常在考后1天内评完" in screen) == (True, True)
    await type(attempt).filter(id=attempt.id).delete()
    world.clock.set(exam.closes_at + HOUR)
    assert "没有您的成绩。参加过考试的，请拨打400-000-0000" in await phone.says(SCORE)


async def test_each_released_result_is_told_with_the_appeal(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    released = {"released_at": exam.opens_at, "score": 400, "total": 1000}
    attempt = await hand_in(world, application, "released", passed=False, **released)
    screen = await phone.says(SCORE)
    assert f"“{NAME}”：40分（合格线60分），未合格" in screen
    assert "12月1日(周二) 12:00前可以在考试页面申请复核" in screen
    assert "不公布排名和他人成绩" in screen
    await hand_in(world, application, "released", passed=True, **released | {"score": 800})
    screen = await phone.says(SCORE)
    assert ("第1次：40分" in screen, "第2次：80分（合格线60分），合格" in screen) == (True, True)
    assert attempt.number == 1


@pytest.mark.parametrize(
    ("appeal", "expected"),
    [("open", "您的复核申请正在办理"), ("rejected", "复核答复：答案无误")],
)
async def test_an_appeal_is_told_with_its_answer(world: World, appeal: str, expected: str) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    attempt = await hand_in(world, application, "released", score=400, total=1000, released_at=exam.opens_at)
    candidate = await candidate_of(application)
    await world.services.exams.appeals.appeal(own(candidate), candidate.id, attempt.id, "请再看一遍")
    if appeal == "rejected":
        await ExamAppeal.all().update(state=appeal, answer="答案无误")
    screen = await phone.says(SCORE)
    assert (expected in screen, "前可以在考试页面申请复核" in screen) == (True, False)


async def test_a_result_that_the_office_recorded_of_a_course(world: World) -> None:
    phone, enrolment = await make_student(world)
    assert "近期没有您的考试成绩" in await phone.says(SCORE)
    await CourseEnrolment.filter(id=enrolment.id).update(exam_state="passed", marked_at=world.clock.now())
    assert "“2025年第一批继续教育培训”的考试：合格" in await phone.says(SCORE)


# ---- again


async def test_tries_that_are_left_cost_nothing_more(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    assert "还没有考：11月26日(周四) 12:00至22:00" in await phone.says(RETAKE)
    world.clock.set(exam.opens_at)
    await hand_in(world, application, "released", score=400, total=1000, passed=False)
    assert "还可作答2次，11月26日(周四) 12:01起，取最好成绩，不另收费" in await phone.says(RETAKE)
    world.clock.set(exam.opens_at + HOUR)
    assert "还可作答2次，取最好成绩" in await phone.says(RETAKE)
    await make_attempt(world.services, await candidate_of(application), "running")
    assert "正在答题，请马上点下面的链接继续" in await phone.says(RETAKE)


async def test_who_waits_for_the_result_or_passed_needs_no_retake(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    await hand_in(world, application)
    assert "成绩公布后才知道要不要再考" in await phone.says(RETAKE)
    await ExamCandidate.filter(application_id=application.id).update(state="passed")
    assert "已合格，不用补考" in await phone.says(RETAKE)


async def test_after_the_last_try_the_application_decides(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.closes_at + HOUR)
    assert "您的申请保留：下一次考试安排好会通知您" in await phone.says("考试没过怎么办")
    await ExamCandidate.filter(application_id=application.id).update(state="failed")
    assert "您的申请保留" in await phone.says(RETAKE)
    ended = {"state": "refused", "ended_at": world.clock.now()}
    await Application.filter(id=application.id).update(**ended)
    assert "本次申请已结束，可以在征集期内重新申报" in await phone.says(RETAKE)
    await Application.filter(id=application.id).update(state="terminated")
    assert "能否补考由管理机构决定，请拨打400-000-0000" in await phone.says(RETAKE)


async def test_who_passed_later_is_done(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    first = await publish_exam(world)
    world.clock.set(first.closes_at + HOUR)
    await ExamCandidate.filter(application_id=application.id).update(state="failed")
    second = await publish_exam(world, name="第二次考试")
    await ExamCandidate.filter(exam_id=second.id).update(state="passed")
    assert "“第二次考试”已合格" in await phone.says(RETAKE)


async def test_a_course_that_was_not_passed_is_made_up(world: World) -> None:
    phone, enrolment = await make_student(world, amount=12_000, required=True)
    assert "没有您未通过的考试" in await phone.says(RETAKE)
    world.clock.move(40 * DAY)
    await work(world.services, "course_end", "course_close")
    assert "缴费补学后可以再考，120.00元" in await phone.says(RETAKE)
    assert f"/h5/demo/courses/{enrolment.id}" in phone.screen


async def test_a_free_course_is_made_up_free(world: World) -> None:
    phone, _ = await make_student(world, required=True)
    world.clock.move(40 * DAY)
    await work(world.services, "course_end")
    world.clock.move(8 * DAY)
    await work(world.services, "course_end")
    assert "可以补学后再考，不收费" in await phone.says(RETAKE)


async def test_a_course_in_its_further_period_goes_on(world: World) -> None:
    phone, enrolment = await make_student(world)
    world.clock.move(2 * DAY)
    await CourseEnrolment.filter(id=enrolment.id).update(exam_state="failed", marked_at=world.clock.now())
    assert "可以继续学习到12月12日(周六) 12:00" in await phone.says(RETAKE)


async def test_without_any_examination_none_was_failed(phone: Phone, stranger: Phone) -> None:
    assert "没有您未通过的考试" in await phone.says(RETAKE)
    assert "绑定身份" in await stranger.says(RETAKE)
