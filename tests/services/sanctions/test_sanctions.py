"""Suspensions and warnings: imposed, confirmed by a second person, lifted, over, appealed against."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.exceptions import IntegrityError

from domain.clock import FixedClock, local
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from models.accounts import Account
from models.applications import Application
from models.audit import AuditEntry
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from models.sanctions import Sanction
from services.core.base import Actor, Deps, rows, transaction
from services.experts import membership_status_of, remove_expert
from services.office.dashboard import OfficeDashboard
from services.sanctions import SanctionAppeals, SanctionForm, Sanctions, SanctionServices
from tests.factories.applications import with_rules
from tests.factories.assembly import composed
from tests.factories.files import pdf
from tests.factories.offices import (
    Office,
    add_experts,
    make_office,
    open_invitations,
    start_draw,
)
from tests.factories.people import make_account, make_expert, make_sanction
from tests.factories.reviews import make_application
from tests.invariants import check_invariants
from tests.services.draws.calls.test_calling import check_record

DAY = timedelta(days=1)
KEPT = (
    *("number", "name", "id_number_hash", "mobile_hash", "account_id", "membership_status", "term_until", "created_at"),
    *("specialties", "permanent_region", "left_at", "left_reason"),
)
LONG = "我当时在外地参加另一场评标，有签到记录可查。"


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def services(office: Office) -> SanctionServices:
    return composed(SanctionServices, office.deps)


@pytest.fixture
def sanctions(services: SanctionServices) -> Sanctions:
    return services.sanctions


@pytest.fixture
def appeals(services: SanctionServices) -> SanctionAppeals:
    return services.appeals


async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


def form(deps: Deps, kind: str = "suspension", *, begins: int | None = None, lasts: int | None = None, **more: Any):
    """``begins``: days from today, ``lasts``: until the last day."""
    today = local(deps.now()).date()
    days = {name: None if n is None else today + n * DAY for name, n in (("starts_on", begins), ("ends_on", lasts))}
    return SanctionForm(**{"kind": kind, "reason": "未按规定参加评标", **days, **more})


async def suspend(sanctions: Sanctions, expert: Expert, **terms: Any) -> Sanction:
    """By two of the office."""
    deps = sanctions.deps
    proposed = await sanctions.impose(await admin(deps), expert.id, form(deps, **terms))
    if proposed.waits:
        await sanctions.confirm(await admin(deps), proposed.id)
    return await Sanction.get(id=proposed.id)


async def own_actor(deps: Deps, expert: Expert) -> Actor:
    account = await make_account(deps)
    await Expert.filter(id=expert.id).update(account_id=account.id)
    return Actor("demo", "expert", account.id, expert.id)


async def called_experts(draw_id: UUID) -> set[UUID]:
    return {invitation.expert_id for invitation in await open_invitations(draw_id)}


# ---- imposing


async def test_a_suspension_is_proposed_and_holds_once_another_person_confirms_it(
    sanctions: Sanctions, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    actor = await own_actor(deps, expert)
    first, second = await admin(deps), await admin(deps)
    proposed = await sanctions.impose(first, expert.id, form(deps, lasts=30))
    assert (proposed.waits, (await membership_status_of(deps, actor.account_id)).kind) == (True, "formal")
    assert not await Notice.exists(kind="sanction_imposed")
    waiting = await composed(OfficeDashboard, deps).list_waiting(second)
    assert [(each.kind, each.count) for each in waiting] == [("sanction_proposals", 1)]
    with pytest.raises(Conflict, match="提出的人不能自己确认"):
        await sanctions.confirm(first, proposed.id)
    await sanctions.confirm(second, proposed.id)
    [why] = (await membership_status_of(deps, actor.account_id)).suspensions
    assert "起至2026年12月21日。原因：未按规定参加评标。到期自动恢复。" in why.detail
    assert "有异议的，可在2027年1月20日前提出申诉。" in why.detail
    assert (why.cause, why.action, why.route) == ("office", "申诉", "/h5/demo/sanctions")
    notice = await Notice.get(kind="sanction_imposed", expert_id=expert.id)
    assert (notice.params["what"], notice.params["reason"]) == ("暂停您参加抽取", "未按规定参加评标")
    acts = await AuditEntry.filter(subject_id=expert.id).order_by("at", "id").values_list("action", "actor_id")
    assert sorted(acts) == sorted([("sanction.propose", first.account_id), ("sanction.impose", second.account_id)])
    await sanctions.confirm(second, proposed.id)
    with pytest.raises(Conflict, match="不能确认"):
        await sanctions.confirm(await admin(deps), proposed.id)
    assert await Notice.filter(kind="sanction_imposed").count() == 1


async def test_where_no_second_person_is_needed_it_holds_at_once(
    sanctions: Sanctions, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    warned = await sanctions.impose(await admin(deps), expert.id, form(deps, "warning"))
    assert (warned.waits, (await Sanction.get()).state) == (False, "imposed")
    alone = composed(Sanctions, with_rules(deps, sanctions={"second_person": []}))
    assert not (await alone.impose(await admin(deps), expert.id, form(deps))).waits
    assert await Notice.filter(kind="sanction_imposed").count() == 2


async def test_a_proposal_is_refused_with_a_reason_or_withdrawn_and_then_another_is_possible(
    sanctions: Sanctions, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    first, second = await admin(deps), await admin(deps)
    proposed = await sanctions.impose(first, expert.id, form(deps))
    with pytest.raises(Conflict, match="已有一项"):
        await sanctions.impose(second, expert.id, form(deps))
    with pytest.raises(Conflict, match="不需要的请撤回"):
        await sanctions.refuse(first, proposed.id, "不必")
    with pytest.raises(Conflict, match="只有提出的人可以撤回"):
        await sanctions.withdraw(second, proposed.id)
    with pytest.raises(InvalidInput, match="请填写原因"):
        await sanctions.refuse(second, proposed.id, " ")
    for _ in range(2):
        await sanctions.refuse(second, proposed.id, "证据不足")
    again = await sanctions.impose(first, expert.id, form(deps))
    for _ in range(2):
        await sanctions.withdraw(first, again.id)
    assert sorted(await Sanction.all().values_list("state", flat=True)) == ["refused", "withdrawn"]
    for late in (sanctions.confirm(second, again.id), sanctions.refuse(second, again.id, "晚了")):
        with pytest.raises(Conflict):
            await late
    assert not await Notice.exists(kind="sanction_imposed")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "removal"}, "kind"),
        ({"reason": "  "}, "reason"),
        ({"reason": "字" * 201}, "reason"),
        ({"begins": -1}, "starts_on"),
        ({"begins": 3, "lasts": 2}, "ends_on"),
        ({"lasts": -1}, "ends_on"),
        ({"ends_on": date(9999, 12, 31)}, "ends_on"),
    ],
)
async def test_what_is_typed_wrongly_is_refused_at_its_field(
    sanctions: Sanctions, office: Office, deps: Deps, typed: dict[str, Any], field: str
) -> None:
    [expert] = await add_experts(office, 1)
    typed = dict(typed)
    wrong = form(deps, typed.pop("kind", "suspension"), **typed)
    with pytest.raises(InvalidInput) as refused:
        await sanctions.impose(await admin(deps), expert.id, wrong)
    assert [fault.field for fault in refused.value.faults] == [field]


async def test_suspensions_never_overlap_and_warnings_may(sanctions: Sanctions, office: Office, deps: Deps) -> None:
    [expert] = await add_experts(office, 1)
    await suspend(sanctions, expert, begins=5, lasts=9)
    for begins, lasts in ((None, None), (None, 5), (9, 12), (6, 7), (0, 20)):
        with pytest.raises(Conflict, match="该专家已暂停抽取（2026年11月26日起至2026年11月30日）"):
            await suspend(sanctions, expert, begins=begins, lasts=lasts)
    await suspend(sanctions, expert, begins=None, lasts=4)
    await suspend(sanctions, expert, begins=10)
    for _ in range(2):
        await suspend(sanctions, expert, kind="warning", lasts=30)
    with pytest.raises(IntegrityError, match="sanction_suspended_once"):
        await make_sanction(expert, starts_at=deps.now())


async def test_who_left_and_oneself_are_no_subjects_and_other_pools_know_nothing(
    sanctions: Sanctions, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    proposed = await sanctions.impose(await admin(deps), expert.id, form(deps))
    own = (await own_actor(deps, expert)).account_id
    for act in (sanctions.confirm, lambda actor, _: sanctions.impose(actor, expert.id, form(deps, "warning"))):
        with pytest.raises(Conflict, match="不能办理对自己的处理"):
            await act(Actor("demo", "pool_admin", own), proposed.id)
    stranger = Actor("guangdong", "pool_admin", (await make_account(deps, pool="guangdong")).id)
    for act in (sanctions.confirm, sanctions.withdraw):
        with pytest.raises(NotFound):
            await act(stranger, proposed.id)
    await Expert.filter(id=expert.id).update(left_at=deps.now())
    for act in (sanctions.confirm, lambda actor, _: sanctions.impose(actor, expert.id, form(deps, "warning"))):
        with pytest.raises(Conflict, match="不能再办理"):
            await act(await admin(deps), proposed.id)


async def test_what_is_confirmed_late_begins_with_the_confirmation_and_not_after_its_end(
    sanctions: Sanctions, office: Office, deps: Deps, clock: FixedClock
) -> None:
    experts = await add_experts(office, 2)
    ids = [(await sanctions.impose(await admin(deps), each.id, form(deps, begins=1, lasts=3))).id for each in experts]
    clock.move(2 * DAY)
    await sanctions.confirm(await admin(deps), ids[0])
    assert (await Sanction.get(id=ids[0])).starts_at == clock.now()
    clock.move(2 * DAY)
    with pytest.raises(Conflict, match="处理期限已过"):
        await sanctions.confirm(await admin(deps), ids[1])


@pytest.mark.parametrize("chance", range(3))
async def test_two_officers_at_once_impose_once(sanctions: Sanctions, office: Office, deps: Deps, chance: int) -> None:
    [expert] = await add_experts(office, 1)
    alone = composed(Sanctions, with_rules(deps, sanctions={"second_person": []}))
    if chance == 2:  # a double click
        actor = await admin(deps)
        acts = [alone.impose(actor, expert.id, form(deps), key="tap") for _ in range(2)]
    elif chance:
        proposed = await sanctions.impose(await admin(deps), expert.id, form(deps))
        acts = [sanctions.confirm(await admin(deps), proposed.id) for _ in range(2)]
    else:
        acts = [alone.impose(await admin(deps), expert.id, form(deps)) for _ in range(2)]
    done = await asyncio.gather(*acts, return_exceptions=True)
    assert [type(result) for result in done if isinstance(result, Exception)] == ([] if chance == 2 else [Conflict])
    assert await Sanction.filter(state="imposed").count() == await Notice.filter(kind="sanction_imposed").count() == 1


# ---- draws


async def test_who_is_suspended_is_not_drawn_and_an_open_invitation_is_the_offices_choice(
    sanctions: Sanctions, office: Office, deps: Deps
) -> None:
    experts = await add_experts(office, 4)
    barred = experts[0]
    await suspend(sanctions, barred)
    draw_id = await start_draw(office, needed=2)
    assert barred.id not in await called_experts(draw_id)
    stays, withdrawn = await open_invitations(draw_id)
    await suspend(sanctions, await Expert.get(id=stays.expert_id))
    await office.invitations.answer(stays.id, stays.expert_id, "accept", by="chat")
    assert (await Invitation.get(id=stays.id)).state == "accepted", "nobody is recalled silently"
    ended = await suspend(sanctions, await Expert.get(id=withdrawn.expert_id), withdraws_calls=True)
    assert (ended.withdraws_calls, (await Invitation.get(id=withdrawn.id)).state) == (True, "cancelled")
    assert not await Notice.filter(kind="draw_call", state="active", invitation_id=withdrawn.id).exists()
    await office.run.advance(draw_id)
    [following] = await open_invitations(draw_id)
    assert following.expert_id not in (barred.id, stays.expert_id, withdrawn.expert_id)
    await check_record(office, draw_id)
    await check_invariants()


async def test_a_panel_that_lies_in_a_coming_suspension_is_not_for_him(office: Office, deps: Deps) -> None:
    experts = await add_experts(office, 3)
    for expert, hours in ((experts[0], 8), (experts[1], 12)):
        begin = deps.now() + timedelta(hours=hours)
        await make_sanction(expert, starts_at=begin, ends_at=begin + DAY, decided_at=deps.now())
    draw_id = await start_draw(office, needed=2)
    assert await called_experts(draw_id) == {experts[1].id, experts[2].id}


# ---- the end


async def test_lifting_needs_a_reason_and_is_told(sanctions: Sanctions, office: Office, deps: Deps) -> None:
    [expert] = await add_experts(office, 1)
    actor, sanction = await own_actor(deps, expert), await suspend(sanctions, expert)
    with pytest.raises(InvalidInput, match="请填写原因"):
        await sanctions.lift(await admin(deps), sanction.id, "")
    with pytest.raises(Conflict, match="对自己"):
        await sanctions.lift(Actor("demo", "pool_admin", actor.account_id), sanction.id, "无")
    lifter = await admin(deps)
    for _ in range(2):
        await sanctions.lift(lifter, sanction.id, "已整改")
    assert (await membership_status_of(deps, actor.account_id)).kind == "formal"
    assert (await Notice.get(kind="sanction_ended")).params["reason"] == "已整改"
    with pytest.raises(Conflict, match="不能解除"):
        await sanctions.lift(await admin(deps), sanction.id, "再次")
    await suspend(sanctions, expert)


async def test_the_clock_ends_a_suspension_and_its_expert_is_told_once(
    sanctions: Sanctions, office: Office, deps: Deps, clock: FixedClock
) -> None:
    [expert] = await add_experts(office, 1)
    actor, sanction = await own_actor(deps, expert), await suspend(sanctions, expert, lasts=1)
    clock.set(sanction.ends_at - timedelta(seconds=1))
    assert await sanctions.notify_ended_due() == 0
    assert (await membership_status_of(deps, actor.account_id)).kind == "suspended"
    clock.set(sanction.ends_at)
    assert (await membership_status_of(deps, actor.account_id)).kind == "formal"
    assert [await sanctions.notify_ended_due() for _ in range(2)] == [1, 0]
    assert (await Notice.get(kind="sanction_ended")).params["reason"] == "处理到期"
    with pytest.raises(Conflict, match="到期，无需解除"):
        await sanctions.lift(await admin(deps), sanction.id, "晚了")


# ---- appeals


@pytest.mark.parametrize("granted", [True, False])
async def test_an_appeal_is_answered_by_somebody_without_a_part_in_it(
    sanctions: Sanctions, appeals: SanctionAppeals, office: Office, deps: Deps, granted: bool
) -> None:
    [expert] = await add_experts(office, 1)
    actor, sanction = await own_actor(deps, expert), await suspend(sanctions, expert)
    with pytest.raises(InvalidInput, match="至少10个字"):
        await appeals.appeal(actor, sanction.id, "冤枉")
    own = await appeals.appeal(actor, sanction.id, LONG)
    assert (own.appeal, own.reply, own.appeal_until) == (LONG, "", None)
    [why] = (await membership_status_of(deps, actor.account_id)).suspensions
    assert (why.action, "您的申诉正在办理" in why.detail) == ("查看申诉", True)
    with pytest.raises(Conflict, match="每项处理可申诉一次"):
        await appeals.appeal(actor, sanction.id, LONG)
    third = await admin(deps)
    waiting = await composed(OfficeDashboard, deps).list_waiting(third)
    assert [(each.kind, each.count) for each in waiting] == [("sanction_appeals", 1)]
    for part in (sanction.proposed_by, sanction.decided_by):
        with pytest.raises(Conflict, match="请由其他管理员答复"):
            await appeals.answer(Actor("demo", "pool_admin", part), sanction.id, granted=granted, answer="维持")
    with pytest.raises(InvalidInput) as refused:
        await appeals.answer(third, sanction.id, granted=None, answer="")
    assert {fault.field for fault in refused.value.faults} == {"granted", "answer"}
    for _ in range(2):
        await appeals.answer(third, sanction.id, granted=granted, answer="已核实签到记录")
    assert (await membership_status_of(deps, actor.account_id)).kind == ("formal" if granted else "suspended")
    told = await Notice.get(kind="sanction_answered")
    assert told.params["outcome"] == ("申诉成立" if granted else "维持处理")
    with pytest.raises(Conflict, match="已经答复"):
        await appeals.answer(await admin(deps), sanction.id, granted=True, answer="再次")
    assert (await composed(SanctionServices, deps).queries.own(actor))[0].granted is granted


async def test_an_appeal_that_is_late_of_another_or_pointless_is_refused(
    sanctions: Sanctions, appeals: SanctionAppeals, office: Office, deps: Deps, clock: FixedClock
) -> None:
    mine, other = await add_experts(office, 2)
    actor, sanction = await own_actor(deps, mine), await suspend(sanctions, mine)
    await sanctions.lift(await admin(deps), sanction.id, "已整改")
    proposed = await sanctions.impose(await admin(deps), mine.id, form(deps, begins=90))
    for unknown in (await suspend(sanctions, other), await Sanction.get(id=proposed.id)):
        with pytest.raises(NotFound):
            await appeals.appeal(actor, unknown.id, LONG)
    with pytest.raises(Conflict, match="已解除，无需申诉"):
        await appeals.appeal(actor, sanction.id, LONG)
    late = await suspend(sanctions, mine, kind="warning")
    clock.move(60 * DAY)
    with pytest.raises(RuleViolation, match="申诉期限到2027年1月20日为止"):
        await appeals.appeal(actor, late.id, LONG)


async def test_lifting_settles_an_appeal_that_waits(
    sanctions: Sanctions, appeals: SanctionAppeals, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    actor, sanction = await own_actor(deps, expert), await suspend(sanctions, expert)
    await appeals.appeal(actor, sanction.id, LONG)
    await sanctions.lift(await admin(deps), sanction.id, "已整改")
    assert await composed(OfficeDashboard, deps).list_waiting(await admin(deps)) == ()
    with pytest.raises(Conflict, match="已经答复"):
        await appeals.answer(await admin(deps), sanction.id, granted=False, answer="维持")


async def test_who_has_left_still_reads_and_appeals(
    appeals: SanctionAppeals, services: SanctionServices, office: Office, deps: Deps
) -> None:
    expert = await make_expert(deps, account=await make_account(deps), left_at=deps.now())
    sanction = await make_sanction(expert, decided_at=deps.now())
    applicant = Actor("demo", "applicant", expert.account_id)
    assert [each.id for each in await services.queries.own(applicant)] == [sanction.id]
    assert (await appeals.appeal(applicant, sanction.id, LONG)).appealed_at == deps.now()


async def test_the_lists_of_the_office(
    sanctions: Sanctions, services: SanctionServices, office: Office, deps: Deps
) -> None:
    experts = await add_experts(office, 3)
    reader = await admin(deps)
    await sanctions.impose(reader, experts[0].id, form(deps))
    await suspend(sanctions, experts[1], begins=3)
    await make_sanction(experts[2], ends_at=deps.now(), appealed_at=deps.now())
    counts = {
        chosen: (await services.queries.page(reader, chosen)).total
        for chosen in ("proposed", "appealed", "in_force", "all")
    }
    assert counts == {"proposed": 1, "appealed": 1, "in_force": 1, "all": 3}
    [view] = await services.queries.of_expert(reader, experts[0].id)
    assert (view.mine, view.may_confirm, view.state_label) == (True, False, "待确认")
    with pytest.raises(AppError):
        await services.queries.page(reader, "unknown")  # type: ignore[arg-type]


# ---- removal, and back again


async def remove(sanctions: Sanctions, expert: Expert) -> Sanction:
    """By two of the office."""
    proposed = await sanctions.remove(await admin(sanctions.deps), expert.id, "误认为已退休")
    await sanctions.confirm(await admin(sanctions.deps), proposed.id)
    return await Sanction.get(id=proposed.id)


async def test_a_removal_waits_for_a_second_person_too(sanctions: Sanctions, office: Office, deps: Deps) -> None:
    [expert] = await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [call] = await open_invitations(draw_id)
    first = await admin(deps)
    proposed = await sanctions.remove(first, expert.id, "本人申请退库")
    await expert.refresh_from_db()
    assert (proposed.waits, expert.left_at, (await Invitation.get(id=call.id)).state) == (True, None, "open")
    with pytest.raises(Conflict, match="提出的人不能自己确认"):
        await sanctions.confirm(first, proposed.id)
    await office.invitations.answer(call.id, expert.id, "accept", by="chat")
    with pytest.raises(Conflict, match="已确认参加"):
        await sanctions.confirm(await admin(deps), proposed.id)
    assert (await Sanction.get()).state == "proposed", "it may be confirmed after the panel, or withdrawn"
    await Invitation.filter(id=call.id).update(ends_at=deps.now(), starts_at=deps.now() - timedelta(hours=1))
    await sanctions.confirm(await admin(deps), proposed.id)
    await expert.refresh_from_db()
    assert (expert.left_at, expert.left_reason) == (deps.now(), "本人申请退库")
    assert "可在2027年1月20日前提出申诉" in (await Notice.get(kind="expert_left")).params["advice"]


async def test_who_was_removed_by_mistake_comes_back_as_he_was(
    sanctions: Sanctions, services: SanctionServices, office: Office, deps: Deps, clock: FixedClock
) -> None:
    [expert] = await add_experts(office, 1)
    await own_actor(deps, expert)
    before = await Expert.get(id=expert.id)
    removal = await remove(sanctions, before)
    clock.move(DAY)
    restorer = await admin(deps)
    with pytest.raises(InvalidInput, match="请填写原因"):
        await services.restorations.restore(restorer, expert.id, " ")
    with pytest.raises(Conflict, match="对自己"):
        await services.restorations.restore(Actor("demo", "pool_admin", before.account_id), expert.id, "误办")
    await services.restorations.restore(restorer, expert.id, "退库办理有误")
    after, removal = await Expert.get(id=expert.id), await Sanction.get(id=removal.id)
    assert {name: getattr(after, name) for name in KEPT} == {name: getattr(before, name) for name in KEPT}
    assert (removal.state, removal.lift_reason) == ("lifted", "退库办理有误")
    assert (await Notice.get(kind="expert_restored")).params["reason"] == "退库办理有误"
    assert await AuditEntry.exists(action="expert.restore", subject_id=expert.id, actor_id=restorer.account_id)
    with pytest.raises(Conflict, match="在库，无需恢复"):
        await services.restorations.restore(restorer, expert.id, "再次")
    assert await called_experts(await start_draw(office, needed=1)) == {expert.id}
    await check_invariants()


async def test_who_is_not_restored(
    sanctions: Sanctions, services: SanctionServices, office: Office, deps: Deps, clock: FixedClock
) -> None:
    [expert] = await add_experts(office, 1)
    actor = await own_actor(deps, expert)
    await remove(sanctions, expert)
    restore, restorer = services.restorations.restore, await admin(deps)
    application = await make_application(
        deps, await Account.get(id=actor.account_id), state="reviewing", submitted_at=deps.now()
    )
    with pytest.raises(Conflict, match="正在重新申请入库"):
        await restore(restorer, expert.id, "误办")
    await Application.filter(id=application.id).update(ended_at=deps.now(), state="cancelled")
    other = await make_expert(deps, mobile_hash=(await Expert.get(id=expert.id)).mobile_hash)
    with pytest.raises(Conflict, match="另一位在库专家使用"):
        await restore(restorer, expert.id, "误办")
    await Expert.filter(id=other.id).update(mobile_hash="another", account_id=actor.account_id)
    with pytest.raises(Conflict, match="本人已重新入库"):
        await restore(restorer, expert.id, "误办")
    [gone] = await add_experts(office, 1)
    own = await own_actor(deps, gone)
    async with transaction():
        row = await Expert.select_for_update().get(id=gone.id)
        await remove_expert(deps, own, row, "本人注销账号", deps.now())
    with pytest.raises(Conflict, match="本人注销的"):
        await restore(restorer, gone.id, "误办")
    with pytest.raises(NotFound):
        await restore(Actor("guangdong", "pool_admin", restorer.account_id), expert.id, "误办")


async def test_an_appeal_against_a_removal_brings_the_expert_back(
    sanctions: Sanctions, appeals: SanctionAppeals, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    account_id = (await own_actor(deps, expert)).account_id
    removal = await remove(sanctions, expert)
    await appeals.appeal(Actor("demo", "applicant", account_id), removal.id, LONG)
    await appeals.answer(await admin(deps), removal.id, granted=True, answer="已核实，退库有误")
    assert (await Expert.get(id=expert.id)).left_at is None
    assert (await Notice.get(kind="sanction_answered")).params["what"] == "退库"


# ---- evidence


async def test_evidence_is_kept_with_the_act_read_by_the_office_alone_and_logged(
    services: SanctionServices, office: Office, deps: Deps
) -> None:
    [expert] = await add_experts(office, 1)
    actor, evidence = await admin(deps), services.evidence
    assert await evidence.keep(actor, "", b"") == []
    with pytest.raises(InvalidInput) as refused:
        await evidence.keep(actor, "a.exe", b"MZ" * 100)
    assert refused.value.field == "file"
    files = await evidence.keep(actor, "现场记录.pdf", pdf())
    bare, proven = [
        (await services.sanctions.impose(actor, expert.id, form(deps, "warning"), evidence=held)).id
        for held in ((), files)
    ]
    opened = await evidence.open(actor, proven)
    assert (opened.content, opened.media_type, opened.filename) == (pdf(), "application/pdf", "现场记录.pdf")
    assert await AuditEntry.filter(action="sanction.evidence", subject_id=expert.id).count() == 1
    for reader, sanction_id in ((actor, bare), (Actor("guangdong", "pool_admin", actor.account_id), proven)):
        with pytest.raises(NotFound):
            await evidence.open(reader, sanction_id)
    with pytest.raises(Forbidden):
        await evidence.open(await own_actor(deps, expert), proven)
    [named] = await rows("SELECT file ->> 'key' AS key FROM sanction, jsonb_array_elements(files) AS file")
    assert named["key"] == files[0]["key"]
