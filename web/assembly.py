"""Adds the H5 pages to the application."""

from __future__ import annotations

import aiohttp.web as http

from services.core.body_room import BodyRoom
from services.registry import Services
from web.accounts.account import AccountPages
from web.accounts.agent_requests import AgentRequestPages
from web.accounts.consent import ConsentPages
from web.accounts.forgotten_password import ForgottenPasswordPages
from web.accounts.identity import IdentityPages
from web.accounts.login import AuthPages
from web.accounts.login_pages import LoginPages
from web.accounts.mini_program_entry import MiniProgramEntryPages
from web.accounts.own_data import OwnDataPages
from web.accounts.own_mobile import OwnMobilePages
from web.accounts.own_password import OwnPasswordPages
from web.accounts.registration import RegistrationPages
from web.accounts.role_choice import RoleChoicePages
from web.accounts.wechat_binding import WechatBindingPages
from web.accounts.wechat_login import WechatPages
from web.agency import AgencyPages
from web.applications.apply import ApplyPages
from web.applications.document_check import DocumentCheckPages
from web.applications.documents import DocumentPages
from web.applications.help import HelpPages
from web.certificates.certificates import CertificatePages
from web.certificates.checks import CertificateCheckPages
from web.core.site import AddressOf, Limit, Site
from web.courses.courses import CoursePages
from web.draws import (
    AbsencePages,
    AttendancePages,
    AuditPages,
    BoardPages,
    DrawDetailPages,
    DrawExitPages,
    DrawListPages,
    InvitationPages,
    OpenDataPages,
    OperationLogPages,
    RecordPages,
    ReleaseStatusPages,
    RoundPages,
    VenueCheckInPages,
    VerificationPages,
)
from web.entry.public_notices import PublicNoticePages
from web.exams.booking import ExamBookingPages
from web.exams.exams import ExamPages
from web.exams.pictures import ExamPicturePages
from web.experts import AvailabilityPages, OwnChangePages, OwnFilePages, OwnSanctionPages, PanelPages, ProofPages
from web.files.file_links import FileLinkPages
from web.files.materials import MaterialPages
from web.front.pages import FrontPages
from web.integrations.guide import IntegrationGuide
from web.notifications.announcements import AnnouncementPages
from web.notifications.history import NoticeHistoryPages
from web.notifications.own_feedback import OwnFeedbackPages
from web.notifications.reminders import ReminderPages
from web.notifications.short_links import ShortLinkPages
from web.office import OfficePages
from web.payments.pay import PayPages
from web.remuneration import OwnRemunerationPages, VenueRemunerationPages
from web.reports import ContactQuestionPages, ReportExaminationPages, ReportPages
from web.reviews.absences import ReviewerAbsencePages
from web.reviews.tasks import ReviewPages


def setup_pages(
    app: http.Application,
    services: Services,
    *,
    embed_in: str = "",
    limit: Limit | None = None,
    address_of: AddressOf | None = None,
    room: BodyRoom | None = None,
) -> None:
    """Add all pages. ``embed_in`` lists the origins that may frame them, as in CSP; empty: none.

    ``limit`` counts tries per client; without it they are not counted. ``address_of`` is the address behind proxies.
    ``room``: the process's, for all bodies.
    """
    app.on_shutdown.append(lambda _app: services.draws.live.close())
    site = Site(app, services, embed_in=embed_in, limit=limit, address_of=address_of, room=room)
    public_links = services.draws.public_links
    auth = AuthPages(site, services, services.accounts.web_sessions)
    account = AccountPages(site, services, auth)
    for pages in (
        InvitationPages(site, services),
        ShortLinkPages(site, services),
        VenueCheckInPages(site, services),
        auth,
        FrontPages(site, services, auth),
        LoginPages(site, services, auth),
        RoleChoicePages(site, services, auth),
        AgentRequestPages(site, services, auth),
        IdentityPages(site, services, auth, services.accounts.web_sessions),
        WechatPages(site, services, auth, services.accounts.web_sessions),
        WechatBindingPages(site, services, auth),
        MiniProgramEntryPages(site, services, auth),
        RegistrationPages(site, services, auth),
        ForgottenPasswordPages(site, services, auth),
        VerificationPages(site, services, auth),
        DrawListPages(site, services, auth),
        DrawDetailPages(site, services, auth),
        AttendancePages(site, services, auth),
        AbsencePages(site, services, auth),
        DrawExitPages(site, services, auth),
        RoundPages(site, services, auth),
        OperationLogPages(site, services, auth),
        ReleaseStatusPages(site, services, auth),
        AuditPages(site, services, auth),
        BoardPages(site, public_links, services.draws.live),
        RecordPages(site, services),
        OpenDataPages(site, services),
        IntegrationGuide(site, services),
        NoticeHistoryPages(site, services, auth),
        ReminderPages(site, services, auth),
        AnnouncementPages(site, services, auth),
        DocumentCheckPages(site, services),
        DocumentPages(site, services, auth),
        FileLinkPages(site, services),
        ExamPicturePages(site, services),
        MaterialPages(site, services, auth),
        CertificatePages(site, services, auth),
        CertificateCheckPages(site, services, auth),
        ExamPages(site, services, auth),
        CoursePages(site, services, auth),
        PayPages(site, services, auth),
        account,
        OwnPasswordPages(site, services, auth),
        OwnMobilePages(site, services, auth),
        ConsentPages(site, services, auth),
        OwnDataPages(site, services, auth),
        ApplyPages(site, services, auth, account.bar),
        HelpPages(site, services, auth),
        OwnFeedbackPages(site, services, auth),
        ExamBookingPages(site, services, auth),
        OfficePages(site, services, auth),
        AgencyPages(site, services, auth),
        VenueRemunerationPages(site, services, auth),
        OwnRemunerationPages(site, services, auth),
        PanelPages(site, services, auth),
        AvailabilityPages(site, services, auth),
        OwnFilePages(site, services, auth),
        OwnChangePages(site, services, auth),
        OwnSanctionPages(site, services, auth),
        ProofPages(site, services, auth),
        PublicNoticePages(site, services, auth),
        ReportPages(site, services),
        ReportExaminationPages(site, services, auth),
        ContactQuestionPages(site, services, auth),
        ReviewerAbsencePages(site, services, auth),
        ReviewPages(site, services, auth),
    ):
        pages.add_routes()
    site.add_missing(
        "i",
        "n",
        "v",
        "h5",
        "draws",
        "agency",
        "office",
        "draw",
        "record",
        "open-data",
        "integration",
        "p",
        "c",
        "review",
        "reports",
        "x",
    )
