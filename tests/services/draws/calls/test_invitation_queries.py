"""Which of an expert's invitations are listed, and how long."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from models.invitations import Invitation
from services.core.base import Deps
from tests.factories.draws import make_project
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
async def invited(office: Office) -> Invitation:
    await add_experts(office, 1)
    [invitation] = await open_invitations(await start_draw(office, needed=1))
    return invitation


async def recent_states(office: Office, expert_id: UUID) -> list[str]:
    return [view.state.value for view in await office.invitation_queries.list_recent(expert_id)]


async def test_an_invitation_is_recent_once_it_ended(office: Office, invited: Invitation) -> None:
    assert await recent_states(office, invited.expert_id) == []
    await office.invitations.answer(invited.id, invited.expert_id, "accept", by="chat")
    assert await recent_states(office, invited.expert_id) == []
    await office.run.advance(invited.draw_id)
    await office.invitations.leave(invited.id, invited.expert_id, "生病")
    [view] = await office.invitation_queries.list_recent(invited.expert_id)
    assert (view.id, view.state, view.code) == (invited.id, "left", "")


async def test_another_experts_is_not_listed(office: Office, invited: Invitation) -> None:
    await office.invitations.answer(invited.id, invited.expert_id, "decline", by="chat")
    [other] = await add_experts(office, 1)
    assert await recent_states(office, other.id) == []
    assert await recent_states(office, invited.expert_id) == ["declined"]


async def test_it_is_recent_until_two_days_after_the_panel_was_to_end(
    office: Office, invited: Invitation, clock: FixedClock
) -> None:
    await office.invitations.answer(invited.id, invited.expert_id, "decline", by="chat")
    clock.set(invited.ends_at + timedelta(days=2, seconds=-1))
    assert await recent_states(office, invited.expert_id) == ["declined"]
    clock.move(timedelta(seconds=1))
    assert await recent_states(office, invited.expert_id) == []


async def test_only_the_newest_three_are_listed(office: Office, invited: Invitation, clock: FixedClock) -> None:
    ids = [invited.id]
    await office.invitations.answer(invited.id, invited.expert_id, "decline", by="chat")
    for _ in range(3):
        clock.move(timedelta(minutes=1))
        project = await make_project(office.agency.organisation_id, office.agency.account_id)
        office.project_id = project.id
        [again] = await open_invitations(await start_draw(office, needed=1))
        await office.invitations.answer(again.id, again.expert_id, "decline", by="chat")
        ids.append(again.id)
    views = await office.invitation_queries.list_recent(invited.expert_id)
    assert [view.id for view in views] == ids[:0:-1]
