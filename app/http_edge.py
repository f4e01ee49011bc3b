"""Connections of the web process: limits on heads of requests that never end, and answers before any route.

aiohttp itself waits for a head without limit, names itself in each answer, answers in whatever version was asked, and
logs a traceback for each request that is no HTTP.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.hdrs import EXPECT, SERVER

from services.accounts import network_of

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

HEAD_TIMEOUT = 10.0
"""Seconds within which the head of a request must have arrived, from the connection or its first byte on."""
KEEPALIVE = 75.0
"""Seconds that a connection stays open after an answer; proxies in front close theirs after 60 (nginx's default)."""
UNFINISHED_MAX = 100
"""Connections of an address without a whole head yet. Browsers open some in advance; a venue's share one address."""
_NOSNIFF = "X-Content-Type-Options"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class UnfinishedHeads:
    """Connections by address, the oldest first; IPv6 counts by /64. Beyond ``most`` the oldest is closed, so that a new
    person always comes in. ``most`` None: no limit, for addresses that are our own proxies'."""

    def __init__(self, most: int | None = UNFINISHED_MAX) -> None:
        self._most = most
        self._connections: dict[str, OrderedDict[EdgeConnection, None]] = {}

    def add(self, connection: EdgeConnection, address: str) -> None:
        if self._most is None:
            return
        waiting = self._connections.setdefault(network_of(address), OrderedDict())
        waiting[connection] = None
        if len(waiting) > self._most:
            oldest = next(iter(waiting))
            log.warning("unfinished_heads", count=len(waiting))
            self.remove(oldest, address)
            oldest.force_close()

    def remove(self, connection: EdgeConnection, address: str) -> None:
        waiting = self._connections.get(network := network_of(address), OrderedDict())
        waiting.pop(connection, None)
        if not waiting:
            self._connections.pop(network, None)


class EdgeConnection(web.RequestHandler):
    """aiohttp's connection with a limit on the time for each head, and plain refusals of what is no HTTP."""

    def __init__(self, server: web.Server, heads: UnfinishedHeads, **options: Any) -> None:
        super().__init__(server, **options)
        self._heads = heads
        self._address = ""
        self._head_timer: asyncio.TimerHandle | None = None
        self._answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = peer[0] if peer else ""
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if not self._answering and self._head_timer is None:
            self._await_head()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.begin_answer()
        super().connection_lost(exc)

    def begin_answer(self) -> None:
        """A whole head has arrived."""
        self._answering = True
        self._heads.remove(self, self._address)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def end_answer(self) -> None:
        """The next bytes begin another head."""
        self._answering = False

    def _await_head(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(HEAD_TIMEOUT, self._close_unfinished)
        self._heads.add(self, self._address)

    def _close_unfinished(self) -> None:
        self.begin_answer()
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A line for what is no HTTP, since strangers send it all day; our own faults keep their traceback."""
        if isinstance(exc, UnicodeEncodeError) and not request.headers.get(EXPECT, "").isascii():
            # aiohttp quotes the header in its refusal, and fails where it is no text
            status = HTTPStatus.EXPECTATION_FAILED
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log_exception("Error handling request", exc_info=exc)
        else:
            log.info("malformed_request", status=status, reason=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, another can't follow")
        return _refuse(status)


class _EdgeRefusal(web.Response):
    """An answer outside the application, whose signals it therefore misses; always in HTTP/1.1."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.pop(SERVER, None)

    async def _write_headers(self) -> None:
        assert self._payload_writer is not None  # noqa: S101  # set before the headers
        await self._payload_writer.write_headers(f"HTTP/1.1 {self.status} {self.reason}", self.headers)


def _refuse(status: int) -> web.Response:
    phrase = HTTPStatus(status).phrase
    response = _EdgeRefusal(status=status, text=f"{status} {phrase}\n", headers={_NOSNIFF: "nosniff"})
    response.force_close()
    return response


@web.middleware
async def guard_connection(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """The outermost middleware: heads have arrived here, and only versions that have the form of our answers go on."""
    connection = request.protocol
    if not isinstance(connection, EdgeConnection):
        return await handler(request)
    connection.begin_answer()
    try:
        if request.version not in (HttpVersion10, HttpVersion11):
            log.info("http_version_refused", version=f"{request.version.major}.{request.version.minor}")
            return _refuse(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        return await handler(request)
    finally:
        connection.end_answer()


async def finish_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """On each answer: no name of the server, and no guessing of types, which aiohttp's own 404 and 405 lack."""
    response.headers.pop(SERVER, None)
    response.headers.setdefault(_NOSNIFF, "nosniff")


async def listen(
    runner: web.BaseRunner,
    host: str,
    port: int,
    *,
    heads: UnfinishedHeads,
    backlog: int = 128,
    reuse_port: bool = False,
) -> asyncio.Server:
    """Accept connections for a runner that has been set up; close the server before the runner's cleanup."""
    loop = asyncio.get_running_loop()
    server = runner.server
    assert server is not None  # noqa: S101  # the runner was set up
    return await loop.create_server(
        lambda: EdgeConnection(
            server,
            heads,
            loop=loop,
            keepalive_timeout=KEEPALIVE,
            access_log=None,
            auto_decompress=False,  # see app.body_limits
        ),
        host,
        port,
        backlog=backlog,
        reuse_port=reuse_port or None,
    )
