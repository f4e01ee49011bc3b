"""Use cases of reviews, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.reviews.absences import Absences
from services.reviews.assignment_queries import AssignmentQueries
from services.reviews.assignments import Assignments
from services.reviews.attachment_access import AttachmentAccess
from services.reviews.decided_tasks import DecidedTasks
from services.reviews.decisions import Reviews
from services.reviews.handing import Handing
from services.reviews.own_comparison import OwnComparisons
from services.reviews.queue import ReviewQueue
from services.reviews.reminders import Reminders
from services.reviews.reopening import Reopening


@dataclass(frozen=True)
class ReviewServices:
    decisions: Reviews
    queue: ReviewQueue
    decided_tasks: DecidedTasks
    assignments: Assignments
    assignment_queries: AssignmentQueries
    attachment_access: AttachmentAccess
    reminders: Reminders
    reopening: Reopening
    handing: Handing
    absences: Absences
    own_comparisons: OwnComparisons

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("review_waiting", "", self.reminders.send_reminders),)
