"""Terms (聘期) that expire, and notices in advance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_date
from models.experts import Expert
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.notifications import Notices

_ENDING = """
SELECT id FROM expert WHERE pool = $1 AND left_at IS NULL AND active AND membership_status = 'formal'
   AND term_until > $2 AND term_until <= $3 AND (term_notified_at IS NULL OR term_notified_at < term_until - ($3 - $2))
 ORDER BY term_until LIMIT 500
"""


@dataclass(frozen=True)
class ExpertTerms:
    deps: Deps
    notices: Notices

    async def notify_ending(self) -> int:
        """Notify each expert once whose term ends within the rulebook's time; returns how many were due."""
        now, count = self.deps.now(), 0
        for pool, book in self.deps.rulebooks.items():
            due = await rows(_ENDING, pool, now, now + book.entry.ending_notice)
            await process_each("term_ending", due, lambda row: self._notify(row["id"], now))
            count += len(due)
        return count

    async def _notify(self, expert_id: UUID, now: datetime) -> None:
        async with transaction():
            expert = await Expert.select_for_update().get(id=expert_id)
            if expert.term_until is None or expert.left_at is not None:
                return
            expert.term_notified_at = now
            await expert.save(update_fields=["term_notified_at"])
            await self.notices.notify(
                pool=expert.pool,
                kind="term_ending",
                expert_id=expert.id,
                dedupe_key=f"term_ending:{expert.id}:{expert.term_until:%Y%m%d}",
                params={"until": print_date(expert.term_until)},
            )
