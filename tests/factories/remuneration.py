"""Panels that have met, for remuneration."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.clock import FixedClock
from models.invitations import Invitation
from tests.factories.offices import Office, add_experts, open_invitations, start_draw

GATHERING = timedelta(hours=5)
"""Time after the draw was made, as in ``offices.notice_form``."""


async def meet(
    office: Office, clock: FixedClock, *, needed: int = 1, on_site: bool = False
) -> tuple[UUID, list[Invitation]]:
    """A panel that has gathered: all experts came in on time, none has left."""
    await add_experts(office, needed + 1)
    gathering = clock.now() + GATHERING
    draw_id = await start_draw(office, needed=needed, on_site=on_site)
    invitations = await open_invitations(draw_id)
    for invitation in invitations:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    clock.set(gathering)
    for invitation in invitations:
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    return draw_id, sorted(invitations, key=lambda invitation: invitation.code)


async def part(office: Office, clock: FixedClock, draw_id: UUID, invitations: list[Invitation], hours: float) -> None:
    """All experts leave after this number of hours, and the activity ends."""
    clock.move(timedelta(hours=hours))
    for invitation in invitations:
        await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    await office.activity_end.end(office.venue, draw_id, "评标完成")


async def ended_panel(
    office: Office, clock: FixedClock, *, needed: int = 1, hours: float = 3
) -> tuple[UUID, list[Invitation]]:
    draw_id, invitations = await meet(office, clock, needed=needed)
    await part(office, clock, draw_id, invitations, hours)
    return draw_id, invitations
