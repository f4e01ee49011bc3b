"""What the lists of arrivals show of an expert: the outcome of each urging, and names from unsealing on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden
from models.accounts import Account
from models.audit import AuditEntry
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Actor, Deps
from tests.factories.offices import Office, make_office
from tests.services.draws.attendance.panels import panel


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def urge(office: Office, draw_id: UUID, invitation: Invitation) -> Notice:
    """Urge by the system's voice; the notice of that call."""
    number = await office.urging.urge(office.agency, draw_id, invitation.id)
    return await Notice.get(dedupe_key=f"urging:{invitation.id}:{number}")


async def outcomes(office: Office, draw_id: UUID) -> list[str]:
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    return [urging.outcome for urging in row.urgings]


async def test_each_urging_shows_what_became_of_its_call(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    first = await urge(office, draw_id, invitation)
    assert await outcomes(office, draw_id) == ["等待拨打"]
    for state, shown in (("sent", "正在呼叫"), ("unknown", "结果未知"), ("failed", "未接通"), ("delivered", "已接听")):
        await Attempt.filter(notice_id=first.id).delete()
        await make_attempt(office, first, state)
        assert await outcomes(office, draw_id) == [shown]
    clock.move(office.deps.book("demo").attendance.urging_pause)
    await urge(office, draw_id, invitation)
    assert await outcomes(office, draw_id) == ["等待拨打", "已接听"], "newest first, each its own"
    [row] = await office.attendance_queries.list_awaited(office.venue, draw_id)
    caller = await Account.get(id=office.agency.account_id)
    assert {urging.asked_by for urging in row.urgings} == {caller.real_name}


async def make_attempt(office: Office, notice: Notice, state: str) -> None:
    number = await Attempt.all().count() + 1_000
    now = office.deps.now()
    await Attempt.create(
        notice_id=notice.id, channel="voice", step=0, number=number, state=state, created_at=now, due_at=now, wait=90
    )


async def test_a_call_that_an_entry_made_pointless_says_so(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    clock.set(invitation.gathering_at)
    notice = await urge(office, draw_id, invitation)
    await Notice.filter(id=notice.id).update(state="stopped")
    assert await outcomes(office, draw_id) == ["专家已进场或不再参评，没有拨打"]


async def test_names_are_read_from_unsealing_on_and_logged(office: Office, clock: FixedClock) -> None:
    draw_id, [invitation] = await panel(office)
    unseals_at = (await Draw.get(id=draw_id)).starts_at - timedelta(minutes=30)
    read = office.attendance_queries.read_names
    clock.set(unseals_at - timedelta(seconds=1))
    assert await read(office.agency, draw_id) == {}
    assert not await AuditEntry.exists(action="attendance.names_read"), "nothing was read"
    clock.set(unseals_at)
    expert = await Expert.get(id=invitation.expert_id)
    assert await read(office.agency, draw_id) == {invitation.id: expert.name}
    assert await AuditEntry.filter(action="attendance.names_read", subject_id=draw_id).count() == 1
    assert "attendance.names_read" not in {
        operation.action for operation in await office.queries.operations(office.agency, draw_id)
    }, "a page that refreshes itself would hide all else"


async def test_who_may_not_read_results_reads_no_names(office: Office) -> None:
    draw_id, [invitation] = await panel(office)
    expert = await Expert.get(id=invitation.expert_id)
    with pytest.raises(Forbidden):
        await office.attendance_queries.read_names(Actor("demo", "expert", expert.account_id), draw_id)
