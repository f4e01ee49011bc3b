"""What happens to a panel before its expert asks about it."""

from __future__ import annotations

from datetime import timedelta

from domain.clock import FixedClock, print_time
from models.invitations import Invitation
from tests.handlers.conftest import World

REMINDER = "有1个评标邀请等您答复"
"""Below every answer while an invitation waits."""


async def move_gathering(world: World, invitation: Invitation, by: timedelta) -> str:
    """The agency moves the gathering; the new time as it is printed."""
    at = invitation.gathering_at + by
    times = world.services.draws.gathering_times
    await times.change(world.office.agency, invitation.draw_id, invitation.notice_id, at)
    return print_time(at)


async def check_in(world: World, clock: FixedClock, invitation: Invitation) -> None:
    clock.set(invitation.gathering_at)
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
