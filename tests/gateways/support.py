"""A server with programmable faults, and the helpers of all gateway tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp
from prometheus_client import CollectorRegistry

from gateways.http import Metrics, Vendor

HANG = b"hang"
"""Read the request, never answer."""
DROP = b"drop"
"""Read the request, close without an answer."""


def reply(body: bytes | object, *, status: int = 200, headers: str = "", kind: str = "application/json") -> bytes:
    """A whole answer; anything but bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    own = f"Content-Type: {kind}\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n"
    head = f"HTTP/1.1 {status} X\r\n{own}{headers}\r\n"
    return head.encode() + raw


@dataclass(frozen=True)
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass
class Rogue:
    """Plays one script per request, in order; the last one is repeated. ``seen`` are the requests it got."""

    scripts: Sequence[bytes]
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Rogue:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._play(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.seen.append(await _request(reader))
            script = self.scripts[min(len(self.seen), len(self.scripts)) - 1]
            if script == HANG:
                await asyncio.Event().wait()
            if script != DROP:
                writer.write(script)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Seen(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@dataclass(frozen=True)
class Tools:
    """A session, and counters that start at zero."""

    session: aiohttp.ClientSession
    registry: CollectorRegistry
    metrics: Metrics

    def vendor(self, name: str = "vendor", *, timeout: float = 5.0) -> Vendor:
        return Vendor(name, self.session, self.metrics, timeout=timeout)

    def count_calls(self, vendor: str, call: str, outcome: str) -> float:
        labels = {"vendor": vendor, "call": call, "outcome": outcome}
        return self.registry.get_sample_value("pbt_gateway_calls_total", labels) or 0.0


def new_tools(session: aiohttp.ClientSession) -> Tools:
    registry = CollectorRegistry()
    return Tools(session, registry, Metrics(registry))
