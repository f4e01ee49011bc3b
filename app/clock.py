"""The sandbox's movable clock: one offset in Redis, read by every process several times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from domain.clock import Clock, ShiftedClock, SystemClock

_KEY = "pbt:clock:offset"
_INTERVAL = 0.2


async def make_clock(redis: Redis, *, movable: bool) -> Clock:
    """A clock that follows the shared offset; in production the machine's clock."""
    if not movable:
        return SystemClock()
    clock = ShiftedClock()
    await _read(redis, clock)
    return clock


async def move_clock(redis: Redis, clock: Clock, offset: timedelta) -> None:
    """Move the clock of all processes. Raises TypeError for a clock that can't be moved."""
    if not isinstance(clock, ShiftedClock):
        raise TypeError("only the sandbox's clock can be moved")
    await redis.set(_KEY, str(offset.total_seconds()))
    with suppress(ResponseError):  # a save is under way; the next move saves this offset, too
        await redis.bgsave(schedule=True)  # it may be killed together with all processes that know the offset
    clock.offset = offset


async def follow_clock(redis: Redis, clock: Clock) -> None:
    """Follow offsets set by other processes; runs until cancelled. During an outage of Redis the offset stays."""
    while isinstance(clock, ShiftedClock):
        await asyncio.sleep(_INTERVAL)
        try:
            await _read(redis, clock)
        except (RedisError, OSError):
            continue


async def find_offset(redis: Redis) -> timedelta | None:
    """The offset of the service's clock, if it was moved; stored across restarts, because the data have times by it."""
    stored = await cast("Awaitable[bytes | None]", redis.get(_KEY))
    return timedelta(seconds=float(stored)) if stored else None


async def _read(redis: Redis, clock: ShiftedClock) -> None:
    """If Redis lost the offset, a process that still has it writes it back, so that time never jumps back."""
    stored = await find_offset(redis)
    if stored is not None:
        clock.offset = stored
    elif clock.offset:
        await redis.set(_KEY, str(clock.offset.total_seconds()), nx=True)
