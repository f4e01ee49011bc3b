"""Pages of sealed reports (举报): for reporters, for supervision, and the question after an evaluation."""

from web.reports.contacts import ContactQuestionPages
from web.reports.examination import ReportExaminationPages
from web.reports.reporting import ReportPages

__all__ = ["ContactQuestionPages", "ReportExaminationPages", "ReportPages"]
