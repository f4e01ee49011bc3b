"""Discarding an expert who has agreed: permissions, look-ups, absences and the entry in the record."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, TooMany
from models.draws import Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps
from services.draws import DiscardForm, DiscardKind
from tests.factories.offices import Office, make_draw, make_office, recuse, state_of
from tests.services.draws.attendance.panels import (
    count_notices,
    findings,
    invitation_state,
    leave_form,
    make_agent,
    panel,
)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


# ---- absence


async def test_an_absence_before_the_gathering_time_is_refused(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    form = DiscardForm(invitation.code, "absence", "未到场")
    clock.set(invitation.gathering_at - timedelta(seconds=1))
    with pytest.raises(Conflict) as refusal:
        await office.discards.register(office.agency, draw_id, form)
    assert refusal.value.code == "not_gathered"
    clock.set(invitation.gathering_at)
    done = await office.discards.register(office.agency, draw_id, form)
    assert (done.counts, await invitation_state(invitation), await state_of(draw_id)) == (
        True,
        "absent",
        "supplement_pending",
    )
    assert (await Invitation.get(id=invitation.id)).answered_by == "system"
    assert (await count_notices("absence_registered"), await count_notices("supervisor_discard")) == (1, 1)
    assert await findings(office, draw_id) == [("warning", "discard")]


async def test_an_absence_after_bringing_the_gathering_forward_is_refused(office: Office, clock: FixedClock) -> None:
    """The attack: the gathering is moved to the next minute, at night, and a minute later everybody is absent."""
    draw_id, [invitation] = await panel(office)
    await office.gathering_times.change(
        office.agency, draw_id, invitation.notice_id, clock.now() + timedelta(minutes=1)
    )
    form = DiscardForm(invitation.code, "absence", "未到场")
    clock.move(timedelta(minutes=2))
    with pytest.raises(Conflict) as refusal:
        await office.discards.register(office.agency, draw_id, form)
    assert refusal.value.code == "not_gathered"
    await office.discards.register(office.agency, draw_id, leave_form(invitation))
    clock.set(invitation.gathering_at)
    assert (await office.discards.register(office.agency, draw_id, form)).counts
    assert await findings(office, draw_id) == [("warning", "gathering_moved"), ("warning", "discard")]


async def test_who_agreed_a_moment_ago_is_not_absent_yet(office: Office, clock: FixedClock) -> None:
    """The attack: an agreement, and two minutes later an absence that counts."""
    draw_id, [invitation] = await panel(office)
    lead = office.deps.book("demo").draw.agreement_lead
    clock.set(invitation.gathering_at)
    agreed_at = clock.now() - lead + timedelta(seconds=1)
    await Invitation.filter(id=invitation.id).update(answered_at=agreed_at)
    form = DiscardForm(invitation.code, "absence", "未到场")
    with pytest.raises(RuleViolation) as refusal:
        await office.discards.register(office.agency, draw_id, form)
    assert refusal.value.rule == "draw.agreement_lead"
    clock.move(timedelta(seconds=1))
    assert (await office.discards.register(office.agency, draw_id, form)).counts, "who still does not come is absent"


async def test_who_has_entered_is_not_absent_but_may_be_recused(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    with pytest.raises(Conflict) as refusal:
        await office.discards.register(office.agency, draw_id, DiscardForm(invitation.code, "absence", "未到场"))
    assert refusal.value.code == "entered"
    await recuse(office, draw_id, invitation.code)
    assert await invitation_state(invitation) == "recused"


# ---- persons of the agency


async def test_who_is_of_the_agency_registers_terminates_and_ends_nothing_as_an_office(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    for friend in (office.venue, office.verifier):
        await make_agent(office, friend)
        with pytest.raises(Forbidden):
            await office.discards.register(friend, draw_id, leave_form(invitation))
    with pytest.raises(Forbidden):
        await office.activity_end.terminate(office.verifier, draw_id, "replanned", "换一批")
    clock.set((await Draw.get(id=draw_id)).starts_at)
    with pytest.raises(Forbidden):
        await office.activity_end.end(office.venue, draw_id, "结束")


async def test_no_agent_verifies_what_his_agency_hands_in(office: Office) -> None:
    draw_id = await make_draw(office)
    terminal = office.deps.book("demo").draw.terminals[0]
    application = await office.setup.submit(office.agency, draw_id, terminal, "请核验")
    await make_agent(office, office.verifier)
    with pytest.raises(Forbidden):
        await office.verification.approve(office.verifier, application)


# ---- no names before unsealing


async def test_all_that_is_missing_is_said_at_once(office: Office) -> None:
    draw_id, _ = await panel(office)
    for kind, fields in (("", ["who", "kind", "reason"]), ("recusal", ["who", "cause", "reason"])):
        with pytest.raises(InvalidInput) as refusal:
            await office.discards.register(office.agency, draw_id, DiscardForm("", cast(DiscardKind, kind), " "))
        assert [fault.field for fault in refusal.value.faults] == fields


async def mobile_of(office: Office, invitation: Invitation) -> str:
    expert = next(e for e in office.experts if e.id == invitation.expert_id)
    return office.deps.keys.open_text(expert.mobile_sealed, "mobile")


async def find_refusal(office: Office, actor: Actor, draw_id: UUID, who: str) -> tuple[type[Exception], str]:
    with pytest.raises((NotFound, InvalidInput, RuleViolation)) as refusal:
        await office.discards.register(actor, draw_id, DiscardForm(who, "leave", "来电请假"))
    return type(refusal.value), refusal.value.message


async def test_no_mobile_number_tells_an_agency_who_sits_on_the_panel(office: Office, clock: FixedClock) -> None:
    """An earlier version answered 404 for experts outside the panel, and a surname and eight digits for others."""
    draw_id, [invitation] = await panel(office)
    [other] = [e for e in office.experts if e.id != invitation.expert_id]
    numbers = (
        await mobile_of(office, invitation),
        office.deps.keys.open_text(other.mobile_sealed, "mobile"),
        "13700000000",
    )
    for moment in (clock.now(), invitation.gathering_at - timedelta(seconds=1)):
        clock.set(moment)
        assert len({await find_refusal(office, office.agency, draw_id, number) for number in numbers}) == 1


@pytest.mark.parametrize("role", ["agency", "venue", "verifier"])
async def test_a_mobile_number_may_be_used_after_unsealing_only(office: Office, clock: FixedClock, role: str) -> None:
    draw_id, [invitation] = await panel(office)
    actor, mobile = getattr(office, role), await mobile_of(office, invitation)
    sealed = {await find_refusal(office, actor, draw_id, number) for number in (mobile, "13700000000")}
    assert [kind for kind, _ in sealed] == [RuleViolation]
    clock.set(office_unseals(office, invitation) + timedelta(seconds=1))
    [other] = [e for e in office.experts if e.id != invitation.expert_id]
    elsewhere = office.deps.keys.open_text(other.mobile_sealed, "mobile")
    assert len({await find_refusal(office, actor, draw_id, n) for n in (elsewhere, "13700000000", "000000")}) == 1
    done = await office.discards.register(actor, draw_id, DiscardForm(mobile, "absence", "未到场"))
    assert (done.code, await invitation_state(invitation)) == (invitation.code, "absent")


def office_unseals(office: Office, invitation: Invitation) -> object:
    """Gathering and start of the panel lie less than half an hour apart in other factories: the later of both."""
    return max(invitation.gathering_at, invitation.ends_at - timedelta(hours=6))


async def test_the_register_shows_codes_only_until_unsealing(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    await office.invitations.leave(invitation.id, invitation.expert_id, "生病")
    for absences in (
        await office.absence_queries.absences_of_draw(office.agency, draw_id),
        await office.absence_queries.list_pending(office.agency),
    ):
        assert [(row.code, row.name, row.id_number) for row in absences] == [(invitation.code, "", "")]
    draw = await office.access.get(office.agency, draw_id)
    clock.set(office.access.unseals_at(draw))
    [row] = await office.absence_queries.absences_of_draw(office.agency, draw_id)
    assert row.name.endswith("*")
    assert "***" in row.id_number


async def test_registrations_are_limited_by_the_hour_also_those_that_fail(office: Office) -> None:
    draw_id, _ = await panel(office)
    for _ in range(20):
        with pytest.raises((NotFound, InvalidInput)):
            await office.discards.register(office.agency, draw_id, DiscardForm("000000", "leave", "x"))
    with pytest.raises(TooMany):
        await office.discards.register(office.agency, draw_id, DiscardForm("000000", "leave", "x"))
