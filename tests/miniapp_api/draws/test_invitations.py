"""Invitations and check-in, as the mini-program serves them to experts."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock, print_time
from domain.positions import Position, distance
from models.draws import CallNotice
from models.invitations import Invitation
from models.notices import Notice
from services.draws import DiscardForm, venue_position
from tests.factories.moved_invitations import INVITE, move_gathering
from tests.factories.offices import Office, add_experts, open_invitations, start_draw
from tests.miniapp_api.conftest import Person, World

AT_HOME = {"latitude": 22.54, "longitude": 114.06, "system": "gcj02"}


@pytest.fixture
async def draw_id(office: Office) -> UUID:
    await add_experts(office, 4)
    return await start_draw(office, needed=2)


async def accept(world: World, invitation: Invitation) -> Person:
    person = await world.log_in_expert(invitation.expert_id)
    await person.post(f"/invitations/{invitation.id}/answer", {"choice": "accept"})
    return person


async def test_an_invitation_names_neither_project_nor_parties_and_the_first_answer_holds(
    world: World, draw_id: UUID
) -> None:
    invitation = (await open_invitations(draw_id))[0]
    person = await world.log_in_expert(invitation.expert_id)
    [shown] = (await person.get("/invitations"))["items"]
    assert shown == await person.get(f"/invitations/{invitation.id}")
    assert "演示项目" not in json.dumps(shown, ensure_ascii=False)
    path = f"/invitations/{invitation.id}/answer"
    declined = await person.post(path, {"choice": "decline"})
    assert (declined["effective"], declined["invitation"]["code"]) == (True, "")
    again = await person.post(path, {"choice": "accept"})
    assert (again["effective"], again["invitation"]["state"]) == (False, "declined")


async def test_an_invitation_brings_the_position_of_its_venue_as_maps_in_china_take_it(
    world: World, draw_id: UUID
) -> None:
    """A phone on the spot reads the same degrees from WeChat."""
    invitation = (await open_invitations(draw_id))[0]
    person = await world.log_in_expert(invitation.expert_id)
    shown = await person.get(f"/invitations/{invitation.id}")
    position = venue_position(world.deps.book("demo"), shown["venue"])
    assert position is not None
    assert distance(Position(shown["map"]["latitude"], shown["map"]["longitude"], "gcj02"), position) < 1
    await CallNotice.filter(draw_id=draw_id).update(venue="另一处会议室")
    assert (await person.get(f"/invitations/{invitation.id}"))["map"] is None


async def test_only_its_expert_opens_an_invitation(world: World, draw_id: UUID) -> None:
    invitation, other = await open_invitations(draw_id)
    person = await world.log_in_expert(invitation.expert_id)
    await person.get(f"/invitations/{invitation.id}")
    await person.post(f"/invitations/{other.id}/opened", {}, 404)
    assert not await Notice.filter(opened_at__not_isnull=True).exists()
    await person.post(f"/invitations/{invitation.id}/opened", {}, 204)
    [opened] = await Notice.filter(opened_at__not_isnull=True)
    assert (opened.kind, opened.invitation_id, opened.state) == ("draw_call", invitation.id, "active")


async def test_an_acceptance_is_undone_and_given_again(world: World, draw_id: UUID) -> None:
    invitation = (await open_invitations(draw_id))[0]
    person = await world.log_in_expert(invitation.expert_id)
    path = f"/invitations/{invitation.id}"
    answered = (await person.post(f"{path}/answer", {"choice": "accept"}))["invitation"]
    assert len(answered["code"]) == 6
    assert answered["undo_until"]
    undone = await person.post(f"{path}/undo")
    assert (undone["effective"], undone["invitation"]["state"]) == (True, "open")
    await person.post(f"{path}/answer", {"choice": "accept"})
    assert [panel["id"] for panel in (await person.get("/panels"))["items"]] == [str(invitation.id)]


async def test_an_expert_asks_for_leave_or_answers_a_registered_one(
    world: World, office: Office, draw_id: UUID
) -> None:
    first, second = await open_invitations(draw_id)
    leaving, registered = await accept(world, first), await accept(world, second)
    left = await leaving.post(f"/invitations/{first.id}/leave", {"reason": "突发疾病"})
    assert left["state"] == "left"
    await office.run.advance(draw_id)
    await second.refresh_from_db()
    await office.discards.register(office.agency, draw_id, DiscardForm(second.code, "leave", "专家来电请假"))
    assert (await registered.get(f"/invitations/{second.id}"))["leave_asked_until"]
    assert (await registered.post(f"/invitations/{second.id}/leave-answer", {"agrees": True}))["state"] == "left"


async def test_an_expert_announces_a_late_arrival_and_takes_it_back(
    world: World, clock: FixedClock, office: Office, draw_id: UUID
) -> None:
    first, second = await open_invitations(draw_id)
    person = await accept(world, first)
    await accept(world, second)
    await office.run.advance(draw_id)
    path = f"/invitations/{first.id}"
    clock.set(first.gathering_at - timedelta(minutes=40))
    stated = await person.post(f"{path}/late-arrival", {"minutes": 20, "reason": "高速堵车"})
    assert (stated["late_minutes"], stated["arrives_at"] is not None) == (20, True)
    assert (await person.get(path))["late_minutes"] == 20
    for minutes in (0, 4, 900, 2000, "很久"):
        await person.post(f"{path}/late-arrival", {"minutes": minutes}, status=422)
    assert (await person.delete(f"{path}/late-arrival", status=200))["late_minutes"] is None


async def test_an_expert_agrees_to_a_moved_time_or_goes(world: World, office: Office, draw_id: UUID) -> None:
    first, second = await open_invitations(draw_id)
    agreeing, going = await accept(world, first), await accept(world, second)
    await office.run.advance(draw_id)
    moved = first.gathering_at - timedelta(hours=1)
    await office.gathering_times.change(office.agency, draw_id, first.notice_id, moved)
    asked_view = await agreeing.get(f"/invitations/{first.id}")
    assert asked_view["proposed_gathering_at"]
    answer = {"agrees": True, "proposal": asked_view["proposal"]}
    agreed = await agreeing.post(f"/invitations/{first.id}/move-answer", answer)
    assert (agreed["gathering_at"], agreed["proposal"]) == (asked_view["proposed_gathering_at"], "")
    left = await going.post(f"/invitations/{second.id}/move-answer", {**answer, "agrees": False})
    assert left["state"] == "left"


async def test_a_check_in_counts_by_the_venue_s_code_and_one_phone_lets_one_expert_in(
    world: World, office: Office, draw_id: UUID
) -> None:
    first, second = [await accept(world, invitation) for invitation in await open_invitations(draw_id)]
    await office.run.advance(draw_id)
    world.clock.move(timedelta(hours=5, minutes=31))
    token, _ = await office.attendance.venue_token(office.venue, draw_id)
    scan = {"token": token, "device": "one-phone"}
    entered = await first.post("/check-ins", scan)
    assert (entered["first"], entered["counted"]) == (True, True)
    assert not (await first.post("/check-ins", scan))["first"]
    assert (await second.post("/check-ins", scan, 409))["code"] == "device_used"
    [panel] = (await second.get("/panels"))["items"]
    checked_in = await second.post("/check-ins", {"invitation_id": panel["id"]})
    assert (checked_in["counted"], "扫描现场二维码" in checked_in["advice"]) == (False, True)
    far = await second.post("/check-ins", {"invitation_id": panel["id"], "position": AT_HOME}, 422)
    assert far["rule"] == "attendance.radius_m"
    assert "二者选一" in (await second.post("/check-ins", {}, 422))["detail"]
    assert (await first.get("/panels"))["items"][0]["checked_in_at"]


@pytest.mark.parametrize("kind", INVITE)
async def test_an_answer_to_a_time_from_before_a_move_is_refused_with_the_new_one(
    world: World, office: Office, kind: str
) -> None:
    invitation = await INVITE[kind](office)
    person = await world.log_in_expert(invitation.expert_id)
    path = f"/invitations/{invitation.id}"
    shown = (await person.get(path))["gathering_at"]
    at = invitation.gathering_at - timedelta(minutes=30)
    await move_gathering(office, invitation, at)
    for body in ({"choice": "accept", "gathering_at": shown}, {"choice": "accept"}):
        refused = await person.post(f"{path}/answer", body, status=409)
        assert refused["code"] == "gathering_moved"
        assert print_time(at) in refused["detail"]
    current = (await person.get(path))["gathering_at"]
    answered = await person.post(f"{path}/answer", {"choice": "accept", "gathering_at": current})
    assert (answered["effective"], answered["invitation"]["gathering_at"]) == (True, current)
    assert current != shown
