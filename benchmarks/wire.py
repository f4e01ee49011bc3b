"""Counts the statements that a program sends to PostgreSQL: a proxy that reads the protocol and changes nothing.

The server's own statistics need an extension and a superuser, and a hook in the program would be part of
what is measured. Only the counting is done through the proxy; times and processor time are taken without it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

_SSL, _CANCEL = 80877103, 80877102
_BLOCK = 65536


@dataclass
class Wire:
    """``sent`` are the texts of all statements in the order in which they were carried out."""

    database_url: str
    """URL to which the program connects."""
    sent: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        """Statements sent since the last call."""
        sent, self.sent = self.sent, []
        return sent


@asynccontextmanager
async def tapped(database_url: str, port: int) -> AsyncIterator[Wire]:
    """A proxy on ``port`` in front of ``database_url`` for the length of the block."""
    target = urlsplit(database_url)
    login = target.netloc.rpartition("@")[0]
    wire = Wire(urlunsplit(target._replace(netloc=f"{login}@127.0.0.1:{port}")))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port)
        pumps = [
            asyncio.create_task(_pump(reader, back, _Reader(wire))),
            asyncio.create_task(_pump(there, writer, None)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for end in (back, writer):
            end.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield wire
    finally:
        server.close()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, reader: _Reader | None) -> None:
    while data := await source.read(_BLOCK):
        if reader is not None:
            reader.feed(data)
        target.write(data)
        await target.drain()


class _Reader:
    """Reads what a client sends: statements as text, or prepared, bound and executed."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._buffer = b""
        self._started = False
        self._prepared: dict[bytes, str] = {}
        self._bound: dict[bytes, bytes] = {}

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while (size := self._size()) and len(self._buffer) >= size:
            whole, self._buffer = self._buffer[:size], self._buffer[size:]
            if self._started:
                self._read(whole[:1], whole[5:])
            else:
                self._started = struct.unpack("!I", whole[4:8])[0] not in (_SSL, _CANCEL)

    def _size(self) -> int:
        """Bytes of the message that begins the buffer; 0 while it is not known."""
        at = 1 if self._started else 0
        if len(self._buffer) < at + 4:
            return 0
        return int(struct.unpack("!I", self._buffer[at : at + 4])[0]) + at

    def _read(self, kind: bytes, body: bytes) -> None:
        if kind == b"Q":
            self._wire.sent.append(body.rstrip(b"\0").decode())
        elif kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = text.decode()
        elif kind == b"B":
            portal, name, _ = body.split(b"\0", 2)
            self._bound[portal] = name
        elif kind == b"E":
            name = self._bound.get(body.split(b"\0", 1)[0], b"")
            self._wire.sent.append(self._prepared.get(name, "?"))
