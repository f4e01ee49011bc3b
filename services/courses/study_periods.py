"""Time-driven changes for participants: reminders, end of access, make-up periods (补学), exclusion from draws."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.courses.access import make_up_window
from domain.courses.lifecycles import COURSE, CourseEvent, CourseState, EnrolmentState
from domain.courses.make_ups import EndedStudy, MakeUp, can_be_completed, costs_money, make_up_of
from domain.errors import Conflict
from domain.exams.reminders import steps_behind
from models.courses import Course, CourseEnrolment
from models.exams import ExamCandidate
from models.payments import Fee
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.permissions import check
from services.core.short_texts import check_text
from services.courses.completion import ALL
from services.courses.fees import CourseFees
from services.courses.notifications import BY_THEN, MISSED_LECTURE, NO_DRAWS, facts_of
from services.courses.repository import OPEN_ENROLMENT, get_enrolment, get_own_enrolment, lock_enrolment, rules_of
from services.experts import STUDY_FACTS, STUDY_JOINS, ended_study
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
  WHEN n.state = 'called' THEN {_LAST} <= $1 AND n.progress < {ALL} AND NOT ({_IS_PAID})
  WHEN n.opens_at IS NULL THEN {_LAST} <= $1 AND NOT ({_IS_PAID}) AND NOT {_HAS_PASSED}
  ELSE {_MISSED_EXAM} END
"""
ENDS_DUE = f"EXISTS (SELECT 1 {_ENDED} AND {not_paused('course_end', 'n.id')})"
_ENDING = f"SELECT n.id {_ENDED} AND {not_paused('course_end', 'n.id')} ORDER BY n.id LIMIT 500"
_REMIND = f"""
{_OPEN} AND n.state = 'called' AND n.progress < {ALL} AND n.closes_at > $1 AND n.opens_at <= $1
  AND n.closes_at - (c.rules -> 'reminders' ->> n.warnings::int)::interval <= $1
"""
REMINDERS_DUE = f"EXISTS (SELECT 1 {_REMIND} AND {not_paused('course_reminder', 'n.id')})"
_REMINDED = f"SELECT n.id {_REMIND} AND {not_paused('course_reminder', 'n.id')} ORDER BY n.id LIMIT 500"

_STUDY = f"""
SELECT {STUDY_FACTS} FROM course_enrolment n JOIN course c ON c.id = n.course_id {STUDY_JOINS} WHERE n.id = $1
"""


@dataclass(frozen=True)
class StudyPeriods:
    deps: Deps
    notices: Notices
    fees: CourseFees

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
            if (await _study_of(enrolment, now)).missed_lecture:
                advice = MISSED_LECTURE
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
            if enrolment.state == EnrolmentState.LEARNED and enrolment.opens_at is not None:
                await self._note_failure(course, enrolment, now)
            if await self._may_go_on(course, enrolment, now):
                await self._grant_make_up(course, enrolment, system(course.pool), now)
            else:
                await self._mark_overdue(course, enrolment, now)

    async def _note_failure(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> None:
        """Of who was called to the examination; whoever learned after it did not fail."""
        if await ExamCandidate.exists(exam_id=course.exam_id, expert_id=enrolment.expert_id):
            enrolment.exam_state, enrolment.marked_at = "failed", now

    async def _may_go_on(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> bool:
        """Whether a further period begins without being asked for. Not for who never paid, and not in a course that a
        former release closed too early: there the end is made good."""
        if course.state != CourseState.PUBLISHED or enrolment.opens_at is None:
            return False
        return enrolment.make_ups < rules_of(course).make_ups and can_be_completed(await _study_of(enrolment, now))

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
        advice = await self._advise(course, enrolment, now)
        await self._notify("course_unfinished", course, enrolment, str(enrolment.make_ups), advice=advice)

    async def _advise(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> str:
        make_up = make_up_of(await _study_of(enrolment, now), rules_of(course))
        if make_up not in ("paid", "free"):
            return "已暂停抽取，请联系管理机构" if enrolment.excluded_at else "如需补学请联系管理机构"
        return "已暂停抽取，补学完成后恢复" if enrolment.excluded_at else "需要的，可以自己办理补学"

    async def _grant_make_up(self, course: Course, enrolment: CourseEnrolment, actor: Actor, now: datetime) -> None:
        """One more period; progress stays. A participant who sat the examination gets new tries, once nothing is
        owed. A closed course, which the caller has locked, is opened again."""
        rules = rules_of(course)
        if course.state == CourseState.CLOSED:
            course.state, course.closed_at = COURSE.next(CourseState.CLOSED, CourseEvent.REOPEN), None
            await course.save(update_fields=["state", "closed_at"])
            await record(actor, now, "course.reopen", "course", course.id)
        enrolment.make_ups += 1
        enrolment.overdue_at, enrolment.warnings = None, 0
        owes = costs_money(await _study_of(enrolment, now), rules)
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
        advice = "请先缴费，再补学" if owes else f"补学至{facts_of(course, enrolment, now)['until']}"
        await self._notify("course_make_up", course, enrolment, str(enrolment.make_ups), advice=advice)

    # ---- by the participant, by the office

    async def begin_make_up(self, actor: Actor, enrolment_id: UUID) -> UUID | None:
        """The participant's own further period after the end of his time; returns the fee that he owes first.

        A repetition changes nothing. Raises NotFound, Conflict.
        """
        check(actor, "course.own")
        now = self.deps.now()
        async with transaction():
            course, enrolment = await _lock_with_course(await get_own_enrolment(actor, enrolment_id))
            if enrolment.overdue_at is not None:
                self._check_make_up(course, make_up_of(await _study_of(enrolment, now), rules_of(course)))
                await self._grant_make_up(course, enrolment, actor, now)
            elif not enrolment.make_ups:
                raise Conflict("您的学习时间还没有结束，或已完毕，不需要补学。", code="not_overdue")
            fee = await Fee.get_or_none(enrolment_id=enrolment.id, state="due")
        return fee.id if fee else None

    async def give_make_up(self, actor: Actor, enrolment_id: UUID, reason: str) -> None:
        """A further make-up period for a participant whose time is over. Raises Conflict, InvalidInput."""
        check(actor, "course.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()
        async with transaction():
            course, enrolment = await _lock_with_course(await get_enrolment(actor, enrolment_id))
            if course.state == CourseState.CANCELLED:
                raise Conflict("课程已取消，不能再补学；可以登记培训完毕或另开课程。", code="course_not_open")
            if enrolment.state not in (EnrolmentState.CALLED, EnrolmentState.LEARNED) or enrolment.overdue_at is None:
                raise Conflict("这位学员的学习时间还没有结束，或已完毕，不需要补学。", code="not_overdue")
            study = await _study_of(enrolment, now)
            if study.missed_lecture:
                raise Conflict(
                    "有面授或直播没有签到，补学后也不能再签到。可以登记培训完毕，或另开课程。", code="lecture_over"
                )
            if not can_be_completed(study):
                raise Conflict(
                    "结业考试已结束，补学后也不能再考。可以登记培训完毕，或另开课程和考试。", code="exam_over"
                )
            await self._grant_make_up(course, enrolment, actor, now)
            await record(actor, now, "course.give_make_up", "course_enrolment", enrolment.id, reason=words)

    def _check_make_up(self, course: Course, make_up: MakeUp) -> None:
        """Raises Conflict that says whom to ask."""
        if course.state == CourseState.CANCELLED:
            raise Conflict("课程已取消，不用再补学。", code="course_not_open")
        hotline = self.deps.book(course.pool).pool.hotline
        if make_up == "lecture_over":
            raise Conflict(f"有面授或直播没有签到，补学后也不能再签到，请拨打{hotline}办理。", code="lecture_over")
        if make_up == "exam_over":
            raise Conflict(f"结业考试已结束，补学后也不能再考，请拨打{hotline}办理。", code="exam_over")
        if make_up == "by_office":
            raise Conflict(f"补学由管理机构安排，请拨打{hotline}。", code="by_office")

    async def _notify(self, kind: str, course: Course, enrolment: CourseEnrolment, occasion: str, advice: str) -> None:
        await self.notices.notify(
            pool=course.pool,
            kind=kind,
            dedupe_key=f"{kind}:{enrolment.id}:{occasion}",
            account_id=enrolment.account_id,
            params=facts_of(course, enrolment, self.deps.now(), advice=advice),
        )


async def _lock_with_course(enrolment: CourseEnrolment) -> tuple[Course, CourseEnrolment]:
    """The course first: it must not close while a further period begins."""
    course = await Course.select_for_update().get(id=enrolment.course_id)
    return course, await lock_enrolment(enrolment.id)


async def _study_of(enrolment: CourseEnrolment, now: datetime) -> EndedStudy:
    [row] = await rows(_STUDY, enrolment.id)
    return ended_study(row, now)
