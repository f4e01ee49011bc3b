"""A draw like the last one (复制上次): copied fields, and the proposed times."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, NotFound
from models.draws import AvoidedDraw, CallNotice, Condition, Draw, RecusalPerson, RecusalUnit, Supervisor
from models.projects import Project
from services.core.base import Deps
from services.draws.setup.copying import DrawCopies
from tests.factories.offices import Office, make_draw, make_office, verify


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def copies(office: Office) -> DrawCopies:
    return DrawCopies(office.deps, office.access, office.setup)


async def other_project(office: Office) -> UUID:
    """A tender of the same agency that has no draw yet."""
    project = await Project.get(id=office.project_id)
    columns = {name: getattr(project, name) for name in project._meta.db_fields if name != "id"}
    return (await Project.create(**{**columns, "name": "另一座大桥"})).id


async def finished_draw(office: Office) -> UUID:
    draw_id = await make_draw(office)
    await RecusalUnit.create(draw_id=draw_id, name="投标第一公司", reason="投标人", evidence="投标文件")
    await RecusalPerson.create(draw_id=draw_id, name="钱某", unit_name="投标第一公司", reason="投标人", evidence="名单")
    await Draw.filter(id=draw_id).update(finished_at=office.deps.now())
    await AvoidedDraw.create(draw_id=draw_id, earlier_id=draw_id)
    return draw_id


async def test_a_copy_has_all_that_was_filled_in_and_can_be_handed_in_at_once(
    office: Office, copies: DrawCopies
) -> None:
    old_id = await finished_draw(office)
    new_id = await copies.copy(office.agency, old_id, await other_project(office), (), "另一座大桥评标")
    old, new = await Draw.get(id=old_id), await Draw.get(id=new_id)
    assert (new.name, new.state, new.needed, new.operator_name) == ("另一座大桥评标", "editing", 2, old.operator_name)
    assert new.number != old.number
    for part, facts in (
        (Condition, ("specialty", "planned", "regions", "region_mode")),
        (CallNotice, ("venue", "address", "contact", "remark")),
        (Supervisor, ("entry_id", "name", "mobile_hash")),
        (AvoidedDraw, ("earlier_id",)),
        (RecusalPerson, ("name", "unit_name", "reason", "evidence")),
    ):
        values = [[row[key] for key in facts] for row in await part.filter(draw_id=new_id).values()]
        assert values == [[row[key] for key in facts] for row in await part.filter(draw_id=old_id).values()] != []
    assert await RecusalUnit.filter(draw_id=new_id, name="投标第一公司", fixed=False).count() == 1
    assert await RecusalUnit.filter(draw_id=new_id, fixed=True).exists()
    await verify(office, new_id)


async def test_times_keep_their_hour_and_move_to_days_that_lie_ahead(
    office: Office, copies: DrawCopies, clock: FixedClock
) -> None:
    old_id = await finished_draw(office)
    old = await Draw.get(id=old_id)
    same_day = await Draw.get(id=await copies.copy(office.agency, old_id, await other_project(office), (), "同日"))
    assert same_day.starts_at == old.starts_at
    clock.move(timedelta(days=9, hours=3))
    copied = await copies.copy(office.agency, old_id, await other_project(office), (), "十日后")
    later = await Draw.get(id=copied)
    moved = later.starts_at - old.starts_at
    assert moved == timedelta(days=moved.days)
    assert moved == later.ends_at - old.ends_at == later.opening_at - old.opening_at
    notice = await CallNotice.get(draw_id=copied)
    lead = office.deps.book("demo").draw.calling.stop_before_gathering
    assert timedelta() < notice.gathering_at - (clock.now() + lead) <= timedelta(days=1)


async def test_a_copy_into_a_project_that_has_its_draw_is_refused_and_leaves_nothing(
    office: Office, copies: DrawCopies
) -> None:
    old_id = await finished_draw(office)
    with pytest.raises(Conflict):
        await copies.copy(office.agency, old_id, office.project_id, (), "又一次")
    assert await Draw.all().count() == 1


async def test_strangers_cannot_copy_and_cannot_tell_whether_there_is_something_to_copy(
    office: Office, copies: DrawCopies
) -> None:
    old_id = await finished_draw(office)
    with pytest.raises((Forbidden, NotFound)):
        await copies.copy(office.supervisor, old_id, await other_project(office), (), "越权")
    with pytest.raises(NotFound):
        await copies.copy(office.agency, UUID(int=7), await other_project(office), (), "没有")
