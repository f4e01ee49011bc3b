"""A recusal at the venue: who confirms or refuses it, and what follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from models.notices import Notice
from services.core.base import Actor, Deps
from services.draws import DiscardForm
from tests.factories.offices import Office, make_office
from tests.factories.people import make_account, make_grant
from tests.invariants import check_invariants
from tests.services.draws.attendance.panels import (
    count_notices,
    findings,
    invitation_state,
    make_agent,
    panel,
)

RECUSAL = DiscardForm("", "recusal", "与投标人法定代表人有亲属关系", "投标人")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def test_a_recusal_counts_only_when_another_person_confirms_it(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    for role in ("verifier", "venue"):
        await make_grant(await make_account(office.deps), role)
    done = await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=invitation.code))
    assert (done.counts, await invitation_state(invitation)) == (False, "accepted")
    assert (await count_notices("recusal_asked"), await count_notices("recusal_waiting")) == (1, 2)
    [request] = await office.discard_queries.requests_of_draw(office.agency, draw_id)
    with pytest.raises(Forbidden):
        await office.discards.confirm(office.agency, request.id)
    [waiting] = await office.discard_queries.list_waiting(office.supervisor)
    assert (waiting.id, waiting.may_decide) == (request.id, True)
    await office.discards.confirm(office.supervisor, request.id)
    assert (await invitation_state(invitation), await count_notices("recusal_confirmed")) == ("recused", 1)
    with pytest.raises(Conflict):
        await office.discards.confirm(office.verifier, request.id)
    assert await findings(office, draw_id) == [("warning", "discard")]
    assert await outcomes() == [("venue", "现场回避已确认，名额空出")], "who confirmed it knows"
    await check_invariants()


async def outcomes() -> list[tuple[str, object]]:
    """To whom the outcome of a recusal was told, and how."""
    told = Notice.filter(kind__in=["draw_news", "venue_news"]).order_by("kind")
    sides = {"draw_news": "supervisor", "venue_news": "venue"}
    return [
        (sides[notice.kind], notice.params["what"]) for notice in await told if "回避" in str(notice.params["what"])
    ]


async def test_a_verifier_does_not_confirm_his_own_request(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    await office.discards.register(office.verifier, draw_id, replace(RECUSAL, who=invitation.code))
    [request] = await office.discard_queries.requests_of_draw(office.verifier, draw_id)
    assert not request.may_decide
    with pytest.raises(Forbidden):
        await office.discards.confirm(office.verifier, request.id)
    assert await invitation_state(invitation) == "accepted"


async def test_a_recusal_that_is_refused_leaves_the_expert_where_he_is_and_says_so(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    await make_grant(await make_account(office.deps), "venue")
    await office.discards.register(office.venue, draw_id, replace(RECUSAL, who=invitation.code))
    [request] = await office.discard_queries.list_waiting(office.verifier)
    with pytest.raises(InvalidInput):
        await office.discards.refuse(office.verifier, request.id, " ")
    await office.discards.refuse(office.verifier, request.id, "无利害关系")
    assert await invitation_state(invitation) == "accepted"
    assert (await Notice.get(kind="agency_kept")).params["reason"] == "无利害关系"
    assert await count_notices("recusal_refused") == 1
    assert await outcomes() == [("supervisor", "现场回避未确认，专家仍参评"), ("venue", "现场回避未确认，专家仍参评")]


async def test_a_recusal_needs_a_class_and_waits_for_the_check_in_to_open(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    with pytest.raises(InvalidInput) as refusal:
        await office.discards.register(office.venue, draw_id, replace(RECUSAL, who=invitation.code, cause="我不喜欢"))
    assert refusal.value.field == "cause"
    clock.set(invitation.gathering_at - office.deps.book("demo").attendance.check_in_opens - timedelta(seconds=1))
    with pytest.raises(RuleViolation):
        await office.discards.register(office.venue, draw_id, replace(RECUSAL, who=invitation.code))


async def test_verifiers_and_supervisors_of_other_draws_do_not_decide(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=invitation.code))
    [request] = await office.discard_queries.requests_of_draw(office.agency, draw_id)
    stranger = Actor("demo", "supervisor", account_id=(await make_account(office.deps)).id)
    for actor in (stranger, replace(office.verifier, scope="别的终端")):
        assert await office.discard_queries.list_waiting(actor) == []
        with pytest.raises(NotFound):
            await office.discards.confirm(actor, request.id)


async def test_a_supervisor_whom_the_office_granted_the_role_reads_but_does_not_decide(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=invitation.code))
    account = await make_account(office.deps)
    await make_grant(account, "supervisor")
    granted = Actor("demo", "supervisor", account_id=account.id)
    [request] = await office.discard_queries.requests_of_draw(granted, draw_id)
    assert not request.may_decide
    with pytest.raises(Forbidden) as refusal:
        await office.discards.confirm(granted, request.id)
    assert (refusal.value.code, await invitation_state(invitation)) == ("not_named", "accepted")
    [request] = await office.discard_queries.requests_of_draw(office.supervisor, draw_id)
    assert request.may_decide


@pytest.mark.parametrize("role", ["supervisor", "verifier"])
async def test_who_became_an_agent_of_the_agency_confirms_nothing_for_it(
    office: Office, clock: FixedClock, role: str
) -> None:
    """The attack: the legal entity asks, an agent of it who holds another role too confirms."""
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    await office.discards.register(office.agency, draw_id, replace(RECUSAL, who=invitation.code))
    [request] = await office.discard_queries.requests_of_draw(office.agency, draw_id)
    friend: Actor = getattr(office, role)
    await make_agent(office, friend)
    with pytest.raises(Forbidden) as refusal:
        await office.discards.confirm(friend, request.id)
    assert (refusal.value.code, await invitation_state(invitation)) == ("of_agency", "accepted")
