"""``/wechat/{pool}``: the callback URL for WeChat's servers. Verifies, decrypts, and hands over to the engine.

Responds 200 (a reply, or ``success``), or 4xx to requests that aren't WeChat's; never 5xx, which makes WeChat show the
user an error of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import structlog
from aiohttp import web
from prometheus_client import Counter, Histogram

from bot.codec import Codec
from bot.engine import Engine
from bot.messages import MAX_BODY, CallbackRefusal, Oversized, Unusable
from domain.clock import Clock

log = structlog.get_logger()

refused = Counter("bot_refused_total", "Callbacks that were not WeChat's, by HTTP status", ["status"])
seconds = Histogram(
    "bot_reply_seconds", "From a callback's arrival to its answer", buckets=(0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 4.5, 5)
)

_READ_LIMIT = 3.0
"""Seconds for the request's body to arrive."""


class Callback:
    """The two routes of each pool's official account."""

    def __init__(self, engine: Engine, codecs: Mapping[str, Codec], clock: Clock) -> None:
        self._engine = engine
        self._codecs = codecs
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        path = "/wechat/{pool}"
        return [web.get(path, self.verify_address, allow_head=False), web.post(path, self.receive)]

    async def verify_address(self, request: web.Request) -> web.Response:
        """Answers the WeChat console's verification of this address."""
        try:
            return web.Response(text=self._codec(request).verify_address(request.query))
        except CallbackRefusal as error:
            return _refuse(error)

    async def receive(self, request: web.Request) -> web.Response:
        arrived = time.monotonic()
        try:
            codec = self._codec(request)
            delivery = codec.open(request.query, await _body(request), self._clock.now())
        except CallbackRefusal as error:
            return _refuse(error)
        reply = await self._engine.receive(delivery.message, arrived)
        seconds.observe(time.monotonic() - arrived)
        if not reply:
            return web.Response(text="success")
        body = codec.envelope(reply, delivery.nonce, int(self._clock.now().timestamp()))
        return web.Response(body=body, content_type="application/xml", charset="utf-8")

    def _codec(self, request: web.Request) -> Codec:
        codec = self._codecs.get(request.match_info["pool"])
        if codec is None:
            raise _NoSuchAccount("no official account here")
        return codec


class _NoSuchAccount(CallbackRefusal):
    status = 404


class _TooSlow(CallbackRefusal):
    status = 408


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise Oversized(f"{request.content_length} bytes announced")
    if request.content.is_eof():  # the body came with the headers, as WeChat's do
        return await request.read()
    try:
        async with asyncio.timeout(_READ_LIMIT):
            if request.content_length is not None:
                return await request.read()
            body = bytearray()
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > MAX_BODY:
                    raise Oversized("more than announced")
            return bytes(body)
    except TimeoutError as error:
        raise _TooSlow("the body did not arrive") from error


def _refuse(error: CallbackRefusal) -> web.Response:
    refused.labels(str(error.status)).inc()
    log.warning("bot_refused", status=error.status, reason=error.reason[:80])
    return web.Response(status=error.status, text="success" if isinstance(error, Unusable) else "refused\n")
