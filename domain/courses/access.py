"""When a participant may study, and until when the fee of a course may be paid (新疆手册 2025 L143)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.courses.lifecycles import EnrolmentState
from domain.rulebook.courses import CourseRules

Access = Literal["unpaid", "ahead", "open", "over", "left"]
"""``ahead``: paid or free, the window has not begun; ``over``: the window has ended."""


@dataclass(frozen=True)
class StudyWindow:
    """A time in which a participant may study; half-open."""

    opens: datetime
    closes: datetime


def access(state: EnrolmentState, opens: datetime | None, closes: datetime | None, now: datetime) -> Access:
    """Whether a participant may study now."""
    if state == EnrolmentState.LEFT:
        return "left"
    if opens is None or closes is None:
        return "unpaid"
    if now < opens:
        return "ahead"
    return "open" if now < closes else "over"


def free_window(course: StudyWindow, called: datetime) -> StudyWindow | None:
    """The window of a participant who owes no fee; None once the course is over."""
    return course if called < course.closes else None


def paid_window(course: StudyWindow, rules: CourseRules, paid: datetime) -> StudyWindow:
    """The window of a participant who paid at ``paid``. A personal window is as long as the course; a shared one ends
    with it.

    A payment after the last moment (an old code, a slow bank) still buys ``useful_time``.
    """
    opens = max(course.opens, paid + rules.access_after)
    if rules.window == "personal":
        return StudyWindow(opens, opens + (course.closes - course.opens))
    return StudyWindow(opens, max(course.closes, opens + rules.useful_time))


def pay_until(course: StudyWindow, rules: CourseRules) -> datetime:
    """The last moment for paying: with a shared window early enough that ``useful_time`` is left."""
    if rules.window == "personal":
        return course.closes
    return course.closes - rules.access_after - rules.useful_time


def make_up_window(rules: CourseRules, begins: datetime, *, paid: bool) -> StudyWindow:
    """A make-up period (补学) from now, or from its payment; it is as long as any other."""
    opens = begins + rules.access_after if paid else begins
    return StudyWindow(opens, opens + rules.make_up_for)
