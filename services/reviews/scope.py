"""Who may decide what: a task lies within the reach of an assignment by step, region and branch of specialties."""

from __future__ import annotations

from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from services.core.base import rows

TAKEN_BACK = (ApplicationState.CORRECTING, ApplicationState.CANCELLED)
"""The person has the application back, or gave it up: reviewers read nothing of it."""

PREFIX = "CASE WHEN a.exact THEN a.region ELSE regexp_replace(a.region, '(00){1,2}$', '') END"
"""Digits with which every region begins that lies in the assignment's (GB/T 2260)."""

COVERS = "a.step = t.step_code AND starts_with(t.region, a.prefix) AND starts_with(t.specialty, a.specialty)"
"""An assignment ``a`` covers a task ``t`` of its pool: a region covers all below it, a specialty its branch."""

NOT_OWN = """
p.account_id <> ALL(ARRAY(SELECT own.id FROM account own WHERE own.id = $2
    OR own.id_number_hash = (SELECT me.id_number_hash FROM account me WHERE me.id = $2)))
AND (p.expert_id IS NULL OR p.expert_id <> ALL(ARRAY(SELECT e.id FROM expert e WHERE e.account_id = $2)))
"""
"""The application ``p`` is not that of the person ``$2``, by whichever account or file."""

REACHES = f"""
EXISTS (SELECT 1 FROM (
    SELECT a.step, {PREFIX} AS prefix, a.specialty FROM review_assignment a
     WHERE a.pool = $1 AND a.account_id = $2 AND a.revoked_at IS NULL OFFSET 0
    ) a WHERE {COVERS})
AND {NOT_OWN}
"""
"""The person ``$2`` may decide the task ``t`` of the application ``p`` in the pool ``$1``.

``OFFSET 0`` makes PostgreSQL read the few assignments once, not for each of thousands of tasks.
"""

_DEPARTMENT = f"""
SELECT a.department FROM review_task t
  JOIN (SELECT a.*, {PREFIX} AS prefix FROM review_assignment a WHERE a.account_id = $2) a ON a.pool = t.pool
 WHERE t.id = $1 AND {COVERS}
 ORDER BY a.revoked_at IS NOT NULL, a.department = '', length(a.specialty) DESC, a.granted_at LIMIT 1
"""


async def reaches(pool: str, task_id: UUID, account_id: UUID) -> bool:
    """Whether the person may read and decide a task of the pool now."""
    sql = (
        "SELECT 1 FROM review_task t JOIN application p ON p.id = t.application_id "
        f"WHERE t.pool = $1 AND t.id = $3 AND {REACHES}"
    )
    return bool(await rows(sql, pool, account_id, task_id))


async def is_own(application_id: UUID, account_id: UUID) -> bool:
    sql = f"SELECT 1 FROM application p WHERE p.id = $1 AND ({NOT_OWN}) IS NOT TRUE"
    return bool(await rows(sql, application_id, account_id))


async def department_of(task_id: UUID, account_id: UUID | None, usual: str) -> str:
    """As which department a person decides a task; ``usual`` is the rulebook's name for the step's."""
    found = await rows(_DEPARTMENT, task_id, account_id) if account_id else []
    return str(found[0]["department"]) if found and found[0]["department"] else usual
