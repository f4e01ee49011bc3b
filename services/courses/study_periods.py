"""Time-driven changes for participants: reminders, end of access, make-up periods (补学), exclusion from draws."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.courses.access import make_up_window
from domain.courses.lifecycles import CourseState, EnrolmentState
from domain.errors import Conflict
from domain.exams.reminders import steps_behind
from models.courses import Course, CourseEnrolment
from models.exams import Exam, ExamCandidate
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.permissions import check
from services.core.short_texts import check_text
from services.courses.fees import CourseFees
from services.courses.notifications import BY_THEN, NO_DRAWS, facts_of
from services.courses.repository import OPEN_ENROLMENT, get_course, get_enrolment, lock_enrolment, rules_of
from services.exams import ExamRetries
from services.notifications import Notices

REASON_MAX = 100
_OPEN = f"""
FROM course_enrolment n JOIN course c ON c.id = n.course_id JOIN expert x ON x.id = n.expert_id
WHERE {OPEN_ENROLMENT} AND c.state IN ('published', 'closed') AND x.left_at IS NULL
"""
_PAY_UNTIL = "SELECT max(f.closes_at) FROM fee f WHERE f.enrolment_id = n.id AND f.state = 'due'"
_LAST = f"coalesce(n.closes_at, ({_PAY_UNTIL}), c.closes_at)"
"""Until when a participant may study, or pay."""
_IS_PAID = """n.opens_at IS NULL AND (SELECT f.state FROM fee f WHERE f.enrolment_id = n.id
    ORDER BY f.created_at DESC, f.id DESC LIMIT 1) IS NOT DISTINCT FROM 'paid'"""
"""Access opens as soon as the payment's event is applied."""
_HAS_PASSED = """EXISTS (SELECT 1 FROM exam_candidate k
    WHERE k.exam_id = c.exam_id AND k.expert_id = n.expert_id AND k.state = 'passed')"""
_MISSED_EXAM = f"""EXISTS (SELECT 1 FROM exam e
    LEFT JOIN exam_candidate k ON k.exam_id = e.id AND k.expert_id = n.expert_id
    WHERE e.id = c.exam_id AND (k.state = 'failed' OR k.state = 'left' AND e.state <> 'published'
      OR k.id IS NULL AND e.state IN ('closed', 'cancelled') AND {_LAST} <= $1))"""
_ENDED = f"""
{_OPEN} AND CASE
  WHEN n.state = 'called' THEN {_LAST} <= $1 AND NOT ({_IS_PAID})
  WHEN n.opens_at IS NULL THEN {_LAST} <= $1 AND NOT ({_IS_PAID}) AND NOT {_HAS_PASSED}
  ELSE {_MISSED_EXAM} END
"""
ENDS_DUE = f"EXISTS (SELECT 1 {_ENDED} AND {not_paused('course_end', 'n.id')})"
_ENDING = f"SELECT n.id {_ENDED} AND {not_paused('course_end', 'n.id')} ORDER BY n.id LIMIT 500"
_REMIND = f"""
{_OPEN} AND n.state = 'called' AND n.closes_at > $1 AND n.opens_at <= $1
  AND n.closes_at - (c.rules -> 'reminders' ->> n.warnings::int)::interval <= $1
"""
REMINDERS_DUE = f"EXISTS (SELECT 1 {_REMIND} AND {not_paused('course_reminder', 'n.id')})"
_REMINDED = f"SELECT n.id {_REMIND} AND {not_paused('course_reminder', 'n.id')} ORDER BY n.id LIMIT 500"


@dataclass(frozen=True)
class StudyPeriods:
    deps: Deps
    notices: Notices
    fees: CourseFees
    retries: ExamRetries

    # ---- by the clock

    async def remind_due(self) -> int:
        """Remind participants before their end. Of several steps due at once only the last is sent."""
        now = self.deps.now()
        return await process_each(
            "course_reminder", await rows(_REMINDED, now), lambda row: self._remind_participant(row["id"], now)
        )

    async def _remind_participant(self, enrolment_id: UUID, now: datetime) -> None:
        async with transaction():
            enrolment = await lock_enrolment(enrolment_id)
            course = await Course.get(id=enrolment.course_id)
            if enrolment.closes_at is None or enrolment.closes_at <= now or enrolment.state != EnrolmentState.CALLED:
                return
            behind = steps_behind(rules_of(course).reminders, enrolment.closes_at, now)
            if behind <= enrolment.warnings:
                return
            enrolment.warnings = behind
            await enrolment.save(update_fields=["warnings"])
            advice = NO_DRAWS if course.required and rules_of(course).undrawn else BY_THEN
            await self._notify(
                "course_reminder", course, enrolment, f"{enrolment.closes_at.isoformat()}:{behind}", advice=advice
            )

    async def end_due(self) -> int:
        """Participants whose time is over, or who failed the examination, get a make-up period, or none and are
        excluded from draws."""
        now = self.deps.now()
        return await process_each("course_end", await rows(_ENDING, now), lambda row: self._end_period(row["id"], now))

    async def _end_period(self, enrolment_id: UUID, now: datetime) -> None:
        async with transaction():
            enrolment = await lock_enrolment(enrolment_id)
            if not await rows(f"SELECT n.id {_ENDED} AND n.id = $2", now, enrolment_id):
                return
            course = await Course.get(id=enrolment.course_id)
            failed = enrolment.state == EnrolmentState.LEARNED
            if failed and enrolment.opens_at is not None and await self._was_called_to_exam(course, enrolment):
                enrolment.exam_state, enrolment.marked_at = "failed", now
            never_paid = enrolment.opens_at is None
            # a closed course is one that a former release closed too early: its end is made good, no period begins
            is_left = enrolment.make_ups < rules_of(course).make_ups and not never_paid
            if (
                course.state == CourseState.PUBLISHED
                and is_left
                and await self._can_be_completed(course, enrolment, now)
            ):
                await self._grant_make_up(course, enrolment, system(course.pool), now)
            else:
                await self._mark_overdue(course, enrolment, now)

    async def _was_called_to_exam(self, course: Course, enrolment: CourseEnrolment) -> bool:
        return await ExamCandidate.exists(exam_id=course.exam_id, expert_id=enrolment.expert_id)

    async def _can_be_completed(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> bool:
        """False after the examination that is missing: a further period, perhaps paid, would bring nothing."""
        if course.exam_id is None:
            return True
        if enrolment.state != EnrolmentState.LEARNED:
            return await Exam.filter(id=course.exam_id, closes_at__gt=now).exclude(state="cancelled").exists()
        return await self.retries.is_failed_in_open_exam(course.exam_id, enrolment.expert_id, now)

    async def _mark_overdue(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> None:
        """No further automatic period. An unpaid fee is cancelled."""
        await self.fees.cancel(enrolment.id, now)
        enrolment.overdue_at = now
        if course.required and rules_of(course).undrawn:
            enrolment.excluded_at = enrolment.excluded_at or now
        await enrolment.save()
        await record(
            system(course.pool),
            now,
            "course.overdue",
            "course_enrolment",
            enrolment.id,
            excluded=enrolment.excluded_at is not None,
        )
        advice = "已暂停抽取，完成培训后恢复" if enrolment.excluded_at else "如需补学请联系管理机构"
        await self._notify("course_unfinished", course, enrolment, str(enrolment.make_ups), advice=advice)

    async def _grant_make_up(self, course: Course, enrolment: CourseEnrolment, actor: Actor, now: datetime) -> None:
        """One more period; progress stays. A participant who sat the examination gets new tries, once nothing is
        owed."""
        rules = rules_of(course)
        enrolment.make_ups += 1
        enrolment.overdue_at, enrolment.warnings = None, 0
        owes = rules.make_up_paid and course.amount is not None
        if course.required and rules.undrawn:
            enrolment.excluded_at = enrolment.excluded_at or now
        if owes:
            enrolment.opens_at = enrolment.closes_at = None
            await enrolment.save()
            await self.fees.charge_make_up(course, enrolment, now)
        else:
            window = make_up_window(rules, now, paid=False)
            enrolment.opens_at, enrolment.closes_at = window.opens, window.closes
            await enrolment.save()
            await self.fees.restore_tries(course, enrolment, now)
        await record(actor, now, "course.make_up", "course_enrolment", enrolment.id, number=enrolment.make_ups)
        advice = "请先缴费，再补学" if owes else f"补学至{facts_of(course, enrolment)['until']}"
        await self._notify("course_make_up", course, enrolment, str(enrolment.make_ups), advice=advice)

    # ---- by the office

    async def give_make_up(self, actor: Actor, enrolment_id: UUID, reason: str) -> None:
        """A further make-up period for a participant whose time is over. Raises Conflict, InvalidInput."""
        check(actor, "course.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            course = await get_course(actor, (await get_enrolment(actor, enrolment_id)).course_id, locked=True)
            enrolment = await lock_enrolment(enrolment_id)
            if course.state != CourseState.PUBLISHED:
                raise Conflict("课程已结束或取消，不能再补学；可以登记培训完毕或另开课程。", code="course_not_open")
            if enrolment.state not in (EnrolmentState.CALLED, EnrolmentState.LEARNED) or enrolment.overdue_at is None:
                raise Conflict("这位学员的学习时间还没有结束，或已完毕，不需要补学。", code="not_overdue")
            if not await self._can_be_completed(course, enrolment, now):
                raise Conflict(
                    "内容已学完，结业考试已结束，补学后也不能再考。可以登记培训完毕，或另开课程和考试。",
                    code="exam_over",
                )
            await self._grant_make_up(course, enrolment, actor, now)
            await record(actor, now, "course.give_make_up", "course_enrolment", enrolment.id, reason=words)

    async def _notify(self, kind: str, course: Course, enrolment: CourseEnrolment, occasion: str, advice: str) -> None:
        await self.notices.notify(
            pool=course.pool,
            kind=kind,
            dedupe_key=f"{kind}:{enrolment.id}:{occasion}",
            account_id=enrolment.account_id,
            params=facts_of(course, enrolment, advice=advice),
        )
