"""Five thousand hand in within the grace at the same moment, half of them with answers that were never sent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import Conflict, TooMany
from domain.exams.answers import ExamAnswer, digest
from domain.rulebook.types import dump_rules
from models.database_connection import tortoise_config
from models.exams import ExamItemVersion
from services.core.base import Actor, Deps, Jobs, execute, rows
from services.core.crypto import Keyring
from services.exams import ExamServices, ShownAnswer
from services.operations import find_broken
from tests.factories.assembly import make_services
from tests.factories.exams import make_items

pytestmark = pytest.mark.slow
PEOPLE, QUESTIONS, STORED = 5000, 40, 20
LONGEST = 60.0
"""Seconds for all of them."""
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
END = NOW - timedelta(seconds=30)
_FILL = """
WITH person AS (
    INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, id_number_sealed, privacy_version, created_at)
    SELECT gen_random_uuid(), 'demo', 'x', md5('m' || n), '张' || n, '', '', $2 FROM generate_series(1, $1) AS n
    RETURNING id
), exam AS (
    INSERT INTO exam (id, pool, name, purpose, state, opens_at, closes_at, rules, cells, created_at, published_at)
    VALUES (gen_random_uuid(), 'demo', '统一考试', 'single', 'published', $2::timestamptz - interval '2 hours', $2,
        $4::jsonb, '[]', $2, $2) RETURNING id
), candidate AS (
    INSERT INTO exam_candidate (id, exam_id, account_id, state, extra_minutes, extra_tries, extra_devices,
        allowance_reason, notice_read_at, face, face_reference, reminders, called_at)
    SELECT gen_random_uuid(), exam.id, person.id, 'called', 0, 0, 0, '', $2, '', '', 0, $2 FROM exam, person
    RETURNING id, exam_id, account_id
)
INSERT INTO exam_attempt (id, exam_id, candidate_id, number, state, versions, orders, marks, made_at, started_at,
    deadline, grace_until, device, leaves, hidden_seconds, flags, digest, void_reason, replaced_at)
SELECT gen_random_uuid(), exam_id, id, 1, 'running', $3::uuid[], array_fill(0, ARRAY[cardinality($3::uuid[])]),
    array_fill(10, ARRAY[cardinality($3::uuid[])]), $2, $2::timestamptz - interval '1 hour', $2,
    $2::timestamptz + interval '2 minutes', 1, 0, 0, '{}', '', '', '{}' FROM candidate
RETURNING id, (SELECT account_id FROM candidate c WHERE c.id = candidate_id) AS account
"""
_EVENTS = """
INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, received_at)
SELECT t.id, 1, n, n - 1, 1, t.started_at FROM exam_attempt t, generate_series(1, $1) AS n
"""


@pytest.fixture
async def exams(database: str) -> AsyncIterator[ExamServices]:
    rulebooks = load_rulebooks(Path("config/rulebooks"), ["demo"])
    keys = Keyring({"k1": bytes(32)}, "k1", bytes(32), bytes(32))
    deps = Deps(FixedClock(NOW), keys, rulebooks, Jobs(), "http://127.0.0.1:8080")
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    yield make_services(deps).exams
    await Tortoise.close_connections()


async def test_five_thousand_hand_in_late_at_once(exams: ExamServices) -> None:
    versions = [(await ExamItemVersion.get(item_id=item.id)).id for item in await make_items(QUESTIONS, fixed=True)]
    rules = dump_rules(load_rulebooks(Path("config/rulebooks"), ["demo"])["demo"].exam)
    people = await rows(_FILL, PEOPLE, END, versions, json.dumps(rules))
    await execute(_EVENTS, STORED)
    began = time.perf_counter()
    digests = await asyncio.gather(*(hand_in(exams, row, at % 2 == 0) for at, row in enumerate(people)))
    took = time.perf_counter() - began
    print(f"{PEOPLE} handed in within {took:.1f} s")
    assert took < LONGEST
    stored, whole = {slot: ExamAnswer(1) for slot in range(STORED)}, {slot: ExamAnswer(1) for slot in range(QUESTIONS)}
    assert set(digests[::2]) == {digest(whole)}
    assert set(digests[1::2]) == {digest(stored)}
    states = await rows("SELECT DISTINCT state, submitted_at IS NOT NULL AS by_hand FROM exam_attempt")
    assert [dict(row) for row in states] == [{"state": "sealed", "by_hand": True}]
    late = await rows("SELECT count(*) FILTER (WHERE late) AS late, count(*) AS n FROM exam_answer")
    assert (late[0]["late"], late[0]["n"]) == (PEOPLE // 2 * (QUESTIONS - STORED), PEOPLE * QUESTIONS)
    assert await find_broken() == []


async def hand_in(exams: ExamServices, row: Any, more: bool) -> str:
    """Submit as the page does: first the digest, then the whole map if it is requested."""
    shown = range(QUESTIONS if more else STORED)
    seen = digest({slot: ExamAnswer(1) for slot in shown})
    answers = None
    actor = Actor("demo", "applicant", row["account"])
    while True:
        try:
            return (await exams.attempts.submit(actor, row["id"], 1, seen, answers)).digest
        except TooMany:
            await asyncio.sleep(0.5)
        except Conflict as refusal:
            if refusal.code != "answers_differ":
                raise
            answers = [ShownAnswer(slot, ExamAnswer(1), END) for slot in shown]
