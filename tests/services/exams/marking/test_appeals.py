"""Appeals against results."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.exams import ExamAppeal, ExamAttempt, ExamItemKey
from services.core.base import Actor, Deps
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room


@pytest.fixture
async def room(db: str, deps: Deps, clock: FixedClock) -> Room:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits")
    return await make_room(exam_scene, clock)


@pytest.fixture
async def failed_attempt(room: Room) -> ExamAttempt:
    attempt = await room.hand_in(KEY, 0b1100, 0)
    await room.work()
    return attempt


async def test_one_appeal_is_answered_and_the_candidate_notified(room: Room, failed_attempt: ExamAttempt) -> None:
    appeals = room.exams.appeals
    with pytest.raises(InvalidInput, match="复核理由"):
        await appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, " ")
    await appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "第二题应为丙丁")
    with pytest.raises(Conflict, match="已申请过"):
        await appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "再看一次")
    (appeal,) = await appeals.list(room.exam_scene.office, room.exam.id)
    await appeals.answer(room.exam_scene.office, appeal.id, "rejected", "答案无误")
    with pytest.raises(Conflict, match="已答复"):
        await appeals.answer(room.exam_scene.office, appeal.id, "upheld", "改判")
    assert await room.notice_kinds() == ["exam_failed", "appeal_answered"]
    (shown,) = await room.exams.scores.own(room.actor, room.candidate.id)
    assert (shown.appeal, shown.answer, shown.appeal_until) == ("rejected", "答案无误", None)


async def test_an_upheld_one_is_marked_once_more(room: Room, failed_attempt: ExamAttempt) -> None:
    await room.exams.appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "第二题应为丙丁")
    key = await ExamItemKey.filter(version__item_id=room.items[1].id).first()
    assert key is not None
    key.mask = 0b1100
    await key.save()
    await room.exams.appeals.answer(
        room.exam_scene.office, (await ExamAppeal.get()).id, "upheld", "第二题答案有误，已更正"
    )
    await failed_attempt.refresh_from_db()
    assert (failed_attempt.score, failed_attempt.passed) == (40, True)
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state) == ("passed", "entered")


async def test_an_appeal_after_the_deadline_or_for_another_candidate_is_refused(
    room: Room, failed_attempt: ExamAttempt
) -> None:
    other = await room.add_candidate()
    with pytest.raises(NotFound):
        await room.exams.appeals.appeal(
            Actor("demo", "applicant", other.account_id), other.id, failed_attempt.id, "我的"
        )
    with pytest.raises(NotFound):
        await room.exams.appeals.appeal(
            Actor("demo", "applicant", other.account_id), room.candidate.id, failed_attempt.id, "x"
        )
    with pytest.raises(Forbidden):
        await room.exams.appeals.list(room.actor, room.exam.id)
    room.clock.move(timedelta(days=6))
    with pytest.raises(Conflict, match="已过申请复核的时间"):
        await room.exams.appeals.appeal(room.actor, room.candidate.id, failed_attempt.id, "我有疑问")
