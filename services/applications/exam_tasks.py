"""The to-do item of an examination (待参与考试) that a person is called to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.exams.timetable import print_span
from models.exams import ExamCandidate

TITLE, ENTER, BOOK = "待参与考试", "进入考试", "预约场次"


@dataclass(frozen=True)
class ExamTask:
    """``action`` and ``route`` of what the person does next; ``until``: the end of the sitting, or of the window."""

    candidate_id: UUID
    application_id: UUID | None
    detail: str
    action: str
    route: str
    until: datetime


async def exam_tasks(account_id: UUID, now: datetime) -> tuple[ExamTask, ...]:
    """Of the examinations that are published and not over, the soonest first; mock ones are none's task."""
    found = ExamCandidate.filter(
        account_id=account_id, state="called", exam__state="published", exam__closes_at__gt=now
    )
    real = found.exclude(exam__purpose="mock").select_related("exam", "sitting").order_by("exam__opens_at", "id")
    return tuple(_task(one, now) for one in await real)


def _task(candidate: ExamCandidate, now: datetime) -> ExamTask:
    exam, sitting = candidate.exam, candidate.sitting
    starts, ends = (sitting.starts_at, sitting.ends_at) if sitting else (exam.opens_at, exam.closes_at)
    page = f"/h5/{exam.pool}/exams/{candidate.id}"
    said = f"{exam.name}：{print_span(starts, ends, now)}"
    if sitting is None:
        return ExamTask(
            candidate.id, candidate.application_id, f"{said}，请先预约场次。", BOOK, f"{page}/sittings", ends
        )
    return ExamTask(candidate.id, candidate.application_id, f"{said}。", ENTER, page, ends)
