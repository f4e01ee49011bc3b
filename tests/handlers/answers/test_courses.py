"""Questions about courses and certificates, answered by where the person's own stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from models.accounts import Account
from models.courses import CourseEnrolment
from models.exams import ExamCandidate
from models.experts import Expert
from services.certificates import CertificateSubject
from services.core.base import transaction
from tests.factories.courses import DAY, MINUTE, School
from tests.factories.exams import make_office, work
from tests.factories.people import make_account
from tests.handlers.answers.exam_room import hand_in, make_waiting_applicant, publish_exam
from tests.handlers.conftest import Phone, World

HOW, PROGRESS, CERTIFICATE = "怎么学习课程", "学习进度不动", "证书在哪里"
NAME = "2025年第一批继续教育培训"


async def make_student(world: World, **data: Any) -> tuple[Phone, School, CourseEnrolment]:
    """An expert who takes a course that opens in a minute, and the phone."""
    school = School(world.services, await make_office(world.office.deps), world.clock)
    expert = await school.expert()
    await school.published(**({"after": MINUTE} | data))
    phone = await world.phone_with(await Account.get(id=expert.account_id))
    return phone, school, await school.enrolment(expert)


async def issue(world: World, account_id: Any) -> None:
    async with transaction():
        subject = CertificateSubject("course", account_id, None, new_id(), (("学时", "8"),))
        await world.services.certificates.issuing.issue("demo", subject, world.clock.now())


# ---- studying


@pytest.mark.parametrize("question", [HOW, PROGRESS])
async def test_where_no_courses_are_offered_materials_are(
    world: World, phone: Phone, stranger: Phone, question: str
) -> None:
    world.set_rules(course={"offered": False})
    for each in (phone, stranger):
        screen = await each.says(question)
        assert ("没有网上课程" in screen, "考试前可以先看" in screen) == (True, False)
    world.set_rules(entry={"stages": ("exam",)})
    assert "考试前可以先看培训资料" in await phone.says(question)


@pytest.mark.parametrize("question", [HOW, PROGRESS])
async def test_a_stranger_is_asked_to_bind(stranger: Phone, question: str) -> None:
    screen = await stranger.says(question)
    assert "绑定身份" in screen
    assert "没有网上课程" not in screen


@pytest.mark.parametrize("question", [HOW, PROGRESS])
async def test_without_a_course_it_says_what_comes_next(world: World, phone: Phone, question: str) -> None:
    assert "您目前没有需要参加的培训" in await phone.says(question)
    applicant, _ = await make_waiting_applicant(world)
    screen = await applicant.says(question)
    assert ("您目前没有需要参加的培训" in screen, "下一步：" in screen) == (True, True)


async def test_an_expert_without_a_course_reads_of_the_enrolment_that_is_open(
    world: World, expert: Expert, phone: Phone
) -> None:
    world.set_rules(campaigns={"required": False, "entry_types": ("first", "education")})
    account = await Account.get(id=(await Expert.get(id=expert.id)).account_id)
    await Account.filter(id=account.id).update(
        registered_at=world.clock.now(), id_number_hash=expert.id_number_hash, id_number_sealed=expert.id_number_sealed
    )
    screen = await phone.says(HOW)
    assert "继续教育" in screen
    assert "/h5/demo/apply?entry_type=education" in screen


async def test_courses_are_shown_with_the_way_to_study(world: World) -> None:
    phone, _, enrolment = await make_student(world)
    screen = await phone.says(HOW)
    assert screen.startswith("在手机或电脑打开下面的课程即可学习")
    assert (f"【{NAME}】" in screen, f"/h5/demo/courses/{enrolment.id}" in screen) == (True, True)
    assert "缴费到账" not in screen


async def test_an_unpaid_course_opens_after_payment(world: World) -> None:
    phone, _, _ = await make_student(world, amount=12_000)
    assert "待缴费的课程，缴费到账后开通" in await phone.says(HOW)
    world.set_rules(course={"access_after": DAY})
    assert "待缴费的课程，缴费到账1天后开通" in await phone.says(HOW)


# ---- progress


async def test_what_is_still_to_be_studied_is_linked(world: World) -> None:
    phone, school, enrolment = await make_student(world)
    world.clock.move(2 * MINUTE)
    screen = await phone.says(PROGRESS)
    assert f"“{NAME}”已学0%，还没学完" in screen
    assert ("1. 招标投标法</a>" in screen, f"/h5/demo/courses/{enrolment.id}/items/" in screen) == (True, True)
    assert ("首次学习不能拖动快进" in screen, "请拨打400-000-0000" in screen) == (True, True)
    assert "询问是否在学习" not in screen
    world.set_rules(course={"presence_every": 10 * MINUTE})
    assert "询问是否在学习" in await phone.says(PROGRESS)
    await school.study_all(enrolment)
    assert "已培训完毕" in await phone.says(PROGRESS)


async def test_a_course_that_can_not_be_studied_says_why(world: World) -> None:
    phone, _, enrolment = await make_student(world, amount=12_000)
    screen = await phone.says(PROGRESS)
    assert "还没有缴费，到账后才能学习" in screen
    assert "120.00" in await phone.taps("缴费")
    await CourseEnrolment.filter(id=enrolment.id).update(state="left")
    assert "您已不再参加" in await phone.says(PROGRESS)


async def test_a_course_ahead_says_from_when_it_is_studied(world: World) -> None:
    phone, _, _ = await make_student(world, after=3 * DAY)
    assert "还没到时间，11月24日(周二) 12:00起可以学习" in await phone.says(PROGRESS)


async def test_everything_studied_waits_for_the_examination(world: World) -> None:
    phone, _, enrolment = await make_student(world)
    await CourseEnrolment.filter(id=enrolment.id).update(state="learned")
    assert "考试合格后才显示培训完毕" in await phone.says(PROGRESS)


@pytest.mark.parametrize(("required", "expected"), [(True, "已暂停抽取"), (False, "学习时间已结束")])
async def test_a_course_that_is_over_leads_to_its_page(world: World, required: bool, expected: str) -> None:
    phone, _, enrolment = await make_student(world, amount=12_000, required=required)
    world.clock.move(40 * DAY)
    await work(world.services, "course_end", "course_close")
    screen = await phone.says(PROGRESS)
    assert expected in screen
    assert f"/h5/demo/courses/{enrolment.id}" in screen


# ---- certificates


async def test_certificates_are_linked_and_never_on_paper(world: World) -> None:
    account = await make_account(world.office.deps)
    phone = await world.phone_with(account)
    for _ in range(7):
        world.clock.move(timedelta(minutes=1))
        await issue(world, account.id)
    screen = await phone.says(CERTIFICATE)
    assert screen.count("继续教育合格证书</a>") == 5
    assert "系统不发纸质证书" in screen


async def test_where_none_are_issued_an_expert_prints_the_own_file(world: World, phone: Phone, stranger: Phone) -> None:
    world.set_rules(certificate={"course": None, "exam": None})
    screen = await phone.says("专家证丢了怎么补办")
    assert "不颁发电子证书" in screen
    assert ("/h5/demo/papers/information" in screen, "请拨打400-000-0000" in screen) == (True, True)
    person = await world.phone_with(await make_account(world.office.deps))
    screen = await person.says(CERTIFICATE)
    assert ("不颁发电子证书" in screen, "papers/information" in screen) == (True, False)
    screen = await stranger.says(CERTIFICATE)
    assert ("不颁发电子证书" in screen, "绑定身份" in screen) == (True, True)


async def test_a_stranger_binds_to_see_certificates(stranger: Phone) -> None:
    screen = await stranger.says(CERTIFICATE)
    assert ("不颁发" in screen, "绑定身份" in screen) == (False, True)


async def test_without_a_certificate_the_course_says_what_is_missing(world: World) -> None:
    phone, _, enrolment = await make_student(world)
    assert "全部学完（有考试的，考试合格）后自动颁发证书" in await phone.says(CERTIFICATE)
    await CourseEnrolment.filter(id=enrolment.id).update(state="learned")
    assert f"“{NAME}”考试合格后自动颁发证书" in await phone.says(CERTIFICATE)
    await CourseEnrolment.filter(id=enrolment.id).update(state="finished", finished_at=world.clock.now())
    assert "还没有的，请拨打400-000-0000补发" in await phone.says(CERTIFICATE)
    await CourseEnrolment.filter(id=enrolment.id).update(state="left", finished_at=None)
    assert "您还没有证书" in await phone.says(CERTIFICATE)


async def test_without_a_certificate_the_examination_says_what_is_missing(world: World, phone: Phone) -> None:
    assert "您还没有证书" in await phone.says(CERTIFICATE)
    applicant, application = await make_waiting_applicant(world)
    exam = await publish_exam(world)
    assert "考试合格后自动颁发证书" in await applicant.says(CERTIFICATE)
    world.clock.set(exam.opens_at)
    await hand_in(world, application)
    assert "还没有公布成绩" in await applicant.says(CERTIFICATE)
    await ExamCandidate.filter(application_id=application.id).update(state="passed")
    assert "还没有的，请拨打400-000-0000补发" in await applicant.says(CERTIFICATE)
