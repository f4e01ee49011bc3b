"""An organisation's first page: figures of the day, and its cost with ten thousand old activities."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.clock import FixedClock, local
from models.draws import Draw
from services.core.base import Deps, execute, rows
from services.draws import TO_DO, DrawAccess, Filters, WorkLists
from tests.factories.offices import Office, add_experts, make_draw, make_office, open_invitations, start_draw

MANY = 10_000


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def copy_draw(office: Office, number: int, **columns: Any) -> None:
    """One more activity of the same organisation, with other times or another state."""
    draw = await Draw.all().order_by("number").first()
    assert draw is not None
    known = {name: value for name, value in vars(draw).items() if name in Draw._meta.db_fields and name != "id"}
    await Draw.create(**{**known, "number": f"CQSQ20261101{number:04}", **columns})


async def test_today_counts_gatherings_and_every_end(office: Office, clock: FixedClock) -> None:
    await make_draw(office)
    now = clock.now()
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    gathered: list[tuple[datetime, str]] = [
        (midnight, "completed"),
        (midnight + timedelta(hours=23, minutes=59), "short"),
        (midnight - timedelta(minutes=1), "completed"),
        (midnight + timedelta(days=1), "verified"),
        (now, "terminated"),
        (now, "editing"),
        (now, "submitted"),
        (now, "refused"),
        (now, "verified"),
    ]
    for number, (at, state) in enumerate(gathered):
        await copy_draw(office, number, gathering_first=at, state=state)
    ends = [("completed", now), ("short", now), ("supplement_pending", now), ("ended", now), ("terminated", now)]
    ends += [("completed", midnight - timedelta(seconds=1)), ("drawing", now)]
    for number, (state, at) in enumerate(ends, 20):
        await copy_draw(office, number, gathering_first=None, state=state, finished_at=at)
    board = await office.queries.dashboard(office.agency)
    assert (board.today, board.completed_today, board.drawing) == (2, 4, 1)
    lists = WorkLists(office.deps, DrawAccess(office.deps))
    assert (await lists.read(office.agency, "today")).total == board.today


async def test_the_week_begins_on_monday_of_the_place(office: Office, clock: FixedClock) -> None:
    await make_draw(office)
    monday = local(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday())
    for number, at in enumerate((monday, monday - timedelta(seconds=1), monday + timedelta(days=1, hours=1))):
        await copy_draw(office, number, started_at=at)
    assert (await office.queries.dashboard(office.agency)).week[:3] == (1, 1, 0)


async def test_the_badge_counts_a_draw_that_ran_short_too(office: Office) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=2)
    [invitation, other] = await open_invitations(draw_id)
    await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="voice")
    await office.invitations.answer(other.id, other.expert_id, "decline", by="voice")
    await office.run.advance(draw_id)
    board = await office.queries.dashboard(office.agency)
    assert (board.pending_supplements, board.completed_today) == (1, 1)
    assert (board.present_today, board.awaited_today) == (0, 1)


async def test_ten_thousand_old_activities_are_not_read(
    office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each list and figure is found by an index: what PostgreSQL touches does not grow with the past."""
    await make_draw(office)
    await add_ended_draws(clock.now())
    plans: list[dict[str, Any]] = []

    async def explain(sql: str, *values: object) -> list[Any]:
        explain_rows = await rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
        plan = explain_rows[0]["QUERY PLAN"]
        plans.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        return await rows(sql, *values)

    monkeypatch.setattr("services.draws.queries.rows", explain)
    monkeypatch.setattr("services.core.pages.rows", explain)
    queries, now = office.queries, clock.now()
    await queries.dashboard(office.agency)
    await queries.cards(office.agency, Filters(states=tuple(TO_DO), urgent_first=True))
    await queries.cards(office.agency, Filters(starts_from=now, starts_before=now + timedelta(days=31)))
    assert len(plans) == 3
    for plan in plans:
        assert sum(rows_scanned(plan)) <= 300, json.dumps(plan, indent=1)


async def add_ended_draws(now: datetime) -> None:
    """Ten thousand that ended, one each hour before now; none of them has anything to do with today."""
    names = [name for name in Draw._meta.db_fields if name not in ("id", "number", "state")]
    hours = {"created_at": -48, "started_at": -24, "finished_at": -23, "opening_at": -1, "gathering_first": -1}
    hours |= {"starts_at": 0, "ends_at": 2, "ended_at": 2}
    columns = ", ".join(
        f"$1::timestamptz + (n * -1 + {hours[name]}) * interval '1 hour' - interval '10 days' AS {name}"
        if name in hours
        else f"d.{name}"
        for name in names
    )
    await execute(
        f"INSERT INTO draw (id, number, state, {', '.join(names)}) "
        f"SELECT gen_random_uuid(), 'CQSQ2025' || lpad(n::text, 8, '0'), 'ended', {columns} "
        f"FROM draw d, generate_series(1, {MANY}) AS n",
        now,
    )
    await execute("ANALYZE draw")


def rows_scanned(node: dict[str, Any]) -> Iterator[int]:
    """Rows of activities that scans have read, those they threw away too."""
    if node.get("Relation Name") == "draw":
        read = (
            node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        )
        yield int(read * node["Actual Loops"])
    for child in node.get("Plans", ()):
        yield from rows_scanned(child)


async def test_a_search_takes_per_cent_and_underscore_as_they_stand(office: Office) -> None:
    await make_draw(office)
    await copy_draw(office, 2, name="100%_完成")
    for word, expected in (("%", 1), ("_", 1), ("0%_完", 1), ("0_完", 0), ("演示", 1)):
        assert (await office.queries.cards(office.agency, Filters(number=word))).total == expected, word
    for word, expected in (("%", 0), ("演示", 2)):
        assert (await office.queries.cards(office.agency, Filters(project=word))).total == expected, word
