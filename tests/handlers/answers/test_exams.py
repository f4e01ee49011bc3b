"""Questions about sitting an examination, answered for the most urgent one in its present phase."""

from __future__ import annotations

import pytest

from models.accounts import Account
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.exams import SittingData
from tests.factories.courses import School
from tests.factories.exams import make_attempt, make_exam, make_items, make_office, work
from tests.handlers.answers.exam_room import (
    DAY,
    HOUR,
    MINUTE,
    candidate_of,
    hand_in,
    make_waiting_applicant,
    publish_exam,
)
from tests.handlers.conftest import Phone, World

WHEN, BOOK, ENTER, TROUBLE, FACE = "什么时候考试", "怎么预约考试", "怎么进入考试", "考试断网了", "人脸识别失败"
NAME = "2026年第二批征集统一考试"


async def publish_with_sitting(world: World) -> ExamSitting:
    """An examination whose one sitting is booked by candidates."""
    world.set_rules(exam={"booking": True, "booking_until": DAY}, entry={"stages": ("exam",)})
    await make_items(20)
    office = await make_office(world.services.deps)
    exam_id = await make_exam(world.services, office)
    opens = (await Exam.get(id=exam_id)).opens_at
    await world.services.exams.sittings.add(office, exam_id, SittingData(opens, opens + HOUR, None, "三楼机房"))
    await world.services.exams.setup.publish(office, exam_id)
    await work(world.services, "exam_call")
    return await ExamSitting.get(exam_id=exam_id)


# ---- no examination


@pytest.mark.parametrize("question", [WHEN, BOOK, ENTER, TROUBLE])
async def test_a_stranger_is_asked_to_bind_or_reads_that_there_is_none(
    world: World, stranger: Phone, question: str
) -> None:
    screen = await stranger.says(question)
    assert ("绑定身份" in screen, "不设考试" in screen) == (True, False)
    world.set_rules(course={"offered": False})
    screen = await stranger.says(question)
    assert ("绑定身份" in screen, "入库不设考试" in screen) == (True, True)


@pytest.mark.parametrize("question", [WHEN, BOOK, ENTER, TROUBLE])
async def test_without_an_examination_it_says_why(world: World, phone: Phone, question: str) -> None:
    assert "入库不设考试" in await phone.says(question)
    world.set_rules(entry={"stages": ("fee", "exam")})
    assert "您目前没有需要参加的考试" in await phone.says(question)
    assert "不设考试" not in phone.screen
    waiting, _ = await make_waiting_applicant(world)
    assert "您的申请正在等待考试" in await waiting.says(question)
    reviewed, _ = await make_waiting_applicant(world, state="reviewing")
    assert "审核、缴费都完成后才安排" in await reviewed.says(question)


async def test_who_takes_a_course_reads_that_it_comes_first(world: World) -> None:
    school = School(world.services, await make_office(world.services.deps), world.clock)
    expert = await school.expert()
    await school.published(after=MINUTE)
    phone = await world.phone_with(await Account.get(id=expert.account_id))
    assert "课程还没学完" in await phone.says(WHEN)
    enrolment = await school.enrolment(expert)
    await type(enrolment).filter(id=enrolment.id).update(state="learned")
    assert "课程已学完，考试由管理机构安排" in await phone.says(WHEN)


# ---- when


async def test_an_examination_ahead_is_shown_and_needs_no_ticket(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    await publish_exam(world)
    screen = await phone.says("准考证在哪")
    assert ("11月26日(周四) 12:00至22:00" in screen, "不用准考证" in screen, "进入考试" in screen) == (True, True, True)
    await ExamCandidate.filter(application_id=application.id).update(state="passed")
    screen = await phone.says(WHEN)
    assert ("状态：合格" in screen, "准考证" in screen) == (True, False)


async def test_two_examinations_fit_one_bubble(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    await publish_exam(world)
    other = await publish_exam(world, name="2026年第三批征集统一考试（补充场次）")
    called = {"application_id": application.id, "account_id": application.account_id, "called_at": world.clock.now()}
    await ExamCandidate.create(exam_id=other.id, **called)
    assert (await phone.says(WHEN)).count("进入考试</a>") == 2


# ---- booking


async def test_where_candidates_book_the_conversation_begins(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    await publish_with_sitting(world)
    assert "还没有预约" in await phone.says(BOOK)
    assert "三楼机房" in phone.screen
    assert (await candidate_of(application)).sitting_id is None


async def test_where_nobody_books_it_says_so_and_offers_no_leave(world: World) -> None:
    phone, _ = await make_waiting_applicant(world)
    await publish_exam(world)
    screen = await phone.says("考试能请假吗")
    assert "统一安排，不用预约，也不能自选或改换场次：11月26日(周四) 12:00至22:00" in screen
    assert "在截止前留足10分钟" in screen
    assert "请在考前拨打400-000-0000说明" in screen
    assert "content=请假&" not in screen


async def test_after_the_examination_nothing_is_booked(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.closes_at + HOUR)
    assert "没有您的答卷。\n请拨打400-000-0000" in await phone.says(BOOK)
    await ExamCandidate.filter(application_id=application.id).update(state="passed")
    assert "合格" in await phone.says(BOOK)


# ---- entering


async def test_how_to_enter_follows_the_clock_and_the_paper(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    screen = await phone.says(ENTER)
    assert ("还没到时间" in screen, "开考前10分钟可以进入" in screen) == (True, True)
    assert ("手机、电脑和平板都能考" in screen, "/x/" in screen, "还进不去" in screen) == (True, True, False)
    world.clock.set(exam.opens_at - 5 * MINUTE)
    assert "可以进入候考，11月26日(周四) 12:00开始" in await phone.says(ENTER)
    world.clock.set(exam.opens_at)
    screen = await phone.says(ENTER)
    assert ("现在可以进入" in screen, "勾选考试须知" in screen, "马上拨打400-000-0000" in screen) == (True, True, True)
    attempt = await make_attempt(world.services, await candidate_of(application), "running")
    assert "正在答题，计时不停" in await phone.says(ENTER)
    await ExamAttempt.filter(id=attempt.id).update(
        state="released", sealed_at=world.clock.now(), score=400, total=1000, passed=False
    )
    assert "11月26日(周四) 12:01起可以再次作答" in await phone.says(ENTER)
    world.clock.set(exam.closes_at + HOUR)
    assert "没有您的答卷" in await phone.says(ENTER)


async def test_a_sitting_is_booked_before_entering(world: World) -> None:
    phone, _ = await make_waiting_applicant(world)
    await publish_with_sitting(world)
    assert "要先预约场次" in await phone.says(ENTER)
    assert "还没有预约" in await phone.taps("预约考试")


async def test_an_examination_with_a_face_check_is_entered_on_a_phone(world: World) -> None:
    phone, _ = await make_waiting_applicant(world)
    world.set_rules(exam={"face_check": "wechat"})
    await publish_exam(world)
    screen = await phone.says(ENTER)
    assert ("请用手机微信打开" in screen, "电脑" in screen) == (True, False)


# ---- trouble


async def test_a_paper_that_runs_is_gone_on_with_at_once(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    assert "还没有开始作答" in await phone.says(TROUBLE)
    await make_attempt(world.services, await candidate_of(application), "running")
    screen = await phone.says(TROUBLE)
    assert screen.startswith("▸ <a href=")
    assert ("已存的答案都在" in screen, "不会自动作废" in screen, "400-000-0000" in screen) == (True, True, True)
    assert (await ExamAttempt.get(candidate_id=(await candidate_of(application)).id)).state == "running"


async def test_a_paper_handed_in_by_hand_stays_so(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    await hand_in(world, application)
    screen = await phone.says("误点提前交卷")
    assert "已于11月26日(周四) 12:00交卷，不能撤回或再改" in screen
    assert "还可作答" not in screen
    await ExamAttempt.all().update(state="released", score=40, total=100, passed=False)
    assert "还可作答2次" in await phone.says(TROUBLE)


async def test_a_paper_that_ended_by_time_may_be_completed(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    attempt = await hand_in(world, application, submitted_at=None)
    screen = await phone.says(TROUBLE)
    assert "到时自动交卷" in screen
    assert "没能上传的答案，请在11月27日(周五) 13:00前到考试页面提交离线作答" in screen
    assert attempt.deadline is not None
    world.clock.set(attempt.deadline + 2 * DAY)
    assert "离线作答" not in await phone.says(TROUBLE)


# ---- face check


async def test_no_face_is_checked_where_the_pool_asks_for_none(world: World, phone: Phone, stranger: Phone) -> None:
    for each in (phone, stranger):
        assert "目前不要求人脸识别" in await each.says(FACE)
    world.set_rules(exam={"face_check": "wechat"})
    screen = await phone.says(FACE)
    assert ("人脸核身由微信完成" in screen, "不愿意或通不过的：请携带身份证" in screen) == (True, True)
    world.set_rules(exam={"face_check": "none"})
    applicant, _ = await make_waiting_applicant(world)
    await publish_exam(world)
    assert f"“{NAME}”不要求人脸识别" in await applicant.says(FACE)


async def test_a_face_that_is_not_recognised_has_another_way(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    world.set_rules(exam={"face_check": "wechat", "face_other_way": "请到窗口核验。"})
    await publish_exam(world)
    screen = await phone.says(FACE)
    assert ("摘下口罩再试" in screen, "/x/" in screen, "不愿意或通不过的：请到窗口核验。" in screen) == (
        True,
        True,
        True,
    )
    await ExamCandidate.filter(application_id=application.id).update(face="wechat")
    assert "或已经通过" in await phone.says(FACE)
