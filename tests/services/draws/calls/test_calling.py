"""Calling: places, answers, full and short, against a real database; every record is verified at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.draws.random_draw import participant_commitment
from domain.draws.record import WITHHELD_MAX
from domain.draws.recusal_keys import unit_keys
from domain.errors import Conflict, NotFound, RuleViolation
from domain.ids import new_id
from models.draws import Absence, CandidateList, Draw, LogEntry
from models.experts import Employment, Expert
from models.invitations import Invitation
from models.notices import Notice
from models.projects import Project
from services.core.base import Deps
from services.draws import RegionChange
from tests.factories.offices import (
    Office,
    add_experts,
    check_record,
    counters,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
    start_draw,
    state_of,
)
from tests.factories.offices import verify as approve


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def answer_all(office: Office, draw_id, choice="accept") -> None:
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, choice, by="chat")
    await office.run.advance(draw_id)


async def test_a_draw_calls_as_many_as_are_needed_and_completes_when_all_accept(office: Office) -> None:
    await add_experts(office, 5)
    draw_id = await start_draw(office, needed=2)
    assert await counters(draw_id) == [(2, 2, 0)]
    await answer_all(office, draw_id)
    assert await counters(draw_id) == [(2, 0, 2)]
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)
    kinds = set(await Notice.all().values_list("kind", flat=True))
    assert {"draw_call", "draw_accepted", "agency_agreed", "agency_full", "agency_verified"} <= kinds


async def test_a_refusal_frees_the_place_for_the_next_in_order(office: Office) -> None:
    await add_experts(office, 5)
    draw_id = await start_draw(office, needed=2)
    first, _ = await open_invitations(draw_id)
    await office.invitations.answer(first.id, first.expert_id, "decline", by="voice")
    await office.run.advance(draw_id)
    assert await counters(draw_id) == [(2, 2, 0)]
    assert await Invitation.filter(draw_id=draw_id).count() == 3
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


async def test_when_no_candidate_is_left_the_draw_is_short_and_the_agency_notified(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id, "decline")
    assert await state_of(draw_id) == "short"
    record = await check_record(office, draw_id)
    assert record["log"][-1]["reason"] == "exhausted"
    assert await Notice.filter(kind="agency_short").exists()


async def test_the_alternative_specialty_is_called_only_when_the_main_one_is_exhausted(office: Office) -> None:
    await add_experts(office, 1, specialty="A08")
    await add_experts(office, 3, specialty="A01")
    draw_id = await start_draw(office, needed=2, alternative="A01")
    acts = [(e.act, e.facts.get("tier")) for e in await LogEntry.filter(draw_id=draw_id).order_by("seq")]
    assert acts[-3:] == [("called", "main"), ("exhausted", "main"), ("called", "alternative")]
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


async def test_an_answer_after_the_invitation_closed_changes_nothing(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    clock.move(timedelta(minutes=4))
    assert await office.invitations.expire_due() == 1
    late = await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    assert (late.effective, late.view.state) == (False, "silent")
    await office.run.advance(draw_id)
    assert await counters(draw_id) == [(1, 1, 0)]


async def test_the_second_channel_gets_the_present_state(office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    second = await office.invitations.answer(invitation.id, invitation.expert_id, "decline", by="chat")
    assert (second.effective, second.view.state) == (False, "accepted")


async def test_only_the_invited_expert_can_answer(office: Office) -> None:
    experts = await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    other = next(e for e in experts if e.id != invitation.expert_id)
    with pytest.raises(NotFound):
        await office.invitations.answer(invitation.id, other.id, "accept", by="chat")


async def test_pause_stops_new_calls_only_and_goes_on_with_the_same_seed(office: Office) -> None:
    await add_experts(office, 5)
    draw_id = await start_draw(office, needed=2)
    await office.run.pause(office.agency, draw_id, "修改集合时间")
    first, second = await open_invitations(draw_id)
    await office.invitations.answer(first.id, first.expert_id, "decline", by="chat")
    await office.invitations.answer(second.id, second.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    assert await counters(draw_id) == [(2, 0, 1)]
    await office.run.resume(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert await counters(draw_id) == [(2, 1, 1)]
    await answer_all(office, draw_id)
    await check_record(office, draw_id)


async def test_force_end_waits_for_calls_under_way(office: Office) -> None:
    await add_experts(office, 5)
    draw_id = await start_draw(office, needed=2)
    await office.run.force_end(office.agency, draw_id, "流标")
    assert await state_of(draw_id) == "ending"
    first, second = await open_invitations(draw_id)
    await office.invitations.answer(first.id, first.expert_id, "accept", by="chat")
    await office.invitations.answer(second.id, second.expert_id, "decline", by="chat")
    await office.run.advance(draw_id)
    assert await state_of(draw_id) == "short"
    await check_record(office, draw_id)


async def test_leave_while_calling_frees_the_place_and_later_becomes_a_supplementary_draw(office: Office) -> None:
    await add_experts(office, 6)
    draw_id = await start_draw(office, needed=2)
    first, second = await open_invitations(draw_id)
    await office.invitations.answer(first.id, first.expert_id, "accept", by="chat")
    await office.invitations.leave(first.id, first.expert_id, "出差")
    await office.run.advance(draw_id)
    assert await counters(draw_id) == [(2, 2, 0)]
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await office.invitations.leave(second.id, second.expert_id, "生病")
    assert await state_of(draw_id) == "supplement_pending"
    pending = await office.absence_queries.list_pending(office.agency)
    assert [(p.kind, p.name) for p in pending] == [("leave", "")]
    assert await office.supplements.start(office.agency, draw_id) is None
    await office.run.advance(draw_id)
    [extra] = await open_invitations(draw_id)
    assert extra.supplementary
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


async def test_wider_regions_start_a_new_commitment(office: Office) -> None:

    await add_experts(office, 1)
    await add_experts(office, 3, region="440300")
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "short"
    detail = await office.queries.detail(office.agency, draw_id)
    change = RegionChange(detail.conditions[0].id, ("440100", "440300"))
    view = await office.supplements.start(office.agency, draw_id, regions=[change])
    assert view is not None
    assert view.round_number == 2
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


async def test_an_aborted_supplementary_round_can_be_begun_again(office: Office) -> None:

    await add_experts(office, 1)
    await add_experts(office, 3, region="440300")
    draw_id = await start_draw(office, needed=2)
    await answer_all(office, draw_id)
    detail = await office.queries.detail(office.agency, draw_id)
    change = RegionChange(detail.conditions[0].id, ("440100", "440300"))
    await office.supplements.start(office.agency, draw_id, regions=[change])
    await office.rounds.abort(office.agency, draw_id, "监督人未到")
    with pytest.raises(Conflict, match="扩大地区"):
        await office.supplements.start(office.agency, draw_id)
    view = await office.supplements.start(office.agency, draw_id, regions=[change])
    assert view is not None
    assert view.round_number == 3
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    await answer_all(office, draw_id)
    assert await state_of(draw_id) == "completed"
    await check_record(office, draw_id)


async def test_an_expert_never_holds_two_overlapping_panels(office: Office) -> None:

    await add_experts(office, 2)
    first = await start_draw(office, needed=1)
    project = await Project.get(id=office.project_id)
    project.pk, project._saved_in_db = None, False

    project.id = office.project_id = new_id()
    await project.save(force_create=True)
    second = await start_draw(office, needed=1)
    [invitation], [other] = await open_invitations(first), await open_invitations(second)
    assert invitation.expert_id != other.expert_id


async def test_who_works_for_a_party_or_names_it_is_never_listed(office: Office) -> None:

    experts = await add_experts(office, 5)
    now = office.deps.now()
    keys = list(unit_keys("广州水务有限公司", ""))
    for expert, until in (
        (experts[0], None),
        (experts[1], now - timedelta(days=365)),
        (experts[2], now - timedelta(days=365 * 4)),
    ):
        await Employment.create(expert_id=expert.id, unit_name="广州水务有限公司", until=until, unit_keys=keys)
    await Expert.filter(id=experts[3].id).update(recusal_keys=keys)
    draw_id = await make_draw(office, needed=1)

    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    listed = await CandidateList.get(draw_id=draw_id)
    raw = office.deps.keys.open(listed.experts_sealed, "experts")
    assert {raw[i : i + 16] for i in range(0, len(raw), 16)} == {experts[2].id.bytes, experts[4].id.bytes}


async def test_calling_cannot_begin_before_both_revealed(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)

    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    with pytest.raises(Conflict):
        await office.run.start(office.agency, draw_id)


async def test_calling_stops_at_the_lead_time_before_gathering(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 5)
    draw_id = await start_draw(office, needed=1)
    clock.move(timedelta(hours=4, minutes=56))
    await office.invitations.expire_due()
    await office.run.advance(draw_id)
    assert await state_of(draw_id) == "short"
    record = await check_record(office, draw_id)
    assert record["log"][-1]["reason"] == "too_late"


async def test_leave_is_refused_past_its_deadline(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    clock.move(timedelta(hours=4, minutes=55))
    with pytest.raises(RuleViolation) as refusal:
        await office.invitations.leave(invitation.id, invitation.expert_id, "堵车")
    assert refusal.value.rule == "draw.leave.allowed_until"
    left = await office.invitations.leave(invitation.id, invitation.expert_id, "堵车", late=True)
    assert left.state == "left"
    assert (await Absence.get(invitation_id=invitation.id)).source == "late"


async def test_who_has_entered_or_whose_evaluation_is_over_asks_for_no_leave(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=2)
    entered, missing = await open_invitations(draw_id)
    for invitation in (entered, missing):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    clock.set(entered.gathering_at)
    await office.attendance.check_in_by_code(office.venue, draw_id, (await Invitation.get(id=entered.id)).code)
    with pytest.raises(Conflict) as refusal:
        await office.invitations.leave(entered.id, entered.expert_id, "不舒服", late=True)
    assert refusal.value.code == "entered"
    clock.set((await Draw.get(id=draw_id)).ends_at + timedelta(minutes=1))
    with pytest.raises(RuleViolation):
        await office.invitations.leave(missing.id, missing.expert_id, "堵车", late=True)


async def test_a_paused_draw_past_its_lead_time_is_short_too_late(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 5)
    draw_id = await start_draw(office, needed=1)
    await office.run.pause(office.agency, draw_id, "改时间")
    clock.move(timedelta(hours=4, minutes=56))
    await office.invitations.expire_due()
    await office.run.advance(draw_id)
    assert await state_of(draw_id) == "short"
    record = await check_record(office, draw_id)
    assert record["log"][-1]["reason"] == "too_late"


async def test_a_round_withheld_after_a_reveal_may_be_repeated_only_a_few_times(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 3)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    for _ in range(WITHHELD_MAX):
        view = await office.rounds.open(office.agency, draw_id)
        for role, actor in (("agency", office.agency), ("supervisor", office.supervisor)):
            digest = participant_commitment(role, bytes(16), view.draw_number, view.round_number)
            await office.rounds.commit(actor, draw_id, role, digest.hex())
        await office.rounds.reveal(office.supervisor, draw_id, "supervisor", bytes(16).hex())
        with pytest.raises(Conflict):
            await office.rounds.abort(office.agency, draw_id, "换一个")
        clock.move(timedelta(minutes=6))
        await office.rounds.abort(office.agency, draw_id, "没有揭示")
    with pytest.raises(Conflict) as refusal:
        await office.rounds.open(office.agency, draw_id)
    assert refusal.value.code == "withheld_too_often"


async def test_a_paused_draw_without_candidates_left_is_short_for_that_reason(office: Office) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=2)
    await office.run.pause(office.agency, draw_id, "核对")
    await answer_all(office, draw_id, "decline")
    assert await state_of(draw_id) == "short"
    record = await check_record(office, draw_id)
    assert record["log"][-1]["reason"] == "exhausted"


async def test_a_place_that_became_free_waits_as_long_as_the_rulebook_says(
    office: Office, deps: Deps, clock: FixedClock
) -> None:
    rules = deps.book("demo")
    calling = rules.draw.calling.model_copy(update={"next_after": timedelta(minutes=1)})
    patient = rules.model_copy(update={"draw": rules.draw.model_copy(update={"calling": calling})})
    deps.rulebooks["demo"] = patient  # type: ignore[index]  # a plain dict in tests
    try:
        await add_experts(office, 3)
        draw_id = await start_draw(office, needed=1)
        await answer_all(office, draw_id, "decline")
        assert await counters(draw_id) == [(1, 0, 0)]
        assert await state_of(draw_id) == "drawing"
        clock.move(timedelta(minutes=1))
        await office.run.advance(draw_id)
        assert await counters(draw_id) == [(1, 1, 0)]
    finally:
        deps.rulebooks["demo"] = rules  # type: ignore[index]


async def test_the_operation_log_tells_who_did_what_in_chinese(office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    await office.run.pause(office.agency, draw_id, "修改集合时间")
    operations = await office.queries.operations(office.agency, draw_id)
    numbers = ["提交随机数"] * 2 + ["公开随机数"] * 2
    labels = ["新建抽取", "提交审核", "通过核验", "开始三方摇号", *numbers, "确定抽取顺序", "启动抽取", "暂停抽取"]
    assert [operation.label for operation in operations] == labels
    assert (operations[-1].role, operations[-1].remark) == ("法人", "修改集合时间")


async def test_of_a_long_operation_log_the_newest_part_is_shown(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    monkeypatch.setattr("services.draws.operation_log.OPERATIONS_MAX", 2)
    operations = await office.queries.operations(office.agency, draw_id)
    assert [o.label for o in operations] == ["确定抽取顺序", "启动抽取"]


async def test_entries_are_in_order_of_time_even_if_a_process_clock_is_late(office: Office, clock: FixedClock) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    clock.move(timedelta(seconds=-5))
    await answer_all(office, draw_id)
    await check_record(office, draw_id)
