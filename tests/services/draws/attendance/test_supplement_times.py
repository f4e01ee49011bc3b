"""An absence that is found at the gathering is filled again: a later gathering, a later start, and the notices."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, RuleViolation
from models.audit import AuditEntry
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from services.draws import DiscardForm, NewStart
from services.operations import find_broken_audit
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    make_office,
    open_invitations,
    sit_elsewhere,
    start_draw,
    state_of,
)

WHY = "一位专家缺席，需要补抽"


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def panel_with_absence(office: Office, clock: FixedClock) -> tuple[UUID, Invitation, Invitation]:
    """A panel of two at its gathering: one came in, the other is registered as absent."""
    await add_experts(office, 7)
    draw_id = await start_draw(office, needed=2)
    here, gone = await open_invitations(draw_id)
    for invitation in (here, gone):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    clock.set(here.gathering_at + timedelta(minutes=1))
    await office.attendance.check_in_by_code(office.venue, draw_id, here.code)
    await office.discards.register(office.venue, draw_id, DiscardForm(gone.code, "absence", "未到"))
    assert await state_of(draw_id) == "supplement_pending"
    return draw_id, here, gone


async def start_supplement(office: Office, draw_id: UUID, *, gathering: float, start: float, reason: str = WHY) -> None:
    """A supplementary draw with times in hours from now."""
    now = office.deps.now()
    notice = await CallNotice.get(draw_id=draw_id)
    await office.supplements.start(
        office.agency,
        draw_id,
        gathering={notice.id: now + timedelta(hours=gathering)},
        start=NewStart(now + timedelta(hours=start), reason),
    )


async def test_a_place_is_filled_at_the_door_and_everybody_learns_of_the_new_start(
    office: Office, clock: FixedClock
) -> None:
    draw_id, here, _ = await panel_with_absence(office, clock)
    before = await Draw.get(id=draw_id)
    with pytest.raises(RuleViolation) as near:
        await office.supplements.start(office.agency, draw_id)
    assert near.value.rule == "draw.calling.stop_before_gathering"
    await start_supplement(office, draw_id, gathering=1.5, start=2.5)
    after = await Draw.get(id=draw_id)
    delay = clock.now() + timedelta(hours=2.5) - before.starts_at
    assert (after.starts_at - before.starts_at, after.ends_at - before.ends_at) == (delay, delay)
    await office.run.advance(draw_id)
    [new] = await open_invitations(draw_id)
    await office.invitations.answer(new.id, new.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    assert await state_of(draw_id) == "completed"
    waiting = await Notice.get(kind="panel_waits")
    assert (waiting.invitation_id, waiting.params["starts"]) == (here.id, "11月21日(周六) 19:31")
    assert not await Notice.exists(kind="gathering_changed", invitation_id=here.id), "he is there already"
    told = {notice.account_id for notice in await Notice.filter(kind="evaluation_postponed")}
    assert office.supervisor.account_id in told
    invitation = await Invitation.get(id=here.id)
    assert (invitation.state, invitation.ends_at) == ("accepted", after.ends_at)
    [entry] = await AuditEntry.filter(action="draw.start_moved", subject_id=draw_id)
    assert entry.details["reason"] == WHY
    await check_record(office, draw_id, "discard", "gathering_moved")


@pytest.mark.parametrize(
    ("gathering", "start", "reason", "fields"),
    [
        (1.5, 2.5, "  ", ["start_reason"]),
        (1.5, 0.5, WHY, ["starts_at"]),
        (1.5, 6.0, WHY, ["starts_at"]),
        (1.5, 0.5, "", ["start_reason", "starts_at"]),
        (2.5, 1.5, WHY, ["gathering_at"]),
        (0.05, 2.5, WHY, [None]),
    ],
)
async def test_a_start_that_does_not_do_is_refused_and_nothing_moves(
    office: Office, clock: FixedClock, gathering: float, start: float, reason: str, fields: list[str | None]
) -> None:
    draw_id, _, _ = await panel_with_absence(office, clock)
    before = await Draw.get(id=draw_id)
    with pytest.raises((InvalidInput, RuleViolation)) as refusal:
        await start_supplement(office, draw_id, gathering=gathering, start=start, reason=reason)
    assert [fault.field for fault in refusal.value.faults] == fields
    after = await Draw.get(id=draw_id)
    assert (after.starts_at, after.state) == (before.starts_at, "supplement_pending")
    assert not await Notice.exists(kind="evaluation_postponed")


async def test_the_start_stays_on_its_day(office: Office, clock: FixedClock) -> None:
    """The panel was to begin at 18:00; at 21:30 two hours more would be 23:30, three another day."""
    draw_id, _, _ = await panel_with_absence(office, clock)
    clock.move(timedelta(hours=4, minutes=29))
    await Draw.filter(id=draw_id).update(starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=6))
    with pytest.raises(RuleViolation) as refusal:
        await start_supplement(office, draw_id, gathering=1.5, start=3)
    assert refusal.value.rule == "draw.supplement.postpone_max"
    await start_supplement(office, draw_id, gathering=1.2, start=1.5)
    assert await state_of(draw_id) == "drawing"


async def test_a_reading_before_the_start_moved_is_judged_by_the_start_of_then(
    office: Office, clock: FixedClock
) -> None:
    draw_id, _, _ = await panel_with_absence(office, clock)
    starts_at = (await Draw.get(id=draw_id)).starts_at
    clock.set(starts_at - timedelta(minutes=30))
    assert (await office.results.read(office.agency, draw_id)).unsealed
    assert await find_broken_audit(office.deps) == []
    await start_supplement(office, draw_id, gathering=1.5, start=3)
    assert await find_broken_audit(office.deps) == []
    early = {"action": "result.read", "subject": "draw", "subject_id": draw_id, "actor_role": "agent"}
    await AuditEntry.create(pool="demo", at=starts_at, **early)
    [finding] = await find_broken_audit(office.deps)
    assert finding.startswith("a result was read before its time")


async def test_moving_the_start_again_does_not_move_it_further_than_once(office: Office, clock: FixedClock) -> None:
    """The start at 18:00 may move to 22:00 at most, in one step or in two."""
    draw_id, _, _ = await panel_with_absence(office, clock)
    first = (await Draw.get(id=draw_id)).starts_at
    await start_supplement(office, draw_id, gathering=1.5, start=3)
    await office.run.advance(draw_id)
    [new] = await open_invitations(draw_id)
    await office.invitations.answer(new.id, new.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    clock.set(new.gathering_at + timedelta(minutes=1))
    await office.discards.register(office.venue, draw_id, DiscardForm(new.code, "absence", "未到"))
    hours = (first + timedelta(hours=4) - clock.now()) / timedelta(hours=1)
    with pytest.raises(RuleViolation, match=r"还可推迟到11月21日.*22:00") as refusal:
        await start_supplement(office, draw_id, gathering=1.5, start=hours + 0.1)
    assert refusal.value.rule == "draw.supplement.postpone_max"
    await start_supplement(office, draw_id, gathering=1.5, start=hours)
    assert (await Draw.get(id=draw_id)).starts_at == first + timedelta(hours=4)


async def test_an_expert_of_the_panel_who_is_needed_elsewhere_later_stops_the_new_start(
    office: Office, clock: FixedClock
) -> None:
    draw_id, here, _ = await panel_with_absence(office, clock)
    later = await Draw.get(id=draw_id)
    await sit_elsewhere(office, here.expert_id, later.ends_at, later.ends_at + timedelta(hours=1))
    with pytest.raises(Conflict) as refusal:
        await start_supplement(office, draw_id, gathering=1.5, start=2.5)
    assert refusal.value.code == "start_overlaps"
