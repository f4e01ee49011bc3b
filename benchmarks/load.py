"""A load generator for HTTP on loopback: raw requests over connections that stay open, timed one by one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

CONNECTIONS = 48
_TIMEOUT = 10.0
"""Seconds that answers may still take after the last request of a steady load."""

Check = Callable[[bytes, bytes], bool]
"""Whether an answer (head, body) is the expected one."""


def request(method: str, path: str, *, headers: Iterable[str] = (), body: bytes = b"", close: bool = False) -> bytes:
    """One request as bytes. ``headers`` are whole lines."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


def is_good(head: bytes, _body: bytes) -> bool:
    """An answer with a status of 2xx."""
    return head[9:10] == b"2"


@dataclass
class Load:
    """Takes requests from ``waiting`` and records the seconds of each and the errors."""

    port: int
    check: Check = is_good
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)
    took: list[float] = field(default_factory=list)
    bodies: list[bytes] | None = None
    """Bodies of all answers, if they are to be kept."""
    wrong: bytes = b""
    """The first unexpected answer."""
    errors: int = 0
    answered: int = 0

    def note(self, since: float, head: bytes, body: bytes) -> None:
        self.took.append(time.perf_counter() - since)
        self.answered += 1
        if self.bodies is not None:
            self.bodies.append(body)
        if not self.check(head, body):
            self.errors += 1
            self.wrong = self.wrong or head + b"\r\n\r\n" + body

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the requests was answered; 0 without requests."""
        took = sorted(self.took)
        return took[min(int(len(took) * share), len(took) - 1)] * 1000 if took else 0.0


class Line(asyncio.Protocol):
    """One connection: one request at a time, and the next when its answer is complete."""

    def __init__(self, load: Load, over: Callable[[], None]) -> None:
        self._load = load
        self._over = over
        self._buffer = b""
        self._since: float | None = None
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)
        self.next()

    def next(self) -> None:
        if self._load.waiting and self.transport is not None and not self.transport.is_closing():
            due, data = self._load.waiting.popleft()
            self._since = due or time.perf_counter()
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator or self._since is None:
            return
        lowered = head.lower()
        if not _is_whole(lowered, body):
            return
        self._load.note(self._since, head, body)
        self._buffer, self._since = b"", None
        if b"connection: close" in lowered and self.transport is not None:
            self.transport.close()
        else:
            self.next()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._since is not None:
            self._load.errors += 1
        self._over()

    @property
    def idle(self) -> bool:
        return self._since is None


def _is_whole(head: bytes, body: bytes) -> bool:
    """Whether a body is complete, by the head in small letters."""
    _, header, rest = head.partition(b"content-length:")
    if header:
        return len(body) >= int(rest.split(b"\r\n", 1)[0])
    return b"transfer-encoding: chunked" not in head or body.endswith(b"0\r\n\r\n")


async def full_speed(load: Load, requests: Iterable[bytes], *, connections: int = CONNECTIONS) -> float:
    """Send all with all connections busy; returns requests a second."""
    load.waiting.extend((0.0, data) for data in requests)
    before, began = load.answered, time.perf_counter()
    await asyncio.gather(*(_connection(load) for _ in range(min(connections, len(load.waiting)))))
    return (load.answered - before) / (time.perf_counter() - began)


async def _connection(load: Load) -> None:
    """Keep one connection open until no request waits."""
    loop = asyncio.get_running_loop()
    while load.waiting:
        lost = asyncio.Event()
        _, line = await loop.create_connection(lambda lost=lost: Line(load, lost.set), "127.0.0.1", load.port)
        while not lost.is_set():
            if line.idle and not load.waiting:
                assert line.transport is not None
                line.transport.close()
            try:
                await asyncio.wait_for(lost.wait(), 0.05)
            except TimeoutError:
                continue


async def steady(load: Load, requests: Iterable[bytes], rate: float, *, over: asyncio.Event | None = None) -> None:
    """Send at a fixed rate a second, whether or not earlier ones were answered; time counts from when each was due.

    Until there are no more, or ``over`` is set.
    """
    loop, before, sent = asyncio.get_running_loop(), load.answered, 0
    lines = [
        (await loop.create_connection(lambda: Line(load, lambda: None), "127.0.0.1", load.port))[1]
        for _ in range(CONNECTIONS)
    ]
    began = time.perf_counter()
    for sent, data in enumerate(requests, 1):
        due = began + (sent - 1) / rate
        if (delay := due - time.perf_counter()) > 0.0005:
            await asyncio.sleep(delay)
        load.waiting.append((due, data))
        idle = next((line for line in lines if line.idle), None)
        if idle is not None:
            idle.next()
        if over is not None and over.is_set():
            break
    deadline = time.perf_counter() + _TIMEOUT
    while load.answered - before < sent and time.perf_counter() < deadline:
        await asyncio.sleep(0.01)
    for line in lines:
        assert line.transport is not None
        line.transport.close()
    load.errors += sent - (load.answered - before)
