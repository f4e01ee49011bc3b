"""The office's list of 10,000 applications: filtered, sorted, paged and counted, against the bare queries.

``python -m benchmarks.applications`` starts a PostgreSQL of its own. The bare side sends the same questions (one page,
and how many there are) over an asyncpg pool like ours and reads the rows; ours goes through the service, with
permission, checks, names of regions and steps. In turn, request by request. Aim: under 2 times.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop
from tortoise import Tortoise

from app.embedded import embedded
from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.ids import new_id
from models.database_connection import tortoise_config
from models.migrate import migrate
from services.core.base import Actor, Deps, Jobs
from services.core.crypto import Keyring
from services.office import Filter, Sort
from services.office.application_list import ApplicationList

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SIZE = 20
AIM = 2.0

_FILL = """
WITH person AS (
    INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, id_number_sealed, privacy_version,
        created_at)
    SELECT gen_random_uuid(), 'demo', 'x', md5('m' || n), '张' || n, '', '', $2
    FROM generate_series(1, $1) AS n RETURNING id, real_name)
INSERT INTO application (id, pool, number, account_id, entry_type, state, state_since, name, name_sort, region,
    region_path, round, step, version, sent_back_fields, expert_number, reason, submitted_at, approved_at, created_at)
SELECT gen_random_uuid(), 'demo', 'SQ20261121' || lpad(substr(real_name, 2), 7, '0'), id, 'first',
    (ARRAY['reviewing','reviewing','reviewing','sent_back','notice','fee','correcting','draft'])[1 + n % 8],
    $2 - n * interval '1 minute', (ARRAY['张','王','李','赵','钱'])[1 + n % 5] || n, 'zhang1 ' || n,
    (ARRAY['440106','440305','440100'])[1 + n % 3],
    (ARRAY['{440106,440100,440000}','{440305,440300,440000}','{440100,440000}'])[1 + n % 3]::text[],
    1, CASE WHEN n % 8 < 3 THEN n % 2 ELSE -1 END, 1, '{}', '', '',
    CASE WHEN n % 8 = 7 THEN NULL ELSE $2 - n * interval '1 minute' END, NULL, $2
FROM (SELECT id, real_name, substr(real_name, 2)::int AS n FROM person) AS people
"""
_CODES = """
INSERT INTO catalogue_entry (id, pool, kind, code, name, parent, position) VALUES
    (gen_random_uuid(), 'demo', 'region', '440000', '广东省', '', 1),
    (gen_random_uuid(), 'demo', 'region', '440100', '广州市', '440000', 2),
    (gen_random_uuid(), 'demo', 'region', '440106', '天河区', '440100', 3),
    (gen_random_uuid(), 'demo', 'region', '440300', '深圳市', '440000', 4),
    (gen_random_uuid(), 'demo', 'region', '440305', '南山区', '440300', 5)
"""
_PAGE = (
    "SELECT id, number, campaign_id, entry_type, state, state_since, name, region, step, round, submitted_at, "
    "created_at FROM application WHERE {where} ORDER BY {order} LIMIT 20 OFFSET {offset}"
)
_COUNT = "SELECT count(*) FROM application WHERE {where}"
_NEWEST = "submitted_at DESC, id DESC"
_SENT = "pool = 'demo' AND submitted_at IS NOT NULL"

Case = tuple[str, Filter, Sort, int, str, str]
CASES: tuple[Case, ...] = (
    ("all, first page", Filter(), "newest", 1, _SENT, _NEWEST),
    ("all, page 200", Filter(), "newest", 200, _SENT, _NEWEST),
    ("all, by waiting", Filter(), "waiting", 1, _SENT, "state_since, id"),
    ("one state", Filter(state="fee"), "newest", 1, f"{_SENT} AND state = 'fee'", _NEWEST),
    ("one city", Filter(region="440300"), "newest", 1, f"{_SENT} AND region_path @> ARRAY['440300']", _NEWEST),
    (
        "one step in one city",
        Filter(region="440100", step="industry"),
        "waiting",
        1,
        f"{_SENT} AND state IN ('reviewing', 'sent_back') AND step = 0 AND region_path @> ARRAY['440100']",
        "state_since, id",
    ),
    (
        "a name",
        Filter(search="王77"),
        "newest",
        1,
        f"{_SENT} AND (name ILIKE '%王77%' OR number ILIKE '王77%')",
        _NEWEST,
    ),
    (
        "one day",
        Filter(submitted_from=NOW - timedelta(days=2), submitted_until=NOW - timedelta(days=1)),
        "oldest",
        1,
        f"{_SENT} AND submitted_at >= '2026-11-19 02:00+00' AND submitted_at < '2026-11-20 02:00+00'",
        "submitted_at, id",
    ),
)


async def prepare(database_url: str, count: int) -> ApplicationList:
    """A filled pool and its list."""
    await migrate(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute(_CODES)
    await connection.execute(_FILL.replace("$1", str(count)).replace("$2", f"timestamptz '{NOW.isoformat()}'"))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    await Tortoise.init(config=tortoise_config(database_url), _enable_global_fallback=True)
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    rulebooks = load_rulebooks(Path("config/rulebooks"), ["demo"])
    return ApplicationList(Deps(FixedClock(NOW), keys, rulebooks, Jobs(), "http://127.0.0.1:8080"))


async def timed(run: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    await run()
    return (time.perf_counter() - start) * 1000


async def compare(listing: ApplicationList, bare: asyncpg.Pool, case: Case, rounds: int) -> tuple[float, float]:
    """Median milliseconds of ours and of the bare queries, run in turn; both must return the same rows."""
    _, wanted, sort, page, where, order = case
    actor = Actor("demo", "pool_admin", new_id())
    page_query = _PAGE.format(where=where, order=order, offset=(page - 1) * SIZE)
    count_query = _COUNT.format(where=where)

    async def ours() -> tuple[list[UUID], int]:
        listed = await listing.page(actor, wanted, sort=sort, page=page, size=SIZE)
        return [line.id for line in listed.items], listed.total

    async def theirs() -> tuple[list[UUID], int]:
        lines = await bare.fetch(page_query)
        return [UUID(str(row["id"])) for row in lines], await bare.fetchval(count_query)

    mine, other = await ours(), await theirs()
    assert mine == other, (case[0], mine[1], other[1])
    assert mine[0], case[0]
    pairs = [(await timed(ours), await timed(theirs)) for _ in range(rounds)]
    return statistics.median(service_time for service_time, _ in pairs), statistics.median(
        bare_time for _, bare_time in pairs
    )


async def run(count: int, rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as folder:
        Path(folder).chmod(0o755)
        async with embedded(Path(folder)) as servers:
            listing = await prepare(servers.database_url, count)
            bare = await asyncpg.create_pool(servers.database_url, min_size=1, max_size=5)
            results = [(case[0], *await compare(listing, bare, case, rounds)) for case in CASES]
            await bare.close()
            await Tortoise.close_connections()
    for name, ours, theirs in results:
        print(f"{name:24} ours {ours:7.2f} ms   bare {theirs:7.2f} ms   {ours / theirs:5.2f}x")
    ratio = sum(ours for _, ours, _ in results) / sum(theirs for _, _, theirs in results)
    print(f"all together {ratio:.2f}x, aim under {AIM}x")
    return 0 if ratio < AIM else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    return uvloop.run(run(given.count, given.rounds))


if __name__ == "__main__":
    raise SystemExit(main())
