"""Reminders of many draws at one moment: written together, each once, though other workers run."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from domain.clock import FixedClock
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.services.operations.test_scheduler import office_of_another_project

DRAWS = 3


@pytest.fixture
async def draws(db: str, deps: Deps, clock: FixedClock) -> tuple[Office, list[UUID]]:
    """Three draws of two who agreed, shortly before the first reminder."""
    office = await make_office(deps)
    await add_experts(office, 4 * DRAWS)
    draw_ids = []
    for _ in range(DRAWS):
        draw_id = await start_draw(office, needed=2)
        for invitation in await open_invitations(draw_id):
            await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
        draw_ids.append(draw_id)
        await office_of_another_project(office)
    clock.move(timedelta(hours=3, minutes=1))
    return office, draw_ids


async def count_reminders() -> list[int]:
    """Reminders of each invitation, as counted and as written."""
    counted = await Invitation.all().order_by("id").values_list("reminders_sent", flat=True)
    assert sum(counted) == await Notice.filter(kind="check_in_reminder").count()
    return sorted(counted)


async def test_the_reminders_of_many_draws_are_written_together(draws: tuple[Office, list[UUID]]) -> None:
    office, _ = draws
    assert await office.invitations.remind_due() == 2 * DRAWS
    assert await count_reminders() == [1] * 2 * DRAWS
    assert await office.invitations.remind_due() == 0


async def test_a_draw_locked_by_another_worker_does_not_delay_others(db: str, draws: tuple[Office, list[UUID]]) -> None:
    office, [first, *_] = draws
    other = await asyncpg.connect(db)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM draw WHERE id = $1 FOR UPDATE", first)
            assert await office.invitations.remind_due() == 2 * (DRAWS - 1)
        assert await office.invitations.remind_due() == 2
    finally:
        await other.close()
    assert await count_reminders() == [1] * 2 * DRAWS


async def test_workers_at_one_moment_remind_each_once(draws: tuple[Office, list[UUID]]) -> None:
    office, _ = draws
    done = await asyncio.gather(*(office.invitations.remind_due(limit=2) for _ in range(4)))
    while more := await office.invitations.remind_due():
        done.append(more)
    assert sum(done) >= 2 * DRAWS  # two workers may find the same row due; the second one sends nothing
    assert await count_reminders() == [1] * 2 * DRAWS
