"""Experts who left the pool, whose term has ended or who are too old are neither drawn nor called."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict
from models.audit import AuditEntry
from models.draws import CandidateList
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Actor, Deps, rows, system, transaction
from services.experts import remove_expert
from services.experts.terms import ExpertTerms
from services.office.expert_list import ExpertFilter, ExpertList
from services.operations.privacy import Privacy
from services.sanctions import Sanctions
from tests.drivers.waiting import eventually
from tests.factories.applications import with_rules
from tests.factories.assembly import composed
from tests.factories.offices import (
    Office,
    add_experts,
    counters,
    fix_seed,
    make_draw,
    make_office,
    open_invitations,
    start_draw,
    state_of,
    verify,
)
from tests.factories.people import make_account, make_expert, make_sanction
from tests.factories.sources import PHONE
from tests.invariants import check_invariants
from tests.services.conftest import NoticeBook
from tests.services.draws.calls.test_calling import check_record

MOBILE = "13812345678"


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def admin() -> Actor:
    return Actor("demo", "pool_admin", UUID(int=7))


@pytest.fixture
def sanctions(office: Office) -> Sanctions:
    return composed(Sanctions, with_rules(office.deps, sanctions={"second_person": []}))


async def make_bound_expert(office: Office) -> tuple[Expert, Actor]:
    """An expert who may be drawn and has an account."""
    account = await make_account(office.deps, MOBILE)
    (expert,) = await add_experts(office, 1)
    expert.account_id = account.id
    await expert.save(update_fields=["account_id"])
    return expert, Actor("demo", "expert", account.id, expert.id)


async def close_account(office: Office, actor: Actor, book: NoticeBook) -> None:
    await composed(WechatBinding, office.deps, notices=book).send_code("demo", MOBILE, "privacy", source=PHONE)
    await composed(Privacy, office.deps, notices=book).delete(actor, book.last_code(MOBILE))


async def ready_to_start(office: Office) -> UUID:
    """The list is frozen and the seed fixed; no one was called yet."""
    draw_id = await make_draw(office, needed=2)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    return draw_id


async def start_calling(office: Office, draw_id: UUID) -> list[str]:
    """Call; returns the reasons for which candidates were skipped."""
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    record = await check_record(office, draw_id)
    await check_invariants()
    return [entry["reason"] for entry in record["log"] if entry["act"] == "skipped"]


async def called_experts(draw_id: UUID) -> set[UUID]:
    return {invitation.expert_id for invitation in await Invitation.filter(draw_id=draw_id)}


async def test_who_deleted_the_account_is_not_on_the_list(office: Office, book: NoticeBook) -> None:
    expert, actor = await make_bound_expert(office)
    others = await add_experts(office, 2)
    await close_account(office, actor, book)
    draw_id = await start_draw(office, needed=2)
    assert await called_experts(draw_id) == {other.id for other in others}
    assert (await CandidateList.get(draw_id=draw_id)).count == 2
    await expert.refresh_from_db()
    assert (expert.left_at, expert.left_reason) == (office.deps.now(), "本人注销账号")


async def test_who_deletes_the_account_after_the_list_was_frozen_is_skipped(office: Office, book: NoticeBook) -> None:
    expert, actor = await make_bound_expert(office)
    await add_experts(office, 1)
    draw_id = await ready_to_start(office)
    await close_account(office, actor, book)
    assert await start_calling(office, draw_id) == ["left_pool"]
    assert expert.id not in await called_experts(draw_id)
    assert not await Attempt.filter(notice__expert_id=expert.id).exists()


@pytest.mark.parametrize("chance", range(4))
async def test_a_call_and_a_deletion_at_once_never_leave_a_call_to_a_deleted_expert(
    office: Office, book: NoticeBook, chance: int
) -> None:
    expert, actor = await make_bound_expert(office)
    draw_id = await ready_to_start(office)
    await office.run.start(office.agency, draw_id)
    await composed(WechatBinding, office.deps, notices=book).send_code("demo", MOBILE, "privacy", source=PHONE)
    deletion = composed(Privacy, office.deps, notices=book).delete(actor, book.last_code(MOBILE))
    acts = [deletion, office.run.advance(draw_id)]
    done = await asyncio.gather(*(acts if chance % 2 else reversed(acts)), return_exceptions=True)
    refused = any(isinstance(result, Conflict) for result in done)
    await expert.refresh_from_db()
    assert (expert.left_at is None, await Invitation.filter(state="open").exists()) == (refused, refused)
    await check_invariants()


async def test_a_call_waits_for_an_expert_who_is_just_leaving(office: Office) -> None:
    expert, _ = await make_bound_expert(office)
    draw_id = await ready_to_start(office)
    await office.run.start(office.agency, draw_id)
    outside = contextvars.copy_context()
    async with transaction():
        row = await Expert.select_for_update().get(id=expert.id)
        calling = asyncio.get_running_loop().create_task(office.run.advance(draw_id), context=outside)
        await eventually(lambda: rows("SELECT 1 FROM pg_locks WHERE NOT granted"))
        await remove_expert(office.deps, system("demo"), row, "本人注销账号", office.deps.now())
    await calling
    assert not await Invitation.exists()


async def test_a_call_waits_for_a_suspension_that_is_being_written(office: Office) -> None:
    [expert] = await add_experts(office, 1)
    draw_id = await ready_to_start(office)
    await office.run.start(office.agency, draw_id)
    outside = contextvars.copy_context()
    async with transaction():
        row = await Expert.select_for_update().get(id=expert.id)
        calling = asyncio.get_running_loop().create_task(office.run.advance(draw_id), context=outside)
        await eventually(lambda: rows("SELECT 1 FROM pg_locks WHERE NOT granted"))
        await make_sanction(row)
    await calling
    assert not await Invitation.exists()


async def test_the_office_may_remove_an_expert_who_is_being_called(
    office: Office, sanctions: Sanctions, admin: Actor
) -> None:
    await add_experts(office, 3)
    draw_id = await start_draw(office, needed=1)
    (call,) = await open_invitations(draw_id)
    left = await sanctions.remove(admin, call.expert_id, "本人申请退库")
    assert (left.calls, await counters(draw_id)) == (1, [(1, 0, 0)])
    assert not await Notice.filter(kind="draw_call", state="active").exists()
    assert await Notice.filter(kind="expert_left", expert_id=call.expert_id).exists()
    assert await AuditEntry.filter(action="sanction.impose", subject_id=call.expert_id).exists()
    answered = await office.invitations.answer(call.id, call.expert_id, "accept", by="voice")
    assert not answered.effective
    await office.run.advance(draw_id)
    (following,) = await open_invitations(draw_id)
    assert following.expert_id != call.expert_id
    await check_record(office, draw_id)
    await check_invariants()
    with pytest.raises(Conflict, match="无需也不能再办理"):
        await sanctions.remove(admin, call.expert_id, "再次办理")


async def test_an_expert_with_a_panel_ahead_is_not_removed_from_the_pool(
    office: Office, sanctions: Sanctions, admin: Actor
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    (call,) = await open_invitations(draw_id)
    await office.invitations.answer(call.id, call.expert_id, "accept", by="chat")
    with pytest.raises(Conflict, match="已确认参加"):
        await sanctions.remove(admin, call.expert_id, "本人申请退库")
    assert await state_of(draw_id) in ("drawing", "completed")


@pytest.mark.parametrize(("hours", "drawn"), [(11, False), (12, True)])
async def test_a_term_must_cover_the_whole_panel(office: Office, hours: int, drawn: bool) -> None:
    (expert,) = await add_experts(office, 1)
    await Expert.all().update(term_until=office.deps.now() + timedelta(hours=hours))
    draw_id = await start_draw(office, needed=1)
    assert (expert.id in await called_experts(draw_id)) == drawn
    await check_invariants()


@pytest.mark.parametrize(("born", "drawn"), [(date(1957, 11, 21), False), (date(1957, 11, 22), True), (None, False)])
async def test_the_standing_age_limit_counts_on_the_day_of_the_panel(
    office: Office, born: date | None, drawn: bool
) -> None:
    """The panel is on 21 November 2026 and the demo pool's limit 68: who completes 69 that day is too old."""
    (expert,) = await add_experts(office, 1)
    await Expert.all().update(born_on=born)
    draw_id = await start_draw(office, needed=1)
    assert (expert.id in await called_experts(draw_id)) == drawn


async def test_term_and_age_are_looked_at_again_before_each_call(office: Office) -> None:
    ending, old, _ = await add_experts(office, 3)
    draw_id = await ready_to_start(office)
    await Expert.filter(id=ending.id).update(term_until=office.deps.now() + timedelta(hours=1))
    await Expert.filter(id=old.id).update(born_on=date(1949, 1, 1))
    assert sorted(await start_calling(office, draw_id)) == ["over_age", "term_over"]
    assert not {ending.id, old.id} & await called_experts(draw_id)


async def test_the_office_sees_experts_whose_term_ends_and_they_are_notified_once(
    office: Office, admin: Actor, book: NoticeBook, clock: FixedClock
) -> None:
    now = clock.now()
    soon = await make_expert(office.deps, term_until=now + timedelta(days=30))
    over = await make_expert(office.deps, term_until=now - timedelta(days=1))
    ageing = await make_expert(office.deps, born_on=date(1957, 12, 24))
    await make_expert(office.deps, term_until=now + timedelta(days=900))
    listing = ExpertList(office.deps)
    listed = {
        state: {row.id for row in (await listing.page(admin, ExpertFilter(state))).items}
        for state in ("ending", "term", "age", "left")
    }
    assert listed == {"ending": {soon.id, ageing.id}, "term": {over.id}, "age": set(), "left": set()}
    terms = ExpertTerms(replace(office.deps, rulebooks={"demo": office.deps.book("demo")}), book)
    assert [await terms.notify_ending(), await terms.notify_ending()] == [1, 0]
    assert [(notice.kind, notice.params["until"]) for notice in book.told] == [("term_ending", "2026年12月21日")]
