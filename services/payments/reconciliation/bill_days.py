"""Days whose trade bill is still to be reconciled; see ``bills``."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from domain.clock import SHANGHAI
from domain.ids import new_id
from services.core.base import execute

READY = time(10, 0)
"""In Shanghai; the platform makes yesterday's bill from nine o'clock."""


async def open_day(pool: str, day: date, at: datetime | None = None) -> None:
    """Schedule the reconciliation of a day's bill for when it exists (or for ``at``); does nothing for a day already
    scheduled.

    A pool's first order schedules its day, and each processed day the next.
    """
    bill_ready_at = datetime.combine(day + timedelta(days=1), READY, SHANGHAI)
    await execute(
        "INSERT INTO bill (id, pool, day, state, trades, received, refunded, sha1, check_at, failure) "
        "VALUES ($1, $2, $3, 'waiting', 0, 0, 0, '', $4, '') ON CONFLICT (pool, day) DO UPDATE "
        "SET check_at = CASE WHEN $5 THEN $4 ELSE bill.check_at END",
        new_id(),
        pool,
        day,
        at or bill_ready_at,
        at is not None,
    )
