"""Tokens and tickets that all processes share. Two ``SharedValues`` stand for two processes."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from redis.asyncio import Redis

from domain.errors import Transient
from gateways.wechat import token_cache
from gateways.wechat.token_cache import IssuedValue, SharedValues
from tests.drivers.waiting import eventually, let_others_run

KEY = "wx:token:wx1"


class Issuer:
    """Gives out t1, t2, …; while it thinks, others have ``turns``."""

    def __init__(self, *, seconds: int = 7200, turns: int = 50, failures: int = 0) -> None:
        self.seconds = seconds
        self.turns = turns
        self.failures = failures
        self.calls = 0

    async def __call__(self) -> IssuedValue:
        self.calls += 1
        number = self.calls
        await let_others_run(self.turns)
        if number <= self.failures:
            raise Transient("down")
        return IssuedValue(f"t{number}", self.seconds)


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_many_callers_in_many_processes_cause_one_fetch(store: Redis) -> None:
    issuer = Issuer(turns=300)
    processes = [SharedValues(store) for _ in range(3)]
    values = await asyncio.gather(*(process.get(KEY, issuer) for process in processes for _ in range(20)))
    assert set(values) == {"t1"}
    assert issuer.calls == 1


class InterruptedRedis(Redis):
    """After its first command it lets another process fetch, unless this one holds the lease by then."""

    other: SharedValues
    issuer: Issuer
    interrupted = False

    async def execute_command(self, *command: Any, **options: Any) -> Any:
        reply = await super().execute_command(*command, **options)
        if not self.interrupted and not await super().execute_command("EXISTS", f"{KEY}:lease"):
            await self.other.get(KEY, self.issuer)
        self.interrupted = True
        return reply


async def test_a_value_stored_between_two_steps_is_not_fetched_again(store: Redis, redis: str) -> None:
    issuer = Issuer()
    async with Redis.from_url(redis) as owner, InterruptedRedis(connection_pool=owner.connection_pool) as slow:
        slow.other, slow.issuer = SharedValues(store), issuer
        await SharedValues(slow).get(KEY, issuer)
    assert slow.interrupted
    assert issuer.calls == 1


async def test_it_is_shared_until_five_minutes_before_its_end(store: Redis) -> None:
    await SharedValues(store).get(KEY, Issuer(seconds=7200))
    left = await store.pttl(KEY)
    assert 6_890_000 < left <= 6_900_000


@pytest.mark.parametrize(("seconds", "usable"), [(7200, 6900), (400, 100), (310, 60), (300, 60), (20, 20)])
def test_a_short_life_is_used_for_a_minute(seconds: int, usable: int) -> None:
    assert IssuedValue("t", seconds).usable_seconds == usable


async def test_a_process_trusts_its_own_copy_for_a_minute(store: Redis) -> None:
    clock, issuer = Seconds(), Issuer()
    values = SharedValues(store, monotonic=clock)
    await values.get(KEY, issuer)
    await store.set(KEY, "newer", px=6_900_000)
    clock.now += 59
    assert await values.get(KEY, issuer) == "t1"
    clock.now += 2
    assert await values.get(KEY, issuer) == "newer"


async def test_a_refused_value_is_fetched_anew(store: Redis) -> None:
    values, issuer = SharedValues(store), Issuer()
    await values.get(KEY, issuer)
    await values.drop(KEY, "t1")
    assert await values.get(KEY, issuer) == "t2"


async def test_dropping_an_old_value_keeps_the_newer_one_of_another_process(store: Redis) -> None:
    issuer = Issuer()
    first, second = SharedValues(store), SharedValues(store)
    await first.get(KEY, issuer)
    await second.get(KEY, issuer)
    await first.drop(KEY, "t1")
    await first.get(KEY, issuer)
    await second.drop(KEY, "t1")
    assert await second.get(KEY, issuer) == "t2"
    assert issuer.calls == 2


async def test_a_failed_fetch_fails_for_all_waiting_callers_and_is_tried_again_later(store: Redis) -> None:
    values, issuer = SharedValues(store), Issuer(failures=1)
    results = await asyncio.gather(*(values.get(KEY, issuer) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, Transient) for result in results)
    assert issuer.calls == 1
    assert await values.get(KEY, issuer) == "t2"


async def test_a_caller_who_gives_up_does_not_stop_the_others(store: Redis) -> None:
    values, issuer = SharedValues(store), Issuer(turns=300)
    hasty, patient = asyncio.create_task(values.get(KEY, issuer)), asyncio.create_task(values.get(KEY, issuer))
    await eventually(lambda: issuer.calls)
    hasty.cancel()
    assert await patient == "t1"


async def test_a_process_that_died_while_fetching_does_not_block_others(
    store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_cache, "TIMEOUT", 0.2)
    await store.set(f"{KEY}:lease", "the dead", px=60_000)
    assert await SharedValues(store).get(KEY, Issuer()) == "t1"
    assert await store.get(f"{KEY}:lease") == b"the dead", "a foreign lease is left alone"


async def test_without_redis_each_process_fetches_for_itself() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with Redis(host="127.0.0.1", port=unused.getsockname()[1]) as away:
            values, issuer = SharedValues(away), Issuer()
            assert await values.get(KEY, issuer) == "t1"
            assert await values.get(KEY, issuer) == "t1"
            await values.drop(KEY, "t1")
            assert await values.get(KEY, issuer) == "t2"
    assert issuer.calls == 2


async def test_a_redis_that_came_back_is_used_again(store: Redis, redis: str) -> None:
    clock = Seconds()
    async with Redis.from_url(redis) as other:
        values = SharedValues(other, monotonic=clock)
        address = other.connection_pool.connection_kwargs
        port, address["port"] = address["port"], 1
        assert await values.get(KEY, Issuer()) == "t1"
        assert await store.get(KEY) is None
        address["port"] = port
        other.connection_pool.reset()
        clock.now += 61
        assert await values.get(KEY, Issuer()) == "t1"
        assert await store.get(KEY) == b"t1"
