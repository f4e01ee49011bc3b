"""An answer counts for the gathering time that its page or chat showed, and for no other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from domain.clock import print_time
from domain.errors import Conflict
from models.audit import AuditEntry
from models.invitations import Invitation
from services.core.base import Deps
from services.draws import MOVED
from tests.factories.moved_invitations import INVITE, move_gathering
from tests.factories.offices import Office, make_office
from tests.invariants import check_invariants

EARLIER = timedelta(minutes=30)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.mark.parametrize("choice", ["accept", "decline"])
@pytest.mark.parametrize("by", ["h5", "mini", "chat"])
@pytest.mark.parametrize("kind", INVITE)
async def test_an_answer_to_a_time_from_before_a_move_is_none(office: Office, kind: str, by: Any, choice: Any) -> None:
    """The attack: the gathering moves while the page is open. Nothing is answered or recorded; the new time counts."""
    invitation = await INVITE[kind](office)
    read, moved = invitation.gathering_at, invitation.gathering_at - EARLIER
    await move_gathering(office, invitation, moved)
    for shown in (read, None):
        with pytest.raises(Conflict) as refusal:
            await office.invitations.answer(invitation.id, invitation.expert_id, choice, by=by, shown=shown)
        assert (refusal.value.code, refusal.value.params) == (MOVED, {"gathering": moved.isoformat()})
        assert f"集合时间已改为{print_time(moved)}，请核对后再答复。" in refusal.value.message
    assert (await Invitation.get(id=invitation.id)).state == "open"
    assert not await AuditEntry.exists(
        action__in=("invitation.accepted", "invitation.declined"), subject_id=invitation.id
    )
    answered = await office.invitations.answer(invitation.id, invitation.expert_id, choice, by=by, shown=moved)
    assert answered.effective
    after = await Invitation.get(id=invitation.id)
    assert (after.state, after.gathering_at) == ({"accept": ("accepted", moved), "decline": ("declined", read)}[choice])
    await check_invariants()


@pytest.mark.parametrize("kind", INVITE)
async def test_a_time_that_moves_there_and_back_was_read_by_some(office: Office, kind: str) -> None:
    """A button of a message tells no time: it may be the one of the message in between."""
    invitation = await INVITE[kind](office)
    between = invitation.gathering_at - EARLIER
    await move_gathering(office, invitation, between)
    cast(Any, office.deps.clock).move(timedelta(seconds=1))
    await move_gathering(office, invitation, invitation.gathering_at)
    for shown in (None, between):
        with pytest.raises(Conflict, match="请核对后再答复"):
            await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat", shown=shown)
    at = invitation.gathering_at
    assert (
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat", shown=at)
    ).effective


@pytest.mark.parametrize("kind", INVITE)
async def test_without_a_move_a_client_that_tells_no_time_answers(office: Office, kind: str) -> None:
    invitation = await INVITE[kind](office)
    answered = await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="mini")
    assert (answered.effective, answered.view.state) == (True, "accepted")


async def test_an_answer_that_is_undone_is_given_again_for_the_moved_time(office: Office) -> None:
    invitation = await INVITE["recall"](office)
    moved = invitation.gathering_at - EARLIER
    await move_gathering(office, invitation, moved)
    ours = invitation.id, invitation.expert_id
    await office.invitations.answer(*ours, "accept", by="h5", shown=moved)
    again = await office.invitations.answer(*ours, "accept", by="h5", shown=invitation.gathering_at)
    assert (again.effective, again.view.gathering_at) == (False, moved), "a later answer gets the present state"
