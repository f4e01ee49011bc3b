"""What services are made of: each package gets the others and the ports that it needs, once."""

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
)
from services.catalogues import Catalogues
from services.core.base import Deps
from services.core.signed_links import Links
from services.inspection.checker import FileChecker
from services.payments import Fees
from services.ports import (
    CallBridge,
    ChatWindows,
    DrawRelay,
    FaceChecker,
    Files,
    IdentityPlatform,
    Mailer,
    MiniProgramPlatform,
    OfficialAccountSender,
    PaymentPlatform,
    PersonRegister,
    Printer,
    Sealer,
    SmsSender,
    VoiceCaller,
    WechatWeb,
)
from services.registry import Services


@dataclass(frozen=True)
class Ports:
    """The world outside, as services see it. ``app.container`` hands in the gateways, tests play them."""

    official: OfficialAccountSender
    web: WechatWeb
    mini: MiniProgramPlatform
    windows: ChatWindows
    sms: SmsSender
    voice: VoiceCaller
    bridge: CallBridge
    identity: IdentityPlatform
    persons: PersonRegister
    faces: FaceChecker
    pay: PaymentPlatform
    mail: Mailer
    files: Files
    printer: Printer
    sealer: Sealer
    checker: FileChecker
    relay: DrawRelay
    appids: Mapping[str, str]
    """Of the mini-programs, by pool."""
    person_pools: Collection[str]
    """Where the register of persons is asked."""
    subscribe_template: Callable[[str, str], str]
    """Id of a mini-program's template, by pool and kind of notice."""
    prices: Mapping[str, int]
    """Fen for one SMS and one call, for the ledger."""


def make_services(deps: Deps, ports: Ports) -> Services:
    links = Links(deps.keys, deps.clock)
    told = notifications.build(
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
    notices = told.notices
    stored = files.build(deps, links, ports.files, ports.checker, ports.mail)
    persons = accounts.build(
        deps,
        notices,
        links,
        accounts.AccountPorts(ports.official, ports.mini, ports.appids, ports.persons, ports.person_pools),
    )
    proven = certificates.build(deps, notices, links, ports.printer, stored.delivery, ports.sealer)
    fees, course_fees = Fees(deps, notices), courses.CourseFees(deps, notices)
    entering = entry.build(deps, notices, fees, ports.checker)
    paid = payments.build(
        deps,
        notices,
        fees,
        entering.stages,
        course_fees,
        payments.PaymentPorts(ports.pay, stored.store, ports.printer, ports.mail, ports.official, ports.windows),
    )
    reviewed = reviews.build(deps, notices, stored, entering.stages)
    applied = applications.build(
        deps,
        notices,
        links,
        stored,
        reviewed.decisions,
        fees.move_windows,
        applications.ApplicationPorts(ports.checker, ports.printer),
    )
    drawing = draws.DrawPorts(ports.official, ports.checker, ports.printer, ports.relay, ports.bridge)
    drawn = draws.build(deps, notices, links, stored, drawing)
    owed = remuneration.build(deps, notices, drawn.access)
    known = experts.build(deps, notices)
    examined = exams.build(deps, notices, links, stored, proven.issuing, entering, ports.checker, ports.faces)
    taught = courses.build(deps, notices, course_fees, proven.issuing, examined, stored, ports.files, ports.checker)
    due_tasks = [
        task
        for package in (
            drawn,
            owed,
            persons,
            applied,
            stored,
            entering,
            reviewed,
            known,
            proven,
            paid,
            examined,
            taught,
        )
        for task in package.due_tasks
    ]
    return Services(
        deps=deps,
        links=links,
        catalogues=Catalogues(deps),
        accounts=persons,
        organisations=organisations.build(deps, notices, ports.checker),
        experts=known,
        certificates=proven,
        applications=applied,
        reviews=reviewed,
        payments=paid,
        entry=entering,
        exams=examined,
        courses=taught,
        draws=drawn,
        remuneration=owed,
        notifications=told,
        files=stored,
        office=office.build(deps, notices, links, stored.store, drawn, reviewed, proven.issuing),
        operations=operations.build(deps, told, drawn, ports.sms, ports.voice, due_tasks),
        official=ports.official,
        web=ports.web,
        identity=ports.identity,
    )
