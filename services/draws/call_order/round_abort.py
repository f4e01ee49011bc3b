"""Aborting a round that the agency gives up, or that the end of the draw's time cuts off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.draws import record
from domain.draws.lifecycles import DrawEvent
from models.draws import Condition, Draw, LogEntry, Round
from services.draws.locks import move
from services.draws.record_log import append_to_log

BY_AGENCY = "agency"
"""The published reason of an aborted round; the agency's own words stay in the audit log."""
BY_TIME = "time_over"


async def leave_committing(draw: Draw, roles: Sequence[str], now: datetime) -> None:
    """The draw's time is over: abort the open round, or don't start with the seed that is fixed. Under its lock."""
    open_round = await Round.get_or_none(draw_id=draw.id, aborted_at=None, seed="")
    if open_round is not None:
        await abort_round(draw, open_round, roles, now, BY_TIME)
    await restore_state_before_round(draw)


async def abort_round(draw: Draw, round_row: Round, roles: Sequence[str], now: datetime, by: str) -> None:
    missing = set(roles) - set(round_row.reveals) if round_row.reveals else ()
    round_row.aborted_at = now
    await round_row.save(update_fields=["aborted_at"])
    await append_to_log(draw, now, record.RoundAborted(round_row.number, by, tuple(sorted(missing))))
    for condition in await Condition.filter(draw_id=draw.id, position__in=[int(p) for p in round_row.conditions]):
        if regions := await ordered_regions(draw, condition):
            condition.regions = sorted(regions)
            await condition.save(update_fields=["regions"])


async def ordered_regions(draw: Draw, condition: Condition) -> set[str]:
    """The regions for which the order of a condition was fixed; empty before. Further orders only widen them."""
    for entry in await LogEntry.filter(draw_id=draw.id, act=record.RoundOpened.name).order_by("-seq"):
        if entry.facts["round"] == condition.round_number:
            return next(
                set(facts["regions"]) for facts in entry.facts["conditions"] if facts["no"] == condition.position
            )
    return set()


async def restore_state_before_round(draw: Draw) -> None:
    """Return the draw to the state before the round."""
    supplementary = draw.finished_at is not None
    await move(draw, DrawEvent.ABORT_SUPPLEMENT if supplementary else DrawEvent.ABORT_ROUND)
