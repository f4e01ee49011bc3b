"""Terms (聘期) that expire, and notices in advance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.clock import print_date
from domain.exams.reminders import steps_behind
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.expert_files import lock_file
from services.experts.renewals import IS_RENEWING, NEXT_CAMPAIGN, renewal_of
from services.notifications import Notices

_IN_PLACE = {"expert": "e", "now": "$2"}
_ENDING = f"""
SELECT e.id, {NEXT_CAMPAIGN.format(**_IN_PLACE)} AS next_campaign, FALSE AS is_renewing FROM expert e
 WHERE e.pool = $1 AND e.left_at IS NULL AND e.membership_status = 'formal' AND e.term_until > $2
   AND EXISTS (SELECT 1 FROM unnest($3::interval[]) AS step (ahead) WHERE e.term_until - step.ahead <= $2
     AND (e.term_notified_at IS NULL OR e.term_notified_at < e.term_until - step.ahead))
   AND NOT {IS_RENEWING.format(**_IN_PLACE)}
 ORDER BY e.term_until LIMIT 500
"""


@dataclass(frozen=True)
class ExpertTerms:
    deps: Deps
    notices: Notices

    async def notify_ending(self) -> int:
        """Remind experts by the rulebook's steps before the end of the term; of several due at once only the last.

        Who has applied for renewal is not reminded. Returns how many were due.
        """
        now, count = self.deps.now(), 0
        for pool, book in self.deps.rulebooks.items():
            due = await rows(_ENDING, pool, now, list(book.entry.ending_reminders))
            await process_each("term_ending", due, lambda row: self._remind(row, now))
            count += len(due)
        return count

    async def _remind(self, row: Mapping[str, Any], now: datetime) -> None:
        async with transaction():
            expert = await lock_file(row["id"])
            if expert is None or expert.term_until is None or expert.left_at is not None:
                return
            expert.term_notified_at = now
            await expert.save(update_fields=["term_notified_at"])
            book = self.deps.book(expert.pool)
            behind = steps_behind(book.entry.ending_reminders, expert.term_until, now)
            await self.notices.notify(
                pool=expert.pool,
                kind="term_ending",
                expert_id=expert.id,
                dedupe_key=f"term_ending:{expert.id}:{expert.term_until:%Y%m%d}:{behind}",
                params={
                    "until": print_date(expert.term_until),
                    "advice": renewal_of(row, book, expert.pool, now).advice,
                },
            )
