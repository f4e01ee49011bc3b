"""Use cases of reports, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.reports.contact_questions import QUESTIONS_DUE, ContactQuestions
from services.reports.examination import Examination
from services.reports.readers import ReportReaders
from services.reports.reporting import Reporting
from services.reports.retention import ReportRetention


@dataclass(frozen=True)
class ReportServices:
    reporting: Reporting
    examination: Examination
    readers: ReportReaders
    contact_questions: ContactQuestions
    retention: ReportRetention

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("contact_questions", QUESTIONS_DUE, self.contact_questions.ask_due),
            DueTask("report_retention", "", self.retention.delete_due),
        )
