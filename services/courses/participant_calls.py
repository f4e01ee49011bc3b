"""Calls experts to courses, including later ones, and removes experts who left the pool."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.courses.access import free_window
from domain.courses.lifecycles import ENROLMENT, CourseState, EnrolmentEvent, EnrolmentState
from domain.errors import Conflict, InvalidInput
from domain.ids import new_id
from models.courses import Course, CourseEnrolment
from models.experts import Expert
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.courses.fees import CourseFees
from services.courses.notifications import FREE, PAY_FIRST, recipient
from services.courses.repository import get_course, get_enrolment, lock_enrolment, window_of
from services.notifications import Notices

BATCH = 500
ADD_MAX = 2000
REASON_MAX = 100
_SPLIT = re.compile(r"[\s,，;；、]+")
_MISSING = """
FROM course c JOIN expert x ON x.pool = c.pool AND x.left_at IS NULL AND x.account_id IS NOT NULL
WHERE c.state = 'published' AND c.closes_at > $1
  AND (c.audience = 'all' OR c.audience = 'campaigns' AND EXISTS (SELECT 1 FROM application p
       WHERE p.expert_id = x.id AND p.state = 'entered' AND p.campaign_id = ANY(c.campaigns)))
  AND NOT EXISTS (SELECT 1 FROM course_enrolment n WHERE n.course_id = c.id AND n.expert_id = x.id)
"""
_PAUSED = not_paused("course_call", "c.id")
CALLS_DUE = f"EXISTS (SELECT 1 {_MISSING} AND {_PAUSED})"
_COURSES = f"SELECT DISTINCT c.id {_MISSING} AND {_PAUSED}"
_PEOPLE = f"SELECT x.id, x.account_id, x.number {_MISSING} AND c.id = $2 ORDER BY x.id LIMIT {BATCH}"
_LOST = """
FROM course_enrolment n JOIN course c ON c.id = n.course_id JOIN expert x ON x.id = n.expert_id
WHERE n.state IN ('called', 'learned') AND c.state IN ('published', 'closed') AND x.left_at IS NOT NULL
"""
_REST = not_paused("course_leave", "n.id")
LEAVES_DUE = f"EXISTS (SELECT 1 {_LOST} AND {_REST})"
_LEAVING = f"SELECT n.id {_LOST} AND {_REST} ORDER BY n.id LIMIT {BATCH}"
_FIND = """
SELECT w.number, x.id, x.account_id, x.left_at,
       EXISTS (SELECT 1 FROM course_enrolment n WHERE n.course_id = $3 AND n.expert_id = x.id) AS known
FROM unnest($2::text[]) AS w (number) LEFT JOIN expert x ON x.pool = $1 AND x.number = w.number
"""


@dataclass(frozen=True)
class AddedParticipants:
    """Number added; ``problems``: number and reason of the others."""

    count: int
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ParticipantCalls:
    deps: Deps
    notices: Notices
    fees: CourseFees

    async def call_due(self) -> int:
        """Call everyone who should take a published course and isn't called yet."""
        due = await rows(_COURSES, self.deps.now())
        return await process_each("course_call", due, lambda row: self._call_many(row["id"]))

    async def _call_many(self, course_id: UUID) -> None:
        while await self._call_batch(course_id) == BATCH:
            pass

    async def _call_batch(self, course_id: UUID) -> int:
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"course_call:{course_id}")
            course = await Course.select_for_update().get(id=course_id)  # against closing and cancelling
            people = await rows(_PEOPLE, now, course_id)
            enrolments = await self._enrol(course, people, now)
            await self._begin_participation(course, enrolments, now)
        return len(people)

    async def add(self, actor: Actor, course_id: UUID, numbers: str, *, key: str | None = None) -> AddedParticipants:
        """Experts by their numbers, separated by blanks, commas or lines. Raises InvalidInput, Conflict."""
        check(actor, "course.manage")
        wanted = list(dict.fromkeys(number for number in _SPLIT.split(numbers.strip()) if number))
        if not wanted:
            raise InvalidInput("请填写专家编号，每行一人。", code="missing", field="numbers")
        if len(wanted) > ADD_MAX:
            raise InvalidInput(f"一次最多添加{ADD_MAX}人，请分几次添加。", code="too_many", field="numbers")
        now = self.deps.now()

        async def run() -> AddedParticipants:
            await advisory_lock(f"course_call:{course_id}")
            course = await get_course(actor, course_id, locked=True)
            if course.state not in (CourseState.DRAFT, CourseState.PUBLISHED) or course.closes_at <= now:
                raise Conflict("课程已结束或取消，不能再添加学员。", code="course_not_open")
            good, problems = _split_by_problem(await rows(_FIND, actor.pool, wanted, course.id))
            enrolments = await self._enrol(course, good, now)
            if course.state == CourseState.PUBLISHED:
                await self._begin_participation(course, enrolments, now)
            await record(actor, now, "course.add", "course", course.id, count=len(enrolments))
            return AddedParticipants(len(enrolments), problems)

        return await once(
            owner=f"course.add:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=AddedParticipants,
            run=run,
            request=f"{course_id} {' '.join(wanted)}",
        )

    async def notify_listed(self, course: Course, now: datetime) -> None:
        """Notify those who were added while it was a draft; inside the caller's transaction, which publishes it."""
        enrolments = await CourseEnrolment.filter(course_id=course.id).order_by("id").select_for_update()
        await self._begin_participation(course, enrolments, now)

    async def dismiss_all(self, course: Course, now: datetime) -> Sequence[CourseEnrolment]:
        """Remove all participants of a cancelled course, and return them. Inside the caller's transaction."""
        open_ones = CourseEnrolment.filter(course_id=course.id, state__in=["called", "learned"])
        enrolments = await open_ones.order_by("id").select_for_update()
        for enrolment in enrolments:
            await self._dismiss_participant(enrolment, now)
        return enrolments

    async def dismiss(self, actor: Actor, enrolment_id: UUID, reason: str) -> None:
        """The office removes a participant; a fee due is cancelled. Raises Conflict, InvalidInput."""
        check(actor, "course.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            await get_enrolment(actor, enrolment_id)
            enrolment = await lock_enrolment(enrolment_id)
            await self._dismiss_participant(enrolment, now)
            await record(actor, now, "course.dismiss", "course_enrolment", enrolment.id, reason=words)
            await self._notify_decision(enrolment, f"您不再参加（{words}）", now)

    async def readmit(self, actor: Actor, enrolment_id: UUID, reason: str) -> None:
        """Readmit a participant who left, with earlier progress. Raises Conflict, InvalidInput."""
        check(actor, "course.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            course = await get_course(actor, (await get_enrolment(actor, enrolment_id)).course_id, locked=True)
            if course.state != CourseState.PUBLISHED or course.closes_at <= now:
                raise Conflict("课程已结束或取消，不能再参加。", code="course_not_open")
            enrolment = await lock_enrolment(enrolment_id)
            enrolment.state = ENROLMENT.next(EnrolmentState(enrolment.state), EnrolmentEvent.RETURN)
            await enrolment.save(update_fields=["state"])
            await record(actor, now, "course.readmit", "course_enrolment", enrolment.id, reason=words)
            if enrolment.opens_at is None:
                await self._begin_participation(course, [enrolment], now)
            await self._notify_decision(enrolment, f"您重新参加（{words}）", now)

    async def _notify_decision(self, enrolment: CourseEnrolment, decision: str, now: datetime) -> None:
        course = await Course.get(id=enrolment.course_id)
        participant = recipient("course_changed", course, enrolment, now, reason=decision, occasion=now.isoformat())
        await self.notices.notify_many(pool=course.pool, kind="course_changed", recipients=[participant])

    async def leave_due(self) -> int:
        """Remove participants who left the pool."""
        return await process_each("course_leave", await rows(_LEAVING), lambda row: self._remove_participant(row["id"]))

    async def _remove_participant(self, enrolment_id: UUID) -> None:
        now = self.deps.now()
        async with transaction():
            enrolment = await CourseEnrolment.select_for_update().get(id=enrolment_id)
            has_left = await Expert.exists(id=enrolment.expert_id, left_at__not_isnull=True)
            if has_left and ENROLMENT.can(EnrolmentState(enrolment.state), EnrolmentEvent.LEAVE):
                await self._dismiss_participant(enrolment, now)
                course = await Course.get(id=enrolment.course_id)
                await record(system(course.pool), now, "course.leave", "course_enrolment", enrolment.id)

    async def _dismiss_participant(self, enrolment: CourseEnrolment, now: datetime) -> None:
        enrolment.state = ENROLMENT.next(EnrolmentState(enrolment.state), EnrolmentEvent.LEAVE)
        enrolment.overdue_at = enrolment.excluded_at = None
        await enrolment.save(update_fields=["state", "overdue_at", "excluded_at"])
        await self.fees.cancel(enrolment.id, now)

    async def _enrol(self, course: Course, people: Sequence[Any], now: datetime) -> list[CourseEnrolment]:
        enrolments = [
            CourseEnrolment(
                id=new_id(), course_id=course.id, expert_id=person["id"], account_id=person["account_id"], called_at=now
            )
            for person in people
        ]
        await CourseEnrolment.bulk_create(enrolments, batch_size=BATCH)
        return enrolments

    async def _begin_participation(self, course: Course, enrolments: Sequence[CourseEnrolment], now: datetime) -> None:
        """Open access for participants without a fee, charge the others, and notify all."""
        if not enrolments:
            return
        if course.amount is not None:
            await self.fees.charge_all(course, enrolments, now)
        elif (window := free_window(window_of(course), now)) is not None:
            await CourseEnrolment.filter(id__in=[enrolment.id for enrolment in enrolments]).update(
                opens_at=window.opens, closes_at=window.closes
            )
        advice = FREE if course.amount is None else PAY_FIRST
        await self.notices.notify_many(
            pool=course.pool,
            kind="course_called",
            recipients=[recipient("course_called", course, enrolment, now, advice=advice) for enrolment in enrolments],
        )
        await record(system(course.pool), now, "course.call", "course", course.id, count=len(enrolments))


def _split_by_problem(expert_rows: Sequence[Any]) -> tuple[list[Any], tuple[tuple[str, str], ...]]:
    """Experts who can be added, and why the others can't."""
    good, problems = [], []
    for row in expert_rows:
        reason = _problem(row)
        if reason:
            problems.append((row["number"][:32], reason))
        else:
            good.append(row)
    return good, tuple(problems)


def _problem(row: Any) -> str:
    if row["id"] is None:
        return "没有这个专家编号"
    if row["left_at"] is not None:
        return "已退库"
    if row["account_id"] is None:
        return "还没有在公众号绑定账号，绑定后再添加"
    return "已在这门课程中" if row["known"] else ""
