"""The end of a draw, which every way to end it records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.draws.lifecycles import DiscardState, DrawEvent, DrawState
from domain.draws.record import Ended, PanelEnd
from models.attendance import Attendance
from models.draws import Absence, DiscardRequest, Draw, DrawLot
from services.core.base import execute
from services.draws.locks import move
from services.draws.lot_histories import give_back_lots
from services.draws.record_log import append_to_log

_PANEL_ENDS: Mapping[DrawEvent, PanelEnd] = {DrawEvent.TERMINATE: "terminated", DrawEvent.RELEASE: "released"}
_FREE_REST = (
    "UPDATE invitation SET ends_at = greatest(starts_at + interval '1 second', $2) "
    "WHERE draw_id = $1 AND state = 'accepted' AND ends_at > greatest(starts_at + interval '1 second', $2)"
)
"""Releases the time of its experts that the panel of an ended draw no longer needs."""


async def append_end(draw: Draw, now: datetime, event: DrawEvent = DrawEvent.END) -> None:
    """Record the end in the draw's log. Lots whose panel never met may be drawn again."""
    met = draw.state == DrawState.COMPLETED or await Attendance.exists(draw_id=draw.id, direction="in")
    await move(draw, event)
    draw.ended_at, draw.staff_phone_sealed = now, ""
    await draw.save(update_fields=["ended_at", "staff_phone_sealed"])
    await execute(_FREE_REST, draw.id, now)
    await DiscardRequest.filter(draw_id=draw.id, state=DiscardState.OPEN).update(
        state=DiscardState.VOID, decided_at=now
    )
    await Absence.filter(draw_id=draw.id, handled_at=None).update(handled_at=now)
    if draw.log_length:
        await append_to_log(draw, now, Ended(_PANEL_ENDS.get(event) or ("met" if met else "not_met")))
    if event != DrawEvent.END or not met:
        await DrawLot.filter(draw_id=draw.id).update(live=False)
        await give_back_lots(draw)
