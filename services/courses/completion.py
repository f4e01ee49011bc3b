"""Completion: everything studied, examination passed, training completed, certificate issued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.courses.lifecycles import ENROLMENT, EnrolmentEvent, EnrolmentState
from domain.errors import Conflict, Forbidden
from domain.rulebook.courses import HOUR
from models.courses import Course, CourseEnrolment, CourseItem
from services.certificates import CertificateSubject, Issuing
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.permissions import check
from services.core.short_texts import check_text
from services.courses.fees import CourseFees
from services.courses.notifications import facts_of
from services.courses.repository import get_enrolment, lock_enrolment, rules_of
from services.notifications import Notices

REASON_MAX = 100
ALL = 1000
"""Progress of who has done everything, in thousandths."""
_STUDIED = f"""
FROM course_enrolment n JOIN course c ON c.id = n.course_id
WHERE n.state = 'called' AND n.progress = {ALL} AND c.state IN ('published', 'closed')
  AND NOT EXISTS (SELECT 1 FROM course_item i WHERE i.course_id = c.id AND i.ends_at > $1)
"""
LEARNS_DUE = f"EXISTS (SELECT 1 {_STUDIED} AND {not_paused('course_learned', 'n.id')})"
_LEARNING = f"SELECT n.id {_STUDIED} AND {not_paused('course_learned', 'n.id')} ORDER BY n.id LIMIT 500"
_PASSED = """
FROM course_enrolment n JOIN course c ON c.id = n.course_id
JOIN exam_candidate k ON k.exam_id = c.exam_id AND k.expert_id = n.expert_id
WHERE n.state = 'learned' AND k.state = 'passed'
"""
PASSES_DUE = f"EXISTS (SELECT 1 {_PASSED} AND {not_paused('course_pass', 'n.id')})"
_PASSING = f"SELECT n.id {_PASSED} AND {not_paused('course_pass', 'n.id')} ORDER BY n.id LIMIT 500"


@dataclass(frozen=True)
class CourseCompletion:
    deps: Deps
    notices: Notices
    certificates: Issuing
    fees: CourseFees

    async def apply_studied(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> None:
        """Everything is studied: call to the examination, or complete; inside the caller's transaction, the row
        locked."""
        if enrolment.state != EnrolmentState.CALLED:
            return
        enrolment.state = ENROLMENT.next(EnrolmentState(enrolment.state), EnrolmentEvent.LEARN)
        await enrolment.save(update_fields=["state"])
        await record(system(course.pool), now, "course.learned", "course_enrolment", enrolment.id)
        if course.exam_id is None:
            await self._complete_training(course, enrolment, system(course.pool), now)

    async def learn_due(self) -> int:
        """Call to the examination, or complete, who has done everything and waited for the end of a lecture."""
        now = self.deps.now()
        return await process_each("course_learned", await rows(_LEARNING, now), lambda row: self._learn(row["id"], now))

    async def _learn(self, enrolment_id: UUID, now: datetime) -> None:
        async with transaction():
            enrolment = await lock_enrolment(enrolment_id)
            await self.apply_studied(await Course.get(id=enrolment.course_id), enrolment, now)

    async def pass_due(self) -> int:
        """Complete the training of participants who passed the examination."""
        return await process_each("course_pass", await rows(_PASSING), lambda row: self._complete_passed(row["id"]))

    async def _complete_passed(self, enrolment_id: UUID) -> None:
        now = self.deps.now()
        async with transaction():
            enrolment = await lock_enrolment(enrolment_id)
            if enrolment.state != EnrolmentState.LEARNED:
                return
            enrolment.exam_state, enrolment.marked_at = "passed", now
            course = await Course.get(id=enrolment.course_id)
            await self._complete_training(course, enrolment, system(course.pool), now)

    async def record_finished(self, actor: Actor, enrolment_id: UUID, reason: str) -> None:
        """By a decision of the office, for training that took place elsewhere. Raises Conflict, Forbidden."""
        check(actor, "course.manage")
        words = check_text(" ".join(reason.split()), "reason", "依据", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            unlocked_enrolment = await get_enrolment(actor, enrolment_id)
            if actor.account_id is not None and unlocked_enrolment.account_id == actor.account_id:
                raise Forbidden("不能办理自己的课程，请由其他管理员办理。", code="own_course")
            enrolment = await lock_enrolment(enrolment_id)
            if not ENROLMENT.can(EnrolmentState(enrolment.state), EnrolmentEvent.FINISH):
                label = EnrolmentState(enrolment.state).label
                raise Conflict(f"这位学员现在是“{label}”，不能登记培训完毕。", code="not_called")
            course = await Course.get(id=enrolment.course_id)
            await self._complete_training(course, enrolment, actor, now)
            await record(actor, now, "course.record_finished", "course_enrolment", enrolment.id, reason=words)

    async def _complete_training(self, course: Course, enrolment: CourseEnrolment, actor: Actor, now: datetime) -> None:
        """Complete: draws may call the expert again at once; a certificate follows where the pool issues one."""
        was_excluded = enrolment.excluded_at is not None
        enrolment.state = ENROLMENT.next(EnrolmentState(enrolment.state), EnrolmentEvent.FINISH)
        enrolment.finished_at = now
        enrolment.overdue_at = enrolment.excluded_at = None
        await enrolment.save()
        await self.fees.cancel(enrolment.id, now)
        await record(actor, now, "course.finish", "course_enrolment", enrolment.id)
        await self.notices.notify(
            pool=course.pool,
            kind="course_finished",
            dedupe_key=f"course_finished:{enrolment.id}",
            account_id=enrolment.account_id,
            params=facts_of(course, enrolment, now, advice="已恢复抽取" if was_excluded else "感谢您的参与"),
        )
        hours = await hours_of(course)
        facts = (("课程", course.name), ("学时", f"{hours / HOUR:g}" if hours else ""))
        examined = course.exam_id is not None and enrolment.exam_state == "passed"
        subject = CertificateSubject(
            "course", enrolment.account_id, enrolment.expert_id, enrolment.id, facts, examined=examined
        )
        await self.certificates.issue(course.pool, subject, now)


async def hours_of(course: Course) -> int:
    """Class hours of all items, in hundredths."""
    rules = rules_of(course)
    items = await CourseItem.filter(course_id=course.id)
    return sum(item.credit if item.credit is not None else rules.hours(item.seconds) for item in items)
