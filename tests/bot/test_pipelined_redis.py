"""PipelinedRedis returns what redis.asyncio returns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from bot import pipelined_redis as module
from bot.pipelined_redis import PipelinedRedis, PooledRunner, ScriptRunner, make_runner
from tests.bot.stage import redis_client
from tests.drivers.waiting import let_others_run

ECHO = "return {KEYS[1], ARGV[1], tonumber(ARGV[2]), false, redis.status_reply('OK'), {1, {}}}"


@pytest.fixture(params=["line", "pooled"])
async def runner(request: pytest.FixtureRequest, redis: str) -> AsyncIterator[ScriptRunner]:
    client = redis_client(redis)
    made = make_runner(client) if request.param == "line" else PooledRunner(client)
    assert isinstance(made, PipelinedRedis) == (request.param == "line")
    yield made
    await made.close()
    await client.aclose()


@pytest.fixture
async def line(redis: str) -> AsyncIterator[PipelinedRedis]:
    client = redis_client(redis)
    made = make_runner(client)
    assert isinstance(made, PipelinedRedis)
    yield made
    await made.close()
    await client.aclose()


async def test_every_sort_of_answer_is_read(runner: ScriptRunner) -> None:
    assert await runner.run(ECHO, ["键"], ["值\r\n", 7]) == ["键".encode(), "值\r\n".encode(), 7, None, b"OK", [1, []]]


async def test_an_error_of_the_script_is_an_error(runner: ScriptRunner) -> None:
    with pytest.raises(ResponseError, match="nonsense"):
        await runner.run("return redis.error_reply('nonsense')", ["k"], [])
    assert await runner.run("return 1", ["k"], []) == 1


async def test_many_at_once_get_each_its_own(runner: ScriptRunner) -> None:
    answers = await asyncio.gather(*(runner.run("return ARGV[1]", ["k"], [number]) for number in range(50)))
    assert answers == [str(number).encode() for number in range(50)]


async def test_a_server_that_forgot_the_script_learns_it_again(line: PipelinedRedis, redis: str) -> None:
    assert await line.run("return 5", ["k"], []) == 5
    async with redis_client(redis) as client:
        await client.script_flush()
    assert await line.run("return 5", ["k"], []) == 5


async def test_a_cut_connection_is_made_anew(line: PipelinedRedis, redis: str) -> None:
    await line.run("return 5", ["k"], [])
    async with redis_client(redis) as client:
        await client.client_kill_filter(_type="normal", skipme=True)
    await let_others_run()
    assert await line.run("return 5", ["k"], []) == 5


async def test_a_waiting_call_raises_when_the_connection_is_cut(line: PipelinedRedis, redis: str) -> None:
    await line.run("return 5", ["k"], [])
    async with redis_client(redis) as client:
        await client.client_pause(200)
        waiting = asyncio.create_task(line.run("return redis.call('SET', KEYS[1], 1)", ["k"], []))
        await let_others_run()
    await line.close()
    with pytest.raises(RedisError):
        await waiting


async def test_a_wrong_password_is_refused(redis: str) -> None:
    client = redis_client(redis)
    bad = PipelinedRedis({**client.connection_pool.connection_kwargs, "password": "wrong"})
    for _ in range(2):
        with pytest.raises(ResponseError, match="WRONGPASS"):
            await bad.run("return 5", ["k"], [])
    await client.aclose()


async def test_a_refused_connection_is_an_outage() -> None:
    with pytest.raises(OSError, match="Connect"):
        await PipelinedRedis({"host": "127.0.0.1", "port": 1}).run("return 5", ["k"], [])


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad\r\n\r\n", b"$x\r\n", b"*1\r\n"])
async def test_a_server_that_is_silent_or_no_redis_is_given_up(monkeypatch: pytest.MonkeyPatch, says: bytes) -> None:
    monkeypatch.setattr(module, "_TIMEOUT", 0.1)

    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(10)
            writer.write(says)
            await reader.read()
        writer.close()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        made = PipelinedRedis({"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]})
        with pytest.raises(RedisError):
            await made.run("return 5", ["k"], [])
        await over.wait()


replies = st.recursive(
    st.none() | st.integers() | st.binary(max_size=30), lambda inner: st.lists(inner, max_size=4), max_leaves=8
)


def _write(value: object) -> bytes:
    match value:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(value), value)
        case list():
            return b"*%d\r\n" % len(value) + b"".join(map(_write, value))
    raise AssertionError(value)


@given(st.lists(replies, min_size=1, max_size=5), st.data())
async def test_answers_may_come_in_any_pieces(answers: list[object], data: st.DataObject) -> None:
    wire = module._Wire()
    futures = [wire.send(b"x") for _ in answers]
    stream = b"".join(map(_write, answers))
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        wire.data_received(stream[:size])
        stream = stream[size:]
    assert [future.result() for future in futures] == answers
    wire.abort(RedisConnectionError("over"))
