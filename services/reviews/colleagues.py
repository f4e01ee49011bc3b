"""Colleagues to whom a reviewer can hand tasks: those whose own assignments cover them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.masking import mask_mobile
from services.core.base import Deps, rows
from services.reviews.scope import PREFIX, covered_by, own_applications

_REVIEWERS = """
SELECT c.id, c.real_name, c.mobile_sealed FROM account c
 WHERE c.pool = $1 AND c.id <> $2 AND c.disabled_at IS NULL AND EXISTS
   (SELECT 1 FROM review_assignment r WHERE r.account_id = c.id AND r.pool = $1 AND r.revoked_at IS NULL)
"""


def _assignments_of(person: str) -> str:
    return f"""
SELECT a.step, {PREFIX} AS prefix, a.specialty FROM review_assignment a
 WHERE a.pool = $1 AND a.account_id = {person} AND a.revoked_at IS NULL
"""


_AS_WIDE = f"""
{_REVIEWERS} AND EXISTS ({_assignments_of("$2")}) AND NOT EXISTS (
  SELECT 1 FROM ({_assignments_of("$2")}) mine WHERE NOT EXISTS (
    SELECT 1 FROM ({_assignments_of("c.id")}) theirs WHERE theirs.step = mine.step
       AND starts_with(mine.prefix, theirs.prefix) AND starts_with(mine.specialty, theirs.specialty)))
 ORDER BY c.real_name, c.id
"""
"""Reviewers whose own assignments cover all of ``$2``."""
_FOR_TASK = f"""
{_REVIEWERS} AND EXISTS (SELECT 1 FROM review_task t WHERE t.id = $3 AND t.pool = $1 AND {covered_by("c.id")}
   AND t.application_id <> ALL({own_applications("c.id")}))
 ORDER BY c.real_name, c.id
"""


@dataclass(frozen=True)
class Colleague:
    """A reviewer of the same pool."""

    account_id: UUID
    name: str
    masked_mobile: Annotated[str, Field(examples=["138****1234"])]

    @property
    def text(self) -> str:
        """For a list to choose from."""
        return f"{self.name or '（未登记姓名）'} {self.masked_mobile}"


async def colleagues_as_wide(deps: Deps, pool: str, account_id: UUID) -> list[Colleague]:
    """Reviewers with the same scope or a wider one."""
    return _show(deps, await rows(_AS_WIDE, pool, account_id))


async def colleagues_for(deps: Deps, pool: str, account_id: UUID, task_id: UUID) -> list[Colleague]:
    """Reviewers who may decide this task by their own assignments."""
    return _show(deps, await rows(_FOR_TASK, pool, account_id, task_id))


def _show(deps: Deps, account_rows: Iterable[Mapping[str, Any]]) -> list[Colleague]:
    return [
        Colleague(row["id"], row["real_name"], mask_mobile(deps.keys.open_text(row["mobile_sealed"], "mobile")))
        for row in account_rows
    ]
