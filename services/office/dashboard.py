"""The office's first page: open work, and what takes place today; and regions of the province."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from domain.clock import local
from domain.experts.corrections import SECOND_LOOK
from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.draws import WorkLines, WorkLists
from services.integrations import GIVEN_UP
from services.office.application_list import TO_CONFIRM
from services.office_sheets import SHEET_TTL, WAITING_SHEETS
from services.payments import (
    ABNORMAL,
    OPEN,
    REVERSIBLE,
    TO_MAKE,
)
from services.reviews import find_uncovered
from services.sanctions import APPEALS, PROPOSALS
from services.understanding import RECURRING

UNREPLIED = "r.state = 'disputed' AND r.answered_at <= {since}"
"""Objections to a remuneration that the venue has left unanswered since a moment or longer."""

Kind = Literal[
    "unassigned_reviews",
    "overdue_reviews",
    "employer_requests",
    "objections",
    "reinstatements",
    "sanction_proposals",
    "sanction_sheets",
    "sanction_appeals",
    "exam_appeals",
    "exam_evidence",
    "overdue_feedback",
    "feedback",
    "misunderstood",
    "disputes",
    "refunds",
    "unmatched_payments",
    "invoices",
    "reversals",
    "differences",
    "corrections",
    "lost_events",
]
"""``unassigned_reviews``: tasks that no reviewer covers; ``reversals``: invoices that the office has to reverse;
``reinstatements``: ended applications to be taken up again, that wait for a second person; ``disputes``: objections to
a remuneration that a venue has not answered in time; ``misunderstood``: sentences that the chat did not understand
more than once; ``overdue_feedback``: threads that the office should have answered; ``sanction_proposals``: acts
against experts that wait for a second person, ``sanction_sheets``: whole sheets of them; ``lost_events``: events that a
platform did not receive."""

_WAITING = f"""
SELECT 'overdue_reviews' AS kind, count(*), min(t.opened_at) AS since, NULL::uuid AS subject FROM review_task t
  JOIN unnest($2::text[], $3::timestamptz[]) AS late(code, since) ON late.code = t.step_code
 WHERE t.pool = $1 AND t.state = 'open' AND t.opened_at <= late.since
UNION ALL SELECT 'employer_requests', count(*), min(created_at), NULL FROM employer_request
 WHERE pool = $1 AND state = 'open'
UNION ALL SELECT 'objections', count(*), min(created_at), NULL FROM objection WHERE pool = $1 AND state = 'open'
UNION ALL SELECT 'reinstatements', count(*), min(v.begun_at), NULL FROM application_act v
 WHERE v.pool = $1 AND {TO_CONFIRM}
UNION ALL SELECT 'sanction_proposals', count(*), min(s.proposed_at), NULL FROM sanction s
 WHERE s.pool = $1 AND {PROPOSALS}
UNION ALL SELECT 'sanction_sheets', count(*), min(created_at), NULL FROM office_sheet
 WHERE pool = $1 AND kind = 'sanctions' AND {WAITING_SHEETS.format(since="$6")}
UNION ALL SELECT 'sanction_appeals', count(*), min(s.appealed_at), NULL FROM sanction s WHERE s.pool = $1 AND {APPEALS}
UNION ALL SELECT 'exam_appeals', count(*), min(l.created_at), (array_agg(a.exam_id ORDER BY l.created_at))[1]
  FROM exam_appeal l JOIN exam_attempt a ON a.id = l.attempt_id WHERE l.pool = $1 AND l.state = 'open'
UNION ALL SELECT 'exam_evidence', count(*), min(v.received_at), (array_agg(a.exam_id ORDER BY v.received_at))[1]
  FROM exam_evidence v JOIN exam_attempt a ON a.id = v.attempt_id WHERE v.pool = $1 AND v.state = 'open'
UNION ALL SELECT 'overdue_feedback', count(*), min(due_at), NULL FROM feedback
 WHERE pool = $1 AND state = 'open' AND due_at <= $7
UNION ALL SELECT 'feedback', count(*), min(created_at), NULL FROM feedback WHERE pool = $1 AND state = 'open'
UNION ALL SELECT 'misunderstood', count(*), min(first_at), NULL FROM misunderstood_sentence
 WHERE pool = $1 AND state = 'open' AND count >= {RECURRING}
UNION ALL SELECT 'disputes', count(*), min(r.answered_at), NULL FROM remuneration r
 WHERE r.pool = $1 AND {UNREPLIED.format(since="$4")}
UNION ALL SELECT 'refunds', count(*), min(o.created_at), NULL FROM pay_order o WHERE o.pool = $1 AND o.id IN {ABNORMAL}
UNION ALL SELECT 'unmatched_payments', count(*), min(received_at), NULL FROM pay_event WHERE pool = $1 AND {OPEN}
UNION ALL SELECT 'invoices', count(*), min(i.created_at), NULL FROM invoice i JOIN fee f ON f.id = i.fee_id
 WHERE i.pool = $1 AND {TO_MAKE}
UNION ALL SELECT 'reversals', count(*), min(i.created_at), NULL FROM invoice i
 WHERE i.pool = $1 AND i.id IN {REVERSIBLE}
UNION ALL SELECT 'corrections', count(*), min(begun_at), NULL FROM correction
 WHERE pool = $1 AND state = 'waiting' AND kind = ANY($5::text[])
UNION ALL SELECT 'lost_events', count(*), min(e.happened_at), NULL FROM integration_event e
  JOIN integration_client c ON c.id = e.client_id WHERE c.pool = $1 AND c.revoked_at IS NULL AND {GIVEN_UP}
UNION ALL SELECT 'differences', count(*), (min(b.day) + 1)::timestamp AT TIME ZONE 'Asia/Shanghai', NULL
  FROM bill_difference d JOIN bill b ON b.id = d.bill_id
 WHERE b.pool = $1 AND d.resolved_at IS NULL
"""
_SITTINGS = """
SELECT e.id, e.name, s.starts_at, s.ends_at, s.place, CASE WHEN s.capacity IS NULL THEN NULL ELSE s.booked END AS booked
FROM exam_sitting s JOIN exam e ON e.id = s.exam_id
WHERE e.pool = $1 AND e.state = 'published' AND e.closes_at > $2
  AND s.starts_at < $2::timestamptz + interval '1 day' AND s.ends_at > $2
ORDER BY s.starts_at, e.name, s.id LIMIT 6
"""
_PLACES = """
SELECT DISTINCT ON (c.position, c.code, e.code <> c.code, e.position, e.code) e.code, e.name, e.code = c.code AS city
FROM catalogue_entry c JOIN catalogue_entry e
  ON e.pool IN ('', $1) AND e.kind = 'region' AND (e.code = c.code OR e.parent = c.code)
WHERE c.pool IN ('', $1) AND c.kind = 'region' AND c.parent = $2
ORDER BY c.position, c.code, e.code <> c.code, e.position, e.code
"""


@dataclass(frozen=True)
class Waiting:
    """Open tasks of a kind, and since when the oldest waits. ``subject``: the examination that the oldest concerns."""

    kind: Kind
    count: int
    since: datetime
    subject: UUID | None = None


@dataclass(frozen=True)
class SittingToday:
    """``id`` is the examination's; ``booked`` is None where no place is booked."""

    id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime
    place: str
    booked: int | None


@dataclass(frozen=True)
class Today:
    """What takes place today: draws under way and panels that gather, sittings of examinations."""

    draws: WorkLines
    sittings: tuple[SittingToday, ...]


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
    worklists: WorkLists

    async def list_waiting(self, actor: Actor) -> tuple[Waiting, ...]:
        """The office's open work by kind, in the order of ``Kind``; kinds without any are left out."""
        check(actor, "application.read")
        steps, now = self.deps.book(actor.pool).review.steps, self.deps.now()
        since = [now - step.expected for step in steps]
        due = replies_due(self.deps, actor.pool)
        values = (actor.pool, [step.code for step in steps], since, due, SECOND_LOOK, now - SHEET_TTL, now)
        counted = await rows(_WAITING, *values)
        waiting = [Waiting(row["kind"], row["count"], row["since"], row["subject"]) for row in counted if row["count"]]
        if uncovered := await find_uncovered(actor.pool):
            waiting.append(Waiting("unassigned_reviews", sum(part.waiting for part in uncovered), uncovered[0].since))
        return tuple(sorted(waiting, key=lambda part: get_args(Kind).index(part.kind)))

    async def today(self, actor: Actor) -> Today:
        """What takes place today."""
        check(actor, "application.read")
        midnight = local(self.deps.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        return Today(
            await self.worklists.read(actor, "day", limit=10),
            tuple([SittingToday(**row) for row in await rows(_SITTINGS, actor.pool, midnight)]),
        )

    async def places(self, actor: Actor) -> list[Place]:
        """All regions of the province, each city followed by what lies in it."""
        check(actor, "application.read")
        place_rows = await rows(_PLACES, actor.pool, self.deps.book(actor.pool).pool.region)
        return [Place(**row) for row in place_rows]
