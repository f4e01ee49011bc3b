"""Acts against many experts by a sheet: checked, confirmed, and done row by row."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound
from models.experts import Expert
from models.notices import Notice
from models.sanctions import Sanction, SanctionSheet
from services.core.base import Actor, Deps, rows
from services.office.dashboard import OfficeDashboard
from services.sanctions import SanctionForm, Sanctions
from services.sanctions.sanction_sheets import SHEET_TTL, SILENT, SanctionSheets
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_expert, make_sanction

HEADING = "专家编号,身份证号"
FORM = SanctionForm("suspension", "未按规定参加继续教育")


@pytest.fixture
def sheets(db: str, deps: Deps) -> SanctionSheets:
    return composed(SanctionSheets, deps)


async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


def csv(*lines: str) -> bytes:
    return "\n".join([HEADING, *lines]).encode()


async def uploaded(
    sheets: SanctionSheets, actor: Actor, *lines: str, kind: str = "suspension", **more: Any
) -> SanctionSheet:
    form = SanctionForm(kind, FORM.reason, **more)
    return await SanctionSheet.get(id=await sheets.upload(actor, csv(*lines), "名单.csv", form))


async def run(sheets: SanctionSheets, sheet: SanctionSheet) -> SanctionSheet:
    """Confirm it, and let the worker do it."""
    await sheets.confirm(await admin(sheets.deps), sheet.id)
    await sheets.work(sheet.id)
    return await SanctionSheet.get(id=sheet.id)


async def test_a_sheet_is_checked_confirmed_by_another_and_done(
    sheets: SanctionSheets, deps: Deps, clock: FixedClock
) -> None:
    first, second, third = [await make_expert(deps) for _ in range(3)]
    id_number = deps.keys.open_text(second.id_number_sealed, "id_number")
    uploader = await admin(deps)
    sheet = await uploaded(sheets, uploader, f"{first.number},", f",{id_number}", f"{third.number},")
    view = await sheets.get(uploader, sheet.id)
    assert (view.rows, view.errors, view.second_person, view.may_confirm) == (3, (), True, False)
    assert view.numbers == (first.number, second.number, third.number)
    assert not await Sanction.exists()
    with pytest.raises(Conflict, match="上传的人不能自己确认"):
        await sheets.confirm(uploader, sheet.id)
    other = await admin(deps)
    waiting = await composed(OfficeDashboard, deps).list_waiting(other)
    assert [(each.kind, each.count) for each in waiting] == [("sanction_sheets", 1)]
    assert (await sheets.get(other, sheet.id)).may_confirm
    for _ in range(2):
        await sheets.confirm(other, sheet.id)
    jobs = "SELECT count(*)::int AS n FROM procrastinate_jobs WHERE task_name = 'sanctions.sheet'"
    assert (await rows(jobs))[0]["n"] == 1
    with pytest.raises(Conflict, match="正在办理或已经办理"):
        await sheets.drop(other, sheet.id)
    clock.move(SILENT + timedelta(seconds=1))
    assert (await sheets.get(other, sheet.id)).silent
    for _ in range(2):
        await sheets.work(sheet.id)
    done = await sheets.get(other, sheet.id)
    assert (done.state, done.done, done.failures) == ("done", 3, ())
    parts = {(each.proposed_by, each.decided_by, each.reason) for each in await Sanction.filter(state="imposed")}
    assert parts == {(uploader.account_id, other.account_id, FORM.reason)}
    assert await Notice.filter(kind="sanction_imposed").count() == await Sanction.all().count() == 3


async def test_every_row_that_cannot_be_dealt_with_is_told_and_the_others_are_done(
    sheets: SanctionSheets, deps: Deps
) -> None:
    good, left, held, proposed, own = [await make_expert(deps) for _ in range(5)]
    await make_expert(deps, number="GD1", pool="guangdong")
    uploader = await admin(deps)
    await Expert.filter(id=left.id).update(left_at=deps.now())
    await Expert.filter(id=own.id).update(account_id=uploader.account_id)
    await make_sanction(held)
    await composed(Sanctions, deps).impose(await admin(deps), proposed.id, FORM)
    id_number = deps.keys.open_text(good.id_number_sealed, "id_number")
    lines = ["没有这个编号,", "GD1,", ",11010519491231002Y", f"{good.number},", f",{id_number}", f"{left.number},"]
    lines += [f"{held.number},", f"{proposed.number},", f"{own.number},", f"{left.number},{id_number}", "字" * 40 + ","]
    sheet = await uploaded(sheets, uploader, *lines)
    told = {error[0]: error[2] for error in sheet.errors}
    reasons = {
        2: "没有这位专家",
        3: "没有这位专家",
        4: "不是有效的身份证号",
        6: "与第5行重复",
        7: "已退库",
        8: "已暂停抽取",
        9: "待确认",
        10: "对自己",
        11: "不是同一位专家",
        12: "最多32个字符",
    }
    assert told.keys() == reasons.keys()
    assert [line for line, reason in reasons.items() if reason not in told[line]] == []
    assert [number for _, number, _ in sheet.targets] == [good.number]
    done = await run(sheets, sheet)
    assert (done.state, done.done, done.failures) == ("done", 1, [])
    assert await Sanction.filter(expert_id=good.id, state="imposed").exists()


@pytest.mark.parametrize("kind", ["warning", "lift", "removal"])
async def test_each_act_by_sheet(sheets: SanctionSheets, deps: Deps, kind: str) -> None:
    suspended, free = [await make_expert(deps) for _ in range(2)]
    await make_sanction(suspended)
    sheet = await uploaded(sheets, await admin(deps), f"{suspended.number},", f"{free.number},", kind=kind)
    assert sheet.second_person == (kind == "removal")
    assert [error[2] for error in sheet.errors] == (["该专家没有被管理机构暂停抽取。"] if kind == "lift" else [])
    done = await run(sheets, sheet)
    assert (done.state, done.failures) == ("done", [])
    if kind == "lift":
        assert (await Sanction.get()).state == "lifted"
    elif kind == "removal":
        assert not await Expert.filter(left_at=None).exists()
    else:
        assert await Sanction.filter(kind="warning", state="imposed").count() == 2


async def test_what_changed_since_the_check_fails_alone(sheets: SanctionSheets, deps: Deps) -> None:
    first, second, third = [await make_expert(deps) for _ in range(3)]
    sheet = await uploaded(sheets, await admin(deps), *(f"{each.number}," for each in (first, second, third)))
    await make_sanction(second)
    done = await run(sheets, sheet)
    assert (done.state, done.done) == ("done", 3)
    [[line, number, reason]] = done.failures
    assert (line, number, "该专家已暂停抽取" in reason) == (3, second.number, True)
    assert await Sanction.filter(expert_id__in=[first.id, third.id], state="imposed").count() == 2
    assert await Sanction.filter(expert_id=second.id).count() == 1, "nothing is left of a refused row"


async def test_a_worker_that_dies_goes_on_behind_the_last_row_and_two_never_do_one_twice(
    sheets: SanctionSheets, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    experts = [await make_expert(deps) for _ in range(4)]
    sheet = await uploaded(sheets, await admin(deps), *(f"{each.number}," for each in experts))
    await sheets.confirm(await admin(deps), sheet.id)
    impose, calls = Sanctions.impose_confirmed, 0

    async def die_at_the_third(self: Sanctions, *terms: Any) -> None:
        nonlocal calls
        calls += 1
        await impose(self, *terms)
        if calls == 3:
            raise ConnectionError("killed before the commit")

    monkeypatch.setattr(Sanctions, "impose_confirmed", die_at_the_third)
    with pytest.raises(ConnectionError):
        await sheets.work(sheet.id)
    assert (await SanctionSheet.get(id=sheet.id)).done == await Sanction.all().count() == 2
    await asyncio.gather(sheets.work(sheet.id), sheets.work(sheet.id))
    done = await SanctionSheet.get(id=sheet.id)
    assert (done.state, done.done, done.failures) == ("done", 4, [])
    assert await Sanction.all().count() == await Notice.filter(kind="sanction_imposed").count() == 4


async def test_what_is_no_sheet_or_no_form_is_refused(sheets: SanctionSheets, deps: Deps, clock: FixedClock) -> None:
    actor, expert = await admin(deps), await make_expert(deps)
    for form, field in (
        (SanctionForm("nothing", "因"), "kind"),
        (SanctionForm("lift", " "), "reason"),
        (SanctionForm("lift", "因", ends_on=clock.now().date()), "starts_on"),
        (SanctionForm("suspension", "因", ends_on=clock.now().date() - timedelta(days=9)), "ends_on"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await sheets.upload(actor, csv(f"{expert.number},"), "a.csv", form)
        assert [fault.field for fault in refused.value.faults] == [field]
    for content in ("姓名\n张三".encode(), b"\xd0\xcf\x11\xe0", b""):
        with pytest.raises(InvalidInput) as refused:
            await sheets.upload(actor, content, "a.xls", FORM)
        assert refused.value.field == "file"
    empty = await uploaded(sheets, actor, "没有,")
    with pytest.raises(Conflict, match="没有可以办理的人"):
        await sheets.confirm(await admin(deps), empty.id)
    sheet = await uploaded(sheets, actor, f"{expert.number},")
    stranger = Actor("guangdong", "pool_admin", actor.account_id)
    for act in (sheets.confirm, sheets.drop, sheets.get):
        with pytest.raises(NotFound):
            await act(stranger, sheet.id)
    clock.move(SHEET_TTL)
    with pytest.raises(Conflict, match="超过7天"):
        await sheets.confirm(await admin(deps), sheet.id)
    for _ in range(2):
        await sheets.drop(actor, sheet.id)
    assert [view.state for view in await sheets.latest(actor)] == ["dropped", "checked"]
