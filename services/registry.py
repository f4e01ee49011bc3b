"""All use cases by noun, as edges get them. ``app.container`` builds it once."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts import Accounts
from services.applications.drafts import Drafts
from services.applications.listing import ApplicationListing
from services.applications.reading import ApplicationReading
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.assignments import Assignments
from services.attachment_reading import AttachmentReading
from services.attachments import Attachments
from services.attendance import AttendanceDesk
from services.base import Deps
from services.browsers import BrowserLogins
from services.campaigns import Campaigns
from services.catalogues import Catalogues
from services.conclusions import Conclusions
from services.credentials import Credentials
from services.deadlines import Deadlines
from services.draws.absences import Absences
from services.draws.attachments import DrawAttachments
from services.draws.audits import DrawAudits
from services.draws.copying import DrawCopies
from services.draws.discards import Discards
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
from services.draws.verification import Verification
from services.employer_import import EmployerImport
from services.employers import Employers
from services.entrances import Entrances
from services.entry import Entry
from services.exam_sheets import ExamSheets
from services.expert_office import ExpertOffice
from services.experts import Experts
from services.exports import Exports
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
from services.payments.desk import PayDesk
from services.ports import IdentityPlatform, OfficialAccountSender, WechatWeb
from services.privacy import Privacy
from services.projects import Projects
from services.public_notices import PublicNotices
from services.puzzles import Puzzles
from services.receipts import Receipts
from services.registration import Registration
from services.reviews import DoneTasks, ReviewQueue, Reviews
from services.sessions import Sessions
from services.staff import Staff
from services.staff_work import StaffWork
from services.supervisors import SupervisorRegister


@dataclass(frozen=True)
class Services:
    """``official``, ``web`` and ``identity`` are ports that edges call directly: QR codes, log-in by browser."""

    deps: Deps
    entrances: Entrances
    short_links: ShortLinks
    accounts: Accounts
    joining: Joining
    late_replies: LateReplies
    sessions: Sessions
    browsers: BrowserLogins
    puzzles: Puzzles
    registration: Registration
    credentials: Credentials
    initial_passwords: InitialPasswords
    organisations: Organisations
    experts: Experts
    expert_office: ExpertOffice
    projects: Projects
    catalogues: Catalogues
    privacy: Privacy
    helpdesk: HelpDesk
    materials: Materials
    campaigns: Campaigns
    employers: Employers
    employer_import: EmployerImport
    drafts: Drafts
    submission: Submission
    applications: ApplicationReading
    application_list: ApplicationListing
    to_dos: ToDos
    attachments: Attachments
    attachment_files: AttachmentReading
    draw_attachments: DrawAttachments
    draw_papers: DrawPapers
    papers: Papers
    paper_sending: PaperSending
    exports: Exports
    pay: PayDesk
    office: OfficeReading
    entry: Entry
    conclusions: Conclusions
    exam_sheets: ExamSheets
    reviews: Reviews
    review_queue: ReviewQueue
    review_done: DoneTasks
    assignments: Assignments
    staff: Staff
    staff_work: StaffWork
    supervisors: SupervisorRegister
    public_notices: PublicNotices
    objections: Objections
    links: Links
    setup: DrawSetup
    copies: DrawCopies
    recusal_lists: RecusalLists
    recusal_import: RecusalImport
    draw_previews: DrawPreviews
    draw_audits: DrawAudits
    verification: Verification
    rounds: Rounds
    run: Run
    absences: Absences
    discards: Discards
    exits: Exits
    reading: Reading
    screens: Screens
    invitations: Invitations
    attendance: AttendanceDesk
    notices: Notices
    delivery: Delivery
    consents: Consents
    receipts: Receipts
    deadlines: Deadlines
    official: OfficialAccountSender
    web: WechatWeb
    identity: IdentityPlatform
