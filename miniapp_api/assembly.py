"""Adds the API below ``/api`` to the web application."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from redis.asyncio import Redis

from miniapp_api import catalogues, pools
from miniapp_api.accounts import account, registration, sessions
from miniapp_api.applications import attachments as application_attachments
from miniapp_api.applications import campaigns, documents, own
from miniapp_api.certificates import certificates
from miniapp_api.courses import study as course_study
from miniapp_api.draws import (
    absences,
    activities,
    attendance,
    calling,
    conditions,
    follow_ups,
    invitations,
    projects,
    recusal,
    releases,
    results,
    rounds,
    verification,
)
from miniapp_api.draws import attachments as draw_attachments
from miniapp_api.entry import objections
from miniapp_api.exams import attempts
from miniapp_api.exams import evidence as exam_evidence
from miniapp_api.exams import faces as exam_faces
from miniapp_api.exams import results as exam_results
from miniapp_api.exams import sittings as exam_sittings
from miniapp_api.experts import profile
from miniapp_api.files import materials
from miniapp_api.http.dispatch import Runner
from miniapp_api.http.docs import add_docs
from miniapp_api.http.limits import Counter, LocalCounter, RedisCounter
from miniapp_api.http.middleware import speak_problems
from miniapp_api.http.routes import Api
from miniapp_api.notifications import consents, helpdesk, history
from miniapp_api.office import applications as office_applications
from miniapp_api.office import experts as office_experts
from miniapp_api.office import exports
from miniapp_api.office import payments as office_payments
from miniapp_api.organisations import agents, employers
from miniapp_api.payments import fees
from miniapp_api.remuneration import remuneration
from miniapp_api.reviews import assignments, tasks
from services.registry import Services

SERVICES = web.AppKey("miniapp_services", Services)

APIS: tuple[Api, ...] = (
    pools.api,
    sessions.api,
    account.api,
    registration.api,
    agents.api,
    catalogues.api,
    projects.api,
    activities.api,
    recusal.api,
    conditions.api,
    draw_attachments.api,
    verification.api,
    rounds.api,
    calling.api,
    follow_ups.api,
    releases.api,
    absences.api,
    results.api,
    attendance.api,
    remuneration.api,
    invitations.api,
    profile.api,
    campaigns.api,
    employers.api,
    own.api,
    application_attachments.api,
    documents.api,
    fees.api,
    exam_results.api,
    exam_evidence.api,
    exam_faces.api,
    exam_sittings.api,
    attempts.api,
    course_study.api,
    certificates.api,
    office_applications.api,
    office_experts.api,
    exports.api,
    office_payments.api,
    tasks.api,
    assignments.api,
    objections.api,
    helpdesk.api,
    materials.api,
    consents.api,
    history.api,
)
"""Every module of endpoints, in the order of the API description."""


def setup(app: web.Application, services: Services, *, redis: Redis | None = None, trusted_proxies: int = 0) -> None:
    """Add everything below ``/api``.

    ``redis`` counts tries over all processes; without it each process counts its own. ``trusted_proxies`` is how many
    proxies of ours stand in front, which decides whose address is counted.
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
