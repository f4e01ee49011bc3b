"""Daily limits, counted by project or organisation, including drafts that are deleted again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.clock import local
from domain.errors import TooMany
from services.core.base import rows
from services.core.limits import seconds_until

_COUNT = (
    "INSERT INTO usage_count (id, kind, subject_id, day, used) VALUES (gen_random_uuid(), $1, $2, $3, 1) "
    "ON CONFLICT (kind, subject_id, day) DO UPDATE SET used = usage_count.used + 1 RETURNING used"
)


async def count_use(
    kind: Literal["preview", "draft"], subject_id: UUID, now: datetime, limit: int, message: str
) -> int:
    """Count one more on the day of ``now`` and return how many are left. Raises TooMany, which undoes the count."""
    used = (await rows(_COUNT, kind, subject_id, f"{local(now):%Y%m%d}"))[0]["used"]
    if used > limit:
        midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        raise TooMany(message, retry_after=seconds_until(midnight, now), code=f"{kind}_limit")
    return int(limit - used)
