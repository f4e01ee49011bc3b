"""A reviewer's decisions (已办), newest first, and the tasks decided together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.applications.lifecycles import TaskState
from models.reviews import ReviewTask
from services.applications import EVERYTHING
from services.catalogue_codes import load_codes
from services.core.base import Actor, Deps, Page, rows
from services.core.permissions import check
from services.reviews.queue import PAGE_MAX
from services.reviews.scope import WITHDRAWN
from services.reviews.task_views import TaskCard, card_codes, card_of

_DECIDED = (
    "SELECT t.id, t.application_id, t.step_code, t.specialty, t.former_region, t.round, t.opened_at, t.state, "
    "t.decided_at, t.opinion, p.number, p.name, p.entry_type, p.region, p.moves_from, "
    "'' AS handed_by_name, (SELECT r.real_name FROM account r WHERE r.id = t.decided_for) AS represented_name, "
    "p.state <> ALL($4::text[]) AS readable, p.sent_back_fields, count(*) OVER () AS total "
    "FROM review_task t JOIN application p ON p.id = t.application_id "
    "WHERE t.pool = $1 AND t.decided_by = $2 AND t.step_code = ANY($3::text[]) "
)
PAGE = f"{_DECIDED} ORDER BY t.decided_at DESC, t.specialty, t.id OFFSET $5 LIMIT $6"
_MOMENT = f"{_DECIDED} AND t.application_id = $5 AND t.decided_at = $6 ORDER BY t.specialty"


@dataclass(frozen=True)
class DecidedTaskCard:
    """A task that the reviewer decided.

    ``readable``: the person has not withdrawn the application. ``whole``: it was sent back completely, and waits.
    ``represented``: the colleague in whose place it was decided.
    """

    card: TaskCard
    state: TaskState
    decided_at: datetime
    opinion: str
    readable: bool
    whole: bool
    represented: str


@dataclass(frozen=True)
class DecidedTasks:
    deps: Deps

    async def page(self, actor: Actor, *, offset: int = 0, limit: int = 20) -> Page[DecidedTaskCard]:
        """One page of the actor's decisions, and the total."""
        check(actor, "review.decide")
        task_rows = await rows(PAGE, *self._scope_values(actor), offset, min(limit, PAGE_MAX))
        return Page(tuple(await self._view_cards(actor, task_rows)), task_rows[0]["total"] if task_rows else 0)

    async def list_decided_together(self, actor: Actor, task_id: UUID) -> list[DecidedTaskCard]:
        """The tasks that the actor decided at the same moment as this one; empty for another reviewer's."""
        check(actor, "review.decide")
        task = await ReviewTask.get_or_none(id=task_id, pool=actor.pool, decided_by=actor.account_id)
        if task is None or actor.account_id is None:
            return []
        task_rows = await rows(_MOMENT, *self._scope_values(actor), task.application_id, task.decided_at)
        return await self._view_cards(actor, task_rows)

    def _scope_values(self, actor: Actor) -> list[object]:
        """``$1`` to ``$4``: pool, person, the rulebook's steps, and states in which reading is not permitted."""
        steps = self.deps.book(actor.pool).review.steps
        return [actor.pool, actor.account_id, [step.code for step in steps], [state.value for state in WITHDRAWN]]

    async def _view_cards(self, actor: Actor, task_rows: list[Any]) -> list[DecidedTaskCard]:
        book, now = self.deps.book(actor.pool), self.deps.now()
        codes = await load_codes(book, card_codes(task_rows))
        return [
            DecidedTaskCard(
                card_of(row, book, codes, now),
                TaskState(row["state"]),
                row["decided_at"],
                row["opinion"],
                readable=row["readable"],
                whole=row["state"] == TaskState.SENT_BACK and EVERYTHING in row["sent_back_fields"],
                represented=row["represented_name"] or "",
            )
            for row in task_rows
        ]
