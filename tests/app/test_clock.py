"""The sandbox's clock: every process stands at the same time, whatever is killed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis.asyncio as redis_client
from redis.exceptions import ResponseError

from app.clock import find_offset, make_clock, move_clock
from domain.clock import ShiftedClock, SystemClock

MOVED = timedelta(days=2)


async def test_only_the_sandboxs_clock_is_moved(redis: str) -> None:
    async with redis_client.from_url(redis) as client:
        with pytest.raises(TypeError):
            await move_clock(client, SystemClock(), MOVED)
        assert await find_offset(client) is None
        assert isinstance(await make_clock(client, movable=False), SystemClock)


async def test_the_clock_moves_while_an_earlier_move_is_still_being_saved(
    redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def save(*_: object, **__: object) -> None:
        raise ResponseError("Background save already in progress")

    clock = ShiftedClock()
    async with redis_client.from_url(redis) as client:
        monkeypatch.setattr(client, "bgsave", save)
        await move_clock(client, clock, MOVED)
        assert (clock.offset, await find_offset(client)) == (MOVED, MOVED)
