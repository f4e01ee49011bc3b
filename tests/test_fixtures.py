"""The shared fixtures do what they promise."""

from __future__ import annotations

import ast
import asyncio
import gc
import socket
from functools import partial
from typing import Any

import asyncpg
import pytest
import redis.asyncio as redis_client
from tortoise import Tortoise
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from domain.clock import SystemClock
from models.accounts import Account
from models.database_connection import tortoise_config
from services.core.base import rows
from tests.factories.people import mobile_number
from tests.plugins.servers import TestServers

_left: list[asyncio.Task[None]] = []
_pools: list[asyncpg.Pool] = []


async def test_a_test_gets_a_database_with_the_schema_and_the_extensions(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        names = {row[0] for row in await connection.fetch("SELECT extname FROM pg_extension")}
        await connection.execute("CREATE TABLE mine (id int)")
    finally:
        await connection.close()
    assert tables > 0
    assert {"pg_trgm", "btree_gist"} <= names


async def test_no_test_sees_what_another_wrote_in_the_database(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SELECT to_regclass('mine')") is None
    finally:
        await connection.close()


async def test_a_key_that_a_test_writes(redis: str) -> None:
    async with redis_client.from_url(redis) as client:
        await client.set("left", 1)


async def test_is_gone_also_for_who_takes_the_address_elsewhere(servers: TestServers) -> None:
    async with redis_client.from_url(servers.redis_url) as client:
        assert await client.keys() == []


@pytest.mark.parametrize("time", ["first", "second"])
async def test_no_row_number_lock_or_setting_reaches_the_next_test(database: str, time: str) -> None:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    try:
        assert await rows("SELECT * FROM account") == []
        assert await rows("SELECT nextval('expert_number') AS n, current_setting('lock_timeout') AS t") == [
            {"n": 100_001, "t": "0"}
        ]
        assert await rows("SELECT * FROM pg_locks WHERE locktype = 'advisory'") == []
        await Account.create(pool="demo", mobile_sealed=time, mobile_hash=time, created_at=SystemClock().now())
        await rows("SELECT pg_advisory_lock(1), set_config('lock_timeout', '1s', false)")
    finally:
        await Tortoise.close_connections()


async def test_one_pool_of_a_database_stays_open(database: str) -> None:
    clients = [AsyncpgDBClient(**_credentials(database)) for _ in range(2)]
    for client in clients:
        await client.create_connection(with_db=True)
    pools = [client._pool for client in clients]
    for client in clients:
        await client.close()
    assert [pool.is_closing() for pool in pools if pool] == [False, True]


async def test_a_pool_outlives_the_test_of_its_database(empty_database: str) -> None:
    client = AsyncpgDBClient(**_credentials(empty_database))
    await client.create_connection(with_db=True)
    assert client._pool is not None
    _pools.append(client._pool)
    await client.close()
    assert not _pools[0].is_closing()


def test_no_pool_outlives_its_database() -> None:
    assert [pool.is_closing() for pool in _pools] == [True]


def _credentials(url: str) -> dict[str, Any]:
    credentials: dict[str, Any] = tortoise_config(url)["connections"]["default"]["credentials"]
    return {"connection_name": "default", **credentials}


def test_a_collection_that_parses_does_not_break_parsing(request: pytest.FixtureRequest) -> None:
    class Logging:
        """Garbage whose end is logged with a traceback, whose lines are parsed."""

        def __init__(self) -> None:
            self.own = self

        def __del__(self) -> None:
            ast.parse("a + b")

    source = "[" + "(1, 2), " * 2_000 + "]"
    request.addfinalizer(partial(gc.set_threshold, *gc.get_threshold()))
    gc.set_threshold(1)
    for _ in range(20):
        Logging()
        ast.parse(source)


async def _wait_for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_task_is_forgotten() -> None:
    _left.append(asyncio.create_task(_wait_for_ever()))


def test_what_a_test_left_running_has_ended() -> None:
    assert [task.cancelled() for task in _left] == [True]


@pytest.mark.parametrize("time", ["first", "second"])
async def test_redis_is_empty_every_time(redis: str, time: str) -> None:
    client = redis_client.from_url(redis)
    try:
        assert await client.get("mine") is None
        await client.set("mine", time)
    finally:
        await client.aclose()


def test_the_world_is_out_of_reach() -> None:
    with socket.socket() as outside, pytest.raises(OSError, match="may not connect"):
        outside.connect(("192.0.2.1", 80))
    with pytest.raises(OSError, match="may not look up"):
        socket.getaddrinfo("example.com", 80)


@pytest.mark.parametrize("time", ["first", "second"])
def test_the_numbers_of_the_factories_begin_anew_every_time(time: str) -> None:
    assert (mobile_number(), mobile_number()) == ("13800000001", "13800000002")
