"""Notices to participants of a course, and their params."""

from __future__ import annotations

from datetime import datetime

from domain.clock import print_full, print_time, print_until
from models.courses import Course, CourseEnrolment
from services.notifications import Recipient

FREE, PAY_FIRST, NO_DRAWS, BY_THEN, MISSED_LECTURE = (
    "到时间即可学习",
    "请先缴费，到账后开通学习",
    "逾期未完成将暂停抽取",
    "请在此之前完成",
    "有讲座没有签到，请联系管理机构",
)


def facts_of(
    course: Course, enrolment: CourseEnrolment, now: datetime, *, until: datetime | None = None, **more: str
) -> dict[str, str]:
    """The params of every kind of notice about a course. ``until``: an end other than the participant's own.

    Of a course that has begun it says from now on.
    """
    opens = enrolment.opens_at or course.opens_at
    closes = until or enrolment.closes_at or course.closes_at
    return {
        "course": course.name,
        "opens": print_time(opens) if opens > now else "现在",
        "until": print_until(closes, opens),
        "until_full": print_full(closes),
        "enrolment": str(enrolment.id),
        **more,
    }


def recipient(
    kind: str, course: Course, enrolment: CourseEnrolment, now: datetime, *, until: datetime | None = None, **more: str
) -> Recipient:
    """One recipient of many; ``occasion`` in ``more`` distinguishes this notice from others of its kind."""
    occasion = more.pop("occasion", "")
    return Recipient(
        dedupe_key=f"{kind}:{enrolment.id}:{occasion}",
        params=facts_of(course, enrolment, now, until=until, **more),
        account_id=enrolment.account_id,
    )
