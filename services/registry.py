"""All use cases by noun, for edges. ``app.assembly`` builds it once."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts import AccountServices
from services.applications import ApplicationServices
from services.catalogues import Catalogues
from services.certificates import CertificateServices
from services.core.base import Deps
from services.core.signed_links import Links
from services.corrections import CorrectionServices
from services.courses import CourseServices
from services.draws import DrawServices
from services.entry import EntryServices
from services.exams import ExamServices
from services.expert_file_views import ExpertFileViewServices
from services.experts import ExpertServices
from services.files import FileServices
from services.front_page import FrontPageServices
from services.integrations import IntegrationServices
from services.notifications import NotificationServices
from services.office import OfficeServices
from services.office_sheets import OfficeSheetServices
from services.office_texts import OfficeTextServices
from services.operations import OperationServices
from services.organisations import OrganisationServices
from services.payments import PaymentServices
from services.remuneration import RemunerationServices
from services.reports import ReportServices
from services.reviews import ReviewServices
from services.sanctions import SanctionServices
from services.statistics import StatisticsServices
from services.understanding import UnderstandingServices
from services.workflows import Workflows


@dataclass(frozen=True)
class Services:
    deps: Deps
    links: Links
    catalogues: Catalogues
    corrections: CorrectionServices
    accounts: AccountServices
    organisations: OrganisationServices
    experts: ExpertServices
    certificates: CertificateServices
    applications: ApplicationServices
    reviews: ReviewServices
    reports: ReportServices
    payments: PaymentServices
    entry: EntryServices
    exams: ExamServices
    courses: CourseServices
    draws: DrawServices
    remuneration: RemunerationServices
    sanctions: SanctionServices
    integrations: IntegrationServices
    workflows: Workflows
    notifications: NotificationServices
    files: FileServices
    expert_file_views: ExpertFileViewServices
    office: OfficeServices
    office_sheets: OfficeSheetServices
    statistics: StatisticsServices
    front_page: FrontPageServices
    office_texts: OfficeTextServices
    operations: OperationServices
    understanding: UnderstandingServices
