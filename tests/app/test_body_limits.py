"""Packed and broken bodies: refused before anything is read, never a 5xx."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from app.body_limits import guard_bodies
from tests.drivers.waiting import let_others_run

BOMB = gzip.compress(bytes(31_000_000))


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, list[bytes]]]:
    """A route that accepts every body, behind the guard, on a server set up as ``pbt serve`` is."""
    taken: list[bytes] = []

    async def read_body(request: web.Request) -> web.Response:
        taken.append(await request.read())
        return web.Response(text="ok")

    app = web.Application(middlewares=[guard_bodies], client_max_size=64_000_000)
    app.router.add_post("/receipts/x/sms", read_body)
    server = TestServer(app)
    await server.start_server(auto_decompress=False)
    yield str(server.make_url("/receipts/x/sms")), taken
    await server.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip", "x-gzip"])
@pytest.mark.parametrize("body", [BOMB, b"no gzip at all", b""], ids=["bomb", "broken", "empty"])
async def test_a_packed_body_is_refused_unread(site: tuple[str, list[bytes]], encoding: str, body: bytes) -> None:
    url, taken = site
    async with (
        ClientSession() as session,
        session.post(url, data=body, headers={"Content-Encoding": encoding}) as answer,
    ):
        assert answer.status == 415
        assert "压缩" in json.loads(await answer.text())["detail"]
    assert taken == []


async def test_a_body_as_it_is_is_taken(site: tuple[str, list[bytes]]) -> None:
    url, taken = site
    for headers in ({}, {"Content-Encoding": "identity"}):
        async with ClientSession() as session, session.post(url, data=b"[]", headers=headers) as answer:
            assert answer.status == 200
    assert taken == [b"[]", b"[]"]


@pytest.mark.parametrize("rounds", [0, 300], ids=["at once", "later"])
@pytest.mark.parametrize("rest", [b"no chunk\r\n", b"5\r\nhal", b""], ids=["garbled", "cut off", "nothing"])
async def test_a_body_that_breaks_off_is_no_fault_of_ours(
    site: tuple[str, list[bytes]], rounds: int, rest: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.body_limits.BODY_TIMEOUT", 0.5)
    url, taken = site
    host, port = url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /receipts/x/sms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    await let_others_run(rounds)
    writer.write(rest)
    answer = await reader.read(200)
    writer.close()
    assert answer.split()[1] == b"400"
    assert taken == []
