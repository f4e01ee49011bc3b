"""Adds the integrators' API below ``/platform`` to the web application."""

from __future__ import annotations

import json

from aiohttp import web
from redis.asyncio import Redis

from miniapp_api.http.limits import Counter, LocalCounter, RedisCounter
from miniapp_api.http.openapi import Description, describe
from miniapp_api.http.routes import Api
from platform_api import draws, events, lists, projects, results
from platform_api.dispatch import PlatformRunner, speak_to_platforms
from platform_api.tokens import TokenEndpoint
from services.core.body_room import BodyRoom
from services.registry import Services

APIS: tuple[Api, ...] = (lists.api, projects.api, draws.api, results.api, events.api)
"""Every module of endpoints, in the order of the description."""
DESCRIPTION = Description(
    base="/platform",
    title="评标通 平台对接接口",
    intro="面向交易平台和电子招投标系统。说明和示例见 /integration。",
)


def setup(
    app: web.Application,
    services: Services,
    *,
    redis: Redis | None = None,
    trusted_proxies: int = 0,
    room: BodyRoom | None = None,
) -> None:
    """As ``miniapp_api.setup``."""
    counter: Counter = RedisCounter(redis) if redis is not None else LocalCounter()
    platform = web.Application(middlewares=[speak_to_platforms])
    runner = PlatformRunner(services, counter, trusted_proxies, room or BodyRoom())
    runner.add_routes(platform, [endpoint for api in APIS for endpoint in api.endpoints])
    platform.router.add_post("/v1/{pool}/token", TokenEndpoint(services, counter, trusted_proxies).issue)
    platform.router.add_get("/openapi.json", _describe)
    app.add_subapp("/platform", platform)


async def _describe(request: web.Request) -> web.Response:
    return web.json_response(describe(APIS, DESCRIPTION), dumps=lambda value: json.dumps(value, ensure_ascii=False))
