"""What strangers send to the port that is no request, or never becomes one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from app import http_edge
from app.http_edge import UnfinishedHeads, finish_headers, guard_connection, listen
from tests.drivers.waiting import eventually

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HOST = "127.0.0.1"


class Site:
    def __init__(self, port: int, heads: UnfinishedHeads) -> None:
        self.port, self.heads = port, heads

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(HOST, self.port)

    async def exchange(self, raw: bytes) -> bytes:
        """Everything until the server closes."""
        reader, writer = await self.connect()
        writer.write(raw)
        answer = await reader.read()
        writer.close()
        return answer


@pytest.fixture
def most() -> int | None:
    return 3


@pytest.fixture
async def site(most: int | None) -> AsyncIterator[Site]:
    async def greet(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def fail(_request: web.Request) -> web.Response:
        raise ValueError("ours")

    app = web.Application(middlewares=[guard_connection])
    app.on_response_prepare.append(finish_headers)
    app.add_routes([web.get("/", greet), web.get("/fault", fail)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    heads = UnfinishedHeads(most)
    server = await listen(runner, HOST, 0, heads=heads)
    yield Site(server.sockets[0].getsockname()[1], heads)
    server.close()
    await runner.cleanup()


async def read_end(reader: asyncio.StreamReader) -> bytes:
    """What came before the server closed, be it with a reset because it left something unread."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def first_line(answer: bytes) -> bytes:
    return answer.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"GET / HTTP/0.9\r\n\r\n", b"HTTP/1.1 505 HTTP Version Not Supported"),
        (b"GET /\r\n\r\n", b"HTTP/1.1 505 HTTP Version Not Supported"),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", b"HTTP/1.1 505 HTTP Version Not Supported"),
        (b"\x16\x03\x01\x02\x00 hello\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET / HTTP/1.1\r\nBad Header\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nExpect: \xff\xfe\r\n\r\n", b"HTTP/1.1 417 Expectation Failed"),
        (b"GET /nowhere HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\n\r\n", b"HTTP/1.1 417 Expectation Failed"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET /missing HTTP/1.0\r\n\r\n", b"HTTP/1.0 404 Not Found"),
        (b"DELETE / HTTP/1.0\r\n\r\n", b"HTTP/1.0 405 Method Not Allowed"),
        (b"GET /fault HTTP/1.0\r\n\r\n", b"HTTP/1.1 500 Internal Server Error"),
        (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK"),
    ],
)
async def test_every_answer_is_plain_names_no_server_and_lets_no_browser_guess(
    site: Site, raw: bytes, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        answer = await site.exchange(raw)
    assert first_line(answer) == line
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nserver:" not in head
    assert b"\r\nx-content-type-options: nosniff" in head
    assert b"bad header" not in answer.lower(), "nothing of the request comes back"
    assert any("Traceback" in record.exc_text for record in caplog.records if record.exc_text) is (b"/fault" in raw)
    assert len(logs) == (1 if line.endswith((b"Bad Request", b"Supported", b"Expectation Failed")) else 0)


async def test_a_head_that_does_not_end_is_closed_in_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_edge, "HEAD_TIMEOUT", 0.0)
    for begun in (b"", b"GET / HTTP/1.1\r\nHost:"):
        reader, writer = await site.connect()
        writer.write(begun)
        assert await read_end(reader) == b""
        writer.close()


async def test_the_next_head_on_a_connection_has_a_limit_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = await site.connect()
    writer.write(ASKED)
    assert await reader.readuntil(b"hello")
    monkeypatch.setattr(http_edge, "HEAD_TIMEOUT", 0.0)
    writer.write(b"GET / HTTP/1.1\r\nHost:")
    assert await read_end(reader) == b""
    writer.close()


async def test_the_oldest_unfinished_head_of_an_address_gives_way_and_a_person_gets_in(site: Site) -> None:
    waiting = []
    for _ in range(5):
        waiting.append(await site.connect())
        waiting[-1][1].write(b"GET / HTTP/1.1\r\n")
    for reader, _ in waiting[:2]:
        assert await read_end(reader) == b""
    assert first_line(await site.exchange(b"GET / HTTP/1.0\r\n\r\n")) == b"HTTP/1.0 200 OK"
    reader, writer = waiting[-1]
    writer.write(b"Host: x\r\n\r\n")
    assert await reader.readuntil(b"hello")
    for _, writer in waiting:
        writer.close()


@pytest.mark.parametrize("most", [None])
async def test_behind_our_own_proxy_connections_are_not_counted(site: Site) -> None:
    waiting = [await site.connect() for _ in range(20)]
    for reader, writer in waiting:
        writer.write(ASKED)
        assert await reader.readuntil(b"hello")
        writer.close()


async def test_a_connection_whose_head_has_arrived_is_counted_no_more(site: Site) -> None:
    for _ in range(5):
        assert await site.exchange(b"GET / HTTP/1.0\r\n\r\n")
    await eventually(lambda: not site.heads._connections)
