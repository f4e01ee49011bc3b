"""Reminds candidates before the start (考试提醒), by the steps of the examination's published rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.exams.lifecycles import CandidateState
from domain.exams.reminders import steps_behind
from models.exams import Exam, ExamSitting
from services.core.base import Deps, rows, transaction
from services.core.due_rows import not_paused, process_each
from services.exams.notifications import facts_of
from services.exams.repository import QUALIFIES, lock_candidate, rules_of
from services.notifications import Notices

_DUE = f"""
FROM exam_candidate c JOIN exam e ON e.id = c.exam_id LEFT JOIN exam_sitting s ON s.id = c.sitting_id
WHERE c.state = 'called' AND e.state = 'published' AND coalesce(s.starts_at, e.opens_at) > $1
  AND coalesce(s.starts_at, e.opens_at) - (e.rules -> 'reminders' ->> c.reminders::int)::interval <= $1
  AND {QUALIFIES}
"""
REMINDERS_DUE = f"EXISTS (SELECT 1 {_DUE} AND {not_paused('exam_reminder', 'c.id')})"
_NEXT = f"SELECT c.id {_DUE} AND {not_paused('exam_reminder', 'c.id')} ORDER BY c.id LIMIT 500"


@dataclass(frozen=True)
class ExamReminders:
    deps: Deps
    notices: Notices

    async def remind_due(self) -> int:
        now = self.deps.now()
        due = await rows(_NEXT, now)
        return await process_each("exam_reminder", due, lambda row: self._remind_candidate(row["id"], now))

    async def _remind_candidate(self, candidate_id: UUID, now: datetime) -> None:
        """Of several steps due at once only the last is sent."""
        async with transaction():
            candidate = await lock_candidate(candidate_id)
            exam = await Exam.get(id=candidate.exam_id)
            sitting = await ExamSitting.get_or_none(id=candidate.sitting_id)
            starts = sitting.starts_at if sitting else exam.opens_at
            behind = steps_behind(rules_of(exam).reminders, starts, now)
            if behind <= candidate.reminders or candidate.state != CandidateState.CALLED or starts <= now:
                return
            candidate.reminders = behind
            await candidate.save(update_fields=["reminders"])
            await self.notices.notify(
                pool=exam.pool,
                kind="exam_reminder",
                dedupe_key=f"exam_reminder:{candidate.id}:{starts.isoformat()}:{behind}",
                params=facts_of(exam, candidate, sitting, now),
                account_id=candidate.account_id,
            )
