"""Pictures of a case and of its question, as a candidate gets them with the paper."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden
from models.exams import ExamAttempt, ExamItem, ExamItemVersion
from tests.factories.exam_items import case, single
from tests.factories.files import png
from tests.services.exams.attempts.test_attempts import make_session
from tests.services.exams.exam_scene import ExamScene


async def test_those_of_the_case_stand_first_and_last_as_long_as_the_attempt(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    session = await make_session(exam_scene, clock)
    paper = await session.start()
    bank = exam_scene.services.exams.bank
    clock.move(-timedelta(minutes=1))
    case_id = await bank.add(exam_scene.office, case())
    part = await bank.add(exam_scene.office, single("是否合法？"), case_id=case_id)
    await bank.add_picture(exam_scene.office, case_id, png(), "组织结构图")
    await bank.add_picture(exam_scene.office, part, png(), "评分表")
    clock.move(timedelta(minutes=1))
    current = (await ExamItem.get(id=part)).version
    version = await ExamItemVersion.get(item_id=part, number=current)
    await ExamAttempt.filter(id=paper.attempt_id).update(versions=[version.id], orders=[0], marks=[10])
    (question,) = (await session.start(paper)).questions
    assert ([picture.alt for picture in question.pictures], question.case) == (["组织结构图", "评分表"], case().stem)
    pictures = exam_scene.services.exams.pictures
    for picture in question.pictures:
        _, _, _, token, number = picture.address.removesuffix(".jpg").split("/")
        assert (await pictures.open(token, int(number))).startswith(b"\xff\xd8")
    clock.move(paper.grace_until - clock.now())
    with pytest.raises(Forbidden):
        await pictures.open(token, 1)
