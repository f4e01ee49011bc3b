"""Webhooks for reports of SMS and voice vendors, and for calls to a pool's number. These are not signed and carry no
header of ours, so the path contains a secret and networks may be restricted. Reports are trusted only as far as
``services.operations.delivery_reports`` can confirm them; each is stored before it is answered, and a job applies it.
A call is answered at once, and its caller identified by ``services.draws.calls.incoming_calls``."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from aiohttp import web

from domain.errors import InvalidInput, TooMany
from services.operations import DeliveryReports
from services.ports import CallPrompt, CallReport, IncomingCallEvent, SmsReport
from web.core.site import Limit

log = structlog.get_logger(__name__)

_LIMIT = 1024 * 1024
_PUSHES, _GUESSES = (6000, 60), (20, 600)
"""Limits per address (number, seconds): requests with the right secret (each may hold 100 reports), and with a wrong
one. Counted separately, so that a stranger behind the same proxy can't block the vendor."""


@dataclass(frozen=True)
class ReportParsers:
    """Parsers of the raw body; both raise InvalidInput for an invalid one."""

    sms: Callable[[bytes], Sequence[SmsReport]]
    voice: Callable[[bytes], Sequence[CallReport]]


@dataclass(frozen=True)
class CallAnswering:
    """How calls to a pool's number are answered: the vendor's format, and who knows what to say."""

    parse: Callable[[bytes], IncomingCallEvent]
    """Raises InvalidInput for an invalid body."""
    handle: Callable[[IncomingCallEvent], Awaitable[CallPrompt]]
    render: Callable[[CallPrompt], bytes]


@dataclass(frozen=True)
class AllowedSenders:
    """Permitted senders. ``address`` finds a request's real client; ``networks`` empty: anyone who knows the secret."""

    address: Callable[[web.Request], str]
    limit: Limit
    networks: Sequence[IPv4Network | IPv6Network] = ()

    def include(self, request: web.Request) -> bool:
        try:
            caller = ip_address(self.address(request))
        except ValueError:
            return not self.networks
        caller = getattr(caller, "ipv4_mapped", None) or caller
        return not self.networks or any(caller in network for network in self.networks)


class VendorWebhookEndpoint:
    """``token`` is the secret in the path."""

    def __init__(
        self,
        reports: DeliveryReports,
        parsers: ReportParsers,
        calls: CallAnswering,
        token: str,
        senders: AllowedSenders,
    ) -> None:
        self._reports = reports
        self._parsers = parsers
        self._calls = calls
        self._token = token.encode()
        self._senders = senders

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/receipts/{token}/sms", self.sms),
            web.post("/receipts/{token}/voice", self.voice),
            web.post("/receipts/{token}/call", self.call),
        ]

    async def sms(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        try:
            reports = self._parsers.sms(body)
        except InvalidInput:
            return _refused_answer()
        await self._reports.take_sms(reports)
        return _accepted_answer()

    async def voice(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        try:
            reports = self._parsers.voice(body)
        except InvalidInput:
            return _refused_answer()
        await self._reports.take_calls(reports)
        return _accepted_answer()

    async def call(self, request: web.Request) -> web.Response:
        """The next prompt of a call to a pool's number."""
        try:
            event = self._calls.parse(await self._body(request))
        except InvalidInput:
            return _refused_answer()
        prompt = await self._calls.handle(event)
        return web.Response(body=self._calls.render(prompt), content_type="application/json", charset="utf-8")

    async def _body(self, request: web.Request) -> bytes:
        """Raises 404 for a wrong secret or a sender that isn't permitted, as if the address didn't exist."""
        known = hmac.compare_digest(request.match_info["token"].encode("utf-8", "replace"), self._token)
        known = self._senders.include(request) and known
        try:
            await self._senders.limit(
                request, "reports" if known else "reports_guess", *(_PUSHES if known else _GUESSES)
            )
        except TooMany as error:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(error.retry_after)}) from error
        if not known:
            raise web.HTTPNotFound
        if (request.content_length or 0) > _LIMIT:
            raise web.HTTPRequestEntityTooLarge(_LIMIT, request.content_length or 0)
        body = bytearray()  # counted as it comes: a chunked request declares no length
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > _LIMIT:
                raise web.HTTPRequestEntityTooLarge(_LIMIT, len(body))
        return bytes(body)


def _accepted_answer() -> web.Response:
    return web.json_response({"code": 0, "msg": "接收成功"})


def _refused_answer() -> web.Response:
    log.warning("delivery_report_unreadable")
    return web.json_response({"code": 1, "msg": "格式错误"}, status=400)
