"""Examinations, courses and certificates in the export of personal data."""

from __future__ import annotations

import json
from datetime import timedelta

from models.courses import Course, CourseEnrolment
from models.exams import ExamAppeal
from models.experts import Expert
from services.core.base import Deps
from services.exams import collect_exams
from services.operations.privacy import Privacy
from tests.factories.assembly import composed
from tests.factories.certificates import make_certificate
from tests.factories.exams import make_attempt, make_published
from tests.factories.people import make_account, make_expert
from tests.services.exams.exam_scene import make_exam_scene


async def test_a_result_comes_along_once_it_is_let_out(db: str, deps: Deps) -> None:
    exam_scene = await make_exam_scene(deps, mock=False)
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    await make_attempt(exam_scene.services, candidate, "graded")
    attempt = await make_attempt(exam_scene.services, candidate, "released", released_at=deps.now())
    await ExamAppeal.create(attempt_id=attempt.id, pool="demo", text="请复核第3题", created_at=deps.now())
    (exam_export,) = await collect_exams(application.account_id)
    assert (exam_export["exam"], exam_export["state"]) == (exam.name, candidate.state)
    assert [
        (exam_attempt["score"], exam_attempt["total"], exam_attempt["passed"])
        for exam_attempt in exam_export["attempts"]
    ] == [
        (None, None, None),
        (40, 100, False),
    ]
    assert [appeal["text"] for appeal in exam_export["appeals"]] == ["请复核第3题"]
    assert json.loads(json.dumps(exam_export)) == exam_export


async def test_only_the_persons_own_courses_and_certificates_are_exported(db: str, deps: Deps) -> None:
    own, other = await make_account(deps), await make_account(deps)
    experts: dict[object, Expert] = {person.id: await make_expert(deps, account=person) for person in (own, other)}
    course = await Course.create(
        pool="demo",
        name="继续教育",
        opens_at=deps.now(),
        closes_at=deps.now() + timedelta(days=9),
        created_at=deps.now(),
    )
    for account in (own, other):
        await make_certificate(deps, account, kind="course", title=f"证书{account.id}")
        await CourseEnrolment.create(
            course_id=course.id, expert_id=experts[account.id].id, account_id=account.id, called_at=deps.now()
        )
    data = await composed(Privacy, deps)._collect_account(own)  # type: ignore[arg-type]  # nothing is sent
    assert [certificate["title"] for certificate in data["certificates"]] == [f"证书{own.id}"]
    assert [(row["course"], row["progress"]) for row in data["courses"]] == [("继续教育", 0)]
    assert data["exams"] == []
    assert json.loads(json.dumps(data)) == data
