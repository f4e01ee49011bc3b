"""Database connections reserved for a part of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tortoise.connection import get_connections

from models.database_client import LimitedClient
from models.database_connection import tortoise_config


class OwnConnections:
    """A pool of at most ``size`` connections besides the shared one; they are opened when needed."""

    def __init__(self, database_url: str, *, size: int) -> None:
        settings = tortoise_config(database_url, pool_size=size)["connections"]["default"]["credentials"]
        self._client = LimitedClient(**settings, connection_name="default")

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Context manager: queries of this task, and of tasks started inside the block, use these connections."""
        connections = get_connections()
        token = connections.set("default", self._client)
        try:
            yield
        finally:
            connections.reset(token)

    async def close(self) -> None:
        await self._client.close()
