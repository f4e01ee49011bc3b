"""How far a running draw is, sent to its agency: at once, then at most every so often, whatever the number of answers.

The last one is ``agency_full`` or ``agency_short``. ``digest_at`` is the moment before which nothing is sent again,
``digest_agreed`` how many had agreed at the last notice.
"""

from __future__ import annotations

from uuid import UUID

from models.draws import Draw
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.draws.repository import Locked, agency_notices, lock
from services.notifications import NoticeRequest, Notices

_WAITING = """
 FROM draw d WHERE d.state IN ('drawing', 'paused', 'ending') AND d.digest_at <= $1
 AND d.digest_agreed <> (SELECT sum(c.accepted) FROM draw_condition c WHERE c.draw_id = d.id)
"""
DIGESTS_DUE = f"EXISTS (SELECT 1{_WAITING})"


async def progress_notices(deps: Deps, locked: Locked) -> list[NoticeRequest]:
    """Notices to the agency after the number of those who agreed has changed: none while the last is fresh."""
    draw, now, agreed = locked.draw, deps.now(), locked.accepted
    full = agreed == sum(condition.needed for condition in locked.conditions)
    if full or (draw.digest_at is not None and now < draw.digest_at):
        return []
    book = deps.book(draw.pool)
    hours = book.ladder["agency_agreed"].hours.get("wechat")
    if hours is not None and not hours.contains(now):  # one notice in the morning, not one for each step of the night
        draw.digest_at = hours.next_open(now)
        await draw.save(update_fields=["digest_at"])
        return []
    draw.digest_at = now + book.draw.progress_every
    await note_notified(draw, agreed)
    return await agency_notices(draw, "agency_agreed", str(draw.log_length), agreed=agreed, needed=draw.needed)


async def note_notified(draw: Draw, agreed: int) -> None:
    """Record how many agreements the agency has been notified of."""
    draw.digest_agreed = agreed
    await draw.save(update_fields=["digest_at", "digest_agreed"])


class Digests:
    def __init__(self, deps: Deps, notices: Notices) -> None:
        self._deps = deps
        self._notices = notices

    async def notify_due(self) -> int:
        """Notify agencies of what has changed since the last notice; returns how many draws were looked at."""
        due = await rows(f"SELECT d.id{_WAITING}ORDER BY d.digest_at LIMIT 100", self._deps.now())
        return await process_each("digests", due, lambda row: self._notify(row["id"]))

    async def _notify(self, draw_id: UUID) -> None:
        async with transaction():
            locked = await lock(draw_id)
            if locked.draw.digest_agreed != locked.accepted:
                await self._notices.notify_each(locked.draw.pool, await progress_notices(self._deps, locked))
