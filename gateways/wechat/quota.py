"""Daily quotas: a call that WeChat refused for today (45009) is not tried again before midnight in Beijing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from config.connection_limits import REDIS_STEP
from domain.clock import Clock, local, seconds_until_tomorrow
from domain.errors import NeedsOperator

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RECHECK = 5.0
"""Seconds that a process uses its last reading; so late it learns of another process's refusal."""
COUNT_TTL = 26 * 3600


class DailyQuotas:
    """A Redis set of paths per app and Beijing day. While Redis is unavailable WeChat itself refuses each call."""

    def __init__(self, redis: Redis, clock: Clock, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[str, tuple[frozenset[str], float]] = {}
        """What was read under a key, and until when it counts."""

    async def check(self, appid: str, path: str) -> None:
        """NeedsOperator until tomorrow when the quota of ``path`` is used up today."""
        if path in await self._used_up_paths(self._key(appid)):
            raise NeedsOperator("45009", "used up for today", retry_after=seconds_until_tomorrow(self._clock.now()))

    async def use_up(self, appid: str, path: str) -> None:
        key = self._key(appid)
        self._known[key] = ((await self._used_up_paths(key)) | {path}, self._monotonic() + RECHECK)
        log.error("wechat_quota_used_up", appid=appid, path=path)
        try:
            async with asyncio.timeout(REDIS_STEP), self._redis.pipeline(transaction=True) as pipe:
                pipe.sadd(key, path)
                pipe.expire(key, COUNT_TTL)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("wechat_quota_not_shared", reason=type(error).__name__)

    def _key(self, appid: str) -> str:
        return f"wx:quota:{appid}:{local(self._clock.now()):%Y%m%d}"

    async def _used_up_paths(self, key: str) -> frozenset[str]:
        paths, until = self._known.get(key, (frozenset[str](), 0.0))
        if until > self._monotonic():
            return paths
        try:
            async with asyncio.timeout(REDIS_STEP):
                members = await self._redis.smembers(key)
            used_up = frozenset(item.decode() if isinstance(item, bytes) else str(item) for item in members)
        except (RedisError, OSError, TimeoutError):
            used_up = paths
        self._known = {key: (used_up, self._monotonic() + RECHECK), **self._other_days(key)}
        return used_up

    def _other_days(self, key: str) -> dict[str, tuple[frozenset[str], float]]:
        """Other days' entries still in force, so that past days don't accumulate."""
        now = self._monotonic()
        return {other: entry for other, entry in self._known.items() if other != key and entry[1] > now}
