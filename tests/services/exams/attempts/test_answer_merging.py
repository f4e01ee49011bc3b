"""Answers of two devices, reordered, repeated or lost: the result is the one of the merge rule."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.exams.answers import AnswerEvent, ExamAnswer, digest, merge
from models.exams import ExamAttempt
from services.core.base import rows
from services.exams import ExamPaper
from tests.factories.exams import work
from tests.services.exams.attempts.test_attempts import CandidateSession, make_session
from tests.services.exams.exam_scene import ExamScene

SLOTS = 5


def made_by(device: int, chance: random.Random) -> list[AnswerEvent]:
    """Events numbered from 1 without a gap; slots are answered, changed and emptied."""
    return [
        AnswerEvent(device, seq, chance.randrange(SLOTS), ExamAnswer(chance.choice([0, 1, 2, 4, 8])))
        for seq in range(1, chance.randint(0, 12) + 1)
    ]


def requests_of(events: Sequence[AnswerEvent], chance: random.Random) -> list[list[AnswerEvent]]:
    """Overlapping requests, some repeated later or out of order."""
    starts = [chance.randrange(len(events)) for _ in range(8)] if events else []
    return [
        list(events[at : at + chance.randint(1, 5)]) for at in sorted(starts, key=lambda at: at + chance.random() * 4)
    ]


async def send(session: CandidateSession, paper: ExamPaper, sent: Sequence[list[AnswerEvent]]) -> dict[int, int]:
    """Send requests; returns the highest acknowledged number by device."""
    acked: dict[int, int] = {}
    for events in sent:
        saved = await session.save(paper, *events, device=events[0].device)
        acked[events[0].device] = max(saved.ack, acked.get(events[0].device, 0))
    return acked


@pytest.mark.parametrize("seed", range(12))
async def test_what_was_acknowledged_is_merged_by_the_rule(exam_scene: ExamScene, clock: FixedClock, seed: int) -> None:
    chance = random.Random(seed)
    session = await make_session(exam_scene, clock)
    paper = await session.start()
    await session.start()
    events = {device: made_by(device, chance) for device in (1, 2)}
    sent = [request for device in (1, 2) for request in requests_of(events[device], chance)]
    chance.shuffle(sent)
    acked = await send(session, paper, sent)
    expected = merge(event for device, ack in acked.items() for event in events[device][:ack])
    stored = await rows("SELECT device, max(seq) AS last, count(*) AS n FROM exam_answer_event GROUP BY device")
    assert {row["device"]: row["last"] for row in stored} == {device: ack for device, ack in acked.items() if ack}
    assert all(row["last"] == row["n"] for row in stored)
    clock.set(paper.grace_until + timedelta(seconds=1))
    await work(exam_scene.services, "exam_seal", "exam_fill")
    assert (await ExamAttempt.get(id=paper.attempt_id)).digest == digest(expected)
    answer_rows = await rows("SELECT slot FROM exam_answer WHERE mask <> 0")
    assert {row["slot"] for row in answer_rows} == set(expected)
