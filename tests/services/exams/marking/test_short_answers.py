"""Short answers: two markers, a third where they differ."""

from __future__ import annotations

import asyncio

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput
from domain.exams.items import ItemKind
from models.exams import ExamAttempt
from services.core.base import Actor
from tests.factories.exams import make_office
from tests.services.exams.exam_scene import ExamScene
from tests.services.exams.results import Room, make_room, marks_of


@pytest.fixture
async def room(exam_scene: ExamScene, clock: FixedClock) -> Room:
    return await make_room(exam_scene, clock, ItemKind.SINGLE, ItemKind.SHORT, ItemKind.SHORT)


@pytest.fixture
async def attempt(room: Room) -> ExamAttempt:
    sealed_attempt = await room.hand_in(1, 0, 0, texts=["", "应当否决投标", "   "])
    await room.exams.marking.mark_due()
    return sealed_attempt


async def give_marks(room: Room, marker: Actor, attempt: ExamAttempt, marks: str) -> None:
    await room.exams.short_answers.mark(marker, attempt.id, 1, marks)
    await room.work()


async def markers(room: Room) -> list[Actor]:
    return [await make_office(room.exam_scene.deps) for _ in range(3)]


async def test_two_who_agree_settle_it(room: Room, attempt: ExamAttempt) -> None:
    first, second, _ = await markers(room)
    queue = await room.exams.short_answers.queue(first, room.exam.id)
    assert queue.next is not None
    assert (queue.next.text, queue.own, queue.waiting) == ("应当否决投标", 1, 1)
    await give_marks(room, first, attempt, "1.5")
    assert (await room.exams.short_answers.queue(first, room.exam.id)).next is None
    await give_marks(room, second, attempt, "1.5")
    await attempt.refresh_from_db()
    assert (await marks_of(attempt), attempt.state, attempt.score, attempt.flags) == ([20, 15, 0], "released", 35, [])


async def test_where_two_differ_the_third_decides(room: Room, attempt: ExamAttempt) -> None:
    first, second, third = await markers(room)
    await give_marks(room, first, attempt, "2")
    await give_marks(room, second, attempt, "0")
    assert (await ExamAttempt.get(id=attempt.id)).state == "sealed"
    await give_marks(room, third, attempt, "1")
    assert (await marks_of(attempt), (await ExamAttempt.get(id=attempt.id)).score) == ([20, 10, 0], 30)
    with pytest.raises(Conflict, match="已评完"):
        await give_marks(room, room.exam_scene.office, attempt, "1")


async def test_marking_twice_the_own_paper_or_above_the_maximum_is_refused(room: Room, attempt: ExamAttempt) -> None:
    first, *_ = await markers(room)
    for wrong in ("2.1", "-1", "很好", "1.55", ""):
        with pytest.raises(InvalidInput, match="0到2之间"):
            await give_marks(room, first, attempt, wrong)
    await give_marks(room, first, attempt, "2")
    with pytest.raises(Conflict, match="已评过"):
        await give_marks(room, first, attempt, "1")
    with pytest.raises(Forbidden, match="自己的"):
        await give_marks(room, Actor("demo", "pool_admin", room.candidate.account_id), attempt, "2")


async def test_two_at_the_same_moment_settle_it_once(room: Room, attempt: ExamAttempt) -> None:
    first, second, _ = await markers(room)
    mark = room.exams.short_answers.mark
    await asyncio.gather(mark(first, attempt.id, 1, "2"), mark(second, attempt.id, 1, "2"))
    await room.work()
    assert (await ExamAttempt.get(id=attempt.id)).score == 40
