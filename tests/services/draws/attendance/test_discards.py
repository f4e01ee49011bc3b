"""Discarding an expert who has agreed: permissions, notices and the entry in the record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.draws.verify_draw import verify
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, TooMany
from models.draws import DiscardRequest, Draw
from models.invitations import Invitation
from models.notices import Notice
from models.organisations import AgentLink
from services.core.base import Actor, Deps
from services.draws import DiscardForm
from tests.factories.offices import (
    Office,
    add_experts,
    make_draw,
    make_office,
    open_invitations,
    recuse,
    start_draw,
    state_of,
)
from tests.factories.people import make_account, make_grant
from tests.invariants import check_invariants

RECUSAL = DiscardForm("", "recusal", "与投标人法定代表人有亲属关系", "投标人")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def panel(office: Office, needed: int = 1) -> tuple[UUID, list[Invitation]]:
    await add_experts(office, needed + 1)
    draw_id = await start_draw(office, needed=needed)
    found = await open_invitations(draw_id)
    for one in found:
        await office.invitations.answer(one.id, one.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    return draw_id, found


async def invitation_state(one: Invitation) -> str:
    return (await Invitation.get(id=one.id)).state


async def count_notices(kind: str) -> int:
    return await Notice.filter(kind=kind).count()


async def findings(office: Office, draw_id: UUID) -> list[tuple[str, str]]:
    record = json.loads(json.dumps(await office.public_records.read(office.agency, draw_id)))
    return [(one.severity, one.code) for one in verify(record) if one.code != "order_unchecked"]


def leave_of(one: Invitation) -> DiscardForm:
    return DiscardForm(one.code, "leave", "专家来电请假")


# ---- leave


@pytest.mark.parametrize("role", ["agency", "venue", "verifier"])
async def test_nobody_but_the_expert_frees_the_place_by_a_leave(office: Office, role: str, clock: FixedClock) -> None:
    """The attack of one: any accepted code, days ahead, without evidence."""
    draw_id, [one] = await panel(office)
    done = await office.discards.register(getattr(office, role), draw_id, leave_of(one))
    assert (done.counts, await invitation_state(one), await state_of(draw_id)) == (False, "accepted", "completed")
    clock.move(timedelta(minutes=31))
    assert await office.discards.lapse_due() == 1
    assert await invitation_state(one) == "accepted"
    assert (await Notice.get(kind="agency_kept")).params["reason"] == "专家未在时限内答复"
    assert await findings(office, draw_id) == []


async def test_the_expert_and_the_supervisor_hear_of_a_leave_at_once(office: Office) -> None:
    draw_id, [one] = await panel(office)
    await office.discards.register(office.agency, draw_id, leave_of(one))
    asked = await Notice.get(kind="leave_asked")
    assert (asked.expert_id, asked.invitation_id) == (one.expert_id, one.id)
    supervisor = await Notice.get(kind="supervisor_discard")
    assert supervisor.account_id == office.supervisor.account_id


async def test_a_leave_that_the_expert_confirms_frees_the_place_and_the_record_says_who_asked(office: Office) -> None:
    draw_id, [one] = await panel(office)
    await office.discards.register(office.agency, draw_id, leave_of(one))
    assert (await office.invitation_queries.view(one.id, one.expert_id)).leave_asked_until is not None
    assert await office.discards.answer_leave(one.id, one.expert_id, True, by="h5")
    assert await office.discards.answer_leave(one.id, one.expert_id, True, by="h5")
    assert (await invitation_state(one), await state_of(draw_id)) == ("left", "supplement_pending")
    assert await count_notices("leave_confirmed") == 1
    log = (await office.public_records.read(office.agency, draw_id))["log"]
    entry = next(one for one in log if one.get("outcome") == "left")  # type: ignore[union-attr]
    assert (entry["by"], entry["confirmed_by"]) == ("agency", "expert")  # type: ignore[index,call-overload]
    assert await findings(office, draw_id) == [("warning", "discard")]
    await check_invariants()


async def test_an_expert_who_denies_stays_and_is_not_asked_a_third_time(office: Office) -> None:
    draw_id, [one] = await panel(office)
    for _ in range(2):
        await office.discards.register(office.agency, draw_id, leave_of(one))
        with pytest.raises(Conflict, match="等待确认"):
            await office.discards.register(office.agency, draw_id, leave_of(one))
        assert not await office.discards.answer_leave(one.id, one.expert_id, False, by="chat")
    assert (await invitation_state(one), await count_notices("agency_kept")) == ("accepted", 2)
    with pytest.raises(RuleViolation) as refusal:
        await office.discards.register(office.agency, draw_id, leave_of(one))
    assert refusal.value.rule == "draw.leave.requests_max"
    with pytest.raises(Conflict):
        await office.discards.answer_leave(one.id, one.expert_id, True, by="chat")


async def test_nobody_answers_for_another_expert(office: Office) -> None:
    draw_id, [one, two] = await panel(office, 2)
    await office.discards.register(office.agency, draw_id, leave_of(one))
    with pytest.raises(NotFound):
        await office.discards.answer_leave(one.id, two.expert_id, True, by="chat")
    with pytest.raises(Conflict):
        await office.discards.answer_leave(two.id, two.expert_id, True, by="chat")


async def test_a_leave_of_his_own_makes_the_question_pointless_and_draws_no_warning(office: Office) -> None:
    draw_id, [one] = await panel(office)
    await office.discards.register(office.agency, draw_id, leave_of(one))
    await office.invitations.leave(one.id, one.expert_id, "生病")
    assert (await DiscardRequest.get(draw_id=draw_id)).state == "void"
    assert await findings(office, draw_id) == []


async def test_past_the_leave_deadline_the_expert_may_still_confirm_what_the_contact_registered(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at - timedelta(minutes=5))
    with pytest.raises(RuleViolation):
        await office.invitations.leave(one.id, one.expert_id, "堵车")
    done = await office.discards.register(office.agency, draw_id, leave_of(one))
    assert done.until == one.gathering_at
    assert await office.discards.answer_leave(one.id, one.expert_id, True, by="chat")


# ---- absence


async def test_nobody_is_absent_before_the_gathering_time(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    form = DiscardForm(one.code, "absence", "未到场")
    clock.set(one.gathering_at - timedelta(seconds=1))
    with pytest.raises(Conflict) as refusal:
        await office.discards.register(office.agency, draw_id, form)
    assert refusal.value.code == "not_gathered"
    clock.set(one.gathering_at)
    done = await office.discards.register(office.agency, draw_id, form)
    assert (done.counts, await invitation_state(one), await state_of(draw_id)) == (True, "absent", "supplement_pending")
    assert (await Invitation.get(id=one.id)).answered_by == "system"
    assert (await count_notices("absence_registered"), await count_notices("supervisor_discard")) == (1, 1)
    assert await findings(office, draw_id) == [("warning", "discard")]


async def test_bringing_the_gathering_forward_makes_nobody_absent(office: Office, clock: FixedClock) -> None:
    """The attack: the gathering is moved to the next minute, at night, and a minute later everybody is absent."""
    draw_id, [one] = await panel(office)
    await office.gathering_times.change(office.agency, draw_id, one.notice_id, clock.now() + timedelta(minutes=1))
    form = DiscardForm(one.code, "absence", "未到场")
    clock.move(timedelta(minutes=2))
    with pytest.raises(Conflict) as refusal:
        await office.discards.register(office.agency, draw_id, form)
    assert refusal.value.code == "not_gathered"
    await office.discards.register(office.agency, draw_id, leave_of(one))
    clock.set(one.gathering_at)
    assert (await office.discards.register(office.agency, draw_id, form)).counts
    assert await findings(office, draw_id) == [("warning", "gathering_moved"), ("warning", "discard")]


async def test_who_has_entered_is_not_absent_but_may_be_recused(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, one.code)
    with pytest.raises(Conflict) as refusal:
        await office.discards.register(office.agency, draw_id, DiscardForm(one.code, "absence", "未到场"))
    assert refusal.value.code == "entered"
    await recuse(office, draw_id, one.code)
    assert await invitation_state(one) == "recused"


# ---- recusal on the spot


async def test_a_recusal_counts_only_when_somebody_else_confirms_it(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await make_grant(await make_account(office.deps), "verifier")
    done = await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=one.code))
    assert (done.counts, await invitation_state(one)) == (False, "accepted")
    assert (await count_notices("recusal_asked"), await count_notices("recusal_waiting")) == (1, 2)
    [request] = await office.discard_queries.of_draw(office.agency, draw_id)
    with pytest.raises(Forbidden):
        await office.discards.confirm(office.agency, request.id)
    [waiting] = await office.discard_queries.waiting(office.supervisor)
    assert (waiting.id, waiting.may_decide) == (request.id, True)
    await office.discards.confirm(office.supervisor, request.id)
    assert (await invitation_state(one), await count_notices("recusal_confirmed")) == ("recused", 1)
    with pytest.raises(Conflict):
        await office.discards.confirm(office.verifier, request.id)
    assert await findings(office, draw_id) == [("warning", "discard")]
    await check_invariants()


async def test_a_verifier_does_not_confirm_his_own_request(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await office.discards.register(office.verifier, draw_id, replace(RECUSAL, who=one.code))
    [request] = await office.discard_queries.of_draw(office.verifier, draw_id)
    assert not request.may_decide
    with pytest.raises(Forbidden):
        await office.discards.confirm(office.verifier, request.id)
    assert await invitation_state(one) == "accepted"


async def test_a_recusal_that_is_refused_leaves_the_expert_where_he_is_and_says_so(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await office.discards.register(office.venue, draw_id, replace(RECUSAL, who=one.code))
    [request] = await office.discard_queries.waiting(office.verifier)
    with pytest.raises(InvalidInput):
        await office.discards.refuse(office.verifier, request.id, " ")
    await office.discards.refuse(office.verifier, request.id, "无利害关系")
    assert await invitation_state(one) == "accepted"
    assert (await Notice.get(kind="agency_kept")).params["reason"] == "无利害关系"
    assert await count_notices("recusal_refused") == 1


async def test_a_recusal_needs_a_class_and_waits_for_the_check_in_to_open(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    with pytest.raises(InvalidInput) as refusal:
        await office.discards.register(office.venue, draw_id, replace(RECUSAL, who=one.code, cause="我不喜欢"))
    assert refusal.value.field == "cause"
    clock.set(one.gathering_at - office.deps.book("demo").attendance.check_in_opens - timedelta(seconds=1))
    with pytest.raises(RuleViolation):
        await office.discards.register(office.venue, draw_id, replace(RECUSAL, who=one.code))


async def test_verifiers_and_supervisors_of_other_draws_do_not_decide(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=one.code))
    [request] = await office.discard_queries.of_draw(office.agency, draw_id)
    stranger = Actor("demo", "supervisor", account_id=(await make_account(office.deps)).id)
    for actor in (stranger, replace(office.verifier, scope="别的终端")):
        assert await office.discard_queries.waiting(actor) == []
        with pytest.raises(NotFound):
            await office.discards.confirm(actor, request.id)


async def test_a_supervisor_whom_the_office_granted_the_role_reads_but_does_not_decide(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=one.code))
    account = await make_account(office.deps)
    await make_grant(account, "supervisor")
    granted = Actor("demo", "supervisor", account_id=account.id)
    [request] = await office.discard_queries.of_draw(granted, draw_id)
    assert not request.may_decide
    with pytest.raises(Forbidden) as refusal:
        await office.discards.confirm(granted, request.id)
    assert (refusal.value.code, await invitation_state(one)) == ("not_named", "accepted")
    [request] = await office.discard_queries.of_draw(office.supervisor, draw_id)
    assert request.may_decide


@pytest.mark.parametrize("role", ["supervisor", "verifier"])
async def test_who_became_an_agent_of_the_agency_confirms_nothing_for_it(
    office: Office, clock: FixedClock, role: str
) -> None:
    """The attack: the legal entity asks, an agent of it who holds another role too confirms."""
    draw_id, [one] = await panel(office)
    clock.set(one.gathering_at)
    await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=one.code))
    [request] = await office.discard_queries.of_draw(office.agency, draw_id)
    friend: Actor = getattr(office, role)
    await make_agent(office, friend)
    with pytest.raises(Forbidden) as refusal:
        await office.discards.confirm(friend, request.id)
    assert (refusal.value.code, await invitation_state(one)) == ("of_agency", "accepted")


async def test_who_is_of_the_agency_registers_terminates_and_ends_nothing_as_an_office(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [one] = await panel(office)
    for friend in (office.venue, office.verifier):
        await make_agent(office, friend)
        with pytest.raises(Forbidden):
            await office.discards.register(friend, draw_id, leave_of(one))
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


async def make_agent(office: Office, actor: Actor) -> None:
    now = office.deps.now()
    await AgentLink.create(
        organisation_id=office.agency.organisation_id,
        account_id=actor.account_id,
        valid_from=now,
        valid_until=now + timedelta(days=1),
        accepted_at=now,
        created_at=now,
    )


# ---- no names before unsealing


async def mobile_of(office: Office, one: Invitation) -> str:
    expert = next(e for e in office.experts if e.id == one.expert_id)
    return office.deps.keys.open_text(expert.mobile_sealed, "mobile")


async def answer_to(office: Office, actor: Actor, draw_id: UUID, who: str) -> tuple[type[Exception], str]:
    with pytest.raises((NotFound, InvalidInput, RuleViolation)) as refusal:
        await office.discards.register(actor, draw_id, DiscardForm(who, "leave", "来电请假"))
    return type(refusal.value), refusal.value.message


async def test_no_mobile_number_tells_an_agency_who_sits_on_the_panel(office: Office, clock: FixedClock) -> None:
    """An earlier version answered 404 for experts outside the panel, and a surname and eight digits for others."""
    draw_id, [one] = await panel(office)
    [other] = [e for e in office.experts if e.id != one.expert_id]
    numbers = (await mobile_of(office, one), office.deps.keys.open_text(other.mobile_sealed, "mobile"), "13700000000")
    for moment in (clock.now(), one.gathering_at - timedelta(seconds=1)):
        clock.set(moment)
        assert len({await answer_to(office, office.agency, draw_id, number) for number in numbers}) == 1


@pytest.mark.parametrize("role", ["venue", "verifier"])
async def test_venue_staff_may_use_a_mobile_number_after_unsealing_only(
    office: Office, clock: FixedClock, role: str
) -> None:
    draw_id, [one] = await panel(office)
    actor, mobile = getattr(office, role), await mobile_of(office, one)
    sealed = {await answer_to(office, actor, draw_id, number) for number in (mobile, "13700000000")}
    assert [kind for kind, _ in sealed] == [RuleViolation]
    clock.set(office_unseals(office, one) + timedelta(seconds=1))
    [other] = [e for e in office.experts if e.id != one.expert_id]
    elsewhere = office.deps.keys.open_text(other.mobile_sealed, "mobile")
    assert len({await answer_to(office, actor, draw_id, n) for n in (elsewhere, "13700000000", "000000")}) == 1
    done = await office.discards.register(actor, draw_id, DiscardForm(mobile, "absence", "未到场"))
    assert (done.code, await invitation_state(one)) == (one.code, "absent")


def office_unseals(office: Office, one: Invitation) -> object:
    """Gathering and start of the panel lie less than half an hour apart in other factories: the later of both."""
    return max(one.gathering_at, one.ends_at - timedelta(hours=6))


async def test_the_register_shows_codes_only_until_unsealing(office: Office, clock: FixedClock) -> None:
    draw_id, [one] = await panel(office)
    await office.invitations.leave(one.id, one.expert_id, "生病")
    for found in (
        await office.absence_queries.of_draw(office.agency, draw_id),
        await office.absence_queries.pending(office.agency),
    ):
        assert [(row.code, row.name, row.id_number) for row in found] == [(one.code, "", "")]
    draw = await office.access.get(office.agency, draw_id)
    clock.set(office.access.unseals_at(draw))
    [row] = await office.absence_queries.of_draw(office.agency, draw_id)
    assert row.name.endswith("*")
    assert "***" in row.id_number


async def test_registrations_are_limited_by_the_hour_also_those_that_fail(office: Office) -> None:
    draw_id, _ = await panel(office)
    for _ in range(20):
        with pytest.raises((NotFound, InvalidInput)):
            await office.discards.register(office.agency, draw_id, DiscardForm("000000", "leave", "x"))
    with pytest.raises(TooMany):
        await office.discards.register(office.agency, draw_id, DiscardForm("000000", "leave", "x"))
