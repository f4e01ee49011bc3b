"""Reserved connections: other code can't use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from services.core.base import rows, transaction
from services.core.connections import OwnConnections

ALL = 10
"""Connections of the shared pool, see ``tortoise_config``."""


@pytest.fixture
async def own(db: str) -> AsyncIterator[OwnConnections]:
    connections = OwnConnections(db, size=1)
    yield connections
    await connections.close()


async def backend() -> int:
    return int((await rows("SELECT pg_backend_pid() AS pid"))[0]["pid"])


async def hold(held: asyncio.Semaphore, over: asyncio.Event) -> None:
    async with transaction():
        await backend()
        held.release()
        await over.wait()


async def test_what_is_asked_in_the_block_goes_over_them_and_nothing_else_does(own: OwnConnections) -> None:
    before = await backend()
    with own():
        mine = await backend()
        assert await asyncio.create_task(backend()) == mine
        async with transaction():
            assert await backend() == mine
    assert mine != before
    assert await backend() == before


async def test_who_has_them_goes_on_while_all_others_are_taken(own: OwnConnections) -> None:
    held, over = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as group, asyncio.timeout(30):
        for _ in range(ALL):
            group.create_task(hold(held, over))
        for _ in range(ALL):
            await held.acquire()
        waiting = group.create_task(backend())
        with own():
            assert await backend()
        assert not waiting.done(), "there was none left to share"
        over.set()


async def test_a_transaction_that_was_begun_elsewhere_goes_on_there(own: OwnConnections) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(transaction())
        outer = await backend()
        with own():
            assert await backend() != outer
        assert await backend() == outer
