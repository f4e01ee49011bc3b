"""One sitting: everybody starts, answers, hands in, all over HTTP and with log-ins; then the clock seals the others.

``python -m benchmarks.exam`` starts a PostgreSQL of its own and one web process's worth of API in this process, with
papers of 80 items made ahead, and drives it over HTTP. Saves are compared with a bare aiohttp handler that puts what
waits into one INSERT of the same rows, over the same connections, in the same run, in turn. Aims: a save reaches half
of the bare rate; no error; everything acknowledged is stored; every paper is sealed with its digest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import aiohttp
import asyncpg
import uvloop
from aiohttp import web
from tortoise import Tortoise

from app.embedded import embedded
from app.rulebook_files import load_rulebooks
from domain.clock import ShiftedClock, SystemClock
from domain.exams.answers import ExamAnswer, digest
from domain.rulebook.types import dump_rules
from miniapp_api.assembly import create_api
from miniapp_api.exams import attempts as endpoints
from models.database_connection import tortoise_config
from models.migrate import migrate
from services.accounts.sessions import Sessions
from services.core.base import Deps, Jobs, execute, rows
from services.core.composition import compose
from services.core.crypto import Keyring
from services.core.request_batcher import RequestBatcher
from services.core.signed_links import Links
from services.exams.attempts.answer_writer import AnswerWriter
from services.exams.attempts.attempts import Attempts
from services.exams.attempts.sealing import Sealing
from services.exams.attempts.tickets import Tickets
from services.exams.bank.item_pictures import ItemPictures
from services.registry import Services

ITEMS, OPTIONS, SAVES, EVENTS = 80, 4, 10, 8
AT_ONCE = 200
POOL = 10
PORT = 18331
AIM = 0.5
_FILL = """
WITH item AS (
    INSERT INTO exam_item (id, pool, code, kind, chapter, difficulty, position, version, stem_hash, used, created_at)
    SELECT gen_random_uuid(), 'demo', 'B' || n, 'single', '法律法规', 2, 0, 1, md5(n::text), 0, $2
      FROM generate_series(1, $3) AS n RETURNING id
), version AS (
    INSERT INTO exam_item_version (id, item_id, number, stem, options, pictures, fixed_order, basis, created_at)
    SELECT gen_random_uuid(), id, 1, '评标委员会由招标人的代表和有关技术、经济等方面的专家组成，成员人数为',
           $4, '[]', false, '', $2
      FROM item RETURNING id
), person AS (
    INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, id_number_sealed, privacy_version, created_at,
        registered_at, id_number_hash)
    SELECT gen_random_uuid(), 'demo', 'x', md5('m' || n), '张' || n, '', '', $2, $2, md5('i' || n)
      FROM generate_series(1, $1) AS n RETURNING id
), exam AS (
    INSERT INTO exam (id, pool, name, purpose, state, opens_at, closes_at, rules, cells, created_at, published_at)
    VALUES (gen_random_uuid(), 'demo', '统一考试', 'single', 'published', $2 - interval '1 hour', $2 + interval '1 day',
        $5::jsonb, '[]', $2, $2) RETURNING id
), candidate AS (
    INSERT INTO exam_candidate (id, exam_id, account_id, state, extra_minutes, extra_tries, extra_devices,
        allowance_reason, notice_read_at, face, face_reference, reminders, called_at)
    SELECT gen_random_uuid(), exam.id, person.id, 'called', 0, 0, 0, '', $2, '', '', 0, $2 FROM exam, person
    RETURNING id, exam_id, account_id
), paper AS (SELECT array_agg(id) AS versions FROM version)
INSERT INTO exam_attempt (id, exam_id, candidate_id, number, state, versions, orders, marks, made_at, device, leaves,
    hidden_seconds, flags, digest, void_reason, replaced_at)
SELECT gen_random_uuid(), exam_id, candidate.id, 1, 'ready', versions, array_fill(0, ARRAY[$3]),
    array_fill(10, ARRAY[$3]), $2, 0, 0, 0, '{}', '', '', '{}' FROM candidate, paper
RETURNING (SELECT account_id FROM candidate c WHERE c.id = candidate_id) AS account, candidate_id AS candidate
"""
_SESSIONS = """
INSERT INTO session (id, account_id, pool, role, scope, access_hash, refresh_hash, access_until, refresh_until, device,
    created_at)
SELECT gen_random_uuid(), id, 'demo', 'applicant', '', encode(sha256(id::text::bytea), 'hex'), id::text,
    $1::timestamptz + interval '1 day', $1 + interval '1 day', '', $1 FROM account
"""
"""The token of each is the account's id."""
_BARE = """
INSERT INTO bare_event SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::int[], $4::smallint[], $5::int[])
ON CONFLICT DO NOTHING
"""
_BARE_TABLE = """
CREATE TABLE bare_event (attempt_id uuid, device smallint, seq int, slot smallint, mask int,
    PRIMARY KEY (attempt_id, device, seq))
"""


@dataclass
class Times:
    """Seconds that requests of one kind took."""

    took: list[float] = field(default_factory=list)
    errors: int = 0
    cpu: float = 0.0
    """CPU of this process, the load generator included."""

    def summary_line(self, name: str, over: float) -> str:
        cuts = statistics.quantiles(self.took, n=100)
        rate = len(self.took) / over
        return (
            f"{name:8} {len(self.took):7} requests, {rate:7.0f}/s, p50 {cuts[49] * 1000:6.0f} ms, "
            f"p99 {cuts[98] * 1000:6.0f} ms, {self.cpu / len(self.took) * 1e6:5.0f} µs CPU, {self.errors} errors"
        )


@dataclass
class Person:
    account: UUID
    candidate: UUID
    attempt: str = ""
    ticket: str = ""
    seq: int = 0
    acked: int = 0
    answers: dict[int, ExamAnswer] = field(default_factory=dict)


class Bare:
    """Handler that writes the same rows with one INSERT for all waiting requests."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._batcher: RequestBatcher[dict[str, Any], int] = RequestBatcher(self._store, lanes=2, most=100)

    async def save(self, request: web.Request) -> web.Response:
        return web.json_response({"ack": await self._batcher.ask(json.loads(await request.read()))})

    async def _store(self, requests: Sequence[dict[str, Any]]) -> list[int]:
        made = [
            (UUID(request["attempt"]), 1, e["seq"], e["slot"], e["mask"])
            for request in requests
            for e in request["events"]
        ]
        async with self._pool.acquire() as connection:
            await connection.execute(_BARE, *map(list, zip(*made, strict=True)))
        return [request["events"][-1]["seq"] for request in requests]


def make_deps() -> Deps:
    rulebooks = load_rulebooks(Path("config/rulebooks"), ["demo"])
    keys = Keyring({"k1": bytes(32)}, "k1", bytes(32), bytes(32))
    return Deps(SystemClock(), keys, rulebooks, Jobs(), "http://127.0.0.1:18331")


@dataclass
class Exams:
    """The parts of ``services.exams`` that these endpoints use."""

    attempts: Attempts
    answers: AnswerWriter
    tickets: Tickets


@dataclass
class LogIns:
    sessions: Sessions


@dataclass
class Hall:
    deps: Deps
    accounts: LogIns
    exams: Exams


class Uncounted:
    """All candidates of this benchmark share one address, which the service would limit."""

    async def count(self, key: str, period: int) -> tuple[int, int]:
        del key
        return 0, period


async def run_all(times: Times, work: Callable[[Person], Awaitable[None]], people: Sequence[Person]) -> float:
    """Run all, ``AT_ONCE`` at a time; returns the seconds that it took."""
    waiting, begun, cpu = iter(people), time.perf_counter(), time.process_time()

    async def worker() -> None:
        for person in waiting:
            await work(person)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    times.cpu += time.process_time() - cpu
    return time.perf_counter() - begun


async def timed(times: Times, request: Awaitable[aiohttp.ClientResponse]) -> dict[str, Any]:
    begun = time.perf_counter()
    answer = await request
    body = await answer.json()
    times.took.append(time.perf_counter() - begun)
    if answer.status != 200:
        times.errors += 1
    return cast("dict[str, Any]", body)


async def run(candidates: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as folder:
        async with embedded(Path(folder), redis_url="redis://unused") as servers:
            await migrate(servers.database_url)
            await Tortoise.init(config=tortoise_config(servers.database_url, pool_size=POOL))
            try:
                return await measure(candidates, servers.database_url)
            finally:
                await Tortoise.close_connections()


async def measure(candidates: int, database_url: str) -> bool:
    deps = make_deps()
    rules = json.dumps(dump_rules(deps.book("demo").exam))
    options, now = ["三人以上单数", "五人以上单数", "五人以上双数", "七人以上单数"], datetime.now(UTC)
    made = await rows(_FILL, candidates, now, ITEMS, options, rules)
    people = [Person(row["account"], row["candidate"]) for row in made]
    links, pictures = Links(deps.keys, deps.clock), cast(Any, None)
    attempts = compose(Attempts, {Deps: deps, Keyring: deps.keys, Links: links, ItemPictures: pictures})
    await execute(_SESSIONS, now)
    log_ins = LogIns(Sessions(deps, cast(Any, None), cast(Any, None), {}))
    hall = Hall(deps, log_ins, Exams(attempts, AnswerWriter(deps), attempts.tickets))
    bare_pool = await asyncpg.create_pool(database_url, min_size=4, max_size=4)
    await bare_pool.execute(_BARE_TABLE)
    app = web.Application()
    app.add_subapp("/api", create_api(cast(Services, hall), (endpoints.api,), Uncounted()))
    app.router.add_post("/bare", Bare(bare_pool).save)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", PORT, backlog=4096).start()
    try:
        return await sit(people, deps)
    finally:
        await runner.cleanup()
        await bare_pool.close()


async def sit(people: Sequence[Person], deps: Deps) -> bool:
    base, start, save, bare, submit = f"http://127.0.0.1:{PORT}", Times(), Times(), Times(), Times()
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(base, connector=connector) as http:

        async def begin(person: Person) -> None:
            headers = {"Authorization": f"Bearer {person.account}"}
            path = f"/api/v1/demo/exams/{person.candidate}/start"
            paper = await timed(start, http.post(path, json={}, headers=headers))
            person.attempt, person.ticket = paper["attempt_id"], paper["ticket"]

        def events(person: Person) -> list[dict[str, Any]]:
            made = []
            for _ in range(EVENTS):
                slot, mask = person.seq % ITEMS, 1 << person.seq % OPTIONS
                person.seq += 1
                person.answers[slot] = ExamAnswer(mask)
                made.append({"seq": person.seq, "slot": slot, "mask": mask})
            return made

        async def answer(person: Person) -> None:
            body = {"ticket": person.ticket, "device": 1, "events": events(person)}
            response = await timed(save, http.post(f"/api/v1/demo/exam-attempts/{person.attempt}/answers", json=body))
            person.acked = response.get("ack", 0)

        async def answer_bare(person: Person) -> None:
            at = len(bare.took) + 1
            made = [{"seq": at * EVENTS + n, "slot": n, "mask": 1} for n in range(EVENTS)]
            await timed(bare, http.post("/bare", json={"attempt": person.attempt, "events": made}))

        async def hand_in(person: Person) -> None:
            body = {"ticket": person.ticket, "device": 1, "digest": digest(person.answers)}
            await timed(submit, http.post(f"/api/v1/demo/exam-attempts/{person.attempt}/submission", json=body))

        await asyncio.gather(*(rows("SELECT pg_sleep(0.1)") for _ in range(POOL)))  # no connection is opened below
        print(start.summary_line("start", over) if (over := await run_all(start, begin, people)) else "")
        ours = theirs = 0.0
        for _ in range(SAVES):
            ours += await run_all(save, answer, people)
            theirs += await run_all(bare, answer_bare, people)
        print(save.summary_line("save", ours))
        print(bare.summary_line("bare", theirs))
        print(
            submit.summary_line("submit", over)
            if (over := await run_all(submit, hand_in, people[: len(people) // 2]))
            else ""
        )
    return await check(people, deps, theirs / ours, start.errors + save.errors + submit.errors)


async def check(people: Sequence[Person], deps: Deps, ratio: float, errors: int) -> bool:
    stored = (await rows("SELECT count(*) AS n FROM exam_answer_event"))[0]["n"]
    lost = sum(person.acked for person in people) - stored
    later = replace_clock(deps, timedelta(days=2))
    sealing, begun = Sealing(later), time.perf_counter()
    await sealing.seal_due()
    sealed_in = time.perf_counter() - begun
    while await sealing.fill_due():
        pass
    filled_in = time.perf_counter() - begun - sealed_in
    open_ones = (await rows("SELECT count(*) AS n FROM exam_attempt WHERE digest = ''"))[0]["n"]
    rest = len(people) - len(people) // 2
    print(f"seal     {rest} attempts in {sealed_in * 1000:.0f} ms, their answers written in {filled_in:.1f} s")
    print(
        f"ratio of a save to the bare insert: {ratio:.2f} (aim {AIM}); acknowledged and lost: {lost}; open: {open_ones}"
    )
    return ratio >= AIM and not lost and not errors and not open_ones


def replace_clock(deps: Deps, ahead: timedelta) -> Deps:
    return Deps(ShiftedClock(ahead), deps.keys, deps.rulebooks, deps.jobs, deps.public_url)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--candidates", type=int, default=1000)
    return 0 if uvloop.run(run(parser.parse_args().candidates)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
