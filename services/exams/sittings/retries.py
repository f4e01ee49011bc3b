"""Further tries of an examination for who makes up a course (补学), or whose application is taken up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.exams.lifecycles import CandidateEvent, CandidateState, ExamState
from models.exams import Exam, ExamAttempt, ExamCandidate
from services.core.base import record, system
from services.exams.repository import NOT_SAT, lock_candidate, lock_sittings, move_candidate, rules_of


class DecidedByExam(NamedTuple):
    """The last verdict of the pool's own examinations on an application that ended: passed, which still counts, or
    failed in one that is still held."""

    candidate_id: UUID
    exam_id: UUID
    exam: str
    closes_at: datetime
    is_passed: bool


async def find_decided(application_id: UUID, now: datetime) -> DecidedByExam | None:
    """None: not sat, or failed in an examination that is over."""
    candidates = ExamCandidate.filter(application_id=application_id, concluded_at__not_isnull=True)
    last = await candidates.exclude(state=CandidateState.LEFT).order_by("-concluded_at").first().select_related("exam")
    if last is None:
        return None
    exam, is_passed = last.exam, last.state == CandidateState.PASSED
    if not is_passed and (exam.state != ExamState.PUBLISHED or exam.closes_at <= now):
        return None
    return DecidedByExam(last.id, exam.id, exam.name, exam.closes_at, is_passed)


@dataclass(frozen=True)
class ExamRetries:
    """Apart from ``Candidates``, so that a payment can restore tries without all that the office needs."""

    async def is_failed_in_open_exam(self, exam_id: UUID, expert_id: UUID, now: datetime) -> bool:
        """Whether ``restore_tries`` would let the person sit the examination again."""
        failed = ExamCandidate.filter(exam_id=exam_id, expert_id=expert_id, state=CandidateState.FAILED)
        return await failed.filter(exam__state=ExamState.PUBLISHED, exam__closes_at__gt=now).exists()

    async def restore_tries(self, exam_id: UUID, expert_id: UUID, reason: str, now: datetime) -> None:
        """Restore all tries of a candidate who failed and makes up a course (补学); inside the caller's transaction.

        Does nothing for a person who isn't called yet, or after the examination.
        """
        if not await self.is_failed_in_open_exam(exam_id, expert_id, now):
            return
        candidate = await lock_candidate((await ExamCandidate.get(exam_id=exam_id, expert_id=expert_id)).id)
        if candidate.state != CandidateState.FAILED:
            return
        exam = await Exam.get(id=exam_id)
        await move_candidate(candidate, CandidateEvent.RETRY, now)
        candidate.extra_tries += rules_of(exam).tries
        candidate.allowance_reason = reason
        await candidate.save(update_fields=["extra_tries", "allowance_reason"])
        await record(system(exam.pool), now, "exam.renew", "exam_candidate", candidate.id, reason=reason)

    async def give_try(self, decided: DecidedByExam, reason: str, now: datetime) -> None:
        """A candidate who failed may sit the examination once more, or as often as he had left.

        Inside the caller's transaction, which has locked the application. Raises Conflict for one who has passed since.
        """
        sittings = await lock_sittings(decided.exam_id)
        candidate, exam = await lock_candidate(decided.candidate_id), await Exam.get(id=decided.exam_id)
        await move_candidate(candidate, CandidateEvent.RETRY, now)
        sat = await ExamAttempt.filter(candidate_id=candidate.id).exclude(state__in=NOT_SAT).count()
        candidate.extra_tries += max(0, sat + 1 - rules_of(exam).tries - candidate.extra_tries)
        candidate.allowance_reason = reason
        if candidate.sitting_id is None and not rules_of(exam).booking:  # one window for all
            [sitting] = sittings.values()
            candidate.sitting_id, sitting.booked = sitting.id, sitting.booked + 1
            await sitting.save(update_fields=["booked"])
        await candidate.save(update_fields=["extra_tries", "allowance_reason", "sitting_id"])
        await record(system(exam.pool), now, "exam.renew", "exam_candidate", candidate.id, reason=reason)
