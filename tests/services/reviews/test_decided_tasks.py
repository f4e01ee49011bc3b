"""A reviewer's list of decided tasks is read by an index, for any number of tasks in the pool."""

from __future__ import annotations

import pytest

from domain.ids import new_id
from services.core.base import Deps, execute, rows
from services.reviews.decided_tasks import PAGE
from tests.factories.reviews import make_application

pytestmark = pytest.mark.usefixtures("catalogues")

_DECIDED = """
INSERT INTO review_task (id, application_id, pool, round, step, step_code, region, specialty, state, opened_at,
    decided_at, decided_by, opinion)
SELECT gen_random_uuid(), $1, 'demo', 1, 0, 'first', '440000', n::text, 'passed', now(), now(), gen_random_uuid(), ''
FROM generate_series(1, 3000) AS n
"""


async def test_one_reviewers_decisions_are_found_by_an_index(deps: Deps) -> None:
    application = await make_application(deps)
    await execute(_DECIDED, application.id)
    await execute("ANALYZE review_task")
    plan = await rows(f"EXPLAIN {PAGE}", "demo", new_id(), ["first"], [], 0, 20)
    scans = [line for row in plan for line in row.values() if "on review_task" in line]
    conditions = [line for row in plan for line in row.values() if "Index Cond" in line and "decided_by" in line]
    assert len(scans) == 1
    assert "Seq Scan" not in scans[0]
    assert conditions
