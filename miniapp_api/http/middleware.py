"""Middleware of all responses below ``/api``: errors become problem documents, security headers are added."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from config.outage_reports import report_outage
from domain.errors import AppError, Unavailable
from miniapp_api.http.dispatch import mark_replay
from miniapp_api.http.problems import BadRequest, problem_of_http, problem_response, refusal_of_status
from services.core.outages import AWAY

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@web.middleware
async def speak_problems(request: web.Request, handler: _Handler) -> web.StreamResponse:
    response = await _answer(request, handler)
    if not response.prepared:
        mark_replay(request, response)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response


async def _answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except AppError as error:
        return problem_response(error)
    except web.HTTPException as error:
        return problem_of_http(error)
    except (HttpProcessingError, web.RequestPayloadError):
        return problem_response(BadRequest("请求内容不完整，请重试。", code="garbled"))
    except AWAY as error:
        if not report_outage("api", error):
            log.warning("api_part_away", error=type(error).__name__)
        return problem_response(Unavailable("系统暂时繁忙，请稍后重试。"))
    except Exception:  # the last boundary: any other exception is our fault and logged with its trace
        log.exception("api_failed", method=request.method)
        return problem_response(
            refusal_of_status(500, "internal", "系统出错，我们已记录。请稍后重试；仍不行的，请拨打人工服务电话。")
        )
