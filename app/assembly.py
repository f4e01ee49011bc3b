"""What services are made of: each gets the others and the ports that it needs, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from handlers.commands import TAPS
from services.accounts.account_linking import AccountLinking
from services.accounts.credentials import Credentials
from services.accounts.identity_verification import DUE as PERSON_CHECK_DUE
from services.accounts.identity_verification import IdentityVerification
from services.accounts.initial_passwords import InitialPasswords
from services.accounts.mini_program_entry import MiniProgramEntry
from services.accounts.passwords import Passwords
from services.accounts.puzzles import Puzzles
from services.accounts.registration import Registration
from services.accounts.sessions import Sessions
from services.accounts.staff import Staff
from services.accounts.web_sessions import WebSessions
from services.accounts.wechat_binding import WechatBinding
from services.applications.attachments import SWEEP_DUE, Attachments
from services.applications.campaigns import Campaigns
from services.applications.document_delivery import DocumentDelivery
from services.applications.documents import Documents
from services.applications.drafts import Drafts
from services.applications.queries import ApplicationQueries
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.catalogues import Catalogues
from services.core.audit import Audit
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.draws.absences import Absences
from services.draws.attachments import DrawAttachments
from services.draws.attendance import AttendanceDesk
from services.draws.audits import DrawAudits
from services.draws.calling import Calling
from services.draws.copying import DrawCopies
from services.draws.discards import DISCARDS_DUE, Discards
from services.draws.documents import DrawDocuments
from services.draws.exits import Exits
from services.draws.invitations import Invitations
from services.draws.previews import DrawPreviews
from services.draws.projects import Projects
from services.draws.public_links import PublicLinks
from services.draws.queries import DrawQueries
from services.draws.recusal_import import RecusalImport
from services.draws.recusal_lists import RecusalLists
from services.draws.rounds import Rounds
from services.draws.setup import DrawSetup
from services.draws.supervisor_register import SupervisorRegister
from services.draws.verification import UNVERIFIED, Verification
from services.entry import NOTICE_OVER, Entry
from services.entry.conclusions import Conclusions
from services.entry.exam_sheets import ExamSheets
from services.entry.objections import Objections
from services.entry.public_notices import PublicNotices
from services.experts.profile import ExpertProfiles
from services.experts.terms import ExpertTerms
from services.files.garbage_collection import REMOVALS_DUE, SEARCH_DUE, FileGarbageCollector
from services.files.materials import Materials
from services.files.previews import Previews
from services.files.sealed_files import SealedFiles
from services.inspection.checker import FileChecker
from services.notifications import Consents, Delivery, Notices, ShortLinks
from services.notifications.entrances import Entrances
from services.notifications.helpdesk import HelpDesk
from services.notifications.pending_replies import PendingReplies
from services.office.application_list import ApplicationList
from services.office.dashboard import Dashboard
from services.office.experts import ExpertAdministration
from services.office.exports import Exports
from services.office.staff_work import StaffWork
from services.operations.delivery_reports import DeliveryReports
from services.operations.privacy import Privacy
from services.operations.scheduler import Scheduler
from services.organisations.employer_import import EmployerImport
from services.organisations.employers import Employers
from services.organisations.legal_entities import LegalEntities
from services.payments.assembly import PaymentPorts, build
from services.payments.fees import Fees
from services.payments.refunds.outcomes import RefundOutcomes
from services.ports import (
    ChatWindows,
    Files,
    IdentityPlatform,
    Mailer,
    MiniProgramPlatform,
    OfficialAccountSender,
    PaymentPlatform,
    PersonRegister,
    Printer,
    SmsSender,
    VoiceCaller,
    WechatWeb,
)
from services.registry import Services
from services.reviews import DoneTasks, Reminders, ReviewQueue, Reviews, TaskReconciler
from services.reviews.assignments import Assignments
from services.reviews.attachment_access import AttachmentAccess


@dataclass(frozen=True)
class Ports:
    """The world outside, as services see it. ``app.container`` hands in the gateways, tests play them."""

    official: OfficialAccountSender
    web: WechatWeb
    mini: MiniProgramPlatform
    windows: ChatWindows
    sms: SmsSender
    voice: VoiceCaller
    identity: IdentityPlatform
    persons: PersonRegister
    pay: PaymentPlatform
    mail: Mailer
    files: Files
    printer: Printer
    checker: FileChecker
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
    notices = Notices(deps)
    entrances = Entrances(deps.public_url, ports.appids)
    delivery = Delivery(
        deps, notices, ports.official, ports.windows, ports.mini, ports.sms, ports.voice, ports.prices,
        ports.subscribe_template, entrances=entrances, taps=TAPS,
    )  # fmt: skip
    accounts, passwords = WechatBinding(deps, notices), Passwords(deps)
    persons = IdentityVerification(deps, notices, ports.persons, ports.person_pools)
    sessions = Sessions(deps, accounts, ports.mini, ports.appids)
    rounds, run, reading = Rounds(deps, notices), Calling(deps, notices), DrawQueries(deps)
    recusal_lists, invitations = RecusalLists(deps), Invitations(deps, notices, run)
    attendance = AttendanceDesk(deps, notices, links, reading, ports.official)
    receipts = DeliveryReports(deps, notices, invitations, ports.sms, ports.voice)
    campaigns, employers, fees = Campaigns(deps), Employers(deps, notices), Fees(deps, notices)
    entry = Entry(deps, notices, fees)
    reviews = Reviews(deps, notices, entry)
    conclusions = Conclusions(deps, notices, entry, RefundOutcomes(deps, notices, fees))
    store = SealedFiles(ports.files, deps.keys)
    previews = Previews(store, ports.checker)
    papers = Documents(deps, store, previews, ports.printer)
    attachments, keeper = Attachments(deps, store, ports.checker), FileGarbageCollector(deps, store)
    outside = PaymentPorts(ports.pay, store, ports.printer, ports.mail, ports.official, ports.windows)
    pay = build(deps, notices, fees, entry, outside)
    discards, verification = Discards(deps, notices, invitations, reading), Verification(deps, notices)
    review_queue, office = ReviewQueue(deps), Dashboard(deps)
    duties = [
        DueTask("discards", DISCARDS_DUE, discards.lapse_due),
        DueTask("unverified", UNVERIFIED, verification.refuse_overdue),
        DueTask("person_check", PERSON_CHECK_DUE, persons.check_due),
        DueTask("uploads", SWEEP_DUE, attachments.sweep),
        DueTask("file_removals", REMOVALS_DUE, keeper.remove_due),
        DueTask("store_search", SEARCH_DUE, keeper.search),
        DueTask("notice_end", NOTICE_OVER, entry.end_notices),
        DueTask("review_waiting", "", Reminders(deps, notices).remind),
        DueTask("term_ending", "", ExpertTerms(deps, notices).tell_ending),
        DueTask("review_alignment", "", TaskReconciler(deps, reviews).run),
        *pay.duties,
    ]
    return Services(
        deps=deps,
        entrances=entrances,
        short_links=ShortLinks(deps, entrances),
        accounts=accounts,
        joining=AccountLinking(deps, accounts, ports.official),
        mini_entry=MiniProgramEntry(deps, links, sessions, accounts, ports.mini),
        late_replies=PendingReplies(deps, notices),
        sessions=sessions,
        browsers=WebSessions(deps, notices, links, sessions),
        puzzles=Puzzles(deps),
        registration=Registration(deps, notices, accounts, passwords, persons),
        credentials=Credentials(deps, notices, passwords),
        initial_passwords=InitialPasswords(deps, passwords),
        organisations=LegalEntities(deps),
        experts=ExpertProfiles(deps),
        expert_office=ExpertAdministration(deps, notices, run),
        projects=Projects(deps),
        catalogues=Catalogues(deps),
        privacy=Privacy(deps, notices),
        helpdesk=HelpDesk(deps, notices),
        materials=Materials(deps, store, ports.checker),
        campaigns=campaigns,
        employers=employers,
        employer_import=EmployerImport(deps, employers, ports.checker),
        drafts=Drafts(deps, campaigns),
        submission=Submission(deps, notices, campaigns, reviews),
        applications=ApplicationQueries(deps),
        application_list=ApplicationList(deps),
        to_dos=ToDos(deps, campaigns),
        attachments=attachments,
        attachment_files=AttachmentAccess(deps, store, previews),
        draw_attachments=DrawAttachments(deps, store, reading, ports.checker),
        draw_papers=DrawDocuments(deps, ports.printer, reading),
        papers=papers,
        paper_sending=DocumentDelivery(deps, links, papers, ports.mail),
        exports=Exports(deps),
        pay=pay,
        office=office,
        entry=entry,
        conclusions=conclusions,
        exam_sheets=ExamSheets(deps, conclusions, ports.checker),
        reviews=reviews,
        review_queue=review_queue,
        staff_work=StaffWork(deps, reading, discards, review_queue, office),
        review_done=DoneTasks(deps),
        assignments=Assignments(deps),
        staff=Staff(deps),
        supervisors=SupervisorRegister(deps),
        public_notices=PublicNotices(deps),
        objections=Objections(deps, notices),
        links=links,
        setup=(setup := DrawSetup(deps, notices)),
        copies=DrawCopies(deps, reading, setup),
        recusal_lists=recusal_lists,
        recusal_import=RecusalImport(recusal_lists, ports.checker),
        draw_previews=DrawPreviews(deps),
        draw_audits=DrawAudits(deps, reading),
        verification=verification,
        rounds=rounds,
        run=run,
        absences=Absences(deps, notices, invitations, run, rounds),
        discards=discards,
        exits=Exits(deps, notices, run),
        reading=reading,
        screens=PublicLinks(deps, reading, links),
        invitations=invitations,
        attendance=attendance,
        notices=notices,
        delivery=delivery,
        consents=Consents(deps, ports.subscribe_template),
        receipts=receipts,
        deadlines=Scheduler(
            deps, notices, delivery, receipts, invitations, attendance, run, reading, Audit(deps), further=duties
        ),
        official=ports.official,
        web=ports.web,
        identity=ports.identity,
    )
