"""考试 by chat: one bubble with the examination, and a sitting that is booked, changed and given back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from domain.exams.purposes import Purpose
from models.accounts import Account
from models.applications import Application
from models.courses import CourseEnrolment
from models.exams import Exam, ExamCandidate, ExamSitting
from services.exams import SittingData
from tests.factories.courses import School
from tests.factories.exams import make_attempt, make_exam, make_items, make_office, make_published, own, work
from tests.factories.reviews import make_application, make_catalogues
from tests.handlers.conftest import Phone, World

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
async def _bank(world: World) -> None:
    await make_catalogues()
    await make_items(20)


async def make_waiting_applicant(world: World, **columns: Any) -> tuple[Phone, Application]:
    """A person whose application passed the review, and the phone."""
    values = {"state": "exam", "approved_at": world.clock.now()} | columns
    application = await make_application(world.services.deps, **values)
    return await world.phone_with(await Account.get(id=application.account_id)), application


async def publish_exam(world: World, **data: Any) -> Exam:
    return await make_published(world.services, await make_office(world.services.deps), **data)


async def publish_exam_with_sittings(world: World, *capacities: int | None) -> list[ExamSitting]:
    """An examination that is booked, with a sitting every two hours."""
    world.set_rules(exam={"booking": True, "booking_until": timedelta(days=1), "mock": False})
    office = await make_office(world.services.deps)
    exam_id = await make_exam(world.services, office)
    opens = (await Exam.get(id=exam_id)).opens_at
    for at, capacity in enumerate(capacities):
        data = SittingData(opens + at * 2 * HOUR, opens + (at * 2 + 1) * HOUR, capacity, "三楼机房")
        await world.services.exams.sittings.add(office, exam_id, data)
    await world.services.exams.setup.publish(office, exam_id)
    await work(world.services, "exam_call")
    return await ExamSitting.filter(exam_id=exam_id).order_by("starts_at")


async def candidate_of(application: Application) -> ExamCandidate:
    return await ExamCandidate.get(application_id=application.id).select_related("exam")


async def test_the_word_and_the_question_say_alike_why_there_is_none(world: World) -> None:
    """Of a course that is learned, whose examination is not arranged yet, as of an application under review."""
    school = School(world.services, await make_office(world.services.deps), world.clock)
    expert = await school.expert()
    await school.published()
    await CourseEnrolment.filter(expert_id=expert.id).update(state="learned")
    student = await world.phone_with(await Account.get(id=expert.account_id))
    for typed in ("考试", "什么时候考试"):
        assert "课程已学完，考试由管理机构安排" in await student.says(typed), typed


async def test_a_candidate_is_led_to_the_check_of_the_phone(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    candidate = await ExamCandidate.get(application_id=application.id)
    trial = f"/h5/demo/exams/{candidate.id}/trial"
    assert trial in await phone.says("考试")
    world.clock.set(exam.closes_at)
    assert trial not in await phone.says("考试")


@pytest.mark.parametrize("word", ["考试", "我的考试", "进入考试", "考试时间"])
async def test_one_bubble_says_when_how_long_what_to_bring_and_where(world: World, word: str) -> None:
    phone, application = await make_waiting_applicant(world)
    await publish_exam(world)
    rules = world.services.deps.book("demo").exam
    screen = await phone.says(word)
    for part in ("2026年第二批征集统一考试", "11月26日(周四) 12:00至22:00", rules.bring, "还没开始", "还可作答"):
        assert part in screen
    assert f"时长：{int(rules.length.total_seconds() // 60)}分钟" in screen
    token = re.findall(r"/x/([\w-]+)", screen)[0]
    candidate = await candidate_of(application)
    path = await world.services.exams.own_exams.resolve_link(token, application.account_id)
    assert path == f"/h5/demo/exams/{candidate.id}"


async def test_the_state_follows_the_clock_and_the_paper(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    world.clock.set(exam.opens_at)
    assert "可以开始答题" in await phone.says("考试")
    await make_attempt(world.services, await candidate_of(application), "running")
    assert "正在答题" in await phone.says("考试")
    await ExamCandidate.all().update(state="passed")
    screen = await phone.says("考试")
    assert "状态：合格" in screen
    assert "还可作答" not in screen


async def test_progress_menu_and_status_lead_there(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    await publish_exam(world)
    candidate = await candidate_of(application)
    for word in ("进度", "申报"):
        screen = await phone.says(word)
        assert f"/h5/demo/exams/{candidate.id}" in screen, word
        assert "进入考试" in screen
    assert "待参与考试" in await phone.says("申报")
    for word in ("我的状态", "菜单"):
        assert "待参与考试：2026年第二批征集统一考试" in await phone.says(word), word
    assert "状态：还没开始" in await phone.taps("考试")


async def test_an_applicant_without_a_scheduled_examination_is_asked_to_wait(world: World) -> None:
    phone, _ = await make_waiting_applicant(world)
    assert "考试还没有安排" in await phone.says("考试")
    assert "没有需要预约的考试场次" in await phone.says("预约考试")


async def test_who_has_none_and_who_is_unknown(world: World, phone: Phone, stranger: Phone) -> None:
    assert "没有需要参加的考试" in await phone.says("考试")
    assert "绑定身份" in await stranger.says("考试")
    assert "绑定身份" in await stranger.says("预约考试")


async def test_a_sitting_is_booked_changed_and_given_back(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    early, late = await publish_exam_with_sittings(world, 1, None)
    assert "请先预约场次" in await phone.says("考试")
    screen = await phone.taps("预约考试")
    assert "还没有预约" in screen
    await phone.taps("11月26日(周四) 12:00至13:00 三楼机房（余1）")
    assert "已预约：11月26日(周四) 12:00至13:00" in phone.screen
    assert (await candidate_of(application)).sitting_id == early.id
    assert "11月25日(周三) 12:00前可以改约或退回" in await phone.says("考试")
    assert "已预约11月26日(周四) 12:00至13:00" in await phone.says("改约")
    await phone.taps("11月26日(周四) 14:00至15:00 三楼机房")
    assert (await candidate_of(application)).sitting_id == late.id
    await phone.says("退回预约")
    await phone.taps("退回预约")
    assert "已退回预约" in phone.screen
    assert (await candidate_of(application)).sitting_id is None
    await phone.says("预约考试")
    assert "没有改动" in await phone.taps("不用了")


async def test_a_full_sitting_is_waited_for_by_chat(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    _, other = await make_waiting_applicant(world)
    early, _ = await publish_exam_with_sittings(world, 1, 1)
    rival = await candidate_of(other)
    await world.services.exams.sittings.book(own(rival), rival.id, early.id)
    await phone.says("预约考试")
    assert "已列入候补" in await phone.taps("11月26日(周四) 12:00至13:00 三楼机房（已满，候补）")
    assert "正在候补：11月26日(周四) 12:00至13:00" in await phone.says("考试")
    await world.services.exams.sittings.cancel_booking(own(rival), rival.id)
    assert (await candidate_of(application)).sitting_id == early.id


async def test_a_sitting_booked_up_meanwhile_is_refused_and_the_question_repeated(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    _, other = await make_waiting_applicant(world)
    early, late = await publish_exam_with_sittings(world, 1, 1)
    rival = await candidate_of(other)
    await phone.says("预约考试")
    await world.services.exams.sittings.book(own(rival), rival.id, early.id)
    screen = await phone.taps("11月26日(周四) 12:00至13:00 三楼机房（余1）")
    assert "已经约满" in screen
    await phone.taps("11月26日(周四) 14:00至15:00 三楼机房（余1）")
    assert (await candidate_of(application)).sitting_id == late.id


async def test_after_the_deadline_what_is_booked_stands(world: World) -> None:
    phone, application = await make_waiting_applicant(world)
    early, _ = await publish_exam_with_sittings(world, 1, 1)
    candidate = await candidate_of(application)
    await world.services.exams.sittings.book(own(candidate), candidate.id, early.id)
    world.clock.set(early.starts_at - HOUR)
    assert "已过改约时间，请按时参加" in await phone.says("预约考试")


async def test_where_nothing_can_be_booked_it_says_whom_to_ask(world: World) -> None:
    phone, _ = await make_waiting_applicant(world)
    _, late = await publish_exam_with_sittings(world, 1, 1)
    world.clock.set(late.starts_at - HOUR)
    assert "没有可以预约的场次，请拨打" in await phone.says("预约考试")


async def test_an_open_mock_stands_beside_the_real_one(world: World) -> None:
    world.set_rules(exam={"mock": True, "booking": False})
    phone, _ = await make_waiting_applicant(world)
    await publish_exam(world)
    mock = await publish_exam(world, purpose=Purpose.MOCK, name="模拟考试", after=timedelta(0))
    screen = await phone.says("考试")
    assert f"/h5/demo/exams/{(await ExamCandidate.get(exam_id=mock.id)).id}" in screen
    assert "先做模拟考试" in screen
