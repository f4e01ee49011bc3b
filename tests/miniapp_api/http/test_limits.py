"""Counting tries by client address."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from redis.asyncio import Redis

from domain.errors import TooMany
from miniapp_api.http.limits import LocalCounter, RedisCounter, check_rate, client_address


async def test_redis_counts_for_all_processes_together(redis: str) -> None:
    async with Redis.from_url(redis) as first, Redis.from_url(redis) as second:
        assert await RedisCounter(first).count("door:1", 60) == (1, 60)
        assert (await RedisCounter(second).count("door:1", 60))[0] == 2
        assert (await RedisCounter(first).count("door:2", 60))[0] == 1


async def test_without_redis_no_request_is_refused() -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as away:
        for _ in range(3):
            await check_rate(RedisCounter(away), "door", "1.1.1.1", 1, 60)


async def test_a_request_beyond_the_limit_is_refused_with_retry_after() -> None:
    counter = LocalCounter()
    await check_rate(counter, "door", "1.1.1.1", 1, 60)
    await check_rate(counter, "door", "2.2.2.2", 1, 60)
    with pytest.raises(TooMany) as refusal:
        await check_rate(counter, "door", "1.1.1.1", 1, 60)
    assert 0 < refusal.value.retry_after <= 60


async def test_the_addresses_of_a_network_that_its_holder_may_choose_count_as_one() -> None:
    counter = LocalCounter()
    await check_rate(counter, "door", "2001:db8:1:2::1", 1, 60)
    await check_rate(counter, "door", "2001:db8:1:3::1", 1, 60)
    with pytest.raises(TooMany):
        await check_rate(counter, "door", "2001:db8:1:2:ffff::9", 1, 60)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        (None, 0, "9.9.9.9"),
        ("1.1.1.1", 0, "9.9.9.9"),
        ("1.1.1.1", 1, "1.1.1.1"),
        ("6.6.6.6, 1.1.1.1", 1, "1.1.1.1"),
        ("6.6.6.6, 1.1.1.1, 10.0.0.1", 2, "1.1.1.1"),
        ("1.1.1.1", 2, "9.9.9.9"),
    ],
)
def test_only_what_our_proxies_saw_is_believed(forwarded: str | None, proxies: int, address: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="9.9.9.9")
    assert client_address(request, proxies) == address
