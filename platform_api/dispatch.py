"""Who asks: a platform with an access token. Its rights, its address and its rate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from domain.errors import AppError, Forbidden
from domain.integrations import SCOPES
from miniapp_api.http.dispatch import Runner, read_token
from miniapp_api.http.limits import check_rate, client_address
from miniapp_api.http.middleware import speak_problems
from miniapp_api.http.routes import Endpoint
from services.core.base import Actor

RATE = (300, 60)
"""Requests of a client in so many seconds."""
WRITES = (60, 60)
"""The same of requests that change something."""
ADDRESS_RATE = (600, 60)
"""Requests from one address in so many seconds, with any token or none."""
_WORDS = {"请更新小程序后重试": "请对照接口说明核对", "请先登录小程序": "请带上访问令牌"}
"""Words of the shared refusals for persons, with those for programmers."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class PlatformRunner(Runner):
    """Runs endpoints for platforms."""

    async def _actor(self, endpoint: Endpoint, request: web.Request, pool: str) -> Actor:
        """Raises Unauthenticated, Forbidden, TooMany."""
        address = client_address(request, self.trusted_proxies)
        await check_rate(self.counter, "platform_address", address, *ADDRESS_RATE)
        integrator = await self.services.integrations.tokens.authenticate(pool, read_token(request), address)
        client = str(integrator.actor.session_id)
        await check_rate(self.counter, "platform", client, *RATE)
        if endpoint.method != "GET":
            await check_rate(self.counter, "platform_writes", client, *WRITES)
        scope = scope_of(endpoint)
        if scope and scope not in integrator.scopes:
            message = f"这个对接系统没有“{SCOPES[scope]}”的权限，请联系专家库管理机构。"
            raise Forbidden(message, code="insufficient_scope", params={"scope": scope})
        return integrator.actor


def scope_of(endpoint: Endpoint) -> str:
    """The scope that an endpoint needs: the noun of its action; empty: any token will do."""
    nouns = {action.partition(".")[0] for action in endpoint.actions}
    return f"{nouns.pop()}s" if nouns else ""


@web.middleware
async def speak_to_platforms(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals as problem documents, in words for who writes the client."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except AppError as error:
            for for_people, for_programmers in _WORDS.items():
                error.message = error.message.replace(for_people, for_programmers)
            raise

    return await speak_problems(request, handle)
