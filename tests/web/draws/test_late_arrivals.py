"""A late arrival (晚到) that an expert announces: on his page, at the venue's desk, and for the agency."""

from __future__ import annotations

from datetime import timedelta

from domain.clock import local
from models.draws import Draw
from models.invitations import Invitation
from tests.web.conftest import World

MINUTE = timedelta(minutes=1)


async def awaited(world: World) -> Invitation:
    """An accepted invitation an hour before its gathering."""
    _, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at - timedelta(hours=1))
    return invitation


async def say(world: World, invitation: Invitation, minutes: int, reason: str = "") -> None:
    late_arrivals = world.services.draws.late_arrivals
    await late_arrivals.state(invitation.id, invitation.expert_id, minutes, reason, by="chat")


def clock_of(invitation: Invitation, minutes: int) -> str:
    return f"{local(invitation.gathering_at + minutes * MINUTE):%H:%M}"


async def test_the_desk_reads_who_comes_when_and_afterwards_when_he_came(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20, "高速<b>堵车")
    venue = await world.log_in(world.office.venue, "venue")
    desk = await venue.get(f"/draws/{invitation.draw_id}/attendance")
    assert ("晚到" in desk.text, f"预计晚到20分钟，约{clock_of(invitation, 20)}到" in desk.text) == (True, True)
    assert "高速" not in desk.text, "sealed still"
    assert "1人说明晚到" in (await venue.get("/draws")).text
    world.clock.set(invitation.gathering_at + 10 * MINUTE)
    await Draw.filter(id=invitation.draw_id).update(starts_at=world.clock.now() + 30 * MINUTE)
    await venue.get(f"/draws/{invitation.draw_id}/attendance")
    assert ("迟到" in venue.text, "本人说明：高速<b>堵车" in venue.text) == (False, True)
    assert f"语音催促{invitation.code}" not in venue.page.buttons
    assert f"虚拟号呼叫{invitation.code}" in venue.page.buttons
    world.clock.set(invitation.gathering_at + 18 * MINUTE)
    await venue.press("进场", code=invitation.code)
    assert f"说明晚到20分钟，实到{clock_of(invitation, 18)}" in venue.text


async def test_whose_time_is_over_is_late_at_the_desk(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20)
    world.clock.set(invitation.gathering_at + 21 * MINUTE)
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{invitation.draw_id}/attendance")
    assert ("迟到" in venue.text, f"语音催促{invitation.code}" in venue.page.buttons) == (True, True)


async def test_the_agency_reads_codes_and_times_before_names_are_unsealed(world: World) -> None:
    invitation = await awaited(world)
    await say(world, invitation, 20, "堵车")
    agency = await world.log_in(world.office.agency)
    tab = f"/agency/draws/{invitation.draw_id}/attendance"
    shown = (await agency.get(tab)).text
    assert (invitation.code in shown, f"约{clock_of(invitation, 20)}到" in shown) == (True, True)
    assert "堵车" not in shown
    assert "专家说明晚到" in (await agency.get(f"/agency/draws/{invitation.draw_id}/log")).text
    await agency.get(f"/draws/{invitation.draw_id}/absences")
    assert f"本人说明晚到20分钟，约{clock_of(invitation, 20)}到" in agency.text
    await Draw.filter(id=invitation.draw_id).update(starts_at=world.clock.now() + 30 * MINUTE)
    assert "预计晚到20分钟" in (await agency.get(tab)).text
