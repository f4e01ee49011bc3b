"""Experts come in from a sheet whole or not at all, and every bad cell is named."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from app.rulebook_files import load_catalogues
from domain.catalogues import CatalogueItem, Kind
from domain.clock import FixedClock, print_until
from domain.errors import Forbidden
from domain.experts.file import FileChange, FileSource
from models.audit import AuditEntry
from models.experts import Employment, Expert
from models.sanctions import Sanction
from services.catalogues import Catalogues
from services.core.base import Actor, Deps, system, transaction
from services.expert_files import change_file
from services.experts import COLUMNS, ExpertImport, ImportReport, render_template
from services.spreadsheets.formats import Format, SheetError, format_of
from tests.factories.applications import id_number, with_rules
from tests.factories.files import QuickChecker
from tests.factories.people import BEGINNING, make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")
FOLDER = Path(__file__).parents[3] / "config" / "catalogues"
HEADING = [column.title for column in COLUMNS]
ADMIN = Actor("demo", "pool_admin")
FIRST, SECOND = "11010519491231002X", "440524188001010014"


@lru_cache
def _catalogues() -> dict[Kind, list[CatalogueItem]]:
    """The real catalogues, with the upper levels of the specialties only, which load faster."""
    loaded = load_catalogues(FOLDER, "440000")
    loaded["specialty"] = [entry for entry in loaded["specialty"] if len(entry.code) <= 5]
    return loaded


@pytest.fixture
async def imports(db: str, deps: Deps) -> ExpertImport:
    await Catalogues(deps).replace(system("demo"), _catalogues())
    return ExpertImport(deps, QuickChecker())


def _row(**cells: str) -> list[str]:
    values = {
        "专家编号": "ZJ1",
        "姓名": "欧阳锋",
        "身份证号": FIRST,
        "手机号": "13800000001",
        "常驻地": "440106",
        "评标专业": "A0401",
        "工作单位": "广州示范工程有限公司",
    } | cells
    return [values.get(title, "") for title in HEADING]


def _sheet(*rows: Sequence[str], heading: Sequence[str] = HEADING, encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([heading, *rows])
    return text.getvalue().encode(encoding)


def _book(*rows: Sequence[object], heading: Sequence[str] = HEADING) -> bytes:
    book = Workbook()
    for row in (heading, *rows):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def _run(imports: ExpertImport, content: bytes, form: Format = "csv") -> ImportReport:
    return await imports.run(ADMIN, content, form)


def _problems(report: ImportReport) -> list[tuple[int, str]]:
    return [(error.line, error.column) for error in report.errors]


async def test_an_expert_comes_in_with_everything_that_drawing_needs(imports: ExpertImport, deps: Deps) -> None:
    report = await _run(
        imports,
        _sheet(
            _row(
                意愿评标地="440300;广东省珠海市",
                评标专业="A0401；A08",
                职称="高级工程师",
                执业资格="一级注册建筑师",
                行业部门="D02",
                单位信用代码="91110000600037341L",
                入职日期="2020/3/1",
                历史单位="旧单位一||2015-01-01|2020-02-28；旧单位二|||2014年1月1日",
                回避单位="某回避单位|",
            )
        ),
    )
    assert (report.total, report.created, report.updated, report.errors) == (1, 1, 0, ())
    expert = await Expert.get()
    assert expert.region_path == ["440106", "440100", "440000"]
    assert expert.willing_regions == ["440300", "440400"]
    assert set(expert.specialty_path) == {"A", "A04", "A0401", "A08"}
    assert expert.specialties == ["A0401", "A08"]
    assert (len(expert.title_level), expert.qualifications, expert.department) == (2, ["Q02", "Q0201"], "D02")
    assert (expert.name_sort, expert.membership_status) == ("ou1 yang2 feng1", "formal")
    assert deps.keys.open_text(expert.id_number_sealed, "id_number") == FIRST
    assert expert.mobile_hash == deps.keys.lookup_hash("mobile", "13800000001")
    jobs = {job.unit_name: job for job in await Employment.all()}
    assert jobs.keys() == {"广州示范工程有限公司", "旧单位一", "旧单位二"}
    assert "code:91110000600037341L" in jobs["广州示范工程有限公司"].unit_keys
    assert jobs["广州示范工程有限公司"].since == datetime(2020, 2, 29, 16, tzinfo=UTC)
    assert jobs["旧单位一"].until == datetime(2020, 2, 27, 16, tzinfo=UTC)
    assert expert.recusal_keys
    assert await AuditEntry.exists(action="expert.import")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_template_comes_in_as_it_is(imports: ExpertImport, form: Format) -> None:
    report = await _run(imports, render_template(form), form)
    assert (report.created, report.errors) == (1, ())


def test_a_pool_without_willing_regions_has_no_column_for_them() -> None:
    titles = [cell.value for cell in load_workbook(io.BytesIO(render_template("xlsx"))).worksheets[0][1]]
    assert "意愿评标地" in titles
    sheet = render_template("xlsx", by_willing_region=False)
    others = [cell.value for cell in load_workbook(io.BytesIO(sheet)).worksheets[0][1]]
    assert others == [title for title in titles if title != "意愿评标地"]


async def test_the_workbook_s_long_numbers_are_text_and_each_column_is_explained() -> None:
    book = load_workbook(io.BytesIO(render_template("xlsx")))
    assert book.worksheets[0].column_dimensions["C"].number_format == "@"
    assert book["填写说明"].max_row == len(COLUMNS) + 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_every_encoding_that_spreadsheets_write_is_read(imports: ExpertImport, encoding: str) -> None:
    assert (await _run(imports, _sheet(_row(姓名="䶮甡"), encoding=encoding))).created == 1
    assert (await Expert.get()).name == "䶮甡"


async def test_a_workbook_with_real_dates_and_numbers_is_read(imports: ExpertImport) -> None:
    row: list[object] = list(_row())
    row[HEADING.index("手机号")] = 13800000001
    row[HEADING.index("常驻地")] = 440106.0
    row[HEADING.index("入职日期")] = datetime(2020, 3, 1)  # noqa: DTZ001 (a cell of a spreadsheet has no zone)
    assert (await _run(imports, _book(row), "xlsx")).errors == ()
    assert (await Employment.get()).since == datetime(2020, 2, 29, 16, tzinfo=UTC)


async def test_cells_as_people_line_them_up_mean_the_same(imports: ExpertImport, deps: Deps) -> None:
    number = f"{FIRST[:6]} {FIRST[6:14]} {FIRST[14:]}"
    row = _row(姓名="欧　阳 锋", 身份证号=number, 手机号="+86 138-0000-0001", 工作单位="广州示范工程有限公司")
    assert (await _run(imports, _sheet(row))).errors == ()
    expert = await Expert.get()
    assert expert.name == "欧阳锋"
    assert deps.keys.open_text(expert.id_number_sealed, "id_number") == FIRST
    assert deps.keys.open_text(expert.mobile_sealed, "mobile") == "13800000001"


async def test_an_id_number_that_became_a_number_is_explained(imports: ExpertImport) -> None:
    row: list[object] = list(_row())
    row[HEADING.index("身份证号")] = 440524188001010000  # what a spreadsheet keeps of 18 digits
    (error,) = (await _run(imports, _book(row), "xlsx")).errors
    assert (error.line, error.column) == (2, "身份证号")
    assert "文本格式" in error.reason
    (error,) = (await _run(imports, _sheet(_row(身份证号="4.40524E+17")))).errors
    assert "文本格式" in error.reason


@pytest.mark.parametrize(
    ("title", "value", "reason"),
    [
        ("专家编号", "", "不能为空"),
        ("专家编号", "长" * 33, "最多32个字"),
        ("姓名", "", "不能为空"),
        ("姓名", "欧\x07阳", "“欧”后面的U+0007"),
        ("姓名", "=cmd|'/C calc'!A0", "不含数字和符号"),
        ("姓名", "张三1", "不含数字和符号"),
        ("身份证号", "11010519491231002Y", "不是有效"),
        ("身份证号", "110105491231002", "不是有效"),
        ("身份证号", "440524188013010012", "不是有效"),
        ("手机号", "12345", "11位"),
        ("专家类型", "高级", "正式或临时"),
        ("状态", "休假", "在库或暂停"),
        ("常驻地", "999999", "不在地区目录"),
        ("意愿评标地", "440300；火星", "火星"),
        ("评标专业", "", "不能为空"),
        ("评标专业", "A0401；Z99", "不在评标专业目录"),
        ("职称", "大师", "不在职称目录"),
        ("执业资格", "驾驶证", "不在执业资格目录"),
        ("行业部门", "x", "不在行业部门目录"),
        ("工作单位", "", "不能为空"),
        ("单位信用代码", "123", "统一社会信用代码"),
        ("入职日期", "2020-13-01", "2020-03-01"),
        ("历史单位", "旧单位", "离开日期"),
        ("历史单位", "旧单位||2020-01-01|2019-01-01", "晚于入职"),
        ("历史单位", "a|b|c|d|e", "竖线"),
        ("回避单位", "单位|123", "统一社会信用代码"),
    ],
)
async def test_every_bad_cell_is_named_with_line_column_and_reason(
    imports: ExpertImport, title: str, value: str, reason: str
) -> None:
    report = await _run(
        imports, _sheet(_row(身份证号=SECOND, 手机号="13800000002", 专家编号="ZJ2"), _row(**{title: value}))
    )
    (error,) = report.errors
    assert (error.line, error.column) == (3, title)
    assert reason in error.reason
    assert not await Expert.exists()


async def test_all_errors_of_all_lines_are_listed_at_once(imports: ExpertImport) -> None:
    report = await _run(
        imports, _sheet(_row(姓名="", 手机号="1"), _row(姓名="", 手机号="13800000003"), _row(身份证号=SECOND, 状态="x"))
    )
    assert _problems(report) == [
        (2, "姓名"),
        (2, "手机号"),
        (3, "专家编号"),
        (3, "姓名"),
        (3, "身份证号"),
        (4, "专家编号"),
        (4, "状态"),
    ]
    assert report.total == 3


async def test_endless_errors_are_cut(imports: ExpertImport) -> None:
    report = await _run(imports, _sheet(*(_row(姓名="") for _ in range(1100))))
    assert (len(report.errors), report.more_errors) == (1000, True)


async def test_a_number_or_mobile_of_another_in_the_pool_stops_it(imports: ExpertImport, deps: Deps) -> None:
    await make_expert(deps, "13800000001", number="ZJ1")
    report = await _run(imports, _sheet(_row()))
    assert sorted(_problems(report)) == [(2, "专家编号"), (2, "手机号")]
    assert await Expert.all().count() == 1


async def test_the_term_ends_with_its_last_day_and_an_empty_cell_leaves_it(imports: ExpertImport) -> None:
    await _run(imports, _sheet(_row(聘期至="2029/3/1", 应急专家="是")))
    expert = await Expert.get()
    assert expert.term_until is not None
    assert (print_until(expert.term_until, BEGINNING), expert.emergency) == ("2029年3月1日(周四) 23:59", True)
    await _run(imports, _sheet(_row()))
    again = await Expert.get()
    assert (again.term_until, again.emergency) == (expert.term_until, True)
    assert _problems(await _run(imports, _sheet(_row(聘期至="三年", 应急专家="愿意")))) == [
        (2, "聘期至"),
        (2, "应急专家"),
    ]


async def test_the_same_again_updates_and_keeps_the_account(imports: ExpertImport, deps: Deps) -> None:
    account = await make_account(deps, "13800000001")
    await _run(imports, _sheet(_row()))
    before = await Expert.get()
    assert before.account_id == account.id
    report = await _run(imports, _sheet(_row(手机号="13800000009", 姓名="欧阳克", 专家编号="ZJ9")))
    assert (report.created, report.updated) == (0, 1)
    after = await Expert.get()
    assert (after.id, after.created_at, after.account_id) == (before.id, before.created_at, account.id)
    assert (after.name, after.number) == ("欧阳克", "ZJ9")
    assert after.mobile_hash == deps.keys.lookup_hash("mobile", "13800000009")


async def test_a_sheet_suspends_who_enters_and_neither_suspends_nor_resumes_who_is_in_the_pool(
    imports: ExpertImport, deps: Deps, clock: FixedClock
) -> None:
    await _run(imports, _sheet(_row(状态="暂停"), _row(专家编号="ZJ2", 身份证号=SECOND, 手机号="13800000002")))
    suspended, free = await Expert.all().order_by("number")
    [sanction] = await Sanction.all()
    assert (sanction.expert_id, sanction.kind, sanction.state) == (suspended.id, "suspension", "imposed")
    assert (sanction.starts_at, sanction.ends_at, sanction.proposed_by) == (clock.now(), None, ADMIN.account_id)
    for state in ("暂停", "在库", ""):
        assert (await _run(imports, _sheet(_row(状态=state)))).errors == ()
    refused = await _run(imports, _sheet(_row(专家编号="ZJ2", 身份证号=SECOND, 手机号="13800000002", 状态="暂停")))
    assert [(error.line, error.column) for error in refused.errors] == [(2, "状态")]
    assert "在专家页面办理暂停抽取" in refused.errors[0].reason
    assert await Sanction.all().count() == 1
    await Expert.filter(id=free.id).update(left_at=clock.now(), left_reason="误办")
    back = await _run(imports, _sheet(_row(专家编号="ZJ2", 身份证号=SECOND, 手机号="13800000002", 状态="暂停")))
    assert (back.errors, await Sanction.filter(expert_id=free.id).count()) == ((), 1), (
        "who comes back may enter suspended"
    )


async def test_two_experts_may_swap_numbers_and_mobiles_in_one_sheet(imports: ExpertImport, deps: Deps) -> None:
    first, second = _row(), _row(专家编号="ZJ2", 身份证号=SECOND, 手机号="13800000002")
    await _run(imports, _sheet(first, second))
    first[:2], second[:2] = ["ZJ2", first[1]], ["ZJ1", second[1]]
    at = HEADING.index("手机号")
    first[at], second[at] = second[at], first[at]
    assert (await _run(imports, _sheet(first, second))).errors == ()
    assert {deps.keys.open_text(e.id_number_sealed, "id_number"): e.number for e in await Expert.all()} == {
        FIRST: "ZJ2",
        SECOND: "ZJ1",
    }


async def test_a_long_sheet_is_written_in_portions(imports: ExpertImport, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that fits into one, also where a number goes from one portion to another."""
    people = [
        {"专家编号": f"T{n}", "身份证号": id_number(f"1975010{n + 1}"), "手机号": f"1390000000{n}"} for n in range(7)
    ]
    await _run(imports, _sheet(*(_row(**person) for person in people[:5])))
    monkeypatch.setattr("services.experts.expert_import._PORTION", 2)
    moved = [{**person, "专家编号": f"T{(n + 1) % 7}"} for n, person in enumerate(people)]
    seen: list[tuple[str, int, int]] = []
    report = await imports.run(
        ADMIN, _sheet(*(_row(**person) for person in moved)), "csv", progress=lambda *step: seen.append(step)
    )
    assert (report.total, report.created, report.updated) == (7, 2, 5)
    filed = {expert.id_number_hash: expert.number for expert in await Expert.all()}
    lookup = imports.deps.keys.lookup_hash
    assert filed == {lookup("id_number", person["身份证号"]): person["专家编号"] for person in moved}
    assert await Employment.filter(until=None).count() == 7
    written = [done for stage, done, _ in seen if stage == "write"]
    assert written == sorted(written)
    assert written[0] == 0
    assert written[-1] == 7
    assert len(set(written)) > 4


async def test_an_account_that_never_consented_is_not_linked(imports: ExpertImport, deps: Deps) -> None:
    await make_account(deps, "13800000001", privacy_version="")
    await _run(imports, _sheet(_row()))
    assert (await Expert.get()).account_id is None


async def test_an_employer_who_is_no_longer_named_becomes_a_former_one(
    imports: ExpertImport, clock: FixedClock
) -> None:
    await _run(imports, _sheet(_row()))
    clock.move(timedelta(days=30))
    await _run(imports, _sheet(_row(工作单位="新单位")))
    jobs = {job.unit_name: job.until for job in await Employment.all()}
    assert jobs == {"广州示范工程有限公司": clock.now(), "新单位": None}
    clock.move(timedelta(days=30))
    await _run(imports, _sheet(_row(工作单位="无")))
    assert {job.unit_name for job in await Employment.filter(until=None)} == set()
    assert await Employment.all().count() == 2


async def test_who_left_comes_back_and_who_is_missing_stays(
    imports: ExpertImport, deps: Deps, clock: FixedClock
) -> None:
    other = await make_expert(deps, "13711112222")
    await _run(imports, _sheet(_row()))
    await Expert.exclude(id=other.id).update(left_at=clock.now())
    await _run(imports, _sheet(_row()))
    assert await Expert.filter(left_at=None).count() == 2


@pytest.mark.parametrize(
    ("source", "registration", "word"),
    [
        (FileSource.OFFICE, True, "由管理机构退库"),
        (FileSource.OFFICE, False, "由管理机构退库"),
        (FileSource.SELF, True, "本人申请"),
        (FileSource.SELF, False, ""),
    ],
)
async def test_a_sheet_undoes_no_removal_and_brings_nobody_back_against_his_will(
    imports: ExpertImport, deps: Deps, clock: FixedClock, source: FileSource, registration: bool, word: str
) -> None:
    imports = ExpertImport(with_rules(deps, registration={"open": registration}), QuickChecker())
    await _run(imports, _sheet(_row()))
    async with transaction():
        expert = await Expert.select_for_update().get()
        await change_file(deps, expert, FileChange(clock.now(), source, {"left_reason": "退库"}))
    report = await _run(imports, _sheet(_row()))
    assert [(error.line, error.column) for error in report.errors] == ([(2, "身份证号")] if word else [])
    assert all(word in error.reason for error in report.errors)
    assert await Expert.exists(left_at=None) is not bool(word)


async def test_an_administrator_changes_nothing_in_his_own_file(imports: ExpertImport, deps: Deps) -> None:
    account = await make_account(deps, "13800000001")
    admin = Actor("demo", "pool_admin", account.id)
    await _run(imports, _sheet(_row(回避单位="某公司|")))
    assert (await Expert.get()).account_id == account.id
    same = await imports.run(admin, _sheet(_row(回避单位="某公司|")), "csv")
    assert same.errors == ()
    report = await imports.run(admin, _sheet(_row(聘期至="2099-01-01")), "csv")
    assert [error.reason[:9] for error in report.errors] == ["这是您本人的档案，"]
    assert (await imports.run(system("demo"), _sheet(_row(聘期至="2099-01-01")), "csv")).errors == ()


async def test_a_trial_run_writes_nothing(imports: ExpertImport) -> None:
    report = await imports.run(ADMIN, _sheet(_row()), "csv", dry_run=True)
    assert report.created == 1
    assert not await Expert.exists()
    assert not await AuditEntry.exists(action="expert.import")


async def test_progress_is_reported(imports: ExpertImport) -> None:
    seen: list[tuple[str, int, int]] = []
    await imports.run(ADMIN, _sheet(_row()), "csv", progress=lambda *step: seen.append(step))
    assert seen[0] == ("check", 0, 1)
    assert seen[-1] == ("write", 1, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "空的"),
        (_sheet(), "没有内容"),
        (_sheet(_row(), heading=["?", *HEADING[1:]]), "无法识别的列“\\?”"),
        (_sheet(_row(), heading=[HEADING[1], *HEADING[1:]]), "重复的列“姓名”"),
        (_sheet(["x"], heading=HEADING[:3]), "缺少必填列"),
        (b'\xff\xfe"', "编码"),
        (_sheet(_row())[:-2] + b'"oops\n', "格式有误"),
    ],
)
async def test_a_sheet_that_can_t_be_read_says_what_to_do(imports: ExpertImport, content: bytes, reason: str) -> None:
    with pytest.raises(SheetError, match=reason):
        await _run(imports, content)


def _zip(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04junk",
        b"<html>",
        _zip(a=b"x"),
        _book(_row())[:-40],
        _zip(xl__workbook=b"<broken"),
    ],
)
async def test_what_only_looks_like_a_workbook_is_refused(imports: ExpertImport, content: bytes) -> None:
    with pytest.raises(SheetError, match=r"xlsx|空的|损坏"):
        await _run(imports, content, "xlsx")


async def test_a_workbook_that_unpacks_without_end_is_refused(
    imports: ExpertImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.spreadsheets.parsing.UNPACKED_MAX", 10_000)
    with pytest.raises(SheetError, match="过大"):
        await _run(imports, _zip(a=b"\0" * 20_000), "xlsx")
    monkeypatch.setattr("services.spreadsheets.parsing.BYTES_MAX", 10)
    with pytest.raises(SheetError, match="拆分"):
        await _run(imports, _sheet(_row()))


def test_the_form_goes_by_the_ending() -> None:
    assert (format_of("专家.CSV"), format_of("a.b.xlsx")) == ("csv", "xlsx")
    with pytest.raises(SheetError, match=r"\.xls"):
        format_of("old.xls")


async def test_without_catalogues_the_first_step_is_named(db: str, deps: Deps) -> None:
    with pytest.raises(SheetError, match="pbt catalogue import"):
        await _run(ExpertImport(deps, QuickChecker()), _sheet(_row()))


async def test_only_the_pool_s_administrator_brings_experts_in(imports: ExpertImport) -> None:
    with pytest.raises(Forbidden):
        await imports.run(Actor("demo", "agent"), _sheet(_row()), "csv")
