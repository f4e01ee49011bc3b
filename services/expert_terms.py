"""What runs out by itself: terms (聘期) and the standing age limit; who is told ahead, and birth dates read from ID
numbers, which no query can do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.clock import print_date
from domain.persons import birth_of
from models.experts import Expert
from services.base import Deps, execute, rows, transaction
from services.batches import each
from services.codes import Notifier
from services.crypto import SealBroken

_UNKNOWN = "SELECT id, id_number_sealed FROM expert WHERE born_on IS NULL AND id > $1 ORDER BY id LIMIT 1000"
_KNOW = """
UPDATE expert e SET born_on = k.born_on FROM unnest($1::uuid[], $2::date[]) AS k(id, born_on)
 WHERE e.id = k.id AND e.born_on IS NULL
"""
_ENDING = """
SELECT id FROM expert WHERE pool = $1 AND left_at IS NULL AND active AND standing = 'formal'
   AND term_until > $2 AND term_until <= $3 AND (term_told_at IS NULL OR term_told_at < term_until - ($3 - $2))
 ORDER BY term_until LIMIT 500
"""
_NOBODY = UUID(int=0)


async def read_birth_dates(deps: Deps) -> int:
    """Fill in what experts' ID numbers tell, where an earlier release left files without.

    Returns how many can't be read: a pool with an age limit does not draw them.
    """
    last, unread = _NOBODY, 0
    while batch := await rows(_UNKNOWN, last):
        last = batch[-1]["id"]
        known = {}
        for row in batch:
            try:
                known[row["id"]] = birth_of(deps.keys.open_text(row["id_number_sealed"], "id_number"))
            except (SealBroken, ValueError):
                unread += 1
        await execute(_KNOW, list(known), list(known.values()))
    return unread


class ExpertTerms:
    def __init__(self, deps: Deps, notices: Notifier) -> None:
        self._deps = deps
        self._notices = notices

    async def tell_ending(self) -> int:
        """Tell everybody once whose term ends within the rulebook's time; returns how many were due."""
        now, count = self._deps.now(), 0
        for pool, book in self._deps.rulebooks.items():
            due = await rows(_ENDING, pool, now, now + book.entry.ending_notice)
            await each("term_ending", due, lambda row: self._tell(row["id"], now))
            count += len(due)
        return count

    async def _tell(self, expert_id: UUID, now: datetime) -> None:
        async with transaction():
            expert = await Expert.select_for_update().get(id=expert_id)
            if expert.term_until is None or expert.left_at is not None:
                return
            expert.term_told_at = now
            await expert.save(update_fields=["term_told_at"])
            await self._notices.notify(
                pool=expert.pool, kind="term_ending", expert_id=expert.id,
                dedupe_key=f"term_ending:{expert.id}:{expert.term_until:%Y%m%d}",
                params={"until": print_date(expert.term_until)},
            )  # fmt: skip
