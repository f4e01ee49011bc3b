"""Draws from large pools: from opening the round to the first calls deferred, against the bare eligibility query.

``python -m benchmarks.draw`` starts a PostgreSQL of its own and fills a pool of 100,000 and one of 1,000,000 experts,
of whom 2,000 and 20,000 are eligible. The query fetches every eligible row: once ids alone, once with the facts that
are sealed for an audit. The whole way is: commit, freeze the list, both devices commit and reveal, fix the seed, start,
and defer the first calls. Aims: at most 3 times the query with facts; at most 12 times as long with ten times the
experts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop
from tortoise import Tortoise

from app.embedded import embedded
from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.draws.random_draw import participant_commitment
from models.accounts import Account
from models.database_connection import tortoise_config
from models.draws import CallNotice, Condition, Draw, Supervisor, SupervisorEntry
from models.invitations import Invitation
from models.migrate import migrate
from models.organisations import Organisation
from models.projects import Project
from services.core.base import Actor, Deps, Jobs, rows
from services.core.composition import compose
from services.core.crypto import Keyring
from services.draws import Calling
from services.draws.call_order import eligibility
from services.draws.call_order.rounds import Rounds

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
NEEDED = 5
SUPERVISOR = "13900000002"
ONE_IN = 50
"""One expert in this number has the specialty of the draw."""

_FILL = """
INSERT INTO expert (id, pool, number, name, name_sort, id_number_sealed, id_number_hash, mobile_sealed, mobile_hash,
    membership_status, permanent_region, willing_regions, region_path, specialties, specialty_path, title_level,
    qualifications, department, recusal_keys, born_on, created_at)
SELECT gen_random_uuid(), 'demo', 'ZJ' || n, '专家' || n, '', 'x', md5('id' || n), $2, md5('m' || n), 'formal',
    '440100', '{440100}', '{440000,440100}', CASE WHEN n % $3 = 0 THEN '{A0801}' ELSE '{A0402}' END::text[],
    CASE WHEN n % $3 = 0 THEN '{A,A08,A0801}' ELSE '{A,A04,A0402}' END::text[], 'senior', '{}', '', '{}',
    date '1970-01-01' + n % 7000, now()
FROM generate_series(1, $1) AS n
"""
_EMPLOY = """
INSERT INTO employment (id, expert_id, unit_name, credit_code, since, unit_keys)
SELECT gen_random_uuid(), id, '单位' || number, '', NULL, ARRAY['name:单位' || (hashtext(number) % 20000)] FROM expert
"""
_BARE = f"SELECT e.id FROM expert e WHERE {eligibility._FITS} AND {eligibility._FREE}"


@dataclass
class Bench:
    deps: Deps
    rounds: Rounds
    run: Calling
    agency: Actor
    supervisor: Actor
    supervisor_mobile: str
    project_id: UUID
    needed: int = NEEDED
    drawn: int = 0


async def prepare(database_url: str, experts: int) -> Bench:
    """A filled pool, an agency and a supervisor."""
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    rulebooks = load_rulebooks(Path("config/rulebooks"), ["demo"])
    deps = Deps(FixedClock(NOW), keys, rulebooks, Jobs(), "http://127.0.0.1:8080")
    connection = await asyncpg.connect(database_url)
    await connection.execute(_FILL, experts, keys.seal("13800000000", "mobile"), ONE_IN)
    await connection.execute(_EMPLOY)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    people = [
        await Account.create(
            pool="demo", mobile_sealed=keys.seal(m, "mobile"), mobile_hash=keys.lookup_hash("mobile", m), created_at=NOW
        )
        for m in ("13900000001", SUPERVISOR)
    ]
    organisation = await Organisation.create(
        pool="demo", name="代理", credit_code="x", assurance_level=4, legal_account_id=people[0].id, created_at=NOW
    )
    project = await Project.create(
        pool="demo",
        organisation_id=organisation.id,
        agent_id=people[0].id,
        name="项目",
        category="工程",
        region="440100",
        funding_source="国家",
        tender_method="公开",
        organisation_form="委托",
        tenderee_category="法人",
        investment=1,
        tenderee_name="单位77",
        tenderee_code="",
        agency_name="代理",
        contact="张",
        contact_phone="1",
        created_at=NOW,
    )
    return Bench(
        deps,
        compose(Rounds, {Deps: deps}),
        compose(Calling, {Deps: deps}),
        Actor("demo", "organisation", account_id=people[0].id, organisation_id=organisation.id),
        Actor("demo", "supervisor", account_id=people[1].id),
        SUPERVISOR,
        project.id,
    )


async def make_draw(bench: Bench) -> Draw:
    """A verified draw; each begins after the one before, and calls experts whom those did not call."""
    bench.drawn += 1
    now = bench.deps.now()
    day = now + timedelta(hours=8, days=bench.drawn / 1000)
    draw = await Draw.create(
        pool="demo",
        number=f"BENCH{bench.drawn:08}",
        project_id=bench.project_id,
        state="verified",
        organisation_id=bench.agency.organisation_id,
        agent_id=bench.agency.account_id,
        name="活动",
        medium="网",
        opening_at=day - timedelta(hours=1),
        opening_place="广州",
        needed=bench.needed,
        starts_at=day,
        ends_at=day + timedelta(hours=4),
        on_site=False,
        operator_name="黄",
        operator_id_sealed="x",
        gathering_first=day - timedelta(minutes=30),
        created_at=now,
    )
    notice = await CallNotice.create(
        draw_id=draw.id,
        venue="场",
        address="广州市天河区1号",
        gathering_at=day - timedelta(minutes=30),
        contact="王",
        contact_phone="1",
    )
    await Condition.create(
        draw_id=draw.id,
        notice_id=notice.id,
        position=1,
        region_mode="permanent",
        regions=["440100"],
        specialty="A08",
        planned=bench.needed,
        needed=bench.needed,
    )
    person = {
        "name": "李",
        "department": "局",
        "mobile_hash": bench.deps.keys.lookup_hash("mobile", bench.supervisor_mobile),
    }
    sealed = bench.deps.keys.seal(bench.supervisor_mobile, "mobile")
    entry, _ = await SupervisorEntry.get_or_create(
        pool="demo",
        mobile_hash=person["mobile_hash"],
        defaults={**person, "mobile_sealed": sealed, "active_from": now},
    )
    await Supervisor.create(draw_id=draw.id, entry_id=entry.id, phone_sealed=sealed, **person)
    return draw


async def time_query(bench: Bench, draw: Draw, *, facts: bool) -> tuple[float, int]:
    """Seconds of the eligibility query with every row fetched, and how many there were.

    Without ``facts`` it fetches ids alone; with them, what an audit needs to judge every candidate again.
    """
    condition, notice = await Condition.get(draw_id=draw.id), await CallNotice.get(draw_id=draw.id)
    out, book = await eligibility.recusals(draw, 3), bench.deps.book("demo")
    began = time.perf_counter()
    if facts:
        count = len(await eligibility.find_eligible(draw, condition, notice, "A08", out, book, bench.deps.now()))
    else:
        bars = eligibility._barring_values(draw, notice, out, book, bench.deps.now())
        count = len(await rows(_BARE, *bars, *eligibility._fitting_values(draw, condition, "A08")))
    return time.perf_counter() - began, count


async def fix_order(bench: Bench, draw: Draw) -> None:
    """From opening the round to the seed; only the start is left."""
    values = {"agency": os.urandom(16), "supervisor": os.urandom(16)}
    actors = {"agency": bench.agency, "supervisor": bench.supervisor}
    await bench.rounds.open(bench.agency, draw.id)
    for role, value in values.items():
        digest = participant_commitment(role, value, draw.number, 1)
        await bench.rounds.commit(actors[role], draw.id, role, digest.hex())
    for role, value in values.items():
        await bench.rounds.reveal(actors[role], draw.id, role, value.hex())


async def call(bench: Bench, draw: Draw) -> None:
    """The whole way from opening the round to the first calls deferred."""
    await fix_order(bench, draw)
    await bench.run.start(bench.agency, draw.id)
    await bench.run.advance(draw.id)


async def time_draw(bench: Bench, draw: Draw) -> float:
    """Seconds of ``call``."""
    began = time.perf_counter()
    await call(bench, draw)
    took = time.perf_counter() - began
    assert await Invitation.filter(draw_id=draw.id).count() == bench.needed
    return took


@dataclass(frozen=True)
class Medians:
    """Seconds of the query for ids, of the query with facts and of the whole way; alternating, after one of each."""

    bare: float
    facts: float
    whole: float
    eligible: int


async def measure(database_url: str, experts: int, rounds: int) -> Medians:
    await migrate(database_url)
    await Tortoise.init(config=tortoise_config(database_url), _enable_global_fallback=True)
    try:
        bench = await prepare(database_url, experts)
        bare, facts, whole, count = [], [], [], 0
        for number in range(rounds + 1):
            draw = await make_draw(bench)
            ids_took, count = await time_query(bench, draw, facts=False)
            facts_took, _ = await time_query(bench, draw, facts=True)
            took = await time_draw(bench, draw)
            if number:
                bare.append(ids_took)
                facts.append(facts_took)
                whole.append(took)
        return Medians(statistics.median(bare), statistics.median(facts), statistics.median(whole), count)
    finally:
        await Tortoise.close_connections()


async def main(sizes: list[int], rounds: int) -> None:
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder), durable=False) as servers:
            for size in sizes:
                connection = await asyncpg.connect(servers.database_url)
                await connection.execute(f"CREATE DATABASE draw_{size}")
                await connection.close()
                url = servers.database_url.rsplit("/", 1)[0] + f"/draw_{size}"
                seen = await measure(url, size, rounds)
                results[size] = seen.whole
                print(
                    f"{size:>9,} experts, {seen.eligible:,} eligible: ids alone {seen.bare * 1000:.0f} ms, with facts "
                    f"{seen.facts * 1000:.0f} ms, to first calls {seen.whole * 1000:.0f} ms, "
                    f"ratios {seen.whole / seen.bare:.2f} and {seen.whole / seen.facts:.2f}"
                )
    if len(sizes) > 1:
        print(f"{sizes[-1]:,} against {sizes[0]:,} experts: {results[sizes[-1]] / results[sizes[0]]:.1f} times as long")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(options.sizes, options.rounds))
