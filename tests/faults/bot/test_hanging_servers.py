"""A server that takes a connection and never answers: the writer gets a polite sentence in WeChat's five seconds."""

from __future__ import annotations

import asyncio

import pytest

from bot.dialogue import BUSY
from bot.router import Router
from bot.turn import Turn
from tests.bot.conftest import message
from tests.bot.stage import process


@pytest.fixture
def counting_router() -> Router:
    router = Router()

    async def count(turn: Turn) -> str:
        return "第1次"

    router.keyword(count, "数")
    return router


async def test_a_hanging_postgres_is_a_polite_sentence_in_time(counting_router: Router, redis: str) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, process(counting_router, redis, f"postgres://u@127.0.0.1:{port}/x", timeout=4.4) as stage:
        started = asyncio.get_running_loop().time()
        assert await stage.send(message("数")) == BUSY
        assert asyncio.get_running_loop().time() - started < 4.9


async def test_a_hanging_redis_is_a_polite_sentence_in_time(counting_router: Router, database: str) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, process(counting_router, f"redis://127.0.0.1:{port}/0", database, timeout=4.4) as stage:
        started = asyncio.get_running_loop().time()
        assert await stage.send(message("数")) == BUSY
        assert asyncio.get_running_loop().time() - started < 4.9
