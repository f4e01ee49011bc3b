"""Short-lived secrets (tokens, tickets) that all processes share over Redis.

One process at a time fetches a new one, under a lease; within a process all callers wait for one fetch. Redis may lose
everything: while it is unavailable, each process fetches for itself, which the platforms allow.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from config.connection_limits import REDIS_STEP

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

MARGIN = 300
"""Seconds before expiry from which a value is no longer handed out."""
MEMORY_TTL = 60
"""Seconds that a process trusts its own copy."""
LEASE_TTL_MS = 8000
POLL = 0.05
TIMEOUT = 4.0
"""Seconds to wait for another process; then this one fetches for itself."""
REDIS_PAUSE = 5.0
"""Seconds after a failure of Redis in which it isn't called again."""

# One step: between a look and a separate lease another process could store its value and give its lease back.
_READ_OR_LEASE = """
local value = redis.call('GET', KEYS[1])
if value then return {value, redis.call('PTTL', KEYS[1])} end
return redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
"""
_DELETE_IF_SAME = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True)
class IssuedValue:
    """A value from its issuer with its remaining seconds."""

    value: str
    seconds: int

    @property
    def usable_seconds(self) -> int:
        """Seconds to hand it out: up to the margin before expiry, but at least a minute if it lives that long."""
        return max(self.seconds - MARGIN, min(60, self.seconds), 1)


Fetch = Callable[[], Awaitable[IssuedValue]]
T = TypeVar("T")


@dataclass(frozen=True)
class _Held:
    value: str
    until: float


class SharedValues:
    """``monotonic`` measures the age of this process's copies."""

    def __init__(self, redis: Redis, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._held: dict[str, _Held] = {}
        self._flights: dict[str, asyncio.Task[str]] = {}
        self._away_until = 0.0
        """Redis failed and isn't asked before then; 0 while it works."""

    async def get(self, key: str, fetch: Fetch) -> str:
        """The current value; raises what ``fetch`` raises."""
        copy = self._held.get(key)
        if copy is not None and copy.until > self._monotonic():
            return copy.value
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._obtain_value(key, fetch))
            self._flights[key] = flight
            flight.add_done_callback(lambda task: self._end_flight(key, task))
        # A caller that is cancelled must not cancel the fetch that others wait for.
        return await asyncio.shield(flight)

    async def drop(self, key: str, value: str) -> None:
        """Remove ``value``, which was refused; a newer one stored by another process stays."""
        copy = self._held.get(key)
        if copy is not None and copy.value == value:
            del self._held[key]
        await self._call_redis(lambda: self._delete_if_same(key, value))

    def _end_flight(self, key: str, task: asyncio.Task[str]) -> None:
        del self._flights[key]
        if not task.cancelled():
            task.exception()  # retrieved, so that a fetch without waiting callers isn't reported as lost

    async def _obtain_value(self, key: str, fetch: Fetch) -> str:
        lease = secrets.token_hex(8)
        stored = await self._wait_or_lease(key, lease)
        if stored is not None:
            self._remember(key, stored)
            return stored.value
        try:
            issued = await fetch()
            await self._call_redis(lambda: self._publish(key, issued))
        finally:
            # A slow fetch may have outlived its lease, which another process may hold by now.
            await self._call_redis(lambda: self._delete_if_same(f"{key}:lease", lease))
        self._remember(key, _Held(issued.value, float(issued.usable_seconds)))
        return issued.value

    def _remember(self, key: str, stored: _Held) -> None:
        """``found.until`` is in seconds from now."""
        self._held[key] = _Held(stored.value, self._monotonic() + min(MEMORY_TTL, stored.until))

    async def _wait_or_lease(self, key: str, lease: str) -> _Held | None:
        """The value that another process stored; None when this one has to fetch."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TIMEOUT
        while loop.time() < until:
            step = await self._call_redis(lambda: self._read_or_lease(key, lease))
            if step is None or isinstance(step, _Held):
                return step
            await asyncio.sleep(POLL)
        return None

    async def _read_or_lease(self, key: str, lease: str) -> _Held | Literal["wait"] | None:
        """The value, or None with the lease taken, or an indication that another process holds the lease."""
        reply = await self._redis.eval(_READ_OR_LEASE, 2, key, f"{key}:lease", lease, LEASE_TTL_MS)
        if isinstance(reply, list):
            value, left = reply
            return _Held(value.decode() if isinstance(value, bytes) else str(value), max(int(left), 0) / 1000)
        return None if reply else "wait"

    async def _publish(self, key: str, issued: IssuedValue) -> None:
        await self._redis.set(key, issued.value, px=issued.usable_seconds * 1000)

    async def _delete_if_same(self, key: str, value: str) -> None:
        await self._redis.eval(_DELETE_IF_SAME, 1, key, value)

    async def _call_redis(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """None when Redis is unavailable: then nothing is shared, and it isn't called again for a while."""
        if self._away_until > self._monotonic():
            return None
        try:
            async with asyncio.timeout(REDIS_STEP):
                result = await work()
        except (RedisError, OSError, TimeoutError) as error:
            if not self._away_until:
                log.warning("shared_values_down", reason=type(error).__name__)
            self._away_until = self._monotonic() + REDIS_PAUSE
            return None
        if self._away_until:
            self._away_until = 0.0
            log.info("shared_values_back")
        return result
