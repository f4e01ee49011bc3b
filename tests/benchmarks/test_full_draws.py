"""A draw that is not full, or holds too many, is seen by the benchmark."""

from __future__ import annotations

from benchmarks import sql_storms as sql
from benchmarks.full_draws import NEEDED, Ended, Turn, find_faults
from services.core.base import execute, rows
from tests.handlers.conftest import World

_AGREE = "UPDATE invitation SET state = 'accepted' WHERE draw_id = $1 AND state IN ('declined', 'expired')"
FULL = Ended("completed", NEEDED, NEEDED, 0, 1.0)


async def ended(seeded: World, draw_id: object) -> Ended:
    [row] = await rows(sql.ENDED, [draw_id], seeded.clock.now())
    return Ended(**row)


async def test_experts_who_agreed_beyond_the_number_needed_are_counted(seeded: World) -> None:
    [drawn, *_] = await rows("SELECT id FROM draw WHERE state = 'completed' ORDER BY number")
    before = await ended(seeded, drawn["id"])
    assert (before.state, before.surplus) == ("completed", 0)
    assert before.called >= before.accepted > 0
    await execute(_AGREE, drawn["id"])
    after = await ended(seeded, drawn["id"])
    assert after.surplus == after.accepted - before.accepted > 0


def test_a_run_is_well_when_every_draw_is_full_and_none_holds_more() -> None:
    assert find_faults(Turn([FULL, FULL], 1.0, 1.0)) == []
    wrong = [
        Ended("drawing", NEEDED, NEEDED, 0, 1.0),
        Ended("completed", NEEDED - 1, NEEDED, 0, 1.0),
        Ended("completed", NEEDED, NEEDED + 1, 1, 1.0),
    ]
    assert len(find_faults(Turn([FULL, *wrong], 1.0, 1.0))) == len(wrong)
