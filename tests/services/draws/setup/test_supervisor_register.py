"""Supervisors come from the office's register: an agency's second phone is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from models.accounts import Account
from models.draws import Draw, LogEntry, Supervisor, SupervisorEntry
from models.organisations import AgentLink
from services.core.base import Actor, Deps
from services.draws.setup.supervisor_queries import SupervisorQueries
from services.draws.setup.supervisor_register import SupervisorRegister
from tests.factories.offices import (
    SUPERVISOR_ENTRY,
    SUPERVISOR_MOBILE,
    Office,
    add_experts,
    draw_form,
    make_draw,
    make_office,
    make_supervisor,
)
from tests.factories.offices import verify as approve
from tests.factories.people import make_account

MOBILE = "13800005678"


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
async def admin(office: Office) -> Actor:
    return Actor("demo", "pool_admin", account_id=(await make_account(office.deps)).id)


async def test_the_office_keeps_the_register_and_agencies_only_choose_from_it(office: Office, admin: Actor) -> None:
    register, queries = SupervisorRegister(office.deps), SupervisorQueries(office.deps)
    added = await register.add(admin, mobile=MOBILE, name="赵监督", department="市水务局")
    assert (added.masked_mobile, added.active_until) == ("138****5678", None)
    with pytest.raises(Conflict) as twice:
        await register.add(admin, mobile=MOBILE, name="赵监督", department="市水务局")
    assert twice.value.code == "in_register"
    choices = await queries.choices(office.agency, "水务")
    assert (choices.total, choices.items[0].id, choices.items[0].masked_mobile) == (1, added.id, "138****5678")
    for action in (
        register.add(office.agency, mobile="13800005679", name="自己人", department="x"),
        register.end(office.agency, added.id),
        queries.page(office.agency),
    ):
        with pytest.raises(Forbidden):
            await action
    await register.end(admin, added.id)
    await register.end(admin, added.id)
    assert (await queries.choices(office.agency, "水务")).total == 0
    assert (await queries.page(admin, active=False)).total == 1
    entry = await SupervisorEntry.get(id=added.id)
    assert (entry.entered_by_id, entry.ended_by_id) == (admin.account_id, admin.account_id)


async def test_a_person_outside_the_register_does_not_become_a_supervisor(office: Office) -> None:
    ended = await make_supervisor(office.deps, MOBILE)
    await SupervisorEntry.filter(id=ended.id).update(active_until=office.deps.now())
    elsewhere = await make_supervisor(office.deps, MOBILE, pool="hunan")
    for unknown in (new_id(), ended.id, elsewhere.id):
        with pytest.raises(InvalidInput) as refusal:
            await office.setup.create(office.agency, replace(draw_form(office), supervisors=(unknown,)))
        assert refusal.value.field == "supervisors"
    assert not await Draw.exists()


async def test_a_supervisor_who_leaves_the_register_or_joins_the_agency_is_noticed_and_can_be_replaced(
    office: Office,
) -> None:
    await add_experts(office, 3)
    draw_id = await make_draw(office, needed=1)
    terminal = office.deps.book("demo").draw.terminals[0]
    await SupervisorEntry.filter(id=SUPERVISOR_ENTRY).update(active_until=office.deps.now())
    with pytest.raises(Conflict) as ended:
        await office.setup.submit(office.agency, draw_id, terminal, "")
    assert (ended.value.code, "名册" in ended.value.message) == ("supervisor_ended", True)
    await SupervisorEntry.filter(id=SUPERVISOR_ENTRY).update(active_until=None)
    await approve(office, draw_id)

    now = office.deps.now()
    await AgentLink.create(
        organisation_id=office.agency.organisation_id,
        account_id=office.supervisor.account_id,
        valid_from=now,
        valid_until=now + timedelta(days=1),
        accepted_at=now,
        created_at=now,
    )
    with pytest.raises(Conflict) as joined:
        await office.rounds.open(office.agency, draw_id)
    assert joined.value.code == "supervisor_of_agency"
    other = await make_supervisor(office.deps, MOBILE, name="赵监督")
    await office.setup.change_supervisors(office.agency, draw_id, [other.id])
    await office.rounds.open(office.agency, draw_id)
    with pytest.raises(Conflict) as fixed:
        await office.setup.change_supervisors(office.agency, draw_id, [other.id])
    assert fixed.value.code == "supervisors_fixed"


async def test_another_agency_may_not_change_the_supervisors(office: Office) -> None:
    draw_id = await make_draw(office, needed=1)
    with pytest.raises(NotFound):
        await office.setup.change_supervisors(
            replace(office.agency, organisation_id=new_id()), draw_id, [SUPERVISOR_ENTRY]
        )


async def test_the_record_says_where_the_supervisors_come_from(office: Office) -> None:
    await add_experts(office, 3)
    draw_id = await make_draw(office, needed=1)
    await approve(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    opened = await LogEntry.get(draw_id=draw_id, act="round_opened")
    assert opened.facts["supervisors"] == {"source": "register", "count": 1}


async def test_no_phone_of_a_draw_stands_in_clear(office: Office) -> None:
    draw_id = await make_draw(office, needed=1)
    draw, supervisor = await Draw.get(id=draw_id), await Supervisor.get(draw_id=draw_id)
    stored = f"{dict(draw)} {dict(supervisor)} {dict(await SupervisorEntry.get(id=SUPERVISOR_ENTRY))}"
    assert SUPERVISOR_MOBILE not in stored
    assert "13568846647" not in stored
    assert await Account.exists(mobile_hash=supervisor.mobile_hash)
