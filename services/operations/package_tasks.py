"""The due tasks that packages define themselves."""

from __future__ import annotations

from dataclasses import dataclass, fields

from services.accounts import AccountServices
from services.applications import ApplicationServices
from services.certificates import CertificateServices
from services.core.due_tasks import DueTask
from services.courses import CourseServices
from services.draws import DrawServices
from services.entry import EntryServices
from services.exams import ExamServices
from services.experts import ExpertServices
from services.files import FileServices
from services.integrations import IntegrationServices
from services.notifications import NotificationServices
from services.office import OfficeServices
from services.payments import PaymentServices
from services.remuneration import RemunerationServices
from services.reviews import ReviewServices
from services.sanctions import SanctionServices
from services.workflows import Workflows


@dataclass(frozen=True)
class PackageTasks:
    draws: DrawServices
    remuneration: RemunerationServices
    accounts: AccountServices
    applications: ApplicationServices
    files: FileServices
    entry: EntryServices
    reviews: ReviewServices
    workflows: Workflows
    experts: ExpertServices
    certificates: CertificateServices
    payments: PaymentServices
    exams: ExamServices
    courses: CourseServices
    office: OfficeServices
    sanctions: SanctionServices
    integrations: IntegrationServices
    notifications: NotificationServices

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        """Of all packages, in the order of the fields."""
        return tuple(task for field in fields(self) for task in getattr(self, field.name).due_tasks)
