"""What holds for every request's body, before any route looks at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from miniapp_api.http.problems import BadRequest, WrongType, problem_response

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard_bodies(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuses packed bodies: none of our clients and no platform packs what it sends, and 31 KB unpack to 31 MB.

    The server itself unpacks nothing (``auto_decompress=False``). A body that breaks off is 400, never 5xx.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        log.info("packed_body_refused", method=request.method)
        return problem_response(WrongType("不接受压缩的请求内容（Content-Encoding），请去掉压缩后重试。"))
    try:
        return await handler(request)
    except (HttpProcessingError, web.RequestPayloadError):
        return problem_response(BadRequest("请求内容不完整，请重试。", code="garbled"))
