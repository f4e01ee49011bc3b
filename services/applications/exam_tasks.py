"""The to-do item of an examination (待参与考试) that a person is called to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import print_span
from models.exams import Exam, ExamCandidate, ExamSitting
from services.core.base import from_row, rows

TITLE, ENTER, BOOK = "待参与考试", "进入考试", "预约场次"


@dataclass(frozen=True)
class ExamTask:
    """``action`` and ``route`` of the next step; ``until``: the end of the sitting, or of the window."""

    candidate_id: UUID
    application_id: UUID | None
    detail: str
    action: str
    route: str
    until: datetime


_CALLED = """
FROM exam_candidate d JOIN exam e ON e.id = d.exam_id LEFT JOIN exam_sitting s ON s.id = d.sitting_id
  WHERE d.account_id = $1 AND d.state = 'called' AND e.state = 'published' AND e.closes_at > $2 AND e.purpose <> 'mock'
  ORDER BY e.opens_at, d.id
"""
EXAM_TASKS = f"""
ARRAY(SELECT d {_CALLED}) AS candidates, ARRAY(SELECT e {_CALLED}) AS exams, ARRAY(SELECT s {_CALLED}) AS sittings
"""
"""Columns for ``exam_tasks_of``, for the account ``$1`` at the moment ``$2``."""


async def exam_tasks(account_id: UUID, now: datetime) -> tuple[ExamTask, ...]:
    """Published examinations that are not over, soonest first; without mock ones."""
    return exam_tasks_of((await rows(f"SELECT {EXAM_TASKS}", account_id, now))[0], now)


def exam_tasks_of(row: Mapping[str, Any], now: datetime) -> tuple[ExamTask, ...]:
    """The same from columns that a larger statement has read."""
    return tuple(
        _task(
            from_row(ExamCandidate, candidate),
            from_row(Exam, exam),
            from_row(ExamSitting, sitting) if sitting is not None else None,
            now,
        )
        for candidate, exam, sitting in zip(row["candidates"], row["exams"], row["sittings"], strict=True)
    )


def _task(candidate: ExamCandidate, exam: Exam, sitting: ExamSitting | None, now: datetime) -> ExamTask:
    starts, ends = (sitting.starts_at, sitting.ends_at) if sitting else (exam.opens_at, exam.closes_at)
    page = f"/h5/{exam.pool}/exams/{candidate.id}"
    text = f"{exam.name}：{print_span(starts, ends, now)}"
    if sitting is None:
        return ExamTask(
            candidate.id, candidate.application_id, f"{text}，请先预约场次。", BOOK, f"{page}/sittings", ends
        )
    return ExamTask(candidate.id, candidate.application_id, f"{text}。", ENTER, page, ends)
