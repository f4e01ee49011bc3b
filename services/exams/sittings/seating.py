"""Places of sittings: booking, releasing, and moving up from the waiting list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.exams.lifecycles import CandidateState
from domain.exams.reminders import steps_behind
from models.exams import Exam, ExamCandidate, ExamSitting
from services.exams.notifications import invitation_of
from services.exams.repository import Sittings, rules_of
from services.notifications import Notices


@dataclass(frozen=True)
class Seating:
    """Runs inside the caller's transaction, sittings and candidate locked."""

    notices: Notices

    async def unseat(self, exam: Exam, candidate: ExamCandidate, sittings: Sittings, now: datetime) -> None:
        """Release the person's place, and let the waiting list move up."""
        if candidate.sitting_id is None:
            return
        old_sitting = sittings[candidate.sitting_id]
        candidate.sitting_id = None
        old_sitting.booked -= 1
        await candidate.save(update_fields=["sitting_id"])
        await old_sitting.save(update_fields=["booked"])
        await self.fill_freed_places(exam, [old_sitting], sittings, now)

    async def seat(
        self, exam: Exam, candidate: ExamCandidate, wanted: ExamSitting, sittings: Sittings, now: datetime
    ) -> None:
        """Take a place before releasing the old one, so that no waiting person is moved into the wanted place."""
        if candidate.sitting_id == wanted.id:
            return
        old_sitting = sittings.get(candidate.sitting_id) if candidate.sitting_id else None
        await _take_place(exam, candidate, wanted, now)
        if old_sitting is not None:
            old_sitting.booked -= 1
            await old_sitting.save(update_fields=["booked"])
            await self.fill_freed_places(exam, [old_sitting], sittings, now)

    async def fill_freed_places(self, exam: Exam, freed: list[ExamSitting], sittings: Sittings, now: datetime) -> None:
        """The longest-waiting person gets a free place; the place released by that is filled in the same way."""
        rules, pending = rules_of(exam), list(freed)
        while pending:
            sitting = pending.pop()
            if is_full(sitting) or now >= sitting.starts_at - rules.booking_until:
                continue
            waiting = ExamCandidate.filter(waiting_id=sitting.id, state=CandidateState.CALLED)
            first_waiting = await waiting.order_by("waiting_since", "id").select_for_update(no_key=True).first()
            if first_waiting is None:
                continue
            old_sitting = sittings.get(first_waiting.sitting_id) if first_waiting.sitting_id else None
            await stop_waiting(first_waiting)
            await _take_place(exam, first_waiting, sitting, now)
            if old_sitting is not None:
                old_sitting.booked -= 1
                await old_sitting.save(update_fields=["booked"])
                pending.append(old_sitting)
            pending.append(sitting)
            await self.notices.notify(
                pool=exam.pool,
                kind="exam_place",
                dedupe_key=f"exam_place:{first_waiting.id}:{now.isoformat()}",
                params=invitation_of(exam, first_waiting, sitting, now),
                account_id=first_waiting.account_id,
            )


def is_full(sitting: ExamSitting) -> bool:
    return sitting.capacity is not None and sitting.booked >= sitting.capacity


async def stop_waiting(candidate: ExamCandidate) -> None:
    if candidate.waiting_id is not None:
        candidate.waiting_id = candidate.waiting_since = None
        await candidate.save(update_fields=["waiting_id", "waiting_since"])


async def _take_place(exam: Exam, candidate: ExamCandidate, sitting: ExamSitting, now: datetime) -> None:
    candidate.sitting_id = sitting.id
    candidate.reminders = steps_behind(rules_of(exam).reminders, sitting.starts_at, now)
    sitting.booked += 1
    await candidate.save(update_fields=["sitting_id", "reminders"])
    await sitting.save(update_fields=["booked"])
