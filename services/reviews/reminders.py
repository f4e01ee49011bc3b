"""Notices every working morning: to reviewers the number of applications waiting since the day before, to
administrators those that wait too long or have no reviewer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.clock import local
from services.core.base import Deps, rows, transaction
from services.notifications import Notices, Recipient
from services.reviews.coverage import find_uncovered
from services.reviews.scope import COVERS, PREFIX, in_force

_WAITING = f"""
WITH reviewer AS MATERIALIZED (
    SELECT coalesce(s.substitute_id, a.account_id) AS account_id, a.account_id AS holder, a.step, {PREFIX} AS prefix,
           a.specialty
      FROM review_assignment a LEFT JOIN review_substitution s ON s.account_id = a.account_id AND s.pool = a.pool
           AND {in_force("$5")}
      JOIN account c ON c.id = coalesce(s.substitute_id, a.account_id) AND c.disabled_at IS NULL
     WHERE a.pool = $1 AND a.revoked_at IS NULL AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.pool = a.pool
           AND n.dedupe_key = 'review_waiting:' || coalesce(s.substitute_id, a.account_id)
                              || ':' || a.step || ':' || $3)
), waiting AS MATERIALIZED (
    SELECT t.step_code, t.region, t.specialty, t.handed_to, r.account_id AS owner, count(*) AS n
      FROM review_task t JOIN application p ON p.id = t.application_id
      LEFT JOIN (SELECT DISTINCT account_id FROM reviewer) r ON r.account_id = p.account_id
      LEFT JOIN campaign k ON k.id = p.campaign_id AND $4
     WHERE t.pool = $1 AND t.state = 'open' AND p.state IN ('reviewing', 'sent_back') AND t.opened_at < $2
       AND coalesce(k.review_from <= $5, TRUE)
       AND (p.own_until IS NOT NULL OR coalesce(k.review_until > $5, TRUE))
       AND EXISTS (SELECT 1 FROM reviewer)
     GROUP BY t.step_code, t.region, t.specialty, t.handed_to, r.account_id
)
SELECT account_id, step_code, sum(n)::int AS n FROM (
    SELECT DISTINCT a.account_id, t.* FROM waiting t JOIN reviewer a ON {COVERS}
     WHERE t.owner IS DISTINCT FROM a.account_id AND t.owner IS DISTINCT FROM a.holder
       AND (t.handed_to IS NULL OR t.handed_to = a.holder)
) found GROUP BY account_id, step_code
"""
"""By reviewer and step, without those notified today; an absent one's substitute is notified in his place. Excludes own
applications, tasks handed to another, and (``$4``) those outside their campaign's review window."""

_LATE = """
SELECT t.step_code AS step, count(*)::int AS n FROM review_task t JOIN application p ON p.id = t.application_id
  JOIN unnest($2::text[], $3::timestamptz[]) AS late(code, since) ON late.code = t.step_code
 WHERE t.pool = $1 AND t.state = 'open' AND p.state IN ('reviewing', 'sent_back') AND t.opened_at <= late.since
 GROUP BY t.step_code
"""
_OFFICE = """
SELECT DISTINCT a.id FROM role_grant g JOIN account a ON a.id = g.account_id
 WHERE a.pool = $1 AND g.role = 'pool_admin' AND g.revoked_at IS NULL AND a.disabled_at IS NULL
"""


@dataclass(frozen=True)
class Reminders:
    deps: Deps
    notices: Notices

    async def send_reminders(self) -> int:
        """Notify every reviewer, and every administrator, at most once a day and step; returns the number notified now.

        Notices missed in the morning during an outage are sent later within the hours.
        """
        now = self.deps.now()
        pools = [
            code
            for code, book in self.deps.rulebooks.items()
            if book.calendar.is_workday(local(now).date()) and book.review.reminders.contains(now)
        ]
        return sum([await self._remind_reviewers(pool, now) + await self._warn_office(pool, now) for pool in pools])

    async def _remind_reviewers(self, pool: str, now: datetime) -> int:
        names = {step.code: step.name for step in self.deps.book(pool).review.steps}
        midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        day, windowed = f"{local(now):%Y%m%d}", self.deps.book(pool).review.own_campaign_window
        recipients = [
            Recipient(
                dedupe_key=f"review_waiting:{row['account_id']}:{row['step_code']}:{day}",
                params={
                    "step": names.get(row["step_code"], row["step_code"]),
                    "count": str(row["n"]),
                },
                account_id=row["account_id"],
            )
            for row in await rows(_WAITING, pool, midnight, day, windowed, now)
        ]
        if not recipients:
            return 0
        async with transaction():
            return await self.notices.notify_many(pool=pool, kind="review_waiting", recipients=recipients)

    async def _warn_office(self, pool: str, now: datetime) -> int:
        """Notify administrators of steps with late tasks, or with tasks without a reviewer."""
        day, steps = f"{local(now):%Y%m%d}", self.deps.book(pool).review.steps
        late_rows = await rows(_LATE, pool, [step.code for step in steps], [now - step.expected for step in steps])
        late_counts = {row["step"]: row["n"] for row in late_rows}
        uncovered_counts = Counter[str]()
        for uncovered in await find_uncovered(pool):
            uncovered_counts[uncovered.step] += uncovered.waiting
        stuck = [step for step in steps if late_counts.get(step.code) or uncovered_counts[step.code]]
        if not stuck:
            return 0
        recipients = [
            Recipient(
                dedupe_key=f"review_stuck:{row['id']}:{step.code}:{day}",
                params={
                    "step": step.name,
                    "nobody": str(uncovered_counts[step.code]),
                    "late": str(late_counts.get(step.code, 0)),
                },
                account_id=row["id"],
            )
            for row in await rows(_OFFICE, pool)
            for step in stuck
        ]
        if not recipients:
            return 0
        async with transaction():
            return await self.notices.notify_many(pool=pool, kind="review_stuck", recipients=recipients)
