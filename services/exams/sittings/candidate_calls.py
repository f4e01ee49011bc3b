"""Calls people to examinations, including later ones, and removes candidates who no longer qualify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.exams.lifecycles import CandidateEvent
from domain.exams.purposes import Purpose
from domain.exams.reminders import steps_behind
from domain.ids import new_id
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.core.base import Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.limits import advisory_lock
from services.exams.notifications import recipient
from services.exams.repository import (
    lock_candidate,
    lock_sittings,
    move_candidate,
    rules_of,
    void_open_attempts,
)
from services.exams.sittings.seating import Seating
from services.notifications import Notices

BATCH = 500
GONE = "申请或专家资格已结束，不再参加考试"
_OPEN = "e.state = 'published' AND e.closes_at > $1"
_NEW = "NOT EXISTS (SELECT 1 FROM exam_candidate o WHERE o.exam_id = e.id AND o.account_id = {account})"
_SOURCES = {
    Purpose.ENTRY: (
        "SELECT e.id AS exam_id, p.account_id, p.id AS application_id, NULL::uuid AS expert_id "
        "FROM exam e JOIN application p ON p.pool = e.pool AND p.state = 'exam' "
        f"WHERE e.purpose = 'entry' AND {_OPEN} AND (e.campaign_id IS NULL OR p.campaign_id = e.campaign_id) "
        f"AND {_NEW.format(account='p.account_id')} "
        # one examination at a time: a person who waits to sit another, or for its result, is not called here
        "AND NOT EXISTS (SELECT 1 FROM exam_candidate o JOIN exam x ON x.id = o.exam_id "
        "WHERE o.application_id = p.id AND o.state = 'called' AND x.state IN ('published', 'closed'))"
    ),
    Purpose.CAMPAIGN: (
        "SELECT e.id AS exam_id, x.account_id, NULL::uuid AS application_id, x.id AS expert_id "
        "FROM exam e JOIN expert x ON x.pool = e.pool AND x.left_at IS NULL AND x.account_id IS NOT NULL "
        f"WHERE e.purpose = 'campaign' AND {_OPEN} AND {_NEW.format(account='x.account_id')} "
        "AND EXISTS (SELECT 1 FROM application p WHERE p.expert_id = x.id AND p.state = 'entered' "
        "AND p.campaign_id = e.campaign_id)"
    ),
    # persons who have studied a course that ends with this examination; the office names all others
    Purpose.SINGLE: (
        "SELECT e.id AS exam_id, n.account_id, NULL::uuid AS application_id, n.expert_id "
        "FROM exam e JOIN course c ON c.exam_id = e.id JOIN course_enrolment n ON n.course_id = c.id "
        f"WHERE n.state = 'learned' AND {_OPEN} AND {_NEW.format(account='n.account_id')}"
    ),
    Purpose.MOCK: (
        "SELECT DISTINCT e.id AS exam_id, c.account_id, NULL::uuid AS application_id, NULL::uuid AS expert_id "
        "FROM exam e JOIN exam x ON x.pool = e.pool AND x.state = 'published' AND x.purpose <> 'mock' "
        "AND x.closes_at > $1 AND (e.campaign_id IS NULL OR x.campaign_id = e.campaign_id) "
        "JOIN exam_candidate c ON c.exam_id = x.id AND c.state = 'called' "
        f"WHERE e.purpose = 'mock' AND {_OPEN} AND {_NEW.format(account='c.account_id')}"
    ),
}
_MISSING = " UNION ALL ".join(f"({source})" for source in _SOURCES.values())
_PAUSED = not_paused("exam_call", "m.exam_id")
_RETURNING = f"""
SELECT c.id, c.exam_id FROM exam_candidate c JOIN exam e ON e.id = c.exam_id
  JOIN application p ON p.id = c.application_id
 WHERE c.state = 'left' AND p.state = 'exam' AND p.state_since > c.concluded_at AND e.purpose = 'entry' AND {_OPEN}
   AND NOT EXISTS (SELECT 1 FROM exam_candidate o WHERE o.application_id = p.id AND o.state = 'called')
"""
"""Whose application ended, and was taken up again since. Whom the office has taken out of it stays out."""
_TO_CALL = f"(SELECT s.exam_id FROM ({_MISSING}) s UNION ALL SELECT r.exam_id FROM ({_RETURNING}) r) m WHERE {_PAUSED}"
CALLS_DUE = f"EXISTS (SELECT 1 FROM {_TO_CALL})"
_EXAMS = f"SELECT DISTINCT m.exam_id AS id FROM {_TO_CALL}"
_PEOPLE = f"SELECT * FROM ({_MISSING}) m WHERE m.exam_id = $2 ORDER BY m.account_id LIMIT {BATCH}"

_LOST = """
FROM exam_candidate c JOIN exam e ON e.id = c.exam_id LEFT JOIN application p ON p.id = c.application_id
LEFT JOIN expert x ON x.id = c.expert_id
WHERE c.state = 'called' AND e.state = 'published' AND e.closes_at > $1 AND (p.state <> 'exam' OR x.left_at IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM exam_attempt a WHERE a.candidate_id = c.id
    AND (a.state IN ('sealed', 'graded') OR a.state = 'running' AND a.grace_until < $1))
"""
"""Who has handed a paper in gets its result, and at its end the examination removes who is left: whichever task comes
first, the outcome is the same."""
_REST = not_paused("exam_leave", "c.id")
LEAVES_DUE = f"EXISTS (SELECT 1 {_LOST} AND {_REST})"
_LEAVING = f"SELECT c.id, c.exam_id {_LOST} AND {_REST} ORDER BY c.id LIMIT {BATCH}"


@dataclass(frozen=True)
class CandidateCalls:
    deps: Deps
    notices: Notices
    seating: Seating

    # ---- calling

    async def call_due(self) -> int:
        """Call everyone who should sit a published examination and isn't called yet."""
        due = await rows(_EXAMS, self.deps.now())
        return await process_each("exam_call", due, lambda row: self._call_many(row["id"]))

    async def _call_many(self, exam_id: UUID) -> None:
        await self._call_back(exam_id)
        while await self._call_batch(exam_id) == BATCH:
            pass

    async def _call_back(self, exam_id: UUID) -> None:
        """Those who had to leave it, and whose application was taken up again."""
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"exam_call:{exam_id}")
            exam, sitting = await Exam.get(id=exam_id), None
            for row in await rows(f"{_RETURNING} AND c.exam_id = $2 ORDER BY c.id LIMIT {BATCH}", now, exam_id):
                sitting = sitting or await _only_sitting(exam)
                candidate = await lock_candidate(row["id"])
                await move_candidate(candidate, CandidateEvent.RETURN, now)
                candidate.called_at, candidate.reminders = now, _reminders_behind(exam, sitting, now)
                candidate.sitting_id = sitting.id if sitting else None
                await candidate.save(update_fields=["called_at", "reminders", "sitting_id"])
                if sitting is not None:
                    sitting.booked += 1
                    await sitting.save(update_fields=["booked"])
                to = recipient("exam_called", exam, candidate, sitting, now, occasion=now.isoformat())
                await self.notices.notify_many(pool=exam.pool, kind="exam_called", recipients=[to])
                await record(system(exam.pool), now, "exam.return", "exam_candidate", candidate.id)

    async def _call_batch(self, exam_id: UUID) -> int:
        now = self.deps.now()
        async with transaction():
            await advisory_lock(f"exam_call:{exam_id}")
            exam = await Exam.get(id=exam_id)
            people = await rows(_PEOPLE, now, exam_id)
            await self.add(exam, people, now)
        return len(people)

    async def add(self, exam: Exam, people: Sequence[Any], now: datetime) -> list[ExamCandidate]:
        """Call these (account_id, application_id, expert_id), and notify them unless it is a mock examination.

        Inside the caller's transaction, which holds the lock ``exam_call`` of the examination.
        """
        sitting = await _only_sitting(exam)
        behind = _reminders_behind(exam, sitting, now)
        candidates = [
            ExamCandidate(
                id=new_id(),
                exam_id=exam.id,
                account_id=person["account_id"],
                application_id=person["application_id"],
                expert_id=person["expert_id"],
                sitting_id=sitting.id if sitting else None,
                reminders=behind,
                called_at=now,
            )
            for person in people
        ]
        await ExamCandidate.bulk_create(candidates, batch_size=BATCH)
        if sitting is not None:
            sitting.booked += len(candidates)
            await sitting.save(update_fields=["booked"])
        if exam.state == "published":
            await self.notify_candidates(exam, candidates, sitting, now)
        await record(system(exam.pool), now, "exam.call", "exam", exam.id, count=len(candidates))
        return candidates

    async def notify_candidates(
        self, exam: Exam, candidates: Sequence[ExamCandidate], sitting: ExamSitting | None, now: datetime
    ) -> None:
        if exam.purpose == Purpose.MOCK:  # offered beside the real one, which is notified
            return
        await self.notices.notify_many(
            pool=exam.pool,
            kind="exam_called",
            recipients=[recipient("exam_called", exam, candidate, sitting, now) for candidate in candidates],
        )

    # ---- removing

    async def leave_due(self) -> int:
        """Remove candidates whose application no longer waits, or who left the pool."""
        due = await rows(_LEAVING, self.deps.now())
        return await process_each("exam_leave", due, lambda row: self._remove_candidate(row["id"], row["exam_id"]))

    async def _remove_candidate(self, candidate_id: UUID, exam_id: UUID) -> None:
        now = self.deps.now()
        async with transaction():
            exam = await Exam.get(id=exam_id)
            sittings = await lock_sittings(exam_id)
            candidate = await lock_candidate(candidate_id)
            await ExamAttempt.filter(candidate_id=candidate_id).order_by("id").select_for_update()
            if not await rows(f"SELECT c.id {_LOST} AND c.id = $2", now, candidate_id):
                return
            await move_candidate(candidate, CandidateEvent.LEAVE, now)
            candidate.waiting_id = candidate.waiting_since = None
            await candidate.save(update_fields=["waiting_id", "waiting_since"])
            await self.seating.unseat(exam, candidate, sittings, now)
            await void_open_attempts(candidate.id, GONE)
            await record(system(exam.pool), now, "exam.leave", "exam_candidate", candidate.id)


async def _only_sitting(exam: Exam) -> ExamSitting | None:
    """Without booking: the window for all, locked. A draft has none yet."""
    if exam.state != "published" or rules_of(exam).booking:
        return None
    return await ExamSitting.filter(exam_id=exam.id).select_for_update().get()


def _reminders_behind(exam: Exam, sitting: ExamSitting | None, now: datetime) -> int:
    """The call is itself a reminder: reminders already due are not sent in addition."""
    if exam.state != "published":
        return 0
    return steps_behind(rules_of(exam).reminders, sitting.starts_at if sitting else exam.opens_at, now)
