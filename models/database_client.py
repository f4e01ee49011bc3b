"""Tortoise's client for asyncpg, with a limit on the wait for a free connection; asyncpg limits the rest.

Named as ``engine`` in ``tortoise_config``.
"""

from __future__ import annotations

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from config.connection_limits import DATABASE


class LimitedClient(AsyncpgDBClient):
    """Raises TimeoutError where no connection of the pool becomes free in time."""

    def acquire_connection(self) -> PoolConnectionWrapper[Any]:
        return _Acquired(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(TransactionWrapper(self), self._pool_init_lock)


class _Acquired(PoolConnectionWrapper[Any]):
    __slots__ = ()

    async def __aenter__(self) -> Any:
        await self.ensure_connection()
        self.connection = await self.client._pool.acquire(timeout=DATABASE.wait)
        return self.connection


class _Transaction(TransactionContextPooled):
    """Also gives the connection back when BEGIN fails or is cancelled; Tortoise would keep it for ever."""

    __slots__ = ()

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self.client._parent._pool
        self.client._connection = await pool.acquire(timeout=DATABASE.wait)
        self.token = get_connections().set(self.connection_name, self.client)
        try:
            await self.client.begin()
        except BaseException:
            get_connections().reset(self.token)
            await pool.release(self.client._connection)
            raise
        return self.client


client_class = LimitedClient
"""Looked up by Tortoise."""
