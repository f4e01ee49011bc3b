"""A draw has one seed: no operation gives it a second one."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, RuleViolation
from models.draws import CallNotice, Condition, Draw, LogEntry, Round
from models.experts import CatalogueEntry
from models.invitations import Invitation
from services.core.base import Deps
from services.draws import RegionChange
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
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


async def take_leave(office: Office, draw_id: UUID) -> None:
    sitting = await Invitation.filter(draw_id=draw_id, state="accepted").first()
    assert sitting is not None
    await office.invitations.leave(sitting.id, sitting.expert_id, "生病")


async def widen_regions(office: Office, draw_id: UUID, *regions: str) -> None:
    condition = await Condition.get(draw_id=draw_id)
    await office.supplements.start(office.agency, draw_id, regions=[RegionChange(condition.id, regions)])


async def test_the_log_of_operations_names_the_regions_that_were_added(office: Office) -> None:
    await add_experts(office, 1)
    await add_experts(office, 1, region="440300")
    draw_id = await start_draw(office, needed=1)
    while await open_invitations(draw_id):
        await answer_all(office, draw_id, "decline")
        await office.run.advance(draw_id)
    condition = await Condition.get(draw_id=draw_id)
    await CatalogueEntry.filter(kind="region", code="440300").update(name="深圳市")
    await widen_regions(office, draw_id, *condition.regions, "440300")
    [widening] = [o for o in await office.queries.operations(office.agency, draw_id) if o.action == "draw.supplemented"]
    assert widening.remark == "扩大地区，条件1增加深圳市"


async def count_seeds(draw_id: UUID) -> int:
    return await Round.filter(draw_id=draw_id).exclude(seed="").count()


async def make_ordered_draw(office: Office, *, needed: int = 2) -> UUID:
    """A draw with a fixed seed, not started."""
    draw_id = await make_draw(office, needed=needed)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    return draw_id


# A further seed


async def test_leaves_and_plain_new_rounds_give_no_second_seed_and_spoil_no_record(office: Office) -> None:
    await add_experts(office, 8)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    for _ in range(3):
        await take_leave(office, draw_id)
        with pytest.raises(Conflict) as refusal:
            await office.rounds.open(office.agency, draw_id)
        assert refusal.value.code == "order_stands"
        assert "启动补抽" in str(refusal.value)
        await office.supplements.start(office.agency, draw_id)
        await office.run.advance(draw_id)
        await answer_all(office, draw_id)
    assert (await count_seeds(draw_id), await state_of(draw_id)) == (1, "completed")
    await check_record(office, draw_id)


async def test_a_forced_end_before_the_first_call_gives_no_occasion_for_wider_regions(office: Office) -> None:
    await add_experts(office, 4)
    draw_id = await make_ordered_draw(office)
    await office.run.start(office.agency, draw_id)
    await office.run.force_end(office.agency, draw_id, "不满意")
    assert await state_of(draw_id) == "short"
    with pytest.raises(Conflict) as refusal:
        await widen_regions(office, draw_id, *WIDER)
    assert refusal.value.code == "order_not_exhausted"
    assert "按原顺序启动补抽" in str(refusal.value)
    await office.supplements.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await answer_all(office, draw_id)
    assert (await count_seeds(draw_id), await state_of(draw_id)) == (1, "completed")
    await check_record(office, draw_id)


async def test_regions_go_to_and_fro_never_they_only_grow(office: Office) -> None:
    await add_experts(office, 1)
    await add_experts(office, 1, region="440300")
    draw_id = await start_draw(office, needed=3)
    await answer_all(office, draw_id)
    await widen_regions(office, draw_id, *WIDER)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "short"
    for regions in (("440100",), ("440300",), WIDER):
        with pytest.raises(Conflict) as refusal:
            await widen_regions(office, draw_id, *regions)
        assert refusal.value.code == "region_not_wider"
    record = await check_record(office, draw_id)
    causes = [entry["cause"] for entry in record["log"] if entry["act"] == "round_opened"]  # type: ignore[index,union-attr,call-overload]
    assert causes == ["", "exhausted"]


async def test_wider_regions_are_counted(office: Office) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    limit = office.deps.book("demo").draw.supplement.widenings_max
    for number in range(limit):
        await Round.create(
            draw_id=draw_id,
            number=number + 2,
            conditions=["1"],
            secret_sealed="",
            commitment="00" * 32,
            seed="11" * 32,
            opened_at=office.deps.now(),
        )
    with pytest.raises(RuleViolation) as refusal:
        await widen_regions(office, draw_id, *WIDER)
    assert refusal.value.rule == "draw.supplement.widenings_max"


async def test_an_order_at_its_end_is_not_walked_again_but_widened(office: Office) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    with pytest.raises(Conflict, match="扩大地区"):
        await office.supplements.start(office.agency, draw_id)
    await check_record(office, draw_id)


# Waiting for a better moment


async def test_rounds_given_up_before_a_reveal_are_counted_and_pointed_out(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    limit = office.deps.book("demo").draw.commitments.aborts_max
    for _ in range(limit):
        await office.rounds.open(office.agency, draw_id)
        await office.rounds.abort(office.agency, draw_id, "等等看")
    with pytest.raises(RuleViolation, match="重新申请抽取") as refusal:
        await office.rounds.open(office.agency, draw_id)
    assert refusal.value.rule == "draw.commitments.aborts_max"
    await check_record(office, draw_id, *["abort_again"] * (limit - 1))


async def test_the_order_is_not_fixed_before_the_earliest_moment(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    later = office.deps.now() + timedelta(days=9)
    await Draw.filter(id=draw_id).update(starts_at=later, ends_at=later + timedelta(hours=2))
    with pytest.raises(RuleViolation, match="最早可在") as refusal:
        await office.rounds.open(office.agency, draw_id)
    assert refusal.value.rule == "draw.earliest_before_evaluation"
    assert not await LogEntry.exists(draw_id=draw_id)


async def test_the_system_starts_by_itself_when_the_seed_has_stood_long_enough(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id = await make_ordered_draw(office)
    within = office.deps.book("demo").draw.commitments.start_within
    clock.move(within - timedelta(seconds=1))
    await office.run.start_due()
    assert await state_of(draw_id) == "committing"
    assert "系统自动启动" in (await office.progress.totals_of(await Draw.get(id=draw_id))).waiting
    clock.move(timedelta(seconds=1))
    await office.run.start_due()
    await office.run.start_due()
    assert (await state_of(draw_id), await count_seeds(draw_id)) == ("drawing", 1)
    await office.run.advance(draw_id)
    assert len(await open_invitations(draw_id)) == 2
    await check_record(office, draw_id)


async def test_a_start_that_comes_too_late_for_the_gathering_is_tried_again_once_it_is_moved(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id = await make_ordered_draw(office)
    clock.move(timedelta(hours=4, minutes=58))
    await office.run.start_due()
    assert await state_of(draw_id) == "committing"
    notice = await CallNotice.get(draw_id=draw_id)
    await office.gathering_times.change(office.agency, draw_id, notice.id, office.deps.now() + timedelta(minutes=50))
    clock.move(timedelta(minutes=10))
    await office.run.start_due()
    assert await state_of(draw_id) == "drawing"
    await check_record(office, draw_id, "gathering_moved", "start_late")


async def test_moving_the_gathering_after_the_seed_stands_in_the_record(office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await make_ordered_draw(office)
    notice = await CallNotice.get(draw_id=draw_id)
    earlier = notice.gathering_at - timedelta(hours=3)
    await office.gathering_times.change(office.agency, draw_id, notice.id, earlier)
    record = await check_record(office, draw_id, "gathering_moved")
    assert '"act": "gathering_moved"' in json.dumps(record)


# The record before the end


async def test_no_list_and_no_count_is_published_before_the_end(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    record = await office.public_records.read(office.supervisor, draw_id)
    assert record["lists"] == {}
    frozen = await LogEntry.get(draw_id=draw_id, act="lists_frozen")
    assert [set(list_facts) for list_facts in frozen.facts["lists"]] == [{"condition", "tier", "root", "snapshot"}]
    await answer_all(office, draw_id)
    clock.move(timedelta(hours=13))
    assert await office.activity_end.end_due() == 1
    ended = await check_record(office, draw_id)
    assert len(ended["lists"]["1/main/1"]["leaves"]) == 3  # type: ignore[index,call-overload,arg-type]
