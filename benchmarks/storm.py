"""Storms while people chat: thousands of deadlines at one moment, hundreds of draws, tens of thousands of notices.

``python -m benchmarks.storm`` runs two web processes and one worker on a copy of the filled database, with the sandbox
as WeChat and every expert's phone in it. All the time experts and applicants write at a steady rate. One storm after
the other: half of the deadlines are unanswered invitations, half are fees that open; draws are started by
their own deadline; notices are written at once. For each: chat's p50 and p99, messages answered with "busy" or
answered later, how late calls were, and what the worker got done in a second.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop

from app.commands.database import deps_for
from benchmarks import sql_storms as sql
from benchmarks.folder import DATA_DIR
from benchmarks.load import Load, full_speed, steady
from benchmarks.log_ins import LogIns, log_in
from benchmarks.pages import answer
from benchmarks.people import AHEAD, EXPERT, FEE, REVIEWING, People, find_people
from benchmarks.phones import make_phones
from benchmarks.processes import cpu, memory, print_load
from benchmarks.product import POOL, PORT, Product, product
from benchmarks.seed import Sizes
from benchmarks.seed.entry import applicants_among
from benchmarks.stage import call_experts, make_ready_draws
from bot.dialogue import BUSY
from config.settings import Settings
from handlers import commands
from services.core.base import transaction
from services.notifications import Notices, Recipient

WORDS = ((commands.STATUS, AHEAD), (commands.HELP, EXPERT), (commands.PROGRESS, REVIEWING), (commands.PAY, FEE))
"""Messages sent meanwhile, in turn."""
_LONGEST, _LATEST = 100.0, 2.0
"""Aims: chat's p99 in milliseconds; seconds by which the call that takes a place may be late."""
_LEAST = {"expiries": 200, "fees opened": 200}
"""Aims: so many a second."""
_STARTED_WITHIN = 30.0
"""Aim: seconds after which every draw of a storm of them has called exactly as many experts as it needs."""
_LEAD = timedelta(seconds=3)
"""Between setting the deadlines and the moment at which they are due."""
_LOOK = 0.5
"""Seconds between two counts of the worker's remaining rows."""
_REFUSAL_INTERVAL = 0.5
"""Seconds between two experts who refuse, each of whom makes a draw call the next."""
_CALLING_DRAWS, _NEEDED = 4, 20
_STARTS = "draws"
"""The storm in which draws are started, each call late by the moment of the start."""


@dataclass(frozen=True)
class Plan:
    """``timeout`` is how many seconds of a storm are watched at most; ``rate`` messages of chat come in a second."""

    deadlines: int = 10_000
    draws: int = 200
    notices: int = 20_000
    timeout: float = 60.0
    rate: float = 20.0


QUICK = Plan(deadlines=2_000, draws=40, notices=4_000, timeout=20.0)


@dataclass
class Chat:
    """Outcomes of the messages of one storm."""

    load: Load
    busy: int = 0
    later: int = 0
    failed: int = 0


@dataclass
class Storm:
    """``counts``: rows due, by kind; ``finished``: seconds since the moment and rows done, by kind."""

    name: str
    counts: dict[str, int]
    chat: Chat
    moment: float
    finished: dict[str, tuple[float, int]] = field(default_factory=dict)
    late: Sequence[float] = ()
    """Seconds by which calls came late."""
    cpu: float = 0.0


class Weather:
    """Runs storms, one after the other."""

    def __init__(
        self, product: Product, people: People, log_ins: LogIns, plan: Plan, calling: Sequence[UUID], worker: int
    ) -> None:
        """``calling`` are the draws whose experts refuse now and then; ``worker`` is the worker's process."""
        self._product, self._people, self._plan, self._calling, self._worker = product, people, plan, calling, worker
        self._refusing = iter(log_ins.invited)
        self._url = product.settings.database_url

    async def measure_calm(self) -> Storm:
        """Chat alone, for comparison."""
        async with self._chatting("chat alone", {}) as storm:
            await asyncio.sleep(min(10.0, self._plan.timeout))
        return storm

    async def deadlines(self) -> Storm:
        half = self._plan.deadlines // 2
        async with self._connected() as connection:
            at = datetime.now(UTC) + _LEAD
            expiring = await connection.fetch(sql.LET_EXPIRE, half, at)
            opening = await connection.fetch(sql.LET_FEES_OPEN, half, at)
            ids = {"expiries": [row["id"] for row in expiring], "fees opened": [row["id"] for row in opening]}
            async with self._chatting("deadlines", {kind: len(some) for kind, some in ids.items()}, at) as storm:
                refusing = asyncio.create_task(self._refuse())
                await self._watch(connection, storm, {kind: (sql.LEFT[kind], some) for kind, some in ids.items()})
                refusing.cancel()
                storm.late = await self._next_calls(connection, at)
            await connection.execute(sql.PUT_OFF, *ids.values())
        return storm

    async def draws(self, ids: Sequence[UUID]) -> Storm:
        async with self._connected() as connection:
            at = datetime.now(UTC) + _LEAD
            await connection.execute(sql.START, ids, at)
            async with self._chatting(_STARTS, {"draws called": len(ids)}, at) as storm:
                await self._watch(connection, storm, {"draws called": (sql.LEFT["draws called"], list(ids))})
                called = await connection.fetch(sql.CALLED, ids, at)
                storm.late = [row["late"] for row in called]
        return storm

    async def notices(self) -> Storm:
        async with self._connected() as connection:
            accounts = [row["id"] for row in await connection.fetch(sql.SOMEBODY, self._plan.notices)]
            async with self._chatting("notices", {"notices sent": len(accounts)}) as storm:
                refusing = asyncio.create_task(self._refuse())
                at = datetime.now(UTC)
                writing = asyncio.create_task(self._notify(accounts))
                await self._watch(connection, storm, {"notices sent": (sql.LEFT["notices sent"], accounts)})
                await writing
                refusing.cancel()
                storm.late = await self._next_calls(connection, at)
        return storm

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self._url, command_timeout=120)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def _chatting(self, name: str, counts: dict[str, int], at: datetime | None = None) -> AsyncIterator[Storm]:
        """People write for as long as the block lasts; the storm's clock runs from ``at``."""
        chat, over = self._chat(), asyncio.Event()
        delay = (at - datetime.now(UTC)).total_seconds() if at else 0.0
        storm = Storm(name, counts, chat, time.perf_counter() + delay)
        before = cpu([self._worker])
        writing = asyncio.create_task(steady(chat.load, self._messages(), self._plan.rate, over=over))
        try:
            yield storm
        finally:
            over.set()
            await writing
            storm.cpu = cpu([self._worker]) - before

    def _chat(self) -> Chat:
        account = self._product.account
        chat = Chat(Load(PORT))

        def check(head: bytes, body: bytes) -> bool:
            chat.failed += b" 200 " not in head[:20]
            chat.later += body == b"success"
            chat.busy += account.read(body).startswith(BUSY)
            return b" 200 " in head[:20]

        chat.load.check = check
        return chat

    def _messages(self) -> Iterator[bytes]:
        for word, who in itertools.cycle(WORDS):
            yield self._product.account.says(self._people.next(who), word)

    async def _watch(
        self, connection: asyncpg.Connection, storm: Storm, left: dict[str, tuple[str, Sequence[object]]]
    ) -> None:
        """Watch until no row is left or the timeout is over; record when each kind was done, or its rest."""
        await asyncio.sleep(max(storm.moment - time.perf_counter(), 0))
        while left and time.perf_counter() - storm.moment < self._plan.timeout:
            await asyncio.sleep(_LOOK)
            for kind, (question, ids) in list(left.items()):
                count = await connection.fetchval(question, ids)
                storm.finished[kind] = (time.perf_counter() - storm.moment, storm.counts[kind] - count)
                if not count:
                    left.pop(kind)

    async def _refuse(self) -> None:
        """One expert after the other refuses in the mini-program."""
        for person in self._refusing:
            await full_speed(Load(PORT), [answer(person, "decline")], connections=1)
            await asyncio.sleep(_REFUSAL_INTERVAL)

    async def _next_calls(self, connection: asyncpg.Connection, since: datetime) -> list[float]:
        """Seconds from each refusal to the call that took its place; to now, where there is none yet."""
        return [row["late"] for row in await connection.fetch(sql.NEXT_CALLS, since, self._calling)]

    async def _notify(self, accounts: Sequence[UUID]) -> None:
        """Write notices in another process, as a job does: this one measures the chat."""
        writer = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        try:
            await asyncio.get_running_loop().run_in_executor(writer, _write_notices, self._product.settings, accounts)
        finally:
            writer.shutdown(wait=False)


def _write_notices(settings: Settings, accounts: Sequence[UUID]) -> None:
    asyncio.run(_notify_all(settings, accounts))


async def _notify_all(settings: Settings, accounts: Sequence[UUID]) -> None:
    params = {"mobile": "138****0000", "at": "2026年11月21日 12:00"}
    people = [Recipient(f"storm:{account}", params, account_id=account) for account in accounts]
    async with deps_for(settings) as deps, transaction():
        await Notices(deps).notify_many(pool=POOL, kind="account_bound", recipients=people)


async def run(data_dir: Path, sizes: Sizes, plan: Plan) -> bool:
    """Whether every aim was reached."""
    async with product(data_dir, sizes) as started:
        await make_phones(sizes.experts, applicants_among(sizes.applications))
        calling = await call_experts(started.settings, _CALLING_DRAWS, needed=_NEEDED)
        ready = await make_ready_draws(started.settings, plan.draws)
        people = await find_people(started)
        log_ins = await log_in(started, people)
        await _extend_invitations(started, calling)
        async with started.running_worker() as worker:
            weather = Weather(started, people, log_ins, plan, calling, worker)
            storms = [
                await weather.measure_calm(),
                await weather.deadlines(),
                await weather.draws(ready),
                await weather.notices(),
            ]
            print_result(storms)
            most = max(memory(pid) for pid in started.webs)
            print(f"\nmemory: a web process {most:.0f} MB, the worker {memory(worker):.0f} MB")
    missed = [aim for storm in storms for aim in _missed_aims(storm)]
    if missed:
        print(f"aims missed: {', '.join(missed)}")
    return not missed


def _missed_aims(storm: Storm) -> Iterator[str]:
    chat = storm.chat
    if chat.load.quantile(0.99) > _LONGEST or chat.busy or chat.later or chat.failed or chat.load.errors:
        yield f"chat during {storm.name}"
    if storm.late and max(storm.late) > (_STARTED_WITHIN if storm.name == _STARTS else _LATEST):
        yield f"calls during {storm.name}"
    if storm.name == _STARTS and [count for _, count in storm.finished.values()] != list(storm.counts.values()):
        yield f"as many calls as are needed during {storm.name}"
    for kind, (seconds, done) in storm.finished.items():
        if done / max(seconds, 0.1) < _LEAST.get(kind, 0):
            yield kind


async def _extend_invitations(product: Product, draws: Sequence[UUID]) -> None:
    """Extend the invitations that were sent during the preparation, so that none is late."""
    connection = await asyncpg.connect(product.settings.database_url)
    await connection.execute(sql.GIVE_TIME, draws)
    await connection.close()


def print_result(storms: Sequence[Storm]) -> None:
    """Tables in Markdown, as they stand in the documentation."""
    print("\n| storm | chat p50 ms | p99 ms | busy | later | failed | calls late p50 s | at most s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for storm in storms:
        chat, late = storm.chat, storm.late
        cells = [
            f"{chat.load.quantile(0.5):.1f}",
            f"{chat.load.quantile(0.99):.1f}",
            f"{chat.busy} of {chat.load.answered}",
        ]
        cells += [str(chat.later), str(chat.failed + chat.load.errors)]
        cells += [f"{statistics.median(late):.1f}", f"{max(late):.1f}"] if late else ["", ""]
        print(f"| {storm.name} | {' | '.join(cells)} |")
    print("\n| kind | wanted | done | seconds | a second |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for storm in storms:
        print(f"| (the worker's CPU: {storm.name}) | | | {storm.cpu:.1f} | |") if storm.finished else None
        for kind, (seconds, done) in storm.finished.items():
            print(f"| {kind} | {storm.counts[kind]} | {done} | {seconds:.1f} | {done / max(seconds, 0.1):.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--quick", action="store_true", help="a fifth of everything, each watched for 20 seconds")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        well = runner.run(run(chosen.data_dir, Sizes(), QUICK if chosen.quick else Plan()))
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
