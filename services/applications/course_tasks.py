"""The to-do item of a course (待参加培训) that an expert is called to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_until
from models.courses import CourseEnrolment
from models.payments import Fee

COURSE_TITLE, STUDY, PAY = "待参加培训", "去学习", "去缴费"


@dataclass(frozen=True)
class CourseTask:
    """``action`` and ``route`` of what the person does next; ``until``: the end of the time to study, or to pay."""

    detail: str
    action: str
    route: str
    until: datetime


async def course_tasks(account_id: UUID, now: datetime) -> tuple[CourseTask, ...]:
    """What can be studied or paid now, the first that ends first."""
    called = CourseEnrolment.filter(account_id=account_id, state="called", overdue_at=None, course__state="published")
    found = [await _task(one, now) for one in await called.select_related("course").order_by("course__closes_at", "id")]
    return tuple(task for task in found if task is not None)


async def _task(enrolment: CourseEnrolment, now: datetime) -> CourseTask | None:
    course = enrolment.course
    page = f"/h5/{course.pool}/courses/{enrolment.id}"
    if enrolment.opens_at is None or enrolment.closes_at is None:
        fee = await Fee.filter(enrolment_id=enrolment.id, state="due").order_by("-created_at").first()
        if fee is None or fee.closes_at is None or fee.closes_at <= now:
            return None
        said = f"{course.name}：请在{print_until(fee.closes_at, now)}前缴费。"
        return CourseTask(said, PAY, f"/h5/{course.pool}/pay?fee={fee.id}", fee.closes_at)
    if enrolment.closes_at <= now:
        return None
    if enrolment.opens_at > now:
        said = f"{course.name}：{print_until(enrolment.opens_at, now)}起可以学习。"
        return CourseTask(said, "查看", page, enrolment.closes_at)
    said = f"{course.name}：已学{enrolment.progress // 10}%，请在{print_until(enrolment.closes_at, now)}前学完。"
    return CourseTask(said, STUDY, page, enrolment.closes_at)
