"""Adds the API below ``/api`` to the web application."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from redis.asyncio import Redis

from miniapp_api import catalogues, pools
from miniapp_api.accounts import account, registration, sessions
from miniapp_api.applications import attachments, documents, own
from miniapp_api.courses import study
from miniapp_api.draws import invitations
from miniapp_api.exams import attempts, faces, sittings
from miniapp_api.experts import profile
from miniapp_api.http.dispatch import Runner
from miniapp_api.http.docs import add_docs
from miniapp_api.http.limits import Counter, LocalCounter, RedisCounter
from miniapp_api.http.middleware import speak_problems
from miniapp_api.http.routes import Api
from miniapp_api.notifications import consents, history
from miniapp_api.organisations import agents, employers
from miniapp_api.payments import fees
from services.core.body_room import BodyRoom
from services.registry import Services

SERVICES = web.AppKey("miniapp_services", Services)

APIS: tuple[Api, ...] = (
    pools.api,
    sessions.api,
    account.api,
    registration.api,
    agents.api,
    catalogues.api,
    invitations.api,
    profile.api,
    employers.api,
    own.api,
    attachments.api,
    documents.api,
    fees.api,
    faces.api,
    sittings.api,
    attempts.api,
    study.api,
    consents.api,
    history.api,
)
"""Every module of endpoints, in the order of the API description."""


def setup(
    app: web.Application,
    services: Services,
    *,
    redis: Redis | None = None,
    trusted_proxies: int = 0,
    room: BodyRoom | None = None,
) -> None:
    """Add everything below ``/api``.

    ``redis`` counts tries over all processes; without it each process counts its own. ``trusted_proxies`` is how many
    proxies of ours stand in front, which decides whose address is counted. ``room``: the process's, for all bodies.
    """
    counter: Counter = RedisCounter(redis) if redis is not None else LocalCounter()
    app.add_subapp("/api", create_api(services, APIS, counter, trusted_proxies, room))


def create_api(
    services: Services,
    apis: Sequence[Api],
    counter: Counter,
    trusted_proxies: int = 0,
    room: BodyRoom | None = None,
) -> web.Application:
    api = web.Application(middlewares=[speak_problems])
    api[SERVICES] = services
    runner = Runner(services, counter, trusted_proxies, room or BodyRoom())
    runner.add_routes(api, [endpoint for api_module in apis for endpoint in api_module.endpoints])
    add_docs(api, apis)
    return api
