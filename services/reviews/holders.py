"""Who holds the open tasks of an application: reviewers in scope, colleagues to whom they were handed, substitutes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.forms.display import show_region, show_specialty
from domain.rulebook.book import Rulebook
from services.catalogue_codes import load_codes
from services.core.base import Deps, rows
from services.reviews.scope import COVERS, PREFIX, in_force, own_applications

_TASKS = """
SELECT t.id, t.step_code, t.specialty, t.region, t.former_region, t.opened_at, t.handed_note,
  (SELECT h.real_name FROM account h WHERE h.id = t.handed_to) AS handed_to
FROM review_task t WHERE t.application_id = $1 AND t.state = 'open' ORDER BY t.step, t.specialty, t.id
"""
_PEOPLE = f"""
SELECT DISTINCT t.id AS task_id, c.real_name AS name, coalesce(d.real_name, '') AS substitute FROM review_task t
  JOIN (SELECT a.account_id, a.pool, a.step, {PREFIX} AS prefix, a.specialty FROM review_assignment a
         WHERE a.revoked_at IS NULL OFFSET 0) a ON a.pool = t.pool AND {COVERS}
  JOIN account c ON c.id = a.account_id AND c.disabled_at IS NULL
  LEFT JOIN review_substitution s ON s.account_id = c.id AND s.pool = t.pool AND {in_force("$2")}
  LEFT JOIN account d ON d.id = s.substitute_id AND d.disabled_at IS NULL
 WHERE t.application_id = $1 AND t.state = 'open' AND t.application_id <> ALL({own_applications("c.id")})
 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class TaskReviewer:
    """``substitute``: who stands in for the absent reviewer now; empty: nobody."""

    name: str
    substitute: str


@dataclass(frozen=True)
class TaskHolders:
    """An open task. Without ``reviewers`` nobody covers it. ``handed_to``: the colleague who is to decide it."""

    step_name: str
    specialty_name: str
    region_name: str
    former_region: bool
    opened_at: datetime
    overdue: bool
    handed_to: str
    handed_note: str
    reviewers: tuple[TaskReviewer, ...]


async def read_holders(deps: Deps, book: Rulebook, application_id: UUID) -> tuple[TaskHolders, ...]:
    """In the order of steps and specialties."""
    now, tasks = deps.now(), await rows(_TASKS, application_id)
    people = defaultdict[UUID, list[TaskReviewer]](list)
    for row in await rows(_PEOPLE, application_id, now) if tasks else ():
        people[row["task_id"]].append(TaskReviewer(row["name"] or "（未登记姓名）", row["substitute"]))
    codes = await load_codes(book, [code for task in tasks for code in (task["specialty"], task["region"]) if code])
    steps = {step.code: step for step in book.review.steps}
    return tuple(
        TaskHolders(
            step_name=steps[task["step_code"]].name,
            specialty_name=show_specialty(task["specialty"], codes) if task["specialty"] else "",
            region_name=show_region(task["region"], codes),
            former_region=task["former_region"],
            opened_at=task["opened_at"],
            overdue=task["opened_at"] + steps[task["step_code"]].expected <= now,
            handed_to=task["handed_to"] or "",
            handed_note=task["handed_note"],
            reviewers=tuple(people[task["id"]]),
        )
        for task in tasks
        if task["step_code"] in steps
    )
