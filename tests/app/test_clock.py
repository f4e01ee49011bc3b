"""The sandbox's clock: every process stands at the same time, whatever is killed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis.asyncio as redis_client
from redis.exceptions import ResponseError

from app.clock import agree, find_offset, make_clock, move_clock
from domain.clock import ShiftedClock, SystemClock

MOVED = timedelta(days=2)


async def test_only_the_sandboxs_clock_is_moved(redis: str) -> None:
    async with redis_client.from_url(redis) as client:
        with pytest.raises(TypeError):
            await move_clock(client, SystemClock(), MOVED)
        assert await find_offset(client) == timedelta()
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


async def test_time_does_not_jump_back_with_a_server_that_lost_the_last_move(redis: str) -> None:
    """Killed while a save was under way, it comes back with an earlier offset than everybody has."""
    clock, other = ShiftedClock(), ShiftedClock()
    async with redis_client.from_url(redis) as client:
        await move_clock(client, clock, MOVED)
        [key] = await client.keys("pbt:clock:*")
        saved = await client.get(key)
        await move_clock(client, clock, 2 * MOVED)
        await agree(client, other)
        await client.set(key, saved)
        await agree(client, other)
        assert (other.offset, await find_offset(client)) == (2 * MOVED, 2 * MOVED)
        await client.delete(key)
        begun = await make_clock(client, movable=True)
        await agree(client, clock)
        assert isinstance(begun, ShiftedClock)
        await agree(client, begun)
        assert begun.offset == 2 * MOVED


async def test_the_clock_can_be_set_back(redis: str) -> None:
    clock, other = ShiftedClock(), ShiftedClock()
    async with redis_client.from_url(redis) as client:
        await move_clock(client, clock, MOVED)
        await agree(client, other)
        await move_clock(client, other, timedelta())
        await agree(client, clock)
        assert (clock.offset, await find_offset(client)) == (timedelta(), timedelta())
