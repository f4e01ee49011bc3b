"""Access to draws: an office reaches those of its place only, and a person has one role in a draw."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Forbidden, InvalidInput, NotFound, RuleViolation
from models.accounts import Account
from models.draws import Draw, Supervisor
from models.invitations import Invitation
from models.organisations import AgentLink
from services.core.base import Deps
from services.draws import DiscardForm, Filters
from tests.factories.offices import (
    Office,
    add_experts,
    draw_form,
    make_draw,
    make_office,
    make_supervisor,
    notice_form,
    open_invitations,
    start_draw,
)
from tests.factories.offices import verify as approve
from tests.factories.people import make_account, make_grant


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def test_staff_of_one_venue_do_not_reach_the_draws_of_another(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    here, elsewhere = replace(office.venue, scope="demo-hall"), replace(office.venue, scope="demo-branch")
    assert (await office.access.get(here, draw_id)).id == draw_id
    assert (await office.queries.cards(here, Filters())).total == 1
    with pytest.raises(NotFound):
        await office.access.get(elsewhere, draw_id)
    with pytest.raises(NotFound):
        await office.attendance.venue_token(elsewhere, draw_id)
    assert (await office.queries.cards(elsewhere, Filters())).total == 0


async def test_a_draft_concerns_its_agency_alone_until_it_is_handed_in(office: Office) -> None:
    draw_id = await make_draw(office, needed=1)
    watchers = (office.venue, replace(office.venue, scope="demo-hall"), office.supervisor, office.verifier)
    await make_grant(await Account.get(id=office.supervisor.account_id), "supervisor")
    for watcher in watchers:
        with pytest.raises(NotFound):
            await office.access.get(watcher, draw_id)
        assert (await office.queries.cards(watcher, Filters())).total == 0
    with pytest.raises(NotFound):
        await office.activity_end.terminate(office.verifier, draw_id, "other", "不是我的")
    assert (await office.queries.cards(office.agency, Filters())).total == 1
    await office.setup.submit(office.agency, draw_id, office.deps.book("demo").draw.terminals[0], "请核验")
    await office.setup.withdraw(office.agency, draw_id)
    for watcher in watchers:
        assert (await office.access.get(watcher, draw_id)).state == "editing", "it was handed in once"
        assert (await office.queries.cards(watcher, Filters())).total == 1
    for state in ("submitted", "refused"):
        await Draw.filter(id=draw_id).update(state=state)
        assert (await office.queries.cards(office.supervisor, Filters())).total == 1


@pytest.mark.parametrize(("role", "scope"), [("venue", "demo-branch"), ("verifier", "别的终端")])
async def test_offices_register_absences_at_their_own_place_only(office: Office, role: str, scope: str) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    stranger = replace(office.venue, role=role, scope=scope)
    with pytest.raises(NotFound):
        await office.discards.register(stranger, draw_id, DiscardForm(invitation.code, "absence", "未到场"))
    with pytest.raises(NotFound):
        await office.absence_queries.absences_of_draw(stranger, draw_id)


async def test_experts_do_not_read_the_register_of_absences(office: Office) -> None:
    [expert, _] = await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    with pytest.raises(Forbidden):
        await office.absence_queries.absences_of_draw(
            replace(office.venue, role="expert", expert_id=expert.id), draw_id
        )


async def test_an_agent_can_not_name_himself_as_the_supervising_person(office: Office) -> None:
    mobile = await mobile_of(office, await Account.get(id=office.agency.account_id))
    entry = await make_supervisor(office.deps, mobile, name="自己")
    form = replace(draw_form(office), supervisors=(entry.id,))
    with pytest.raises(InvalidInput) as refusal:
        await office.setup.create(office.agency, form)
    assert refusal.value.field == "supervisors"
    assert not await Draw.exists()


async def mobile_of(office: Office, account: Account) -> str:
    return office.deps.keys.open_text(account.mobile_sealed, "mobile")


async def test_who_became_an_agent_later_does_not_commit_for_the_supervisor(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    late = await make_account(office.deps)
    await Supervisor.filter(draw_id=draw_id).update(mobile_hash=late.mobile_hash)
    now = office.deps.now()
    await AgentLink.create(
        organisation_id=office.agency.organisation_id,
        account_id=late.id,
        valid_from=now,
        valid_until=now + timedelta(days=1),
        accepted_at=now,
        created_at=now,
    )
    with pytest.raises(Forbidden):
        await office.rounds.commit(replace(office.supervisor, account_id=late.id), draw_id, "supervisor", "00" * 32)
    await AgentLink.filter(account_id=late.id).update(declined_at=now)
    view = await office.rounds.commit(replace(office.supervisor, account_id=late.id), draw_id, "supervisor", "00" * 32)
    assert "supervisor" in view.committed, "who gave it up is on no side"


async def test_a_leaf_is_opened_to_the_expert_and_the_supervisor_only_after_unsealing(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    called = await Invitation.get(draw_id=draw_id)
    himself = replace(office.venue, role="expert", expert_id=called.expert_id)
    for person in (office.supervisor, himself):
        with pytest.raises(RuleViolation) as refusal:
            await office.public_records.open_leaf(person, draw_id, called.leaf)
        assert refusal.value.rule == "draw.result_visible_before"
    clock.move(timedelta(hours=5, minutes=30))
    for person in (office.supervisor, himself):
        assert (await office.public_records.open_leaf(person, draw_id, called.leaf))[1] == called.expert_id.hex


async def test_a_stranger_learns_nothing_from_any_door_of_a_draw(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    stranger = replace(office.agency, account_id=office.venue.account_id, role="agent")
    for attempt in (
        office.run.pause(stranger, draw_id, "x"),
        office.run.force_end(stranger, draw_id, "x"),
        office.rounds.abort(stranger, draw_id, "x"),
        office.supplements.start(stranger, draw_id),
        office.results.read(stranger, draw_id),
        office.attendance_queries.list_awaited(stranger, draw_id),
    ):
        with pytest.raises(AppError) as refusal:
            await attempt
        assert isinstance(refusal.value, NotFound)


async def test_the_operation_log_does_not_tell_which_experts_looked_at_their_own_leaf(
    office: Office, clock: FixedClock
) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    called = await Invitation.get(draw_id=draw_id)
    account = await make_account(office.deps)
    await Account.filter(id=account.id).update(real_name="测试专家")
    himself = replace(office.venue, role="expert", account_id=account.id, expert_id=called.expert_id)
    clock.move(timedelta(hours=5, minutes=30))
    await office.public_records.open_leaf(himself, draw_id, called.leaf)
    operations = await office.queries.operations(office.agency, draw_id)
    assert operations
    assert "测试专家" not in {operation.person for operation in operations}


@pytest.mark.parametrize("field", ["venue", "address", "room", "contact", "contact_phone", "remark"])
async def test_what_an_agency_types_for_experts_holds_no_link(office: Office, field: str) -> None:
    """A link in an expert's chat would look like the pool's own."""
    draw_id = await office.setup.create(office.agency, draw_form(office))
    good = notice_form(office)
    for link in ("weixin://x", "请先登记 ev\u200bil．com", '<a href="http://e.cn">参加</a>'):
        bad = replace(good, **{field: good.address + link if field == "address" else link})
        with pytest.raises(InvalidInput, match="网址") as refused:
            await office.setup.add_call_notice(office.agency, draw_id, bad)
        assert refused.value.field == field
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, good)
    with pytest.raises(InvalidInput, match="网址"):
        await office.setup.edit_call_notice(
            office.agency, draw_id, notice_id, replace(good, address=good.address + "t.cn")
        )
    with pytest.raises(InvalidInput, match="网址"):
        await office.setup.create(office.agency, replace(draw_form(office), remark="evil.com"))
