"""What an expert says himself of a late arrival (晚到): who is told, what it changes, and when it no longer counts."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.clock import FixedClock, local
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, TooMany
from models.attendance import LateArrival
from models.draws import Draw
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from services.draws import AttendanceRow, DiscardForm, TelephoneDelay
from services.draws.access import DrawAccess
from services.draws.worklists import WorkLine, WorkLists
from tests.factories.offices import (
    Office,
    add_experts,
    make_office,
    open_invitations,
    start_draw,
    state_of,
)
from tests.factories.people import make_account, make_expert, make_grant

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def panel(office: Office, clock: FixedClock, *, needed: int = 1) -> tuple[UUID, list[Invitation]]:
    """Accepted, on the morning of the gathering: an hour before it."""
    await add_experts(office, needed + 1)
    draw_id = await start_draw(office, needed=needed)
    invitations = await open_invitations(draw_id)
    for invitation in invitations:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    clock.set(invitations[0].gathering_at - timedelta(hours=1))
    return draw_id, invitations


async def say(office: Office, invitation: Invitation, minutes: int, reason: str = "") -> None:
    await office.late_arrivals.state(invitation.id, invitation.expert_id, minutes, reason, by="chat")


async def rows_of(office: Office, draw_id: UUID) -> list[AttendanceRow]:
    return await office.attendance_queries.list_awaited(office.venue, draw_id)


async def news(code: str) -> dict[str, list[object]]:
    """What was told of an expert's code, by kind of notice."""
    told: dict[str, list[object]] = {}
    for notice in await Notice.filter(kind__in=["agency_news", "venue_news", "draw_news"]).order_by("created_at", "id"):
        if code in str(notice.params["what"]):
            told.setdefault(notice.kind, []).append(notice.params["what"])
    return told


async def test_all_who_wait_for_him_are_told_at_once_by_his_code(office: Office, clock: FixedClock) -> None:
    await make_grant(await make_account(office.deps), "venue", "demo-hall")
    draw_id, [invitation] = await panel(office, clock)
    view = await office.late_arrivals.state(invitation.id, invitation.expert_id, 20, " 高速  堵车 ", by="chat")
    assert (view.late_minutes, view.late_reason) == (20, "高速 堵车")
    assert view.arrives_at == invitation.gathering_at + 20 * MINUTE
    at = f"{local(view.arrives_at):%H:%M}"
    what = f"专家{invitation.code}晚20分约{at}到"
    assert await news(invitation.code) == {"agency_news": [what], "venue_news": [what], "draw_news": [what]}
    assert len(f"专家{invitation.code}晚720分约{at}到") <= 20, "a field of a template message"
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert (row.announced.minutes, row.announced.arrives_at) == (20, view.arrives_at)
    assert row.announced.stated_at == clock.now()
    operations = await office.queries.operations(office.agency, draw_id)
    assert [(o.label, o.role, o.remark) for o in operations if o.action.startswith("late")] == [
        ("专家说明晚到", "系统", f"{invitation.code}，晚到20分钟")
    ]


async def test_his_words_are_not_shown_before_names_are(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 20, "我是中山大学张三")
    await Draw.filter(id=draw_id).update(starts_at=clock.now() + timedelta(hours=2))
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert row.announced.reason == ""
    await Draw.filter(id=draw_id).update(starts_at=clock.now() + 30 * MINUTE)
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert row.announced.reason == "我是中山大学张三"
    for notice in await Notice.all():
        assert "中山大学" not in str(notice.params)


async def test_a_newer_statement_replaces_the_one_before_which_stays_as_history(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 20)
    clock.move(MINUTE)
    await say(office, invitation, 45, "更堵了")
    history = await LateArrival.filter(invitation_id=invitation.id).order_by("stated_at")
    assert [(arrival.minutes, arrival.ending) for arrival in history] == [(20, "replaced"), (45, "")]
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert row.announced.minutes == 45


async def test_the_same_again_tells_nobody_twice(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office, clock)
    await say(office, invitation, 20)
    clock.move(MINUTE)
    await say(office, invitation, 20)
    assert await LateArrival.all().count() == 1
    assert len((await news(invitation.code))["agency_news"]) == 1


async def test_who_comes_on_time_after_all_takes_it_back(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 20)
    clock.move(MINUTE)
    for _ in range(2):
        view = await office.late_arrivals.withdraw(invitation.id, invitation.expert_id, by="h5")
        assert (view.late_minutes, view.arrives_at) == (None, None)
    assert (await LateArrival.get()).ending == "withdrawn"
    assert (await news(invitation.code))["agency_news"][1:] == [f"专家{invitation.code}将按时到"]
    [row] = await rows_of(office, draw_id)
    assert row.announced is None


@pytest.mark.parametrize("minutes", [0, -20, 4, 181, 900])
async def test_minutes_outside_the_bounds_are_refused(office: Office, clock: FixedClock, minutes: int) -> None:
    _, [invitation] = await panel(office, clock)
    with pytest.raises(InvalidInput, match="5到180之间的整数"):
        await say(office, invitation, minutes)
    assert not await LateArrival.exists()


async def test_an_arrival_that_is_over_and_a_long_reason_are_refused(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office, clock)
    with pytest.raises(InvalidInput, match="最多60个字"):
        await say(office, invitation, 20, "堵" * 61)
    clock.set(invitation.gathering_at + 20 * MINUTE)
    with pytest.raises(InvalidInput, match="已经过了"):
        await say(office, invitation, 20)
    await say(office, invitation, 30)


async def refusal(office: Office, invitation: Invitation) -> str:
    with pytest.raises(AppError) as refused:
        await say(office, invitation, 20)
    assert not await LateArrival.exists()
    return refused.value.code or type(refused.value).__name__


async def test_only_an_expert_who_is_awaited_can_say_it(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    with pytest.raises(NotFound):
        await office.late_arrivals.state(invitation.id, (await make_expert(office.deps)).id, 20, by="chat")
    clock.set(invitation.gathering_at - timedelta(hours=24, minutes=1))
    with pytest.raises(RuleViolation, match="起才能说明晚到") as early:
        await say(office, invitation, 20)
    assert early.value.rule == "attendance.late_arrival.opens"
    clock.set(invitation.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    assert await refusal(office, invitation) == "entered"
    with pytest.raises(Conflict, match="已签到"):
        await office.late_arrivals.withdraw(invitation.id, invitation.expert_id, by="chat")


async def test_nobody_says_it_after_the_end_or_without_a_place(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    clock.set(invitation.ends_at + MINUTE)
    assert await refusal(office, invitation) == "panel_over"
    clock.set(invitation.gathering_at)
    await office.invitations.leave(invitation.id, invitation.expert_id, "生病", late=True)
    assert await refusal(office, invitation) == "not_accepted"
    assert await state_of(draw_id) == "supplement_pending"


async def test_changes_of_mind_are_bounded_since_others_are_told(office: Office, clock: FixedClock) -> None:
    _, [invitation] = await panel(office, clock)
    for minutes in range(10, 20):
        await say(office, invitation, minutes)
    with pytest.raises(TooMany):
        await say(office, invitation, 30)
    assert (await LateArrival.get(ended_at=None)).minutes == 19


async def test_after_the_gathering_was_moved_the_statement_counts_no_more(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 20)
    sooner = invitation.gathering_at - 20 * MINUTE
    await office.gathering_times.change(office.agency, draw_id, invitation.notice_id, sooner)
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None, "the agreed time still holds"
    proposal = (await office.invitation_queries.view(invitation.id, invitation.expert_id)).proposal
    await office.time_changes.answer(invitation.id, invitation.expert_id, True, proposal, by="h5")
    [row] = await rows_of(office, draw_id)
    assert row.announced is None
    view = await office.invitation_queries.view(invitation.id, invitation.expert_id)
    assert (view.late_minutes, view.arrives_at) == (None, None)
    await say(office, invitation, 20)
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert row.announced.arrives_at == sooner + 20 * MINUTE


# ---- urging and absence


async def late_line(office: Office) -> WorkLine | None:
    lines = (await WorkLists(office.deps, DrawAccess(office.deps)).read(office.agency, "late")).lines
    return lines[0] if lines else None


async def test_the_automatic_voice_waits_until_the_announced_time(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 45)
    clock.set(invitation.gathering_at + 10 * MINUTE)
    await Draw.filter(id=draw_id).update(starts_at=clock.now())
    [row] = await rows_of(office, draw_id)
    assert (row.late, row.may_urge, row.may_ring) == (False, False, True)
    with pytest.raises(Conflict, match="到，之前不用语音催促"):
        await office.urging.urge(office.venue, draw_id, invitation.id)
    await office.urging.ring(office.venue, draw_id, invitation.id, "own")
    assert await late_line(office) is None
    clock.set(invitation.gathering_at + 46 * MINUTE)
    [row] = await rows_of(office, draw_id)
    assert (row.late, row.may_urge) == (True, True), "the window is counted from the announced time"
    assert (line := await late_line(office)) is not None
    assert (line.late, line.announced) == (1, 0)
    assert await office.urging.urge(office.venue, draw_id, invitation.id) == 1


async def test_the_agency_hears_of_silent_experts_and_of_an_announced_time_that_is_over(
    office: Office, clock: FixedClock
) -> None:
    _, [coming, _] = await panel(office, clock, needed=2)
    await say(office, coming, 20)
    clock.set(coming.gathering_at + 2 * MINUTE)
    assert (await office.urging.notify_late(), await office.urging.notify_late()) == (1, 0)
    told = (await Notice.get(kind="agency_late")).params
    assert told["missing"] == 1
    assert str(told["how"]).endswith("，另有1人说明晚到")
    assert (line := await late_line(office)) is not None
    assert (line.late, line.announced) == (1, 1)
    clock.set(coming.gathering_at + 22 * MINUTE)
    assert (await office.urging.notify_late(), await office.urging.notify_late()) == (1, 0)
    later = (await Notice.filter(kind="agency_late").order_by("-created_at", "-id")).pop(0).params
    assert (later["missing"], str(later["how"]).endswith("（其说明晚到的时间也已过）")) == (1, True)


async def test_nobody_is_reported_missing_who_comes_when_he_said(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 20)
    clock.set(invitation.gathering_at + 2 * MINUTE)
    assert await office.urging.notify_late() == 0
    clock.set(invitation.gathering_at + 18 * MINUTE)
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    clock.set(invitation.gathering_at + 25 * MINUTE)
    assert await office.urging.notify_late() == 0
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None, "it stays as a fact"
    assert (row.announced.minutes, row.entered_at) == (20, invitation.gathering_at + 18 * MINUTE)


async def test_people_may_still_register_his_absence(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 60)
    clock.set(invitation.gathering_at + 30 * MINUTE)
    form = DiscardForm(invitation.code, "absence", "不能再等")
    await office.discards.register(office.venue, draw_id, form)
    assert (await Invitation.get(id=invitation.id)).state == "absent"


async def test_the_activity_is_not_ended_before_the_announced_time_and_the_window_after_it(
    office: Office, clock: FixedClock
) -> None:
    _, [coming, there] = await panel(office, clock, needed=2)
    await say(office, coming, 120)
    clock.set(there.gathering_at)
    await office.attendance.check_in_by_code(office.venue, there.draw_id, there.code)
    window = office.deps.book("demo").attendance.urging_window
    clock.set(coming.gathering_at + 120 * MINUTE + window - MINUTE)
    with pytest.raises(Conflict, match="还有1位专家没有到场，可能仍在途中"):
        await office.activity_end.end(office.agency, coming.draw_id, "评标完成")
    clock.move(MINUTE)
    await office.activity_end.end(office.agency, coming.draw_id, "评标完成")
    assert await state_of(coming.draw_id) == "ended"


MISSED_WITHOUT = {
    "models/attendance.py": "part of AWAITED_FROM",
    "models/invitations.py": "its definition",
    "services/draws/attendance/attendance_queries.py": "people may telephone him before; else awaited_from",
}


def test_every_statement_about_who_is_missed_knows_announced_arrivals() -> None:
    """A new one reads ``AWAITED_FROM``, or says here why not."""
    root = Path(__file__).parents[4]
    files = [path for folder in ("models", "services") for path in (root / folder).rglob("*.py")]
    reading = [path for path in files if re.search(r"\bMISSING_FROM\b", path.read_text("utf-8"))]
    assert {path.relative_to(root).as_posix() for path in reading} == MISSED_WITHOUT.keys()


# ---- a call, as the staff write it down


async def write_down(office: Office, draw_id: UUID, code: str, minutes: int = 30, **fields: object) -> None:
    delay = TelephoneDelay(**{"code": code, "minutes": minutes, "told_by": "self", "read_back": True, **fields})  # type: ignore[arg-type]
    await office.late_arrivals.record_call(office.venue, draw_id, delay)


async def test_of_a_call_the_expert_is_told_at_once_and_his_own_word_replaces_it(
    office: Office, clock: FixedClock
) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await write_down(office, draw_id, invitation.code)
    [notice] = await Notice.filter(kind="late_recorded")
    at = f"{local(invitation.gathering_at + 30 * MINUTE):%H:%M}"
    assert (notice.expert_id, notice.params["at"]) == (invitation.expert_id, at)
    assert (await news(invitation.code))["agency_news"] == [f"专家{invitation.code}晚30分约{at}到"]
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert row.announced.by_telephone
    await say(office, invitation, 30)
    [row] = await rows_of(office, draw_id)
    assert row.announced is not None
    assert not row.announced.by_telephone, "the same minutes, now by himself"
    [told, own] = await LateArrival.all().order_by("ending")[:2]
    assert {told.channel, own.channel} == {"phone", "chat"}


async def test_no_call_replaces_what_he_has_said_himself(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await say(office, invitation, 20)
    with pytest.raises(Conflict) as refused:
        await write_down(office, draw_id, invitation.code, 60)
    assert refused.value.code == "stated_by_himself"
    assert (await LateArrival.get()).minutes == 20


async def test_the_same_call_twice_is_told_once(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    await write_down(office, draw_id, invitation.code)
    await write_down(office, draw_id, invitation.code)
    assert (await LateArrival.all().count(), await Notice.filter(kind="late_recorded").count()) == (1, 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "999999"}, "没有这个验证码"),
        ({"minutes": 0}, "晚多少分钟"),
        ({"minutes": 999}, "之间的整数"),
        ({"told_by": ""}, "谁来电"),
        ({"read_back": False}, "复述"),
    ],
)
async def test_what_was_not_said_and_read_back_is_not_written_down(
    office: Office, clock: FixedClock, fields: dict[str, object], words: str
) -> None:
    draw_id, [invitation] = await panel(office, clock)
    with pytest.raises(AppError, match=words):
        await write_down(office, draw_id, **{"code": invitation.code, **fields})  # type: ignore[arg-type]
    assert not await LateArrival.exists()


async def test_only_venue_and_office_write_calls_down(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office, clock)
    for actor in (office.agency, office.supervisor):
        with pytest.raises(Forbidden):
            await office.late_arrivals.record_call(actor, draw_id, TelephoneDelay(invitation.code, 30, "self", True))
