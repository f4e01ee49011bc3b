"""Longer terms of many experts by a sheet."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from models.experts import Expert
from models.notices import Notice
from models.office_sheets import OfficeSheet
from services.applications.to_do import ToDos
from services.core.base import Deps
from services.expert_files import file_of
from services.office_sheets import OfficeSheets, TermForm
from tests.factories.applications import make_campaign
from tests.factories.assembly import composed
from tests.factories.people import file_more, make_expert
from tests.factories.reviews import make_applicant, make_catalogues
from tests.services.office_sheets.conftest import LATER, REASON, SheetOffice, make_admin, make_member, make_office

END = "2029-03-01T15:59:59+00:00"


@pytest.fixture
def office(sheets: OfficeSheets) -> SheetOffice:
    return make_office(sheets, "terms")


async def upload(office: SheetOffice, *lines: str) -> OfficeSheet:
    content = "\n".join(["专家编号,身份证号,聘期至", *lines]).encode()
    admin = await make_admin(office.deps)
    sheet_id = await office.sheets.upload(admin, office.act, TermForm(REASON), content, "聘期.csv")
    return await OfficeSheet.get(id=sheet_id)


async def test_the_file_says_who_extended_the_term_and_the_expert_is_told(office: SheetOffice) -> None:
    experts = [await make_member(office.deps) for _ in range(2)]
    sheet = await upload(office, f"{experts[0].number},,{LATER}", f"{experts[1].number},,2029年3月1日")
    view = await office.get(await make_admin(office.deps), sheet.id)
    assert [(line.number, line.name, line.former, line.until) for line in view.details.lines] == [
        (expert.number, expert.name, expert.term_until, datetime.fromisoformat(END)) for expert in experts
    ]
    confirmer = await office.confirm(sheet.id)
    await office.sheets.work(sheet.id)
    for expert in experts:
        row, file = await Expert.get(id=expert.id), await file_of(office.deps, expert.id)
        assert row.term_until == datetime.fromisoformat(END)
        since = file.since["term_until"]
        assert (since.source, since.source_id, since.by) == ("office", sheet.id, confirmer.account_id)
    told = await Notice.filter(kind="term_extended")
    assert {(notice.expert_id, notice.params["until"], notice.params["reason"]) for notice in told} == {
        (expert.id, "2029年3月1日", REASON) for expert in experts
    }


async def test_every_term_that_cannot_be_set_is_told_at_its_cell(office: SheetOffice) -> None:
    deps = office.deps
    fine, temporary = await make_member(deps), await make_member(deps)
    endless = await make_expert(deps)
    await Expert.filter(id=temporary.id).update(membership_status="temporary")
    longer = await make_expert(deps)
    await file_more(deps, longer, deps.now(), term_until="2030-01-01T15:59:59+00:00")
    others = [await make_member(deps) for _ in range(5)]
    days = ("2026-01-01", "2129-01-01", "2029-02-30", "明年", "")
    sheet = await upload(
        office,
        f"{fine.number},,{LATER}",
        f"{temporary.number},,{LATER}",
        f"{longer.number},,{LATER}",
        f"{endless.number},,{LATER}",
        *(f"{other.number},,{day}" for other, day in zip(others, days, strict=True)),
    )
    expected = {
        3: ("专家编号", "临时专家"),
        4: ("聘期至", "现在的聘期至2030年1月1日"),
        5: ("聘期至", "没有截止日期，不用延长"),
        6: ("聘期至", "应晚于今天"),
        7: ("聘期至", "超过10年"),
        8: ("聘期至", "不是有效的日期"),
        9: ("聘期至", "不是有效的日期"),
        10: ("聘期至", "不是有效的日期"),
    }
    told = {line: (column, reason) for line, column, reason in sheet.errors}
    assert {line: column for line, (column, _) in told.items()} == {at: column for at, (column, _) in expected.items()}
    assert [line for line, (_, reason) in expected.items() if reason not in told[line][1]] == []
    assert [target[1] for target in sheet.targets] == [fine.number]


async def test_a_term_that_became_longer_meanwhile_stands(office: SheetOffice) -> None:
    renewed, fine = await make_member(office.deps), await make_member(office.deps)
    sheet = await upload(office, f"{renewed.number},,{LATER}", f"{fine.number},,{LATER}")
    await file_more(office.deps, renewed, office.deps.now(), term_until="2031-01-01T15:59:59+00:00")
    done = await office.run(sheet.id)
    [[line, number, reason]] = done.failures
    assert (line, number, "2031年1月1日" in reason) == (2, renewed.number, True)
    assert (await Expert.get(id=renewed.id)).term_until == datetime.fromisoformat("2031-01-01T15:59:59+00:00")
    assert [notice.expert_id for notice in await Notice.filter(kind="term_extended")] == [fine.id]


async def test_the_to_do_of_renewal_goes_with_the_old_term(office: SheetOffice, deps: Deps) -> None:
    await make_catalogues()
    account = await make_applicant(deps)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    expert = await make_expert(deps, mobile, account=account, id_number_hash=account.id_number_hash)
    await file_more(deps, expert, deps.now(), term_until=(deps.now() + timedelta(days=30)).isoformat())
    await make_campaign(deps)
    to_dos = composed(ToDos, deps)

    async def offered() -> list[str]:
        return [item.code for item in (await to_dos.home("demo", account.id)).to_do]

    assert "apply_renewal" in await offered()
    await office.run((await upload(office, f"{expert.number},,{LATER}")).id)
    assert "apply_renewal" not in await offered()
