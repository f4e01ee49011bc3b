"""Embedded PostgreSQL and Valkey, for a start without anything installed.

Both run as children of the process that has locked the data folder: never without it, and never twice on one folder.
Production points ``PBT_DATABASE_URL`` and ``PBT_REDIS_URL`` elsewhere and this package stays unused.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.embedded.errors import EmbeddedError, explain
from app.embedded.home import prepare_home
from app.embedded.owner import Instance, find_instance, lock_data_dir, publish, withdraw
from app.embedded.postgres import Postgres
from app.embedded.server import Server
from app.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "Instance", "Servers", "embedded", "find_instance"]


@dataclass(frozen=True)
class Servers:
    """Addresses of the two servers, and process ids of the embedded ones (empty when both run elsewhere)."""

    database_url: str
    redis_url: str
    pids: tuple[int, ...] = ()


@asynccontextmanager
async def embedded(
    data_dir: Path, *, durable: bool = True, database_url: str = "", redis_url: str = ""
) -> AsyncIterator[Servers]:
    """Lock ``data_dir`` and run the servers that no given URL replaces until the block ends.

    Not ``durable``: faster, but a power cut may damage the data; for tests. Raises EmbeddedError, whose text is one
    sentence for the operator.
    """
    with lock_data_dir(data_dir):
        home = None if database_url and redis_url else prepare_home(data_dir)
        postgres = Postgres(home, durable=durable) if home and not database_url else None
        valkey = Valkey(home, durable=durable) if home and not redis_url else None
        started: list[Server] = [server for server in (postgres, valkey) if server is not None]
        try:
            await _start(started, data_dir)
            servers = Servers(
                database_url=postgres.url if postgres else database_url,
                redis_url=valkey.url if valkey else redis_url,
                pids=tuple(server.pid for server in started),
            )
            publish(data_dir, Instance(pid=os.getpid(), database_url=servers.database_url, redis_url=servers.redis_url))
            yield servers
        finally:
            withdraw(data_dir)
            await asyncio.shield(asyncio.gather(*(server.stop() for server in started)))


async def _start(servers: list[Server], data_dir: Path) -> None:
    """Start side by side, wait for all, then raise the first failure: none may still be starting when we stop."""
    for outcome in await asyncio.gather(*(server.start() for server in servers), return_exceptions=True):
        if isinstance(outcome, OSError):
            raise explain(outcome, data_dir) from outcome
        if outcome is not None:
            raise outcome
