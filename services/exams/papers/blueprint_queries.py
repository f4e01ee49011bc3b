"""Queries of blueprints (组卷方案): the list, one of them, and the bank's stock for papers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import NotFound
from domain.exams.blueprint import BlueprintCell, Supply, read_cells, supplies, total_of
from models.exams import ExamBlueprint
from services.core.base import Actor, rows
from services.core.permissions import check
from services.exams.papers.live_items import load_live_items

_CHAPTERS = """
SELECT chapter, kind, count(*) AS live FROM exam_item
WHERE pool = $1 AND retired_at IS NULL AND group_id IS NULL GROUP BY chapter, kind ORDER BY chapter, kind
"""


@dataclass(frozen=True)
class BlueprintView:
    """``total`` is in tenths; a case counts as one item. ``supplies`` is the bank's stock for each cell."""

    id: UUID
    name: str
    cells: tuple[BlueprintCell, ...]
    items: int
    total: int
    supplies: tuple[Supply, ...]
    created_at: datetime
    retired: bool

    @property
    def is_short(self) -> bool:
        return any(supply.is_short for supply in self.supplies)


@dataclass(frozen=True)
class Chapter:
    """The bank's stock of a chapter: live items by kind."""

    name: str
    live: dict[str, int]


@dataclass(frozen=True)
class BlueprintQueries:
    async def list(self, actor: Actor) -> tuple[BlueprintView, ...]:
        """Blueprints in use, newest first."""
        check(actor, "exam.manage")
        stock, _ = await load_live_items(actor.pool)
        blueprints = await ExamBlueprint.filter(pool=actor.pool, retired_at=None).order_by("-created_at", "-id")
        return tuple(
            blueprint_view(blueprint, supplies(read_cells(blueprint.cells), stock)) for blueprint in blueprints
        )

    async def get(self, actor: Actor, blueprint_id: UUID) -> BlueprintView:
        """Raises NotFound."""
        check(actor, "exam.manage")
        blueprint = await find_blueprint(actor, blueprint_id)
        stock, _ = await load_live_items(actor.pool)
        return blueprint_view(blueprint, supplies(read_cells(blueprint.cells), stock))

    async def chapters(self, actor: Actor) -> tuple[Chapter, ...]:
        """The chapters available for papers."""
        check(actor, "exam.manage")
        live_by_chapter: dict[str, dict[str, int]] = {}
        for row in await rows(_CHAPTERS, actor.pool):
            live_by_chapter.setdefault(row["chapter"], {})[row["kind"]] = row["live"]
        return tuple(Chapter(name, live) for name, live in live_by_chapter.items())


async def find_blueprint(actor: Actor, blueprint_id: UUID) -> ExamBlueprint:
    blueprint = await ExamBlueprint.get_or_none(id=blueprint_id, pool=actor.pool)
    if blueprint is None:
        raise NotFound("找不到这个组卷方案，请返回列表后刷新。", code="blueprint_unknown")
    return blueprint


def blueprint_view(blueprint: ExamBlueprint, supply: tuple[Supply, ...]) -> BlueprintView:
    cells = read_cells(blueprint.cells)
    return BlueprintView(
        blueprint.id,
        blueprint.name,
        cells,
        sum(cell.count for cell in cells),
        total_of(cells),
        supply,
        blueprint.created_at,
        blueprint.retired_at is not None,
    )
