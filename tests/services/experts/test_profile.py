"""An expert's own file and the times in which he is not to be drawn."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from models.audit import AuditEntry
from models.experts import CatalogueEntry, Employment, Unavailability
from services.core.base import Actor, Deps
from services.experts.profile import ExpertProfiles
from tests.factories.people import BEGINNING, make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


@pytest.fixture
def experts(deps: Deps) -> ExpertProfiles:
    return ExpertProfiles(deps)


@pytest.fixture
async def actor(db: str, deps: Deps) -> Actor:
    account = await make_account(deps)
    expert = await make_expert(deps, account=account)
    return Actor("demo", "expert", account.id, expert.id)


@pytest.fixture
def soon(clock: FixedClock) -> datetime:
    return clock.now() + DAY


async def test_one_s_own_file_is_masked_and_in_words(experts: ExpertProfiles, deps: Deps) -> None:
    await CatalogueEntry.create(pool="demo", kind="specialty", code="A0401", name="建筑工程")
    await CatalogueEntry.create(pool="demo", kind="qualification", code="Q0201", name="一级注册建筑师", parent="Q02")
    expert = await make_expert(deps, "13800009999", id_number="11010519491231002X", qualifications=["Q02", "Q0201"])
    await Employment.create(expert_id=expert.id, unit_name="现单位", since=BEGINNING)
    await Employment.create(expert_id=expert.id, unit_name="旧单位", until=BEGINNING)
    profile = await experts.profile(Actor("demo", "expert", None, expert.id))
    assert (profile.masked_name, profile.masked_id_number, profile.masked_mobile) == (
        "欧**",
        "1101***002X",
        "138****9999",
    )
    assert [(named.code, named.name) for named in profile.specialties] == [("A0401", "建筑工程")]
    assert [named.code for named in profile.qualifications] == ["Q0201"]
    assert profile.employers == ("现单位",)
    shown = repr(profile)
    assert "欧阳锋" not in shown
    assert "13800009999" not in shown


async def test_a_time_is_added_listed_and_taken_back(experts: ExpertProfiles, actor: Actor, soon: datetime) -> None:
    period = await experts.add_unavailability(actor, soon, soon + 3 * DAY, " 出差 ")
    assert (period.reason, period.panels) == ("出差", 0)
    assert await experts.list_unavailability(actor) == [period]
    await experts.cancel_unavailability(actor, period.id)
    await experts.cancel_unavailability(actor, period.id)
    assert await experts.list_unavailability(actor) == []
    assert await AuditEntry.filter(action="expert.available").count() == 1


async def test_a_repeat_adds_once(experts: ExpertProfiles, actor: Actor, soon: datetime) -> None:
    first = await experts.add_unavailability(actor, soon, soon + DAY, key="talk:4")
    assert await experts.add_unavailability(actor, soon, soon + DAY, key="talk:4") == first
    assert await Unavailability.all().count() == 1


async def test_a_time_that_is_covered_already_is_refused_and_an_overlap_is_accepted(
    experts: ExpertProfiles, actor: Actor, soon: datetime
) -> None:
    await experts.add_unavailability(actor, soon, soon + 3 * DAY)
    with pytest.raises(Conflict, match="已设置过"):
        await experts.add_unavailability(actor, soon + DAY, soon + 2 * DAY)
    await experts.add_unavailability(actor, soon + 2 * DAY, soon + 5 * DAY)
    assert len(await experts.list_unavailability(actor)) == 2


async def test_times_that_can_t_be_are_refused(experts: ExpertProfiles, actor: Actor, clock: FixedClock) -> None:
    now = clock.now()
    for starts_at, ends_at, reason in (
        (now + DAY, now + DAY, "晚于开始"),
        (now - 2 * DAY, now - DAY, "已经过去"),
        (now, now + 400 * DAY, "最多设置一年"),
        (now + 800 * DAY, now + 801 * DAY, "两年以内"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            await experts.add_unavailability(actor, starts_at, ends_at)
    with pytest.raises(InvalidInput, match="最多100个字"):
        await experts.add_unavailability(actor, now, now + DAY, "长" * 101)
    with pytest.raises(InvalidInput, match="无法识别"):
        await experts.add_unavailability(actor, now, now + DAY, "a\x00b")


async def test_a_time_that_is_over_is_not_listed(
    experts: ExpertProfiles, actor: Actor, soon: datetime, clock: FixedClock
) -> None:
    await experts.add_unavailability(actor, soon, soon + DAY)
    clock.move(2 * DAY)
    assert await experts.list_unavailability(actor) == []


async def test_only_formal_experts_of_the_pool_keep_a_schedule(
    experts: ExpertProfiles, deps: Deps, soon: datetime
) -> None:
    temporary = await make_expert(deps, membership_status="temporary")
    with pytest.raises(Forbidden, match="正式专家"):
        await experts.add_unavailability(Actor("demo", "expert", None, temporary.id), soon, soon + DAY)
    gone = await make_expert(deps, left_at=BEGINNING, active=False)
    for actor in (Actor("demo", "expert", None, gone.id), Actor("guangdong", "expert", None, temporary.id)):
        with pytest.raises(Forbidden, match="不在库中"):
            await experts.profile(actor)
    with pytest.raises(Forbidden, match="评标专家"):
        await experts.list_unavailability(Actor("demo", "agent", new_id()))


async def test_only_the_owner_withdraws_a_time(
    experts: ExpertProfiles, actor: Actor, deps: Deps, soon: datetime
) -> None:
    period = await experts.add_unavailability(actor, soon, soon + DAY)
    other = await make_expert(deps)
    with pytest.raises(NotFound):
        await experts.cancel_unavailability(Actor("demo", "expert", None, other.id), period.id)
