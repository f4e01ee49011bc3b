"""``/office``: the administrators' pages of a pool (管理后台); phones first."""

from __future__ import annotations

from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import Site
from web.office.applications import ApplicationPages
from web.office.bank import BankPages
from web.office.bank_files import BankFilePages
from web.office.base import menu_of
from web.office.campaigns import CampaignPages
from web.office.catalogues import OfficeCataloguePages
from web.office.certificates import OfficeCertificatePages
from web.office.course_items import CourseItemPages
from web.office.course_participants import CourseParticipantPages
from web.office.courses import OfficeCoursePages
from web.office.employers import EmployerPages
from web.office.exam_analysis import ExamAnalysisPages
from web.office.exam_appeals import ExamAppealPages
from web.office.exam_blueprints import ExamBlueprintPages
from web.office.exam_candidates import ExamCandidatePages
from web.office.exam_evidence import ExamEvidencePages
from web.office.exam_results import ExamResultPages
from web.office.exam_scores import ExamScorePages
from web.office.exam_sittings import ExamSittingPages
from web.office.exams import OfficeExamPages
from web.office.expert_sheets import ExpertSheetPages
from web.office.experts import ExpertPages
from web.office.exports import ExportPages
from web.office.feedback import FeedbackPages
from web.office.group_notices import GroupNoticePages
from web.office.home import OfficeHomePages
from web.office.integrations import OfficeIntegrationPages
from web.office.invoices import InvoicePages
from web.office.materials import OfficeMaterialPages
from web.office.misunderstood import MisunderstoodPages
from web.office.objections import ObjectionPages
from web.office.orders import OrderPages
from web.office.passwords import PasswordPages
from web.office.people import FieldPages, PeoplePages
from web.office.reconciliation import ReconciliationPages
from web.office.remuneration import RemunerationPages
from web.office.reviewers import ReviewerPages
from web.office.rules import RulePages
from web.office.sanction_sheets import SanctionSheetPages
from web.office.staff import StaffPages
from web.office.statistics import StatisticsPages
from web.office.supervisors import SupervisorPages
from web.office.term_sheets import TermSheetPages
from web.office.texts import TextPages
from web.office.unmatched_payments import UnmatchedPaymentPages
from web.office.venues import OfficeVenuePages

__all__ = ["OfficePages", "menu_of"]

_ALL = (
    OfficeHomePages,
    ApplicationPages,
    ExamResultPages,
    ExamBlueprintPages,
    OfficeExamPages,
    ExamScorePages,
    ExamAppealPages,
    ExamEvidencePages,
    ExamAnalysisPages,
    ExamSittingPages,
    ExamCandidatePages,
    CourseParticipantPages,
    CourseItemPages,
    OfficeCoursePages,
    BankFilePages,
    BankPages,
    ExpertSheetPages,
    SanctionSheetPages,
    TermSheetPages,
    ExpertPages,
    CampaignPages,
    OfficeCertificatePages,
    EmployerPages,
    ReviewerPages,
    PeoplePages,
    FieldPages,
    StaffPages,
    SupervisorPages,
    OfficeIntegrationPages,
    ObjectionPages,
    OrderPages,
    UnmatchedPaymentPages,
    InvoicePages,
    ReconciliationPages,
    RemunerationPages,
    StatisticsPages,
    FeedbackPages,
    MisunderstoodPages,
    GroupNoticePages,
    OfficeMaterialPages,
    PasswordPages,
    TextPages,
    RulePages,
    OfficeVenuePages,
    OfficeCataloguePages,
    ExportPages,
)


class OfficePages:
    """All pages of the office; each noun has a module of its own."""

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._parts = [part(site, services, auth) for part in _ALL]

    def add_routes(self) -> None:
        for part in self._parts:
            part.add_routes()
