"""Finds and locks courses, their items and enrolments."""

from __future__ import annotations

from uuid import UUID

from domain.courses.access import StudyWindow
from domain.courses.lifecycles import CourseState
from domain.errors import Conflict, NotFound
from domain.rulebook.courses import CourseRules, load_rules
from models.courses import Course, CourseEnrolment, CourseItem
from services.core.base import Actor

OPEN_ENROLMENT = "n.state IN ('called', 'learned') AND n.overdue_at IS NULL"
"""SQL condition of a participant ``n`` who studies, may still pay, or waits for the examination."""


async def get_course(actor: Actor, course_id: UUID, *, locked: bool = False) -> Course:
    """Raises NotFound for a course of another pool."""
    query = Course.select_for_update() if locked else Course.all()
    course = await query.get_or_none(id=course_id, pool=actor.pool)
    if course is None:
        raise NotFound("找不到这门课程，请返回列表后刷新。", code="course_unknown")
    return course


async def lock_draft(actor: Actor, course_id: UUID) -> Course:
    """Raises NotFound, Conflict for a published course, which can't be changed."""
    course = await get_course(actor, course_id, locked=True)
    if course.state != CourseState.DRAFT:
        raise Conflict("课程已发布，不能再修改；如需更换内容，请取消后另建一门课程。", code="course_published")
    return course


async def get_item(course_id: UUID, item_id: UUID) -> CourseItem:
    """Raises NotFound."""
    item = await CourseItem.get_or_none(id=item_id, course_id=course_id)
    if item is None:
        raise NotFound("找不到这项学习内容，请返回课程后刷新。", code="item_unknown")
    return item


async def get_own_enrolment(actor: Actor, enrolment_id: UUID) -> CourseEnrolment:
    """The actor's own enrolment with its course. Raises NotFound for another person's."""
    enrolment = await CourseEnrolment.get_or_none(id=enrolment_id).select_related("course")
    if enrolment is None or actor.account_id is None or enrolment.account_id != actor.account_id:
        raise enrolment_unknown()
    return enrolment


async def get_enrolment(actor: Actor, enrolment_id: UUID) -> CourseEnrolment:
    """An enrolment of the actor's pool with its course, for the office. Raises NotFound."""
    enrolment = await CourseEnrolment.get_or_none(id=enrolment_id).select_related("course")
    if enrolment is None or enrolment.course.pool != actor.pool:
        raise enrolment_unknown()
    return enrolment


async def lock_enrolment(enrolment_id: UUID) -> CourseEnrolment:
    """Raises NotFound."""
    enrolment = await CourseEnrolment.select_for_update().get_or_none(id=enrolment_id)
    if enrolment is None:
        raise enrolment_unknown()
    return enrolment


def rules_of(course: Course) -> CourseRules:
    """The rules stored at publishing."""
    return load_rules(course.rules)


def window_of(course: Course) -> StudyWindow:
    return StudyWindow(course.opens_at, course.closes_at)


def enrolment_unknown() -> NotFound:
    return NotFound("找不到这门课程，请在公众号回复“培训”查看您的课程。", code="enrolment_unknown")
