"""A connection that the server closed is an outage to every caller, on uvloop, too."""

from __future__ import annotations

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.redis_connection import make_redis


async def _write_to_closed(client: Redis) -> None:
    """Close the transport under a connection of the pool, as at the end of its server, before the pool knows."""
    async with client:
        await client.ping()
        [connection] = client.connection_pool._available_connections
        connection._writer.transport.abort()
        await client.set("k", "v")


def test_a_closed_transport_is_an_error_of_redis(redis: str) -> None:
    with pytest.raises(RedisError, match="closed"):
        uvloop.run(_write_to_closed(make_redis(redis)))


def test_the_next_command_connects_again(redis: str) -> None:
    async def run() -> bool:
        async with make_redis(redis) as client:
            await client.ping()
            [connection] = client.connection_pool._available_connections
            connection._writer.transport.abort()
            with pytest.raises(RedisError):
                await client.set("k", "v")
            return bool(await client.set("k", "v"))

    assert uvloop.run(run())
