"""Scope of reviewers: an assignment covers tasks by step, region and branch of specialties."""

from __future__ import annotations

from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.rulebook.book import Rulebook
from services.core.base import Actor, rows
from services.core.sql_values import SqlValues

WITHDRAWN = (ApplicationState.CORRECTING, ApplicationState.CANCELLED)
"""States in which the application was withdrawn or cancelled, so that reviewers can't read it."""

PREFIX = "CASE WHEN a.exact THEN a.region ELSE regexp_replace(a.region, '(00){1,2}$', '') END"
"""The common prefix of all regions within the assignment's region (GB/T 2260)."""

COVERS = "a.step = t.step_code AND starts_with(t.region, a.prefix) AND starts_with(t.specialty, a.specialty)"
"""An assignment ``a`` covers a task ``t`` of its pool: a region covers all below it, a specialty its branch."""

OWN = """
ARRAY(SELECT p.id FROM application p WHERE p.account_id = $2
  UNION ALL SELECT p.id FROM account me JOIN account own ON own.pool = me.pool
    AND own.id_number_hash = me.id_number_hash JOIN application p ON p.account_id = own.id WHERE me.id = $2
  UNION ALL SELECT p.id FROM expert e JOIN application p ON p.expert_id = e.id WHERE e.account_id = $2)
"""
"""Applications of the person ``$2``, by any account or expert record."""

REACHES = f"""
EXISTS (SELECT 1 FROM (
    SELECT a.step, {PREFIX} AS prefix, a.specialty FROM review_assignment a
     WHERE a.pool = $1 AND a.account_id = $2 AND a.revoked_at IS NULL OFFSET 0
    ) a WHERE {COVERS})
AND t.application_id <> ALL({OWN})
"""
"""SQL: the person ``$2`` may decide the task ``t`` in the pool ``$1``.

``OFFSET 0`` makes PostgreSQL read the few assignments once, not for each of thousands of tasks.
"""

_DEPARTMENT = f"""
SELECT a.department FROM review_task t
  JOIN (SELECT a.*, {PREFIX} AS prefix FROM review_assignment a WHERE a.account_id = $2) a ON a.pool = t.pool
 WHERE t.id = $1 AND {COVERS}
 ORDER BY a.revoked_at IS NOT NULL, a.department = '', length(a.specialty) DESC, a.granted_at LIMIT 1
"""


_ASSIGNED = f"""
SELECT DISTINCT a.step, {PREFIX} AS prefix, a.specialty FROM review_assignment a
 WHERE a.pool = $1 AND a.account_id = $2 AND a.revoked_at IS NULL
   AND a.step = ANY($3::text[]) ORDER BY 1, 2, 3
"""


async def open_tasks_condition(actor: Actor, book: Rulebook) -> tuple[str, SqlValues]:
    """SQL, with its values, for the open tasks ``t`` that a person may decide; the first values are the pool and the
    person.

    Equivalent to ``REACHES`` for the rulebook's steps, with the person's few assignments written out, so that a page of
    the queue is read in index order until it is full.
    """
    values = SqlValues(actor.pool, actor.account_id)
    branches = []
    for row in await rows(_ASSIGNED, *values, [step.code for step in book.review.steps]):
        branches.append(
            COVERS.replace("a.step ", f"{values.add(row['step'])} ")
            .replace("a.prefix", values.add(row["prefix"]))
            .replace("a.specialty", values.add(row["specialty"]))
        )
    reach = " OR ".join(f"({branch})" for branch in branches) or "false"
    return f"t.pool = $1 AND t.state = 'open' AND ({reach}) AND t.application_id <> ALL({OWN})", values


async def may_decide_task(pool: str, task_id: UUID, account_id: UUID) -> bool:
    """Whether the person may read and decide a task of the pool now."""
    sql = f"SELECT 1 FROM review_task t WHERE t.pool = $1 AND t.id = $3 AND {REACHES}"
    return bool(await rows(sql, pool, account_id, task_id))


async def is_own(application_id: UUID, account_id: UUID) -> bool:
    return bool(await rows(f"SELECT 1 WHERE $1::uuid = ANY({OWN})", application_id, account_id))


async def department_of(task_id: UUID, account_id: UUID | None, usual: str) -> str:
    """The department in whose name a person decides a task; ``usual`` is the rulebook's name for the step."""
    department_rows = await rows(_DEPARTMENT, task_id, account_id) if account_id else []
    return str(department_rows[0]["department"]) if department_rows and department_rows[0]["department"] else usual
