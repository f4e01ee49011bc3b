"""Sealing and marking all papers of a sitting, against the same facts by bare SQL statements.

``python -m benchmarks.exam_grading`` starts a PostgreSQL of its own with two examinations of so many papers of 80
items, a fifth of the answers changed once. One is ended by four bare statements, a thousand papers at a time: seal, the
newest answer of each slot, its marks, the sums. The other one by the service, which also turns options back into their
own order, computes digests, raises flags, writes the audit trail, and lets others work meanwhile. Aim: at most three
times as long.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import uvloop
from tortoise import Tortoise

from app.embedded import embedded
from app.rulebook_files import load_rulebooks
from domain.clock import SystemClock
from domain.rulebook.types import dump_rules
from models.database_connection import tortoise_config
from models.migrate import migrate
from services.core.base import Deps, Jobs, execute, rows
from services.core.crypto import Keyring
from services.exams.attempts.sealing import Sealing
from services.exams.marking.marking import Marking

ITEMS, CHANGED = 80, 16
AIM = 3.0
CHUNK = 1000
_ITEMS = """
WITH item AS (
    INSERT INTO exam_item (id, pool, code, kind, chapter, difficulty, position, version, stem_hash, used, created_at)
    SELECT uuidv7(), 'demo', 'B' || n, 'single', '法律法规', 2, 0, 1, md5(n::text), 0, $1
      FROM generate_series(1, $2) AS n RETURNING id
), version AS (
    INSERT INTO exam_item_version (id, item_id, number, stem, options, pictures, fixed_order, basis, created_at)
    SELECT uuidv7(), id, 1, '题目', '{甲,乙,丙,丁}', '[]', false, '', $1 FROM item RETURNING id
)
INSERT INTO exam_item_key (id, version_id, mask, answer, explanation)
SELECT uuidv7(), id, 1, '', '' FROM version RETURNING version_id
"""
_EXAM = """
INSERT INTO exam (id, pool, name, purpose, state, opens_at, closes_at, rules, cells, created_at, published_at)
VALUES (uuidv7(), 'demo', '统一考试', 'single', 'published', $1::timestamptz - interval '3 hours',
    $1::timestamptz - interval '1 hour', $2::jsonb, '[]', $1, $1) RETURNING id
"""
_PAPERS = """
WITH person AS (
    INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, id_number_sealed, privacy_version, created_at)
    SELECT uuidv7(), 'demo', 'x', md5($3::uuid::text || n), '张' || n, '', '', $1
      FROM generate_series(1, $2) AS n RETURNING id
), candidate AS (
    INSERT INTO exam_candidate (id, exam_id, account_id, state, extra_minutes, extra_tries, extra_devices,
        allowance_reason, notice_read_at, face, face_reference, reminders, called_at)
    SELECT uuidv7(), $3::uuid, id, 'called', 0, 0, 0, '', $1, '', '', 0, $1 FROM person RETURNING id
)
INSERT INTO exam_attempt (id, exam_id, candidate_id, number, state, versions, orders, marks, made_at, started_at,
    deadline, grace_until, device, leaves, hidden_seconds, flags, digest, void_reason, replaced_at)
SELECT uuidv7(), $3::uuid, id, 1, 'running', $4::uuid[],
    ARRAY(SELECT n * 7 % 24 FROM generate_series(1, $5::int) n), array_fill(10, ARRAY[$5::int]),
    $1, $1::timestamptz - interval '3 hours', $1::timestamptz - interval '2 hours',
    $1::timestamptz - interval '1 hour', 1, 0, 0, '{}', '', '', '{}' FROM candidate
"""
_EVENTS = """
INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, received_at)
SELECT t.id, 1, n, (n - 1) % $2::int, 1 << (n + t.number) % 4, t.started_at
  FROM exam_attempt t, generate_series(1, $2::int + $3::int) AS n WHERE t.exam_id = $1
"""
_BARE_SEAL = "UPDATE exam_attempt SET state = 'sealed', sealed_at = $2 WHERE exam_id = $1 AND grace_until < $2"
_CHUNK = (
    "{0}.attempt_id = ANY($1::uuid[]) AND {0}.attempt_id BETWEEN ($1::uuid[])[1] AND ($1::uuid[])[array_length($1, 1)]"
)
_BARE = (
    f"""
INSERT INTO exam_answer (attempt_id, slot, version_id, mask, text)
SELECT DISTINCT ON (e.attempt_id, e.slot) e.attempt_id, e.slot, t.versions[e.slot + 1], e.mask, ''
  FROM exam_answer_event e JOIN exam_attempt t ON t.id = e.attempt_id WHERE {_CHUNK.format("e")}
 ORDER BY e.attempt_id, e.slot, e.device DESC, e.seq DESC
""",
    f"""
UPDATE exam_answer a SET marks = CASE WHEN a.mask = k.mask THEN t.marks[a.slot + 1] ELSE 0 END
  FROM exam_attempt t, exam_item_key k
 WHERE {_CHUNK.format("a")} AND t.id = a.attempt_id AND k.version_id = a.version_id
""",
    f"""
UPDATE exam_attempt t SET state = 'graded', score = s.score, total = 800, passed = s.score >= 480, graded_at = now()
  FROM (SELECT attempt_id, sum(marks) AS score FROM exam_answer a WHERE {_CHUNK.format("a")} GROUP BY 1) s
 WHERE t.id = s.attempt_id
""",
)
_STEPS = ("seal", "answers", "marks and sums")


async def run(papers: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as folder:
        async with embedded(Path(folder), redis_url="redis://unused") as servers:
            await migrate(servers.database_url)
            await Tortoise.init(config=tortoise_config(servers.database_url))
            try:
                return await measure(papers)
            finally:
                await Tortoise.close_connections()


async def measure(papers: int) -> bool:
    rulebooks = load_rulebooks(Path("config/rulebooks"), ["demo"])
    deps = Deps(SystemClock(), Keyring({"k1": bytes(32)}, "k1", bytes(32), bytes(32)), rulebooks, Jobs(), "http://x")
    versions = [row["version_id"] for row in await rows(_ITEMS, datetime.now(UTC), ITEMS)]
    rules = json.dumps(dump_rules(rulebooks["demo"].exam))
    bare_exam, our_exam = [await make_exam(papers, versions, rules) for _ in range(2)]
    print(f"{papers} papers of {ITEMS} items; load {os.getloadavg()[0]:.1f}")
    theirs = await bare(bare_exam)
    ours = await serve(deps)
    for name, mine, plain in zip(_STEPS, ours, theirs, strict=True):
        print(f"{name:15} {mine:7.2f} s, bare {plain:7.2f} s")
    ratio = sum(ours) / sum(theirs)
    open_ones = await rows("SELECT count(*) AS n FROM exam_attempt WHERE state <> 'graded' AND exam_id = $1", our_exam)
    cpu = time.process_time()
    print(f"together {sum(ours):.1f} s, bare {sum(theirs):.1f} s: {ratio:.2f} times (aim {AIM})")
    print(f"CPU of this process {cpu:.1f} s, the rest is PostgreSQL's")
    return ratio <= AIM and not open_ones[0]["n"]


async def make_exam(papers: int, versions: list[UUID], rules: str) -> UUID:
    now = datetime.now(UTC)
    exam: UUID = (await rows(_EXAM, now, rules))[0]["id"]
    await execute(_PAPERS, now, papers, exam, versions, ITEMS)
    await execute(_EVENTS, exam, ITEMS, CHANGED)
    await execute("ANALYZE")
    return exam


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def bare(exam: UUID) -> tuple[float, float, float]:
    sealed = await timed(lambda: execute(_BARE_SEAL, exam, datetime.now(UTC)))
    ids = [row["id"] for row in await rows("SELECT id FROM exam_attempt WHERE exam_id = $1 ORDER BY id", exam)]
    chunks = [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)]

    async def each(statement: str) -> None:
        for chunk in chunks:
            await execute(statement, chunk)

    answers, marks, sums = [await timed(partial(each, statement)) for statement in _BARE]
    return sealed, answers, marks + sums


async def serve(deps: Deps) -> tuple[float, float, float]:
    sealing, marking = Sealing(deps), Marking(deps)

    async def fill() -> None:
        while await sealing.fill_due():
            pass

    async def mark() -> None:
        while await marking.mark_due():
            pass

    return await timed(sealing.seal_due), await timed(fill), await timed(mark)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--papers", type=int, default=20_000)
    return 0 if uvloop.run(run(parser.parse_args().papers)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
