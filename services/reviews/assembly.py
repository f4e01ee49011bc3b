"""Builds the services of reviews."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.files import FileServices
from services.notifications import Notices
from services.reviews.assignment_queries import AssignmentQueries
from services.reviews.assignments import Assignments
from services.reviews.attachment_access import AttachmentAccess
from services.reviews.decided_tasks import DecidedTasks
from services.reviews.decisions import Reviews
from services.reviews.queue import ReviewQueue
from services.reviews.reminders import Reminders


@dataclass(frozen=True)
class ReviewServices:
    decisions: Reviews
    queue: ReviewQueue
    decided_tasks: DecidedTasks
    assignments: Assignments
    assignment_queries: AssignmentQueries
    attachment_access: AttachmentAccess
    due_tasks: tuple[DueTask, ...]


def build(deps: Deps, notices: Notices, files: FileServices) -> ReviewServices:
    assignment_queries = AssignmentQueries(deps)
    return ReviewServices(
        decisions=Reviews(deps, notices),
        queue=ReviewQueue(deps),
        decided_tasks=DecidedTasks(deps),
        assignments=Assignments(deps, assignment_queries),
        assignment_queries=assignment_queries,
        attachment_access=AttachmentAccess(deps, files.store, files.previews),
        due_tasks=(DueTask("review_waiting", "", Reminders(deps, notices).remind),),
    )
