"""Who does not answer a moved time is reminded before it matters, the agency sees it, and nothing follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock, local
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Deps
from services.draws import ConditionForm, DiscardForm, NewStart
from tests.factories.offices import (
    Office,
    add_experts,
    draw_form,
    fix_seed,
    make_office,
    notice_form,
    open_invitations,
    verify,
)
from tests.services.draws.attendance.panels import count_notices, invitation_state, panel
from tests.services.draws.attendance.test_time_changes import answer, move

HOUR = timedelta(hours=1)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    """A panel of it gathers at 17:00, five hours after it was called, and is reminded three hours and one before."""
    return await make_office(deps)


async def pass_time(office: Office, clock: FixedClock, span: timedelta) -> None:
    """Every five minutes the scheduler looks, and twice each time."""
    end = clock.now() + span
    while clock.now() < end:
        clock.move(timedelta(minutes=5))
        await office.unanswered_moves.remind_due()
        assert await office.unanswered_moves.remind_due() == 0


async def reminders_of(invitation: Invitation) -> list[tuple[str, str]]:
    """When each was written, and what it says."""
    notices = await Notice.filter(invitation_id=invitation.id, kind="time_reminder").order_by("created_at")
    return [(f"{local(notice.created_at):%H:%M}", notice.params["what"]) for notice in notices]


async def channels_of(invitation: Invitation) -> list[tuple[str, str]]:
    """Of the newest reminder: each attempt's channel and moment."""
    notice = await Notice.filter(invitation_id=invitation.id, kind="time_reminder").order_by("-created_at").first()
    assert notice is not None
    attempts = await Attempt.filter(notice_id=notice.id).exclude(state="failed").order_by("due_at", "channel")
    return [(attempt.channel, f"{local(attempt.due_at):%H:%M}") for attempt in attempts]


async def test_who_does_not_answer_is_reminded_twice_on_every_channel(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await pass_time(office, clock, timedelta(hours=4, minutes=50))
    what = "集合改到11月21日17:30"
    assert await reminders_of(invitation) == [("14:00", what), ("16:00", what)]
    clock.set(clock.now() - timedelta(minutes=40))
    await office.notices.climb_due()
    assert await channels_of(invitation) == [("sms", "16:00"), ("wechat", "16:00"), ("voice", "16:10")]
    first, newest = await Notice.filter(kind="time_reminder").order_by("created_at")
    assert (first.state, newest.state) == ("stopped", "active"), "one question at a time"


async def test_his_answer_ends_the_reminders_also_those_under_way(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await pass_time(office, clock, timedelta(hours=2))
    assert await answer(office, invitation, True)
    assert (await Notice.get(kind="time_reminder")).state == "stopped"
    await pass_time(office, clock, timedelta(hours=3))
    assert await count_notices("time_reminder") == 1


async def test_a_refusal_ends_them_too(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await pass_time(office, clock, timedelta(hours=2))
    assert not await answer(office, invitation, False)
    assert (await Notice.get(kind="time_reminder")).state == "stopped"
    await pass_time(office, clock, timedelta(hours=3))
    assert await count_notices("time_reminder") == 1


async def test_a_move_that_is_withdrawn_reminds_of_nothing(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await pass_time(office, clock, timedelta(hours=2))
    await move(office, invitation, invitation.gathering_at)
    assert (await Notice.get(kind="time_reminder")).state == "stopped"
    await pass_time(office, clock, timedelta(hours=3))
    assert await count_notices("time_reminder") == 1
    assert await office.unanswered_moves.list_of(draw_id) == []


async def test_a_move_that_is_replaced_reminds_of_the_newest_time_only(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at - HOUR)
    await pass_time(office, clock, HOUR)
    assert await reminders_of(invitation) == [("13:00", "集合改到11月21日16:00")]
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await pass_time(office, clock, timedelta(hours=4))
    assert (await reminders_of(invitation))[1:] == [
        ("14:00", "集合改到11月21日17:30"),
        ("16:00", "集合改到11月21日17:30"),
    ]


async def test_after_an_outage_only_the_newest_reminder_is_sent_and_none_once_it_is_too_late(
    office: Office, clock: FixedClock
) -> None:
    _, [first, second] = await panel(office, 2)
    await move(office, first, first.gathering_at + timedelta(minutes=30))
    clock.move(timedelta(hours=4, minutes=10))
    assert await office.unanswered_moves.remind_due() == 2
    assert await office.unanswered_moves.remind_due() == 0
    await Notice.filter(invitation_id=second.id, kind="time_reminder").update(created_at=first.created_at)
    clock.set(first.gathering_at)
    assert await office.unanswered_moves.remind_due() == 0


async def test_a_draw_that_is_over_reminds_nobody(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    await move(office, invitation, invitation.gathering_at + timedelta(minutes=30))
    await office.activity_end.terminate(office.verifier, draw_id, "replanned", "时间另定")
    await pass_time(office, clock, timedelta(hours=5))
    assert await count_notices("time_reminder") == 0
    assert await invitation_state(invitation) == "cancelled"


async def test_nothing_follows_from_silence_and_the_agency_sees_who_has_not_answered(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [first, second] = await panel(office, 2)
    later = first.gathering_at + timedelta(minutes=30)
    await move(office, first, later)
    await answer(office, second, True)
    await pass_time(office, clock, timedelta(hours=2))
    [row] = await office.unanswered_moves.list_of(draw_id)
    assert (row.code, row.agreed, row.gathering, row.start) == (first.code, first.gathering_at, later, None)
    assert (row.until, row.reminders, row.next_reminder) == (later, 1, first.gathering_at - HOUR)
    clock.set(later)
    [row] = await office.unanswered_moves.list_of(draw_id)
    assert (row.until, row.agreed, row.next_reminder) == (None, first.gathering_at, None)
    assert (await Invitation.get(id=first.id)).gathering_at == first.gathering_at
    await office.attendance.check_in_by_code(office.venue, draw_id, first.code)
    assert await office.unanswered_moves.list_of(draw_id) == [], "he is there: the gathering is no question any more"


async def test_a_postponed_start_reminds_those_who_wait_for_it_too(office: Office, clock: FixedClock) -> None:
    draw_id, [here, gone] = await panel(office, 2)
    await add_experts(office, 3)
    clock.set(here.gathering_at + timedelta(minutes=5))
    await office.attendance.check_in_by_code(office.venue, draw_id, here.code)
    await office.discards.register(office.venue, draw_id, DiscardForm(gone.code, "absence", "未到"))
    start = NewStart(here.gathering_at + 3 * HOUR, "一位专家缺席")
    gathering = {here.notice_id: clock.now() + timedelta(hours=1, minutes=30)}
    await office.supplements.start(office.agency, draw_id, gathering=gathering, start=start)
    await pass_time(office, clock, timedelta(hours=2, minutes=50))
    assert await reminders_of(here) == [("19:00", "评标推迟到11月21日20:00")]


# ---- quiet hours


async def next_morning_panel(office: Office) -> Invitation:
    """The only expert of a panel that gathers at nine the next day, and is asked to come half an hour earlier."""
    await add_experts(office, 2)
    now = office.deps.now()
    form = replace(draw_form(office, needed=1), starts_at=now + 22 * HOUR, ends_at=now + 26 * HOUR)
    draw_id: UUID = await office.setup.create(office.agency, form)
    call = replace(notice_form(office), gathering_at=now + 21 * HOUR)
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, call)
    await office.setup.add_condition(
        office.agency, draw_id, ConditionForm(notice_id, "permanent", ("440100",), "A08", 1)
    )
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    await move(office, invitation, invitation.gathering_at - timedelta(minutes=30))
    return invitation


@pytest.mark.parametrize("answered", [False, True])
async def test_a_reminder_in_the_night_waits_for_the_morning(office: Office, clock: FixedClock, answered: bool) -> None:
    invitation = await next_morning_panel(office)
    clock.move(timedelta(hours=17, minutes=30))
    assert await office.unanswered_moves.remind_due() == 1
    clock.move(HOUR)
    await office.notices.climb_due()
    assert await channels_of(invitation) == [], "half past six"
    if answered:
        await answer(office, invitation, True)
    clock.move(timedelta(minutes=40))
    await office.notices.climb_due()
    channels = await channels_of(invitation)
    assert [channel for channel, _ in channels] == ([] if answered else ["sms", "wechat", "voice"])
    assert answered or channels[-1] == ("voice", "08:00")


async def test_a_reminder_that_would_come_too_late_does_not_wait(office: Office, clock: FixedClock) -> None:
    invitation = await next_morning_panel(office)
    await move(office, invitation, clock.now() + timedelta(hours=18, minutes=30))
    clock.move(timedelta(hours=17, minutes=30))
    assert await office.unanswered_moves.remind_due() == 1
    assert await channels_of(invitation) == [("sms", "05:30"), ("wechat", "05:30")], "half past six: he sets out"
