"""The relay of draws over a real Redis: one of two processes polls, both get the changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

import pytest
from redis.asyncio import Redis

from domain.ids import new_id
from gateways.draw_relay import RedisDrawRelay


@pytest.fixture
async def client(redis: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis, socket_timeout=2) as redis_client:
        yield redis_client


async def test_one_of_two_leads_until_it_no_longer_asks(client: Redis) -> None:
    first, second, draws = RedisDrawRelay(client), RedisDrawRelay(client), [new_id(), new_id()]
    assert list(await first.claim_draws(draws[:1])) == draws[:1]
    assert list(await second.claim_draws(draws)) == draws[1:]
    assert list(await first.claim_draws(draws)) == draws[:1], "what it has it keeps"
    key = f"draws:watch:{draws[0].hex}"
    assert 0 < await client.pttl(key) <= 1200
    await client.delete(key)
    assert set(await second.claim_draws(draws)) == set(draws)


async def test_a_published_change_reaches_the_other_process(client: Redis) -> None:
    draws = [new_id(), new_id()]
    async with aclosing(RedisDrawRelay(client).subscribe()) as published:
        waiting = asyncio.create_task(next_draw_id(published))
        async with asyncio.timeout(20):
            while not (await client.pubsub_numsub("draws:changed"))[0][1]:
                await asyncio.sleep(0)
            await RedisDrawRelay(client).publish(draws)
            assert [await waiting, await next_draw_id(published)] == draws


async def next_draw_id(published: AsyncGenerator[UUID, None]) -> UUID:
    return await published.__anext__()
