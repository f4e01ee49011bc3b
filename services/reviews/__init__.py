"""Review of applications (审核): tasks of a step, reviewers who see them, and decisions."""

from services.reviews.absences import AbsenceForm, OfficeAbsenceForm, ReviewerAbsence
from services.reviews.application_view import Revealed, SubmittedForm, find_secret, read_form
from services.reviews.assignment_queries import Assignment, OpenPlace
from services.reviews.assignments import AssignmentForm
from services.reviews.attachment_access import Form, OpenedFile
from services.reviews.colleagues import Colleague
from services.reviews.coverage import find_uncovered
from services.reviews.decisions import Decided, Decision, Reviews, TaskDecision
from services.reviews.handing import NOTE_MAX, HandedTask
from services.reviews.holders import TaskHolders, read_holders
from services.reviews.own_comparison import OwnComparison
from services.reviews.queue import ReviewQueue
from services.reviews.registry import ReviewServices
from services.reviews.reopening import REASON_MAX
from services.reviews.returns import MARKS_MAX, Mark
from services.reviews.scope import is_own
from services.reviews.task_filters import FilterOption, QueueCounts, StepCount, TaskFilter
from services.reviews.task_views import ReviewLogLine, TaskCard, TaskView, read_log

__all__ = [
    "MARKS_MAX",
    "NOTE_MAX",
    "REASON_MAX",
    "AbsenceForm",
    "Assignment",
    "AssignmentForm",
    "Colleague",
    "Decided",
    "Decision",
    "FilterOption",
    "Form",
    "HandedTask",
    "Mark",
    "OfficeAbsenceForm",
    "OpenPlace",
    "OpenedFile",
    "OwnComparison",
    "QueueCounts",
    "Revealed",
    "ReviewLogLine",
    "ReviewQueue",
    "ReviewServices",
    "ReviewerAbsence",
    "Reviews",
    "StepCount",
    "SubmittedForm",
    "TaskCard",
    "TaskDecision",
    "TaskFilter",
    "TaskHolders",
    "TaskView",
    "find_secret",
    "find_uncovered",
    "is_own",
    "read_form",
    "read_holders",
    "read_log",
]
