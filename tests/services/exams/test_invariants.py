"""Invariants of sealed and marked papers: the check finds each violation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.exams.answers import AnswerEvent, ExamAnswer
from models.exams import ExamAttempt
from services.core.base import execute
from services.exams import MadeAnswer, SaveRequest
from services.operations.invariants import find_broken
from tests.factories.exams import make_published, own, work
from tests.services.exams.exam_scene import ExamScene

SOON = timedelta(hours=1)
LOST = "UPDATE exam_answer SET mask = 0 WHERE slot = 1"
GONE = "DELETE FROM exam_answer WHERE slot = 1"
AFTER = "UPDATE exam_answer_event SET received_at = received_at + interval '1 day'"
LATE = "UPDATE exam_answer_event SET timing = 0 WHERE timing = 1"
SUM = "UPDATE exam_attempt SET score = score + 1"


async def mark_paper(exam_scene: ExamScene, clock: FixedClock) -> ExamAttempt:
    """A paper with answers in time, within the grace and made after the end; sealed by the clock and marked."""
    application = await exam_scene.make_waiting_application(expert_number="DEMO-0001")
    await make_published(exam_scene.services, exam_scene.office, after=SOON)
    clock.move(SOON)
    candidate = await exam_scene.candidate_of(application)
    actor, exams = own(candidate), exam_scene.services.exams
    assert actor.account_id is not None
    await exams.attempts.accept_notice(actor, candidate.id)
    paper = await exams.attempts.start(actor, candidate.id)
    in_time = [MadeAnswer(AnswerEvent(1, seq, seq, ExamAnswer(1)), None) for seq in (1, 2)]
    await exams.answers.save(SaveRequest(paper.attempt_id, actor.account_id, 1, tuple(in_time)))
    clock.set(paper.deadline + timedelta(seconds=10))
    late = MadeAnswer(AnswerEvent(1, 3, 3, ExamAnswer(1)), paper.deadline)
    too_late = MadeAnswer(AnswerEvent(1, 4, 1, ExamAnswer(0)), exam_scene.deps.now())
    await exams.answers.save(SaveRequest(paper.attempt_id, actor.account_id, 1, (late, too_late)))
    clock.set(paper.grace_until + timedelta(seconds=1))
    await work(exam_scene.services, "exam_seal", "exam_fill", "exam_mark")
    return await ExamAttempt.get(id=paper.attempt_id)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (LOST, "an answer that was stored in time is not in the sealed paper"),
        (GONE, "an answer that was stored in time is not in the sealed paper"),
        (AFTER, "an answer counts that came after the end"),
        (LATE, "an answer counts that came after the end"),
        (SUM, "a score differs from the marks of its answers"),
    ],
)
async def test_damage_to_a_marked_paper_is_found(
    exam_scene: ExamScene, clock: FixedClock, damage: str, rule: str
) -> None:
    attempt = await mark_paper(exam_scene, clock)
    assert attempt.score is not None
    assert await find_broken() == []
    await execute(damage)
    assert any(finding.startswith(rule) for finding in await find_broken())
