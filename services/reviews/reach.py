"""Who may decide what: a task lies within the reach of an assignment by step, region and branch of specialties."""

from __future__ import annotations

from uuid import UUID

from services.base import rows

COVERS = """
a.pool = t.pool AND a.step = t.step_code AND starts_with(t.region, regexp_replace(a.region, '(00){1,2}$', ''))
AND starts_with(t.specialty, a.specialty)
"""
"""An assignment ``a`` covers a task ``t``: a region covers all below it (GB/T 2260 codes), a specialty its branch."""

NOT_OWN = """
p.account_id <> $2
AND NOT EXISTS (SELECT 1 FROM expert e WHERE e.id = p.expert_id AND e.account_id = $2)
AND NOT EXISTS (SELECT 1 FROM account own, account other WHERE own.id = $2 AND other.id = p.account_id
    AND own.id_number_hash = other.id_number_hash)
"""
"""The application ``p`` is not that of the person ``$2``, by whichever account or file."""

REACHES = f"""
EXISTS (SELECT 1 FROM review_assignment a WHERE a.account_id = $2 AND a.revoked_at IS NULL AND {COVERS})
AND {NOT_OWN}
"""

_DEPARTMENT = f"""
SELECT a.department FROM review_assignment a JOIN review_task t ON t.id = $1
 WHERE a.account_id = $2 AND {COVERS}
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
    sql = f"SELECT 1 FROM application p WHERE p.id = $1 AND NOT ({NOT_OWN})"
    return bool(await rows(sql, application_id, account_id))


async def department_of(task_id: UUID, account_id: UUID | None, usual: str) -> str:
    """As which department a person decides a task; ``usual`` is the rulebook's name for the step's."""
    found = await rows(_DEPARTMENT, task_id, account_id) if account_id else []
    return str(found[0]["department"]) if found and found[0]["department"] else usual
