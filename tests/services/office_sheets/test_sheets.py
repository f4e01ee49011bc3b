"""What sheets of all kinds have in common: checked, confirmed, and done row by row."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from models.audit import AuditEntry
from models.experts import Expert
from models.notices import Notice
from models.office_sheets import OfficeSheet
from services.core.base import Actor, rows
from services.office_sheets.sheets import SHEET_TTL, SILENT
from tests.services.office_sheets.conftest import KINDS, REASON, SheetOffice, make_admin, make_member, make_office


async def test_a_sheet_is_checked_confirmed_and_done(office: SheetOffice, clock: FixedClock) -> None:
    deps, sheets = office.deps, office.sheets
    first, second, third = [await make_member(deps) for _ in range(3)]
    id_number = deps.keys.open_text(second.id_number_sealed, "id_number")
    copied = f"{id_number[:6]} {id_number[6:14]}-{id_number[14:]}".lower()
    uploader, other = await make_admin(deps), await make_admin(deps)
    sheet_id = await office.upload(uploader, f"{first.number},", f",{copied}", f"{third.number},")
    view = await office.get(uploader, sheet_id)
    assert (view.state, view.rows, view.errors, view.reason) == ("checked", 3, (), REASON)
    assert view.numbers == (first.number, second.number, third.number)
    assert (view.may_confirm, view.waits_for_other) == (office.act.kind == "terms", office.act.kind == "sanctions")
    seen_by_other = await office.get(other, sheet_id)
    assert (seen_by_other.may_confirm, seen_by_other.waits_for_other) == (True, False)
    assert not await Notice.exists()
    for _ in range(2):
        await sheets.confirm(other, office.act, sheet_id)
    jobs = "SELECT args->>'sheet_id' AS id FROM procrastinate_jobs WHERE task_name = 'office_sheets.work'"
    assert [row["id"] for row in await rows(jobs)] == [str(sheet_id)]
    with pytest.raises(Conflict, match="正在办理或已经办理"):
        await sheets.drop(other, office.act, sheet_id)
    assert not (await office.get(other, sheet_id)).silent
    clock.move(SILENT + timedelta(seconds=1))
    assert (await office.get(other, sheet_id)).silent
    for _ in range(2):
        await sheets.work(sheet_id)
    done = await office.get(other, sheet_id)
    assert (done.state, done.done, done.failures, done.silent) == ("done", 3, (), False)
    assert done.finished_at == clock.now()
    told = await Notice.filter(kind=office.notice).values_list("expert_id", flat=True)
    assert sorted(told) == sorted([first.id, second.id, third.id])
    audit = AuditEntry.filter(subject_id=sheet_id).order_by("id").values_list("action", "actor_id")
    assert await audit == [
        ("office_sheet.upload", uploader.account_id),
        ("office_sheet.confirm", other.account_id),
    ]


async def test_every_row_that_names_nobody_to_deal_with_is_told_and_the_others_are_done(office: SheetOffice) -> None:
    deps = office.deps
    good, left, own = [await make_member(deps) for _ in range(3)]
    await make_member(deps, number="GD1", pool="guangdong")
    uploader = await make_admin(deps)
    await Expert.filter(id=left.id).update(left_at=deps.now())
    await Expert.filter(id=own.id).update(account_id=uploader.account_id)
    id_number = deps.keys.open_text(good.id_number_sealed, "id_number")
    refused = {
        "没有这个编号,": ("专家编号", "没有这位专家"),
        "GD1,": ("专家编号", "没有这位专家"),
        ",11010519491231002Y": ("身份证号", "不是有效的身份证号"),
        ",110105194912310029": ("身份证号", "没有这位专家"),
        ",": ("专家编号", "请填写专家编号或身份证号"),
        f",{id_number}": ("身份证号", "与第2行重复"),
        f"{left.number},": ("专家编号", "已退库"),
        f"{own.number},": ("专家编号", "自己"),
        f"{left.number},{id_number}": ("专家编号", "不是同一位专家"),
        f"{'字' * 33},": ("专家编号", "最多32个字符"),
    }
    sheet_id = await office.upload(uploader, f"{good.number},{id_number}", *refused)
    view = await office.get(uploader, sheet_id)
    # without a value of its own, a row of empty cells is no row
    expected = {at: reason for at, (row, reason) in enumerate(refused.items(), 3) if office.cell or row != ","}
    told = {error.line: (error.column, error.reason) for error in view.errors}
    assert {line: column for line, (column, _) in told.items()} == {at: column for at, (column, _) in expected.items()}
    assert [line for line, (_, reason) in expected.items() if reason not in told[line][1]] == []
    assert view.numbers == (good.number,)
    done = await office.run(sheet_id)
    assert (done.state, done.done, done.failures) == ("done", 1, [])
    assert [notice.expert_id for notice in await Notice.filter(kind=office.notice)] == [good.id]


async def test_what_changed_since_the_check_fails_alone(office: SheetOffice) -> None:
    experts = [await make_member(office.deps) for _ in range(3)]
    sheet_id = await office.upload(await make_admin(office.deps), *(f"{each.number}," for each in experts))
    await Expert.filter(id=experts[1].id).update(left_at=office.deps.now())
    done = await office.run(sheet_id)
    assert (done.state, done.done) == ("done", 3)
    [[line, number, reason]] = done.failures
    assert (line, number, "退库" in reason) == (3, experts[1].number, True)
    told = {notice.expert_id for notice in await Notice.filter(kind=office.notice)}
    assert told == {experts[0].id, experts[2].id}, "nothing is left of a refused row"


async def test_a_worker_that_dies_goes_on_behind_the_last_row_and_two_never_do_one_twice(
    office: SheetOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    experts = [await make_member(office.deps) for _ in range(4)]
    sheet_id = await office.upload(await make_admin(office.deps), *(f"{each.number}," for each in experts))
    await office.confirm(sheet_id)
    carry_out, calls = type(office.act).carry_out, 0

    async def die_at_the_third(self: Any, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        await carry_out(self, *arguments)
        if calls == 3:
            raise ConnectionError("killed before the commit")

    monkeypatch.setattr(type(office.act), "carry_out", die_at_the_third)
    with pytest.raises(ConnectionError):
        await office.sheets.work(sheet_id)
    assert (await OfficeSheet.get(id=sheet_id)).done == await Notice.filter(kind=office.notice).count() == 2
    await asyncio.gather(office.sheets.work(sheet_id), office.sheets.work(sheet_id))
    done = await OfficeSheet.get(id=sheet_id)
    assert (done.state, done.done, done.failures) == ("done", 4, [])
    told = await Notice.filter(kind=office.notice).values_list("expert_id", flat=True)
    assert sorted(told) == sorted(expert.id for expert in experts)


async def test_a_row_that_meets_an_outage_is_tried_again(office: SheetOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    expert = await make_member(office.deps)
    sheet_id = await office.upload(await make_admin(office.deps), f"{expert.number},")
    await office.confirm(sheet_id)

    async def fail(*arguments: object) -> None:
        raise Unavailable("暂时不可用，请稍后再试。")

    with monkeypatch.context() as outage:
        outage.setattr(type(office.act), "carry_out", fail)
        with pytest.raises(Unavailable):
            await office.sheets.work(sheet_id)
    await office.sheets.work(sheet_id)
    done = await OfficeSheet.get(id=sheet_id)
    assert (done.state, done.done, done.failures) == ("done", 1, [])


async def test_what_is_no_form_or_no_sheet_is_refused_at_its_fields(office: SheetOffice) -> None:
    actor, unreasoned = await make_admin(office.deps), replace(office.form, reason=" ")
    with pytest.raises(InvalidInput) as refused:
        await office.sheets.upload(actor, office.act, unreasoned, b"", "")
    assert {fault.field for fault in refused.value.faults} == {"reason", "file"}
    for content in ("姓名\n张三".encode(), b"\xd0\xcf\x11\xe0", b"\x00\x01", b""):
        with pytest.raises(InvalidInput) as refused:
            await office.sheets.upload(actor, office.act, office.form, content, "a.xls")
        assert refused.value.field == "file"
    assert not await OfficeSheet.exists()


async def test_a_sheet_without_a_valid_row_is_not_confirmed(office: SheetOffice) -> None:
    sheet_id = await office.upload(await make_admin(office.deps), "没有,")
    assert not (await office.get(await make_admin(office.deps), sheet_id)).may_confirm
    with pytest.raises(Conflict, match="没有可以办理的人"):
        await office.confirm(sheet_id)


async def test_a_sheet_expires_and_is_given_up(office: SheetOffice, clock: FixedClock) -> None:
    actor, expert = await make_admin(office.deps), await make_member(office.deps)
    earlier = await office.upload(actor, f"{expert.number},")
    clock.move(SHEET_TTL)
    await office.upload(actor, f"{expert.number},")
    view = await office.get(actor, earlier)
    assert (view.may_confirm, view.waits_for_other) == (False, False)
    with pytest.raises(Conflict, match="超过7天"):
        await office.confirm(earlier)
    for _ in range(2):
        await office.sheets.drop(actor, office.act, earlier)
    with pytest.raises(Conflict):
        await office.confirm(earlier)
    latest = await office.sheets.latest(actor, office.act)
    assert [(sheet.state, sheet.rows) for sheet in latest] == [("checked", 1), ("dropped", 1)]
    assert await AuditEntry.filter(action="office_sheet.drop").count() == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_sheet_is_reached_from_its_own_pool_and_kind_only(sheets: Any, kind: str) -> None:
    office, other = (make_office(sheets, each) for each in (kind, *(each for each in KINDS if each != kind)))
    actor, expert = await make_admin(office.deps), await make_member(office.deps)
    sheet_id = await office.upload(actor, f"{expert.number},")
    stranger = Actor("guangdong", "pool_admin", actor.account_id)
    for person, act in ((stranger, office.act), (actor, other.act)):
        for method in (sheets.get, sheets.confirm, sheets.drop):
            with pytest.raises(NotFound):
                await method(person, act, sheet_id)
        assert await sheets.latest(person, act) == ()
    assert (await office.get(actor, sheet_id)).state == "checked"


async def test_where_a_second_person_is_needed_the_uploader_does_not_confirm(office: SheetOffice) -> None:
    actor, expert = await make_admin(office.deps), await make_member(office.deps)
    sheet_id = await office.upload(actor, f"{expert.number},")
    needed = (await office.get(actor, sheet_id)).waits_for_other
    assert needed == (office.act.kind == "sanctions")
    if needed:
        with pytest.raises(Conflict, match="上传的人不能自己确认"):
            await office.sheets.confirm(actor, office.act, sheet_id)
        with pytest.raises(IntegrityError, match="office_sheet_second"):
            await OfficeSheet.filter(id=sheet_id).update(confirmed_by=actor.account_id)
    else:
        await office.sheets.confirm(actor, office.act, sheet_id)
    assert (await OfficeSheet.get(id=sheet_id)).state == ("checked" if needed else "working")
