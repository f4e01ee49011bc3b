"""Blueprints (组卷方案) of a pool: kept, checked against the bank, and retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import NotFound
from domain.exams.blueprint import Cell, Supply, check_cells, read_cells, store_cells, supplies, total_of
from models.exams import ExamBlueprint
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.papers.stock import load_stock

NAME_MAX = 40
_CHAPTERS = """
SELECT chapter, kind, count(*) AS live FROM exam_item
WHERE pool = $1 AND retired_at IS NULL AND group_id IS NULL GROUP BY chapter, kind ORDER BY chapter, kind
"""


@dataclass(frozen=True)
class BlueprintView:
    """``total`` is in tenths; a case counts as one item. ``supplies`` says for each cell what the bank has."""

    id: UUID
    name: str
    cells: tuple[Cell, ...]
    items: int
    total: int
    supplies: tuple[Supply, ...]
    created_at: datetime
    retired: bool

    @property
    def lacks(self) -> bool:
        return any(one.lacks for one in self.supplies)


@dataclass(frozen=True)
class Chapter:
    """What the bank has of a chapter: live items by kind."""

    name: str
    live: dict[str, int]


class Blueprints:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def list(self, actor: Actor) -> tuple[BlueprintView, ...]:
        """Those that are in use, the newest first."""
        check(actor, "exam.manage")
        stock, _ = await load_stock(actor.pool)
        found = await ExamBlueprint.filter(pool=actor.pool, retired_at=None).order_by("-created_at", "-id")
        return tuple(_view(one, supplies(read_cells(one.cells), stock)) for one in found)

    async def get(self, actor: Actor, blueprint_id: UUID) -> BlueprintView:
        """Raises NotFound."""
        check(actor, "exam.manage")
        found = await _find(actor, blueprint_id)
        stock, _ = await load_stock(actor.pool)
        return _view(found, supplies(read_cells(found.cells), stock))

    async def chapters(self, actor: Actor) -> tuple[Chapter, ...]:
        """What papers can be made of."""
        check(actor, "exam.manage")
        found: dict[str, dict[str, int]] = {}
        for row in await rows(_CHAPTERS, actor.pool):
            found.setdefault(row["chapter"], {})[row["kind"]] = row["live"]
        return tuple(Chapter(name, live) for name, live in found.items())

    async def create(self, actor: Actor, name: str, cells: Sequence[Cell], *, key: str | None = None) -> BlueprintView:
        """Raises InvalidInput that names the line; too few items are no obstacle before an examination opens."""
        check(actor, "exam.manage")
        clean = _check(name, cells)
        now = self._deps.now()

        async def run() -> BlueprintView:
            made = await ExamBlueprint.create(pool=actor.pool, name=clean, cells=store_cells(cells), created_at=now)
            await record(actor, now, "exam_blueprint.create", "exam_blueprint", made.id)
            return _view(made, ())

        return await once(
            owner=f"exam_blueprint:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=BlueprintView,
            run=run,
            request=f"{clean} {cells!r}",
        )

    async def edit(self, actor: Actor, blueprint_id: UUID, name: str, cells: Sequence[Cell]) -> BlueprintView:
        """Published examinations keep the cells that they were published with. Raises InvalidInput, NotFound."""
        check(actor, "exam.manage")
        clean = _check(name, cells)
        now = self._deps.now()
        async with transaction():
            found = await _find(actor, blueprint_id)
            found.name, found.cells = clean, store_cells(cells)
            await found.save(update_fields=["name", "cells"])
            await record(actor, now, "exam_blueprint.edit", "exam_blueprint", found.id)
        return await self.get(actor, blueprint_id)

    async def retire(self, actor: Actor, blueprint_id: UUID) -> None:
        """No new examination takes it. Twice is harmless."""
        check(actor, "exam.manage")
        now = self._deps.now()
        async with transaction():
            found = await _find(actor, blueprint_id)
            if found.retired_at is None:
                found.retired_at = now
                await found.save(update_fields=["retired_at"])
                await record(actor, now, "exam_blueprint.retire", "exam_blueprint", found.id)


async def _find(actor: Actor, blueprint_id: UUID) -> ExamBlueprint:
    found = await ExamBlueprint.get_or_none(id=blueprint_id, pool=actor.pool)
    if found is None:
        raise NotFound("找不到这个组卷方案，请返回列表后刷新。", code="blueprint_unknown")
    return found


def _check(name: str, cells: Sequence[Cell]) -> str:
    check_cells(cells)
    return check_text(" ".join(name.split()), "name", "方案名称", NAME_MAX, required=True)


def _view(found: ExamBlueprint, supply: tuple[Supply, ...]) -> BlueprintView:
    cells = read_cells(found.cells)
    return BlueprintView(
        found.id,
        found.name,
        cells,
        sum(cell.count for cell in cells),
        total_of(cells),
        supply,
        found.created_at,
        found.retired_at is not None,
    )
