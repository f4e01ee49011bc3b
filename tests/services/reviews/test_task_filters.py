"""The queue's filters: what each leaves, and what the options beside it would leave."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from models.applications import Application
from models.reviews import ReviewTask
from services.core.base import Actor, Deps, execute, rows
from services.reviews import QueueCounts, ReviewQueue, TaskFilter
from services.reviews.scope import open_tasks_condition
from services.reviews.task_filters import narrow
from services.workflows import ReviewWorkflow
from tests.drivers.statements import count_statements
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    begin,
    make_applicant,
    make_application,
    make_change,
    make_reviewer,
    tasks_of,
)

pytestmark = pytest.mark.usefixtures("catalogues")
HERE, THERE = (DISTRICT, CITY, PROVINCE), (OTHER_DISTRICT, OTHER_CITY, PROVINCE)


@pytest.fixture
async def reviewer(deps: Deps, reviews: ReviewWorkflow, clock: FixedClock) -> Actor:
    """Of the whole province; four applications wait, the oldest for nine days, the fourth of them at the last step."""
    actor = await make_reviewer(deps, "industry")
    for name, path, specialty in (("赵一", HERE, "A0401"), ("钱二", THERE, "A0401"), ("孙三", HERE, "A0801")):
        person = await make_applicant(deps, name)
        await begin(reviews, deps, await make_application(deps, person, region_path=path, specialties=(specialty,)))
        clock.move(timedelta(days=4))
    change = await make_change(deps, "李四", region_path=THERE)
    [task] = await begin(reviews, deps, change)
    await reviews.decide(actor, task.id, "approve")
    await make_reviewer_too(deps, actor)
    clock.move(timedelta(days=1))
    return actor


async def make_reviewer_too(deps: Deps, actor: Actor) -> None:
    """The person reviews the last step, too."""
    other = await make_reviewer(deps, "final")
    await execute(
        "UPDATE review_assignment SET account_id = $1 WHERE account_id = $2", actor.account_id, other.account_id
    )


async def _names(queue: ReviewQueue, actor: Actor, **wanted: Any) -> list[str]:
    cards = (await queue.overview(actor, TaskFilter(**wanted))).cards
    assert cards.total == len(cards.items)
    return [card.name for card in cards.items]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["赵一", "钱二", "孙三", "李四"]),
        ({"region": CITY}, ["赵一", "孙三"]),
        ({"region": OTHER_DISTRICT}, ["钱二", "李四"]),
        ({"specialty": "A04"}, ["赵一", "钱二", "李四"]),
        ({"specialty": "A08"}, ["孙三"]),
        ({"kind": "change"}, ["李四"]),
        ({"waiting": 7}, ["赵一", "钱二"]),
        ({"waiting": 1, "region": OTHER_CITY}, ["钱二", "李四"]),
        ({"step": "final"}, ["李四"]),
        ({"overdue": True, "specialty": "A04", "kind": "first"}, ["赵一", "钱二"]),
        ({"search": "李", "region": OTHER_CITY}, ["李四"]),
        ({"search": "李", "region": CITY}, []),
    ],
)
async def test_each_filter_narrows_the_queue(
    reviewer: Actor, queue: ReviewQueue, wanted: dict[str, Any], names: list[str]
) -> None:
    assert await _names(queue, reviewer, **wanted) == names


async def _counts(queue: ReviewQueue, actor: Actor, **wanted: Any) -> QueueCounts:
    return (await queue.overview(actor, TaskFilter(**wanted))).counts


async def test_the_options_count_what_they_would_leave(reviewer: Actor, queue: ReviewQueue) -> None:
    counts = await _counts(queue, reviewer)
    assert (counts.open, counts.fitting, counts.overdue) == (4, 4, 4)
    assert [(option.code, option.name, option.open, option.level) for option in counts.regions] == [
        (CITY, "广州市", 2, 0),
        (DISTRICT, "天河区", 2, 1),
        (OTHER_CITY, "深圳市", 2, 0),
        (OTHER_DISTRICT, "南山区", 2, 1),
    ]
    assert [(option.code, option.open) for option in counts.specialties] == [("A04", 3), ("A08", 1)]
    assert [(option.name, option.open) for option in counts.kinds] == [("新增", 3), ("异动", 1)]
    assert [(option.code, option.open) for option in counts.waiting] == [("1", 4), ("3", 3), ("7", 2)]
    assert [(count.step, count.open) for count in counts.steps] == [("industry", 3), ("final", 1)]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"region": CITY},
        {"specialty": "A04"},
        {"kind": "first", "waiting": 3},
        {"step": "industry", "region": OTHER_CITY},
        {"overdue": True},
        {"search": "四"},
        {"region": CITY, "specialty": "A04", "kind": "first", "waiting": 7, "step": "industry", "search": "一"},
    ],
)
async def test_every_option_leaves_as_many_as_it_says(
    reviewer: Actor, queue: ReviewQueue, wanted: dict[str, Any]
) -> None:
    counts = await _counts(queue, reviewer, **wanted)
    for name, options in (
        ("region", counts.regions),
        ("specialty", counts.specialties),
        ("kind", counts.kinds),
        ("waiting", counts.waiting),
    ):
        for option in options:
            value: Any = int(option.code) if name == "waiting" else option.code
            assert len(await _names(queue, reviewer, **wanted | {name: value})) == option.open, (name, option)
    chips = {name: value for name, value in wanted.items() if name not in ("step", "overdue")}
    for count in counts.steps:
        assert len(await _names(queue, reviewer, **chips | {"step": count.step})) == count.open
    assert len(await _names(queue, reviewer, **chips | {"overdue": True})) == counts.overdue
    assert len(await _names(queue, reviewer, **chips)) == counts.fitting
    assert counts.open == 4


async def test_the_next_task_is_one_of_the_filter(reviewer: Actor, queue: ReviewQueue, deps: Deps) -> None:
    wanted = TaskFilter(region=OTHER_CITY)
    tasks = {
        (await Application.get(id=task.application_id)).name: task for task in await ReviewTask.filter(state="open")
    }
    assert await queue.find_next(reviewer, wanted=wanted) == tasks["钱二"].id
    assert await queue.find_next(reviewer, tasks["钱二"].id, wanted) == tasks["李四"].id
    assert (await queue.neighbours(reviewer, tasks["赵一"].id, wanted)).next == tasks["钱二"].id
    assert await queue.find_next(reviewer, wanted=TaskFilter(kind="renewal")) is None


async def test_filters_cost_no_further_statement(reviewer: Actor, queue: ReviewQueue) -> None:
    with count_statements() as plain:
        await queue.overview(reviewer)
    whole = {"region": CITY, "specialty": "A04", "kind": "first", "waiting": 7, "step": "industry", "search": "一"}
    assert whole.keys() | {"overdue"} == {field.name for field in fields(TaskFilter)}
    with count_statements() as filtered:
        await queue.overview(reviewer, TaskFilter(**whole))
    assert len(plain) == len(filtered) == 4, filtered


_MANY = """
INSERT INTO application (id, pool, number, account_id, entry_type, state, state_since, name, name_sort, region,
    region_path, round, step, version, sent_back_fields, expert_number, reason, created_at, ended_at)
SELECT gen_random_uuid(), 'demo', 'SQ' || n, account_id, entry_type, 'entered', now(), name, name_sort, region,
    region_path, 1, 0, 1, '{}', '', '', now(), now()
  FROM application, generate_series(1, 3000) AS n WHERE id = $1
"""
_TASKS = """
INSERT INTO review_task (id, application_id, pool, round, step, step_code, region, specialty, state, opened_at, opinion)
SELECT gen_random_uuid(), id, 'demo', 1, 0, 'industry', '440100', 'A0401', 'open', now(), '' FROM application
 WHERE state = 'entered'
"""


async def test_a_filtered_page_reads_no_whole_table(reviewer: Actor, deps: Deps) -> None:
    application = await Application.filter(name="赵一").first()
    assert application is not None
    await execute(_MANY, application.id)
    await execute(_TASKS)
    for table in ("application", "review_task", "application_specialty"):
        await execute(f"ANALYZE {table}")
    book = deps.book("demo")
    wanted = TaskFilter(region=OTHER_CITY, kind="first", specialty="A04", waiting=1)
    where, values = narrow(*await open_tasks_condition(reviewer, book, deps.now()), wanted, book, deps.now())
    plan = await rows(
        f"EXPLAIN SELECT t.id FROM review_task t WHERE {where} ORDER BY t.opened_at, t.id LIMIT 20", *values
    )
    text = "\n".join(line for row in plan for line in row.values())
    assert "Seq Scan on review_task" not in text, text
    assert "Seq Scan on application p" not in text, text


async def test_a_move_is_found_by_where_it_goes(deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue) -> None:
    old = await make_reviewer(deps, "industry", CITY)
    change = await make_change(deps, region_path=THERE, moves_from=DISTRICT)
    await begin(reviews, deps, change)
    assert len(await tasks_of(change)) == 2
    assert await _names(queue, old, region=OTHER_CITY) == ["苏航"]
    assert await _names(queue, old, region=CITY) == []
