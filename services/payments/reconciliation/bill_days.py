"""Days whose trade bill is still to be compared; see ``bills``."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from domain.clock import SHANGHAI
from domain.ids import new_id
from services.core.base import execute

READY = time(10, 0)
"""In Shanghai; the platform makes yesterday's bill from nine o'clock."""


async def open_day(pool: str, day: date, at: datetime | None = None) -> None:
    """Let a day's bill be compared, once it is made (or ``at`` that moment); a day that is open already stays so.

    A pool's first order opens its day, and each day that comes due opens the next.
    """
    made = datetime.combine(day + timedelta(days=1), READY, SHANGHAI)
    await execute(
        "INSERT INTO bill (id, pool, day, state, trades, received, refunded, sha1, check_at, failure) "
        "VALUES ($1, $2, $3, 'waiting', 0, 0, 0, '', $4, '') ON CONFLICT (pool, day) DO UPDATE "
        "SET check_at = CASE WHEN $5 THEN $4 ELSE bill.check_at END",
        new_id(),
        pool,
        day,
        at or made,
        at is not None,
    )
