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

_KEY = "pbt:clock:moved"
_INTERVAL = 0.2


async def make_clock(redis: Redis, *, movable: bool) -> Clock:
    """A clock that follows the shared offset; in production the machine's clock."""
    if not movable:
        return SystemClock()
    clock = ShiftedClock()
    await agree(redis, clock)
    return clock


async def move_clock(redis: Redis, clock: Clock, offset: timedelta) -> None:
    """Move the clock of all processes. Raises TypeError for a clock that can't be moved."""
    if not isinstance(clock, ShiftedClock):
        raise TypeError("only the sandbox's clock can be moved")
    await agree(redis, clock)
    clock.offset, clock.moves = offset, clock.moves + 1
    await _store(redis, clock)
    with suppress(ResponseError):  # a save is under way; the next move saves this offset, too
        await redis.bgsave(schedule=True)  # it may be killed together with all processes that know the offset


async def follow_clock(redis: Redis, clock: Clock) -> None:
    """Follow offsets set by other processes; runs until cancelled. During an outage of Redis the offset stays."""
    while isinstance(clock, ShiftedClock):
        await asyncio.sleep(_INTERVAL)
        try:
            await agree(redis, clock)
        except (RedisError, OSError):
            continue


async def agree(redis: Redis, clock: ShiftedClock) -> None:
    """Take over a later move of another process. A killed Redis comes back with an earlier move or with none: then
    store this process's again, or time would jump back and vendors refuse the signatures of the past.
    """
    stored = await _load(redis)
    if stored.moves > clock.moves:
        clock.offset, clock.moves = stored.offset, stored.moves
    elif stored.moves < clock.moves:
        await _store(redis, clock)


async def find_offset(redis: Redis) -> timedelta:
    """The offset of the service's clock; stored across restarts, because the data have times by it."""
    return (await _load(redis)).offset


async def _store(redis: Redis, clock: ShiftedClock) -> None:
    await redis.set(_KEY, f"{clock.moves} {clock.offset.total_seconds()}")


async def _load(redis: Redis) -> ShiftedClock:
    """As the key says; a clock that was never moved if there is none."""
    stored = await cast("Awaitable[bytes | None]", redis.get(_KEY))
    if stored is None:
        return ShiftedClock()
    moves, seconds = stored.split()
    return ShiftedClock(timedelta(seconds=float(seconds)), int(moves))
