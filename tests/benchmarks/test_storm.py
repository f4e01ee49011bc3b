"""The storms are made of rows that keep every rule, so that what they show is the service's doing."""

from __future__ import annotations

from datetime import timedelta

from benchmarks import sql_storms as sql
from services.core.base import rows
from tests.handlers.conftest import World
from tests.invariants import check_invariants


async def test_deadlines_of_a_storm_are_due_at_one_moment_and_break_no_rule(seeded: World) -> None:
    at = seeded.clock.now() + timedelta(seconds=3)
    expiring = [row["id"] for row in await rows(sql.LET_EXPIRE, 40, at)]
    opening = [row["id"] for row in await rows(sql.LET_FEES_OPEN, 20, at)]
    assert len(expiring) >= 40
    assert len(opening) >= 20
    await check_invariants()
    assert [await _left("expiries", expiring), await _left("fees opened", opening)] == [len(expiring), len(opening)]
    seeded.clock.set(at)
    assert await seeded.services.draws.invitations.expire_due(10) == 10
    assert await _left("expiries", expiring) == len(expiring) - 10  # these draws have no record that could be verified
    await rows(sql.PUT_OFF, expiring, opening)
    assert await seeded.services.draws.invitations.expire_due(10) == 0


async def _left(kind: str, ids: list[object]) -> int:
    return int((await rows(sql.LEFT[kind], ids))[0]["count"])
