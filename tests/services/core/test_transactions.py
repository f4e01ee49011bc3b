"""A transaction that can't begin leaves nothing behind: neither its connection nor itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tortoise import Tortoise
from tortoise.backends.asyncpg.client import TransactionWrapper

from models.database_connection import tortoise_config
from services.core.base import rows, transaction

POOL = 2


@pytest.fixture
async def small_pool(database: str) -> AsyncIterator[None]:
    await Tortoise.init(config=tortoise_config(database, pool_size=POOL), _enable_global_fallback=True)
    yield
    await Tortoise.close_connections()


async def begin() -> int:
    async with transaction():
        return int((await rows("SELECT 1 AS n"))[0]["n"])


async def all_connections_serve() -> bool:
    async with asyncio.timeout(20):
        return await asyncio.gather(*(begin() for _ in range(POOL))) == [1] * POOL


@pytest.mark.usefixtures("small_pool")
async def test_one_that_is_cancelled_at_its_beginning_gives_its_connection_back() -> None:
    with pytest.MonkeyPatch.context() as patch:
        waits = asyncio.Event()

        async def hang(self: TransactionWrapper) -> None:
            waits.set()
            await asyncio.Event().wait()

        patch.setattr(TransactionWrapper, "begin", hang)
        for _ in range(POOL):
            waits.clear()
            task = asyncio.create_task(begin())
            await waits.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert await all_connections_serve()


@pytest.mark.usefixtures("small_pool")
async def test_a_connection_whose_transaction_could_not_begin_is_usable_again() -> None:
    with pytest.MonkeyPatch.context() as patch:

        async def fail(self: TransactionWrapper) -> None:
            raise ConnectionError("gone")

        patch.setattr(TransactionWrapper, "begin", fail)
        for _ in range(POOL):
            with pytest.raises(ConnectionError):
                await begin()
    assert (await rows("SELECT 1 AS n"))[0]["n"] == 1
    assert await all_connections_serve()


async def fail_after_an_inner_one() -> None:
    async with transaction():
        async with transaction():
            await rows("CREATE TABLE kept (id int)")
        raise RuntimeError("all of it")


@pytest.mark.usefixtures("small_pool")
async def test_one_within_another_shares_its_fate() -> None:
    with pytest.raises(RuntimeError):
        await fail_after_an_inner_one()
    assert not await rows("SELECT 1 FROM pg_tables WHERE tablename = 'kept'")
