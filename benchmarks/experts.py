"""The office's experts: the list over 300,000 of them, and the import of a sheet of 100,000.

``python -m benchmarks.experts`` starts a PostgreSQL of its own and imports a sheet by the service, as a worker does;
then COPY puts the same rows into tables with the same columns and indexes (aim: the import under 3 times that). For the
list, more experts are made of these, and pages are asked in turn of the service and by bare queries over an asyncpg
pool, which must find the same (aim: under 2 times).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from app.boot import load_settings
from app.commands.database import deps_for
from app.demo.data import POOL, codes_of, pool_catalogues, render_sheet
from app.embedded import embedded
from domain.ids import new_id
from models.migrate import migrate
from services.catalogues import Catalogues
from services.core.base import Actor, Deps, system
from services.experts import ExpertImport, bar_conditions, covers, is_drawn, is_suspended
from services.office.expert_list import ExpertFilter, ExpertList, grams

ACTOR = Actor(POOL, "pool_admin", new_id())
SIZE = 20
LIST_AIM, IMPORT_AIM = 2.0, 3.0
TABLES = ("expert", "employment", "expert_file_change")

_IN_POOL = f"e.pool = '{POOL}' AND e.left_at IS NULL"
_BY_NAME = "e.name_sort, e.id"
_PAGE = """
SELECT e.id, e.number, e.name, e.permanent_region, e.specialties, e.title_level, e.born_on, e.term_until,
  e.created_at, e.left_at, e.mobile_sealed, e.id_number_sealed FROM expert e WHERE {where} ORDER BY {order}
LIMIT 20 OFFSET {offset}
"""
_COUNT = "SELECT count(*) FROM (SELECT FROM expert e WHERE {where} LIMIT 10000) AS counted"
_NAMES = """
SELECT column_name AS name FROM information_schema.columns
WHERE table_name = 'expert' AND table_schema = current_schema()
"""
_ANY = """
SELECT e.name, m.unit_name, e.specialties[1] AS specialty FROM expert e JOIN employment m ON m.expert_id = e.id
WHERE length(e.name) > 2 AND length(m.unit_name) > 8 LIMIT 1
"""
_MORE = """
INSERT INTO expert ({columns}) SELECT {values} FROM expert e, generate_series(1, $1::int) AS g
"""
_OWN = {
    "id": "gen_random_uuid()",
    "number": "e.number || '-' || g",
    "id_number_hash": "md5(e.id_number_hash || g)",
    "mobile_hash": "md5(e.mobile_hash || g)",
    "account_id": "NULL",
    "created_at": "e.created_at - g * interval '1 day'",
}
_JOBS = """
INSERT INTO employment (id, expert_id, unit_name, credit_code, unit_keys)
SELECT gen_random_uuid(), n.id, m.unit_name, m.credit_code, m.unit_keys
FROM expert n JOIN expert e ON e.number = split_part(n.number, '-', 1) JOIN employment m ON m.expert_id = e.id
WHERE n.number LIKE '%-%' AND m.until IS NULL
"""


@dataclass(frozen=True)
class Case:
    name: str
    wanted: ExpertFilter
    where: str
    sort: str = "name"
    order: str = _BY_NAME
    page: int = 1


def cases(name: str, unit: str, specialty: str, drawn: str) -> list[Case]:
    """``name`` and ``unit`` are parts of what stands in the pool; ``drawn`` is the condition of who may be drawn."""

    def part(column: str, word: str) -> str:
        pairs = ", ".join(f"'{pair}'" for pair in grams(word))
        return f"grams({column}) @> ARRAY[{pairs}] AND position('{word}' IN lower({column})) > 0"

    employed = (
        "EXISTS (SELECT FROM employment m WHERE m.expert_id = e.id AND m.until IS NULL "
        f"AND {part('m.unit_name', unit)})"
    )
    unbound = "NOT EXISTS (SELECT FROM wechat_identity w WHERE w.account_id = e.account_id)"
    return [
        Case("all, first page", ExpertFilter(), _IN_POOL),
        Case("all, page 400", ExpertFilter(), _IN_POOL, page=400),
        Case("all, newest first", ExpertFilter(), _IN_POOL, "newest", "e.created_at DESC, e.id"),
        Case("all, by term", ExpertFilter(), _IN_POOL, "term", "e.term_until, e.id"),
        Case("any part of a name", ExpertFilter(search=name), f"{_IN_POOL} AND {part('e.name', name)}"),
        Case("one character of a name", ExpertFilter(search=name[:1]), f"{_IN_POOL} AND {part('e.name', name[:1])}"),
        Case("part of an employer", ExpertFilter(employer=unit), f"{_IN_POOL} AND {employed}"),
        Case("a city", ExpertFilter(region="440300"), f"{_IN_POOL} AND e.region_path @> ARRAY['440300']"),
        Case(
            "a specialty in a city, without WeChat",
            ExpertFilter(region="440300", specialty=specialty, wechat="none"),
            f"{_IN_POOL} AND e.region_path @> ARRAY['440300'] AND e.specialty_path @> ARRAY['{specialty}'] "
            f"AND {unbound}",
        ),
        Case("suspended", ExpertFilter("office"), f"{_IN_POOL} AND {is_suspended('e', covers('now()'))}"),
        Case("may be drawn", ExpertFilter("drawn"), f"{_IN_POOL} AND {drawn}"),
    ]


async def timed(run: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    await run()
    return (time.perf_counter() - start) * 1000


async def measure_import(deps: Deps, connection: asyncpg.Connection[asyncpg.Record], sheet: bytes) -> bool:
    report = None

    async def ours() -> None:
        nonlocal report
        report = await ExpertImport(deps).run(system(POOL), sheet, "csv")

    mine = await timed(ours)
    assert report is not None and not report.errors, report  # noqa: PT018  # for the reader of a failure
    copied = 0.0
    for table in TABLES:
        held = await connection.fetch(f"SELECT * FROM {table}")
        await connection.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        copied += await timed(partial(connection.copy_records_to_table, f"bare_{table}", records=held))
        await connection.execute(f"DROP TABLE bare_{table}")
    ratio = mine / copied
    took = f"{mine / 1000:.1f} s, COPY of its rows {copied / 1000:.1f} s"
    print(f"import of {report.total:,} experts: {took}, {ratio:.2f}x")
    return ratio < IMPORT_AIM


async def enlarge(connection: asyncpg.Connection[asyncpg.Record], times: int) -> None:
    """So many more experts for each one."""
    columns = [row["name"] for row in await connection.fetch(_NAMES)]
    values = ", ".join(_OWN.get(column, f"e.{column}") for column in columns)
    await connection.execute(_MORE.format(columns=", ".join(columns), values=values), times)
    await connection.execute(_JOBS)
    await connection.execute("VACUUM ANALYZE")


async def compare(listing: ExpertList, bare: asyncpg.Pool, case: Case, rounds: int) -> tuple[float, float]:
    """Median milliseconds of ours and of the bare queries, run in turn; both must find the same."""

    async def ours() -> tuple[list[UUID], int]:
        listed = await listing.page(ACTOR, case.wanted, sort=case.sort, page=case.page, size=SIZE)
        return [line.id for line in listed.items], listed.total

    async def theirs() -> tuple[list[UUID], int]:
        offset = (case.page - 1) * SIZE
        lines = await bare.fetch(_PAGE.format(where=case.where, order=case.order, offset=offset))
        return [UUID(str(row["id"])) for row in lines], await bare.fetchval(_COUNT.format(where=case.where))

    mine, other = await ours(), await theirs()
    assert mine == other, (case.name, mine[1], other[1])
    assert mine[0], case.name
    pairs = [(await timed(ours), await timed(theirs)) for _ in range(rounds)]
    return statistics.median(own for own, _ in pairs), statistics.median(plain for _, plain in pairs)


async def run(experts: int, times: int, rounds: int) -> int:
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as folder:
        Path(folder).chmod(0o755)
        async with embedded(Path(folder)) as servers:
            await migrate(servers.database_url)
            settings = load_settings().model_copy(
                update={"database_url": servers.database_url, "redis_url": servers.redis_url}
            )
            async with deps_for(settings) as deps:
                catalogues = pool_catalogues(deps.book(POOL), Path("config/catalogues"))
                await Catalogues(deps).replace(system(POOL), catalogues)
                connection = await asyncpg.connect(servers.database_url, command_timeout=600)
                good = await measure_import(deps, connection, render_sheet(codes_of(catalogues), seed=1, count=experts))
                await enlarge(connection, times)
                first = await connection.fetchrow(_ANY)
                assert first is not None
                bare = await asyncpg.create_pool(servers.database_url, min_size=1, max_size=5)
                listing = ExpertList(deps)
                drawn = is_drawn(bar_conditions("e", "now()", deps.now(), deps.book(POOL)))
                results = [
                    (case.name, *await compare(listing, bare, case, rounds))
                    for case in cases(first["name"][1:3], first["unit_name"][2:6], first["specialty"], drawn)
                ]
                count = await connection.fetchval("SELECT count(*) FROM expert")
                await bare.close()
                await connection.close()
    for name, ours, theirs in results:
        print(f"{name:40} ours {ours:8.2f} ms   bare {theirs:8.2f} ms   {ours / theirs:5.2f}x")
    ratio = sum(ours for _, ours, _ in results) / sum(theirs for _, _, theirs in results)
    print(f"{count:,} experts, all together {ratio:.2f}x, aim under {LIST_AIM}x")
    return 0 if good and ratio < LIST_AIM else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--experts", type=int, default=100_000, help="experts in the sheet")
    parser.add_argument("--times", type=int, default=2, help="so many more for each in the list")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    return uvloop.run(run(given.experts, given.times, given.rounds))


if __name__ == "__main__":
    raise SystemExit(main())
