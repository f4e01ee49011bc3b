"""Objections that the venue leaves unanswered: one reminder to the venue, after which the office sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.remuneration.lifecycles import RemunerationState
from services.core.base import Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.draws import PartyNotifications, lock
from services.notifications import Notices
from services.remuneration.records import lock_remuneration, notify_proposer, reply_until

_KIND, _AGAIN = "remuneration_disputes", ":again"
_DUE = f"""
SELECT r.id, r.draw_id FROM remuneration r
  JOIN unnest($1::text[], $2::timestamptz[]) AS late(pool, since) ON late.pool = r.pool
 WHERE r.state = 'disputed' AND r.answered_at <= late.since AND r.proposed_by_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.pool = r.pool
     AND n.dedupe_key = 'remuneration_disputed:' || r.id || ':' || r.version || '{_AGAIN}')
   AND {not_paused(_KIND, "r.id")} ORDER BY r.answered_at LIMIT $3
"""


@dataclass(frozen=True)
class DisputeReminders:
    deps: Deps
    notices: Notices
    parties: PartyNotifications

    async def remind_due(self, limit: int = 100) -> int:
        """Remind the venue's staff, including the proposer, of unanswered objections; returns how many."""
        now, books = self.deps.now(), self.deps.rulebooks
        since = [now - book.remuneration.answer_within for book in books.values()]
        return await process_each(_KIND, await rows(_DUE, list(books), since, limit), self._remind_venue)

    async def _remind_venue(self, row: Any) -> None:
        async with transaction():
            draw = (await lock(row["draw_id"])).draw
            remuneration, now = await lock_remuneration(row["id"]), self.deps.now()
            until = reply_until(self.deps.book(remuneration.pool), remuneration)
            if remuneration.state != RemunerationState.DISPUTED or until is None or until > now:
                return
            await notify_proposer(self.notices, draw, remuneration, _AGAIN)
            await self.parties.notify(
                draw,
                "unreplied",
                by=remuneration.proposed_by_id,
                occasion=f"{remuneration.id.hex}:{remuneration.version}",
            )
            await record(
                system(remuneration.pool),
                now,
                "remuneration.reminded",
                "remuneration",
                remuneration.id,
                version=remuneration.version,
            )
