"""Rate limits per client, counted in Redis over all processes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.errors import TooMany
from services.accounts import network_of

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('TTL', KEYS[1])}
"""


class Counter(Protocol):
    async def count(self, key: str, period: int) -> tuple[int, int]:
        """Count one try under ``key``; returns the number in this period, and seconds until the period ends."""
        ...


class RedisCounter:
    """Windows of fixed length from the first try. Without Redis no try is refused: limits that must hold are enforced
    in PostgreSQL."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, key: str, period: int) -> tuple[int, int]:
        try:
            tries, seconds_left = await self._redis.eval(_COUNT, 1, f"pbt:api:tries:{key}", period)
        except (RedisError, OSError) as error:
            log.warning("limits_not_counted", reason=repr(error))
            return 0, period
        return int(tries), max(int(seconds_left), 1)


@dataclass
class LocalCounter:
    """Counts in this process only: for tests and tools."""

    _windows: dict[str, tuple[float, int]] = field(default_factory=dict)

    async def count(self, key: str, period: int) -> tuple[int, int]:
        now = time.monotonic()
        ends, tries = self._windows.get(key, (0.0, 0))
        if ends <= now:
            self._windows = {name: window for name, window in self._windows.items() if window[0] > now}
            ends, tries = now + period, 0
        self._windows[key] = (ends, tries + 1)
        return tries + 1, max(int(ends - now), 1)


async def check_rate(counter: Counter, name: str, client: str, tries: int, period: int) -> None:
    """Raises TooMany beyond ``tries`` of the network of one client within ``period`` seconds."""
    tries_made, seconds_left = await counter.count(f"{name}:{network_of(client)}", period)
    if tries_made > tries:
        raise TooMany(f"操作过于频繁，请{seconds_left}秒后再试。", retry_after=seconds_left, code="rate_limit")


def client_address(request: web.Request, trusted_proxies: int) -> str:
    """The address that the outermost trusted proxy saw; entries further left can be forged by the client."""
    forwarded = [
        part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",") if part.strip()
    ]
    if trusted_proxies and len(forwarded) >= trusted_proxies:
        return forwarded[-trusted_proxies][:64]
    return request.remote or "unknown"
