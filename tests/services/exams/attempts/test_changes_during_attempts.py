"""Changes by the office, and ends of days, while attempts are running."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict
from domain.exams.answers import digest
from models.exams import Exam, ExamAttempt, ExamCandidate
from services.core.base import Deps, record, rows
from services.exams import ExamPaper
from services.exams.attempts import attempts
from tests.drivers.waiting import eventually
from tests.factories.exams import make_published, work
from tests.invariants import check_invariants
from tests.services.exams.attempts.test_attempts import SOON, CandidateSession, answer_event
from tests.services.exams.exam_scene import ExamScene, make_exam_scene

MINUTE = timedelta(minutes=1)
WAITING = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def make_sessions(exam_scene: ExamScene, clock: FixedClock, people: int, **data: Any) -> list[CandidateSession]:
    for number in range(people):
        await exam_scene.make_waiting_application(expert_number=f"ZJ01{number:05}")
    exam = await make_published(exam_scene.services, exam_scene.office, **{"after": SOON} | data)
    clock.set(exam.opens_at + MINUTE)
    sessions = [
        CandidateSession(exam_scene, clock, candidate) for candidate in await ExamCandidate.all().order_by("id")
    ]
    for session in sessions:
        await exam_scene.services.exams.attempts.accept_notice(session.actor, session.candidate.id)
    return sessions


async def test_after_the_end_of_admission_open_attempts_continue_and_new_ones_are_refused(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    sitting, waiting = await make_sessions(exam_scene, clock, 2)
    paper = await sitting.start()
    await exam_scene.services.exams.setup.end_admission(exam_scene.office, sitting.candidate.exam_id)
    with pytest.raises(Conflict, match="已结束"):
        await waiting.start()
    assert (await sitting.save(paper, answer_event(1, 0, 1))).ack == 1
    assert (await sitting.start()).deadline == paper.deadline
    clock.set(paper.grace_until + timedelta(seconds=1))
    await work(exam_scene.services, "exam_seal", "exam_fill", "exam_close")
    assert (await Exam.get()).state == "closed"
    assert (await ExamAttempt.get(id=paper.attempt_id)).state == "sealed"


async def test_a_cancelled_examination_tells_who_sits_it_what_happened(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    (session,) = await make_sessions(exam_scene, clock, 1)
    paper = await session.start()
    await session.save(paper, answer_event(1, 0, 1))
    await exam_scene.services.exams.setup.cancel(exam_scene.office, session.candidate.exam_id, "停电")
    saved = await session.save(paper, answer_event(2, 1, 1))
    assert (saved.state, saved.ack) == ("void", 1)
    with pytest.raises(Conflict, match=r"已作废（考试取消：停电），不用交卷"):
        await session.submit(paper, digest({}))
    with pytest.raises(Conflict, match="没有开放或已经结束"):
        await session.start()
    clock.set(paper.grace_until + timedelta(seconds=1))
    await work(exam_scene.services, "exam_seal", "exam_fill", "exam_mark")
    assert (await ExamAttempt.get(id=paper.attempt_id)).state == "void"
    await check_invariants()


async def test_it_is_cancelled_in_the_midst_of_saves_starts_and_submissions(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    """Rows are locked in one order: no request waits for ever, and nothing is left open."""
    sessions = await make_sessions(exam_scene, clock, 12)
    papers = await asyncio.gather(*(session.start() for session in sessions[:9]))

    async def sit(session: CandidateSession, paper: ExamPaper) -> None:
        for seq in range(1, 6):
            await session.save(paper, answer_event(seq, seq % 5, 1))
        await session.submit(paper, "", [])

    outcomes = await asyncio.gather(
        *(sit(session, paper) for session, paper in zip(sessions, papers, strict=False)),
        *(session.start() for session in sessions[9:]),
        exam_scene.services.exams.setup.cancel(exam_scene.office, sessions[0].candidate.exam_id, "停电"),
        return_exceptions=True,
    )
    assert [
        outcome for outcome in outcomes if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict)
    ] == []
    assert outcomes[-1] == 12
    assert not await ExamAttempt.exclude(state="void").exists()
    assert not await ExamCandidate.exclude(state="left").exists()


async def test_who_begins_as_the_examination_closes_is_not_taken_for_absent(
    exam_scene: ExamScene, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start has written its paper and not committed yet when the clock closes the examination."""
    (session,) = await make_sessions(exam_scene, clock, 1)
    inside, go_on, write = asyncio.Event(), asyncio.Event(), record

    async def pause(*entry: Any, **details: Any) -> None:
        inside.set()
        await go_on.wait()
        await write(*entry, **details)

    monkeypatch.setattr(attempts, "record", pause)
    start = asyncio.create_task(session.start())
    await inside.wait()
    clock.set((await Exam.get()).closes_at)
    close = asyncio.create_task(work(exam_scene.services, "exam_close"))
    await eventually(_count_waiting)
    go_on.set()
    await asyncio.gather(start, close)
    assert (await ExamCandidate.get()).state == "called"
    assert (await Exam.get()).state == "published"


async def _count_waiting() -> int:
    return int((await rows(WAITING))[0]["n"])


async def test_a_paper_goes_on_over_midnight_and_the_new_year(deps: Deps, db: str, clock: FixedClock) -> None:
    clock.set(datetime(2026, 12, 31, 14, 40, tzinfo=UTC))
    exam_scene = await make_exam_scene(deps, mock=False)
    length = deps.book("demo").exam.length
    (session,) = await make_sessions(exam_scene, clock, 1, lasts=timedelta(hours=12))
    clock.set(datetime(2026, 12, 31, 16, 0, tzinfo=UTC) - MINUTE)
    paper = await session.start()
    (shown,) = await exam_scene.services.exams.own_exams.list(session.actor)
    assert shown.span == "12月31日(周四) 23:40至2027年1月1日(周五) 11:40"
    assert paper.deadline == clock.now() + length
    assert (await session.save(paper, answer_event(1, 0, 1))).ack == 1
    clock.move(2 * MINUTE)
    assert (await session.save(paper, answer_event(2, 1, 1))).ack == 2
    clock.set(paper.deadline + timedelta(seconds=1))
    assert (await session.save(paper, answer_event(3, 2, 1))).ack == 3  # made after the end: kept, not counted
    clock.set(paper.grace_until + timedelta(seconds=1))
    await work(exam_scene.services, "exam_seal", "exam_fill")
    answer_rows = await rows("SELECT slot FROM exam_answer WHERE mask <> 0 ORDER BY slot")
    assert [row["slot"] for row in answer_rows] == [0, 1]


async def test_a_window_that_ends_at_midnight_ends_the_paper_there(deps: Deps, db: str, clock: FixedClock) -> None:
    clock.set(datetime(2026, 11, 21, 13, 0, tzinfo=UTC))
    exam_scene = await make_exam_scene(deps, mock=False)
    (session,) = await make_sessions(exam_scene, clock, 1, lasts=timedelta(hours=2))
    midnight = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    clock.set(midnight - 3 * MINUTE)
    assert (await session.start()).deadline == midnight
    clock.set(midnight)
    with pytest.raises(Conflict, match="时间已到"):
        await session.start()
