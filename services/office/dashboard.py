"""Counts of the office's open work, and regions of the province."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.payments import (
    ABNORMAL,
    OPEN,
    REVERSIBLE,
    TO_MAKE,
)
from services.reviews import find_uncovered

UNREPLIED = "r.state = 'disputed' AND r.answered_at <= {since}"
"""Objections to a remuneration that the venue has left unanswered since a moment or longer."""

_WAITING = f"""
SELECT
(SELECT count(*) FROM employer_request WHERE pool = $1 AND state = 'open') AS employer_requests,
(SELECT count(*) FROM objection WHERE pool = $1 AND state = 'open') AS objections,
(SELECT count(*) FROM feedback WHERE pool = $1 AND state = 'open') AS feedback,
(SELECT count(*) FROM review_task t
 JOIN unnest($2::text[], $3::timestamptz[]) AS late(code, since) ON late.code = t.step_code
 WHERE t.pool = $1 AND t.state = 'open' AND t.opened_at <= late.since) AS overdue_reviews,
(SELECT count(*) FROM pay_order o WHERE o.pool = $1 AND o.id IN {ABNORMAL}) AS refunds,
(SELECT count(*) FROM invoice i JOIN fee f ON f.id = i.fee_id WHERE i.pool = $1 AND {TO_MAKE}) AS invoices,
(SELECT count(*) FROM invoice i WHERE i.pool = $1 AND i.id IN {REVERSIBLE}) AS reversals,
(SELECT count(*) FROM pay_event WHERE pool = $1 AND {OPEN}) AS unmatched_payments,
(SELECT count(*) FROM remuneration r WHERE r.pool = $1 AND {UNREPLIED.format(since="$4")}) AS disputes,
(SELECT count(*) FROM bill_difference d JOIN bill b ON b.id = d.bill_id
 WHERE b.pool = $1 AND d.resolved_at IS NULL) AS differences
"""
_PLACES = """
SELECT DISTINCT ON (c.position, c.code, e.code <> c.code, e.position, e.code) e.code, e.name, e.code = c.code AS city
FROM catalogue_entry c JOIN catalogue_entry e
  ON e.pool IN ('', $1) AND e.kind = 'region' AND (e.code = c.code OR e.parent = c.code)
WHERE c.pool IN ('', $1) AND c.kind = 'region' AND c.parent = $2
ORDER BY c.position, c.code, e.code <> c.code, e.position, e.code
"""


@dataclass(frozen=True)
class WaitingCounts:
    """Number of open tasks of the office by kind. ``unassigned_reviews``: tasks that no reviewer covers."""

    employer_requests: int
    objections: int
    feedback: int
    overdue_reviews: int
    unassigned_reviews: int
    refunds: int
    invoices: int
    reversals: int
    """Invoices that the office has to reverse."""
    unmatched_payments: int
    disputes: int
    """Objections to a remuneration that a venue has not answered in time."""
    differences: int


@dataclass(frozen=True)
class Place:
    """A region of the province. ``city``: directly below it; others follow their city."""

    code: str
    name: str
    city: bool


def replies_due(deps: Deps, pool: str) -> datetime:
    """Objections older than this should have an answer by now."""
    return deps.now() - deps.book(pool).remuneration.answer_within


@dataclass(frozen=True)
class OfficeDashboard:
    """Reading only."""

    deps: Deps

    async def count_waiting(self, actor: Actor) -> WaitingCounts:
        """Counts of the office's open work."""
        check(actor, "application.read")
        steps, now = self.deps.book(actor.pool).review.steps, self.deps.now()
        since = [now - step.expected for step in steps]
        counts = (
            await rows(_WAITING, actor.pool, [step.code for step in steps], since, replies_due(self.deps, actor.pool))
        )[0]
        return WaitingCounts(
            **counts, unassigned_reviews=sum(uncovered.waiting for uncovered in await find_uncovered(actor.pool))
        )

    async def places(self, actor: Actor) -> list[Place]:
        """All regions of the province, each city followed by what lies in it."""
        check(actor, "application.read")
        place_rows = await rows(_PLACES, actor.pool, self.deps.book(actor.pool).pool.region)
        return [Place(**row) for row in place_rows]
