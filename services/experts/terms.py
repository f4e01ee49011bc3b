"""Terms (聘期): the own one, and notices before it expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.clock import print_date
from domain.exams.reminders import steps_behind
from services.core.base import Actor, Deps, rows, transaction
from services.core.due_rows import process_each
from services.core.permissions import check
from services.expert_files import lock_file
from services.experts.membership_status import not_in_pool
from services.experts.renewals import IS_RENEWING, NEXT_CAMPAIGN, Renewal, renewal_of
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
_OWN = f"""
SELECT e.term_until, e.born_on, {NEXT_CAMPAIGN.format(**_IN_PLACE)} AS next_campaign,
  {IS_RENEWING.format(**_IN_PLACE)} AS is_renewing
FROM expert e WHERE e.id = $1 AND e.left_at IS NULL AND $2::timestamptz IS NOT NULL
"""


@dataclass(frozen=True)
class OwnTerm:
    """``until`` None: no end is filed, and draws go on. ``renewal``: how it is renewed now, whenever it ends."""

    until: datetime | None
    born_on: date | None
    renewal: Renewal


@dataclass(frozen=True)
class ExpertTerms:
    deps: Deps
    notices: Notices

    async def own_term(self, actor: Actor) -> OwnTerm:
        """The actor's own. Raises Forbidden for a person who is not in the pool."""
        check(actor, "expert.self.read")
        now = self.deps.now()
        own_rows = await rows(_OWN, actor.expert_id, now)
        if not own_rows:
            raise not_in_pool()
        renewal = renewal_of(own_rows[0], self.deps.book(actor.pool), actor.pool, now)
        return OwnTerm(own_rows[0]["term_until"], own_rows[0]["born_on"], renewal)

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
