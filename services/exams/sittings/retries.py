"""Further tries of an examination for who makes up a course (补学)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.exams.lifecycles import CandidateEvent, CandidateState, ExamState
from models.exams import Exam, ExamCandidate
from services.core.base import record, system
from services.exams.repository import lock_candidate, move_candidate, rules_of


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
