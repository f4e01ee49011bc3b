"""A lean way to run Redis scripts: one connection per process, commands of concurrent messages written in one go.

redis.asyncio takes a connection from its pool, waits for one answer at a time, and costs several times the CPU of the
script itself; which makes it the largest part of a message's cost (see ``benchmarks/chat.py``). Scripts and errors are
the same; where more than a plain socket is needed (TLS, a credential provider) ``make_runner`` falls back to
redis.asyncio.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from typing import Protocol, TypeAlias, cast

from redis.asyncio import Connection, Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from config.connection_limits import REDIS

Reply: TypeAlias = "bytes | int | list[Reply] | ResponseError | None"
Argument: TypeAlias = "str | int"


_TIMEOUT = REDIS.answer
"""Seconds that Redis may take to connect, or to answer."""


class ScriptRunner(Protocol):
    """Runs Lua scripts. Raises RedisError or OSError."""

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> object: ...

    async def close(self) -> None: ...


def make_runner(redis: Redis) -> ScriptRunner:
    """A ``PipelinedRedis`` to ``redis``'s server, or a ``PooledRunner`` where a plain socket isn't enough."""
    pool = redis.connection_pool
    plain = pool.connection_class is Connection and not pool.connection_kwargs.get("credential_provider")
    return PipelinedRedis(pool.connection_kwargs) if plain else PooledRunner(redis)


class PooledRunner:
    """Runs scripts through redis.asyncio."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> object:
        return await self._redis.register_script(script)(keys=list(keys), args=list(arguments))

    async def close(self) -> None:
        """Does nothing: the owner of the client closes it."""


class PipelinedRedis:
    """Connects when first needed and again after a failure. ``settings`` are redis.asyncio's connection arguments."""

    def __init__(self, settings: dict[str, object]) -> None:
        self._settings = settings
        self._wire: _Wire | None = None
        self._connecting = asyncio.Lock()
        self._heads: dict[str, bytes] = {}

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[Argument]) -> object:
        wire = self._wire
        if wire is None or wire.lost:
            wire = await self._connect()
        tail = _pack_arguments([str(len(keys)), *keys, *arguments])
        count = 3 + len(keys) + len(arguments)
        head = self._heads.get(script) or self._heads.setdefault(script, _head(script))
        reply = await wire.send(b"*%d\r\n" % count + head + tail)
        if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
            reply = await wire.send(b"*%d\r\n" % count + _pack_arguments(["EVAL", script]) + tail)
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    async def close(self) -> None:
        if self._wire is not None:
            self._wire.abort(RedisConnectionError("closed"))

    async def _connect(self) -> _Wire:
        async with self._connecting:
            if self._wire is not None and not self._wire.lost:
                return self._wire
            host, port = cast("str", self._settings.get("host")), cast("int", self._settings.get("port"))
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(_TIMEOUT):
                    _, wire = await loop.create_connection(_Wire, host or "localhost", port or 6379)
                    await self._greet(wire)
            except TimeoutError as error:
                raise RedisTimeoutError("connecting took too long") from error
            self._wire = wire
            return wire

    async def _greet(self, wire: _Wire) -> None:
        username, password = self._settings.get("username"), self._settings.get("password")
        steps: list[list[Argument]] = []
        if password:
            steps.append(["AUTH", *([str(username)] if username else []), str(password)])
        if self._settings.get("db"):
            steps.append(["SELECT", cast("int", self._settings["db"])])
        for step in steps:
            reply = await wire.send(b"*%d\r\n" % len(step) + _pack_arguments(step))
            if isinstance(reply, ResponseError):
                wire.abort(reply)
                raise reply


class _Wire(asyncio.Protocol):
    """Matches responses to commands by order. A response that takes too long ends the connection."""

    def __init__(self) -> None:
        self.lost = False
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._unsent: list[bytes] = []
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._answered = 0

    def send(self, command: bytes) -> asyncio.Future[Reply]:
        future: asyncio.Future[Reply] = self._loop.create_future()
        if self.lost:
            future.set_exception(RedisConnectionError("the connection is lost"))
            return future
        self._waiting.append(future)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(command)
        if self._watch is None:
            self._watch = self._loop.call_later(_TIMEOUT, self._check_progress, self._answered)
        return future

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        at = 0
        try:
            while at < len(buffer):
                reply, at = _read_response(buffer, at)
                self._answered += 1
                future = self._waiting.popleft()
                if not future.done():
                    future.set_result(reply)
        except _Incomplete:
            pass
        except (ValueError, IndexError) as error:
            self.abort(RedisConnectionError(f"not Redis's protocol: {error}"))
        self._buffer = buffer[at:]

    def connection_lost(self, _error: Exception | None) -> None:
        self.abort(RedisConnectionError("the connection is lost"))

    def abort(self, error: RedisError) -> None:
        """Close, and fail all waiting calls."""
        self.lost = True
        if self._watch is not None:
            self._watch.cancel()
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(error)
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._transport is not None and not self.lost:
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _check_progress(self, answered: int) -> None:
        """Abort when callers wait and no response has come since the last check."""
        self._watch = None
        if not self._waiting:
            return
        if self._answered == answered:
            self.abort(RedisTimeoutError("Redis did not answer"))
        else:
            self._watch = self._loop.call_later(_TIMEOUT, self._check_progress, self._answered)


class _Incomplete(Exception):
    """The rest of the response hasn't arrived."""


def _head(script: str) -> bytes:
    digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    return _pack_arguments(["EVALSHA", digest])


def _pack_arguments(arguments: Sequence[Argument]) -> bytes:
    pieces = []
    for argument in arguments:
        data = argument.encode() if isinstance(argument, str) else b"%d" % argument
        pieces.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(pieces)


def _read_response(buffer: bytes, at: int) -> tuple[Reply, int]:
    """The RESP2 response at ``at`` and where it ends. Raises _Incomplete, or ValueError for an invalid one."""
    end = buffer.find(b"\r\n", at)
    if end < 0:
        raise _Incomplete
    kind, line, after = buffer[at], buffer[at + 1 : end], end + 2
    if kind == 36:  # $
        return _read_bulk(buffer, int(line), after)
    if kind == 42:  # *
        items: list[Reply] = []
        for _ in range(int(line)):
            item, after = _read_response(buffer, after)
            items.append(item)
        return items, after
    if kind == 58:  # :
        return int(line), after
    if kind == 43:  # +
        return line, after
    if kind == 45:  # -
        return ResponseError(line.decode("utf-8", "replace")), after
    raise ValueError(f"type {kind}")


def _read_bulk(buffer: bytes, length: int, after: int) -> tuple[Reply, int]:
    if length < 0:
        return None, after
    stop = after + length
    if len(buffer) < stop + 2:
        raise _Incomplete
    return buffer[after:stop], stop + 2
