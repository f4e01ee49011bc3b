"""为什么没有抽到我: what counts as a draw that was open to an expert, and what nobody learns from the count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden
from models.draws import Condition, Draw
from models.experts import Expert
from models.organisations import Organisation
from services.core.base import Actor, Deps, execute
from services.draws.call_order.eligibility import find_eligible, no_recusals
from services.expert_file_views.drawing_chances import DrawingChances, OwnChances
from tests.drivers.plans import Plans, record_queries
from tests.factories.draws import make_condition, make_draw, make_invitation, make_project
from tests.factories.people import make_account, make_expert, make_organisation

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)
LAST_MONTH = datetime(2026, 10, 20, 1, 0, tzinfo=UTC)
ENTERED = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
async def expert(db: str, deps: Deps) -> Expert:
    return await make_expert(deps, account=await make_account(deps), created_at=ENTERED, willing_regions=["440100"])


@pytest.fixture
async def organisation(db: str) -> Organisation:
    return await make_organisation()


async def read(deps: Deps, expert: Expert) -> DrawingChances:
    return await OwnChances(deps).read(Actor("demo", "expert", expert.account_id, expert.id))


async def add_draw(
    deps: Deps, organisation: Organisation, *, at: datetime = LAST_MONTH, state: str = "ended", **condition: Any
) -> Draw:
    """A draw for an expert of the district, in the specialty of ``make_expert``."""
    times = {"started_at": at - DAY, "finished_at": at - DAY, "ended_at": at + DAY / 3} if state == "ended" else {}
    project = await make_project(organisation.id, (await make_account(deps)).id)
    draw = await make_draw(project, starts_at=at, state=state, **times)
    await make_condition(draw, **{"specialty": "A0401", "regions": ["440100"]} | condition)
    return draw


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        ({}, True),
        ({"specialty": "A04"}, True),
        ({"specialty": "A05"}, False),
        ({"regions": ["440106"]}, True),
        ({"regions": ["440300"]}, False),
        ({"region_mode": "willing", "regions": ["440103"]}, True),
        ({"region_mode": "willing", "regions": ["440303"]}, False),
        ({"title_level": "senior"}, False),
        ({"qualification": "Q02"}, False),
        ({"department": "D1"}, False),
        ({"emergency": True}, False),
    ],
)
async def test_a_draw_counts_where_the_expert_meets_a_condition(
    deps: Deps, expert: Expert, organisation: Organisation, condition: dict[str, Any], counts: bool
) -> None:
    """As the draw itself finds him."""
    draw = await add_draw(deps, organisation, **condition)
    chances = await read(deps, expert)
    assert (chances.has_matches, chances.matches) == (counts, "少于5场" if counts else "没有")
    [wanted] = await Condition.filter(draw_id=draw.id).select_related("notice")
    eligible = await find_eligible(
        draw, wanted, wanted.notice, wanted.specialty, no_recusals(draw), deps.book("demo"), deps.now()
    )
    assert set(eligible) == ({expert.id} if counts else set())


async def test_of_several_conditions_of_a_draw_each_expert_meets_it_counts_once(
    deps: Deps, expert: Expert, organisation: Organisation
) -> None:
    for _ in range(4):
        draw = await add_draw(deps, organisation)
        await make_condition(draw, specialty="A04", regions=["440106"])
    assert (await read(deps, expert)).matches == "少于5场"
    await add_draw(deps, organisation)
    assert (await read(deps, expert)).matches == "5至9场"


async def test_his_own_calls_of_these_months_are_counted(
    deps: Deps, expert: Expert, organisation: Organisation
) -> None:
    draw = await add_draw(deps, organisation)
    await make_invitation(draw, expert, state="declined")
    assert (await read(deps, expert)).calls == 1


# ---- what nobody learns


@pytest.fixture
async def nothing_yet(deps: Deps, expert: Expert) -> DrawingChances:
    return await read(deps, expert)


@pytest.mark.parametrize("state", ["editing", "verified", "committing", "drawing", "paused", "ending", "completed"])
async def test_a_draw_that_goes_on_changes_no_answer(
    deps: Deps, expert: Expert, organisation: Organisation, nothing_yet: DrawingChances, state: str
) -> None:
    """Also one that began months ago, and one that has called this expert."""
    draw = await add_draw(deps, organisation, state=state)
    await Draw.filter(id=draw.id).update(started_at=LAST_MONTH)
    await make_invitation(draw, expert, state="open")
    assert await read(deps, expert) == nothing_yet


async def test_a_draw_that_ended_this_month_counts_from_the_next_on(
    deps: Deps, expert: Expert, organisation: Organisation, clock: FixedClock, nothing_yet: DrawingChances
) -> None:
    """So a count that was read before and after an hour tells nothing of that hour."""
    await add_draw(deps, organisation, at=deps.now() - DAY)
    assert await read(deps, expert) == nothing_yet
    clock.set(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))
    assert await read(deps, expert) == nothing_yet
    clock.set(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    assert (await read(deps, expert)).has_matches


async def test_one_that_was_called_off_counts_only_once_it_is_unsealed(
    deps: Deps, expert: Expert, organisation: Organisation, nothing_yet: DrawingChances
) -> None:
    draw = await add_draw(deps, organisation)
    await Draw.filter(id=draw.id).update(state="terminated", starts_at=deps.now() + DAY, ends_at=deps.now() + 2 * DAY)
    assert await read(deps, expert) == nothing_yet


async def test_draws_of_other_pools_and_recalls_count_for_nothing(
    deps: Deps, expert: Expert, organisation: Organisation, nothing_yet: DrawingChances
) -> None:
    first = await add_draw(deps, organisation, specialty="A05")
    for changed in ({"pool": "guangdong"}, {"kind": "recall", "original_id": first.id}, {"started_at": None}):
        draw = await add_draw(deps, organisation)
        await Draw.filter(id=draw.id).update(**changed)
    assert await read(deps, expert) == nothing_yet


async def test_who_is_no_expert_in_the_pool_learns_nothing(deps: Deps, expert: Expert) -> None:
    await Expert.filter(id=expert.id).update(left_at=deps.now())
    with pytest.raises(Forbidden):
        await read(deps, expert)
    with pytest.raises(Forbidden):
        await OwnChances(deps).read(Actor("demo", "applicant", expert.account_id))


async def test_draws_of_other_specialties_are_not_read(
    db: str, deps: Deps, expert: Expert, organisation: Organisation
) -> None:
    for _ in range(60):
        await add_draw(deps, organisation, specialty="A0999")
    await add_draw(deps, organisation)
    await execute("ANALYZE draw, draw_condition, invitation")
    with record_queries() as queries:
        await read(deps, expert)
    plans = await Plans.of(db)
    try:
        touched = [await plans.count(query) for query in queries.sent]
    finally:
        await plans.close()
    assert sum(each.rows for each in touched) < 30, "\n".join(map(str, touched))
