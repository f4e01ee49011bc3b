"""Acts against many experts by a sheet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import InvalidInput
from models.experts import Expert
from models.office_sheets import OfficeSheet
from models.sanctions import Sanction
from services.core.base import Actor, Deps
from services.office.dashboard import OfficeDashboard
from services.office_sheets import SHEET_TTL, OfficeSheets
from services.sanctions import SanctionForm, Sanctions
from tests.factories.assembly import composed
from tests.factories.people import make_expert, make_sanction
from tests.services.office_sheets.conftest import REASON, SheetOffice, make_admin, make_office


@pytest.fixture
def office(sheets: OfficeSheets) -> SheetOffice:
    return make_office(sheets, "sanctions")


async def upload(
    office: SheetOffice, actor: Actor, *experts: Expert, kind: str = "suspension", **more: Any
) -> OfficeSheet:
    form, content = SanctionForm(kind, REASON, **more), office.csv(*(f"{expert.number}," for expert in experts))
    return await OfficeSheet.get(id=await office.sheets.upload(actor, office.act, form, content, "名单.csv"))


async def test_both_persons_are_named_in_each_act(office: SheetOffice, deps: Deps, clock: FixedClock) -> None:
    uploader, other = await make_admin(deps), await make_admin(deps)
    sheet = await upload(office, uploader, *[await make_expert(deps) for _ in range(2)])
    dashboard = composed(OfficeDashboard, deps)
    assert [(each.kind, each.count) for each in await dashboard.list_waiting(other)] == [("sanction_sheets", 1)]
    assert (await office.get(other, sheet.id)).details.period == "确认之时起，解除为止"
    await office.sheets.confirm(other, office.act, sheet.id)
    assert await dashboard.list_waiting(other) == ()
    await office.sheets.work(sheet.id)
    parts = await Sanction.filter(state="imposed").values_list("proposed_by", "decided_by", "reason")
    assert parts == [(uploader.account_id, other.account_id, REASON)] * 2


async def test_a_sheet_that_expired_waits_for_nobody(office: SheetOffice, deps: Deps, clock: FixedClock) -> None:
    await upload(office, await make_admin(deps), await make_expert(deps))
    clock.move(SHEET_TTL)
    assert await composed(OfficeDashboard, deps).list_waiting(await make_admin(deps)) == ()


async def test_who_is_suspended_or_proposed_already_is_told(office: SheetOffice, deps: Deps) -> None:
    good, held, proposed = [await make_expert(deps) for _ in range(3)]
    await make_sanction(held)
    await composed(Sanctions, deps).impose(await make_admin(deps), proposed.id, SanctionForm("suspension", REASON))
    sheet = await upload(office, await make_admin(deps), good, held, proposed)
    told = {line: reason for line, _, reason in sheet.errors}
    assert told == {3: "该专家在这段时间已暂停抽取。", 4: "已有一项同样的处理待确认。"}
    assert [number for _, number, _ in sheet.targets] == [good.number]


@pytest.mark.parametrize("kind", ["warning", "lift", "removal"])
async def test_each_act_by_sheet(office: SheetOffice, deps: Deps, kind: str) -> None:
    suspended, free = [await make_expert(deps) for _ in range(2)]
    await make_sanction(suspended)
    sheet = await upload(office, await make_admin(deps), suspended, free, kind=kind)
    assert sheet.second_person == (kind == "removal")
    assert [error[2] for error in sheet.errors] == (["该专家没有被管理机构暂停抽取。"] if kind == "lift" else [])
    done = await office.run(sheet.id)
    assert (done.state, done.failures) == ("done", [])
    if kind == "lift":
        assert (await Sanction.get()).state == "lifted"
    elif kind == "removal":
        assert not await Expert.filter(left_at=None).exists()
    else:
        assert await Sanction.filter(kind="warning", state="imposed").count() == 2


async def test_the_time_of_the_form_is_kept_until_the_rows_are_done(office: SheetOffice, deps: Deps) -> None:
    today, expert = deps.now().date(), await make_expert(deps)
    days = {"starts_on": today + timedelta(days=2), "ends_on": today + timedelta(days=3)}
    sheet = await upload(office, await make_admin(deps), expert, withdraws_calls=True, **days)
    assert (await office.get(await make_admin(deps), sheet.id)).details.period
    await office.run(sheet.id)
    sanction = await Sanction.get(expert_id=expert.id)
    assert sanction.starts_at is not None
    assert sanction.ends_at is not None
    assert (sanction.ends_at - sanction.starts_at, sanction.withdraws_calls) == (timedelta(days=2), True)


async def test_who_was_suspended_meanwhile_fails_alone(office: SheetOffice, deps: Deps) -> None:
    experts = [await make_expert(deps) for _ in range(3)]
    sheet = await upload(office, await make_admin(deps), *experts)
    await make_sanction(experts[1])
    done = await office.run(sheet.id)
    [[line, number, reason]] = done.failures
    assert (line, number, "该专家已暂停抽取" in reason) == (3, experts[1].number, True)
    assert await Sanction.filter(expert_id=experts[1].id).count() == 1, "nothing is left of a refused row"


async def test_a_form_is_refused_at_the_field_that_is_wrong(office: SheetOffice, deps: Deps, clock: FixedClock) -> None:
    actor, expert, today = await make_admin(deps), await make_expert(deps), clock.now().date()
    for form, field in (
        (SanctionForm("nothing", "因"), "kind"),
        (SanctionForm("lift", " "), "reason"),
        (SanctionForm("lift", "因", ends_on=today), "starts_on"),
        (SanctionForm("suspension", "因", ends_on=today - timedelta(days=9)), "ends_on"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await office.sheets.upload(actor, office.act, form, office.csv(f"{expert.number},"), "a.csv")
        assert [fault.field for fault in refused.value.faults] == [field]
