"""Open tasks without a reviewer: no reviewer of the step covers their region and specialty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.core.base import rows
from services.reviews.scope import COVERS, PREFIX

_UNCOVERED = f"""
WITH reviewer AS MATERIALIZED (
    SELECT a.account_id, a.step, {PREFIX} AS prefix, a.specialty
      FROM review_assignment a JOIN account c ON c.id = a.account_id AND c.disabled_at IS NULL
     WHERE a.pool = $1 AND a.revoked_at IS NULL
), own AS MATERIALIZED (
    SELECT DISTINCT t.id, r.account_id AS owner FROM reviewer r JOIN application p ON p.account_id = r.account_id
      JOIN review_task t ON t.application_id = p.id AND t.state = 'open'
), waiting AS MATERIALIZED (
    SELECT t.step_code, t.region, t.specialty, own.owner, count(*) AS n, min(t.opened_at) AS since
      FROM review_task t LEFT JOIN own ON own.id = t.id WHERE t.pool = $1 AND t.state = 'open'
     GROUP BY t.step_code, t.region, t.specialty, own.owner
)
SELECT t.step_code AS step, t.region, t.specialty, sum(t.n)::int AS waiting, min(t.since) AS since FROM waiting t
 WHERE NOT EXISTS (SELECT 1 FROM reviewer a WHERE {COVERS} AND a.account_id IS DISTINCT FROM t.owner)
 GROUP BY t.step_code, t.region, t.specialty ORDER BY min(t.since), t.step_code, t.region, t.specialty
"""
"""No reviewer decides on an own application, so a single reviewer who applies leaves a task uncovered too."""


@dataclass(frozen=True)
class UncoveredTasks:
    """``waiting``: number of tasks of a step in a region, and with a specialty, without a reviewer."""

    step: str
    region: str
    specialty: str
    waiting: int
    since: datetime


async def find_uncovered(pool: str) -> list[UncoveredTasks]:
    """Longest waiting first."""
    return [UncoveredTasks(**row) for row in await rows(_UNCOVERED, pool)]
