"""The times in which an expert is not to be drawn."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from models.audit import AuditEntry
from models.experts import Unavailability
from services.core.base import Actor, Deps
from services.experts.availability import Availability
from tests.factories.people import BEGINNING, make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


@pytest.fixture
def availability(deps: Deps) -> Availability:
    return Availability(deps)


@pytest.fixture
async def actor(db: str, deps: Deps) -> Actor:
    account = await make_account(deps)
    expert = await make_expert(deps, account=account)
    return Actor("demo", "expert", account.id, expert.id)


@pytest.fixture
def soon(clock: FixedClock) -> datetime:
    return clock.now() + DAY


async def test_a_time_is_added_listed_and_cancelled(availability: Availability, actor: Actor, soon: datetime) -> None:
    period = await availability.add_unavailability(actor, soon, soon + 3 * DAY, " 出差 ")
    assert (period.reason, period.panels) == ("出差", 0)
    assert await availability.list_unavailability(actor) == [period]
    await availability.cancel_unavailability(actor, period.id)
    await availability.cancel_unavailability(actor, period.id)
    assert await availability.list_unavailability(actor) == []
    assert await AuditEntry.filter(action="expert.available").count() == 1


async def test_a_repeat_adds_once(availability: Availability, actor: Actor, soon: datetime) -> None:
    first = await availability.add_unavailability(actor, soon, soon + DAY, key="talk:4")
    assert await availability.add_unavailability(actor, soon, soon + DAY, key="talk:4") == first
    assert await Unavailability.all().count() == 1


async def test_a_time_that_is_covered_already_is_refused_and_an_overlap_is_accepted(
    availability: Availability, actor: Actor, soon: datetime
) -> None:
    await availability.add_unavailability(actor, soon, soon + 3 * DAY)
    with pytest.raises(Conflict, match="已设置过"):
        await availability.add_unavailability(actor, soon + DAY, soon + 2 * DAY)
    await availability.add_unavailability(actor, soon + 2 * DAY, soon + 5 * DAY)
    assert len(await availability.list_unavailability(actor)) == 2


async def test_times_that_can_t_be_are_refused(availability: Availability, actor: Actor, clock: FixedClock) -> None:
    now = clock.now()
    for starts_at, ends_at, reason in (
        (now + DAY, now + DAY, "晚于开始"),
        (now - 2 * DAY, now - DAY, "已经过去"),
        (now, now + 400 * DAY, "最多设置一年"),
        (now + 800 * DAY, now + 801 * DAY, "两年以内"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            await availability.add_unavailability(actor, starts_at, ends_at)
    with pytest.raises(InvalidInput, match="最多100个字"):
        await availability.add_unavailability(actor, now, now + DAY, "长" * 101)
    with pytest.raises(InvalidInput, match="无法识别"):
        await availability.add_unavailability(actor, now, now + DAY, "a\x00b")


async def test_a_time_that_is_over_is_not_listed(
    availability: Availability, actor: Actor, soon: datetime, clock: FixedClock
) -> None:
    await availability.add_unavailability(actor, soon, soon + DAY)
    clock.move(2 * DAY)
    assert await availability.list_unavailability(actor) == []


async def test_only_formal_experts_of_the_pool_keep_a_schedule(
    availability: Availability, deps: Deps, soon: datetime
) -> None:
    temporary = await make_expert(deps, membership_status="temporary")
    with pytest.raises(Forbidden, match="正式专家"):
        await availability.add_unavailability(Actor("demo", "expert", None, temporary.id), soon, soon + DAY)
    gone = await make_expert(deps, left_at=BEGINNING, active=False)
    for actor in (Actor("demo", "expert", None, gone.id), Actor("guangdong", "expert", None, temporary.id)):
        with pytest.raises(Forbidden, match="不在库中"):
            await availability.list_unavailability(actor)
    with pytest.raises(Forbidden, match="评标专家"):
        await availability.list_unavailability(Actor("demo", "agent", new_id()))


async def test_only_the_owner_withdraws_a_time(
    availability: Availability, actor: Actor, deps: Deps, soon: datetime
) -> None:
    period = await availability.add_unavailability(actor, soon, soon + DAY)
    other = await make_expert(deps)
    with pytest.raises(NotFound):
        await availability.cancel_unavailability(Actor("demo", "expert", None, other.id), period.id)
