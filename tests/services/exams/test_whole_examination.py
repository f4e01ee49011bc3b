"""A whole examination: booking, paper, answers, marking, and entry into the pool after passing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.exams.answers import ExamAnswer
from domain.exams.papers import to_display
from models.applications import Application
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItem, ExamSitting
from models.experts import Expert
from services.core.base import Deps
from services.exams import ShownAnswer, SittingData
from tests.factories.exams import make_exam, own, work
from tests.invariants import check_invariants
from tests.services.exams.exam_scene import ExamScene, make_exam_scene
from tests.services.exams.results import put_key

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RIGHT = 0b0100
"""The third option is right; where it stands differs from paper to paper."""


@pytest.fixture
async def exam_scene(db: str, deps: Deps) -> ExamScene:
    scene = await make_exam_scene(
        deps, mock=False, booking=True, booking_until=DAY, result="at_once", tries=2, rest=HOUR
    )
    for item in await ExamItem.all():
        await put_key(item, RIGHT)
    return scene


async def make_called_candidate(exam_scene: ExamScene) -> tuple[Application, ExamCandidate]:
    """A person whose examination has two sittings, half a day apart."""
    application = await exam_scene.make_waiting_application(expert_number="ZJ0100001")
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    opens = (await Exam.get(id=exam_id)).opens_at
    for begins in (opens, opens + 6 * HOUR):
        await exam_scene.services.exams.sittings.add(
            exam_scene.office, exam_id, SittingData(begins, begins + 2 * HOUR, 1)
        )
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    await work(exam_scene.services, "exam_call", "exam_papers")
    return application, await exam_scene.candidate_of(application)


async def sit(exam_scene: ExamScene, clock: FixedClock, candidate: ExamCandidate, *, right: int) -> ExamAttempt:
    """Book the next sitting that is open, wait for it, and answer so many of the five questions right."""
    exams, person = exam_scene.services.exams, own(candidate)
    free = next(
        sitting for sitting in (await exams.sitting_queries.get_booking(person, candidate.id)).sittings if sitting.open
    )
    await exams.sittings.book(person, candidate.id, free.id)
    clock.set((await ExamSitting.get(id=free.id)).starts_at)
    await exams.attempts.accept_notice(person, candidate.id)
    paper = await exams.attempts.start(person, candidate.id)
    attempt = await ExamAttempt.get(id=paper.attempt_id)
    masks = [to_display(RIGHT if slot < right else 1, order, 4) for slot, order in enumerate(attempt.orders)]
    answers = [ShownAnswer(slot, ExamAnswer(mask)) for slot, mask in enumerate(masks)]
    await exams.attempts.submit(person, paper.attempt_id, paper.device, "", answers)
    clock.move(timedelta(minutes=10))
    await work(exam_scene.services, "exam_seal", "exam_fill", "exam_mark", "exam_result")
    return await ExamAttempt.get(id=paper.attempt_id)


async def test_who_answers_right_enters_the_pool(exam_scene: ExamScene, clock: FixedClock) -> None:
    application, candidate = await make_called_candidate(exam_scene)
    ahead = await ExamAttempt.get(candidate_id=candidate.id)
    attempt = await sit(exam_scene, clock, candidate, right=5)
    assert (attempt.id, attempt.state, attempt.score, attempt.passed) == (ahead.id, "released", 100, True)
    await application.refresh_from_db()
    assert application.state == "entered"
    assert await Expert.filter(number="ZJ0100001", left_at=None).exists()
    (shown,) = await exam_scene.services.exams.own_exams.list(own(candidate))
    assert shown.phase == "passed"
    (certificate,) = await exam_scene.services.certificates.queries.own(own(candidate))
    assert (certificate.title, certificate.facts[-1]) == ("评标专家考试合格证书", ("成绩", "10分"))
    await check_invariants()


async def test_who_fails_books_again_and_passes_the_second_time(exam_scene: ExamScene, clock: FixedClock) -> None:
    application, candidate = await make_called_candidate(exam_scene)
    exam = await Exam.get(id=candidate.exam_id)
    await exam_scene.services.exams.setup.reschedule(
        exam_scene.office, exam.id, exam.opens_at, exam.closes_at + 3 * DAY, "加场"
    )
    late = exam.opens_at + 2 * DAY
    await exam_scene.services.exams.sittings.add(exam_scene.office, exam.id, SittingData(late, late + 2 * HOUR, 1))
    first = await sit(exam_scene, clock, candidate, right=1)
    assert (first.score, first.passed) == (20, False)
    clock.move(2 * HOUR)
    second = await sit(exam_scene, clock, candidate, right=4)
    assert (second.number, second.score, second.passed) == (2, 80, True)
    await application.refresh_from_db()
    assert application.state == "entered"
    await check_invariants()
