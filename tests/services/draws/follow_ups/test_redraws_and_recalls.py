"""Redraw (重新抽取) and recall of the original experts (复评): what follows an activity that is over."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.clock import SHANGHAI, FixedClock, local
from domain.draws.lifecycles import DrawState
from domain.draws.verify_draw import compare, examine
from domain.draws.verify_draw import verify as verify_record
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.attendance import Attendance
from models.draws import AvoidedDraw, CallNotice, Condition, Draw, DrawLot, RecalledExpert
from models.experts import Expert, Unavailability
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.projects import Project
from models.virtual_calls import VirtualCall
from services.core.base import Deps, system
from services.draws import DiscardForm, RecallTimes, RedrawTimes
from services.draws.recall_rules import shifted_gathering_time
from services.draws.results.audits import DrawAudits
from services.draws.setup.copying import DrawCopies
from services.ports import CallReport
from tests.factories.offices import (
    Office,
    add_experts,
    answer_recall,
    copy_form,
    draw_form,
    end_with_panel,
    enter_all,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
    prove,
    sit_elsewhere,
    start_draw,
    state_of,
)
from tests.factories.offices import verify as approve
from tests.invariants import check_invariants


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    office = await make_office(deps)
    await add_experts(office, 6)
    return office


def tomorrow(office: Office, hour: int) -> datetime:
    return (local(office.deps.now()) + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)


def redraw_times(office: Office) -> RedrawTimes:
    return RedrawTimes(tomorrow(office, 9), tomorrow(office, 8), tomorrow(office, 14), tomorrow(office, 18))


def recall_times(office: Office) -> RecallTimes:
    return RecallTimes(tomorrow(office, 14), tomorrow(office, 18))


async def submit_and_verify(office: Office, draw_id: UUID) -> UUID:
    await prove(office, draw_id)
    await approve(office, draw_id)
    return draw_id


async def draw_and_end(office: Office, draw_id: UUID) -> None:
    """A verified draw is drawn, everybody agrees, and its expected end comes."""
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    cast(FixedClock, office.deps.clock).move((await Draw.get(id=draw_id)).ends_at - office.deps.now())
    await office.activity_end.end_due()


async def make_recall(office: Office) -> UUID:
    """A verified recall of a panel of two."""
    old = await end_with_panel(office)
    return await submit_and_verify(office, await office.redraws.recall(office.agency, old, recall_times(office)))


async def lot_holders(office: Office) -> list[UUID]:
    return [lot.draw_id for lot in await DrawLot.filter(project_id=office.project_id, live=True)]


async def record_of(office: Office, draw_id: UUID) -> dict[str, object]:
    record: dict[str, object] = json.loads(json.dumps(await office.public_records.read(office.agency, draw_id)))
    return record


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-23T14:00", "2026-11-23T13:30"),
        ("2026-11-23T09:00", "2026-11-23T08:30"),
        ("2026-11-23T00:10", "2026-11-23T00:00"),
    ],
)
def test_a_follow_up_gathers_as_long_before_its_start_as_the_original_on_the_same_day(
    start: str, expected: str
) -> None:
    at = {"earlier_start": moment("2026-11-20T09:00"), "earlier_gathering": moment("2026-11-20T08:30")}
    assert shifted_gathering_time(moment(start), **at) == moment(expected)
    late = {"earlier_start": moment("2026-11-20T09:00"), "earlier_gathering": moment("2026-11-20T09:20")}
    assert shifted_gathering_time(moment(start), **late) == moment(start)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# ---- redraw


async def test_a_redraw_draws_a_new_group_and_takes_the_lot_over_when_it_is_approved(office: Office) -> None:
    old = await end_with_panel(office)
    before = {invitation.expert_id for invitation in await Invitation.filter(draw_id=old, state="accepted")}
    new = await office.redraws.redraw(office.agency, old, redraw_times(office))
    draw = await Draw.get(id=new)
    assert (draw.kind, draw.original_id, draw.state, draw.number[:4]) == ("redraw", old, "editing", "CQNE")
    assert await AvoidedDraw.filter(draw_id=new).values_list("earlier_id", flat=True) == [old]
    [notice], [earlier] = await CallNotice.filter(draw_id=new), await CallNotice.filter(draw_id=old)
    lead = (await Draw.get(id=old)).starts_at - earlier.gathering_at
    assert lead > timedelta()
    assert draw.starts_at - notice.gathering_at == lead, "as long before the start as in the original"
    assert await lot_holders(office) == [old]
    await submit_and_verify(office, new)
    assert await lot_holders(office) == [new]
    await office.rounds.open(office.agency, new)
    await fix_seed(office, new)
    await office.run.start(office.agency, new)
    await office.run.advance(new)
    called = {invitation.expert_id for invitation in await open_invitations(new)}
    assert len(called) == 2
    assert not called & before
    record = await record_of(office, new)
    log = record["log"]
    assert isinstance(log, list)
    original = await Draw.get(id=old)
    assert (log[0]["act"], log[0]["kind"], log[0]["original"]) == ("history", "redraw", original.number)
    [earlier_facts] = log[0]["earlier"]
    assert (earlier_facts["head"], earlier_facts["panel"]) == (original.log_head, "met")
    assert {finding.code for finding in verify_record(record)} == {"order_unchecked"}
    assert compare(record, [await record_of(office, old)]) == []
    await check_invariants()


async def test_a_follower_steps_around_what_its_original_did(office: Office) -> None:
    """是否已抽取专家 is taken over, and stays when a recall's times are changed."""
    earlier = await end_with_panel(office)
    old = await submit_and_verify(office, await office.redraws.redraw(office.agency, earlier, redraw_times(office)))
    await draw_and_end(office, old)
    recall = await office.redraws.recall(office.agency, old, recall_times(office))
    changed = replace(draw_form(office), starts_at=tomorrow(office, 15), ends_at=tomorrow(office, 18))
    await office.setup.edit(office.agency, recall, replace(changed, opening_at=tomorrow(office, 9)))
    assert await AvoidedDraw.filter(draw_id=recall).values_list("earlier_id", flat=True) == [earlier]
    await office.setup.delete(office.agency, recall)
    redraw = await office.redraws.redraw(office.agency, old, redraw_times(office))
    assert set(await AvoidedDraw.filter(draw_id=redraw).values_list("earlier_id", flat=True)) == {earlier, old}


async def test_a_redraw_needs_proof_and_an_end(office: Office) -> None:
    old = await end_with_panel(office)
    new = await office.redraws.redraw(office.agency, old, redraw_times(office))
    with pytest.raises(InvalidInput, match="证明材料"):
        await approve(office, new)
    with pytest.raises(Conflict, match="新建，不能重新抽取"):
        await office.redraws.redraw(office.agency, new, redraw_times(office))
    with pytest.raises(Conflict, match="已有办理中的活动"):
        await office.redraws.redraw(office.agency, old, redraw_times(office))
    with pytest.raises((Forbidden, NotFound)):
        await office.redraws.redraw(office.supervisor, old, redraw_times(office))


async def test_who_took_part_stays_recused_whatever_the_form_says(office: Office) -> None:
    old = await end_with_panel(office)
    new = await office.redraws.redraw(office.agency, old, redraw_times(office))
    draw = await Draw.get(id=new)
    form = await office.redraws._form(draw, draw.starts_at, draw.ends_at, ())
    await office.setup.edit(office.agency, new, form)
    assert await AvoidedDraw.filter(draw_id=new).values_list("earlier_id", flat=True) == [old]


async def test_the_redraw_of_what_was_never_drawn_is_recalled_and_copied(office: Office, clock: FixedClock) -> None:
    undrawn = await make_draw(office)
    await approve(office, undrawn)
    clock.move((await Draw.get(id=undrawn)).ends_at - clock.now())
    await office.activity_end.end_due()
    assert (await state_of(undrawn), (await Draw.get(id=undrawn)).finished_at) == ("ended", None)
    redraw = await submit_and_verify(office, await office.redraws.redraw(office.agency, undrawn, redraw_times(office)))
    await draw_and_end(office, redraw)

    recall = await office.redraws.recall(office.agency, redraw, recall_times(office))
    form = replace(draw_form(office), starts_at=tomorrow(office, 15), ends_at=tomorrow(office, 18))
    await office.setup.edit(office.agency, recall, replace(form, opening_at=tomorrow(office, 9)))
    assert not await AvoidedDraw.exists(draw_id=recall), "nobody took part in what was never drawn"
    await submit_and_verify(office, recall)
    other = await Project.get(id=office.project_id)
    columns = {name: getattr(other, name) for name in other._meta.db_fields if name != "id"}
    project = await Project.create(**columns | {"name": "另一项目"})
    copies = DrawCopies(office.deps, office.access, office.setup)
    copy = await copies.copy(office.agency, redraw, copy_form(project.id, "另一项目评标"))
    assert not await AvoidedDraw.exists(draw_id=copy)


@pytest.mark.parametrize("way", ["delete", "terminate", "refuse"])
async def test_a_redraw_that_is_never_approved_leaves_the_lot_where_it_was(office: Office, way: str) -> None:
    old = await end_with_panel(office)
    new = await office.redraws.redraw(office.agency, old, redraw_times(office))
    if way == "delete":
        await office.setup.delete(office.agency, new)
    elif way == "terminate":
        await office.activity_end.terminate(office.agency, new, "mistaken", "填错了")
    else:
        await prove(office, new)
        terminal = office.deps.book("demo").draw.terminals[0]
        application = await office.setup.submit(office.agency, new, terminal, "重新评审")
        await office.verification.refuse(office.verifier, application, "缺少依据")
        await office.activity_end.terminate(office.agency, new, "mistaken", "不再办理")
    assert await lot_holders(office) == [old]
    again = await office.redraws.redraw(office.agency, old, redraw_times(office))
    await submit_and_verify(office, again)
    assert await lot_holders(office) == [again]
    await check_invariants()


async def test_a_redraw_terminated_without_an_order_gives_the_lot_back_and_the_verifier_sees_it(
    office: Office,
) -> None:
    old = await end_with_panel(office)
    first = await submit_and_verify(office, await office.redraws.redraw(office.agency, old, redraw_times(office)))
    await office.rounds.open(office.agency, first)
    await office.activity_end.terminate(office.agency, first, "replanned", "改期")
    assert await lot_holders(office) == [old]
    again = await submit_and_verify(office, await office.redraws.redraw(office.agency, old, redraw_times(office)))
    assert await lot_holders(office) == [again]
    [application] = await office.verification_queries.applications_of_draw(again)
    assert (application.kind, application.original) == ("redraw", (await Draw.get(id=old)).number)
    assert (application.redrawn, application.terminated) == (1, 1)


async def test_a_released_activity_is_redrawn_without_those_who_were_released(office: Office) -> None:
    old = await end_with_panel(office)
    await Draw.filter(id=old).update(state="released")
    await Invitation.filter(draw_id=old, state="accepted").update(state="released")
    await Condition.filter(draw_id=old).update(accepted=0)
    await DrawLot.filter(draw_id=old).update(live=False)
    with pytest.raises(Conflict, match="不能复评"):
        await office.redraws.recall(office.agency, old, recall_times(office))
    new = await submit_and_verify(office, await office.redraws.redraw(office.agency, old, redraw_times(office)))
    assert await lot_holders(office) == [new]
    assert len(await office.queries.former_experts(office.agency, new)) == 2


async def test_a_redraw_starts_from_the_newest_activity_of_the_lot(office: Office) -> None:
    old = await end_with_panel(office)
    first = await submit_and_verify(office, await office.redraws.redraw(office.agency, old, redraw_times(office)))
    await draw_and_end(office, first)
    with pytest.raises(Conflict, match=(await Draw.get(id=first)).number):
        await office.redraws.redraw(office.agency, old, redraw_times(office))
    second = await office.redraws.redraw(office.agency, first, redraw_times(office))
    assert set(await AvoidedDraw.filter(draw_id=second).values_list("earlier_id", flat=True)) == {old, first}


# ---- recall


async def test_a_recall_lists_who_took_part_and_each_answers_in_person(office: Office, clock: FixedClock) -> None:
    new = await make_recall(office)
    draw = await Draw.get(id=new)
    old = draw.original_id
    assert old is not None
    assert (draw.number[:4], draw.needed) == ("CQRE", 2)
    panel = await office.recall_queries.panel(office.agency, new)
    assert [row.state_label for row in panel.rows] == ["未通知", "未通知"]
    with pytest.raises(Conflict, match="请先开始通知原专家"):
        await office.recalls.confirm(office.agency, new)
    await office.recalls.invite_panel(office.agency, new)
    with pytest.raises(Conflict, match="已经开始通知"):
        await office.recalls.invite_panel(office.agency, new)
    await office.recalls.choose_phone(office.agency, new, None)
    invited = await Invitation.filter(draw_id=new, state="open")
    assert {row.expert_id for row in invited} == {row.expert_id for row in await Invitation.filter(draw_id=old)}
    assert await Notice.filter(kind="recall_call", invitation_id__in=[row.id for row in invited]).count() == 2
    with pytest.raises(Conflict, match="还有2位专家未本人答复"):
        await office.recalls.confirm(office.agency, new)
    first, _ = (await office.recall_queries.panel(office.agency, new)).rows
    gathering = draw.starts_at - timedelta(hours=1)
    await office.recalls.record_statement(office.agency, new, first.id, True, gathering)
    for invitation in invited:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    assert await office.recalls.confirm(office.agency, new) == DrawState.COMPLETED
    invited = await Invitation.filter(draw_id=new, state="accepted")
    assert gathering in {row.gathering_at for row in invited}, "who answered agreed to the time of the talk"
    assert await Notice.filter(kind="draw_accepted", invitation_id__in=[row.id for row in invited]).count() == 2
    shown = await office.recall_queries.panel(office.agency, new)
    assert (shown.final, shown.staff_phone) == (True, await office.virtual_calls.own_mobile(office.agency))
    assert [(row.state_label, row.source_label) for row in shown.rows] == [("参评", "专家本人")] * 2
    with pytest.raises(Conflict, match="不能再修改"):
        await office.recalls.record_statement(office.agency, new, first.id, False, None)
    with pytest.raises(Conflict, match="不能再修改"):
        await office.recalls.confirm(office.agency, new)
    record = await record_of(office, new)
    assert verify_record(record) == []
    assert compare(record, [await record_of(office, old)]) == []
    assert any("recalled experts" in line for line in examine(record)[1])
    assert not (await office.results.read(office.agency, new)).unsealed
    clock.move(draw.starts_at - timedelta(minutes=30) - office.deps.now())
    assert (await office.results.read(office.agency, new)).unsealed
    report = await DrawAudits(office.deps, office.access).run(system("demo"), new)
    assert [(line.verdict, "2人" in line.text) for line in report.lines] == [("holds", True)]
    salt, expert = await office.public_records.open_leaf(office.supervisor, new, invited[0].leaf)
    assert (len(salt), expert) == (64, invited[0].expert_id.hex)
    await check_invariants()


# ---- nobody speaks for another person


async def test_an_agency_that_says_all_come_gets_no_panel_and_no_absence(office: Office, clock: FixedClock) -> None:
    """The attack: "comes" for all without one call, confirmed, and two minutes later absences that count."""
    new = await make_recall(office)
    await office.recalls.invite_panel(office.agency, new)
    draw = await Draw.get(id=new)
    for row in (await office.recall_queries.panel(office.agency, new)).rows:
        await office.recalls.record_statement(office.agency, new, row.id, True, draw.starts_at)
    assert not await Invitation.exists(draw_id=new, state="accepted")
    assert await Notice.filter(kind="recall_stated").count() == 2, "each is told at once what was said of him"
    [notice, _] = await Notice.filter(kind="recall_stated")
    assert (notice.params["what"], notice.params["effect"]) == ("可以参加", "未经您本人答复不作数")
    with pytest.raises(Conflict, match="未本人答复"):
        await office.recalls.confirm(office.agency, new)
    invitations = await Invitation.filter(draw_id=new)
    clock.set(max(invitation.answer_until for invitation in invitations) + timedelta(minutes=2))
    assert await office.invitations.expire_due() == 2
    form = DiscardForm(invitations[0].code, "absence", "未到场")
    with pytest.raises(NotFound):
        await office.discards.register(office.agency, new, form)
    assert await office.recalls.confirm(office.agency, new) == DrawState.SHORT
    findings = verify_record(await record_of(office, new))
    assert [(finding.severity, finding.code) for finding in findings] == [("warning", "stated")] * 2
    await check_invariants()


async def test_an_agreement_precedes_its_gathering_by_the_lead(office: Office, clock: FixedClock) -> None:
    new = await make_recall(office)
    invitations = await answer_recall(office, new, "accept")
    book = office.deps.book("demo").draw
    assert all(row.answer_until < row.gathering_at - book.agreement_lead for row in invitations)
    row = (await office.recall_queries.panel(office.agency, new)).rows[1]
    clock.set((await Draw.get(id=new)).starts_at - timedelta(minutes=10))
    with pytest.raises(InvalidInput, match="来不及本人答复"):
        await office.recalls.record_statement(office.agency, new, row.id, True, clock.now() + timedelta(minutes=2))


async def test_a_refusal_that_nobody_heard_does_not_count(office: Office, clock: FixedClock) -> None:
    """The attack: 不参评 for an unwelcome expert, who was neither called nor written to."""
    new = await make_recall(office)
    unwelcome, _ = await answer_recall(office, new)
    assert await office.recalls.confirm(office.agency, new) == DrawState.COMPLETED
    new = await recall_again(office, clock, new)
    await office.recalls.invite_panel(office.agency, new)
    row = (await office.recall_queries.panel(office.agency, new)).rows[0]
    await office.recalls.record_statement(office.agency, new, row.id, False, None)
    unwelcome = await Invitation.get(draw_id=new, expert_id=unwelcome.expert_id)
    notice = await Notice.get(kind="recall_stated", invitation_id=unwelcome.id)
    assert (notice.params["what"], notice.params["effect"]) == ("不能参加", "未经您本人答复不作数")
    clock.move(timedelta(hours=3))
    with pytest.raises(Conflict, match="未本人答复"):
        await office.recalls.confirm(office.agency, new)
    for invitation in await Invitation.filter(draw_id=new):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    with pytest.raises(Conflict, match="以本人答复为准"):
        await office.recalls.record_statement(office.agency, new, row.id, False, None)
    assert await office.recalls.confirm(office.agency, new) == DrawState.COMPLETED
    assert [finding.code for finding in verify_record(await record_of(office, new))] == ["stated"]


async def test_a_refusal_heard_in_a_call_of_the_platform_counts_unless_the_expert_contradicts(
    office: Office, clock: FixedClock
) -> None:
    new = await make_recall(office)
    invitations = await answer_recall(office, new, "accept")
    await office.recalls.choose_phone(office.agency, new, None)
    row = (await office.recall_queries.panel(office.agency, new)).rows[1]
    await office.recalls.ring(office.agency, new, row.id)
    call = await VirtualCall.get(draw_id=new)
    await office.virtual_calls.dial(call.id)
    await office.virtual_calls.apply_report(CallReport("bridge-1", call.out_id, True, "200100", "", None, 40))
    await office.recalls.record_statement(office.agency, new, row.id, False, None)
    notice = await Notice.get(kind="recall_stated", invitation_id=invitations[1].id)
    assert "未答复的按此记录" in notice.params["effect"]
    within = office.deps.book("demo").draw.recall.contradict_within
    clock.move(within - timedelta(seconds=1))
    with pytest.raises(Conflict, match="未本人答复"):
        await office.recalls.confirm(office.agency, new)
    clock.move(timedelta(seconds=1))
    assert await office.recalls.confirm(office.agency, new) == DrawState.SHORT
    assert await Notice.filter(kind="draw_declined", invitation_id=invitations[1].id).count() == 1
    shown = (await office.recall_queries.panel(office.agency, new)).rows[1]
    assert (shown.state_label, shown.source_label) == ("不参评", "平台接通的电话")
    record = await record_of(office, new)
    assert verify_record(record) == []
    log = cast("list[dict[str, object]]", record["log"])
    told = [(entry["answer"], entry["source"], entry["stated"]) for entry in log if entry["act"] == "confirmed"]
    assert told == [("comes", "expert", ""), ("declines", "call", "declines")]
    await check_invariants()


async def test_a_recall_that_is_not_confirmed_is_confirmed_at_the_unsealing(office: Office, clock: FixedClock) -> None:
    """No expert travels to a panel that its agency forgot."""
    new = await make_recall(office)
    await answer_recall(office, new)
    draw = await Draw.get(id=new)
    clock.set(office.access.unseals_at(draw) - timedelta(seconds=1))
    await office.recalls.complete_due()
    assert await state_of(new) == "verified"
    clock.move(timedelta(seconds=1))
    await office.recalls.complete_due()
    assert await state_of(new) == "completed"
    assert verify_record(await record_of(office, new)) == []


async def test_a_recall_is_terminated_while_its_experts_are_asked(office: Office) -> None:
    new = await make_recall(office)
    await answer_recall(office, new, "accept")
    await office.activity_end.terminate(office.agency, new, "replanned", "改期")
    assert not await Invitation.exists(draw_id=new, state__in=["open", "accepted"])
    assert verify_record(await record_of(office, new)) == []
    await check_invariants()


async def test_a_leave_before_the_confirmation_is_the_expert_s_own(office: Office) -> None:
    new = await make_recall(office)
    first, _ = await answer_recall(office, new)
    await office.invitations.leave(first.id, first.expert_id, "生病")
    assert await state_of(new) == "verified"
    assert await office.recalls.confirm(office.agency, new) == DrawState.SHORT
    assert verify_record(await record_of(office, new)) == []
    await check_invariants()


async def recall_again(office: Office, clock: FixedClock, former: UUID) -> UUID:
    """A verified recall of the same panel, after the recall ``former`` has ended."""
    clock.set((await Draw.get(id=former)).ends_at)
    await office.activity_end.end_due()
    return await submit_and_verify(office, await office.redraws.recall(office.agency, former, recall_times(office)))


async def test_an_expert_is_asked_to_call_back_and_his_number_is_not_shown(office: Office, clock: FixedClock) -> None:
    new = await make_recall(office)
    await office.recalls.invite_panel(office.agency, new)
    shown = await office.recall_queries.panel(office.agency, new)
    row, own = shown.rows[0], await office.virtual_calls.own_mobile(office.agency)
    assert shown.staff_phone == own, "it begins with the caller's own"
    await Draw.filter(id=new).update(staff_phone_sealed="")
    with pytest.raises(Conflict, match="请先选择您的通话号码"):
        await office.recalls.ask_to_call_back(office.agency, new, row.id)
    await office.recalls.choose_phone(office.agency, new, None)
    clock.move(timedelta(minutes=11))
    for times in (1, 2, 3):
        await office.recalls.ask_to_call_back(office.agency, new, row.id)
        called = (await office.recall_queries.panel(office.agency, new)).rows[0]
        assert (called.times_asked, called.called_at) == (times, office.deps.now())
        with pytest.raises(Conflict, match="刚刚已请该专家回电" if times < 3 else "已请该专家回电3次"):
            await office.recalls.ask_to_call_back(office.agency, new, row.id)
        clock.move(timedelta(minutes=11))
    expert = (await RecalledExpert.get(id=row.id)).expert_id
    assert await Notice.filter(kind="recall_asked", expert_id=expert).count() == 3


async def test_two_who_confirm_at_once_confirm_once(office: Office) -> None:
    new = await make_recall(office)
    await answer_recall(office, new)
    both = [office.recalls.confirm(office.agency, new) for _ in range(2)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "DrawState"]
    assert await Invitation.filter(draw_id=new).count() == 2
    invited = await Invitation.filter(draw_id=new).values_list("id", flat=True)
    assert await Notice.filter(kind="draw_accepted", invitation_id__in=list(invited)).count() == 2
    await check_invariants()


async def test_recalled_experts_come_go_and_end_the_activity_as_others_do(office: Office, clock: FixedClock) -> None:
    new = await make_recall(office)
    draw = await Draw.get(id=new)
    await office.recalls.choose_phone(office.agency, new, None)
    await answer_recall(office, new)
    await office.recalls.confirm(office.agency, new)
    first, second = await Invitation.filter(draw_id=new).order_by("id")
    await office.invitations.leave(first.id, first.expert_id, "生病")
    assert await state_of(new) == "supplement_pending"
    with pytest.raises(Conflict, match="不能补抽"):
        await office.supplements.start(office.agency, new)
    clock.move(draw.starts_at - office.deps.now())
    came = await office.attendance.check_in_by_code(office.venue, new, second.code)
    assert came.first
    assert (await Draw.get(id=new)).staff_phone_sealed
    await office.activity_end.end(office.agency, new, "按现有专家评标")
    assert await state_of(new) == "ended"
    assert not (await Draw.get(id=new)).staff_phone_sealed, "no longer needed"
    assert {finding.severity for finding in verify_record(await record_of(office, new))} <= {"warning"}
    await check_invariants()


async def test_a_recall_without_everybody_is_short_and_the_agency_may_redraw_instead(office: Office) -> None:
    new = await make_recall(office)
    draw = await Draw.get(id=new)
    await answer_recall(office, new, "accept", "decline")
    assert await office.recalls.confirm(office.agency, new) == DrawState.SHORT
    await office.activity_end.terminate(office.agency, new, "no_experts", "原专家不齐")
    assert not await Invitation.exists(draw_id=new, state="accepted")
    assert draw.original_id is not None
    redraw = await office.redraws.redraw(office.agency, draw.original_id, redraw_times(office))
    await submit_and_verify(office, redraw)
    [application] = await office.verification_queries.applications_of_draw(redraw)
    assert (application.terminated, application.redrawn) == (0, 0)
    assert verify_record(await record_of(office, new)) == []
    await check_invariants()


async def test_the_record_of_a_later_recall_says_whom_the_earlier_ones_lost(office: Office, clock: FixedClock) -> None:
    """The attack: an unwelcome expert is lost in a first recall, and the second one's record looks complete."""
    chain = [await end_with_panel(office, needed=5)]
    for choices in (["accept"] * 4 + ["decline"], ["accept"] * 3, ["accept"] * 2):
        new = await office.redraws.recall(office.agency, chain[-1], recall_times(office))
        await submit_and_verify(office, new)
        invited = await answer_recall(office, new, *choices)  # type: ignore[arg-type]  # literals
        clock.move(max(invitation.answer_until for invitation in invited) - office.deps.now())
        await office.invitations.expire_due()
        await office.recalls.confirm(office.agency, new)
        await enter_all(new)
        if len(chain) == 2:
            assert (await office.recall_queries.panel(office.agency, new)).lost_label == "不参评1人"
        clock.move((await Draw.get(id=new)).ends_at - office.deps.now())
        await office.activity_end.end_due()
        chain.append(new)
    panel = await office.recall_queries.panel(office.agency, chain[-1])
    assert (len(panel.rows), panel.drawn, panel.lost_label) == (3, 5, "不参评1人、逾期未答复1人")
    originals = [await record_of(office, draw_id) for draw_id in chain[:-1]]
    record = await record_of(office, chain[-1])
    assert compare(record, originals) == []
    assert (
        "panel that was drawn 首次专家组: 5, lost in earlier recalls 此前复评中减少: declined 1, silent 1"
        in (examine(record)[1])
    )
    await check_invariants()


async def test_a_panel_that_ended_early_is_recalled_on_the_same_day(office: Office, clock: FixedClock) -> None:
    old = await start_draw(office, needed=2)
    for invitation in await open_invitations(old):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(old)
    starts_at, ends_at = (await Draw.get(id=old)).starts_at, (await Draw.get(id=old)).ends_at
    clock.move(starts_at - clock.now() + timedelta(minutes=30))
    await enter_all(old)
    await office.activity_end.end(office.agency, old, "评标已完成")
    clock.move(timedelta(minutes=1))
    [expert, _] = await Invitation.filter(draw_id=old, state="accepted").values_list("expert_id", flat=True)
    assert await office.invitation_queries.list_panels(expert) == [], "it is no more to come"
    assert len(await office.invitation_queries.list_panels(expert, past=True)) == 1

    times = RecallTimes(starts_at + timedelta(hours=3), ends_at)
    new = await submit_and_verify(office, await office.redraws.recall(office.agency, old, times))
    await answer_recall(office, new)
    assert await office.recalls.confirm(office.agency, new) == DrawState.COMPLETED
    await check_invariants()


async def test_a_gathering_lies_on_the_day_of_the_evaluation(office: Office) -> None:
    new = await make_recall(office)
    await office.recalls.invite_panel(office.agency, new)
    draw = await Draw.get(id=new)
    row = (await office.recall_queries.panel(office.agency, new)).rows[0]
    for at, words in (
        (draw.starts_at - timedelta(days=1), "同一天"),
        (draw.starts_at + timedelta(minutes=1), "评标开始之前"),
        (None, "请填写商定的集合时间"),
    ):
        with pytest.raises(InvalidInput, match=words):
            await office.recalls.record_statement(office.agency, new, row.id, True, at)


@pytest.mark.parametrize("what", ["left", "elsewhere"])
async def test_who_may_not_sit_on_the_panel_now_is_not_invited_and_told_why(office: Office, what: str) -> None:
    new = await make_recall(office)
    draw = await Draw.get(id=new)
    row = (await office.recall_queries.panel(office.agency, new)).rows[0]
    expert_id = (await RecalledExpert.get(id=row.id)).expert_id
    if what == "left":
        await Expert.filter(id=expert_id).update(left_at=office.deps.now())
    else:
        await sit_elsewhere(office, expert_id, draw.starts_at, draw.ends_at)
    await office.recalls.choose_phone(office.agency, new, None)
    await office.recalls.invite_panel(office.agency, new)
    assert not await Invitation.exists(draw_id=new, expert_id=expert_id)
    notices = await Notice.filter(kind="recall_hindered", expert_id=expert_id)
    assert [notice.params["reason"] for notice in notices] == ([] if what == "left" else ["该时段已有其他评标"])
    for ask in (office.recalls.ring, office.recalls.ask_to_call_back):
        with pytest.raises(Conflict, match="没有发出邀请"):
            await ask(office.agency, new, row.id)
    assert not await Notice.exists(kind="recall_asked")
    assert not office.bridge.made
    shown = (await office.recall_queries.panel(office.agency, new)).rows[0]
    assert (shown.state_label, shown.hindrance != "") == ("不能参评", True)
    for invitation in await Invitation.filter(draw_id=new, state="open"):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="h5")
    assert await office.recalls.confirm(office.agency, new) == DrawState.SHORT
    assert verify_record(await record_of(office, new)) == []
    await check_invariants()


async def test_a_leave_is_the_expert_s_own_matter_but_hides_no_other_panel(office: Office) -> None:
    new = await make_recall(office)
    draw = await Draw.get(id=new)
    rows = (await office.recall_queries.panel(office.agency, new)).rows
    experts = [(await RecalledExpert.get(id=row.id)).expert_id for row in rows]
    for expert_id in experts:
        await Unavailability.create(
            expert_id=expert_id, starts_at=draw.starts_at, ends_at=draw.ends_at, created_at=office.deps.now()
        )
    await sit_elsewhere(office, experts[0], draw.starts_at, draw.ends_at)
    await office.recalls.invite_panel(office.agency, new)
    assert await Invitation.filter(draw_id=new).values_list("expert_id", flat=True) == [experts[1]]


async def test_a_confirmation_that_did_not_arrive_is_sent_again_a_few_times(office: Office, clock: FixedClock) -> None:
    new = await make_recall(office)
    await answer_recall(office, new)
    rows = (await office.recall_queries.panel(office.agency, new)).rows
    await office.recalls.confirm(office.agency, new)
    with pytest.raises(Conflict, match="没有需要重新发送"):
        await office.recalls.resend(office.agency, new, rows[0].id)
    expert_id = (await RecalledExpert.get(id=rows[0].id)).expert_id
    invitation = await Invitation.get(draw_id=new, expert_id=expert_id)
    messages = Attempt.filter(channel="sms", notice__kind="draw_accepted", notice__invitation_id=invitation.id)
    for times in range(1, 4):
        await messages.update(state="failed")
        shown = {panel_row.id: panel_row for panel_row in (await office.recall_queries.panel(office.agency, new)).rows}[
            rows[0].id
        ]
        assert (shown.sms_label, shown.unwritten, shown.may_resend) == ("发送失败", True, True)
        await office.recalls.resend(office.agency, new, rows[0].id)
        assert await messages.count() == times + 1
        shown = {panel_row.id: panel_row for panel_row in (await office.recall_queries.panel(office.agency, new)).rows}[
            rows[0].id
        ]
        assert (shown.sms_label, shown.may_resend) == ("待发送", False)
    params = await Notice.filter(kind="draw_accepted", invitation_id=invitation.id).values_list("params", flat=True)
    assert all(values == params[0] for values in params), "the same time, place and code"
    await messages.update(state="failed")
    with pytest.raises(Conflict, match="已重新发送3次"):
        await office.recalls.resend(office.agency, new, rows[0].id)
    listed = {panel_row.id: panel_row for panel_row in (await office.recall_queries.panel(office.agency, new)).rows}
    assert not listed[rows[0].id].may_resend


async def test_who_never_came_to_the_original_is_marked_where_others_did(office: Office) -> None:
    new = await make_recall(office)
    assert [row.stayed_away for row in (await office.recall_queries.panel(office.agency, new)).rows] == [False, False]
    came, other = (await office.recall_queries.panel(office.agency, new)).rows
    earlier = await Invitation.get(id=(await RecalledExpert.get(id=came.id)).earlier_id)
    await Attendance.create(
        invitation_id=earlier.id,
        draw_id=earlier.draw_id,
        direction="in",
        at=earlier.gathering_at,
        method="desk",
        by_id=office.venue.account_id,
    )
    shown = {row.id: row.stayed_away for row in (await office.recall_queries.panel(office.agency, new)).rows}
    assert shown == {came.id: False, other.id: True}


async def test_times_of_a_recall_may_move_while_it_is_a_draft_and_its_notices_follow(office: Office) -> None:
    old = await end_with_panel(office)
    new = await office.redraws.recall(office.agency, old, recall_times(office))
    draw, began = await Draw.get(id=new), (await CallNotice.get(draw_id=new)).gathering_at
    form = await office.redraws._form(draw, draw.starts_at + timedelta(days=3), draw.ends_at + timedelta(days=3), ())
    await office.setup.edit(office.agency, new, form)
    later = await Draw.get(id=new)
    [notice] = await CallNotice.filter(draw_id=new)
    assert later.starts_at - notice.gathering_at == draw.starts_at - began
    assert later.needed == 2
    [condition] = await Condition.filter(draw_id=new)
    with pytest.raises(Conflict, match="抽取条件不能修改"):
        await office.setup.remove_condition(office.agency, new, condition.id)
    await office.setup.delete(office.agency, new)
    assert not await RecalledExpert.exists(draw_id=new)
    assert await lot_holders(office) == [old]


async def test_what_does_not_fit_a_recall_says_what_to_do(office: Office) -> None:
    new = await make_recall(office)
    old = (await Draw.get(id=new)).original_id
    assert old is not None
    with pytest.raises(Conflict, match="不需要摇号"):
        await office.rounds.open(office.agency, new)
    [notice] = await CallNotice.filter(draw_id=new)
    with pytest.raises(Conflict, match="商定"):
        await office.gathering_times.change(office.agency, new, notice.id, notice.gathering_at)
    with pytest.raises(Conflict, match="不是通知原专家项目"):
        await office.recall_queries.panel(office.agency, old)
    with pytest.raises(Forbidden):
        await office.recall_queries.panel(office.supervisor, new)
    await Draw.filter(id=new).update(starts_at=office.deps.now() - timedelta(minutes=1))
    with pytest.raises(Conflict, match="开始时间已过"):
        await office.recalls.confirm(office.agency, new)


async def test_an_activity_without_a_panel_cannot_be_recalled(office: Office) -> None:
    old = await end_with_panel(office)
    await Invitation.filter(draw_id=old).update(state="absent")
    await Condition.filter(draw_id=old).update(accepted=0)
    with pytest.raises(Conflict, match="没有参评的专家"):
        await office.redraws.recall(office.agency, old, recall_times(office))
