"""What an agency tries in a recall, where it knows the names: to have an expert out, or bound, without his own word."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from domain.clock import FixedClock, local
from domain.draws.verify_draw import verify as verify_record
from domain.errors import Conflict, InvalidInput, RuleViolation
from domain.rulebook.types import Hours
from models.draws import CallNotice, Draw, RecalledExpert, RecusalPerson, RecusalUnit
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.virtual_calls import VirtualCall
from services.core.base import Deps
from services.draws import RecallTimes
from services.ports import CallReport
from tests.factories.offices import (
    ID_NUMBER,
    Office,
    add_experts,
    end_with_panel,
    make_office,
    prove,
)
from tests.factories.offices import verify as approve
from tests.invariants import check_invariants


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    office = await make_office(deps)
    await add_experts(office, 3)
    return office


async def draft_recall(office: Office) -> UUID:
    """Of a panel of two, for tomorrow from 14 to 18 o'clock."""
    old = await end_with_panel(office)
    day = (local(office.deps.now()) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    times = RecallTimes(day + timedelta(hours=14), day + timedelta(hours=18))
    return await office.redraws.recall(office.agency, old, times)


async def make_recall(office: Office) -> UUID:
    new = await draft_recall(office)
    await prove(office, new)
    await approve(office, new)
    return new


async def invite(office: Office, draw_id: UUID) -> tuple[Invitation, UUID]:
    """The invitation of one of the panel, and its row."""
    await office.recalls.invite_panel(office.agency, draw_id)
    invitation = (await Invitation.filter(draw_id=draw_id).order_by("id"))[0]
    row = await RecalledExpert.get(draw_id=draw_id, expert_id=invitation.expert_id)
    return invitation, row.id


async def errors(office: Office, draw_id: UUID) -> list[str]:
    record = json.loads(json.dumps(await office.public_records.read(office.agency, draw_id)))
    return [finding.code for finding in verify_record(record) if finding.severity == "error"]


def sleep_at_night(office: Office) -> None:
    """The demo pool calls by day only, as others do."""
    book = office.deps.rulebooks["demo"]
    calling = book.draw.calling.model_copy(update={"hours": Hours(8 * 60, 20 * 60 + 45)})
    draw = book.draw.model_copy(update={"calling": calling})
    office.deps.rulebooks["demo"] = book.model_copy(update={"draw": draw})  # type: ignore[index]


# ---- out without a word


async def test_an_agency_changes_no_recusal_of_a_recall(office: Office) -> None:
    """It knows the panel: a recusal would put out whom it names, one that is gone would let him in."""
    new = await draft_recall(office)
    [row, _] = await RecalledExpert.filter(draw_id=new)
    name, rules = (await Expert.get(id=row.expert_id)).name, office.deps.book("demo").draw
    why = (rules.recusal_reasons[2], rules.recusal_evidence[0])
    lists, units = office.recusal_lists, await RecusalUnit.filter(draw_id=new)
    for change in (
        lists.add_person(office.agency, new, name, ID_NUMBER, "", *why),
        lists.add_unit(office.agency, new, "某投标单位", "", *why),
        lists.remove_unit(office.agency, new, units[0].id),
        lists.check_editable(office.agency, new),
    ):
        with pytest.raises(Conflict, match="沿用原活动的回避信息"):
            await change
    assert not await RecusalPerson.exists(draw_id=new)
    assert await RecusalUnit.filter(draw_id=new).count() == len(units)


async def test_a_statement_leaves_the_expert_as_much_time_to_answer(office: Office, clock: FixedClock) -> None:
    """The attack: "comes in a quarter of an hour" for an unwelcome expert, who has minutes to read it and is silent."""
    new = await make_recall(office)
    clock.set(local((await Draw.get(id=new)).starts_at).replace(hour=8))
    invitation, row = await invite(office, new)
    until = invitation.answer_until
    with pytest.raises(InvalidInput, match="缩短专家本人答复的期限") as refusal:
        await office.recalls.record_statement(office.agency, new, row, True, clock.now() + timedelta(minutes=15))
    assert refusal.value.field == "gathering_at"
    assert (await Invitation.get(id=invitation.id)).answer_until == until
    later = invitation.gathering_at + timedelta(minutes=10)
    await office.recalls.record_statement(office.agency, new, row, True, later)
    assert (await Invitation.get(id=invitation.id)).answer_until == until + timedelta(minutes=10)


async def test_each_statement_is_told_and_they_are_few(office: Office, clock: FixedClock) -> None:
    """The attack: "comes" and, at once, "doesn't come": the second is not told, and counts. Or messages without end."""
    new = await make_recall(office)
    invitation, row = await invite(office, new)
    await office.recalls.record_statement(office.agency, new, row, True, invitation.gathering_at)
    for _ in range(2):
        clock.move(timedelta(milliseconds=50))
        await office.recalls.record_statement(office.agency, new, row, False, None)
    told = await Notice.filter(kind="recall_stated", invitation_id=invitation.id).order_by("created_at")
    assert [notice.params["what"] for notice in told] == ["可以参加", "不能参加", "不能参加"]
    with pytest.raises(Conflict, match="已为该专家登记3次"):
        await office.recalls.record_statement(office.agency, new, row, False, None)


async def test_nobody_is_asked_or_rung_while_he_sleeps(office: Office, clock: FixedClock) -> None:
    """The attack: the panel is invited at two at night, until eight: only who was told before answers."""
    sleep_at_night(office)
    new = await make_recall(office)
    draw = await Draw.get(id=new)
    night = local(draw.starts_at).replace(hour=2)
    await Draw.filter(id=new).update(starts_at=night.replace(hour=8, minute=30))
    await CallNotice.filter(draw_id=new).update(gathering_at=night.replace(hour=8, minute=5))
    clock.set(night)
    with pytest.raises(InvalidInput, match="来不及本人答复"):
        await office.recalls.invite_panel(office.agency, new)
    await Draw.filter(id=new).update(starts_at=draw.starts_at)
    await CallNotice.filter(draw_id=new).update(gathering_at=draw.starts_at)
    _, row = await invite(office, new)
    await office.recalls.choose_phone(office.agency, new, None)
    for contact in (office.recalls.ring, office.recalls.ask_to_call_back):
        with pytest.raises(RuleViolation, match="08:00-20:45之间联系") as refusal:
            await contact(office.agency, new, row)
        assert refusal.value.rule == "draw.calling.hours"


async def test_the_time_to_contradict_a_refusal_begins_in_the_morning(office: Office, clock: FixedClock) -> None:
    """The attack: the expert is rung in the evening, and said to have refused while he sleeps."""
    sleep_at_night(office)
    new = await make_recall(office)
    invitation, row = await invite(office, new)
    await office.recalls.choose_phone(office.agency, new, None)
    clock.set(local(clock.now()).replace(hour=20, minute=30))
    await office.recalls.ring(office.agency, new, row)
    call = await VirtualCall.get(draw_id=new)
    await office.virtual_calls.dial(call.id)
    await office.virtual_calls.apply_report(CallReport("bridge-1", call.out_id, True, "200100", "", None, 40))
    clock.set(local(clock.now()).replace(hour=23))
    await office.recalls.record_statement(office.agency, new, row, False, None)
    [shown] = [shown for shown in (await office.recall_queries.panel(office.agency, new)).rows if shown.id == row]
    within = office.deps.book("demo").draw.recall.contradict_within
    morning = (local(clock.now()) + timedelta(days=1)).replace(hour=8, minute=0)
    assert shown.counts_at == morning + within
    notice = await Notice.get(kind="recall_stated", invitation_id=invitation.id)
    assert f"{morning + within:%H:%M}前未答复的按此记录" in str(notice.params["effect"])


# ---- bound without a word


async def test_who_agrees_on_the_phone_agrees_to_the_time_that_the_call_named(
    office: Office, clock: FixedClock
) -> None:
    """The attack: the gathering is said to be another one while the system's voice is on the phone."""
    new = await make_recall(office)
    invitation, row = await invite(office, new)
    clock.move(timedelta(seconds=20))
    moved = invitation.gathering_at - timedelta(minutes=30)
    await office.recalls.record_statement(office.agency, new, row, True, moved)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    agreed = await Invitation.get(id=invitation.id)
    assert (agreed.gathering_at, agreed.proposed_gathering_at) == (invitation.gathering_at, None)
    other = (await Invitation.filter(draw_id=new, state="open"))[0]
    row = (await RecalledExpert.get(draw_id=new, expert_id=other.expert_id)).id
    await office.recalls.record_statement(office.agency, new, row, True, moved)
    clock.move(timedelta(minutes=1))
    notice = await Notice.get(kind="recall_call", invitation_id=other.id)
    called = {
        "state": "sent",
        "due_at": clock.now(),
        "sent_at": clock.now(),
        "created_at": clock.now(),
        "wait": 90,
    }
    await Attempt.create(notice_id=notice.id, channel="voice", step=2, number=1, **called)
    await office.invitations.answer(other.id, other.expert_id, "accept", by="voice")
    assert (await Invitation.get(id=other.id)).gathering_at == moved
    await office.recalls.confirm(office.agency, new)
    assert await errors(office, new) == []
    await check_invariants()


@pytest.mark.parametrize("by", ["h5", "voice"])
async def test_an_agreement_after_the_lead_is_none_and_spoils_no_record(
    office: Office, clock: FixedClock, by: str
) -> None:
    """Where the service was away when the time to answer ended."""
    new = await make_recall(office)
    invitation, _ = await invite(office, new)
    clock.set(invitation.gathering_at)
    answered = await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by=cast("Any", by))
    assert (answered.effective, answered.view.state) == (False, "silent")
    assert await Notice.filter(kind="draw_unclear", invitation_id=invitation.id).exists() == (by == "voice")
    assert await errors(office, new) == []
    await check_invariants()


async def test_a_late_key_for_the_time_before_leaves_the_later_one_open(office: Office, clock: FixedClock) -> None:
    new = await make_recall(office)
    await CallNotice.filter(draw_id=new).update(gathering_at=(await Draw.get(id=new)).starts_at - timedelta(hours=2))
    invitation, row = await invite(office, new)
    later = invitation.gathering_at + timedelta(hours=1)
    clock.set(invitation.answer_until - timedelta(seconds=1))
    await office.recalls.record_statement(office.agency, new, row, True, later)
    clock.set(invitation.gathering_at)
    answered = await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    assert (answered.effective, answered.view.state, answered.view.gathering_at) == (False, "open", later)
    assert await Notice.filter(kind="draw_unconfirmed", invitation_id=invitation.id).count() == 1
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="h5", shown=later)
    assert (await Invitation.get(id=invitation.id)).gathering_at == later
    assert await errors(office, new) == []
    await check_invariants()
