"""Every state of a draw can be left, and cancelled experts are notified before they travel."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.draws.verify_draw import verify
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from models.draws import Draw, DrawApplication, Round
from models.invitations import Invitation
from models.notices import Notice
from models.projects import Project
from services.core.base import Deps
from services.draws import DiscardForm, RecallTimes, RedrawTimes
from tests.factories.draw_states import (
    BEFORE,
    BEGUN,
    Way,
    committing,
    completed,
    editing,
    refused,
    seeded,
    short,
    submit,
    submitted,
    supplement_pending,
    verified,
    widened,
    widening,
)
from tests.factories.offices import (
    Office,
    add_experts,
    answer_recall,
    check_record,
    end_with_panel,
    enter_all,
    make_draw,
    make_office,
    open_invitations,
    prove,
    start_draw,
    state_of,
)
from tests.factories.offices import verify as approve
from tests.invariants import check_invariants


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def check_lots_free(office: Office, draw_id: UUID) -> None:
    """Assert that the lots of a draw are free: for another one, or once its order was known for a redraw of it."""
    if not await Round.filter(draw_id=draw_id).exclude(seed="").exists():
        await make_draw(office, needed=1)
        return
    with pytest.raises(Conflict, match="已经确定过抽取顺序"):
        await make_draw(office, needed=1)
    await office.redraws.redraw(office.agency, draw_id, redraw_times(office))


def redraw_times(office: Office) -> RedrawTimes:
    times = (office.deps.now() + timedelta(hours=hours) for hours in (3, 2, 6, 12))
    return RedrawTimes(*times)


async def check_lots_held(office: Office) -> None:
    with pytest.raises(Conflict):
        await make_draw(office, needed=1)


@pytest.mark.parametrize(
    ("way", "role"),
    [(way, "agency") for way in BEFORE] + [(way, "verifier") for way in BEFORE[3:] + BEGUN],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_an_activity_is_given_up_in_any_state_and_its_lots_are_free(office: Office, way: Way, role: str) -> None:
    await add_experts(office, 4)
    draw_id = await way(office)
    agreed = {i.id for i in await Invitation.filter(draw_id=draw_id, state="accepted")}
    await check_lots_held(office)
    await office.activity_end.terminate(getattr(office, role), draw_id, "replanned", "评标改期")
    assert await state_of(draw_id) == "terminated"
    assert not await Invitation.exists(draw_id=draw_id, state__in=["open", "accepted"])
    assert {n.invitation_id for n in await Notice.filter(kind="draw_cancelled")} == agreed
    assert not await Notice.exists(kind="draw_call", state="active")
    assert await Notice.filter(kind="draw_terminated").count() == 2
    assert await office.absence_queries.list_pending(office.agency) == []
    await check_lots_free(office, draw_id)
    await check_invariants()
    with pytest.raises(Conflict):
        await office.activity_end.terminate(office.agency, draw_id, "replanned", "再一次")


async def test_the_record_of_a_terminated_draw_says_who_and_why_and_all_are_notified(office: Office) -> None:
    await add_experts(office, 4)
    draw_id = await short(office)
    await office.activity_end.terminate(office.verifier, draw_id, "no_experts", "凑不齐")
    record = json.loads(json.dumps(await office.public_records.read(office.agency, draw_id)))
    acts = [(entry["act"], entry.get("by", ""), entry.get("outcome", "")) for entry in record["log"][-3:]]
    assert acts == [("terminated", "verifier", ""), ("outcome", "verifier", "cancelled"), ("ended", "", "")]
    assert [finding.code for finding in verify(record)] == ["terminated"]


@pytest.mark.parametrize("way", BEGUN, ids=lambda way: way.__name__)
async def test_once_calling_has_begun_no_agency_draws_again_by_giving_up(office: Office, way: Way) -> None:
    """An agency that learns of the calls could give up and draw again with another activity's seed."""
    await add_experts(office, 4)
    draw_id = await way(office)
    before = await state_of(draw_id)
    with pytest.raises(Conflict) as refusal:
        await office.activity_end.terminate(office.agency, draw_id, "replanned", "换一批")
    assert (refusal.value.code, await state_of(draw_id)) == ("drawing_begun", before)
    await check_lots_held(office)


async def test_who_evaluates_is_not_sent_away_as_if_nothing_had_been(office: Office, clock: FixedClock) -> None:
    """The attack: a result that does not suit is terminated: the experts get a wasted trip, and may be drawn again."""
    await add_experts(office, 2)
    draw_id = await completed(office)
    await enter_all(draw_id)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    with pytest.raises(Conflict, match="办理结束活动"):
        await office.activity_end.terminate(office.verifier, draw_id, "replanned", "另行评标")
    await office.activity_end.end(office.agency, draw_id, "评标已完成")
    assert await state_of(draw_id) == "ended"


async def test_nor_is_a_recalled_panel_by_its_agency(office: Office, clock: FixedClock) -> None:
    """It may terminate a recall at other times, since no expert is drawn by it."""
    await add_experts(office, 2)
    old, now = await end_with_panel(office), office.deps.now()
    times = RecallTimes(now + timedelta(hours=30), now + timedelta(hours=34))
    draw_id = await office.redraws.recall(office.agency, old, times)
    await prove(office, draw_id)
    await approve(office, draw_id)
    await answer_recall(office, draw_id)
    await office.recalls.confirm(office.agency, draw_id)
    await enter_all(draw_id)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    with pytest.raises(Conflict, match="办理结束活动"):
        await office.activity_end.terminate(office.agency, draw_id, "replanned", "另行评标")
    assert await state_of(draw_id) == "completed"


async def test_a_verifier_sees_how_often_a_project_was_given_up_before(office: Office) -> None:
    await add_experts(office, 3)
    given_up = await seeded(office)
    await office.activity_end.terminate(office.agency, given_up, "replanned", "改期")
    await submit_redraw(office, given_up)
    [row] = (await office.verification_queries.search(office.verifier, "submitted")).items
    assert row.terminated == 1


async def test_letting_the_time_run_out_is_seen_like_giving_up(office: Office, clock: FixedClock) -> None:
    """The attack: an agency that may not give up any more forces the end, and waits until the lots are free again."""
    await add_experts(office, 3)
    draw_id = await short(office)
    clock.set((await Draw.get(id=draw_id)).ends_at)
    await office.activity_end.end_due()
    await submit_redraw(office, draw_id)
    [row] = (await office.verification_queries.search(office.verifier, "submitted")).items
    assert (row.terminated, row.elsewhere) == (1, 0)


async def submit_redraw(office: Office, original: UUID) -> None:
    draw_id = await office.redraws.redraw(office.agency, original, redraw_times(office))
    await prove(office, draw_id)
    await submit(office, draw_id)


@pytest.mark.parametrize("same", ["name", "number"])
async def test_a_verifier_sees_that_a_tender_is_drawn_for_twice_as_two_projects(office: Office, same: str) -> None:
    """The attack: two orders at once, to choose the better one, or a fresh project that was never given up."""
    await add_experts(office, 3)
    given_up = await seeded(office)
    await office.activity_end.terminate(office.agency, given_up, "replanned", "改期")
    await submit_redraw(office, given_up)
    [application] = (await office.verification_queries.search(office.verifier, "submitted")).items
    await office.verification.approve(office.verifier, application.id)
    first, twin = await Project.get(id=office.project_id), await Project.get(id=office.project_id)
    twin.update_from_dict({"id": new_id(), "name": "换个名字", "number": "换个编号", same: getattr(first, same)})
    await twin.save(force_create=True)
    office.project_id = twin.id
    await submitted(office)
    [row] = (await office.verification_queries.search(office.verifier, "submitted")).items
    assert (row.terminated, row.elsewhere) == (1, 1)


async def test_giving_up_needs_a_reason_and_the_right(office: Office) -> None:
    draw_id = await verified(office)
    for reason, words in (("", "x"), ("because", "x"), ("other", " ")):
        with pytest.raises(InvalidInput):
            await office.activity_end.terminate(office.agency, draw_id, reason, words)
    with pytest.raises(InvalidInput) as refusal:
        await office.activity_end.terminate(office.agency, draw_id, "", "")
    assert [fault.field for fault in refusal.value.faults] == ["cause", "words"]
    for actor in (office.venue, office.supervisor):
        with pytest.raises(Forbidden):
            await office.activity_end.terminate(actor, draw_id, "other", "x")


# ---- over


@pytest.mark.parametrize("role", ["agency", "verifier", "venue"])
async def test_an_activity_with_a_no_show_is_ended_by_hand_once_it_has_begun(
    office: Office, clock: FixedClock, role: str
) -> None:
    await add_experts(office, 3)
    draw_id = await completed(office, on_site=True)
    [invitation, other] = await Invitation.filter(draw_id=draw_id).order_by("code")
    clock.set(invitation.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    await office.discards.register(office.venue, draw_id, DiscardForm(other.code, "absence", "未到场"))
    with pytest.raises(Conflict) as refusal:
        await office.activity_end.end(getattr(office, role), draw_id, "一人未到，其余完成评标")
    assert refusal.value.code == "not_begun"
    clock.set((await Draw.get(id=draw_id)).starts_at)
    await office.activity_end.end(getattr(office, role), draw_id, "一人未到，其余完成评标")
    assert await state_of(draw_id) == "ended"
    with pytest.raises(Conflict):
        await make_draw(office, needed=1)  # its panel has met
    await check_invariants()


@pytest.mark.parametrize("role", ["agency", "verifier", "venue"])
async def test_an_activity_that_nobody_entered_is_not_ended_as_held(
    office: Office, clock: FixedClock, role: str
) -> None:
    """The attack: the agency ends it by hand, and the record reads as if the panel had evaluated."""
    await add_experts(office, 3)
    draw_id = await completed(office)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    with pytest.raises(Conflict, match=r"登记签到.*登记缺席.*终止活动") as refusal:
        await office.activity_end.end(getattr(office, role), draw_id, "评标完成")
    assert (refusal.value.code, await state_of(draw_id)) == ("nobody_entered", "completed")
    clock.set((await Draw.get(id=draw_id)).ends_at)
    assert await office.activity_end.end_due() == 1, "time ends it, if no person does"


async def test_an_activity_is_not_ended_before_those_on_the_way(office: Office, clock: FixedClock) -> None:
    """The attack: it is ended as soon as a friend is in: the others, minutes late, stand at the door, unpaid."""
    await add_experts(office, 3)
    draw_id = await completed(office)
    first, late = await Invitation.filter(draw_id=draw_id).order_by("code")
    clock.set((await Draw.get(id=draw_id)).starts_at)
    window = office.deps.book("demo").attendance.urging_window
    await Invitation.filter(id=late.id).update(gathering_at=clock.now() - window + timedelta(minutes=1))
    await office.attendance.check_in_by_code(office.venue, draw_id, first.code)
    with pytest.raises(Conflict, match=r"还有1位专家没有到场.*登记缺席") as refusal:
        await office.activity_end.end(office.agency, draw_id, "评标完成")
    assert refusal.value.code == "on_the_way"
    clock.move(timedelta(minutes=1))
    await office.activity_end.end(office.agency, draw_id, "评标完成")
    assert await state_of(draw_id) == "ended"


@pytest.mark.parametrize("way", [widening, widened], ids=lambda way: way.__name__)
async def test_an_order_that_was_not_begun_in_time_does_not_keep_the_draw_open(
    office: Office, clock: FixedClock, way: Way
) -> None:
    await add_experts(office, 2)
    draw_id = await way(office)
    with pytest.raises(Conflict) as refusal:
        await office.activity_end.end(office.agency, draw_id, "不等了")
    assert refusal.value.code == "not_begun"
    clock.set((await Draw.get(id=draw_id)).ends_at)
    await office.activity_end.end_due()
    assert await state_of(draw_id) == "ended"
    await check_record(office, draw_id, *(["seed_unused"] if way is widened else []))
    await check_invariants()


async def test_the_first_order_is_no_panel_that_could_be_ended(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 2)
    draw_id = await seeded(office)
    clock.set((await Draw.get(id=draw_id)).starts_at)
    with pytest.raises(Conflict, match="摇号中，不能结束"):
        await office.activity_end.end(office.agency, draw_id, "不等了")


async def test_the_last_exit_ends_an_activity_with_a_no_show_from_its_expected_end_on(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id = await completed(office, on_site=True)
    [invitation, _] = await Invitation.filter(draw_id=draw_id).order_by("code")
    clock.set(invitation.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, invitation.code)
    clock.set((await Draw.get(id=draw_id)).ends_at)
    await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    assert await state_of(draw_id) == "ended"


@pytest.mark.parametrize(
    "way", [verified, committing, seeded, short, supplement_pending, completed], ids=lambda way: way.__name__
)
@pytest.mark.parametrize("on_site", [True, False])
async def test_activities_are_ended_by_time_if_no_person_ends_them(
    office: Office, clock: FixedClock, way: Way, on_site: bool
) -> None:
    await add_experts(office, 4)
    draw_id = await way(office)
    await Draw.filter(id=draw_id).update(on_site=on_site)
    clock.set((await Draw.get(id=draw_id)).ends_at + timedelta(hours=24 if on_site else 0))
    await office.activity_end.end_due()
    assert await state_of(draw_id) == "ended"
    await check_invariants()


async def test_an_unverified_draw_is_returned_when_its_start_has_passed(office: Office, clock: FixedClock) -> None:
    draw_id = await submitted(office)
    assert await office.verification.refuse_overdue() == 0
    clock.set((await Draw.get(id=draw_id)).starts_at)
    await office.verification.refuse_overdue()
    assert await state_of(draw_id) == "refused"
    assert "时间已过" in str((await Notice.get(kind="agency_refused")).params["reason"])
    assert (await DrawApplication.get(draw_id=draw_id)).state == "refused"


async def test_strangers_end_nothing(office: Office, deps: Deps) -> None:
    draw_id = await verified(office)
    from dataclasses import replace

    stranger = replace(office.verifier, scope="别的终端")
    with pytest.raises(NotFound):
        await office.activity_end.terminate(stranger, draw_id, "other", "x")
    with pytest.raises(NotFound):
        await office.activity_end.end(stranger, draw_id, "x")


@pytest.mark.parametrize(
    ("rule", "state", "kind"), [("stay", "accepted", "panel_stays"), ("release", "released", "draw_cancelled")]
)
async def test_after_a_forced_end_those_who_agreed_learn_what_holds(
    office: Office, deps: Deps, monkeypatch: pytest.MonkeyPatch, rule: str, state: str, kind: str
) -> None:
    book = deps.book("demo")
    exits = book.draw.exits.model_copy(update={"after_forced_end": rule})
    changed = book.model_copy(update={"draw": book.draw.model_copy(update={"exits": exits})})
    monkeypatch.setitem(cast("dict[str, Rulebook]", deps.rulebooks), "demo", changed)
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    agreed, unanswered = await open_invitations(draw_id)
    await office.invitations.answer(agreed.id, agreed.expert_id, "accept", by="chat")
    await office.run.force_end(office.agency, draw_id, "招标人暂停评标")
    assert not await Notice.exists(kind=kind), "the last call is waited for"
    await office.invitations.answer(unanswered.id, unanswered.expert_id, "decline", by="chat")
    await office.run.advance(draw_id)
    assert (await state_of(draw_id), (await Invitation.get(id=agreed.id)).state) == ("short", state)
    assert [notice.invitation_id for notice in await Notice.filter(kind=kind)] == [agreed.id]
    await check_record(office, draw_id, *(["discard"] if rule == "release" else []))


async def run_due_tasks(office: Office) -> None:
    """Run all due tasks of draws."""
    await office.verification.refuse_overdue()
    await office.run.start_due()
    await office.invitations.expire_due()
    for draw in await Draw.filter(state__in=["drawing", "paused", "ending"]):
        await office.run.advance(draw.id)
    await office.activity_end.end_due()


@pytest.mark.parametrize("way", [*BEFORE, *BEGUN], ids=lambda way: way.__name__)
async def test_no_state_outlives_its_time(office: Office, clock: FixedClock, way: Way) -> None:
    """What was verified is ended by time; what was not waits for the agency, who mends the times or gives it up."""
    await add_experts(office, 4)
    draw_id = await way(office)
    clock.set((await Draw.get(id=draw_id)).ends_at + timedelta(minutes=1))
    for _ in range(2):
        await run_due_tasks(office)
    state = await state_of(draw_id)
    if way in (editing, submitted, refused):
        assert state in ("editing", "refused")
        await office.activity_end.terminate(office.agency, draw_id, "replanned", "不再评标")
        await check_lots_free(office, draw_id)
    else:
        assert state == "ended"
        assert not await Invitation.exists(draw_id=draw_id, state="open")
        if way is completed:
            await check_lots_held(office)  # this panel has met
        else:
            await check_lots_free(office, draw_id)
    await check_invariants()
