"""A person's courses, as a complete export for that person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from models.courses import CourseEnrolment

_COLUMNS = (
    "state",
    "progress",
    "exam_state",
    "make_ups",
    "called_at",
    "opens_at",
    "closes_at",
    "finished_at",
    "marked_at",
    "excluded_at",
)


async def collect_courses(account_id: UUID) -> list[dict[str, Any]]:
    """Oldest first; ``progress`` in thousandths."""
    enrolments = CourseEnrolment.filter(account_id=account_id).order_by("called_at", "id")
    return list(await enrolments.values(*_COLUMNS, course="course__name"))
