"""A leave that others register for an expert: only his confirmation frees the place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, NotFound, RuleViolation
from models.draws import DiscardRequest
from models.notices import Notice
from services.core.base import Deps
from tests.factories.offices import Office, make_office, state_of
from tests.invariants import check_invariants
from tests.services.draws.attendance.panels import (
    count_notices,
    findings,
    invitation_state,
    leave_form,
    panel,
)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.mark.parametrize("role", ["agency", "venue", "verifier"])
async def test_only_the_expert_frees_the_place_by_a_leave(office: Office, role: str, clock: FixedClock) -> None:
    """The attack of one: any accepted code, days ahead, without evidence."""
    draw_id, [invitation] = await panel(office)
    done = await office.discards.register(getattr(office, role), draw_id, leave_form(invitation))
    assert (done.counts, await invitation_state(invitation), await state_of(draw_id)) == (
        False,
        "accepted",
        "completed",
    )
    clock.move(timedelta(minutes=31))
    assert await office.discards.lapse_due() == 1
    assert await invitation_state(invitation) == "accepted"
    assert (await Notice.get(kind="agency_kept")).params["reason"] == "专家未在时限内答复"
    assert await findings(office, draw_id) == []


async def test_the_expert_and_the_supervisor_hear_of_a_leave_at_once(office: Office) -> None:
    draw_id, [invitation] = await panel(office)
    await office.discards.register(office.agency, draw_id, leave_form(invitation))
    notice = await Notice.get(kind="leave_asked")
    assert (notice.expert_id, notice.invitation_id) == (invitation.expert_id, invitation.id)
    supervisor = await Notice.get(kind="supervisor_discard")
    assert supervisor.account_id == office.supervisor.account_id


async def test_a_leave_that_the_expert_confirms_frees_the_place_and_the_record_says_who_asked(office: Office) -> None:
    draw_id, [invitation] = await panel(office)
    await office.discards.register(office.agency, draw_id, leave_form(invitation))
    assert (await office.invitation_queries.view(invitation.id, invitation.expert_id)).leave_asked_until is not None
    assert await office.discards.answer_leave(invitation.id, invitation.expert_id, True, by="h5")
    assert await office.discards.answer_leave(invitation.id, invitation.expert_id, True, by="h5")
    assert (await invitation_state(invitation), await state_of(draw_id)) == ("left", "supplement_pending")
    assert await count_notices("leave_confirmed") == 1
    log = (await office.public_records.read(office.agency, draw_id))["log"]
    entry = next(logged for logged in log if logged.get("outcome") == "left")  # type: ignore[union-attr]
    assert (entry["by"], entry["confirmed_by"]) == ("agency", "expert")  # type: ignore[index,call-overload]
    assert await findings(office, draw_id) == [("warning", "discard")]
    await check_invariants()


async def test_an_expert_who_denies_stays_and_is_not_asked_a_third_time(office: Office) -> None:
    draw_id, [invitation] = await panel(office)
    for _ in range(2):
        await office.discards.register(office.agency, draw_id, leave_form(invitation))
        with pytest.raises(Conflict, match="等待确认"):
            await office.discards.register(office.agency, draw_id, leave_form(invitation))
        assert not await office.discards.answer_leave(invitation.id, invitation.expert_id, False, by="chat")
    assert (await invitation_state(invitation), await count_notices("agency_kept")) == ("accepted", 2)
    with pytest.raises(RuleViolation) as refusal:
        await office.discards.register(office.agency, draw_id, leave_form(invitation))
    assert refusal.value.rule == "draw.leave.requests_max"
    with pytest.raises(Conflict):
        await office.discards.answer_leave(invitation.id, invitation.expert_id, True, by="chat")


async def test_an_expert_may_not_answer_for_another_expert(office: Office) -> None:
    draw_id, [first, second] = await panel(office, 2)
    await office.discards.register(office.agency, draw_id, leave_form(first))
    with pytest.raises(NotFound):
        await office.discards.answer_leave(first.id, second.expert_id, True, by="chat")
    with pytest.raises(Conflict):
        await office.discards.answer_leave(second.id, second.expert_id, True, by="chat")


async def test_a_leave_of_his_own_makes_the_question_pointless_and_draws_no_warning(office: Office) -> None:
    draw_id, [invitation] = await panel(office)
    await office.discards.register(office.agency, draw_id, leave_form(invitation))
    await office.invitations.leave(invitation.id, invitation.expert_id, "生病")
    assert (await DiscardRequest.get(draw_id=draw_id)).state == "void"
    assert await findings(office, draw_id) == []


async def test_past_the_leave_deadline_the_expert_may_still_confirm_what_the_contact_registered(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at - timedelta(minutes=5))
    with pytest.raises(RuleViolation):
        await office.invitations.leave(invitation.id, invitation.expert_id, "堵车")
    done = await office.discards.register(office.agency, draw_id, leave_form(invitation))
    assert done.until == invitation.gathering_at
    assert await office.discards.answer_leave(invitation.id, invitation.expert_id, True, by="chat")
