"""Open invitations, of a draw and of a recall, whose gathering moves after their experts have read of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from domain.clock import local
from models.draws import Draw, RecalledExpert
from models.invitations import Invitation
from services.draws import RecallTimes
from tests.factories.offices import Office, add_experts, end_with_panel, open_invitations, prove, start_draw, verify


async def _invite_to_draw(office: Office) -> Invitation:
    await add_experts(office, 2)
    [invitation] = await open_invitations(await start_draw(office, needed=1))
    return invitation


async def _invite_to_recall(office: Office) -> Invitation:
    """To meet again tomorrow from 14 to 18 o'clock."""
    await add_experts(office, 2)
    ended = await end_with_panel(office, needed=1)
    day = (local(office.deps.now()) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    times = RecallTimes(day + timedelta(hours=14), day + timedelta(hours=18))
    draw_id = await office.redraws.recall(office.agency, ended, times)
    await prove(office, draw_id)
    await verify(office, draw_id)
    await office.recalls.invite_panel(office.agency, draw_id)
    [invitation] = await open_invitations(draw_id)
    return invitation


INVITE: Mapping[str, Callable[[Office], Awaitable[Invitation]]] = {
    "draw": _invite_to_draw,
    "recall": _invite_to_recall,
}
"""By kind of the activity."""


async def move_gathering(office: Office, invitation: Invitation, at: datetime) -> None:
    """As the agency can: the notice's gathering in a draw, which has to pause; by a statement in a recall."""
    draw = await Draw.get(id=invitation.draw_id)
    if draw.kind == "recall":
        row = await RecalledExpert.get(draw_id=draw.id, expert_id=invitation.expert_id)
        await office.recalls.record_statement(office.agency, draw.id, row.id, True, at)
        return
    if draw.state == "drawing":
        await office.run.pause(office.agency, draw.id, "改时间")
    await office.gathering_times.change(office.agency, draw.id, invitation.notice_id, at)
