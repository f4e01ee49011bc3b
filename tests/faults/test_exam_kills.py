"""Whatever is killed in a sitting: every acknowledged answer is in the graded paper, and nothing else that is late."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from app import process_supervisor
from domain.exams.answers import AnswerEvent, ExamAnswer, digest, merge
from services.core.base import rows
from services.operations import find_broken, find_broken_audit
from tests.faults.candidates import CandidatePhone, make_exam_for
from tests.faults.draws import DrawDriver, Killer, retry_query, run_beside, running_draw_driver

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
PEOPLE, QUESTIONS = 24, 10
ORDER = ("ready", "running", "sealed", "graded")
TIMEOUT = 120.0
_STATES = "SELECT id, state FROM exam_attempt"
_EVENTS = "SELECT attempt_id, device, seq, slot, mask, timing FROM exam_answer_event"
_ANSWERS = "SELECT attempt_id, slot, mask FROM exam_answer WHERE mask <> 0"
_PAPERS = "SELECT id, digest, score FROM exam_attempt"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def draw_driver() -> AsyncIterator[DrawDriver]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process_supervisor, "LONGEST_PAUSE", 1.0)  # restart a part soon however often it is killed
        async with running_draw_driver() as driver:
            yield driver


@asynccontextmanager
async def watch_states() -> AsyncIterator[list[tuple[UUID, str, str]]]:
    """Polls the states of all papers; yields those that went back."""
    back: list[tuple[UUID, str, str]] = []
    async with run_beside(watch(back)):
        yield back


async def watch(back: list[tuple[UUID, str, str]]) -> None:
    last: dict[UUID, str] = {}
    while True:
        with suppress(BaseORMException, OSError):
            for row in await rows(_STATES):
                was = last.get(row["id"], ORDER[0])
                if ORDER.index(row["state"]) < ORDER.index(was):
                    back.append((row["id"], was, row["state"]))
                last[row["id"]] = row["state"]
        await asyncio.sleep(0.1)


@asynccontextmanager
async def kill_processes(
    draw_driver: DrawDriver, chances: random.Random, victims: tuple[str, ...], killed: list[str]
) -> AsyncIterator[None]:
    killer = Killer(draw_driver, chances, victims, killed=killed, most=len(killed) + 5)
    async with run_beside(killer.work()):
        yield


async def test_a_sitting_loses_nothing_while_processes_are_killed(draw_driver: DrawDriver, seed: int) -> None:
    chances = random.Random(seed)
    people = await make_exam_for(draw_driver.stage.deps, PEOPLE, QUESTIONS, await draw_driver.stage.now())
    killed: list[str] = []
    async with watch_states() as back, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as http:
        candidate_phones = [
            CandidatePhone(http, draw_driver.stage.http_client.service_url, person, random.Random(chances.random()))
            for person in people
        ]
        async with kill_processes(draw_driver, chances, ("web-1", "worker", "valkey", "postgres"), killed):
            await answer_in_time(candidate_phones)
        # without Valkey, which holds the clock's offset: a service that starts without it would turn the clock back
        async with kill_processes(draw_driver, chances, ("web-1", "worker", "postgres"), killed):
            await answer_late(draw_driver, candidate_phones)
            await wait_until_graded()
    print(f"killed {killed}, {sum(len(phone.acked) for phone in candidate_phones)} answers acknowledged")
    assert len(killed) > 2
    assert not back
    await check(candidate_phones)
    broken = await retry_query(find_broken) + await retry_query(lambda: find_broken_audit(draw_driver.stage.deps))
    assert not broken, "\n".join(broken)


async def answer_in_time(candidate_phones: Sequence[CandidatePhone]) -> None:
    """A third of the candidates submits."""
    await asyncio.gather(*(phone.start() for phone in candidate_phones))
    await asyncio.gather(*(answer(phone, 40) for phone in candidate_phones))
    await asyncio.gather(*(phone.hand_in() for phone in candidate_phones[::3]))


async def answer_late(draw_driver: DrawDriver, candidate_phones: Sequence[CandidatePhone]) -> None:
    """A third submits within the grace, the others are sealed by the clock."""
    await draw_driver.move_to(max(phone.deadline for phone in candidate_phones) + timedelta(seconds=3))
    await asyncio.gather(*(answer(phone, 12, late=True) for phone in candidate_phones if phone.receipt is None))
    await asyncio.gather(*(phone.hand_in() for phone in candidate_phones[1::3]))
    await draw_driver.move_to(max(phone.grace_until for phone in candidate_phones) + timedelta(seconds=1))
    before = [(phone.device, phone.seq) for phone in candidate_phones]
    await asyncio.gather(*(answer(phone, 3, late=True) for phone in candidate_phones))
    taken = [key for phone, last in zip(candidate_phones, before, strict=True) for key in phone.acked if key > last]
    assert not taken, "an answer was taken after the grace"


async def answer(candidate_phone: CandidatePhone, times: int, *, late: bool = False) -> None:
    """Answer and save; now and then on another phone, or with a reload. Late ones were made in time or after it."""
    for _ in range(times):
        made_at = (
            candidate_phone.deadline + timedelta(seconds=candidate_phone.chances.choice([-1, 1])) if late else None
        )
        for _ in range(candidate_phone.chances.randint(1, 4)):
            candidate_phone.answer(made_at)
        await candidate_phone.save()
        if not late and candidate_phone.chances.random() < 0.08:
            await candidate_phone.start(candidate_phone.chances.choice([0, candidate_phone.device]))
        await asyncio.sleep(candidate_phone.chances.uniform(0.05, 0.5))


async def wait_until_graded() -> None:
    async with asyncio.timeout(TIMEOUT):
        while {row["state"] for row in await retry_query(lambda: rows(_STATES))} != {"graded"}:
            await asyncio.sleep(0.5)


async def check(candidate_phones: Sequence[CandidatePhone]) -> None:
    """Acknowledged answers are stored; the paper is the merge of the stored answers that count."""
    stored = group_by_attempt(await retry_query(lambda: rows(_EVENTS)))
    graded = group_by_attempt(await retry_query(lambda: rows(_ANSWERS)))
    papers = {row["id"]: row for row in await retry_query(lambda: rows(_PAPERS))}
    for candidate_phone in candidate_phones:
        attempt = candidate_phone.attempt_id
        events = {(row["device"], row["seq"]): row for row in stored.get(attempt, ())}
        lost = [
            key
            for key, sent in candidate_phone.acked.items()
            if (events[key]["slot"], events[key]["mask"]) != (sent.slot, sent.mask)
        ]
        assert not lost
        counting = [row for row in events.values() if row["timing"] < 2]
        assert all(
            candidate_phone.acked[key].at > candidate_phone.deadline
            for key in candidate_phone.acked
            if events[key]["timing"] == 2 and key[0] == candidate_phone.device
        )
        merged = merge(AnswerEvent(row["device"], row["seq"], row["slot"], ExamAnswer(row["mask"])) for row in counting)
        assert {row["slot"]: row["mask"] for row in graded.get(attempt, ())} == {
            at: merged_answer.mask for at, merged_answer in merged.items()
        }
        assert papers[attempt]["digest"] == digest(merged)
        assert candidate_phone.receipt is None or candidate_phone.receipt["digest"] == digest(merged)


def group_by_attempt(records: Sequence[Any]) -> dict[UUID, list[Any]]:
    records_by_attempt: dict[UUID, list[Any]] = {}
    for row in records:
        records_by_attempt.setdefault(row["attempt_id"], []).append(row)
    return records_by_attempt
