"""Progress notices of a running draw to its agency: at once, then at most once per interval, however many answers come.

The last one is ``agency_full`` or ``agency_short``. No notice is sent before ``digest_at``; ``digest_agreed`` is the
number of acceptances in the last notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from models.draws import Draw
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.draws.draw_notices import agency_notices
from services.draws.locks import Locked, lock
from services.notifications import NoticeRequest, Notices

_WAITING = """
 FROM draw d WHERE d.state IN ('drawing', 'paused', 'ending') AND d.digest_at <= $1
 AND d.digest_agreed <> (SELECT sum(c.accepted) FROM draw_condition c WHERE c.draw_id = d.id)
"""
DIGESTS_DUE = f"EXISTS (SELECT 1{_WAITING})"


async def progress_notices(deps: Deps, locked: Locked) -> list[NoticeRequest]:
    """Notices to the agency after the number of acceptances has changed; none while the last is recent."""
    draw, now, agreed = locked.draw, deps.now(), locked.accepted
    full = agreed == sum(condition.needed for condition in locked.conditions)
    if full or (draw.digest_at is not None and now < draw.digest_at):
        return []
    book = deps.book(draw.pool)
    hours = book.ladder["agency_agreed"].hours.get("wechat")
    if hours is not None and not hours.contains(now):  # one notice in the morning instead of several at night
        draw.digest_at = hours.next_open(now)
        await draw.save(update_fields=["digest_at"])
        return []
    draw.digest_at = now + book.draw.progress_every
    await record_notified_count(draw, agreed)
    return await agency_notices(draw, "agency_agreed", str(draw.log_length), agreed=agreed, needed=draw.needed)


async def record_notified_count(draw: Draw, agreed: int) -> None:
    """Record the number of acceptances that the agency was notified of."""
    draw.digest_agreed = agreed
    await draw.save(update_fields=["digest_at", "digest_agreed"])


@dataclass(frozen=True)
class Digests:
    deps: Deps
    notices: Notices

    async def notify_due(self) -> int:
        """Notify agencies of changes since the last notice; returns the number of draws processed."""
        due = await rows(f"SELECT d.id{_WAITING}ORDER BY d.digest_at LIMIT 100", self.deps.now())
        return await process_each("digests", due, lambda row: self._notify_agency(row["id"]))

    async def _notify_agency(self, draw_id: UUID) -> None:
        async with transaction():
            locked = await lock(draw_id)
            if locked.draw.digest_agreed != locked.accepted:
                await self.notices.notify_each(locked.draw.pool, await progress_notices(self.deps, locked))
