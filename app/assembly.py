"""What services are made of: each gets the others and the ports that it needs, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from handlers.commands import TAPS
from services.accounts import Accounts
from services.applications.drafts import Drafts
from services.applications.listing import ApplicationListing
from services.applications.reading import ApplicationReading
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.assignments import Assignments
from services.attachment_reading import AttachmentReading
from services.attachments import SWEEP_DUE, Attachments
from services.attendance import AttendanceDesk
from services.audit import Audit
from services.base import Deps
from services.browsers import BrowserLogins
from services.campaigns import Campaigns
from services.catalogues import Catalogues
from services.conclusions import Conclusions
from services.credentials import Credentials
from services.deadlines import Deadlines, Duty
from services.draws.absences import Absences
from services.draws.attachments import DrawAttachments
from services.draws.audits import DrawAudits
from services.draws.copying import DrawCopies
from services.draws.discards import DISCARDS_DUE, Discards
from services.draws.exits import Exits
from services.draws.papers import DrawPapers
from services.draws.previews import DrawPreviews
from services.draws.reading import Reading
from services.draws.recusal_import import RecusalImport
from services.draws.recusal_lists import RecusalLists
from services.draws.rounds import Rounds
from services.draws.run import Run
from services.draws.screens import Screens
from services.draws.setup import DrawSetup
from services.draws.verification import UNVERIFIED, Verification
from services.employer_import import EmployerImport
from services.employers import Employers
from services.entrances import Entrances
from services.entry import NOTICE_OVER, Entry
from services.exam_sheets import ExamSheets
from services.expert_office import ExpertOffice
from services.expert_terms import ExpertTerms
from services.experts import Experts
from services.exports import Exports
from services.file_checker import FileChecker
from services.helpdesk import HelpDesk
from services.initial_passwords import InitialPasswords
from services.invitations import Invitations
from services.joining import Joining
from services.late_replies import LateReplies
from services.links import Links
from services.materials import Materials
from services.notices import Consents, Delivery, Notices, ShortLinks
from services.objections import Objections
from services.office import OfficeReading
from services.organisations import Organisations
from services.paper_sending import PaperSending
from services.papers import Papers
from services.passwords import Passwords
from services.payments.afterwards import Afterwards
from services.payments.desk import Outside, make_desk
from services.payments.fees import Fees
from services.person_checks import DUE as PERSON_CHECK_DUE
from services.person_checks import PersonChecks
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
from services.previews import Previews
from services.privacy import Privacy
from services.projects import Projects
from services.public_notices import PublicNotices
from services.puzzles import Puzzles
from services.receipts import Receipts
from services.registration import Registration
from services.registry import Services
from services.reviews import Alignment, DoneTasks, Reminders, ReviewQueue, Reviews
from services.sealed_files import SealedFiles
from services.sessions import Sessions
from services.staff import Staff
from services.staff_work import StaffWork
from services.store_keeper import REMOVALS_DUE, SEARCH_DUE, StoreKeeper
from services.supervisors import SupervisorRegister


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
    accounts, passwords = Accounts(deps, notices), Passwords(deps)
    persons = PersonChecks(deps, notices, ports.persons, ports.person_pools)
    sessions = Sessions(deps, accounts, ports.mini, ports.appids)
    rounds, run, reading = Rounds(deps, notices), Run(deps, notices), Reading(deps)
    recusal_lists, invitations = RecusalLists(deps), Invitations(deps, notices, run)
    attendance = AttendanceDesk(deps, notices, links, reading, ports.official)
    receipts = Receipts(deps, notices, invitations, ports.sms, ports.voice)
    campaigns, employers, fees = Campaigns(deps), Employers(deps, notices), Fees(deps, notices)
    entry = Entry(deps, notices, fees)
    reviews = Reviews(deps, notices, entry)
    conclusions = Conclusions(deps, notices, entry, Afterwards(deps, notices, fees))
    store = SealedFiles(ports.files, deps.keys)
    previews = Previews(store, ports.checker)
    papers = Papers(deps, store, previews, ports.printer)
    attachments, keeper = Attachments(deps, store, ports.checker), StoreKeeper(deps, store)
    outside = Outside(ports.pay, store, ports.printer, ports.mail, ports.official, ports.windows)
    pay = make_desk(deps, notices, fees, entry, outside)
    discards, verification = Discards(deps, notices, invitations, reading), Verification(deps, notices)
    review_queue, office = ReviewQueue(deps), OfficeReading(deps)
    duties = [
        Duty("discards", DISCARDS_DUE, discards.lapse_due),
        Duty("unverified", UNVERIFIED, verification.refuse_overdue),
        Duty("person_check", PERSON_CHECK_DUE, persons.check_due),
        Duty("uploads", SWEEP_DUE, attachments.sweep),
        Duty("file_removals", REMOVALS_DUE, keeper.remove_due),
        Duty("store_search", SEARCH_DUE, keeper.search),
        Duty("notice_end", NOTICE_OVER, entry.end_notices),
        Duty("review_waiting", "", Reminders(deps, notices).remind),
        Duty("term_ending", "", ExpertTerms(deps, notices).tell_ending),
        Duty("review_alignment", "", Alignment(deps, reviews).run),
        *pay.duties,
    ]
    return Services(
        deps=deps,
        entrances=entrances,
        short_links=ShortLinks(deps, entrances),
        accounts=accounts,
        joining=Joining(deps, accounts, ports.official),
        late_replies=LateReplies(deps, notices),
        sessions=sessions,
        browsers=BrowserLogins(deps, notices, links, sessions),
        puzzles=Puzzles(deps),
        registration=Registration(deps, notices, accounts, passwords, persons),
        credentials=Credentials(deps, notices, passwords),
        initial_passwords=InitialPasswords(deps, passwords),
        organisations=Organisations(deps),
        experts=Experts(deps),
        expert_office=ExpertOffice(deps, notices, run),
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
        applications=ApplicationReading(deps),
        application_list=ApplicationListing(deps),
        to_dos=ToDos(deps, campaigns),
        attachments=attachments,
        attachment_files=AttachmentReading(deps, store, previews),
        draw_attachments=DrawAttachments(deps, store, reading, ports.checker),
        draw_papers=DrawPapers(deps, ports.printer, reading),
        papers=papers,
        paper_sending=PaperSending(deps, links, papers, ports.mail),
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
        screens=Screens(deps, reading, links),
        invitations=invitations,
        attendance=attendance,
        notices=notices,
        delivery=delivery,
        consents=Consents(deps, ports.subscribe_template),
        receipts=receipts,
        deadlines=Deadlines(
            deps, notices, delivery, receipts, invitations, attendance, run, reading, Audit(deps), further=duties
        ),
        official=ports.official,
        web=ports.web,
        identity=ports.identity,
    )
