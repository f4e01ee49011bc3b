"""Blueprints (组卷方案) of a pool: kept and retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.exams.blueprint import BlueprintCell, check_cells, store_cells
from domain.faults import Faults
from models.exams import ExamBlueprint
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.papers.blueprint_queries import BlueprintQueries, BlueprintView, blueprint_view, find_blueprint

NAME_MAX = 40


@dataclass(frozen=True)
class Blueprints:
    deps: Deps
    queries: BlueprintQueries

    async def create(
        self, actor: Actor, name: str, cells: Sequence[BlueprintCell], *, key: str | None = None
    ) -> BlueprintView:
        """Raises InvalidInput that names the line; too few items are accepted until an examination opens."""
        check(actor, "exam.manage")
        clean = _check_blueprint(name, cells)
        now = self.deps.now()

        async def run() -> BlueprintView:
            blueprint = await ExamBlueprint.create(
                pool=actor.pool, name=clean, cells=store_cells(cells), created_at=now
            )
            await record(actor, now, "exam_blueprint.create", "exam_blueprint", blueprint.id)
            return blueprint_view(blueprint, ())

        return await once(
            owner=f"exam_blueprint:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=BlueprintView,
            run=run,
            request=f"{clean} {cells!r}",
        )

    async def edit(self, actor: Actor, blueprint_id: UUID, name: str, cells: Sequence[BlueprintCell]) -> BlueprintView:
        """Published examinations keep their copy of the cells. Raises InvalidInput, NotFound."""
        check(actor, "exam.manage")
        clean = _check_blueprint(name, cells)
        now = self.deps.now()
        async with transaction():
            blueprint = await find_blueprint(actor, blueprint_id)
            blueprint.name, blueprint.cells = clean, store_cells(cells)
            await blueprint.save(update_fields=["name", "cells"])
            await record(actor, now, "exam_blueprint.edit", "exam_blueprint", blueprint.id)
        return await self.queries.get(actor, blueprint_id)

    async def retire(self, actor: Actor, blueprint_id: UUID) -> None:
        """No new examination uses it. A repetition is harmless."""
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            blueprint = await find_blueprint(actor, blueprint_id)
            if blueprint.retired_at is None:
                blueprint.retired_at = now
                await blueprint.save(update_fields=["retired_at"])
                await record(actor, now, "exam_blueprint.retire", "exam_blueprint", blueprint.id)


def _check_blueprint(name: str, cells: Sequence[BlueprintCell]) -> str:
    faults = Faults()
    clean = faults.check(check_blueprint_name, name)
    faults.check(check_cells, cells)
    faults.raise_any()
    return clean


def check_blueprint_name(name: str) -> str:
    """The name on one line. Raises InvalidInput."""
    return check_text(" ".join(name.split()), "name", "方案名称", NAME_MAX, required=True)
