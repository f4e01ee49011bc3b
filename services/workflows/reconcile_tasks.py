"""Adjusts open review tasks of applications after the rulebook's review steps have changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.applications import lock
from services.core.base import Deps, rows, transaction
from services.core.due_rows import process_each
from services.workflows.reviews import ReviewWorkflow

_ASTRAY = """
SELECT DISTINCT p.id FROM application p
  LEFT JOIN review_task t ON t.application_id = p.id AND t.state = 'open'
  LEFT JOIN unnest($2::text[], $3::int[], $4::boolean[]) AS s(code, place, by_specialty) ON s.code = t.step_code
 WHERE p.pool = $1 AND p.state IN ('reviewing', 'sent_back') AND CASE WHEN t.id IS NULL THEN p.state = 'reviewing'
    ELSE s.code IS NULL OR s.place <> t.step OR s.by_specialty <> (t.specialty <> '') OR t.former_region AND NOT $5 END
 LIMIT 500
"""
"""A task of a step that was removed, moved, or changed between whole and per specialty; one of a region that is no
longer asked; or an application under review without any task."""


@dataclass(frozen=True)
class TaskReconciler:
    deps: Deps
    reviews: ReviewWorkflow

    async def run(self) -> int:
        """Adapt the tasks; returns the number of applications processed. Approvals are never lost."""
        now = self.deps.now()
        return sum([await self._reconcile_pool(pool, now) for pool in self.deps.rulebooks])

    async def _reconcile_pool(self, pool: str, now: datetime) -> int:
        steps = self.deps.book(pool).review.steps
        astray_applications = await rows(
            _ASTRAY,
            pool,
            [step.code for step in steps],
            list(range(len(steps))),
            [step.per_specialty for step in steps],
            self.deps.book(pool).review.old_region == "ask",
        )
        return await process_each(
            "reconcile_review_tasks", astray_applications, lambda row: self._reconcile_application(row["id"], now)
        )

    async def _reconcile_application(self, application_id: UUID, now: datetime) -> None:
        async with transaction():
            await self.reviews.reconcile_tasks(await lock(application_id), now)
