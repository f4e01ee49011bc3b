"""Rules that the modules of calling share: in which states answers count, until when a draw calls, vacant places."""

from __future__ import annotations

from datetime import timedelta

from domain.draws.lifecycles import DrawState
from models.draws import CallNotice, Condition, Draw

STATES_THAT_TAKE_ANSWERS = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
"""States of a draw in which answers of open invitations still decide whether it becomes full."""


def address_and_room(call_notice: CallNotice) -> str:
    """Address and room, without the venue's name, which a call doesn't mention."""
    return f"{call_notice.address} {call_notice.room}".strip()


def lead_time(draw: Draw) -> timedelta:
    """No call begins later than this before gathering; from the draw's record, whatever the rulebook says now."""
    return timedelta(seconds=draw.lead_seconds)


def vacant_places(condition: Condition) -> int:
    return condition.needed - condition.open - condition.accepted
