"""``POST /callbacks/pay/{pool}``: the payment platform's notifications of payments, refunds and invoices.

Only the signature over the raw bytes authenticates them. A genuine notification is stored and a payment counted before
the response; all consequences come after. Any status but 2xx makes the platform repeat it.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from config.outage_reports import report_outage
from domain.errors import AppError, GatewayError
from services.core.outages import AWAY
from services.payments import PaymentWebhooks

log = structlog.get_logger(__name__)

LIMIT = 256 * 1024
"""Bytes; a notification has about two thousand."""
TIMEOUT = 4.5
"""Seconds for the whole request; the platform waits five."""


class PaymentWebhookEndpoint:
    def __init__(self, webhooks: PaymentWebhooks) -> None:
        self._webhooks = webhooks

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/callbacks/pay/{pool:[a-z][a-z0-9_]{1,31}}", self.receive)]

    async def receive(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(TIMEOUT):
                body = await _read_body(request)
                if body is None:
                    return _failure_answer(413, "内容过大")
                await self._webhooks.receive(request.match_info["pool"], request.headers, body)
        except AppError as error:
            if error.code != "pay_probe":  # WeChat sends wrong signatures on purpose to test that we refuse them
                log.warning("pay_notification_refused", pool=request.match_info["pool"], code=error.code)
            return _failure_answer(
                401 if error.status == 403 else 400, "验签失败" if error.status == 403 else "格式错误"
            )
        except (GatewayError, *AWAY) as error:
            if not report_outage("pay-notifications", error):
                log.warning("pay_notification_put_off", pool=request.match_info["pool"], error=type(error).__name__)
            return _failure_answer(503, "请稍后重发")
        return web.Response(status=204)


async def _read_body(request: web.Request) -> bytes | None:
    """The raw bytes; None if too many."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LIMIT:
            return None
    return bytes(body)


def _failure_answer(status: int, message: str) -> web.Response:
    return web.json_response({"code": "FAIL", "message": message}, status=status)
