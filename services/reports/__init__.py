"""Sealed reports (举报) to supervision, and the question after an evaluation.

Only the pool's supervisors read them; no other package reads these tables.
"""

from services.reports.contact_questions import QUESTION, AnswerCount, ContactQuestions, OwnQuestion
from services.reports.data_export import collect_contact_answers, collect_reports
from services.reports.examination import ReadReport, ReportLine
from services.reports.forms import (
    DRAW_MAX,
    HAPPENED_MAX,
    MESSAGE_MAX,
    NAME_MAX,
    OUTCOME_MAX,
    TEXT_MAX,
    TEXT_MIN,
    ReportForm,
    check_long,
)
from services.reports.readers import POOLS_WITH_READERS, ReportReaders
from services.reports.registry import ReportServices
from services.reports.reporting import FILES_MAX, FollowedReport, HandedReport, Reporting, ReportUpload

__all__ = [
    "DRAW_MAX",
    "FILES_MAX",
    "HAPPENED_MAX",
    "MESSAGE_MAX",
    "NAME_MAX",
    "OUTCOME_MAX",
    "POOLS_WITH_READERS",
    "QUESTION",
    "TEXT_MAX",
    "TEXT_MIN",
    "AnswerCount",
    "ContactQuestions",
    "FollowedReport",
    "HandedReport",
    "OwnQuestion",
    "ReadReport",
    "ReportForm",
    "ReportLine",
    "ReportReaders",
    "ReportServices",
    "ReportUpload",
    "Reporting",
    "check_long",
    "collect_contact_answers",
    "collect_reports",
]
