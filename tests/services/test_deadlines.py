"""The tick finds what is due, defers one job a kind, and the auditor sees what stays overdue."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from services.audit import Audit
from services.base import Deps, rows
from services.deadlines import PERIODIC, Deadlines
from services.notices import Delivery
from services.receipts import Receipts
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw, state_of
from tests.services.notices.test_delivery import Vendors


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def deadlines(office: Office, deps: Deps) -> Deadlines:
    vendors = Vendors()
    delivery = Delivery(deps, office.notices, vendors, vendors, vendors, vendors, vendors, {})  # type: ignore[arg-type]
    receipts = Receipts(deps, office.notices, office.invitations, vendors, vendors)  # type: ignore[arg-type]
    return Deadlines(
        deps, office.notices, delivery, receipts, office.invitations, office.attendance, office.run, office.reading,
        Audit(deps),
    )  # fmt: skip


async def waiting_jobs() -> list[str]:
    found = await rows("SELECT args->>'kind' AS kind FROM procrastinate_jobs WHERE task_name = 'deadlines.run'")
    return sorted(row["kind"] for row in found)


async def test_a_kind_that_is_due_gets_one_job_however_often_it_ticks(office: Office, deadlines: Deadlines) -> None:
    await add_experts(office, 2)
    await start_draw(office, needed=1)
    for _ in range(3):
        assert "deliver" in await deadlines.tick()
    assert (await waiting_jobs()).count("deliver") == 1


async def test_an_invitation_past_its_time_is_due_and_carried_out(
    office: Office, deadlines: Deadlines, clock: FixedClock
) -> None:
    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    assert "expire" not in await deadlines.tick()
    clock.move(timedelta(minutes=3))
    assert "expire" in await deadlines.tick()
    await deadlines.carry_out("expire")
    await deadlines.carry_out("watch_draws")
    assert await open_invitations(draw_id) == []
    assert await state_of(draw_id) == "short"


async def test_every_kind_can_be_carried_out_with_nothing_to_do(deadlines: Deadlines) -> None:
    for kind in ("deliver", "climb", "check_outcomes", "expire", "remind", "unseal", "receipts", "seal", *PERIODIC):
        await deadlines.carry_out(kind)
    assert (await deadlines.health()).well


async def test_the_auditor_names_what_stays_overdue(office: Office, deadlines: Deadlines, clock: FixedClock) -> None:
    await add_experts(office, 1)
    await start_draw(office, needed=1)
    clock.move(timedelta(minutes=10))
    health = await deadlines.health()
    assert not health.well
    assert health.overdue["invitations"] == 1
    assert health.overdue["attempts"] >= 1
    assert health.overdue["counters"] == 0


async def test_the_agency_is_told_once_that_the_result_is_unsealed(
    office: Office, deadlines: Deadlines, clock: FixedClock
) -> None:
    from models.notices import Notice

    await add_experts(office, 1)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    await deadlines.carry_out("unseal")
    assert not await Notice.filter(kind="agency_unsealed").exists()
    clock.move(timedelta(hours=5, minutes=30))
    await deadlines.carry_out("unseal")
    await deadlines.carry_out("unseal")
    assert await Notice.filter(kind="agency_unsealed").count() == 1
