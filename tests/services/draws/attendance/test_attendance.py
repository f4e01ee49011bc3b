"""Check-in, exit, urging, and the ends of activities."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, Unavailable
from domain.positions import Position
from domain.rulebook.book import Rulebook
from models.attendance import Attendance
from models.audit import AuditEntry
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from models.notices import Notice
from services.core.audit_chain import AuditChain, find_break
from services.core.base import Deps, execute
from services.draws import DiscardForm
from services.draws.access import DrawAccess
from services.draws.worklists import WorkLists
from tests.factories.offices import (
    Office,
    SceneMaker,
    add_experts,
    check_record,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
    recuse,
    start_draw,
    state_of,
    verify,
)

HALL = Position(23.1496, 113.3310)
"""Position of the gathering place."""


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def accepted_panel(office: Office, *, needed: int = 1, on_site: bool = False) -> tuple[UUID, list[Invitation]]:
    await add_experts(office, needed + 1)
    draw_id = await start_draw(office, needed=needed, on_site=on_site)
    invitations = await open_invitations(draw_id)
    for invitation in invitations:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    return draw_id, invitations


async def test_checking_in_twice_is_harmless(office: Office) -> None:
    _, [invitation] = await accepted_panel(office)
    first = await office.attendance.check_in(invitation.id, invitation.expert_id, HALL)
    second = await office.attendance.check_in(invitation.id, invitation.expert_id)
    assert (first.first, second.first, second.at) == (True, False, first.at)
    assert await Notice.filter(kind="agency_checked_in").count() == 1


async def test_the_agency_hears_of_arrivals_now_and_then_and_when_all_are_there(
    office: Office, clock: FixedClock
) -> None:
    draw_id, invitations = await accepted_panel(office, needed=5)
    for number, invitation in enumerate(invitations):
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
        if number == 2:
            clock.move(timedelta(minutes=10))
    told = await Notice.filter(kind="agency_checked_in").order_by("created_at", "id").values_list("params", flat=True)
    assert [params["present"] for params in told] == [1, 4, 5]


async def test_the_venues_code_is_short_lived(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    token, until = await office.attendance.venue_token(office.venue, draw_id)
    assert until - clock.now() == timedelta(seconds=20)
    assert (await office.attendance.check_in_by_qr(invitation.expert_id, token, device="a")).first
    clock.move(timedelta(seconds=21))
    with pytest.raises(Forbidden):
        await office.attendance.check_in_by_qr(invitation.expert_id, token, device="a")


async def test_saying_so_from_home_counts_for_nothing_and_stops_nothing(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await accepted_panel(office, on_site=True)
    claim = await office.attendance.check_in(invitation.id, invitation.expert_id)
    assert (claim.counted, claim.first) == (False, True)
    assert "扫描现场二维码" in claim.advice
    assert f"验证码{invitation.code}" in claim.advice
    assert not (await office.attendance.check_in(invitation.id, invitation.expert_id)).first
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert (row.entered_at, row.claimed_at) == (None, claim.at)
    assert not await Notice.filter(kind="agency_checked_in").exists()
    with pytest.raises(Conflict):
        await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    clock.move(timedelta(hours=5))
    assert await office.urging.urge(office.agency, draw_id, invitation.id) == 1
    assert (await office.queries.dashboard(office.agency)).present_today == 0
    clock.move(timedelta(minutes=2))
    assert await office.urging.notify_late() == 1
    clock.move(timedelta(minutes=28))
    [shown] = (await office.results.read(office.agency, draw_id)).rows
    assert (shown.entered_at, shown.claimed_at) == (None, claim.at)
    form = DiscardForm(invitation.code, "absence", "没有到场")
    assert (await office.discards.register(office.agency, draw_id, form)).counts


async def test_check_in_is_refused_after_the_agency_has_ended_the_activity(office: Office, clock: FixedClock) -> None:
    """By staff, code or position, inside the expected hours: who did not come is owed no wasted trip."""
    draw_id, [came, late] = await accepted_panel(office, needed=2, on_site=True)
    clock.set(came.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, came.code)
    clock.move(timedelta(hours=1))
    await office.activity_end.end(office.agency, draw_id, "评标完成")
    assert clock.now() < late.ends_at
    token, _ = await office.attendance.venue_token(office.venue, draw_id)
    ways = (
        office.attendance.check_in_by_code(office.venue, draw_id, late.code),
        office.attendance.check_in_by_qr(late.expert_id, token, HALL, device="a"),
        office.attendance.check_in(late.id, late.expert_id, HALL),
    )
    for way in ways:
        with pytest.raises(Conflict, match="活动已结束，不能再签到"):
            await way
    assert not (await office.attendance.check_in_by_code(office.venue, draw_id, came.code)).first
    assert not await Attendance.exists(invitation_id=late.id)


async def test_who_said_so_too_early_is_still_reminded_and_is_entered_by_the_venue(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    await office.attendance.check_in(invitation.id, invitation.expert_id)
    clock.move(timedelta(hours=3, minutes=1))
    assert await office.invitations.remind_due() == 1
    assert await Notice.filter(kind="check_in_reminder").count() == 1
    assert (await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)).counted
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert row.entered_at is not None


async def test_a_position_counts_in_the_coordinates_that_its_sender_speaks(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, [first, second] = await accepted_panel(office, needed=2)
    set_attendance(monkeypatch, office, radius_m=300)
    wechat = Position(23.147028, 113.336438, "gcj02")
    with pytest.raises(RuleViolation):
        await office.attendance.check_in(first.id, first.expert_id, Position(wechat.latitude, wechat.longitude))
    assert (await office.attendance.check_in(first.id, first.expert_id, wechat)).counted
    assert (await office.attendance.check_in(second.id, second.expert_id, HALL)).counted
    entry = await Attendance.get(invitation_id=first.id)
    assert (entry.method, round(entry.latitude or 0, 4), round(entry.longitude or 0, 4)) == ("place", 23.1496, 113.331)


async def test_a_forwarded_code_is_refused_when_the_phones_position_is_far_away(office: Office) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    token, _ = await office.attendance.venue_token(office.venue, draw_id)
    with pytest.raises(RuleViolation) as refusal:
        await office.attendance.check_in_by_qr(invitation.expert_id, token, Position(22.54, 114.06), device="at home")
    assert "告诉现场工作人员" in refusal.value.message
    assert not await Attendance.exists()


async def test_one_phone_lets_one_expert_in_and_a_code_serves_everybody_at_the_door(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [first, second, third] = await accepted_panel(office, needed=3)
    token, _ = await office.attendance.venue_token(office.venue, draw_id)
    await office.attendance.check_in_by_qr(first.expert_id, token, device="a")
    assert (await office.attendance.check_in_by_qr(second.expert_id, token, device="b")).first
    assert not (await office.attendance.check_in_by_qr(first.expert_id, token, device="a")).first
    clock.move(timedelta(seconds=20))
    fresh, _ = await office.attendance.venue_token(office.venue, draw_id)
    with pytest.raises(Conflict) as refusal:
        await office.attendance.check_in_by_qr(third.expert_id, fresh, device="a")
    assert refusal.value.code == "device_used"
    assert (await office.attendance.check_in_by_code(office.venue, draw_id, third.code)).first


async def test_a_pool_may_want_a_position_with_every_scan_but_never_without_coordinates(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_id, [first, second] = await accepted_panel(office, needed=2)
    set_attendance(monkeypatch, office, location_required=True)
    token, _ = await office.attendance.venue_token(office.venue, draw_id)
    with pytest.raises(InvalidInput):
        await office.attendance.check_in_by_qr(first.expert_id, token, device="a")
    assert (await office.attendance.check_in_by_qr(first.expert_id, token, HALL, device="a")).first
    await CallNotice.filter(draw_id=draw_id).update(venue="街口小学")
    assert not (await office.attendance.check_in(second.id, second.expert_id, HALL)).counted
    assert (await office.attendance.check_in_by_qr(second.expert_id, token, device="b")).first


def set_attendance(monkeypatch: pytest.MonkeyPatch, office: Office, **values: object) -> None:
    """Change the demo pool's rule."""
    book = office.deps.book("demo")
    rule = book.attendance.model_copy(update=values)
    monkeypatch.setitem(
        cast("dict[str, Rulebook]", office.deps.rulebooks), "demo", book.model_copy(update={"attendance": rule})
    )


async def test_an_expert_of_another_panel_is_not_awaited(office: Office) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    other = next(e for e in office.experts if e.id != invitation.expert_id)
    token, _ = await office.attendance.venue_token(office.venue, draw_id)
    with pytest.raises(NotFound):
        await office.attendance.check_in_by_qr(other.id, token, device="a")


async def test_a_check_in_from_far_away_is_refused_with_the_distance(office: Office) -> None:
    _, [invitation] = await accepted_panel(office)
    with pytest.raises(RuleViolation) as refusal:
        await office.attendance.check_in(invitation.id, invitation.expert_id, Position(22.54, 114.06))
    assert "公里" in refusal.value.message


async def test_venue_staff_type_codes_for_entry_and_exit_and_the_last_exit_ends_an_on_site_activity(
    office: Office, clock: FixedClock
) -> None:
    draw_id, invitations = await accepted_panel(office, needed=2, on_site=True)
    for invitation in invitations:
        with pytest.raises(Conflict):
            await office.attendance.register_exit(office.venue, draw_id, invitation.code)
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    for invitation in invitations:
        assert await state_of(draw_id) == "completed"
        left = await office.attendance.register_exit(office.venue, draw_id, invitation.code)
        assert await office.attendance.register_exit(office.venue, draw_id, invitation.code) == replace(
            left, first=False
        )
    assert await state_of(draw_id) == "ended"


async def test_an_exit_registered_by_mistake_is_taken_back_until_the_end(office: Office, clock: FixedClock) -> None:
    draw_id, (first, other) = await accepted_panel(office, needed=2, on_site=True)
    for invitation in (first, other):
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    await office.attendance.register_exit(office.venue, draw_id, first.code)
    with pytest.raises(Forbidden):
        await office.attendance.undo_exit(office.agency, draw_id, first.id)
    clock.move(timedelta(minutes=1))
    for _ in range(2):
        await office.attendance.undo_exit(office.venue, draw_id, first.id)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    left = await office.attendance.register_exit(office.venue, draw_id, first.code)
    assert (left.first, left.at) == (True, clock.now()), "the true time"
    told = Notice.filter(kind="desk_registered", invitation_id=first.id).order_by("created_at", "id")
    assert [notice.params["what"] for notice in await told] == [
        "已签到进场",
        "已离场",
        "仍在现场（离场登记已撤销）",
        "已离场",
    ]
    await office.attendance.register_exit(office.venue, draw_id, other.code)
    with pytest.raises(Conflict, match="活动已结束"):
        await office.attendance.undo_exit(office.venue, draw_id, first.id)
    with pytest.raises(NotFound):
        await office.attendance.undo_exit(office.venue, draw_id, draw_id)


async def test_exits_before_the_start_end_nothing_and_open_no_name(office: Office, clock: FixedClock) -> None:
    draw_id, invitations = await accepted_panel(office, needed=2, on_site=True)
    for invitation in invitations:
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
        await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    assert await state_of(draw_id) == "completed"
    assert not (await office.results.read(office.agency, draw_id)).unsealed
    clock.set((await Draw.get(id=draw_id)).starts_at)
    await office.activity_end.end(office.venue, draw_id, "评标完成")
    assert await state_of(draw_id) == "ended"


async def test_entries_and_exits_before_the_start_end_nothing(office: Office, clock: FixedClock) -> None:
    """The attack: a venue that has everybody come and go on paper, so that another panel is drawn."""
    draw_id, invitations = await accepted_panel(office, needed=2, on_site=True)
    clock.set((await Draw.get(id=draw_id)).starts_at - timedelta(seconds=1))
    for invitation in invitations:
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    for invitation in invitations:
        await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    assert await state_of(draw_id) == "completed"
    clock.move(timedelta(seconds=1))
    await office.activity_end.end(office.agency, draw_id, "评标已完成")
    assert await state_of(draw_id) == "ended"


async def test_an_off_site_activity_ends_by_itself(office: Office, clock: FixedClock) -> None:
    draw_id, _ = await accepted_panel(office)
    clock.move(timedelta(hours=11, minutes=59))
    assert await office.activity_end.end_due() == 0
    clock.move(timedelta(minutes=1))
    assert await office.activity_end.end_due() == 1
    assert await state_of(draw_id) == "ended"


async def test_urging_keeps_to_its_window_and_number(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    urge = office.urging.urge
    with pytest.raises(RuleViolation) as early:
        await urge(office.agency, draw_id, invitation.id)
    assert early.value.rule == "attendance.urging_window"
    clock.move(timedelta(hours=5))
    for number in (1, 2, 3):
        assert await urge(office.agency, draw_id, invitation.id) == number
        clock.move(office.deps.book("demo").attendance.urging_pause)
    with pytest.raises(RuleViolation) as often:
        await urge(office.agency, draw_id, invitation.id)
    assert often.value.rule == "attendance.urging_voice_max"
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    with pytest.raises(Conflict):
        await urge(office.agency, draw_id, invitation.id)


async def test_experts_are_neither_urged_nor_listed_as_late_once_the_activity_is_over(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    clock.set(invitation.gathering_at)
    await Draw.filter(id=draw_id).update(starts_at=clock.now())
    assert [row.may_urge for row in await office.attendance_queries.list_awaited(office.venue, draw_id)] == [True]
    lists = WorkLists(office.deps, DrawAccess(office.deps))
    assert (await lists.read(office.agency, "late")).total == 1
    clock.set((await Draw.get(id=draw_id)).ends_at)
    await office.activity_end.end_due()
    with pytest.raises(Conflict, match="活动已结束"):
        await office.urging.urge(office.agency, draw_id, invitation.id)
    with pytest.raises(Conflict, match="活动已结束"):
        await office.urging.ring(office.agency, draw_id, invitation.id, "own")
    assert await office.urging.notify_late() == 0
    assert (await lists.read(office.agency, "late")).total == 0
    assert not await Notice.exists(kind__in=["urging", "agency_late"])
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    assert (row.may_urge, row.may_ring) == (False, False)


async def test_the_agency_hears_once_who_is_late(office: Office, clock: FixedClock) -> None:
    await accepted_panel(office, needed=2)
    clock.move(timedelta(hours=5, minutes=2))
    assert (await office.urging.notify_late(), await office.urging.notify_late()) == (1, 0)
    told = (await Notice.get(kind="agency_late")).params
    assert told["missing"] == 2
    assert str(told["how"]).startswith("解密前请由评标场地催促（"), "its own page is sealed still"


async def test_once_the_list_is_unsealed_the_agency_may_urge_who_is_late(office: Office, clock: FixedClock) -> None:
    draw_id, _ = await accepted_panel(office)
    clock.move(timedelta(hours=5, minutes=2))
    await Draw.filter(id=draw_id).update(starts_at=clock.now() + timedelta(minutes=30))
    await office.urging.notify_late()
    assert (await Notice.get(kind="agency_late")).params["how"] == "可以催促"


async def test_reminders_come_before_gathering_and_not_after_entry(office: Office, clock: FixedClock) -> None:
    _, [first, second] = await accepted_panel(office, needed=2)
    clock.move(timedelta(hours=3, minutes=1))
    assert await office.invitations.remind_due() == 2
    await office.attendance.check_in(first.id, first.expert_id, HALL)
    clock.move(timedelta(hours=1, minutes=30))
    await office.invitations.remind_due()
    told = [n.invitation_id for n in await Notice.filter(kind="check_in_reminder").order_by("created_at")]
    assert (told.count(first.id), told.count(second.id)) == (1, 2)


async def test_sealed_results_show_codes_only_and_each_unsealed_reading_is_logged(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    for actor in (office.agency, office.verifier, office.venue):
        result = await office.results.read(actor, draw_id)
        assert (result.unsealed, [r.name for r in result.rows]) == (False, [""])
        assert result.rows[0].code == invitation.code
    clock.move(timedelta(hours=5, minutes=30))
    unsealed = await office.results.read(office.agency, draw_id)
    assert unsealed.rows[0].name.startswith("专家")
    assert await AuditEntry.filter(action="result.read").count() == 1


async def test_the_audit_chain_is_whole_and_shows_where_it_was_touched(office: Office) -> None:
    await accepted_panel(office)
    audit = AuditChain()
    sealed = await audit.seal("demo")
    assert sealed > 5
    assert (await audit.seal("demo"), await find_break("demo")) == (0, None)
    await execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_seal_only")
    await execute("UPDATE audit_entry SET action = 'nothing.happened' WHERE number = 3")
    assert await find_break("demo") == 3


async def test_a_scene_code_carries_the_same_token_and_wechat_away_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_id, [invitation] = await accepted_panel(office)
    text, _ = await office.attendance.venue_scene(office.venue, draw_id)
    token = text.split("venue:")[1]
    assert (await office.attendance.check_in_by_qr(invitation.expert_id, token, device="a")).first
    monkeypatch.setattr(SceneMaker, "away", True)
    with pytest.raises(Unavailable):
        await office.attendance.venue_scene(office.venue, draw_id)


async def test_who_left_and_was_recused_does_not_count_for_the_end_of_the_activity(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [first, second, third] = await accepted_panel(office, needed=3, on_site=True)
    for invitation in (first, second, third):
        await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    await office.attendance.register_exit(office.venue, draw_id, first.code)
    await recuse(office, draw_id, first.code)
    for register in (office.attendance.register_exit, office.attendance.check_in_by_code):
        with pytest.raises(Conflict, match="该专家已现场回避"):
            await register(office.venue, draw_id, first.code)
    await office.supplements.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    [fourth] = await open_invitations(draw_id)
    await office.invitations.answer(fourth.id, fourth.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    await office.attendance.check_in_by_code(office.venue, draw_id, fourth.code)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    for invitation in (second, third):
        await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    assert await state_of(draw_id) == "completed"
    await office.attendance.register_exit(office.venue, draw_id, fourth.code)
    assert await state_of(draw_id) == "ended"


@pytest.mark.parametrize("fixed", [True, False])
async def test_an_off_site_activity_ends_also_while_its_order_is_being_fixed(
    office: Office, clock: FixedClock, fixed: bool
) -> None:
    await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    if fixed:
        await fix_seed(office, draw_id)
    clock.move(timedelta(hours=12))
    assert await office.activity_end.end_due() == 1
    assert await state_of(draw_id) == "ended"
    await check_record(office, draw_id, *(["seed_unused"] if fixed else []))
