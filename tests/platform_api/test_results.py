"""Result, attendance and record open when the panel is unsealed, never before."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from models.audit import AuditEntry
from models.invitations import Invitation
from tests.factories.offices import add_experts, open_invitations, start_draw
from tests.platform_api.conftest import World

READINGS = ("result", "attendance", "record")


async def _panel(world: World) -> UUID:
    office = world.office
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    return draw_id


async def test_nothing_is_read_before_unsealing_and_names_afterwards(world: World) -> None:
    draw = await _panel(world)
    state = await world.get(f"/draws/{draw}")
    assert state["state"] == "completed"
    for part in READINGS:
        refused = await world.get(f"/draws/{draw}/{part}", 422)
        assert (refused["code"], refused["rule"]) == ("rule_violation", "draw.result_visible_before")
    sealed = await world.ask("GET", f"/draws/{draw}")
    names = [expert.name for expert in world.office.experts]
    text = await sealed.text()
    assert not any(name in text for name in names)
    await world.move(timedelta(hours=6))
    panel = (await world.get(f"/draws/{draw}/result"))["items"]
    assert {row["name"] for row in panel} < set(names)
    assert {row["state"] for row in panel} == {"accepted"}
    arrivals = (await world.get(f"/draws/{draw}/attendance"))["items"]
    assert {row["entered_at"] for row in arrivals} == {None}
    record = await world.get(f"/draws/{draw}/record")
    assert record["draw"] == state["number"]
    read = await AuditEntry.filter(action="result.read", subject_id=draw, actor_role="integrator").count()
    assert read == 2


async def test_what_is_sealed_again_by_a_later_start_is_closed_again(world: World) -> None:
    draw = await _panel(world)
    assert await Invitation.filter(draw_id=draw).exists()
    await world.move(timedelta(hours=5, minutes=29))
    await world.get(f"/draws/{draw}/result", 422)
    await world.move(timedelta(minutes=2))
    await world.get(f"/draws/{draw}/result")
