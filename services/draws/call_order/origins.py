"""Refers from the record of a redraw or a recall to the draw that it follows."""

from __future__ import annotations

from domain.draws import record
from models.draws import Draw
from services.core.base import rows

_REDRAWN = """
SELECT count(*)::int AS n FROM draw t JOIN project q ON q.id = t.project_id JOIN project j ON j.id = $2
 WHERE q.pool = j.pool AND (q.id = j.id OR q.name = j.name OR q.number <> '' AND q.number = j.number)
 AND t.kind = 'redraw' AND t.id <> $1 AND t.log_length > 0
"""
"""Counted as by ``verification`` for the verifier."""


async def origin_entry(draw: Draw) -> record.Follows:
    """The first entry of its record. ``head`` binds it to the original's record; empty where the original has none."""
    original = await Draw.get(id=draw.original_id)
    [counted] = await rows(_REDRAWN, draw.id, draw.project_id)
    kind: record.FollowKind = "recall" if draw.kind == "recall" else "redraw"
    return record.Follows(kind, original.number, original.log_head, counted["n"])
