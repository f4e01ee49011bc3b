"""Filling places again: permitted changes of a supplementary draw, and rules that it keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, RuleViolation
from models.audit import AuditEntry
from models.draws import Condition
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from services.draws import ConditionForm, RegionChange
from services.draws.calls.invitations import Channel
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    draw_form,
    fix_seed,
    make_office,
    notice_form,
    open_invitations,
    sit_elsewhere,
    start_draw,
    state_of,
)
from tests.factories.offices import verify as approve

WIDER = ("440100", "440300")


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def answer_all(office: Office, draw_id: UUID, choice: str = "accept") -> None:
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, choice, by="chat")  # type: ignore[arg-type]
    await office.run.advance(draw_id)


async def start_two_conditions(office: Office, *, second_gathering: timedelta = timedelta(hours=5)) -> UUID:
    """One place for A08 and one for A04, each with a notice of its own."""
    draw_id = await office.setup.create(office.agency, draw_form(office, needed=2))
    for specialty, gathering in (("A08", timedelta(hours=5)), ("A04", second_gathering)):
        form = replace(notice_form(office), gathering_at=office.deps.now() + gathering)
        notice_id = await office.setup.add_call_notice(office.agency, draw_id, form)
        condition = ConditionForm(notice_id, "permanent", ("440100",), specialty, 1)
        await office.setup.add_condition(office.agency, draw_id, condition)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    return draw_id


async def region_change(draw_id: UUID, position: int, *regions: str) -> RegionChange:
    return RegionChange((await Condition.get(draw_id=draw_id, position=position)).id, regions)


@pytest.mark.parametrize("regions", [("440100",), ("440300",)])
async def test_the_same_or_other_regions_are_no_reason_to_draw_a_new_order(
    office: Office, regions: tuple[str, ...]
) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id, "decline")
    with pytest.raises(Conflict) as refusal:
        await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, *regions)])
    assert refusal.value.code == "region_not_wider"


async def test_a_round_given_up_does_not_open_the_way_back_to_the_old_regions(office: Office) -> None:
    await add_experts(office, 1)
    await add_experts(office, 2, region="440300")
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, *WIDER)])
    await office.rounds.abort(office.agency, draw_id, "监督人未到")
    assert (await Condition.get(draw_id=draw_id)).regions == ["440100"]
    with pytest.raises(Conflict) as refusal:
        await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, "440100")])
    assert refusal.value.code == "region_not_wider"
    await check_record(office, draw_id)


async def test_new_regions_must_stand_in_the_catalogue(office: Office) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    with pytest.raises(InvalidInput):
        await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, "999999")])


async def test_one_condition_may_be_widened_after_a_round_for_two_was_given_up(office: Office) -> None:
    await add_experts(office, 1)
    await add_experts(office, 1, specialty="A04")
    await add_experts(office, 3, region="440300")
    await add_experts(office, 3, specialty="A04", region="440300")
    draw_id = await start_two_conditions(office)
    await answer_all(office, draw_id, "decline")
    assert await state_of(draw_id) == "short"
    both = [await region_change(draw_id, 1, *WIDER), await region_change(draw_id, 2, *WIDER)]
    await office.supplements.start(office.agency, draw_id, regions=both)
    await office.rounds.abort(office.agency, draw_id, "监督人未到")
    for position in (1, 2):
        changes = [await region_change(draw_id, position, *WIDER)]
        await office.supplements.start(office.agency, draw_id, regions=changes)
        await fix_seed(office, draw_id)
        await office.run.start(office.agency, draw_id)
        await office.run.advance(draw_id)
        await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


async def test_leave_is_taken_while_a_new_order_is_being_fixed(office: Office) -> None:
    await add_experts(office, 1)
    await add_experts(office, 4, specialty="A04")
    await add_experts(office, 2, region="440300")
    draw_id = await start_two_conditions(office)
    accepted = {str(i.condition_id): i for i in await open_invitations(draw_id)}
    second = accepted[str((await Condition.get(draw_id=draw_id, position=2)).id)]
    await office.invitations.answer(second.id, second.expert_id, "accept", by="chat")
    await answer_all(office, draw_id, "decline")
    assert await state_of(draw_id) == "short"
    await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, *WIDER)])
    view = await office.invitations.leave(second.id, second.expert_id, "生病")
    assert (view.state, await state_of(draw_id)) == ("left", "committing")
    assert len(await office.absence_queries.list_pending(office.agency)) == 1
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    assert await office.absence_queries.list_pending(office.agency) == []
    await office.run.advance(draw_id)
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


@pytest.mark.parametrize("channel", ["chat", "h5", "mini"])
async def test_a_leave_is_kept_with_the_channel_it_was_asked_on(office: Office, channel: Channel) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    await answer_all(office, draw_id)
    sitting = await Invitation.get(draw_id=draw_id, state="accepted")
    await office.invitations.leave(sitting.id, sitting.expert_id, "生病", by=channel)
    assert (await Invitation.get(id=sitting.id)).answered_by == channel
    assert (await AuditEntry.get(action="absence.leave")).details["channel"] == channel


async def test_a_place_is_filled_again_although_another_gathering_is_over(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 1)
    await add_experts(office, 3, specialty="A04")
    draw_id = await start_two_conditions(office, second_gathering=timedelta(hours=6))
    await answer_all(office, draw_id)
    later = await Invitation.get(draw_id=draw_id, condition__position=2)
    clock.move(timedelta(hours=5, minutes=5))
    await office.invitations.leave(later.id, later.expert_id, "生病")
    assert await office.supplements.start(office.agency, draw_id) is None
    await office.run.advance(draw_id)
    assert len(await open_invitations(draw_id)) == 1


async def test_the_gathering_may_be_moved_when_the_order_was_fixed_too_late_to_call(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id, "decline")
    await add_experts(office, 2, region="440300")
    await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, *WIDER)])
    await fix_seed(office, draw_id)
    clock.move(timedelta(hours=4, minutes=58))
    with pytest.raises(RuleViolation, match="先修改集合时间"):
        await office.run.start(office.agency, draw_id)
    detail = await office.queries.detail(office.agency, draw_id)
    moved = detail.draw.starts_at
    await office.gathering_times.change(office.agency, draw_id, detail.parts.notices[0].id, moved)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert len(await open_invitations(draw_id)) == 2


async def test_a_gathering_moved_while_calls_are_open_is_stated_in_the_calls_that_follow(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    await office.run.pause(office.agency, draw_id, "改时间")
    detail = await office.queries.detail(office.agency, draw_id)
    before = (await Notice.get(kind="draw_call")).params
    moved = detail.draw.starts_at - timedelta(minutes=10)
    await office.gathering_times.change(office.agency, draw_id, detail.parts.notices[0].id, moved)
    after = (await Notice.get(kind="draw_call")).params
    assert after["gathering"] != before["gathering"]
    assert {key: after[key] for key in ("place", "answer_by")} == {key: before[key] for key in ("place", "answer_by")}


async def test_an_earlier_gathering_that_runs_into_another_panel_of_an_expert_is_refused_politely(
    office: Office,
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    await answer_all(office, draw_id)
    mine = await Invitation.get(draw_id=draw_id)
    await sit_elsewhere(office, mine.expert_id, mine.starts_at - timedelta(hours=2), mine.starts_at)
    earlier = mine.gathering_at - timedelta(hours=1)
    with pytest.raises(Conflict) as refusal:
        await office.gathering_times.change(office.agency, draw_id, mine.notice_id, earlier)
    assert refusal.value.code == "gathering_overlaps"
    assert (await Invitation.get(id=mine.id)).gathering_at == mine.gathering_at


async def test_no_further_order_is_fixed_when_the_gathering_is_too_near_to_call_by_it(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id, "decline")
    await add_experts(office, 2, region="440300")
    clock.move(timedelta(hours=4, minutes=58))
    with pytest.raises(RuleViolation, match="先修改集合时间"):
        await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, *WIDER)])
    assert await state_of(draw_id) == "short"
    detail = await office.queries.detail(office.agency, draw_id)
    moved = {detail.parts.notices[0].id: detail.draw.starts_at}
    await office.supplements.start(
        office.agency, draw_id, regions=[await region_change(draw_id, 1, *WIDER)], gathering=moved
    )
    assert await state_of(draw_id) == "committing"


async def handled_labels(office: Office, draw_id: UUID) -> list[tuple[str, bool]]:
    return [
        (absence.handled_label, absence.handled)
        for absence in await office.absence_queries.absences_of_draw(office.agency, draw_id)
    ]


async def supplement_for_nothing(office: Office) -> UUID:
    """One expert has left, and all called for the place have declined."""
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    sitting = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("id").first()
    assert sitting is not None
    await office.invitations.leave(sitting.id, sitting.expert_id, "生病")
    assert await handled_labels(office, draw_id) == [("未补抽", False)]
    await office.supplements.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert await handled_labels(office, draw_id) == [("补抽中", False)]
    await answer_all(office, draw_id, "decline")
    assert await state_of(draw_id) == "short"
    return draw_id


async def test_an_absence_for_which_no_expert_was_found_waits_again(office: Office) -> None:
    draw_id = await supplement_for_nothing(office)
    assert await handled_labels(office, draw_id) == [("未补抽", False)]
    [waiting] = await office.absence_queries.list_pending(office.agency)
    assert (waiting.draw_id, waiting.missing, waiting.reason) == (draw_id, 1, "生病")
    await add_experts(office, 1, region="440300")
    await office.supplements.start(office.agency, draw_id, regions=[await region_change(draw_id, 1, *WIDER)])
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    assert await handled_labels(office, draw_id) == [("已补抽", True)]
    assert await office.absence_queries.list_pending(office.agency) == []


async def test_an_absence_never_filled_reads_so_after_the_end(office: Office) -> None:
    draw_id = await supplement_for_nothing(office)
    await office.activity_end.terminate(office.verifier, draw_id, "no_experts", "凑不齐")
    assert await handled_labels(office, draw_id) == [("不再补抽", True)]


async def test_an_expert_who_leaves_during_calling_is_replaced_only_when_another_accepts(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=2)
    first, second = await open_invitations(draw_id)
    await office.invitations.answer(first.id, first.expert_id, "accept", by="chat")
    await office.invitations.leave(first.id, first.expert_id, "生病")
    assert await handled_labels(office, draw_id) == [("补抽中", False)]
    await office.invitations.answer(second.id, second.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    assert await state_of(draw_id) == "short"
    assert await handled_labels(office, draw_id) == [("未补抽", False)]
    assert len(await office.absence_queries.list_pending(office.agency)) == 1
