"""An agency's first page and list, with 10,000 activities of its own among those of others, against bare statements.

``python -m benchmarks.dashboard`` fills a database of its own and asks in turn: the service as its pages call it, the
same figures by plain statements over an asyncpg pool (both must find the same), and the real process over HTTP. The
aim holds for the service; a request adds log-in and template, and is shown beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import uvloop

from app.commands.database import deps_for
from app.players.people import AGENCY
from benchmarks.load import Load, full_speed
from benchmarks.log_ins import LogIn, LogInMaker
from benchmarks.pages import read_page
from benchmarks.processes import cpu, print_load
from benchmarks.product import POOL, PORT, Product, product
from benchmarks.seed import Sizes
from domain.clock import local
from domain.ids import new_id
from models.organisations import Organisation
from services.core.base import Actor, Deps, execute
from services.draws import TO_DO, DrawAccess, Filters, ReleaseQueries
from services.draws.queries import DrawQueries
from services.office.staff_work import StaffWork
from services.organisations.agent_queries import AgentQueries

OWN, OTHERS = 10_000, 5_000
TOGETHER = 5
"""Requests of one kind before those of the next kind."""
AIM = 2.0
_ELSEWHERE = """
UPDATE draw SET organisation_id = $1 WHERE id IN
(SELECT id FROM (SELECT id, row_number() OVER (ORDER BY number) AS place FROM draw) AS d WHERE place % 3 = 0)
"""
_MINE = "d.pool = $1 AND d.organisation_id = $2"
_FIGURES = f"""
SELECT
(SELECT count(*) FROM draw d WHERE {_MINE} AND d.gathering_first >= $3 AND d.gathering_first < $3 + interval '1 day'
  AND d.state IN ('drawing', 'paused', 'ending', 'completed', 'short', 'supplement_pending', 'ended')),
(SELECT count(*) FROM draw d WHERE {_MINE} AND d.state IN ('drawing', 'paused', 'ending')),
(SELECT count(*) FROM draw d WHERE {_MINE} AND d.finished_at >= $3
  AND d.state IN ('completed', 'short', 'supplement_pending', 'ended')),
(SELECT count(*) FROM draw d WHERE {_MINE} AND d.kind <> 'recall' AND d.state IN ('short', 'supplement_pending')),
(SELECT count(*) FROM invitation i JOIN draw d ON d.id = i.draw_id WHERE {_MINE} AND i.state = 'accepted'
  AND i.gathering_at >= $3 AND i.gathering_at < $3 + interval '1 day'),
(SELECT count(*) FROM draw d WHERE {_MINE} AND d.started_at >= $4)
"""
_TO_SUPPLEMENT = f"""
SELECT count(*) FROM draw d WHERE {_MINE} AND d.kind <> 'recall' AND d.state IN ('short', 'supplement_pending')
"""
_ASKED = """
SELECT count(*) FROM agent_link WHERE account_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL
  AND declined_at IS NULL AND valid_until > $2
"""
_PAYABLE = f"""
SELECT count(*) FROM remuneration r JOIN draw d ON d.id = r.draw_id
WHERE {_MINE} AND r.state IN ('confirmed', 'assumed')
"""
_RELEASES = f"""
SELECT d.id, d.starts_at FROM draw d WHERE {_MINE} AND d.state = 'released'
  AND d.ended_at > $3::timestamptz - interval '2 days'
  AND EXISTS (SELECT 1 FROM invitation i JOIN notice n ON n.invitation_id = i.id AND n.kind = 'draw_released'
    WHERE i.draw_id = d.id AND i.state = 'released' AND n.state <> 'active'
      AND NOT EXISTS (SELECT 1 FROM attempt v
        WHERE v.notice_id = n.id AND v.channel = 'voice' AND v.state = 'delivered')
      AND NOT EXISTS (SELECT 1 FROM release_confirmation c WHERE c.invitation_id = i.id))
UNION ALL
SELECT d.id, d.starts_at FROM draw d JOIN draw_application a ON a.draw_id = d.id AND a.kind = 'release'
WHERE {_MINE} AND d.state IN ('completed', 'short', 'supplement_pending') AND d.starts_at > $3 AND a.state = 'approved'
ORDER BY starts_at, id LIMIT 20
"""
"""Here an activity has one request for release at most."""
_OWED = """
INSERT INTO remuneration (id, pool, draw_id, invitation_id, expert_id, state, lines, amount, reason, version,
  proposed_by_id, proposed_at, answered_at, answered_by, disputes, dispute, reply, paid_on, paid_way, paid_by_id)
SELECT gen_random_uuid(), d.pool, d.id, i.id, i.expert_id, CASE WHEN paid THEN 'paid' ELSE 'confirmed' END,
  '[{"code": "first", "words": "评标", "amount": 40000}]'::jsonb, 40000, '', 1, d.agent_id, d.ends_at, d.ends_at,
  'chat', 0, '', '', CASE WHEN paid THEN d.ends_at::date END, CASE WHEN paid THEN '银行转账' ELSE '' END,
  CASE WHEN paid THEN d.agent_id END
FROM draw d JOIN invitation i ON i.draw_id = d.id AND i.state = 'accepted',
  LATERAL (SELECT d.number::text !~ '7$' AS paid) AS p
WHERE d.state = 'ended'
"""
_RELEASE_VERIFIED = """
INSERT INTO draw_application (id, draw_id, kind, reason, terminal, state, opinion, submitted_by_id, submitted_at,
  decided_at, attachment)
SELECT gen_random_uuid(), d.id, 'release', '招标失败', d.terminal, 'approved', '', d.agent_id, d.created_at,
  d.created_at, ''
FROM draw d WHERE d.state = 'completed' AND d.number ~ '7$'
"""
"""Amounts to be paid and approved releases, which the shared seed does not contain."""
_LIST = """
SELECT d.id, d.number, d.name, d.kind, d.state, d.needed, p.name, p.region, d.created_at, d.started_at, d.starts_at,
  d.operator_name, (SELECT sum(c.accepted) FROM draw_condition c WHERE c.draw_id = d.id)
FROM (SELECT d.* FROM draw d WHERE {where} ORDER BY {order} LIMIT 20 OFFSET {offset}) AS d
JOIN project p ON p.id = d.project_id ORDER BY {order}
"""
_COUNT = "SELECT count(*) FROM draw d WHERE {where}"
_WAITING = f"{_MINE} AND d.state = ANY($3::text[])"
_NEWEST = "d.created_at DESC, d.id"
_URGENT = "(d.state = 'editing'), d.starts_at, d.id"
_MONTH = f"{_MINE} AND d.starts_at >= $3 AND d.starts_at < $4"

Ask = Callable[[], Awaitable[list[int]]]


@dataclass(frozen=True)
class Case:
    """``ours`` and ``bare`` find the same numbers; ``request`` is the same over HTTP."""

    name: str
    ours: Ask
    bare: Ask
    request: bytes


class Cases:
    def __init__(self, deps: Deps, pool: asyncpg.Pool, actor: Actor, legal: LogIn) -> None:
        access, unused = DrawAccess(deps), cast(Any, None)
        self._queries = DrawQueries(deps, access)
        self._releases = ReleaseQueries(deps, access, unused, unused)
        self._work = StaffWork(deps, access, unused, self._releases, unused, unused, unused)
        self._agents = AgentQueries(deps)
        self._now = deps.now()
        self._pool, self._actor, self._legal = pool, actor, legal
        self._mine = (POOL, actor.organisation_id)
        self._today = local(deps.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        first = self._today.replace(day=1)
        self._month = (first, (first + timedelta(days=32)).replace(day=1))

    def all(self) -> Sequence[Case]:
        return (
            Case("page /agency", self._home, self._bare_home, read_page(self._legal, "/agency")),
            *(self._list(page) for page in (1, OWN // 20 // 2, OWN // 20)),
        )

    def _list(self, page: int) -> Case:
        offset = (page - 1) * 20

        async def ours() -> list[int]:
            return await self._cards(Filters(), offset)

        async def bare() -> list[int]:
            return await self._page(_MINE, offset)

        return Case(f"page {page} of /agency/draws", ours, bare, read_page(self._legal, f"/agency/draws?page={page}"))

    async def _dashboard(self) -> list[int]:
        board = await self._queries.dashboard(self._actor)
        awaited = board.present_today + board.awaited_today
        return [
            board.today,
            board.drawing,
            board.completed_today,
            board.pending_supplements,
            awaited,
            sum(board.week),
        ]

    async def _figures(self) -> list[int]:
        monday = self._today - timedelta(days=self._today.weekday())
        return [int(figure) for figure in await self._pool.fetchrow(_FIGURES, *self._mine, self._today, monday)]

    async def _home(self) -> list[int]:
        """Data of the page, without the log-in."""
        first, after = self._month
        badge, board = await self._queries.count_to_supplement(self._actor), await self._dashboard()
        todo = await self._cards(Filters(states=tuple(TO_DO), urgent_first=True), 0)
        month = await self._cards(Filters(starts_from=first, starts_before=after), 0)
        agent_requests = await self._agents.count_unanswered_links(self._actor)
        releases = [task.draw_id.int for task in await self._releases.tasks(self._actor)]
        payable = sum(line.payable for line in await self._work.list_owed_draws(self._actor))
        return [badge, *board, *todo, *month, agent_requests, *releases, payable]

    async def _bare_home(self) -> list[int]:
        badge, figures = await self._count(_TO_SUPPLEMENT, *self._mine), await self._figures()
        todo = await self._page(_WAITING, 0, list(TO_DO), order=_URGENT)
        month = await self._page(_MONTH, 0, *self._month)
        agent_requests = await self._count(_ASKED, self._actor.account_id, self._now)
        releases = [row[0].int for row in await self._pool.fetch(_RELEASES, *self._mine, self._now)]
        return [badge, *figures, *todo, *month, agent_requests, *releases, await self._count(_PAYABLE, *self._mine)]

    async def _count(self, sql: str, *values: object) -> int:
        return int(await self._pool.fetchval(sql, *values))

    async def _cards(self, filters: Filters, offset: int) -> list[int]:
        cards = await self._queries.cards(self._actor, filters, offset=offset, limit=20)
        return [*(card.id.int for card in cards.items), cards.total]

    async def _page(self, where: str, offset: int, *more: object, order: str = _NEWEST) -> list[int]:
        values = (*self._mine, *more)
        draws = await self._pool.fetch(_LIST.format(where=where, offset=offset, order=order), *values)
        return [*(row[0].int for row in draws), await self._pool.fetchval(_COUNT.format(where=where), *values)]


@dataclass(frozen=True)
class Cost:
    """Cost of one request: milliseconds of wall time, and of CPU with PostgreSQL's."""

    wall: float
    cpu: float


async def measure(started: Product, case: Case, rounds: int) -> tuple[Cost, Cost, Cost]:
    """Costs of the service, the bare statements and the request, measured in turn."""
    actual, wanted = await case.ours(), await case.bare()
    if actual != wanted:
        raise SystemExit(f"{case.name}: the two sides differ: {actual} {wanted}")
    load = Load(PORT)
    postgres, valkey = started.servers.pids

    def own_cpu() -> float:
        return time.process_time() + cpu([postgres])

    def served_cpu() -> float:
        return cpu([*started.webs, postgres, valkey])

    async def request() -> object:
        return await full_speed(load, [case.request], connections=1)

    await request()
    kinds: tuple[tuple[Callable[[], Awaitable[object]], Callable[[], float]], ...] = (
        (case.ours, own_cpu),
        (case.bare, own_cpu),
        (request, served_cpu),
    )
    seen: list[list[Cost]] = [[], [], []]
    for _ in range(rounds):
        for costs, (run, used) in zip(seen, kinds, strict=True):
            costs.append(await _cost(run, used))
    if load.errors:
        raise SystemExit(f"{case.name}: {load.wrong[:300]!r}")
    ours, bare, requested = (_median_cost(costs) for costs in seen)
    return ours, bare, Cost(load.quantile(0.5), requested.cpu)


async def _cost(run: Callable[[], Awaitable[object]], used: Callable[[], float]) -> Cost:
    """The kernel's account of CPU is coarse, so several are taken together."""
    before, began = used(), time.perf_counter()
    for _ in range(TOGETHER):
        await run()
    each = 1000 / TOGETHER
    return Cost((time.perf_counter() - began) * each, (used() - before) * each)


def _median_cost(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(cost.wall for cost in costs), statistics.fmean(cost.cpu for cost in costs))


async def compare(started: Product, rounds: int) -> bool:
    pool = await asyncpg.create_pool(started.settings.database_url, min_size=1, max_size=5)
    async with deps_for(started.settings) as deps, pool:
        agency = await Organisation.get(pool=POOL, name=AGENCY)
        if agency.legal_account_id is None:
            raise SystemExit("the seed's agency has no legal entity")
        other = await Organisation.create(
            id=new_id(), pool=POOL, name="其他代理机构", credit_code="91440000000000000X", created_at=deps.now()
        )
        await execute(_ELSEWHERE, other.id)
        await execute(_OWED)
        await execute(_RELEASE_VERIFIED)
        await execute("ANALYZE draw, remuneration, draw_application")
        [legal] = await LogInMaker(deps, agency.id).make("legal", [agency.legal_account_id], [{}], each=1)
        actor = Actor(POOL, "organisation", agency.legal_account_id, organisation_id=agency.id)
        cases = Cases(deps, pool, actor, legal).all()
        results = [(case.name, *await measure(started, case, rounds)) for case in cases]
    return print_result(results)


def print_result(results: Sequence[tuple[str, Cost, Cost, Cost]]) -> bool:
    print("ms of the clock / of CPU          service          bare        ratio    request")
    for name, ours, bare, request in results:
        print(
            f"{name:24} {ours.wall:9.2f} /{ours.cpu:6.2f} {bare.wall:7.2f} /{bare.cpu:6.2f}"
            f" {ours.wall / bare.wall:6.2f}x {ours.cpu / bare.cpu:5.2f}x {request.wall:7.2f} /{request.cpu:6.2f}"
        )
    ratio = sum(ours.wall for _, ours, _, _ in results) / sum(bare.wall for _, _, bare, _ in results)
    print(f"all together {ratio:.2f}x, aim under {AIM}x")
    return ratio < AIM


async def run(rounds: int) -> bool:
    sizes = Sizes(experts=2_000, applications=300, invitations=40_000, draws=OWN + OTHERS, orders=200, notices=2_000)
    with tempfile.TemporaryDirectory(prefix="pbt-bench-") as folder:
        Path(folder).chmod(0o755)
        async with product(Path(folder), sizes, webs=1) as started:
            return await compare(started, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        well = runner.run(run(rounds))
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
