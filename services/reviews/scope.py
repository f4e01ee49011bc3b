"""Scope of reviewers: an assignment covers tasks by step, region and branch of specialties.

A reviewer decides by his own assignments, and by those of absent colleagues in whose place he stands (代办).
"""

from __future__ import annotations

from datetime import datetime
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


def own_applications(person: str) -> str:
    """SQL: ids of the applications of ``person``, by any account or expert record."""
    return f"""
ARRAY(SELECT p.id FROM application p WHERE p.account_id = {person}
  UNION ALL SELECT p.id FROM account me JOIN account own ON own.pool = me.pool
    AND own.id_number_hash = me.id_number_hash JOIN application p ON p.account_id = own.id WHERE me.id = {person}
  UNION ALL SELECT p.id FROM expert e JOIN application p ON p.expert_id = e.id WHERE e.account_id = {person})
"""


OWN = own_applications("$2")
"""Applications of the person ``$2``."""


def in_force(moment: str) -> str:
    """SQL: the substitution ``s`` holds at ``moment``."""
    return f"s.ended_at IS NULL AND s.starts_at <= {moment} AND s.ends_at > {moment}"


def scopes_of(person: str, moment: str) -> str:
    """SQL: the assignments ``a`` of ``person``, and those of colleagues in whose place, ``stands_for``, he stands at
    ``moment``. Revoked ones are among them."""
    fields = "a.pool, a.step, a.region, a.exact, a.specialty, a.granted_at, a.revoked_at"
    return f"""(
  SELECT {fields}, NULL::uuid AS stands_for FROM review_assignment a WHERE a.account_id = {person}
  UNION ALL SELECT {fields}, a.account_id FROM review_substitution s
    JOIN review_assignment a ON a.account_id = s.account_id AND a.pool = s.pool
   WHERE s.substitute_id = {person} AND {in_force(moment)}) a"""


_NOT_OF_THE_ABSENT = f"(a.stands_for IS NULL OR t.application_id <> ALL({own_applications('a.stands_for')}))"
"""A substitute decides no application of the person in whose place he stands."""


def reaches(moment: str) -> str:
    """SQL: the person ``$2`` may decide the task ``t`` in the pool ``$1`` at ``moment``.

    ``OFFSET 0`` makes PostgreSQL read the few assignments once, not for each of thousands of tasks.
    """
    return f"""
EXISTS (SELECT 1 FROM (
    SELECT a.step, {PREFIX} AS prefix, a.specialty, a.stands_for FROM {scopes_of("$2", moment)}
     WHERE a.pool = $1 AND a.revoked_at IS NULL OFFSET 0
    ) a WHERE {COVERS} AND {_NOT_OF_THE_ABSENT})
AND t.application_id <> ALL({OWN})
"""


def covered_by(person: str) -> str:
    """SQL: an own assignment of ``person``, whose account is not disabled, covers the task ``t``."""
    return f"""
EXISTS (SELECT 1 FROM (
    SELECT a.step, {PREFIX} AS prefix, a.specialty FROM review_assignment a
      JOIN account holder ON holder.id = a.account_id AND holder.disabled_at IS NULL
     WHERE a.pool = t.pool AND a.account_id = {person} AND a.revoked_at IS NULL
    ) a WHERE {COVERS})
"""


def _left_to(person: str, moment: str) -> str:
    """SQL: the task ``t`` is handed to nobody else, or to one who can't decide it any more."""
    return f"""
(t.handed_to IS NULL OR t.handed_to = {person} OR NOT {covered_by("t.handed_to")}
  OR EXISTS (SELECT 1 FROM review_substitution s
              WHERE s.substitute_id = {person} AND s.account_id = t.handed_to AND {in_force(moment)}))
"""


_DEPARTMENT = f"""
SELECT a.department FROM review_task t
  JOIN (SELECT a.*, {PREFIX} AS prefix FROM review_assignment a WHERE a.account_id = $2) a ON a.pool = t.pool
 WHERE t.id = $1 AND {COVERS}
 ORDER BY a.revoked_at IS NOT NULL, a.department = '', length(a.specialty) DESC, a.granted_at LIMIT 1
"""
_STANDS_FOR = f"""
SELECT a.stands_for FROM review_task t
  JOIN (SELECT a.*, {PREFIX} AS prefix FROM {scopes_of("$2", "$3")}) a ON a.pool = t.pool
 WHERE t.id = $1 AND a.stands_for IS NOT NULL AND a.revoked_at IS NULL AND {COVERS} AND {_NOT_OF_THE_ABSENT}
 ORDER BY a.granted_at LIMIT 1
"""
_ASSIGNED = f"""
SELECT DISTINCT a.step, {PREFIX} AS prefix, a.specialty, a.stands_for FROM {scopes_of("$2", "$4")}
 WHERE a.pool = $1 AND a.revoked_at IS NULL AND a.step = ANY($3::text[]) ORDER BY 1, 2, 3, 4 NULLS FIRST
"""


async def open_tasks_condition(actor: Actor, book: Rulebook, now: datetime) -> tuple[str, SqlValues]:
    """SQL, with its values, for the open tasks ``t`` of a person's queue; the first values are the pool and the person.

    Equivalent to ``reaches`` for the rulebook's steps, without tasks handed to others, with the person's few
    assignments written out, so that a page of the queue is read in index order until it is full.
    """
    values = SqlValues(actor.pool, actor.account_id)
    branches = []
    for row in await rows(_ASSIGNED, *values, [step.code for step in book.review.steps], now):
        branch = (
            COVERS.replace("a.step ", f"{values.add(row['step'])} ")
            .replace("a.prefix", values.add(row["prefix"]))
            .replace("a.specialty", values.add(row["specialty"]))
        )
        if row["stands_for"] is not None:
            absent = f"{values.add(row['stands_for'])}::uuid"
            branch += f" AND t.application_id <> ALL({own_applications(absent)})"
        branches.append(branch)
    reach = " OR ".join(f"({branch})" for branch in branches) or "false"
    moment = f"{values.add(now)}::timestamptz"
    where = f"t.pool = $1 AND t.state = 'open' AND ({reach}) AND t.application_id <> ALL({OWN})"
    return f"{where} AND {_left_to('$2', moment)}", values


async def may_decide_task(pool: str, task_id: UUID, account_id: UUID, now: datetime) -> bool:
    """Whether the person may read and decide a task of the pool now."""
    sql = f"SELECT 1 FROM review_task t WHERE t.pool = $1 AND t.id = $3 AND {reaches('$4')}"
    return bool(await rows(sql, pool, account_id, task_id, now))


async def find_represented(task_id: UUID, account_id: UUID, now: datetime) -> UUID | None:
    """The absent colleague in whose place the person decides the task."""
    represented = await rows(_STANDS_FOR, task_id, account_id, now)
    return represented[0]["stands_for"] if represented else None


async def is_own(application_id: UUID, account_id: UUID) -> bool:
    return bool(await rows(f"SELECT 1 WHERE $1::uuid = ANY({OWN})", application_id, account_id))


async def department_of(task_id: UUID, account_id: UUID | None, usual: str) -> str:
    """The department in whose name a person decides a task; ``usual`` is the rulebook's name for the step."""
    department_rows = await rows(_DEPARTMENT, task_id, account_id) if account_id else []
    return str(department_rows[0]["department"]) if department_rows and department_rows[0]["department"] else usual
