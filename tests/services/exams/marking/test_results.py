"""Results, the verdict over all tries, and its effects."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, NotFound
from models.exams import ExamAttempt, ExamCandidate
from models.reviews import ReviewEntry
from services.core.base import Actor, Deps
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room

GOOD, BAD = (KEY, KEY, 1), (KEY, 0, 0)


@pytest.fixture
async def room(db: str, deps: Deps, clock: FixedClock) -> Room:
    """An examination with two tries, whose results are shown at once."""
    return await make_room(await make_exam_scene(deps, mock=False, result="at_once", tries=2, failed="refused"), clock)


@pytest.fixture
async def held(db: str, deps: Deps, clock: FixedClock) -> Room:
    """An examination whose results the office publishes."""
    return await make_room(await make_exam_scene(deps, mock=False, result="released", tries=2), clock)


async def test_a_candidate_who_passes_enters_the_pool_and_is_notified_of_the_score(room: Room) -> None:
    await room.hand_in(*GOOD)
    await room.work()
    application = await room.load_application()
    assert (room.candidate.state, application.state, await room.notice_kinds()) == (
        "passed",
        "entered",
        ["exam_passed"],
    )
    logged = await ReviewEntry.filter(application_id=application.id, event="exam_passed").first()
    assert logged is not None
    assert "4.5分" in logged.opinion


async def test_who_fails_with_a_try_left_may_try_again_and_the_last_one_ends_it(room: Room) -> None:
    await room.hand_in(*BAD)
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state, await room.notice_kinds()) == (
        "called",
        "exam",
        ["exam_again"],
    )
    room.clock.move(timedelta(hours=2))
    await room.hand_in(*BAD)
    await room.work()
    application = await room.load_application()
    assert (room.candidate.state, application.state) == ("failed", "refused")
    assert await room.notice_kinds() == ["exam_again", "exam_failed"]
    assert "2分，未达到3.6分" in application.reason


async def test_the_best_of_all_tries_counts(room: Room) -> None:
    await room.hand_in(*BAD)
    await room.work()
    await room.hand_in(*GOOD)
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state) == ("passed", "entered")


async def test_working_twice_or_at_once_changes_nothing(room: Room) -> None:
    await room.hand_in(*GOOD)
    await room.exams.marking.mark_due()
    await asyncio.gather(*(room.exams.results.conclude(room.candidate.id) for _ in range(3)))
    await room.work()
    assert await room.notice_kinds() == ["exam_passed"]


async def test_where_failing_waits_the_application_stays(db: str, deps: Deps, clock: FixedClock) -> None:
    room = await make_room(await make_exam_scene(deps, mock=False, result="at_once", tries=1, failed="waits"), clock)
    await room.hand_in(*BAD)
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state, await room.notice_kinds()) == (
        "failed",
        "exam",
        ["exam_failed"],
    )


async def test_a_try_that_is_left_is_gone_when_the_examination_closes(room: Room) -> None:
    await room.hand_in(*BAD)
    await room.work()
    await room.close()
    await room.work()
    assert (room.candidate.state, (await room.load_application()).state) == ("failed", "refused")


async def test_results_wait_for_the_office_and_flagged_ones_longer(held: Room) -> None:
    other = await held.add_candidate()
    clean, odd = await held.hand_in(*GOOD), await held.hand_in(*GOOD, candidate=other, flags=["leaves"])
    with pytest.raises(Conflict, match="没有可以公布的成绩"):
        await held.exams.results.release(held.exam_scene.office, held.exam.id, flagged=False)
    await held.work()
    assert await held.notice_kinds() == []
    assert await held.exams.results.release(held.exam_scene.office, held.exam.id, flagged=False) == 1
    await held.work()
    states = [(await ExamAttempt.get(id=attempt.id)).state for attempt in (clean, odd)]
    assert (states, held.candidate.state) == (["released", "graded"], "passed")
    await held.exams.results.clear_flags(held.exam_scene.office, odd.id, "来电说明，属实")
    assert await held.exams.results.release(held.exam_scene.office, held.exam.id, flagged=False) == 1
    await held.work()
    assert (await ExamCandidate.get(id=other.id)).state == "passed"


async def test_a_voided_paper_gives_the_try_back(held: Room) -> None:
    attempt = await held.hand_in(*BAD)
    await held.work()
    await held.exams.results.void(held.exam_scene.office, attempt.id, "他人代考")
    await held.work()
    assert ((await ExamAttempt.get(id=attempt.id)).state, held.candidate.state) == ("void", "called")
    await held.close()
    await held.work()
    assert (held.candidate.state, (await held.load_application()).state) == ("left", "exam")


async def test_the_paper_of_a_candidate_who_passed_can_not_be_voided(room: Room) -> None:
    attempt = await room.hand_in(*GOOD)
    await room.work()
    with pytest.raises(Conflict, match="已是“合格”"):
        await room.exams.results.void(room.exam_scene.office, attempt.id, "他人代考")


async def test_only_the_office_of_the_pool_decides_and_never_of_itself(held: Room) -> None:
    attempt = await held.hand_in(*GOOD)
    results = held.exams.results
    with pytest.raises(Forbidden):
        await results.release(held.actor, held.exam.id, flagged=True)
    with pytest.raises(NotFound):
        await results.release(
            Actor("hunan", "pool_admin", held.exam_scene.office.account_id), held.exam.id, flagged=True
        )
    with pytest.raises(Forbidden, match="自己的考试"):
        await results.void(Actor("demo", "pool_admin", held.candidate.account_id), attempt.id, "误操作")
