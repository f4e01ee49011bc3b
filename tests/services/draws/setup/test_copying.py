"""A draw like the last one (复制上次): what is copied, what the project says, and that every refusal can be mended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, NotFound
from models.draws import (
    AvoidedDraw,
    CallNotice,
    Condition,
    Draw,
    RecusalPerson,
    RecusalUnit,
    Supervisor,
    SupervisorEntry,
)
from models.experts import CatalogueEntry
from models.projects import Lot, Project
from services.core.base import Deps
from services.draws.setup.copying import DrawCopies
from services.draws.setup.forms import CallNoticeForm, ConditionForm, DrawForm
from tests.factories.offices import (
    SUPERVISOR_ENTRY,
    Office,
    add_experts,
    copy_form,
    draw_form,
    make_draw,
    make_office,
    make_supervisor,
    notice_form,
    verify,
)
from tests.services.draws.follow_ups.test_redraws_and_recalls import draw_and_end, redraw_times, submit_and_verify


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def copies(office: Office) -> DrawCopies:
    return DrawCopies(office.deps, office.access, office.setup)


async def other_project(office: Office, **changes: object) -> UUID:
    """A tender of the same agency that has no draw yet."""
    project = await Project.get(id=office.project_id)
    columns = {name: getattr(project, name) for name in project._meta.db_fields if name != "id"}
    return (await Project.create(**{**columns, "name": "另一座大桥", **changes})).id


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
    new_id = await copies.copy(office.agency, old_id, copy_form(await other_project(office), "另一座大桥评标"))
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
    same_day = await Draw.get(
        id=await copies.copy(office.agency, old_id, copy_form(await other_project(office), "同日"))
    )
    assert same_day.starts_at == old.starts_at
    clock.move(timedelta(days=9, hours=3))
    copied = await copies.copy(office.agency, old_id, copy_form(await other_project(office), "十日后"))
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
        await copies.copy(office.agency, old_id, copy_form(office.project_id, "又一次"))
    assert await Draw.all().count() == 1


async def test_strangers_cannot_copy_and_cannot_tell_whether_there_is_something_to_copy(
    office: Office, copies: DrawCopies
) -> None:
    old_id = await finished_draw(office)
    with pytest.raises((Forbidden, NotFound)):
        await copies.copy(office.supervisor, old_id, copy_form(await other_project(office), "越权"))
    with pytest.raises(NotFound):
        await copies.copy(office.agency, UUID(int=7), copy_form(await other_project(office), "没有"))


# ---- what belongs to the project


@pytest.mark.parametrize(("earlier", "project"), [(True, False), (False, True)])
async def test_whether_a_draw_is_on_site_comes_from_the_new_project(
    office: Office, copies: DrawCopies, earlier: bool, project: bool
) -> None:
    old_id = await make_draw(office, on_site=earlier)
    await Draw.filter(id=old_id).update(finished_at=office.deps.now())
    number = "20261121000000000002" if project else ""
    other = await other_project(office, on_site=project, number=number)
    new_id = await copies.copy(office.agency, old_id, copy_form(other, "另一座大桥评标", on_site=project))
    assert (await Draw.get(id=new_id)).on_site is project
    await verify(office, new_id)


async def test_a_copy_of_a_redraw_does_not_recuse_the_earlier_panel_on_another_lot(
    office: Office, copies: DrawCopies
) -> None:
    await add_experts(office, 9)
    lots = [await Lot.create(project_id=office.project_id, name=name, position=n) for n, name in enumerate("甲乙", 1)]
    chosen = await finished_draw_elsewhere(office)
    old_id = await end_with_panel_on(office, lots[0].id, avoided=(chosen,))
    redraw = await office.redraws.redraw(office.agency, old_id, redraw_times(office))
    assert {old_id, chosen} == {row.earlier_id for row in await AvoidedDraw.filter(draw_id=redraw)}
    await submit_and_verify(office, redraw)
    await draw_and_end(office, redraw)
    copy = await copies.copy(office.agency, redraw, copy_form(office.project_id, "乙标段评标", lots=(lots[1].id,)))
    assert [row.earlier_id for row in await AvoidedDraw.filter(draw_id=copy)] == [chosen], "what the agency chose stays"


async def finished_draw_elsewhere(office: Office) -> UUID:
    """An activity of another project whose experts the agency wants to avoid."""
    own, office.project_id = office.project_id, await other_project(office)
    draw_id = await make_draw(office)
    await Draw.filter(id=draw_id).update(finished_at=office.deps.now())
    office.project_id = own
    return draw_id


async def end_with_panel_on(office: Office, lot: UUID, *, avoided: tuple[UUID, ...]) -> UUID:
    """A draw of one lot whose panel has met and which has ended."""
    form = replace(draw_form(office), lots=(lot,), avoided_draws=avoided)
    draw_id = await office.setup.create(office.agency, form)
    notice = await office.setup.add_call_notice(office.agency, draw_id, notice_form(office))
    condition = ConditionForm(notice, "permanent", ("440100",), "A08", 2)
    await office.setup.add_condition(office.agency, draw_id, condition)
    await verify(office, draw_id)
    await draw_and_end(office, draw_id)
    return draw_id


# ---- every copy saves, or names a field that can be mended

Change = Callable[[Office, UUID], Awaitable[None]]


async def supervisor_left(office: Office, draw_id: UUID) -> None:
    await SupervisorEntry.filter(id=SUPERVISOR_ENTRY).update(active_until=office.deps.now())
    await make_supervisor(office.deps, "13900003333", id=UUID(int=0x33))


async def venue_closed(office: Office, draw_id: UUID) -> None:
    await CallNotice.filter(draw_id=draw_id).update(venue="已停用的评标室")


async def contact_is_the_operator(office: Office, draw_id: UUID) -> None:
    await CallNotice.filter(draw_id=draw_id).update(contact=draw_form(office).operator_name)


async def address_incomplete(office: Office, draw_id: UUID) -> None:
    await CallNotice.filter(draw_id=draw_id).update(address="天润路")


async def specialty_ended(office: Office, draw_id: UUID) -> None:
    await CatalogueEntry.filter(kind="specialty", code="A08").update(ends_on=office.deps.now().date())


async def region_mode_gone(office: Office, draw_id: UUID) -> None:
    await Condition.filter(draw_id=draw_id).update(region_mode="somewhere")


async def operator_erased(office: Office, draw_id: UUID) -> None:
    keys = office.deps.keys
    await Draw.filter(id=draw_id).update(
        operator_phone_sealed=keys.seal("", "phone"), operator_id_sealed=keys.seal("", "id_number")
    )


async def too_many_experts(office: Office, draw_id: UUID) -> None:
    await Draw.filter(id=draw_id).update(needed=500)


async def emergency_alone(office: Office, draw_id: UUID) -> None:
    await Condition.filter(draw_id=draw_id).update(emergency=True)
    cast(FixedClock, office.deps.clock).move(timedelta(hours=8))


CHANGES: tuple[Change, ...] = (
    supervisor_left,
    venue_closed,
    contact_is_the_operator,
    address_incomplete,
    specialty_ended,
    region_mode_gone,
    operator_erased,
    too_many_experts,
    emergency_alone,
)
NUMBERS = {"fit for a centre": "20261121000000000002", "too short": "A-1", "none": ""}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("on_site", [True, False])
@pytest.mark.parametrize("change", CHANGES)
async def test_every_copy_saves_or_names_a_field_that_can_be_mended(
    office: Office, copies: DrawCopies, change: Change, on_site: bool, number: str
) -> None:
    """First the fields of the new draw's form are mended that are named, then those of notices and conditions at the
    submission: both ways end with a submitted draw."""
    old_id = await make_draw(office, on_site=on_site)
    await Draw.filter(id=old_id).update(finished_at=office.deps.now())
    await change(office, old_id)
    project = await other_project(office, number=NUMBERS[number])
    new_id = await copy_and_mend(office, copies, old_id, copy_form(project, "另一座大桥评标", on_site=on_site))
    await submit_and_mend(office, new_id)
    assert (await Draw.get(id=new_id)).state == "submitted"


def mended(office: Office) -> dict[str, object]:
    """Values of the basic data that are always accepted."""
    good = draw_form(office)
    values = {field.name: getattr(good, field.name) for field in fields(DrawForm)}
    return {**values, "supervisors": (UUID(int=0x33),), "on_site": False}


async def copy_and_mend(office: Office, copies: DrawCopies, old_id: UUID, form: DrawForm) -> UUID:
    refusal: AppError | None = None
    try:
        return await copies.copy(office.agency, old_id, form)
    except AppError as error:
        refusal = error
    named = [fault.field for fault in refusal.faults]
    assert all(field in mended(office) for field in named), refusal.message
    together = ("operator_name", "operator_phone", "operator_id_number", "opening_at", "starts_at", "ends_at")
    wanted = {*named, *(name for name in together if any(name[:2] == str(field)[:2] for field in named))}
    values = {field.name: getattr(form, field.name) for field in fields(DrawForm)}
    return await copies.copy(
        office.agency, old_id, DrawForm(**{**values, **{name: mended(office)[str(name)] for name in wanted}})
    )


async def submit_and_mend(office: Office, draw_id: UUID) -> None:
    """Mend what the refusals of the submission name, on the pages of notices, conditions and basic data."""
    agency, terminal = office.agency, office.deps.book("demo").draw.terminals[0]
    for _ in range(4):
        try:
            await office.setup.submit(agency, draw_id, terminal, "请核验")
            return
        except AppError as refusal:
            named = {str(fault.field) for fault in refusal.faults}
            await mend_parts(office, draw_id, named)
    raise AssertionError(named)


async def mend_parts(office: Office, draw_id: UUID, named: set[str]) -> None:
    agency, draw = office.agency, await Draw.get(id=draw_id)
    notices = {field.name for field in fields(CallNoticeForm)}
    assert named <= notices | {"conditions", "emergency"}, named
    call_notice = await CallNotice.get(draw_id=draw_id)
    if named & notices:
        form = replace(notice_form(office), gathering_at=draw.starts_at - timedelta(hours=1))
        await office.setup.edit_call_notice(agency, draw_id, call_notice.id, form)
    if named & {"conditions", "emergency"}:
        for condition in await Condition.filter(draw_id=draw_id):
            await office.setup.remove_condition(agency, draw_id, condition.id)
        specialty = "A01" if await CatalogueEntry.exists(code="A08", ends_on__isnull=False) else "A08"
        condition_form = ConditionForm(call_notice.id, "permanent", ("440100",), specialty, draw.needed)
        await office.setup.add_condition(agency, draw_id, condition_form)
