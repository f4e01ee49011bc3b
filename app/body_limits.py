"""Limits for every request's body, before any route reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from miniapp_api.http.problems import BadRequest, WrongType, problem_response

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BODY_TIMEOUT = 120.0
"""Seconds within which a whole body must have arrived; routes with small bodies use shorter limits."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard_bodies(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuses compressed bodies: none of our clients and no platform compresses, and 31 KB unpack to 31 MB.

    The server itself unpacks nothing (``auto_decompress=False``). A body that breaks off or never ends is 400, never
    5xx and never an endless wait: aiohttp doesn't notify a waiting reader of chunks that it could not parse.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        log.info("packed_body_refused", method=request.method)
        return problem_response(WrongType("不接受压缩的请求内容（Content-Encoding），请去掉压缩后重试。"))
    try:
        with _time_limit(request.content):
            return await handler(request)
    except (HttpProcessingError, web.RequestPayloadError):
        return problem_response(BadRequest("请求内容不完整，请重试。", code="garbled"))


@contextmanager
def _time_limit(body: StreamReader) -> Iterator[None]:
    """Raise RequestPayloadError in a pending read of the body after ``BODY_TIMEOUT``."""

    def fail_body() -> None:
        if not body.is_eof():
            body.set_exception(web.RequestPayloadError("the body did not arrive in time"))

    timer = None if body.is_eof() else asyncio.get_running_loop().call_later(BODY_TIMEOUT, fail_body)
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()
