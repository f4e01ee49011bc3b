"""Connections of the ORM stay open from one test to the next, with the statements that both sides have prepared.

To connect and prepare all of them anew takes each test 30 ms of processor time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from models.database_connection import set_up_session


@dataclass(frozen=True)
class _Kept:
    pool: asyncpg.Pool
    backends: tuple[int, ...]
    """Process ids of the connections' backends."""


@dataclass
class KeptPools:
    """Pools that no test uses now, by their options. Those of other loops than ``loop`` can't be used again."""

    loop: asyncio.AbstractEventLoop
    _spare: dict[str, _Kept] = field(default_factory=dict)

    def take(self, options: object) -> asyncpg.Pool | None:
        if asyncio.get_running_loop() is not self.loop:
            return None
        idle_pool = self._spare.pop(repr(options), None)
        return idle_pool.pool if idle_pool else None

    async def keep(self, options: object, pool: asyncpg.Pool) -> bool:
        """Keep a pool; False if it must be closed: a connection is in use, or one is kept for these options."""
        if asyncio.get_running_loop() is not self.loop or not 0 < pool.get_size() == pool.get_idle_size():
            return False
        if repr(options) in self._spare:
            return False
        try:
            self._spare[repr(options)] = _Kept(pool, await _reset(pool))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def backends(self) -> list[int]:
        return [number for idle_pool in self._spare.values() for number in idle_pool.backends]

    async def close(self) -> None:
        """Close all, as their database will be dropped."""
        for idle_pool in self._spare.values():
            idle_pool.pool.terminate()
        self._spare.clear()
        await asyncio.sleep(0)  # until their sockets are closed


async def _reset(pool: asyncpg.Pool) -> tuple[int, ...]:
    """Let no lock, setting or LISTEN reach the next test."""
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(pool.acquire()) for _ in range(pool.get_size())]
        for connection in connections:
            await connection.reset()
            await set_up_session(connection)
        return tuple(connection.get_server_pid() for connection in connections)


@pytest.fixture(autouse=True, scope="session")
def kept_pools(shared_runner: asyncio.Runner) -> Iterator[KeptPools]:
    pools = KeptPools(shared_runner.get_loop())
    create, close = AsyncpgDBClient.create_pool, AsyncpgDBClient._close

    async def take_or_create(self: AsyncpgDBClient, **options: object) -> asyncpg.Pool:
        return pools.take(self._template) or await create(self, **options)

    async def keep_or_close(self: AsyncpgDBClient) -> None:
        if self._pool is not None and await pools.keep(self._template, self._pool):
            self._pool = None
        await close(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncpgDBClient, "create_pool", take_or_create)
        patch.setattr(AsyncpgDBClient, "_close", keep_or_close)
        yield pools
    shared_runner.run(pools.close())
