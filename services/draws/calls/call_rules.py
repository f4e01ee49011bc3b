"""Rules that the modules of calling share: in which states answers count, until when a draw calls, vacant places."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.clock import local, print_time
from domain.draws.lifecycles import DrawState
from domain.rulebook.notice_texts import time_params
from models.draws import CallNotice, Condition, Draw

STATES_THAT_TAKE_ANSWERS = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
"""States of a draw in which answers of open invitations still decide whether it becomes full."""


def address_and_room(call_notice: CallNotice) -> str:
    """Address and room, without the venue's name, which a call doesn't mention."""
    return f"{call_notice.address} {call_notice.room}".strip()


def print_deadline(until: datetime, now: datetime) -> str:
    """``09:30``, with the day if it isn't today: an expert of a recall has a day to answer."""
    return print_time(until)[-5:] if local(until).date() == local(now).date() else time_params(until)["gathering_short"]


def lead_time(draw: Draw) -> timedelta:
    """No call begins later than this before gathering; from the draw's record, whatever the rulebook says now."""
    return timedelta(seconds=draw.lead_seconds)


def vacant_places(condition: Condition) -> int:
    return condition.needed - condition.open - condition.accepted
