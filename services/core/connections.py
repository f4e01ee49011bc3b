"""Database connections that a part of the program keeps for itself, so that others can't take them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.connection import get_connections

from models.setup import tortoise_config


class OwnConnections:
    """A pool of at most ``size`` connections beside the one that everybody shares; they are opened when needed."""

    def __init__(self, database_url: str, *, size: int) -> None:
        settings = tortoise_config(database_url, pool_size=size)["connections"]["default"]["credentials"]
        self._client = AsyncpgDBClient(**settings, connection_name="default")

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """What this task, and every task that it begins in the block, asks of the database goes over them."""
        connections = get_connections()
        token = connections.set("default", self._client)
        try:
            yield
        finally:
            connections.reset(token)

    async def close(self) -> None:
        await self._client.close()
