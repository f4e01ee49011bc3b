"""The aiohttp application: health, callbacks, delivery reports, mini-program API, integrators' API, H5 pages."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from ipaddress import ip_network

import aiohttp.web as http
import structlog
from prometheus_client import REGISTRY, CollectorRegistry

import miniapp_api
import platform_api
from app.body_limits import guard_bodies
from app.chat import make_codecs, make_engine
from app.clock import follow_clock, move_clock
from app.container import Container, build
from app.follow_texts import follow_texts
from app.health import setup_health, standard_checks
from app.http_edge import finish_headers, guard_connection
from app.recovery import watch_recovery
from bot.callback import Callback
from bot.codec import Codec
from bot.dialogue import OUTAGES
from bot.engine import Engine
from config.settings import Settings
from gateways.alibaba.incoming_calls import parse_call_event, render_prompt
from gateways.alibaba.sms import parse_sms_reports
from gateways.alibaba.voice import parse_voice_reports
from miniapp_api.http.limits import RedisCounter, check_rate, client_address
from services.core.body_room import BodyRoom
from web.assembly import setup_pages
from web.core.site import Limit
from web.notifications.vendor_webhooks import AllowedSenders, CallAnswering, ReportParsers, VendorWebhookEndpoint
from web.payments.webhooks import PaymentWebhookEndpoint

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_RESUME_INTERVAL = 3.0
_LONGEST_SHIFT = timedelta(days=3660).total_seconds()
CONTAINER: http.AppKey[Container] = http.AppKey("container", Container)


async def create_app(settings: Settings, *, registry: CollectorRegistry = REGISTRY) -> http.Application:
    """Build everything and register all routes. ``settings`` with both server URLs; closed by the app's cleanup."""
    async with AsyncExitStack() as stack:
        container = await stack.enter_async_context(build(settings, registry=registry))
        codecs = make_codecs(container)
        engine = await stack.enter_async_context(make_engine(container, codecs))
        app = _assemble(settings, container, codecs, engine)
        for work in (
            follow_clock(container.redis, container.clock),
            follow_texts(container.services.office_texts.texts),
            _resume_parked(engine),
            watch_recovery(settings),
        ):
            stack.push_async_callback(_end, asyncio.create_task(work))
        close = stack.pop_all().aclose
    app.on_cleanup.append(lambda _app: close())
    return app


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _assemble(
    settings: Settings, container: Container, codecs: Mapping[str, Codec], engine: Engine
) -> http.Application:
    app = http.Application(client_max_size=32 * 1024 * 1024, middlewares=[guard_connection, guard_bodies])
    app.on_response_prepare.append(finish_headers)
    app[CONTAINER] = container
    setup_health(app, standard_checks(settings.database_url, settings.redis_url, settings.data_dir))
    app.add_routes(Callback(engine, codecs, container.clock).routes())
    app.add_routes(_vendor_webhooks(container).routes())
    app.add_routes(PaymentWebhookEndpoint(container.services.payments.webhooks).routes())
    proxies, room = settings.http.trusted_proxies, BodyRoom()
    miniapp_api.setup(app, container.services, redis=container.redis, trusted_proxies=proxies, room=room)
    platform_api.setup(app, container.services, redis=container.redis, trusted_proxies=proxies, room=room)
    setup_pages(
        app,
        container.services,
        limit=_make_limit(container),
        address_of=lambda request: client_address(request, proxies),
        room=room,
    )
    if settings.env == "sandbox":
        app.router.add_post("/sandbox/clock", _move_clock)
    return app


def _make_limit(container: Container) -> Limit:
    """Rate limits of pages, counted as by the API, over all processes."""
    counter, proxies = RedisCounter(container.redis), container.settings.http.trusted_proxies

    async def limit(request: http.Request, name: str, tries: int, period: int) -> None:
        await check_rate(counter, name, client_address(request, proxies), tries, period)

    return limit


def _vendor_webhooks(container: Container) -> VendorWebhookEndpoint:
    settings, proxies = container.settings.delivery_reports, container.settings.http.trusted_proxies
    senders = AllowedSenders(
        lambda request: client_address(request, proxies),
        _make_limit(container),
        [ip_network(network) for network in settings.allowed_networks],
    )
    return VendorWebhookEndpoint(
        container.services.operations.delivery_reports,
        ReportParsers(parse_sms_reports, parse_voice_reports),
        CallAnswering(parse_call_event, container.services.draws.incoming_calls.handle, render_prompt),
        settings.path_token.get_secret_value(),
        senders,
    )


async def _move_clock(request: http.Request) -> http.Response:
    """Moves the whole service's clock for the sandbox; this route doesn't exist in production."""
    try:
        offset = float((await request.json())["offset_seconds"])
    except (ValueError, TypeError, KeyError):
        return http.json_response({"error": "offset_seconds must be a number"}, status=422)
    if not math.isfinite(offset) or abs(offset) > _LONGEST_SHIFT:
        return http.json_response({"error": "offset_seconds is out of range"}, status=422)
    container = request.app[CONTAINER]
    await move_clock(container.redis, container.clock, timedelta(seconds=offset))
    return http.json_response({"now": container.clock.now().isoformat()})


async def _resume_parked(engine: Engine) -> None:
    """Every few seconds, hand messages that came while PostgreSQL was unavailable over to jobs; runs until
    cancelled."""
    while True:
        await asyncio.sleep(_RESUME_INTERVAL)
        try:
            await engine.resume_parked()
        except OUTAGES:
            continue
        except Exception:  # last resort: no caller awaits this task, and one message must not end it
            log.exception("parked_not_resumed")
