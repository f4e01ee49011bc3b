"""Times off as PostgreSQL judges them: as the rule in Python, for panels around every edge."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest

from domain.clock import SHANGHAI, FixedClock
from domain.experts.times_off import DAY, NOON, TimesOff
from domain.spans import Span
from models.draws import CallNotice, Draw
from models.experts import Unavailability
from services.core.base import Actor, Deps, rows, transaction
from services.draws.call_order.eligibility import find_hindrances, no_recusals
from services.experts import concerns
from services.experts.availability import Availability
from tests.factories.offices import add_experts, make_draw, make_office
from tests.factories.people import make_expert
from tests.services.conftest import NoticeBook

MONDAY = datetime(2026, 11, 23, tzinfo=SHANGHAI)
TIMES = (
    TimesOff(MONDAY, None),
    TimesOff(MONDAY + timedelta(hours=9), MONDAY + timedelta(days=2)),
    TimesOff(MONDAY, None, weekdays=(1, 3), from_minute=NOON, to_minute=DAY),
    TimesOff(MONDAY, MONDAY + timedelta(days=9, hours=14), weekdays=(3,), from_minute=540, to_minute=1050),
    TimesOff(MONDAY, None, weekdays=(7,), from_minute=0, to_minute=DAY),
)
EDGES = [MONDAY + timedelta(days=days, hours=hours) for days in (-1, 0, 2, 6, 9) for hours in (0, 9, 12, 14, 17.5)]
_JUDGED = f"""
SELECT s.begin, s.finish, EXISTS (SELECT 1 FROM unavailability u WHERE {concerns("u", "s.begin", "s.finish")}) AS off
  FROM unnest($1::timestamptz[], $2::timestamptz[]) AS s (begin, finish)
"""


@pytest.mark.parametrize("times", TIMES)
async def test_both_judge_alike(db: str, deps: Deps, times: TimesOff) -> None:
    expert = await make_expert(deps)
    await store(expert.id, times)
    panels = [Span(begin, end) for begin, end in product(EDGES, EDGES) if begin < end]
    judged = await rows(_JUDGED, [panel.starts_at for panel in panels], [panel.ends_at for panel in panels])
    expected = {(panel.starts_at, panel.ends_at): bool(times.occurrences(panel)) for panel in panels}
    assert {(row["begin"], row["finish"]): row["off"] for row in judged} == expected
    assert set(expected.values()) == {True, False}


async def store(expert_id: object, times: TimesOff) -> Unavailability:
    columns = {**vars(times), "weekdays": list(times.weekdays)}
    return await Unavailability.create(expert_id=expert_id, created_at=MONDAY, **columns)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"weekdays": (6,), "from_minute": NOON, "to_minute": DAY}, "leave"),
        ({"weekdays": (6,), "from_minute": 0, "to_minute": NOON}, None),
        ({"weekdays": (7,), "from_minute": 0, "to_minute": DAY}, None),
        ({}, "leave"),
    ],
)
async def test_a_draw_respects_weekly_hours_and_a_pause(
    db: str, deps: Deps, clock: FixedClock, book: NoticeBook, times: dict[str, object], reason: str | None
) -> None:
    """The panel gathers on a Saturday at five in the afternoon."""
    office = await make_office(deps)
    [expert] = await add_experts(office, 1)
    actor = Actor("demo", "expert", None, expert.id)
    await Availability(deps, book).add(actor, TimesOff(clock.now(), None, **times))  # type: ignore[arg-type]
    draw = await Draw.get(id=await make_draw(office))
    notice = await CallNotice.get(draw_id=draw.id)
    async with transaction():
        hindrances = await find_hindrances([expert.id], draw, notice, no_recusals(draw), deps.book("demo"), clock.now())
    hindrance = hindrances[expert.id]
    assert (hindrance.reason if hindrance else None) == reason
