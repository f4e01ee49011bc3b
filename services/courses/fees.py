"""Fees of courses (课程缴费): charged when a participant is called or makes up, and what a payment opens.

Implements ``services.payments.fee_owners.CourseFeeOwner``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.courses.access import make_up_window, paid_window, pay_until
from domain.courses.lifecycles import ENROLMENT, EnrolmentEvent, EnrolmentState
from domain.ids import new_id
from domain.payments.lifecycles import FEE, FeeEvent, FeeState
from models.courses import Course, CourseEnrolment
from models.exams import Exam
from models.experts import Expert
from models.payments import Fee
from services.core.base import Actor, record, system
from services.courses.notifications import facts_of
from services.courses.repository import lock_enrolment, rules_of, window_of
from services.exams import ExamRetries
from services.notifications import Notices
from services.payments import close_orders_soon

KIND = "course"


@dataclass(frozen=True)
class CourseFees:
    notices: Notices
    retries: ExamRetries

    async def charge_all(self, course: Course, enrolments: Sequence[CourseEnrolment], now: datetime) -> None:
        """Inside the caller's transaction. The call notice contains the fee, so no further notice follows."""
        until = pay_until(window_of(course), rules_of(course))
        await self._charge(course, enrolments, max(until, now), now)

    async def charge_make_up(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> None:
        """Charge a further period; it can be paid as long as the period would last, and while the examination that is
        missing is held."""
        until = now + rules_of(course).make_up_for
        if enrolment.state == EnrolmentState.LEARNED and course.exam_id is not None:
            until = min(until, (await Exam.get(id=course.exam_id)).closes_at)
        await self._charge(course, [enrolment], until, now)

    async def _charge(
        self, course: Course, enrolments: Sequence[CourseEnrolment], until: datetime, now: datetime
    ) -> None:
        experts = await Expert.filter(id__in=[enrolment.expert_id for enrolment in enrolments]).values_list(
            "id", "number"
        )
        numbers: dict[UUID, str] = dict(experts)
        fees = [
            Fee(
                id=new_id(),
                pool=course.pool,
                kind=KIND,
                enrolment_id=enrolment.id,
                title=f"{course.name}（补学）" if enrolment.make_ups else course.name,
                account_id=enrolment.account_id,
                expert_number=numbers[enrolment.expert_id],
                amount=course.amount,
                opens_at=now,
                closes_at=until,
                state=FEE.initial,
                notified_at=now,
                created_at=now,
            )
            for enrolment in enrolments
        ]
        await Fee.bulk_create(fees, batch_size=500)

    async def cancel(self, enrolment_id: UUID, now: datetime) -> None:
        """Cancel the fee; inside the caller's transaction. A payment made all the same is refunded automatically."""
        for fee in await Fee.filter(enrolment_id=enrolment_id, state=FeeState.DUE).select_for_update():
            fee.state = FEE.next(FeeState(fee.state), FeeEvent.CANCEL)
            await fee.save(update_fields=["state"])
            await close_orders_soon(fee.id, now)
            await record(system(fee.pool), now, "fee.cancel", "fee", fee.id)

    # ---- called by payments

    async def lock(self, enrolment_id: UUID) -> None:
        """Lock the enrolment, before its order and its fee."""
        await lock_enrolment(enrolment_id)

    async def apply_payment(self, enrolment_id: UUID, now: datetime) -> None:
        """After payment the access period opens; inside the caller's transaction. A repetition is harmless."""
        enrolment = await lock_enrolment(enrolment_id)
        course = await Course.get(id=enrolment.course_id)
        if enrolment.opens_at is not None or enrolment.state not in (EnrolmentState.CALLED, EnrolmentState.LEARNED):
            return
        rules = rules_of(course)
        made_up = enrolment.make_ups > 0
        window = make_up_window(rules, now, paid=True) if made_up else paid_window(window_of(course), rules, now)
        enrolment.opens_at, enrolment.closes_at = window.opens, window.closes
        enrolment.overdue_at, enrolment.warnings = None, 0
        await enrolment.save(update_fields=["opens_at", "closes_at", "overdue_at", "warnings"])
        await record(system(course.pool), now, "course.open", "course_enrolment", enrolment.id)
        await self.restore_tries(course, enrolment, now)
        await self.notices.notify(
            pool=course.pool,
            kind="course_opened",
            dedupe_key=f"course_opened:{enrolment.id}:{enrolment.make_ups}",
            account_id=enrolment.account_id,
            params=facts_of(course, enrolment, now),
        )

    async def restore_tries(self, course: Course, enrolment: CourseEnrolment, now: datetime) -> None:
        """New tries for a participant who failed the examination and whose make-up period begins: where it costs money
        not before the payment, or who passes would never pay."""
        if enrolment.state == EnrolmentState.LEARNED and course.exam_id is not None and enrolment.make_ups > 0:
            await self.retries.restore_tries(course.exam_id, enrolment.expert_id, f"补学第{enrolment.make_ups}次", now)

    async def apply_refund(self, actor: Actor, enrolment_id: UUID, reason: str, now: datetime) -> None:
        """The fee is refunded and the participant leaves, unless he has completed; inside the caller's transaction.

        Who is readmitted later pays again.
        """
        enrolment = await lock_enrolment(enrolment_id)
        if not ENROLMENT.can(EnrolmentState(enrolment.state), EnrolmentEvent.LEAVE):
            return
        course = await Course.get(id=enrolment.course_id)
        enrolment.state = ENROLMENT.next(EnrolmentState(enrolment.state), EnrolmentEvent.LEAVE)
        enrolment.overdue_at = enrolment.excluded_at = enrolment.opens_at = enrolment.closes_at = None
        await enrolment.save(update_fields=["state", "overdue_at", "excluded_at", "opens_at", "closes_at"])
        await record(actor, now, "course.dismiss", "course_enrolment", enrolment.id, reason=reason)
        await self.notices.notify(
            pool=course.pool,
            kind="course_changed",
            dedupe_key=f"course_dismissed:{enrolment.id}:{now.isoformat()}",
            account_id=enrolment.account_id,
            params=facts_of(course, enrolment, now, reason=f"已退费，您不再参加（{reason}）"),
        )
