"""What experts are owed: proposed from attendance, confirmed or disputed, paid, and never by the wrong person."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from openpyxl import load_workbook

from domain.clock import FixedClock, local
from domain.errors import Conflict, Forbidden, InvalidForm, InvalidInput, NotFound, RuleViolation, TooMany
from domain.remuneration.lifecycles import RemunerationState
from domain.rulebook.book import Rulebook
from models.attendance import Attendance
from models.audit import AuditEntry
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from models.remuneration import Remuneration
from services.core.base import Actor, Deps
from services.core.limits import REPEATS_MAX
from services.remuneration import RemunerationServices
from tests.factories.assembly import composed
from tests.factories.offices import Office, make_office, recuse
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_grant, make_organisation
from tests.factories.remuneration import ended_panel, meet, part
from tests.invariants import check_invariants

S = RemunerationState


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def owed(office: Office) -> RemunerationServices:
    return composed(RemunerationServices, office.deps)


def expert_of(invitation: Invitation) -> Actor:
    return Actor("demo", "expert", expert_id=invitation.expert_id)


def set_rules(office: Office, monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    rulebooks = cast("dict[str, Rulebook]", office.deps.rulebooks)
    changed = rulebooks["demo"].remuneration.model_copy(update=values)
    monkeypatch.setitem(rulebooks, "demo", rulebooks["demo"].model_copy(update={"remuneration": changed}))


async def test_hours_come_from_entry_and_exit_and_the_expert_is_asked(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock, hours=3)
    [row] = (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows
    assert (row.minutes, row.computed, row.state, row.sat) == (180, 50000, None, True)
    proposed = await owed.proposals.propose(office.venue, draw_id, invitation.id)
    assert (proposed.amount, proposed.state, proposed.version) == (50000, S.PROPOSED, 1)
    assert [(line.code, line.amount) for line in proposed.lines] == [("first", 40000), ("hours", 10000)]
    notice = await Notice.get(kind="remuneration_proposed")
    assert (notice.expert_id, notice.params["amount"]) == (invitation.expert_id, "500.00")
    assert (await owed.proposals.propose(office.venue, draw_id, invitation.id)).version == 1, "twice is harmless"
    assert await Notice.filter(kind="remuneration_proposed").count() == 1
    assert await AuditEntry.filter(action="remuneration.proposed").count() == 1

    [own] = await owed.answers.list_own(expert_of(invitation))
    assert (own.amount, own.may_confirm, own.may_dispute) == (50000, True, True)
    confirmed = await owed.answers.confirm(expert_of(invitation), own.id, own.version, by="chat")
    assert (confirmed.state, confirmed.may_dispute) == (S.CONFIRMED, False)
    assert (await owed.answers.confirm(expert_of(invitation), own.id, own.version, by="h5")).state == S.CONFIRMED
    assert await AuditEntry.filter(action="remuneration.confirmed").count() == 1
    assert (await Notice.get(kind="agency_remuneration")).params["amount"] == "500.00"
    await check_invariants()


async def test_nothing_is_owed_before_the_end_nor_to_who_did_not_come(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, invitations = await meet(office, clock, needed=2)
    with pytest.raises(Conflict, match="活动结束后"):
        await owed.proposals.propose(office.venue, draw_id, invitations[0].id)
    assert not (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).ended
    came, missing = invitations
    await Attendance.filter(invitation_id=missing.id).delete()
    await part(office, clock, draw_id, [came], 1)
    assert [row.code for row in (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows] == [came.code]
    for stranger in (UUID(int=7), missing.id):
        with pytest.raises(NotFound):
            await owed.proposals.propose(office.venue, draw_id, stranger, 100, "试试")
    assert await Remuneration.all().count() == 0


async def test_early_arrivals_wait_unpaid_and_a_missing_exit_counts_to_the_end(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [first, second] = await meet(office, clock, needed=2)
    await Draw.filter(id=draw_id).update(on_site=False)
    await Invitation.filter(id=first.id).update(gathering_at=clock.now() + timedelta(hours=1))
    clock.move(timedelta(hours=4))
    await office.attendance.register_exit(office.venue, draw_id, first.code)
    clock.move(timedelta(hours=1))
    await office.activity_end.end(office.venue, draw_id, "评标完成")
    rows = {row.code: row for row in (await owed.proposals.get_draw_remuneration(office.agency, draw_id)).rows}
    assert (rows[first.code].minutes, rows[first.code].exit_registered) == (180, True)
    assert (rows[second.code].minutes, rows[second.code].exit_registered) == (300, False)


@pytest.mark.parametrize("on_site", [True, False])
async def test_an_exit_registered_after_the_end_counts_to_the_end_and_is_flagged(
    office: Office, owed: RemunerationServices, clock: FixedClock, on_site: bool
) -> None:
    draw_id, [invitation] = await meet(office, clock)
    await Draw.filter(id=draw_id).update(on_site=on_site)
    clock.move(timedelta(hours=1))
    await office.activity_end.end(office.venue, draw_id, "评标完成")
    clock.move(timedelta(hours=9))
    await office.attendance.register_exit(office.venue, draw_id, invitation.code)
    [row] = (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows
    assert (row.minutes, row.exit_registered, row.exit_late) == (60, True, True)
    assert (await owed.proposals.propose(office.venue, draw_id, invitation.id)).amount == 40000


async def test_an_exit_after_the_expected_end_counts_until_the_activity_ends(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    """The agency did not end it: an activity on site goes on until the clock ends it some hours later."""
    draw_id, [first, second] = await meet(office, clock, needed=2)
    await Draw.filter(id=draw_id).update(on_site=True)
    ends_at = (await Draw.get(id=draw_id)).ends_at
    clock.set(ends_at + timedelta(hours=1))
    await office.attendance.register_exit(office.venue, draw_id, first.code)
    clock.set(ends_at + timedelta(days=2))
    await office.activity_end.end_due()
    over = int((ends_at - first.gathering_at).total_seconds() // 60)
    rows = {row.code: row for row in (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows}
    assert (rows[first.code].minutes, rows[first.code].exit_late) == (over + 60, False)
    assert (rows[second.code].minutes, rows[second.code].exit_registered) == (over, False)


async def test_who_is_recused_on_the_spot_is_paid_the_wasted_trip(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [first, second] = await meet(office, clock, needed=2)
    await recuse(office, draw_id, first.code)
    await part(office, clock, draw_id, [second], 2)
    assert await owed.proposals.propose_all(office.venue, draw_id) == 2
    rows = {row.code: row for row in (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows}
    assert (rows[first.code].sat, rows[first.code].amount) == (False, 20000)
    assert (rows[second.code].sat, rows[second.code].amount) == (True, 40000)
    assert await owed.proposals.propose_all(office.venue, draw_id) == 0
    await check_invariants()


async def test_a_panel_that_is_called_off_at_the_door_is_a_wasted_trip(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [came, absent] = await meet(office, clock, needed=2)
    await Attendance.filter(invitation_id=absent.id).delete()
    await office.activity_end.terminate(office.verifier, draw_id, "replanned", "开标改期")
    assert await owed.proposals.propose_all(office.venue, draw_id) == 1
    [row] = (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows
    assert (row.code, row.sat, row.amount) == (came.code, False, 20000)
    await check_invariants()


async def test_a_panel_that_is_called_off_before_unsealing_is_paid_by_codes_until_then(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [came] = await meet(office, clock)
    await office.activity_end.terminate(office.verifier, draw_id, "replanned", "开标改期")
    await owed.proposals.propose_all(office.venue, draw_id)
    [own] = await owed.answers.list_own(expert_of(came))
    await owed.answers.confirm(expert_of(came), own.id, 1, by="h5")
    for reader in (office.agency, office.venue):
        sealed = await owed.proposals.get_draw_remuneration(reader, draw_id)
        assert sealed.unseals_at == clock.now() + timedelta(minutes=30)
        assert [(row.code, row.name) for row in sealed.rows] == [(came.code, "")]
    with pytest.raises(RuleViolation, match="解密"):
        await owed.sheets.write_draw_sheet(office.agency, draw_id)
    sheet = await owed.sheets.write_month_sheet(office.agency, "2026-11")
    assert list(load_workbook(io.BytesIO(sheet)).active.iter_rows(min_row=2)) == []
    assert await AuditEntry.filter(action="remuneration.read").count() == 0
    clock.move(timedelta(minutes=30))
    [row] = (await owed.proposals.get_draw_remuneration(office.agency, draw_id)).rows
    assert row.name == (await Expert.get(id=came.expert_id)).name
    assert await owed.sheets.write_draw_sheet(office.agency, draw_id)


async def test_who_lives_in_another_city_is_paid_the_way(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock, hours=2)
    await Expert.filter(id=invitation.expert_id).update(permanent_region="440306")
    [row] = (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows
    assert [line.label for line in row.computed_lines] == ["基本酬劳", "交通补助", "压差补助"]
    assert row.computed == 80000


async def test_another_amount_needs_words_and_a_plausible_sum(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    with pytest.raises(InvalidInput, match="请填写说明"):
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 60000)
    with pytest.raises(InvalidInput, match="网址"):
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 60000, "见 http://a.cn")
    for amount in (-1, 2_000_001):
        with pytest.raises(RuleViolation, match=r"0到20000\.00元"):
            await owed.proposals.propose(office.venue, draw_id, invitation.id, amount, "加班")
    with pytest.raises(InvalidInput) as refusal:
        await owed.proposals.propose(office.venue, draw_id, invitation.id, -1)
    assert [fault.field for fault in refusal.value.faults] == ["amount", "words"]
    row = await owed.proposals.propose(office.venue, draw_id, invitation.id, 60000, "担任组长")
    assert (row.lines[-1].label, row.lines[-1].amount, row.reason) == ("人工调整", 10000, "担任组长")
    await check_invariants()


async def test_a_pool_without_a_standard_takes_amounts_by_hand(
    office: Office, owed: RemunerationServices, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_rules(office, monkeypatch, table=None)
    draw_id, [invitation] = await ended_panel(office, clock)
    view = await owed.proposals.get_draw_remuneration(office.venue, draw_id)
    assert (view.standard, view.rows[0].computed) == ("", None)
    for refused in ((None, "按约定"), (30000, "")):
        with pytest.raises(InvalidInput):
            await owed.proposals.propose(office.venue, draw_id, invitation.id, *refused)
    with pytest.raises(Conflict, match="未设置酬劳标准"):
        await owed.proposals.propose_all(office.venue, draw_id)
    row = await owed.proposals.propose(office.venue, draw_id, invitation.id, 30000, "按约定")
    assert [(line.label, line.amount) for line in row.lines] == [("人工录入", 30000)]
    await check_invariants()


async def test_an_objection_goes_to_who_proposed_and_each_answer_asks_again(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    me = expert_of(invitation)
    await owed.proposals.propose(office.venue, draw_id, invitation.id)
    [own] = await owed.answers.list_own(me)
    with pytest.raises(InvalidInput):
        await owed.answers.dispute(me, own.id, 1, "  ", by="h5")
    disputed = await owed.answers.dispute(me, own.id, 1, "离场更晚", by="h5")
    assert (disputed.state, disputed.may_confirm) == (S.DISPUTED, True)
    assert (await owed.answers.dispute(me, own.id, 1, "离场更晚", by="h5")).state == S.DISPUTED
    notice = await Notice.get(kind="remuneration_disputed")
    assert (notice.account_id, notice.params["reason"]) == (office.venue.account_id, "离场更晚")

    with pytest.raises(InvalidInput, match="请填写说明"):
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 50000)
    answered = await owed.proposals.propose(office.venue, draw_id, invitation.id, 50000, "以登记为准")
    assert (answered.state, answered.version, answered.reply) == (S.PROPOSED, 2, "以登记为准")
    with pytest.raises(Conflict, match="重新核对"):
        await owed.answers.confirm(me, own.id, 1, by="chat")
    await owed.answers.dispute(me, own.id, 2, "请再核对", by="mini")
    changed = await owed.proposals.propose(office.venue, draw_id, invitation.id, 60000, "补登记一小时")
    assert (changed.state, changed.version, changed.amount) == (S.PROPOSED, 3, 60000)
    assert not (await owed.answers.get(me, own.id)).may_dispute
    with pytest.raises(RuleViolation, match="已提出2次异议"):
        await owed.answers.dispute(me, own.id, 3, "还是不对", by="chat")
    assert (await owed.answers.confirm(me, own.id, 3, by="chat")).state == S.CONFIRMED
    assert await Notice.filter(kind="remuneration_proposed").count() == 3
    await check_invariants()


async def test_an_objection_is_withdrawn_by_confirming_the_amount(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    me = expert_of(invitation)
    await owed.proposals.propose(office.venue, draw_id, invitation.id)
    [own] = await owed.answers.list_own(me)
    disputed = await owed.answers.dispute(me, own.id, 1, "离场更晚", by="h5")
    assert (disputed.may_confirm, disputed.may_dispute, disputed.answer_until) == (True, False, None)
    confirmed = await owed.answers.confirm(me, own.id, 1, by="chat")
    assert (confirmed.state, confirmed.dispute) == (S.CONFIRMED, "离场更晚")
    assert await Notice.filter(kind="agency_remuneration").count() == 1, "the agency can pay now"
    today = local(clock.now()).date()
    assert await owed.payouts.mark_paid(office.agency, draw_id, today, "现金", {own.id: 1}) == 1
    await check_invariants()


async def test_the_venue_is_reminded_once_of_an_objection_that_it_leaves_unanswered(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    colleague = await make_account(office.deps)
    await make_grant(colleague, "venue")
    await owed.proposals.propose(office.venue, draw_id, invitation.id)
    [own] = await owed.answers.list_own(expert_of(invitation))
    await owed.answers.dispute(expert_of(invitation), own.id, 1, "离场更晚", by="h5")
    [task] = [due_task for due_task in owed.due_tasks if due_task.kind == "remuneration_disputes"]
    within = office.deps.book("demo").remuneration.answer_within
    clock.move(within - timedelta(seconds=1))
    assert await task.process() == 0
    clock.move(timedelta(seconds=1))
    assert (await task.process(), await task.process()) == (1, 0)
    account_ids = await Notice.filter(kind="remuneration_disputed").values_list("account_id", flat=True)
    assert account_ids == [office.venue.account_id, office.venue.account_id], "when it came, and again"
    notices = [
        notice for notice in await Notice.filter(kind="draw_news") if notice.params["what"] == "专家酬劳异议待答复"
    ]
    assert [notice.account_id for notice in notices] == [colleague.id], "whoever proposed may be away"
    assert (await Remuneration.get(id=own.id)).state == S.DISPUTED
    await owed.proposals.propose(office.venue, draw_id, invitation.id, 50000, "以登记为准")
    assert await owed.answers.assume_due() == 0, "the expert has time to answer again"
    await check_invariants()


async def test_an_answer_in_time_needs_no_reminder(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    await owed.proposals.propose(office.venue, draw_id, invitation.id)
    [own] = await owed.answers.list_own(expert_of(invitation))
    await owed.answers.dispute(expert_of(invitation), own.id, 1, "离场更晚", by="h5")
    await owed.proposals.propose(office.venue, draw_id, invitation.id, 50000, "以登记为准")
    clock.move(timedelta(days=10))
    [task] = [due_task for due_task in owed.due_tasks if due_task.kind == "remuneration_disputes"]
    assert await task.process() == 0


@pytest.mark.parametrize("amount", [0, 49900, 50100])
async def test_silence_confirms_no_amount_but_the_standard_s(
    office: Office, owed: RemunerationServices, clock: FixedClock, amount: int
) -> None:
    """The attack: 0 yuan for an unwelcome expert, who is travelling, counts as confirmed and the matter is closed."""
    draw_id, [invitation] = await ended_panel(office, clock)
    me = expert_of(invitation)
    await owed.proposals.propose(office.venue, draw_id, invitation.id, amount, "另行约定")
    notice = await Notice.get(kind="remuneration_proposed")
    assert notice.params["silence"] == "与标准不同，未经您确认不支付"
    [own] = await owed.answers.list_own(me)
    assert not own.silence_confirms
    clock.move(timedelta(days=10))
    assert (await owed.answers.assume_due(), await owed.answers.assume_due()) == (1, 0)
    [row] = (await owed.proposals.get_draw_remuneration(office.venue, draw_id)).rows
    assert (row.state, "须专家本人确认" in row.dispute) == (S.DISPUTED, True)
    assert await Notice.filter(kind="remuneration_disputed", account_id=office.venue.account_id).count() == 1
    assert not await Notice.exists(kind="agency_remuneration")
    with pytest.raises(Conflict, match="待场地核对"):
        await owed.payouts.mark_paid(office.agency, draw_id, local(clock.now()).date(), "现金", {own.id: 1})
    await check_invariants()


async def test_an_amount_left_unanswered_is_confirmed_disputed_or_set_to_the_standard_s(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    """Nobody is stuck: the expert may still answer, and the venue may come back to the standard."""
    draw_id, invitations = await ended_panel(office, clock, needed=3)
    for invitation in invitations:
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 60000, "误餐")
    clock.move(timedelta(days=10))
    assert await owed.answers.assume_due() == 3
    [own], [other], [third] = [await owed.answers.list_own(expert_of(invitation)) for invitation in invitations]
    assert (own.state, own.dispute, own.may_confirm, own.may_dispute) == (S.DISPUTED, "", True, True)
    assert (await owed.answers.confirm(expert_of(invitations[0]), own.id, 1, by="chat")).state == S.CONFIRMED
    disputed = await owed.answers.dispute(expert_of(invitations[1]), other.id, 1, "少了", by="h5")
    assert (disputed.state, disputed.dispute, disputed.may_dispute) == (S.DISPUTED, "少了", False)
    await owed.proposals.propose(office.venue, draw_id, invitations[2].id, 50000, "按标准更正")
    clock.move(timedelta(days=10))
    await owed.answers.assume_due()
    assert (await owed.answers.get(expert_of(invitations[2]), third.id)).state == S.ASSUMED
    await check_invariants()


async def test_silence_counts_as_confirmed_and_may_be_broken_until_payment(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    me = expert_of(invitation)
    row = await owed.proposals.propose(office.venue, draw_id, invitation.id)
    assert row.id
    clock.move(timedelta(minutes=29))
    assert await owed.answers.assume_due() == 0
    clock.move(timedelta(minutes=1))
    assert (await owed.answers.assume_due(), await owed.answers.assume_due()) == (1, 0)
    [own] = await owed.answers.list_own(me)
    assert (own.state, own.may_dispute, own.answer_until) == (S.ASSUMED, True, None)
    assert await Notice.filter(kind="agency_remuneration").count() == 1
    await owed.answers.dispute(me, own.id, 1, "出差未看到", by="chat")
    with pytest.raises(Conflict, match="待场地核对"):
        await owed.payouts.mark_paid(office.agency, draw_id, local(clock.now()).date(), "现金", {own.id: 1})
    await owed.proposals.propose(office.venue, draw_id, invitation.id, 50000, "金额无误")
    clock.move(timedelta(hours=1))
    await owed.answers.assume_due()
    assert await owed.payouts.mark_paid(office.agency, draw_id, local(clock.now()).date(), "现金", {own.id: 2}) == 1
    with pytest.raises(Conflict, match="已支付"):
        await owed.answers.dispute(me, own.id, 2, "太少", by="chat")
    await check_invariants()


async def test_the_agency_marks_what_it_paid_singly_and_all_and_takes_a_mistake_back(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, invitations = await ended_panel(office, clock, needed=3)
    await owed.proposals.propose_all(office.venue, draw_id)
    for invitation in invitations[:2]:
        [own] = await owed.answers.list_own(expert_of(invitation))
        await owed.answers.confirm(expert_of(invitation), own.id, 1, by="h5")
    today, pay = local(clock.now()).date(), owed.payouts.mark_paid
    ids = {row.code: row.id for row in (await owed.proposals.get_draw_remuneration(office.agency, draw_id)).rows}
    first, second, open_id = [cast(UUID, ids[invitation.code]) for invitation in invitations]
    with pytest.raises(InvalidInput, match="支付日期"):
        await pay(office.agency, draw_id, today + timedelta(days=1), "现金", {first: 1})
    with pytest.raises(InvalidInput, match="支付方式"):
        await pay(office.agency, draw_id, today, "支票", {first: 1})
    with pytest.raises(InvalidForm, match="支付方式") as refused:
        await pay(office.agency, draw_id, None, "支票", {first: 1})
    assert [fault.message for fault in refused.value.faults] == ["请选择支付方式。", "请填写支付日期。"]
    with pytest.raises(Conflict, match="待专家确认"):
        await pay(office.agency, draw_id, today, "现金", {first: 1, open_id: 1})
    with pytest.raises(Conflict, match="没有待支付"):
        await pay(office.agency, draw_id, today, "现金", {})
    with pytest.raises(NotFound):
        await pay(office.agency, draw_id, today, "现金", {first: 1, UUID(int=3): 1})
    assert await pay(office.agency, draw_id, today, "现金", {first: 1}) == 1
    assert await pay(office.agency, draw_id, today, "现金", {first: 1}) == 0, "twice is harmless"
    assert await pay(office.agency, draw_id, today, "银行转账", {first: 1, second: 1}) == 1
    view = await owed.proposals.get_draw_remuneration(office.agency, draw_id)
    assert (view.total, view.paid, view.payable) == (150000, 100000, 0)
    assert await Notice.filter(kind="remuneration_paid").count() == 2
    with pytest.raises(Conflict, match="已支付"):
        await owed.proposals.propose(office.venue, draw_id, invitations[0].id, 70000, "更正")
    await owed.payouts.unmark_paid(office.agency, draw_id, first)
    assert (await Remuneration.get(id=first)).state == S.CONFIRMED
    with pytest.raises(Conflict):
        await owed.payouts.unmark_paid(office.agency, draw_id, first)
    [month] = await owed.payouts.months(office.agency)
    assert (month.month, month.draws, month.experts) == ("2026-11", 1, 3)
    assert (month.total, month.open, month.payable, month.paid) == (150000, 50000, 50000, 50000)
    await check_invariants()


async def test_amounts_and_marks_do_not_change_without_end(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    """The attack: another amount, or a mark and its undoing, again and again, each time a message to the expert."""
    draw_id, [invitation] = await ended_panel(office, clock)
    for number in range(REPEATS_MAX + 1):
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 60000 + number, "更正")
    with pytest.raises(TooMany, match="最多办理10次"):
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 70000, "更正")
    [own] = await owed.answers.list_own(expert_of(invitation))
    assert own.amount == 60010
    await owed.answers.confirm(expert_of(invitation), own.id, own.version, by="h5")
    day, way = clock.now().date(), office.deps.book("demo").remuneration.pay_ways[0]
    for _ in range(REPEATS_MAX):
        await owed.payouts.mark_paid(office.agency, draw_id, day, way, {own.id: own.version})
        await owed.payouts.unmark_paid(office.agency, draw_id, own.id)
    await owed.payouts.mark_paid(office.agency, draw_id, day, way, {own.id: own.version})
    with pytest.raises(TooMany):
        await owed.payouts.unmark_paid(office.agency, draw_id, own.id)


async def test_only_the_amounts_that_were_seen_are_marked_and_none_when_one_has_changed(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [first, second] = await ended_panel(office, clock, needed=2)
    await owed.proposals.propose_all(office.venue, draw_id)
    versions = {}
    for invitation in (first, second):
        [own] = await owed.answers.list_own(expert_of(invitation))
        await owed.answers.confirm(expert_of(invitation), own.id, 1, by="h5")
        versions[own.id] = own.version
    await owed.proposals.propose(office.venue, draw_id, second.id, 70000, "补登记")
    [own] = await owed.answers.list_own(expert_of(second))
    await owed.answers.confirm(expert_of(second), own.id, 2, by="h5")
    with pytest.raises(Conflict, match="金额已更新，请核对"):
        await owed.payouts.mark_paid(office.agency, draw_id, local(clock.now()).date(), "现金", versions)
    assert not await Remuneration.exists(state="paid")
    await check_invariants()


async def test_hands_that_press_at_once_do_it_once(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, invitations = await ended_panel(office, clock, needed=2)
    await asyncio.gather(*(owed.proposals.propose_all(office.venue, draw_id) for _ in range(3)))
    assert await Notice.filter(kind="remuneration_proposed").count() == 2
    owners = [
        (expert_of(invitation), (await owed.answers.list_own(expert_of(invitation)))[0].id)
        for invitation in invitations
    ]
    await asyncio.gather(
        *(owed.answers.confirm(me, remuneration_id, 1, by="h5") for me, remuneration_id in owners for _ in range(2))
    )
    assert await AuditEntry.filter(action="remuneration.confirmed").count() == 2
    assert await Notice.filter(kind="agency_remuneration").count() == 1, "whoever is last tells the agency"
    today = local(clock.now()).date()
    marked = await asyncio.gather(
        *(
            owed.payouts.mark_paid(
                office.agency, draw_id, today, "现金", {remuneration_id: 1 for _, remuneration_id in owners}
            )
            for _ in range(3)
        )
    )
    assert sorted(marked) == [0, 0, 2]
    await check_invariants()


async def test_the_sheet_names_who_is_to_be_paid_and_carries_no_formula(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [first, second] = await ended_panel(office, clock, needed=2)
    await Expert.filter(id=first.expert_id).update(name='=HYPERLINK("http://x","y")')
    await owed.proposals.propose(office.venue, draw_id, first.id, 60000, "=1+1")
    await owed.proposals.propose(office.venue, draw_id, second.id)
    [own] = await owed.answers.list_own(expert_of(first))
    await owed.answers.confirm(expert_of(first), own.id, 1, by="h5")
    for sheet in (
        await owed.sheets.write_draw_sheet(office.agency, draw_id),
        await owed.sheets.write_month_sheet(office.agency, "2026-11"),
    ):
        rows = list(load_workbook(io.BytesIO(sheet)).active.iter_rows(min_row=2))
        assert len(rows) == 1, "who has not confirmed is on no sheet"
        assert all(cell.data_type != "f" for cell in rows[0])
        values = [cell.value for cell in rows[0]]
        expert = await Expert.get(id=first.expert_id)
        assert office.deps.keys.open_text(expert.id_number_sealed, "id_number") in values
        assert 600 in values
        assert any("=1+1" in str(value) for value in values)
    assert await AuditEntry.filter(action="remuneration.exported").count() == 2
    with pytest.raises(InvalidInput):
        await owed.sheets.write_month_sheet(office.agency, "2026-13")


async def test_strangers_find_nothing_and_roles_keep_to_their_part(
    office: Office, owed: RemunerationServices, clock: FixedClock
) -> None:
    draw_id, [invitation] = await ended_panel(office, clock)
    row = await owed.proposals.propose(office.venue, draw_id, invitation.id)
    assert row.id
    today = local(clock.now()).date()
    account = await make_account(office.deps)
    organisation = await make_organisation(credit_code=OTHER_CREDIT_CODE)
    foreign = Actor("demo", "organisation", account_id=account.id, organisation_id=organisation.id)
    elsewhere = Actor("demo", "venue", account_id=account.id, scope="demo-branch")
    other = Actor("demo", "expert", expert_id=UUID(int=5))
    for refused in (
        owed.proposals.get_draw_remuneration(foreign, draw_id),
        owed.proposals.get_draw_remuneration(elsewhere, draw_id),
        owed.proposals.propose(elsewhere, draw_id, invitation.id, 10, "x"),
        owed.payouts.mark_paid(foreign, draw_id, today, "现金", {row.id: 1}),
        owed.payouts.unmark_paid(foreign, draw_id, row.id),
        owed.sheets.write_draw_sheet(foreign, draw_id),
        owed.answers.confirm(other, row.id, 1, by="h5"),
        owed.answers.dispute(other, row.id, 1, "少了", by="h5"),
        owed.answers.get(other, row.id),
    ):
        with pytest.raises(NotFound):
            await refused
    for refused in (
        owed.proposals.propose(office.agency, draw_id, invitation.id, 10, "x"),
        owed.payouts.mark_paid(office.venue, draw_id, today, "现金", {row.id: 1}),
        owed.sheets.write_draw_sheet(office.venue, draw_id),
        owed.answers.list_own(office.agency),
        owed.proposals.get_draw_remuneration(office.supervisor, draw_id),
    ):
        with pytest.raises(Forbidden):
            await refused
    assert await owed.payouts.months(foreign) == []
    await Expert.filter(id=invitation.expert_id).update(account_id=office.venue.account_id)
    with pytest.raises(Forbidden, match="本人"):
        await owed.proposals.propose(office.venue, draw_id, invitation.id, 90000, "多算")
    [untouched] = await Remuneration.all()
    assert (untouched.amount, untouched.state) == (50000, "proposed")
