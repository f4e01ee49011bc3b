"""All use cases by noun, as edges get them. ``app.container`` builds it once."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts.account_linking import AccountLinking
from services.accounts.credentials import Credentials
from services.accounts.initial_passwords import InitialPasswords
from services.accounts.mini_program_entry import MiniProgramEntry
from services.accounts.puzzles import Puzzles
from services.accounts.registration import Registration
from services.accounts.sessions import Sessions
from services.accounts.staff import Staff
from services.accounts.web_sessions import WebSessions
from services.accounts.wechat_binding import WechatBinding
from services.applications.attachments import Attachments
from services.applications.campaigns import Campaigns
from services.applications.document_delivery import DocumentDelivery
from services.applications.documents import Documents
from services.applications.drafts import Drafts
from services.applications.queries import ApplicationQueries
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.catalogues import Catalogues
from services.core.base import Deps
from services.core.signed_links import Links
from services.draws.absences import Absences
from services.draws.attachments import DrawAttachments
from services.draws.attendance import AttendanceDesk
from services.draws.audits import DrawAudits
from services.draws.calling import Calling
from services.draws.copying import DrawCopies
from services.draws.discards import Discards
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
from services.draws.verification import Verification
from services.entry import Entry
from services.entry.conclusions import Conclusions
from services.entry.exam_sheets import ExamSheets
from services.entry.objections import Objections
from services.entry.public_notices import PublicNotices
from services.experts.profile import ExpertProfiles
from services.files.materials import Materials
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
from services.payments.assembly import PaymentServices
from services.ports import IdentityPlatform, OfficialAccountSender, WechatWeb
from services.reviews import DoneTasks, ReviewQueue, Reviews
from services.reviews.assignments import Assignments
from services.reviews.attachment_access import AttachmentAccess


@dataclass(frozen=True)
class Services:
    """``official``, ``web`` and ``identity`` are ports that edges call directly: QR codes, log-in by browser."""

    deps: Deps
    entrances: Entrances
    short_links: ShortLinks
    accounts: WechatBinding
    joining: AccountLinking
    late_replies: PendingReplies
    sessions: Sessions
    browsers: WebSessions
    mini_entry: MiniProgramEntry
    puzzles: Puzzles
    registration: Registration
    credentials: Credentials
    initial_passwords: InitialPasswords
    organisations: LegalEntities
    experts: ExpertProfiles
    expert_office: ExpertAdministration
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
    applications: ApplicationQueries
    application_list: ApplicationList
    to_dos: ToDos
    attachments: Attachments
    attachment_files: AttachmentAccess
    draw_attachments: DrawAttachments
    draw_papers: DrawDocuments
    papers: Documents
    paper_sending: DocumentDelivery
    exports: Exports
    pay: PaymentServices
    office: Dashboard
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
    run: Calling
    absences: Absences
    discards: Discards
    exits: Exits
    reading: DrawQueries
    screens: PublicLinks
    invitations: Invitations
    attendance: AttendanceDesk
    notices: Notices
    delivery: Delivery
    consents: Consents
    receipts: DeliveryReports
    deadlines: Scheduler
    official: OfficialAccountSender
    web: WechatWeb
    identity: IdentityPlatform
