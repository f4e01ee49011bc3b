"""为什么没有抽到我: what bars the expert now, and how many draws of the past months were open to him.

Of draws only those count that had ended before the present month began, and only in bands: nobody learns from it that a
draw goes on, when one took place, or who called for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.catalogues import region_prefix
from domain.experts.drawability import COUNTED, Reason, counted_months, describe_matches, reasons_of
from models.experts import Expert
from services.core.base import Actor, Deps, from_row, rows
from services.core.permissions import check
from services.expert_file_views.standing import STANDING, standing_of
from services.experts import not_in_pool

_STANDING = f"SELECT e AS expert, {STANDING} FROM expert e WHERE e.id = $1 AND e.pool = $3 AND e.left_at IS NULL"
_MATCHES = """
SELECT (SELECT count(*)::int FROM (SELECT DISTINCT c.draw_id
    FROM (SELECT * FROM draw_condition WHERE specialty = ANY($2::text[]) OFFSET 0) AS c
    CROSS JOIN LATERAL (SELECT FROM draw d WHERE d.id = c.draw_id AND d.pool = $3 AND d.started_at IS NOT NULL
        AND d.kind <> 'recall' AND d.ended_at >= $4 AND d.ended_at < $5 AND d.starts_at < $5 OFFSET 0) AS d
   WHERE CASE WHEN c.region_mode = 'willing'
           THEN EXISTS (SELECT 1 FROM unnest(c.regions) AS r, unnest($6::text[]) AS w WHERE starts_with(r, w))
           ELSE c.regions && $7::text[] END
     AND c.title_level IN ('', $8) AND (c.qualification = '' OR c.qualification = ANY($9::text[]))
     AND c.department IN ('', $10) AND (NOT c.emergency OR $12)
   LIMIT $11) AS m) AS matches,
  (SELECT count(*)::int FROM invitation i JOIN draw d ON d.id = i.draw_id WHERE i.expert_id = $1
     AND d.ended_at >= $4 AND d.ended_at < $5 AND d.starts_at < $5) AS calls
"""
"""How many draws that ended from ``$4`` until ``$5`` had a condition which the expert meets as he is filed now, and how
many of them called him. Compare ``services.draws.call_order.eligibility``. OFFSET 0 makes PostgreSQL begin with the
conditions of his specialties instead of with all draws of the pool."""


@dataclass(frozen=True)
class DrawingChances:
    """``reasons``: those that bar first. ``since`` and ``until``: the whole months that were counted, half-open; equal
    where the expert entered only now. ``matches`` in words; ``calls`` of the same months."""

    reasons: tuple[Reason, ...]
    since: datetime
    until: datetime
    matches: str
    has_matches: bool
    calls: int
    recusal_years: int
    """Years for which a former employer recuses."""

    @property
    def bars(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.bars)

    @property
    def last(self) -> datetime:
        """A moment of the last counted month."""
        return self.until - timedelta(days=1)

    @property
    def is_counted(self) -> bool:
        return self.since < self.until


@dataclass(frozen=True)
class OwnChances:
    deps: Deps

    async def read(self, actor: Actor) -> DrawingChances:
        """The actor's own. Raises Forbidden for a person who is not in the pool."""
        check(actor, "expert.self.read")
        now, book = self.deps.now(), self.deps.book(actor.pool)
        standing_rows = await rows(_STANDING, actor.expert_id, now, actor.pool)
        if not standing_rows:
            raise not_in_pool()
        expert = from_row(Expert, standing_rows[0]["expert"])
        since, until = counted_months(now, expert.created_at)
        counted = await _count(expert, since, until)
        return DrawingChances(
            reasons=reasons_of(standing_of(expert, standing_rows[0], book, now), book, now),
            since=since,
            until=until,
            matches=describe_matches(counted["matches"]),
            has_matches=counted["matches"] > 0,
            calls=counted["calls"],
            recusal_years=book.draw.employment_recusal_years,
        )


async def _count(expert: Expert, since: datetime, until: datetime) -> Any:
    [counted] = await rows(
        _MATCHES,
        expert.id,
        expert.specialty_path,
        expert.pool,
        since,
        until,
        [region_prefix(region) for region in expert.willing_regions],
        expert.region_path,
        expert.title_level,
        expert.qualifications,
        expert.department,
        COUNTED + 1,
        expert.emergency,
    )
    return counted
