"""The client of Redis, with one kind of error for a connection that is gone."""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost

from config.connection_limits import REDIS, ConnectionLimits, tcp_options


class _ReportingLoss(AbstractConnection):
    """Reports uvloop's RuntimeError for a transport that the server has closed as what redis-py raises on asyncio."""

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise ConnectionLost(str(error)) from error


def make_redis(url: str, limits: ConnectionLimits = REDIS) -> Redis:
    """A client without retries: callers decide what an outage means. Connections are opened by the first commands."""
    redis = Redis.from_url(
        url,
        socket_connect_timeout=limits.connect,
        socket_timeout=limits.answer,
        socket_keepalive=True,
        socket_keepalive_options=tcp_options(),
        retry=Retry(NoBackoff(), 0),
    )
    pool = redis.connection_pool
    pool.connection_class = type("Connection", (_ReportingLoss, pool.connection_class), {})
    return redis
