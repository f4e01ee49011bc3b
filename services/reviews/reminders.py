"""A word to reviewers every working morning: how many applications have waited since the day before."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.clock import local
from services.base import Deps, rows, transaction
from services.notices import Notices, Recipient
from services.reviews.reach import COVERS

HOURS = range(9, 18)
"""In Asia/Shanghai; who was not told in the morning, because all was down, is told later the same day."""

_WAITING = f"""
SELECT a.account_id, t.step_code, count(DISTINCT t.id) AS n
  FROM review_task t JOIN application p ON p.id = t.application_id
  JOIN review_assignment a ON a.revoked_at IS NULL AND {COVERS}
  JOIN account c ON c.id = a.account_id AND c.disabled_at IS NULL
 WHERE t.pool = $1 AND t.state = 'open' AND p.state IN ('reviewing', 'sent_back') AND p.account_id <> a.account_id
   AND t.opened_at < $2
 GROUP BY a.account_id, t.step_code
"""


class Reminders:
    def __init__(self, deps: Deps, notices: Notices) -> None:
        self._deps = deps
        self._notices = notices

    async def remind(self) -> int:
        """Tell every reviewer at most once a day and step; returns how many were told now."""
        now = self._deps.now()
        if local(now).hour not in HOURS:
            return 0
        day = local(now).date()
        pools = [code for code, book in self._deps.rulebooks.items() if book.calendar.is_workday(day)]
        return sum([await self._remind(pool, now) for pool in pools])

    async def _remind(self, pool: str, now: datetime) -> int:
        names = {step.code: step.name for step in self._deps.book(pool).review.steps}
        midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        recipients = [
            Recipient(
                dedupe_key=f"review_waiting:{row['account_id']}:{row['step_code']}:{local(now):%Y%m%d}",
                params={
                    "step": names.get(row["step_code"], row["step_code"]),
                    "count": str(row["n"]),
                    "link": f"{self._deps.public_url}/review",
                },
                account_id=row["account_id"],
            )
            for row in await rows(_WAITING, pool, midnight)
        ]
        if not recipients:
            return 0
        async with transaction():
            return await self._notices.notify_many(pool=pool, kind="review_waiting", recipients=recipients)
