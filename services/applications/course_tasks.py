"""The to-do item of a course (待参加培训) that an expert is called to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import print_until
from models.courses import Course, CourseEnrolment
from models.payments import Fee
from services.core.base import from_row

COURSE_TITLE, STUDY, PAY = "待参加培训", "去学习", "去缴费"


@dataclass(frozen=True)
class CourseTask:
    """``action`` and ``route`` of the next step; ``until``: the end of the time to study, or to pay."""

    enrolment_id: UUID
    detail: str
    action: str
    route: str
    until: datetime


_CALLED = """
FROM course_enrolment n JOIN course u ON u.id = n.course_id LEFT JOIN LATERAL
  (SELECT * FROM fee WHERE enrolment_id = n.id AND state = 'due' ORDER BY created_at DESC LIMIT 1) f ON true
  WHERE n.account_id = $1 AND n.state = 'called' AND n.overdue_at IS NULL AND u.state = 'published'
  ORDER BY u.closes_at, n.id
"""
COURSE_TASKS = f"""
ARRAY(SELECT n {_CALLED}) AS enrolments, ARRAY(SELECT u {_CALLED}) AS courses,
  ARRAY(SELECT (SELECT fee FROM fee WHERE fee.id = f.id) {_CALLED}) AS course_fees
"""
"""Columns for ``course_tasks_of``, for the account ``$1``."""


def course_tasks_of(row: Mapping[str, Any], now: datetime) -> tuple[CourseTask, ...]:
    """Courses to study or pay now, soonest end first; from columns that a larger statement has read."""
    tasks = (
        _task(
            from_row(CourseEnrolment, enrolment),
            from_row(Course, course),
            from_row(Fee, fee) if fee is not None else None,
            now,
        )
        for enrolment, course, fee in zip(row["enrolments"], row["courses"], row["course_fees"], strict=True)
    )
    return tuple(task for task in tasks if task is not None)


def _task(enrolment: CourseEnrolment, course: Course, fee: Fee | None, now: datetime) -> CourseTask | None:
    page = f"/h5/{course.pool}/courses/{enrolment.id}"
    if enrolment.opens_at is None or enrolment.closes_at is None:
        if fee is None or fee.closes_at is None or fee.closes_at <= now:
            return None
        text = f"{course.name}：请在{print_until(fee.closes_at, now)}前缴费。"
        return CourseTask(enrolment.id, text, PAY, f"/h5/{course.pool}/pay?fee={fee.id}", fee.closes_at)
    if enrolment.closes_at <= now:
        return None
    if enrolment.opens_at > now:
        text = f"{course.name}：{print_until(enrolment.opens_at, now)}起可以学习。"
        return CourseTask(enrolment.id, text, "查看", page, enrolment.closes_at)
    text = f"{course.name}：已学{enrolment.progress // 10}%，请在{print_until(enrolment.closes_at, now)}前学完。"
    return CourseTask(enrolment.id, text, STUDY, page, enrolment.closes_at)
