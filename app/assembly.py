"""Builds the services: each package gets the other packages and the ports that it needs, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from handlers.commands import TAPS
from services import (
    accounts,
    applications,
    certificates,
    courses,
    draws,
    entry,
    exams,
    experts,
    files,
    notifications,
    office,
    operations,
    organisations,
    payments,
    remuneration,
    reviews,
    workflows,
)
from services.catalogues import Catalogues
from services.core.base import Deps
from services.core.signed_links import Links
from services.inspection.checker import FileChecker
from services.payments import Fees
from services.ports import (
    CallBridge,
    ChatWindows,
    DocumentRenderer,
    DrawRelay,
    FaceChecker,
    Files,
    IdentityPlatform,
    IdentityVerifier,
    Mailer,
    MiniProgramPlatform,
    OfficialAccountSender,
    PaymentPlatform,
    Sealer,
    SmsSender,
    VoiceCaller,
    WechatWeb,
)
from services.registry import Services


@dataclass(frozen=True)
class Ports:
    """The outside world, as services see it. ``app.container`` passes in the gateways, tests pass fakes."""

    official: OfficialAccountSender
    web: WechatWeb
    mini: MiniProgramPlatform
    windows: ChatWindows
    sms: SmsSender
    voice: VoiceCaller
    bridge: CallBridge
    identity: IdentityPlatform
    identity_verifier: IdentityVerifier
    faces: FaceChecker
    pay: PaymentPlatform
    mail: Mailer
    files: Files
    renderer: DocumentRenderer
    sealer: Sealer
    checker: FileChecker
    relay: DrawRelay
    appids: Mapping[str, str]
    """Appids of the mini-programs, by pool."""
    identity_verification_pools: Collection[str]
    """Pools in which the register of persons is queried."""
    subscribe_template: Callable[[str, str], str]
    """Id of a mini-program's template, by pool and kind of notice."""
    prices: Mapping[str, int]
    """Fen for one SMS and one call, for the delivery statistics."""


def make_services(deps: Deps, ports: Ports) -> Services:
    links = Links(deps.keys, deps.clock)
    notification_services = notifications.build(
        deps,
        notifications.NotificationPorts(
            ports.official,
            ports.windows,
            ports.mini,
            ports.appids,
            ports.sms,
            ports.voice,
            ports.prices,
            ports.subscribe_template,
            TAPS,
        ),
    )
    notices = notification_services.notices
    file_services = files.build(deps, links, ports.files, ports.checker, ports.mail)
    account_services = accounts.build(
        deps,
        notices,
        links,
        accounts.AccountPorts(
            ports.official,
            ports.web,
            ports.mini,
            ports.appids,
            ports.identity,
            ports.identity_verifier,
            ports.identity_verification_pools,
        ),
    )
    certificate_services = certificates.build(
        deps, notices, links, ports.renderer, file_services.delivery, ports.sealer
    )
    fees, course_fees = Fees(deps, notices), courses.CourseFees(deps, notices)
    entry_services = entry.build(deps, notices, fees, ports.checker)
    payment_services = payments.build(
        deps,
        notices,
        fees,
        entry_services.stages,
        course_fees,
        payments.PaymentPorts(
            ports.pay, file_services.store, ports.renderer, ports.mail, ports.official, ports.windows
        ),
    )
    review_services = reviews.build(deps, notices, file_services)
    application_services = applications.build(
        deps,
        notices,
        links,
        file_services,
        applications.ApplicationPorts(ports.checker, ports.renderer),
    )
    workflow_services = workflows.build(deps, application_services, review_services, entry_services, fees)
    draw_ports = draws.DrawPorts(ports.official, ports.checker, ports.renderer, ports.relay, ports.bridge)
    draw_services = draws.build(deps, notices, links, file_services, draw_ports)
    remuneration_services = remuneration.build(deps, notices, draw_services.access)
    expert_services = experts.build(deps, notices)
    exam_services = exams.build(
        deps, notices, links, file_services, certificate_services.issuing, entry_services, ports.checker, ports.faces
    )
    course_services = courses.build(
        deps,
        notices,
        course_fees,
        certificate_services.issuing,
        exam_services,
        file_services,
        ports.files,
        ports.checker,
    )
    due_tasks = [
        task
        for services in (
            draw_services,
            remuneration_services,
            account_services,
            application_services,
            file_services,
            entry_services,
            review_services,
            workflow_services,
            expert_services,
            certificate_services,
            payment_services,
            exam_services,
            course_services,
        )
        for task in services.due_tasks
    ]
    return Services(
        deps=deps,
        links=links,
        catalogues=Catalogues(deps),
        accounts=account_services,
        organisations=organisations.build(deps, notices, ports.checker),
        experts=expert_services,
        certificates=certificate_services,
        applications=application_services,
        reviews=review_services,
        payments=payment_services,
        entry=entry_services,
        exams=exam_services,
        courses=course_services,
        draws=draw_services,
        remuneration=remuneration_services,
        workflows=workflow_services,
        notifications=notification_services,
        files=file_services,
        office=office.build(
            deps, notices, links, file_services.store, draw_services, review_services, certificate_services.issuing
        ),
        operations=operations.build(deps, notification_services, draw_services, ports.sms, ports.voice, due_tasks),
    )
