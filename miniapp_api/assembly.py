"""Putting the API below ``/api`` of the web application."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from redis.asyncio import Redis

from miniapp_api import (
    absences,
    accounts,
    applications,
    assignments,
    attachments,
    attendance,
    campaigns,
    catalogues,
    conditions,
    consents,
    draw_attachments,
    draws,
    employers,
    experts,
    exports,
    helpdesk,
    invitations,
    materials,
    objections,
    office_applications,
    office_experts,
    office_payments,
    organisations,
    papers,
    payments,
    pools,
    projects,
    recusal,
    registration,
    results,
    reviews,
    rounds,
    run,
    sessions,
    verification,
)
from miniapp_api.http.dispatch import Runner
from miniapp_api.http.docs import add_docs
from miniapp_api.http.limits import Counter, LocalCounter, RedisCounter
from miniapp_api.http.middleware import speak_problems
from miniapp_api.http.routes import Api
from services.registry import Services

SERVICES = web.AppKey("miniapp_services", Services)

APIS: tuple[Api, ...] = (
    pools.api,
    sessions.api,
    accounts.api,
    registration.api,
    organisations.api,
    catalogues.api,
    projects.api,
    draws.api,
    recusal.api,
    conditions.api,
    draw_attachments.api,
    verification.api,
    rounds.api,
    run.api,
    absences.api,
    results.api,
    attendance.api,
    invitations.api,
    experts.api,
    campaigns.api,
    employers.api,
    applications.api,
    attachments.api,
    papers.api,
    payments.api,
    office_applications.api,
    office_experts.api,
    exports.api,
    office_payments.api,
    reviews.api,
    assignments.api,
    objections.api,
    helpdesk.api,
    materials.api,
    consents.api,
)
"""Every noun, in the order in which the description shows them."""


def setup(app: web.Application, services: Services, *, redis: Redis | None = None, trusted_proxies: int = 0) -> None:
    """Add everything below ``/api``.

    ``redis`` counts tries of all processes together; without it each process counts its own. ``trusted_proxies`` is
    how many proxies of ours stand in front, which decides whose address is counted.
    """
    counter: Counter = RedisCounter(redis) if redis is not None else LocalCounter()
    app.add_subapp("/api", create_api(services, APIS, counter, trusted_proxies))


def create_api(services: Services, apis: Sequence[Api], counter: Counter, trusted_proxies: int = 0) -> web.Application:
    api = web.Application(middlewares=[speak_problems])
    api[SERVICES] = services
    runner = Runner(services, counter, trusted_proxies)
    runner.add_routes(api, [endpoint for one in apis for endpoint in one.endpoints])
    add_docs(api, apis)
    return api
