"""Many invitations that end at one moment: closed together, each once, though other workers run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from domain.clock import FixedClock
from models.draws import LogEntry
from models.notices import Notice
from services.core.base import Deps, rows
from services.notifications import Notices
from tests.factories.offices import Office, add_experts, check_record, counters, make_office, start_draw
from tests.services.operations.test_scheduler import office_of_another_project

DRAWS = 3
REFILLS = "SELECT args->>'draw_id' AS draw, queue_name FROM procrastinate_jobs WHERE task_name = 'draws.refill'"


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
async def draws(office: Office, clock: FixedClock) -> list[UUID]:
    """Three draws that have called two experts each, whose time is over."""
    await add_experts(office, 4 * DRAWS)
    draw_ids = []
    for _ in range(DRAWS):
        draw_ids.append(await start_draw(office, needed=2))
        await office_of_another_project(office)
    clock.move(timedelta(minutes=4))
    return draw_ids


async def count_silent(draw_id: UUID) -> int:
    entries = await LogEntry.filter(draw_id=draw_id, act="outcome")
    return sum(entry.facts["outcome"] == "silent" for entry in entries)


async def test_the_invitations_of_many_draws_are_closed_together(office: Office, draws: list[UUID]) -> None:
    assert await office.invitations.expire_due() == 2 * DRAWS
    for draw_id in draws:
        assert await counters(draw_id) == [(2, 0, 0)]
        assert await count_silent(draw_id) == 2
        await check_record(office, draw_id)
    assert sorted((row["draw"], row["queue_name"]) for row in await rows(REFILLS)) == sorted(
        (str(d), "refills") for d in draws
    )
    assert set(await Notice.filter(kind="draw_call").values_list("state", flat=True)) == {"stopped"}
    assert await office.invitations.expire_due() == 0


async def test_a_draw_locked_by_another_worker_does_not_delay_others(
    db: str, office: Office, draws: list[UUID]
) -> None:
    other = await asyncpg.connect(db)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM draw WHERE id = $1 FOR UPDATE", draws[0])
            assert await office.invitations.expire_due() == 2 * (DRAWS - 1)
            assert await counters(draws[0]) == [(2, 2, 0)]
        assert await office.invitations.expire_due() == 2
    finally:
        await other.close()


async def test_workers_at_one_moment_close_each_once(office: Office, draws: list[UUID]) -> None:
    closed = await asyncio.gather(*(office.invitations.expire_due(limit=2) for _ in range(4)))
    while done := await office.invitations.expire_due():
        closed.append(done)
    assert sum(closed) >= 2 * DRAWS  # what one worker closes, another may have found already
    for draw_id in draws:
        assert (await count_silent(draw_id), await counters(draw_id)) == (2, [(2, 0, 0)])
        await check_record(office, draw_id)


async def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(
    office: Office, draws: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def kill(_: Notices, invitation_ids: Sequence[UUID], kinds: Sequence[str]) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(Notices, "stop_many", kill)
        with pytest.raises(asyncio.CancelledError):
            await office.invitations.expire_due()
    assert [await count_silent(draw_id) for draw_id in draws] == [0, 0, 0]
    assert await counters(draws[0]) == [(2, 2, 0)]
    assert await office.invitations.expire_due() == 2 * DRAWS
    assert [await count_silent(draw_id) for draw_id in draws] == [2, 2, 2]
