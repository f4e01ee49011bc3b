"""The real product on the filled database: ``pbt serve`` processes, a worker when one is wanted, the sandbox.

Each run gets a copy of the database and leaves the filled one as it was. One web process more, behind a proxy, counts
statements; nothing is timed there.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from redis.asyncio import Redis

from app.all_in_one import sandbox_urls
from app.container import make_keyring
from app.embedded import Servers
from app.process_supervisor import Part, ProcessSupervisor, python_part
from app.rulebook_files import load_rulebooks
from app.sandbox_setup import sandbox_config
from benchmarks.callbacks import Account
from benchmarks.folder import seeded_servers
from benchmarks.processes import ROOT, cpu
from benchmarks.seed import Sizes
from benchmarks.wire import Wire, tapped
from bot.codec import Codec
from config.settings import Settings
from services.core.crypto import Keyring

PORT = int(os.environ.get("PBT_BENCH_PORT", "8400"))
"""Of the web processes; those behind it are the counted one's, the worker's, the proxy's, the echo's, the sandbox's."""
COUNTED, WORKER, PROXY, ECHO, SANDBOX = range(PORT + 1, PORT + 6)
POOL = "demo"
_RUN = "pbt_bench_run"


@dataclass(frozen=True)
class Used:
    """Seconds of CPU."""

    ours: float
    postgres: float
    valkey: float

    def since(self, before: Used) -> Used:
        return Used(self.ours - before.ours, self.postgres - before.postgres, self.valkey - before.valkey)

    @property
    def total(self) -> float:
        return self.ours + self.postgres + self.valkey


@dataclass(frozen=True)
class Product:
    settings: Settings
    """With the URLs of the run's own database."""
    account: Account
    keys: Keyring
    wire: Wire
    webs: tuple[int, ...]
    """Process ids of the web processes."""
    servers: Servers

    def used(self) -> Used:
        postgres, valkey = self.servers.pids
        return Used(cpu(self.webs), cpu([postgres]), cpu([valkey]))

    @asynccontextmanager
    async def running_worker(self) -> AsyncIterator[int]:
        """Run a worker for the length of the block, where deadlines and notices are measured; yields its process id."""
        env = environment(self.settings) | {"PBT_WORKER_PORT": str(WORKER)}
        part = python_part("worker", "app.cli", "worker", set_env=env, ready_url=f"http://127.0.0.1:{WORKER}/readyz")
        folder = self.settings.data_dir
        with (folder / "worker.log").open("wb") as log:
            async with ProcessSupervisor([part], cwd=folder, output=log) as supervisor:
                await supervisor.wait_until_ready()
                yield supervisor.pid("worker")


@asynccontextmanager
async def product(data_dir: Path, sizes: Sizes, *, webs: int = 2, callbacks: bool = False) -> AsyncIterator[Product]:
    """Start everything but a worker. With ``callbacks`` the sandbox's phones can send messages to the chat."""
    async with AsyncExitStack() as stack:
        filled_settings, servers = await stack.enter_async_context(seeded_servers(data_dir, sizes))
        url = await _copy(filled_settings.database_url)
        stack.push_async_callback(_drop, filled_settings.database_url)
        settings = filled_settings.model_copy(update={"database_url": url, **_addresses(filled_settings)})
        await _forget(settings.redis_url)
        wire = await stack.enter_async_context(tapped(url, PROXY))
        log = stack.enter_context((data_dir / "bench.log").open("wb"))
        parts = _parts(settings, wire, webs, callbacks=callbacks)
        supervisor = await stack.enter_async_context(ProcessSupervisor(parts, cwd=data_dir, output=log))
        await supervisor.wait_until_ready()
        pids = tuple(supervisor.pid(f"web-{number}") for number in range(webs))
        yield Product(settings, account_of(settings), make_keyring(settings.keys), wire, pids, servers)


def account_of(settings: Settings) -> Account:
    account = settings.wechat.accounts[POOL]
    return Account(Codec.from_account(POOL, account), f"/wechat/{POOL}", account.original_id)


def _addresses(settings: Settings) -> dict[str, Any]:
    return {"http": settings.http.model_copy(update={"port": PORT})}


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _copy(database_url: str) -> str:
    """A database of this run's own."""
    await _drop(database_url)
    name = urlsplit(database_url).path.lstrip("/")
    connection = await asyncpg.connect(_with_name(database_url, "postgres"), command_timeout=120)
    try:
        await connection.execute(f"CREATE DATABASE {_RUN} TEMPLATE {name} STRATEGY FILE_COPY")
    finally:
        await connection.close()
    return _with_name(database_url, _RUN)


async def _drop(database_url: str) -> None:
    """An autovacuum worker, which only a superuser may end, is waited for."""
    connection = await asyncpg.connect(_with_name(database_url, "postgres"), command_timeout=120)
    try:
        for _ in range(60):
            with suppress(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DROP DATABASE IF EXISTS {_RUN} WITH (FORCE)")
                return
            await asyncio.sleep(1)
        raise RuntimeError(f"the database {_RUN} is still in use after a minute")
    finally:
        await connection.close()


async def _forget(redis_url: str) -> None:
    """Delete conversations and counters of an earlier run."""
    redis = Redis.from_url(redis_url)
    await redis.flushall()
    await redis.aclose()


def _parts(settings: Settings, wire: Wire, webs: int, *, callbacks: bool) -> list[Part]:
    env = environment(settings)
    serve = ("app.cli", "serve")
    parts = [_sandbox(settings, callbacks=callbacks)]
    parts += [
        python_part(f"web-{number}", *serve, "--reuse-port", set_env=env, ready_url=f"http://127.0.0.1:{PORT}/readyz")
        for number in range(webs)
    ]
    counted = env | {"PBT_HTTP__PORT": str(COUNTED), "PBT_DATABASE_URL": wire.database_url}
    parts.append(python_part("counted", *serve, set_env=counted, ready_url=f"http://127.0.0.1:{COUNTED}/readyz"))
    return parts


def environment(settings: Settings) -> dict[str, str]:
    """Environment variables of a process of the run."""
    return {
        **sandbox_urls(SANDBOX, SANDBOX + 1),
        "PYTHONPATH": str(ROOT),
        "PBT_POOLS": ",".join(settings.pools),
        "PBT_DATA_DIR": str(settings.data_dir.resolve()),
        "PBT_DATABASE_URL": settings.database_url,
        "PBT_REDIS_URL": settings.redis_url,
        "PBT_HTTP__PORT": str(PORT),
        "PBT_HTTP__TRUSTED_PROXIES": "1",
    }


def _sandbox(settings: Settings, *, callbacks: bool) -> Part:
    """The platforms; without ``callbacks`` WeChat sends none."""
    books = load_rulebooks(settings.rulebooks, settings.pools)
    mail = settings.model_copy(update={"mail": settings.mail.model_copy(update={"port": SANDBOX + 1})})
    config: Any = sandbox_config(mail, books, [], public_url=f"http://127.0.0.1:{SANDBOX}")
    config["wire"] = {"ledger": 10, "bubbles": 1}
    if not callbacks:
        config["accounts"][0]["callback_url"] = "http://127.0.0.1:1/"
        config["wire"]["callback_deliveries"] = 1
    path = (settings.data_dir / "sandbox.json").resolve()
    path.write_text(json.dumps(config), "utf-8")
    command = (sys.executable, "-m", "sandbox", "--config", str(path), "--port", str(SANDBOX))
    url = f"http://127.0.0.1:{SANDBOX}/"
    return Part("sandbox", command, {"PYTHONPATH": str(ROOT)}, url)
