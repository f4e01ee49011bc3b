"""The office issues certificates to persons who passed or finished without one, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from models.certificates import Certificate
from models.courses import Course, CourseEnrolment
from models.exams import Exam, ExamCandidate
from models.notices import Notice
from tests.factories.people import make_account, make_expert
from tests.web.conftest import World
from tests.web.office_scene import make_scene


async def test_what_was_recorded_by_hand_is_certified_at_once_for_all(world: World) -> None:
    scene = await make_scene(world)
    now, day = world.clock.now(), timedelta(days=1)
    account = await make_account(world.services.deps)
    expert = await make_expert(world.services.deps, account=account)
    times = {"pool": "demo", "opens_at": now - day, "closes_at": now, "created_at": now}
    over = {"state": "closed", "published_at": now - day, "closed_at": now}
    exam = await Exam.create(name="统一考试", purpose="single", **over, **times)
    mock = await Exam.create(name="模拟", purpose="mock", **over, **times)
    course = await Course.create(name="继续教育", state="closed", **times)
    for exam_of_kind in (exam, mock):
        await ExamCandidate.create(
            exam_id=exam_of_kind.id,
            account_id=account.id,
            expert_id=expert.id,
            state="passed",
            called_at=now,
            concluded_at=now,
        )
    await CourseEnrolment.create(
        course_id=course.id,
        expert_id=expert.id,
        account_id=account.id,
        state="finished",
        finished_at=now,
        called_at=now,
    )
    admin = await scene.at("/office/certificates")
    assert "有2人已合格或培训完毕" in admin.text
    late = world.services.office.late_certificates
    await asyncio.gather(admin.press("补发2张证书"), late.issue(scene.admin))
    assert ("已补发" in admin.text, "还没有证书" in admin.text) == (True, False)
    certificates = await Certificate.filter(account_id=account.id).order_by("kind")
    assert [(certificate.kind, certificate.facts[0]) for certificate in certificates] == [
        ("course", ["课程", "继续教育"]),
        ("exam", ["考试", "统一考试"]),
    ]
    assert await Notice.filter(account_id=account.id, kind="certificate_issued").count() == 2
    assert await late.issue(scene.admin) == 0
