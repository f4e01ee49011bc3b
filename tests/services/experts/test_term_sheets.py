"""Longer terms of many experts by a sheet: checked, confirmed, and done row by row."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound
from models.experts import Expert, TermSheet
from models.notices import Notice
from services.applications.to_do import ToDos
from services.core.base import Actor, Deps, rows
from services.expert_files import file_of
from services.experts.term_sheets import SHEET_TTL, SILENT, TermSheets
from tests.factories.applications import make_campaign
from tests.factories.assembly import composed
from tests.factories.people import file_more, make_account, make_expert
from tests.factories.reviews import make_applicant, make_catalogues

HEADING = "专家编号,身份证号,聘期至"
DAY = timedelta(days=1)
LATER = "2029-03-01"


@pytest.fixture
def sheets(db: str, deps: Deps) -> TermSheets:
    return composed(TermSheets, deps)


async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def with_term(deps: Deps, until: datetime | None = None) -> Expert:
    expert = await make_expert(deps)
    await file_more(deps, expert, deps.now(), term_until=(until or deps.now() + 30 * DAY).isoformat())
    return await Expert.get(id=expert.id)


async def uploaded(sheets: TermSheets, actor: Actor, *lines: str) -> TermSheet:
    content = "\n".join([HEADING, *lines]).encode()
    return await TermSheet.get(id=await sheets.upload(actor, content, "聘期.csv", "换届前统一延长"))


async def test_a_sheet_is_checked_confirmed_and_done(sheets: TermSheets, deps: Deps) -> None:
    first, second = await with_term(deps), await with_term(deps)
    id_number = deps.keys.open_text(second.id_number_sealed, "id_number")
    office = await admin(deps)
    sheet = await uploaded(sheets, office, f"{first.number},,{LATER}", f",{id_number},2029年3月1日")
    view = await sheets.get(office, sheet.id)
    assert (view.rows, view.errors, view.may_confirm) == (2, (), True)
    assert [(line.number, line.former) for line in view.lines] == [
        (first.number, first.term_until),
        (second.number, second.term_until),
    ]
    for _ in range(2):
        await sheets.confirm(office, sheet.id)
    jobs = "SELECT count(*)::int AS n FROM procrastinate_jobs WHERE task_name = 'experts.terms'"
    assert (await rows(jobs))[0]["n"] == 1
    with pytest.raises(Conflict, match="正在办理或已经办理"):
        await sheets.drop(office, sheet.id)
    await sheets.work(sheet.id)
    for expert in (first, second):
        row, file = await Expert.get(id=expert.id), await file_of(deps, expert.id)
        assert row.term_until is not None
        assert row.term_until.isoformat() == "2029-03-01T15:59:59+00:00"
        since = file.since["term_until"]
        assert (since.source, since.source_id, since.by) == ("office", sheet.id, office.account_id)
    told = await Notice.filter(kind="term_extended")
    assert {(notice.expert_id, notice.params["until"]) for notice in told} == {
        (first.id, "2029年3月1日"),
        (second.id, "2029年3月1日"),
    }
    done = await sheets.get(office, sheet.id)
    assert (done.state, done.done, done.failures) == ("done", 2, ())


async def test_every_invalid_row_is_told_with_its_reason(sheets: TermSheets, deps: Deps, clock: FixedClock) -> None:
    office = await admin(deps)
    fine, gone, temporary, own = [await with_term(deps) for _ in range(4)]
    endless = await make_expert(deps)
    await Expert.filter(id=gone.id).update(left_at=deps.now())
    await Expert.filter(id=temporary.id).update(membership_status="temporary")
    await Expert.filter(id=own.id).update(account_id=office.account_id)
    longer = await with_term(deps, datetime.fromisoformat("2030-01-01T15:59:59+00:00"))
    sheet = await uploaded(
        sheets,
        office,
        f"{fine.number},,{LATER}",
        f"{fine.number},,{LATER}",
        f"没有,,{LATER}",
        f",,{LATER}",
        f"{gone.number},,{LATER}",
        f"{temporary.number},,{LATER}",
        f"{own.number},,{LATER}",
        f"{longer.number},,{LATER}",
        f"{fine.number},,2026-01-01",
        f"{fine.number},,2129-01-01",
        f"{fine.number},,2029-02-30",
        f"{fine.number},,明年",
        f"{fine.number},,",
        f"{endless.number},,{LATER}",
    )
    reasons = {line: reason for line, _, reason in sheet.errors}
    for line, words in {
        3: "第2行",
        4: "没有这位专家",
        5: "请填写专家编号或身份证号",
        6: "已退库",
        7: "临时专家",
        8: "自己的聘期",
        9: "现在的聘期至2030年1月1日",
        12: "不是有效的日期",
        13: "不是有效的日期",
        15: "没有截止日期，不用延长",
    }.items():
        assert words in reasons[line], (line, reasons)
    assert {10, 11, 14} <= reasons.keys()
    assert [target[1] for target in sheet.targets] == [fine.number]


async def test_an_unreadable_form_is_refused_at_its_fields(sheets: TermSheets, deps: Deps) -> None:
    office = await admin(deps)
    with pytest.raises(InvalidInput) as caught:
        await sheets.upload(office, b"", "", " ")
    assert {fault.field for fault in caught.value.faults} == {"reason", "file"}
    with pytest.raises(InvalidInput) as caught:
        await sheets.upload(office, b"\x00\x01", "a.xlsx", "换届")
    assert caught.value.field == "file"
    sheet = await uploaded(sheets, office, f"没有,,{LATER}")
    with pytest.raises(Conflict, match="没有可以办理的人"):
        await sheets.confirm(office, sheet.id)
    with pytest.raises(NotFound):
        await sheets.get(Actor("hunan", "pool_admin", office.account_id), sheet.id)


async def test_a_sheet_expires_and_is_given_up(sheets: TermSheets, deps: Deps, clock: FixedClock) -> None:
    office, expert = await admin(deps), await with_term(deps)
    sheet = await uploaded(sheets, office, f"{expert.number},,{LATER}")
    clock.move(SHEET_TTL)
    assert not (await sheets.get(office, sheet.id)).may_confirm
    with pytest.raises(Conflict, match="超过7天"):
        await sheets.confirm(office, sheet.id)
    for _ in range(2):
        await sheets.drop(office, sheet.id)
    assert (await sheets.latest(office))[0].state == "dropped"


async def test_what_has_changed_since_the_check_is_told_and_left_alone(
    sheets: TermSheets, deps: Deps, clock: FixedClock
) -> None:
    office = await admin(deps)
    gone, renewed, fine = [await with_term(deps) for _ in range(3)]
    sheet = await uploaded(sheets, office, *(f"{expert.number},,{LATER}" for expert in (gone, renewed, fine)))
    clock.move(DAY)
    await Expert.filter(id=gone.id).update(left_at=deps.now())
    await file_more(deps, renewed, deps.now(), term_until="2031-01-01T15:59:59+00:00")
    await sheets.confirm(office, sheet.id)
    await sheets.work(sheet.id)
    done = await TermSheet.get(id=sheet.id)
    assert [failure[1] for failure in done.failures] == [gone.number, renewed.number]
    assert "已退库" in done.failures[0][2]
    assert (await Expert.get(id=renewed.id)).term_until == datetime.fromisoformat("2031-01-01T15:59:59+00:00")
    assert await Notice.filter(kind="term_extended").count() == 1


async def test_a_worker_that_dies_goes_on_behind_the_last_row(
    sheets: TermSheets, deps: Deps, clock: FixedClock
) -> None:
    office, experts = await admin(deps), [await with_term(deps) for _ in range(3)]
    sheet = await uploaded(sheets, office, *(f"{expert.number},,{LATER}" for expert in experts))
    await sheets.confirm(office, sheet.id)
    assert await sheets._work_on_next(sheet.id)  # and is killed
    clock.move(2 * SILENT)
    assert (await sheets.get(office, sheet.id)).silent
    await sheets.work(sheet.id)
    assert (await TermSheet.get(id=sheet.id)).done == 3
    assert await Notice.filter(kind="term_extended").count() == 3


async def test_the_to_do_of_renewal_goes_with_the_old_term(sheets: TermSheets, deps: Deps) -> None:
    await make_catalogues()
    account, office = await make_applicant(deps), await admin(deps)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    expert = await make_expert(deps, mobile, account=account, id_number_hash=account.id_number_hash)
    await file_more(deps, expert, deps.now(), term_until=(deps.now() + 30 * DAY).isoformat())
    await make_campaign(deps)
    to_dos = composed(ToDos, deps)

    async def offered() -> list[str]:
        return [item.code for item in (await to_dos.home("demo", account.id)).to_do]

    assert "apply_renewal" in await offered()
    sheet = await uploaded(sheets, office, f"{expert.number},,{LATER}")
    await sheets.confirm(office, sheet.id)
    await sheets.work(sheet.id)
    assert "apply_renewal" not in await offered()
