"""An agreed time is the agreed time: a move asks each expert, and nothing follows the new time before he agrees."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound, RuleViolation, TooMany
from models.audit import AuditEntry
from models.draws import Absence, Draw
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Deps, execute
from services.core.limits import REPEATS_MAX
from services.draws import DiscardForm, InvitationView, NewStart
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    make_office,
    open_invitations,
    start_draw,
    state_of,
)
from tests.invariants import check_invariants
from tests.services.draws.attendance.panels import count_notices, invitation_state, panel
from tests.services.draws.attendance.test_attendance import set_attendance

SOON = timedelta(minutes=2)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def move(office: Office, invitation: Invitation, at: datetime) -> None:
    await office.gathering_times.change(office.agency, invitation.draw_id, invitation.notice_id, at)


async def view_of(office: Office, invitation: Invitation) -> InvitationView:
    return await office.invitation_queries.view(invitation.id, invitation.expert_id)


async def answer(office: Office, invitation: Invitation, agrees: bool) -> bool:
    proposal = (await view_of(office, invitation)).proposal
    return await office.time_changes.answer(invitation.id, invitation.expert_id, agrees, proposal, by="h5")


# ---- the attacks: nothing follows a time to which the expert hasn't agreed


async def test_no_call_reaches_a_sealed_expert_after_the_gathering_was_moved_to_now(
    office: Office, clock: FixedClock
) -> None:
    """The attack: the gathering is moved to now + 2 min, and the expert is telephoned four hours before unsealing."""
    draw_id, [invitation] = await panel(office)
    await move(office, invitation, clock.now() + SOON)
    clock.move(SOON)
    for way in (
        office.urging.urge(office.venue, draw_id, invitation.id),
        office.urging.urge(office.agency, draw_id, invitation.id),
        office.urging.ring(office.agency, draw_id, invitation.id, "own"),
        office.urging.ring(office.venue, draw_id, invitation.id, "own"),
    ):
        with pytest.raises(RuleViolation):
            await way
    assert office.bridge.made == []
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert (row.late, row.may_urge, row.may_ring) == (False, False, False)
    assert await office.urging.notify_late() == 0


async def test_nobody_is_written_to_by_moves_without_end(office: Office) -> None:
    """The attack: moved to and fro, each move an SMS to every expert, at any hour and at the pool's cost."""
    draw_id, [invitation] = await panel(office)
    agreed = invitation.gathering_at
    for minutes in range(1, REPEATS_MAX + 1):
        await move(office, invitation, agreed - timedelta(minutes=minutes))
    written = await count_notices("gathering_changed")
    with pytest.raises(TooMany, match="最多办理10次"):
        await move(office, invitation, agreed - timedelta(minutes=30))
    await Draw.filter(id=draw_id).update(state="supplement_pending")
    with pytest.raises(TooMany):
        await office.supplements.start(
            office.agency, draw_id, gathering={invitation.notice_id: agreed - timedelta(minutes=40)}
        )
    assert await count_notices("gathering_changed") == written == REPEATS_MAX


async def test_no_recusal_on_the_spot_before_the_agreed_gathering(
    office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: the gathering is moved to now + 2 min, and a recusal on the spot registered four hours early."""
    set_attendance(monkeypatch, office, check_in_opens=timedelta(minutes=90))
    draw_id, [invitation] = await panel(office)
    await move(office, invitation, clock.now() + SOON)
    form = DiscardForm(invitation.code, "recusal", "亲属", "投标人")
    with pytest.raises(RuleViolation) as refusal:
        await office.discards.register(office.agency, draw_id, form)
    assert refusal.value.rule == "attendance.check_in_opens"


async def test_an_expert_may_leave_until_the_deadline_of_the_time_to_which_he_agreed(
    office: Office, clock: FixedClock
) -> None:
    """The attack: leave was refused with a deadline of the moved time."""
    _, [invitation] = await panel(office)
    await move(office, invitation, clock.now() + SOON)
    rule = office.deps.book("demo").draw.leave
    shown = await view_of(office, invitation)
    assert shown.leave_until == invitation.gathering_at - rule.allowed_until
    clock.set(shown.leave_until or clock.now())
    await office.invitations.leave(invitation.id, invitation.expert_id, "生病")
    assert await invitation_state(invitation) == "left"


async def test_entry_lateness_and_reminders_follow_the_agreed_time(
    office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_attendance(monkeypatch, office, check_in_opens=timedelta(minutes=90))
    draw_id, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at - timedelta(hours=4))
    shown = await view_of(office, invitation)
    assert (shown.gathering_at, shown.proposed_gathering_at) == (
        invitation.gathering_at,
        invitation.gathering_at - timedelta(hours=4),
    )
    clock.set(invitation.gathering_at - timedelta(hours=3))
    with pytest.raises(RuleViolation, match="先在邀请页或聊天中同意改期"):
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    clock.set(invitation.gathering_at - timedelta(hours=2) + timedelta(seconds=1))
    assert await office.invitations.remind_due() == 1
    told = await Notice.get(kind="check_in_reminder")
    assert told.params["gathering"] == (await Notice.get(kind="draw_accepted")).params["gathering"]
    clock.set(invitation.gathering_at)
    assert await office.urging.urge(office.venue, draw_id, invitation.id) == 1


async def test_nobody_misses_an_expert_who_waits_for_a_later_time_unasked(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    later = invitation.gathering_at + timedelta(minutes=30)
    await move(office, invitation, later)
    clock.set(invitation.gathering_at + timedelta(minutes=1))
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert (row.late, row.may_urge) == (False, False)
    with pytest.raises(Conflict):
        await office.discards.register(office.venue, draw_id, DiscardForm(invitation.code, "absence", "未到"))
    assert (await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)).counted, "he may come"


# ---- answers


async def test_an_expert_who_agrees_is_bound_by_the_new_time(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    earlier = invitation.gathering_at - timedelta(hours=1)
    await move(office, invitation, earlier)
    assert [row.code for row in await office.unanswered_moves.list_of(draw_id)] == [invitation.code]
    assert await answer(office, invitation, True)
    assert await office.time_changes.answer(invitation.id, invitation.expert_id, True, "", by="chat"), "repeated"
    assert await office.unanswered_moves.list_of(draw_id) == []
    shown = await view_of(office, invitation)
    assert (shown.gathering_at, shown.proposal) == (earlier, "")
    assert (await Notice.get(kind="gathering_changed")).state == "stopped"
    assert await AuditEntry.filter(action="invitation.time_agreed", subject_id=invitation.id).count() == 1
    clock.set(earlier)
    assert await office.urging.urge(office.venue, draw_id, invitation.id) == 1
    await check_record(office, draw_id, "gathering_moved")
    await check_invariants()


async def test_who_cannot_come_at_the_new_time_goes_without_a_mark_past_every_deadline(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at - timedelta(minutes=5))
    with pytest.raises(RuleViolation):
        await office.invitations.leave(invitation.id, invitation.expert_id, "堵车")
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    assert not await answer(office, invitation, False)
    assert not await office.time_changes.answer(invitation.id, invitation.expert_id, False, "", by="h5"), "repeated"
    absence = await Absence.get(invitation_id=invitation.id)
    assert (absence.kind, absence.source) == ("leave", "moved")
    assert (await invitation_state(invitation), await state_of(draw_id)) == ("left", "supplement_pending")
    await check_record(office, draw_id, "gathering_moved")
    await check_invariants()


async def test_a_leave_while_a_moved_time_waits_has_neither_deadline_nor_mark(
    office: Office, clock: FixedClock
) -> None:
    _, [invitation] = await panel(office)
    clock.set(invitation.gathering_at - timedelta(minutes=5))
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await office.invitations.leave(invitation.id, invitation.expert_id, "来不及")
    assert (await Absence.get(invitation_id=invitation.id)).source == "moved"


async def test_an_answer_counts_for_the_times_that_it_names(office: Office) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at - timedelta(hours=1))
    before = (await view_of(office, invitation)).proposal
    await move(office, invitation, invitation.gathering_at - timedelta(hours=2))
    with pytest.raises(Conflict) as refusal:
        await office.time_changes.answer(invitation.id, invitation.expert_id, True, before, by="h5")
    assert refusal.value.code == "moved_again"


async def test_a_time_that_is_moved_back_asks_nothing_and_says_so(office: Office) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at - timedelta(hours=1))
    await move(office, invitation, invitation.gathering_at)
    assert (await view_of(office, invitation)).proposal == ""
    assert (await count_notices("gathering_changed"), await count_notices("gathering_stays")) == (1, 1)
    with pytest.raises(Conflict, match="没有等待您答复的改期"):
        await office.time_changes.answer(invitation.id, invitation.expert_id, False, "", by="h5")
    await check_invariants()


async def test_nobody_answers_for_another_expert(office: Office) -> None:
    _, [first, second] = await panel(office, 2)
    await move(office, first, first.gathering_at - timedelta(hours=1))
    with pytest.raises(NotFound):
        await office.time_changes.answer(first.id, second.expert_id, True, "", by="h5")


async def test_a_question_lapses_when_both_times_are_over(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at - timedelta(hours=1))
    proposal = (await view_of(office, invitation)).proposal
    clock.set(invitation.gathering_at)
    assert (await view_of(office, invitation)).proposal == ""
    with pytest.raises(Conflict):
        await office.time_changes.answer(invitation.id, invitation.expert_id, False, proposal, by="h5")


# ---- invitations that are open while the time moves


async def open_panel(office: Office) -> tuple[UUID, Invitation]:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.run.pause(office.agency, draw_id, "改时间")
    return draw_id, invitation


async def test_who_accepts_on_a_page_agrees_to_the_time_that_it_shows(office: Office, clock: FixedClock) -> None:
    _, invitation = await open_panel(office)
    moved = invitation.gathering_at + timedelta(minutes=30)
    await move(office, invitation, moved)
    assert (await view_of(office, invitation)).gathering_at == moved
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="mini", shown=moved)
    shown = await view_of(office, invitation)
    assert (shown.gathering_at, shown.proposal) == (moved, "")


@pytest.mark.parametrize("called", ["before", "after"])
async def test_who_accepts_on_the_phone_agrees_to_the_time_that_the_call_named(
    office: Office, clock: FixedClock, called: str
) -> None:
    """The attack: the gathering is moved to the next minute while the experts listen to the old time."""
    _, invitation = await open_panel(office)
    notice = await Notice.get(kind="draw_call", invitation_id=invitation.id)
    moved = clock.now() + SOON
    at = clock.now() + timedelta(seconds=-5 if called == "before" else 5)
    await Attempt.filter(notice_id=notice.id).delete()
    await execute(
        "INSERT INTO attempt (id, notice_id, channel, step, number, state, vendor_id, vendor_code, keys, cost, "
        "created_at, due_at, wait, sent_at, checks, tries, out_id) VALUES "
        "(gen_random_uuid(), $1, 'voice', 2, 10001, 'sent', '', '', '', 0, $2, $2, 90, $2, 0, 1, 'x')",
        notice.id,
        at,
    )
    await move(office, invitation, moved)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    shown = await view_of(office, invitation)
    expected = (invitation.gathering_at, moved) if called == "before" else (moved, None)
    assert (shown.gathering_at, shown.proposed_gathering_at) == expected


# ---- a postponed start


async def test_a_postponed_start_asks_everybody_and_who_cannot_wait_goes_without_a_mark(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [here, late, gone] = await panel(office, 3)
    await add_experts(office, 3)
    clock.set(here.gathering_at + timedelta(minutes=1))
    await office.attendance.check_in_by_code(office.venue, draw_id, here.code)
    await office.discards.register(office.venue, draw_id, DiscardForm(gone.code, "absence", "未到"))
    draw = await Draw.get(id=draw_id)
    start = NewStart(draw.starts_at + timedelta(hours=2), "一位专家缺席")
    gathering = {here.notice_id: clock.now() + timedelta(hours=1, minutes=30)}
    await office.supplements.start(office.agency, draw_id, gathering=gathering, start=start)
    entered, awaited = await view_of(office, here), await view_of(office, late)
    assert (entered.proposed_gathering_at, entered.proposed_start_at) == (None, start.at)
    assert (awaited.proposed_gathering_at, awaited.proposed_start_at) == (gathering[here.notice_id], start.at)
    assert await answer(office, late, True)
    assert (await view_of(office, late)).gathering_at == gathering[here.notice_id]
    assert not await answer(office, here, False)
    assert (await Absence.get(invitation_id=here.id)).source == "moved"
    assert (await view_of(office, late)).state == "accepted"
    await check_invariants()


async def test_a_gathering_is_not_moved_to_another_day_by_a_slip(office: Office) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    draw = await Draw.get(id=draw_id)
    await Draw.filter(id=draw_id).update(
        starts_at=draw.starts_at + timedelta(days=2), ends_at=draw.ends_at + timedelta(days=2)
    )
    with pytest.raises(InvalidInput, match="核对日期") as refused:
        await move(office, invitation, invitation.gathering_at + timedelta(days=1))
    assert refused.value.field == "gathering_at"
    await move(office, invitation, invitation.gathering_at + timedelta(days=2))
    assert await Notice.filter(kind="gathering_changed").count() == 1
