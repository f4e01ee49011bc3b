"""One, two and four web processes and workers on one PostgreSQL: their rate, where the limit is, connections.

``python -m benchmarks.scaling`` loads the product on the filled database (``benchmarks.seed``) with words of bound
persons at full speed, then has workers send notices to the sandbox. Load, sandbox and servers share the machine's
cores: where they are all busy, more processes can't help, and the table says so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from uuid import UUID

import aiohttp
import asyncpg
import uvloop

from app.commands.database import deps_for
from app.process_supervisor import Part, ProcessSupervisor, python_part
from benchmarks.callbacks import is_reply
from benchmarks.folder import DATA_DIR
from benchmarks.load import Load, full_speed
from benchmarks.notices import KIND, PARAMS, make_followers
from benchmarks.people import AHEAD, EXPERT, REVIEWING, People, find_people
from benchmarks.processes import cpu, print_load
from benchmarks.product import POOL, PORT, SANDBOX, Product, environment, product
from benchmarks.seed import Sizes
from handlers import commands
from services.core.base import transaction
from services.notifications import Notices, Recipient

COUNTS = (1, 2, 4)
CONNECTIONS = 64
WORDS = ((commands.STATUS, EXPERT), (commands.HELP, EXPERT), (commands.PROGRESS, REVIEWING), (commands.PANELS, AHEAD))
_WARM_UP = 300
_WORKER_PORTS = PORT + 10
_OURS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_SENT = (
    "SELECT count(*) FROM attempt a JOIN notice n ON n.id = a.notice_id "
    "WHERE n.dedupe_key LIKE $1 || '%' AND a.state = 'sent'"
)


@dataclass(frozen=True)
class Row:
    """Results of ``count`` processes: rate a second, cores in use by part, and connections to PostgreSQL."""

    count: int
    rate: float
    cores: dict[str, float]
    connections: int

    @property
    def rate_per_core(self) -> float:
        """Rate of a core, load and other processes excluded: on a busy machine more telling than the whole rate."""
        return self.rate / max(sum(self.cores[name] for name in ("ours", "PostgreSQL", "Valkey")), 0.01)

    @property
    def limit(self) -> str:
        machine = os.cpu_count() or 1
        if sum(self.cores.values()) > 0.9 * machine:
            return f"all {machine} cores"
        return "these processes" if self.cores["ours"] > 0.85 * self.count else "waiting"


class Watch:
    """Cores in use since it was made: by our processes, PostgreSQL, Valkey, load, sandbox and all other processes."""

    def __init__(self, started: Product, ours: Sequence[int], sandbox: int) -> None:
        postgres, valkey = started.servers.pids
        self._parts = {"ours": ours, "PostgreSQL": [postgres], "Valkey": [valkey], "load": [sandbox]}
        self._before, self._began = self._read_cpu(), time.perf_counter()

    def _read_cpu(self) -> dict[str, float]:
        used = {name: cpu(pids) for name, pids in self._parts.items()}
        used["load"] += time.process_time()
        return {**used, "others": _machine_cpu() - sum(used.values())}

    def row(self, rate: float, connections: int) -> Row:
        wall, now = time.perf_counter() - self._began, self._read_cpu()
        cores = {name: max(used - self._before[name], 0) / wall for name, used in now.items()}
        return Row(len(self._parts["ours"]), rate, cores, connections)


def _machine_cpu() -> float:
    """Seconds of CPU that the machine has used since it started, waits for the disk not counted."""
    user, nice, system, _idle, _wait, *more = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:]
    return sum(map(int, (user, nice, system, *more[:3]))) / os.sysconf("SC_CLK_TCK")


def words(started: Product, people: People) -> Iterator[bytes]:
    return (started.account.says(people.next(who), word) for word, who in cycle(WORDS))


async def load_webs(started: Product, people: People, count: int, requests: int) -> Row:
    async with more_webs(started, count - 1) as pids:
        messages = words(started, people)
        load = Load(PORT, is_reply)
        await full_speed(load, islice(messages, _WARM_UP), connections=CONNECTIONS)
        ready = list(islice(messages, requests))  # made before, so that making them costs nothing during the load
        watch = Watch(started, [*started.webs, *pids], _sandbox())
        rate = await full_speed(load, ready, connections=CONNECTIONS)
        row = watch.row(rate, await _ask(started, _OURS))
        if load.errors:
            raise SystemExit(f"{load.errors} wrong answers, such as {load.wrong[:300]!r}")
        return row


@asynccontextmanager
async def more_webs(started: Product, count: int) -> AsyncIterator[list[int]]:
    """Further web processes on the same port; the kernel spreads connections over all of them."""
    env = environment(started.settings)
    names = [f"more-{number}" for number in range(count)]
    parts = [python_part(name, "app.cli", "serve", "--reuse-port", set_env=env) for name in names]
    async with _supervised(started, parts) as supervisor:
        while _listeners(PORT) < len(started.webs) + count:
            await asyncio.sleep(0.1)
        yield [supervisor.pid(name) for name in names]


@asynccontextmanager
async def _supervised(started: Product, parts: Sequence[Part]) -> AsyncIterator[ProcessSupervisor]:
    """Write their output to the product's log."""
    with (started.settings.data_dir / "bench.log").open("ab") as log:
        async with ProcessSupervisor(parts, output=log) as supervisor:
            yield supervisor


def _listeners(port: int) -> int:
    """Sockets of this machine that listen on ``port``."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:])
    return sum(fields[1].endswith(f":{port:04X}") and fields[3] == "0A" for fields in lines)


async def load_workers(started: Product, accounts: Sequence[UUID], count: int) -> Row:
    async with workers(started, count) as pids, deps_for(started.settings) as deps:
        turn = f"scaling:{count}:"
        recipients = [Recipient(f"{turn}{account}", PARAMS, account_id=account) for account in accounts]
        async with transaction():
            await Notices(deps).notify_many(pool=POOL, kind=KIND, recipients=recipients)
        watch, began = Watch(started, pids, _sandbox()), time.perf_counter()
        connections = 0
        while await _ask(started, _SENT, turn) < len(accounts):
            connections = max(connections, await _ask(started, _OURS))
            await asyncio.sleep(0.1)
        return watch.row(len(accounts) / (time.perf_counter() - began), connections)


@asynccontextmanager
async def workers(started: Product, count: int) -> AsyncIterator[list[int]]:
    parts = []
    for number in range(count):
        port = str(_WORKER_PORTS + number)
        env = environment(started.settings) | {"PBT_WORKER_PORT": port}
        url = f"http://127.0.0.1:{port}/readyz"
        parts.append(python_part(f"worker-{number}", "app.cli", "worker", set_env=env, ready_url=url))
    async with _supervised(started, parts) as supervisor:
        await supervisor.wait_until_ready()
        yield [supervisor.pid(part.name) for part in parts]


async def followers(started: Product, count: int) -> list[UUID]:
    """Accounts of the filled database that follow in the sandbox, too."""
    async with aiohttp.ClientSession() as session:
        _, openids = await make_followers(session, started.settings, count, f"http://127.0.0.1:{SANDBOX}")
    connection = await asyncpg.connect(started.settings.database_url)
    try:
        accounts = await connection.fetch(
            "UPDATE wechat_identity w SET openid = f.openid FROM (SELECT id, row_number() OVER (ORDER BY id) AS n "
            "FROM wechat_identity WHERE app = 'oa' AND account_id IS NOT NULL AND following LIMIT $2) AS c "
            "JOIN unnest($1::text[]) WITH ORDINALITY AS f (openid, n) ON f.n = c.n WHERE w.id = c.id "
            "RETURNING w.account_id",
            openids,
            count,
        )
    finally:
        await connection.close()
    return [row["account_id"] for row in accounts]


async def _ask(started: Product, sql: str, *values: object) -> int:
    connection = await asyncpg.connect(started.settings.database_url)
    try:
        return int(await connection.fetchval(sql, *values))
    finally:
        await connection.close()


def print_result(title: str, unit: str, rows: Sequence[Row]) -> None:
    """A table in Markdown, as it stands in the documentation."""
    print(
        f"\n| {title} | {unit} | a core's | cores: ours | PostgreSQL | Valkey | load | others | limit | connections |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |")
    for row in rows:
        cores = " | ".join(f"{used:.2f}" for used in row.cores.values())
        print(f"| {row.count} | {row.rate:.0f} | {row.rate_per_core:.0f} | {cores} | {row.limit} | {row.connections} |")


async def run(data_dir: Path, requests: int, notices: int) -> None:
    async with product(data_dir, Sizes(), webs=1) as started:
        people = await find_people(started)
        print_result(
            "web processes", "messages/s", [await load_webs(started, people, count, requests) for count in COUNTS]
        )
        accounts = await followers(started, notices)
        print_result("workers", "notices/s", [await load_workers(started, accounts, count) for count in COUNTS])


def _sandbox() -> int:
    """Process id of the run's sandbox."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"sandbox" in words and str(SANDBOX).encode() in words:
                return int(folder.name)
    raise SystemExit("the sandbox does not run")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--requests", type=int, default=3_000, help="messages for each number of web processes")
    parser.add_argument("--notices", type=int, default=4_000, help="notices for each number of workers")
    chosen = parser.parse_args()
    print_load()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(chosen.data_dir, chosen.requests, chosen.notices))


if __name__ == "__main__":
    main()
