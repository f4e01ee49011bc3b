"""Where SMS and voice vendors push their receipts. They sign nothing, so the path holds a secret and networks may be
named. Stored before it is answered; a job applies it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from aiohttp import web

from domain.errors import InvalidInput
from services.ports import CallReport, SmsReport
from services.receipts import Receipts

log = structlog.get_logger(__name__)

_LIMIT = 1024 * 1024


@dataclass(frozen=True)
class ReceiptParsers:
    """From the raw body to reports; both raise InvalidInput for junk."""

    sms: Callable[[bytes], Sequence[SmsReport]]
    voice: Callable[[bytes], Sequence[CallReport]]


class ReceiptEndpoint:
    """``token`` is the secret in the path; ``networks`` empty: any caller."""

    def __init__(
        self,
        receipts: Receipts,
        parsers: ReceiptParsers,
        token: str,
        networks: Sequence[IPv4Network | IPv6Network] = (),
    ) -> None:
        self._receipts = receipts
        self._parsers = parsers
        self._token = token.encode()
        self._networks = networks

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/receipts/{token}/sms", self.sms), web.post("/receipts/{token}/voice", self.voice)]

    async def sms(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        try:
            reports = self._parsers.sms(body)
        except InvalidInput:
            return _refused()
        await self._receipts.take_sms(reports)
        return _accepted()

    async def voice(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        try:
            reports = self._parsers.voice(body)
        except InvalidInput:
            return _refused()
        await self._receipts.take_calls(reports)
        return _accepted()

    async def _body(self, request: web.Request) -> bytes:
        """Raises 404 for a wrong secret or a caller from elsewhere, as if nothing were here."""
        if not hmac.compare_digest(request.match_info["token"].encode(), self._token) or not self._is_near(request):
            raise web.HTTPNotFound
        if (request.content_length or 0) > _LIMIT:
            raise web.HTTPRequestEntityTooLarge(_LIMIT, request.content_length or 0)
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > _LIMIT:
                raise web.HTTPRequestEntityTooLarge(_LIMIT, len(body))
        return bytes(body)

    def _is_near(self, request: web.Request) -> bool:
        if not self._networks:
            return True
        caller = ip_address(request.remote or "0.0.0.0")  # noqa: S104  (an address to compare with, nothing is bound)
        return any(caller in network for network in self._networks)


def _accepted() -> web.Response:
    return web.json_response({"code": 0, "msg": "接收成功"})


def _refused() -> web.Response:
    log.warning("receipt_unreadable")
    return web.json_response({"code": 1, "msg": "格式错误"}, status=400)
