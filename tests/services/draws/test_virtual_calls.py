"""Virtual calls: permissions, each call once, and its reports."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.draws.lifecycles import VirtualCallState as State
from domain.errors import Conflict, Forbidden, OutcomeUnknown, Rejected, RuleViolation, TooMany, Transient
from domain.rulebook.layers import Provenance
from models.accounts import Account
from models.attendance import Urge
from models.audit import AuditEntry
from models.draws import CallNotice, Draw, RecalledExpert
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.virtual_calls import VirtualCall
from services.core.base import Actor, Deps
from services.draws import Caller, CallLine
from services.operations import DeliveryReports
from services.ports import CallDetail, CallReport
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.vendors import Vendors, make_reports
from tests.services.draws.follow_ups.test_redraws_and_recalls import make_recall
from tests.services.draws.follow_ups.test_releases import panel, release_panel


async def mobile_of(office: Office, actor: Actor) -> str:
    return office.deps.keys.open_text((await Account.get(id=actor.account_id)).mobile_sealed, "mobile")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def reports(deps: Deps, office: Office) -> DeliveryReports:
    return make_reports(deps, office, Vendors())


async def make_missing_panel(office: Office, clock: FixedClock, needed: int = 1) -> tuple[UUID, list[Invitation]]:
    """A panel at its gathering time, without entries."""
    await add_experts(office, needed + 1)
    draw_id = await start_draw(office, needed=needed)
    invitations = await open_invitations(draw_id)
    for invitation in invitations:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    clock.move(invitations[0].gathering_at - clock.now())
    await Draw.filter(id=draw_id).update(starts_at=clock.now() + timedelta(minutes=30))  # unsealed
    return draw_id, invitations


async def ring_missing_expert(
    office: Office, draw_id: UUID, invitation_id: UUID, caller: Caller = "own"
) -> VirtualCall:
    """A call to a missing expert that the vendor was asked for."""
    await office.urging.ring(office.agency, draw_id, invitation_id, caller)
    call = await VirtualCall.all().order_by("-asked_at").first()
    assert call is not None
    await office.virtual_calls.dial(call.id)
    return await VirtualCall.get(id=call.id)


def report(call: VirtualCall, status: str, seconds: int = 0) -> CallReport:
    ended = status not in ("200101", "200102", "200103")
    return CallReport(call.call_id or "bridge-1", call.out_id, ended, status, "", None, seconds)


async def read_lines(office: Office, draw_id: UUID) -> list[CallLine]:
    return [line for row in await office.attendance_queries.list_awaited(office.venue, draw_id) for line in row.calls]


async def test_the_staffs_phone_rings_first_and_what_became_of_it_stands_in_the_log(
    office: Office, clock: FixedClock, reports: DeliveryReports
) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert row.may_ring
    call = await ring_missing_expert(office, draw_id, invitation.id)
    mobile = office.deps.keys.open_text((await Expert.get(id=invitation.expert_id)).mobile_sealed, "mobile")
    assert office.bridge.made == [(await mobile_of(office, office.agency), mobile, call.out_id)]
    seen = []
    for status, seconds in (("200101", 0), ("200102", 0), ("200103", 0), ("200100", 35)):
        await reports.take_calls([report(call, status, seconds)])
        assert await office.virtual_calls.apply_report(report(call, status, seconds))
        seen.append((await read_lines(office, draw_id))[0].state)
    assert seen == [State.DIALLING, State.CALLING, State.TALKING, State.TALKED]
    [line] = await read_lines(office, draw_id)
    assert (line.seconds, line.under_way, line.state_label) == (35, False, "已通话")
    assert not (await VirtualCall.get(id=call.id)).staff_phone_sealed, "no longer needed"
    assert await Urge.filter(channel="virtual").count() == 1


async def test_only_the_callers_own_phone_or_the_notices_contact_rings(office: Office, clock: FixedClock) -> None:
    """The attack: any number was connected with the expert, and wiped from the rows afterwards."""
    draw_id, [invitation] = await make_missing_panel(office, clock)
    with pytest.raises(Conflict, match="不是手机号"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "contact")
    assert not await VirtualCall.exists()
    contact = "13900001234"
    await CallNotice.filter(draw_id=draw_id).update(contact_phone_sealed=office.deps.keys.seal(contact, "phone"))
    call = await ring_missing_expert(office, draw_id, invitation.id, "contact")
    await office.virtual_calls.apply_report(report(call, "200005"))
    clock.move(timedelta(seconds=61))
    call = await ring_missing_expert(office, draw_id, invitation.id, "own")
    await office.virtual_calls.apply_report(report(call, "200100", 5))
    own = await mobile_of(office, office.agency)
    assert [caller for caller, _, _ in office.bridge.made] == [contact, own]
    entries = await AuditEntry.filter(action="virtual_call.asked").order_by("at", "id")
    sealed = [entry.details["staff_phone_sealed"] for entry in entries]
    assert [office.deps.keys.open_text(text, "phone") for text in sealed] == [contact, own]
    assert own not in str([entry.details for entry in entries])


async def test_nobody_speaks_with_a_sealed_expert(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    await Draw.filter(id=draw_id).update(starts_at=clock.now() + timedelta(minutes=31))
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert (row.may_urge, row.may_ring) == (True, False)
    for actor in (office.agency, office.venue):
        with pytest.raises(RuleViolation) as refusal:
            await office.urging.ring(actor, draw_id, invitation.id, "own")
        assert refusal.value.rule == "draw.result_visible_before"
    clock.move(timedelta(minutes=1))
    await office.urging.ring(office.agency, draw_id, invitation.id, "own")


async def test_after_an_urging_the_expert_has_time_to_come(office: Office, clock: FixedClock) -> None:
    """The attack: three calls in one second."""
    draw_id, [invitation] = await make_missing_panel(office, clock)
    assert await office.urging.urge(office.venue, draw_id, invitation.id) == 1
    for way in (
        office.urging.urge(office.venue, draw_id, invitation.id),
        office.urging.urge(office.agency, draw_id, invitation.id),
        office.urging.ring(office.agency, draw_id, invitation.id, "own"),
    ):
        with pytest.raises(RuleViolation) as refusal:
            await way
        assert refusal.value.rule == "attendance.urging_pause"
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert (row.may_urge, row.may_ring) == (False, False)
    clock.move(office.deps.book("demo").attendance.urging_pause)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    await office.virtual_calls.apply_report(report(call, "200113"))
    with pytest.raises(RuleViolation) as refusal:
        await office.urging.urge(office.venue, draw_id, invitation.id)
    assert refusal.value.rule == "attendance.urging_pause"


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (["200003"], State.NOT_TAKEN),
        (["200005"], State.NOT_TAKEN),
        (["200102", "200113"], State.MISSED),
        (["200102", "200010"], State.MISSED),
        (["200102", "200100"], State.MISSED),
        (["200112"], State.MISSED),
        (["200100"], State.MISSED),
        (["200005", "200102"], State.MISSED),
        (["200118"], State.REFUSED),
        (["999999"], State.REFUSED),
        (["200102", "200118"], State.MISSED),
        (["200118", "200102"], State.MISSED),
        (["200102", "200103", "999999"], State.TALKED),
        (["999999", "200103", "200102"], State.TALKED),
    ],
)
async def test_a_call_without_the_second_person_names_who_was_not_reached(
    office: Office, clock: FixedClock, told: list[str], state: State
) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    for status in told:
        await office.virtual_calls.apply_report(report(call, status))
    assert [line.state for line in await read_lines(office, draw_id)] == [state]


@pytest.mark.parametrize("order", list(permutations(["200102", "200103", "200100"])))
@pytest.mark.parametrize("seconds", [0, 7])
async def test_reports_in_any_order_and_twice_end_the_same(
    office: Office, clock: FixedClock, order: list[str], seconds: int
) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    for status in [*order, *order]:
        await office.virtual_calls.apply_report(report(call, status, seconds))
    [line] = await read_lines(office, draw_id)
    assert (line.state, line.seconds) == (State.TALKED, seconds)


async def test_reports_at_the_same_moment_end_the_same(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    await asyncio.gather(
        *(office.virtual_calls.apply_report(report(call, status)) for status in ("200102", "200103", "200100"))
    )
    assert [line.state for line in await read_lines(office, draw_id)] == [State.TALKED]


async def test_a_report_of_another_call_is_not_believed(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    assert await office.virtual_calls.apply_report(CallReport("other", call.out_id, True, "200100", "", None, 5))
    assert not await office.virtual_calls.apply_report(CallReport(call.call_id, "unknown", True, "200100", "", None, 5))
    assert [line.state for line in await read_lines(office, draw_id)] == [State.DIALLING]


@pytest.mark.parametrize("error", [Rejected("isv.BLACK"), Transient("busy")])
async def test_what_the_vendor_refused_is_over_and_may_be_asked_for_again(
    office: Office, clock: FixedClock, error: Rejected | Transient
) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    office.bridge.errors = [error]
    call = await ring_missing_expert(office, draw_id, invitation.id)
    assert (call.state, call.staff_phone_sealed) == (State.REFUSED, "")
    clock.move(timedelta(seconds=61))
    assert (await ring_missing_expert(office, draw_id, invitation.id)).state == State.DIALLING


async def test_a_call_that_was_perhaps_made_is_never_made_again_and_given_up_in_the_end(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    office.bridge.errors = [OutcomeUnknown("time out")]
    call = await ring_missing_expert(office, draw_id, invitation.id)
    assert call.state == State.DIALLING
    await office.virtual_calls.dial(call.id)
    assert len(office.bridge.made) == 1
    clock.move(timedelta(seconds=90))
    with pytest.raises(Conflict, match="还没有结束"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "own")
    clock.move(timedelta(seconds=90))
    await office.virtual_calls.check_due()
    assert [line.state for line in await read_lines(office, draw_id)] == [State.LOST]
    await office.virtual_calls.apply_report(report(call, "200100", 12))
    assert [(line.state, line.seconds) for line in await read_lines(office, draw_id)] == [(State.TALKED, 12)], (
        "it came late"
    )
    clock.move(timedelta(minutes=5))
    assert (await ring_missing_expert(office, draw_id, invitation.id)).state == State.DIALLING


async def test_a_call_without_reports_is_asked_about(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    clock.move(timedelta(minutes=3))
    await office.virtual_calls.check_due()
    assert [line.under_way for line in await read_lines(office, draw_id)] == [True], "it may still ring"
    office.bridge.reports[call.call_id] = CallDetail(call.call_id, "", True, "200100", None, 44)
    clock.move(timedelta(minutes=3))
    await office.virtual_calls.check_due()
    assert [(line.state, line.seconds) for line in await read_lines(office, draw_id)] == [(State.TALKED, 44)]
    await office.virtual_calls.check_due()


async def test_a_call_without_reports_does_not_block_its_persons(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    call = await ring_missing_expert(office, draw_id, invitation.id)
    for _ in range(4):
        clock.move(timedelta(minutes=3))
        await office.virtual_calls.check_due()
    assert (await VirtualCall.get(id=call.id)).state == State.LOST


async def test_a_call_that_was_not_dialled_in_time_is_not_made(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    await office.urging.ring(office.agency, draw_id, invitation.id, "own")
    call = await VirtualCall.get(draw_id=draw_id)
    clock.move(timedelta(minutes=2))
    await office.virtual_calls.dial(call.id)
    assert (await VirtualCall.get(id=call.id)).state == State.REFUSED
    assert office.bridge.made == []

    await office.urging.ring(office.agency, draw_id, invitation.id, "own")
    clock.move(timedelta(minutes=2))
    await office.virtual_calls.check_due()
    assert await VirtualCall.filter(state=State.REFUSED).count() == 2


async def test_pressed_twice_one_call_is_made(office: Office, clock: FixedClock) -> None:
    draw_id, invitations = await make_missing_panel(office, clock, 2)

    async def press_button(invitation: Invitation) -> str:
        try:
            await office.urging.ring(office.agency, draw_id, invitation.id, "own")
        except Conflict as error:
            return error.code
        return "made"

    told = await asyncio.gather(*(press_button(invitation) for invitation in [*invitations, *invitations]))
    assert sorted(told) == ["made", "staff_busy", "staff_busy", "staff_busy"]


async def test_an_expert_is_not_rung_on_and_on(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    for _ in range(10):
        call = await ring_missing_expert(office, draw_id, invitation.id)
        await office.virtual_calls.apply_report(report(call, "200005"))
        with pytest.raises(TooMany, match="刚刚呼叫过"):
            await office.urging.ring(office.agency, draw_id, invitation.id, "own")
        clock.move(timedelta(seconds=61))
    with pytest.raises(TooMany, match="已呼叫这位专家10次"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "own")


async def test_urging_by_it_has_the_window_of_urging(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    with pytest.raises(Forbidden):
        await office.urging.ring(Actor("demo", "expert"), draw_id, invitation.id, "own")
    clock.move(timedelta(minutes=31))
    with pytest.raises(RuleViolation, match="30分钟内"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "own")
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert not row.may_ring


async def test_a_province_may_cap_it(db: str, deps: Deps, clock: FixedClock) -> None:
    book = deps.book("demo")
    capped = book.model_copy(update={"attendance": book.attendance.model_copy(update={"urging_virtual_max": 1})})
    key = "attendance.urging_virtual_max"
    capped._provenance = {**capped._provenance, key: Provenance("demo.toml", "办法第三条")}
    office = await make_office(replace(deps, rulebooks={**deps.rulebooks, "demo": capped}))
    draw_id, [invitation] = await make_missing_panel(office, clock)
    for unheard in ("200118", "200005"):
        call = await ring_missing_expert(office, draw_id, invitation.id)
        await office.virtual_calls.apply_report(report(call, unheard))
        clock.move(timedelta(seconds=61))
        shown = [row.may_ring for row in await office.attendance_queries.list_awaited(office.venue, draw_id)]
        assert shown == [True], "the expert's phone never rang"
    call = await ring_missing_expert(office, draw_id, invitation.id)
    await office.virtual_calls.apply_report(report(call, "200113"))
    clock.move(timedelta(minutes=5))
    assert [row.may_ring for row in await office.attendance_queries.list_awaited(office.venue, draw_id)] == [False]
    with pytest.raises(RuleViolation, match="最多1次"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "own")


async def test_a_pool_without_a_number_says_so_and_offers_none(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await make_missing_panel(office, clock)
    office.bridge.without.add("demo")
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert not row.may_ring
    with pytest.raises(Conflict, match="未开通虚拟号"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "own")


async def test_an_original_expert_of_a_recall_is_talked_to_until_its_gathering(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 6)
    draw_id = await make_recall(office)
    await office.recalls.invite_panel(office.agency, draw_id)
    row = await RecalledExpert.filter(draw_id=draw_id).first()
    assert row is not None
    original = await Draw.get(id=(await Draw.get(id=draw_id)).original_id)
    now = clock.now()
    await Draw.filter(id=original.id).update(starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    await office.recalls.choose_phone(office.agency, draw_id, None)
    with pytest.raises(RuleViolation) as sealed:
        await office.recalls.ring(office.agency, draw_id, row.id)
    assert sealed.value.rule == "draw.result_visible_before"
    await original.save(update_fields=["starts_at", "ends_at"])
    await Draw.filter(id=draw_id).update(staff_phone_sealed="")
    with pytest.raises(Conflict, match="先选择您的通话号码"):
        await office.recalls.ring(office.agency, draw_id, row.id)
    await office.recalls.choose_phone(office.agency, draw_id, None)
    await office.recalls.ring(office.agency, draw_id, row.id)
    call = await VirtualCall.get(draw_id=draw_id)
    await office.virtual_calls.dial(call.id)
    await office.virtual_calls.apply_report(report(call, "200100", 90))
    shown = {panel_row.id: panel_row for panel_row in (await office.recall_queries.panel(office.agency, draw_id)).rows}[
        row.id
    ]
    assert shown.called_at is not None
    assert [(line.state_label, line.seconds) for line in shown.calls] == [("已通话", 90)]
    assert shown.state == "open", "a talk decides nothing by itself"


async def test_whom_no_call_of_a_release_reached_is_rung_by_a_person(office: Office, clock: FixedClock) -> None:
    draw_id = await panel(office, 1)
    await release_panel(office, draw_id)
    [row] = (await office.release_queries.view(office.agency, draw_id)).panel
    with pytest.raises(Conflict, match="语音通知通知中"):
        await office.releases.ring(office.agency, draw_id, row.invitation_id, "own")
    await Attempt.filter(notice__kind="draw_released").update(state="failed", sent_at=clock.now())
    await Notice.filter(kind="draw_released").update(state="failed")
    with pytest.raises(RuleViolation) as sealed:
        await office.releases.ring(office.agency, draw_id, row.invitation_id, "own")
    assert sealed.value.rule == "draw.result_visible_before"
    clock.set((await Draw.get(id=draw_id)).starts_at - timedelta(minutes=30))
    await office.releases.ring(office.agency, draw_id, row.invitation_id, "own")
    await VirtualCall.all().delete()
    clock.move(timedelta(minutes=1))
    with pytest.raises(RuleViolation) as late:
        await office.releases.ring(office.agency, draw_id, row.invitation_id, "own")
    assert late.value.rule == "attendance.urging_window"
