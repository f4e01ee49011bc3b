"""Which activity holds a lot: one at a time (database rule), and a redraw takes it over from the one it follows.

A redraw holds no lot until its application is approved: if it is refused, deleted or terminated before, the lot stays
with the ended draw. From approval on it holds the lot like any other draw; when it is over without an order the lot
goes back. What may be next on a lot that nobody holds, its history tells: ``lot_histories``.
"""

from __future__ import annotations

from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.errors import Conflict
from models.draws import Draw, DrawLot
from services.core.base import execute, rows, transaction

_ANCESTORS = """
WITH RECURSIVE line AS (
 SELECT id, original_id, 0 AS steps FROM draw WHERE id = $1
 UNION ALL SELECT d.id, d.original_id, l.steps + 1 FROM draw d JOIN line l ON d.id = l.original_id)
SELECT id FROM line WHERE steps > 0 ORDER BY steps
"""
_HELD_BY_OTHERS = """
SELECT DISTINCT d.number FROM draw_lot mine JOIN draw_lot theirs ON theirs.project_id = mine.project_id
 AND theirs.lot_id IS NOT DISTINCT FROM mine.lot_id AND theirs.live JOIN draw d ON d.id = theirs.draw_id
 WHERE mine.draw_id = $1 AND d.id <> $1 AND NOT d.id = ANY($2::uuid[]) ORDER BY d.number
"""
_LET_GO = """
UPDATE draw_lot theirs SET live = FALSE FROM draw_lot mine WHERE mine.draw_id = $1 AND theirs.live
 AND theirs.draw_id = ANY($2::uuid[]) AND theirs.project_id = mine.project_id
 AND theirs.lot_id IS NOT DISTINCT FROM mine.lot_id
"""


async def find_ancestors(draw_id: UUID) -> list[UUID]:
    """The draw that this one follows, that draw's original, and so on.

    Not to be read from ``lot_histories``: those are of a lot, and contain activities that this one does not follow.
    """
    return [row["id"] for row in await rows(_ANCESTORS, draw_id)]


async def check_lots(draw: Draw) -> None:
    """Checks that a follower's lots are held only by draws that it follows. Raises Conflict."""
    if held := await rows(_HELD_BY_OTHERS, draw.id, await find_ancestors(draw.id)):
        raise Conflict(
            f"标段已有抽取活动{held[0]['number']}，请从该活动办理，或选择其他标段。", code="lot_taken", field="lots"
        )


async def claim_lots(draw: Draw) -> None:
    """An approved redraw holds its lots from now on. Raises Conflict."""
    await check_lots(draw)
    try:
        async with transaction():  # a savepoint, so that the refusal below leaves the caller's transaction usable
            await execute(_LET_GO, draw.id, await find_ancestors(draw.id))
            await DrawLot.filter(draw_id=draw.id).update(live=True)
    except IntegrityError as error:
        raise Conflict("标段刚刚被其他抽取活动选用，请刷新后重试。", code="lot_taken") from error
