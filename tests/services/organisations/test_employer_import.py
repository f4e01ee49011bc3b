"""A sheet of employers: every line checked against file and list, then taken in whole or as far as it is right."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from stdnum.cn import uscc

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.audit import AuditEntry
from models.campaigns import Employer
from models.campaigns import EmployerImport as Sheet
from services.core.base import Actor, Deps
from services.organisations import EmployerData, render_template
from services.organisations.employer_import import EmployerImporter
from services.organisations.employer_queries import EmployerQueries
from services.organisations.employers import Employers
from services.spreadsheets.formats import Format
from services.spreadsheets.imports import ERRORS_SHOWN, ImportView
from tests.factories.applications import make_applicant, make_codes, make_employer
from tests.factories.documents import xlsx
from tests.factories.files import QuickChecker
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
HEAD = ["单位名称", "统一社会信用代码", "地区"]
NOTHING = {"add": 0, "restore": 0, "complete": 0, "same": 0}


def code(serial: int) -> str:
    """A valid credit code."""
    first = f"91440101MA5{serial:06}"
    return first + str(uscc.calc_check_digit(first))


@pytest.fixture
def employers(deps: Deps, book: NoticeBook) -> Employers:
    return Employers(deps, book)


@pytest.fixture
def queries() -> EmployerQueries:
    return EmployerQueries()


@pytest.fixture
def imports(deps: Deps, employers: Employers) -> EmployerImporter:
    return EmployerImporter(deps, employers, QuickChecker())


@pytest.fixture
async def admin(db: str, deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\n".join([",".join(HEAD), *lines]).encode(encoding)


def counts(view: ImportView, **some: int) -> bool:
    return dict(view.counts) == NOTHING | some


def reasons(view: ImportView) -> list[str]:
    return [f"{error.line} {error.column}：{error.reason}" for error in view.errors]


async def names() -> list[str]:
    return sorted([employer.name for employer in await Employer.filter(retired_at=None)])


# ---- a good sheet


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_sheet_is_checked_first_and_taken_in_afterwards(
    imports: EmployerImporter, admin: Actor, encoding: str
) -> None:
    content = csv(f"甲设计院,{code(1)},440100", "", "乙咨询公司,,第二市", "丙公司,,", encoding=encoding)
    view = await imports.read(admin, content, "单位.csv")
    assert counts(view, add=3)
    assert (view.state, view.bad, view.sample) == ("checked", 0, ("甲设计院", "乙咨询公司", "丙公司"))
    assert await names() == []
    done = await imports.apply(admin, view.id)
    assert (done.state, done.counts["add"]) == ("done", 3)
    stored = {
        employer.name: (employer.credit_code, employer.region, employer.name_sort != "")
        for employer in await Employer.all()
    }
    assert stored == {
        "甲设计院": (code(1), "440100", True),
        "乙咨询公司": ("", "440300", True),
        "丙公司": ("", "", True),
    }
    assert (await AuditEntry.get(action="employer.import")).details == NOTHING | {"add": 3}


async def test_confirming_twice_or_at_once_is_once(imports: EmployerImporter, admin: Actor) -> None:
    view = await imports.read(admin, csv("甲公司,,"))
    views = await asyncio.gather(*(imports.apply(admin, view.id) for _ in range(3)))
    assert all(repeated == views[0] for repeated in views)
    assert await imports.apply(admin, view.id) == views[0] == await imports.get(admin, view.id)
    assert await Employer.all().count() == 1


async def test_the_same_sheet_again_changes_nothing(imports: EmployerImporter, admin: Actor) -> None:
    content = csv(f"甲公司,{code(1)},440100", "乙公司,,")
    for expected_counts in ({"add": 2}, {"same": 2}):
        view = await imports.read(admin, content)
        assert counts(view, **expected_counts)
        await imports.apply(admin, view.id)
    assert await Employer.all().count() == 2


async def test_a_listed_unit_is_completed_and_a_retired_one_comes_back(
    deps: Deps, imports: EmployerImporter, admin: Actor
) -> None:
    await make_employer(deps, "甲公司")
    await make_employer(deps, "乙公司", retired_at=deps.now(), credit_code=code(2))
    view = await imports.read(admin, csv(f"甲公司,{code(1)},440100", "乙公司,,"))
    assert counts(view, complete=1, restore=1)
    await imports.apply(admin, view.id)
    stored = {
        employer.name: (employer.credit_code, employer.region, employer.retired_at) for employer in await Employer.all()
    }
    assert stored == {"甲公司": (code(1), "440100", None), "乙公司": (code(2), "", None)}


async def test_an_applicant_who_requested_an_imported_employer_is_notified(
    deps: Deps,
    employers: Employers,
    queries: EmployerQueries,
    imports: EmployerImporter,
    admin: Actor,
    book: NoticeBook,
) -> None:
    zhao, qian = await make_applicant(deps), await make_applicant(deps)
    await employers.request(zhao, EmployerData("甲公司"))
    await employers.request(qian, EmployerData("别的公司"))
    view = await imports.read(admin, csv("甲公司,,", "乙公司,,"))
    assert book.told == []
    await imports.apply(admin, view.id)
    assert [notice.account_id for notice in book.told] == [zhao.account_id]
    [request] = await queries.list_own_requests(zhao)
    assert (request.state, request.employer_id) == ("added", (await Employer.get(name="甲公司")).id)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_template_itself_can_be_read(imports: EmployerImporter, admin: Actor, form: Format) -> None:
    view = await imports.read(admin, render_template(form))
    assert (counts(view, add=1), view.bad) == (True, 0)


def test_the_template_keeps_long_numbers_and_explains_itself() -> None:
    book = load_workbook(io.BytesIO(render_template("xlsx")))
    assert book.sheetnames == ["单位", "填写说明"]
    assert book["单位"]["B2"].number_format == "@"
    assert [cell.value for cell in book["填写说明"]["A"]] == ["列", *HEAD]


# ---- a bad one


async def test_each_cell_that_cannot_be_used_is_named(deps: Deps, imports: EmployerImporter, admin: Actor) -> None:
    await make_employer(deps, "在册公司", credit_code=code(8), region="440100")
    view = await imports.read(
        admin,
        xlsx(
            HEAD,
            ["", code(1), ""],
            ["无", "", ""],
            ["甲" * 201, "", ""],
            ["乙公司", "91440101MA5000001X", "火星"],
            ["丙公司", code(2), ""],
            ["丙公司", "", ""],
            ["丁公司", code(2), ""],
            ["在册公司", code(9), ""],
            ["戊公司", code(8).lower(), ""],
            ["好公司", "", "440106"],
        ),
    )
    assert reasons(view) == [
        "2 单位名称：不能为空。",
        "3 单位名称：请填写单位全称。",
        "4 单位名称：最多200个字。",
        "5 统一社会信用代码：不是有效的18位统一社会信用代码，请核对。",
        "5 地区：“火星”不在地区目录中，请核对。",
        "7 单位名称：与第6行重复。",
        "8 统一社会信用代码：与第6行重复。",
        f"9 统一社会信用代码：列表中该单位的代码是{code(8)}，请核对；确需修改请在列表中编辑。",
        f"10 统一社会信用代码：“在册公司”已使用代码{code(8)}，请核对。",
    ]
    assert (view.bad, counts(view, add=2)) == (8, True)
    with pytest.raises(Conflict, match="有8行不能导入，未添加任何单位") as refusal:
        await imports.apply(admin, view.id)
    assert len(refusal.value.params["errors"]) == 9
    assert await names() == ["在册公司"]
    imported = await imports.apply(admin, view.id, only_good=True)
    assert (imported.state, imported.bad, counts(imported, add=2)) == ("done", 8, True)
    assert await names() == ["丙公司", "在册公司", "好公司"]


async def test_a_retired_unit_does_not_come_back_with_a_code_that_another_has_now(
    deps: Deps, imports: EmployerImporter, admin: Actor
) -> None:
    await make_employer(deps, "旧公司", credit_code=code(1), retired_at=deps.now())
    await make_employer(deps, "新公司", credit_code=code(1))
    view = await imports.read(admin, csv("旧公司,,", f"旧公司,{code(2)},"))
    assert reasons(view) == [f"2 统一社会信用代码：“新公司”已使用代码{code(1)}，请核对。", "3 单位名称：与第2行重复。"]
    await Employer.filter(name="新公司").delete()
    both = await imports.read(admin, csv(f"别的公司,{code(1)},", "旧公司,,"))
    assert reasons(both) == [f"3 统一社会信用代码：“别的公司”已使用代码{code(1)}，请核对。"]


async def test_what_the_list_became_meanwhile_counts(deps: Deps, imports: EmployerImporter, admin: Actor) -> None:
    view = await imports.read(admin, csv(f"甲公司,{code(1)},", "乙公司,,", "丙公司,,"))
    assert view.bad == 0
    await make_employer(deps, "丁公司", credit_code=code(1))
    await make_employer(deps, "乙公司")
    with pytest.raises(Conflict, match="有1行不能导入"):
        await imports.apply(admin, view.id)
    imported = await imports.apply(admin, view.id, only_good=True)
    assert counts(imported, add=1, same=1)
    assert [error.line for error in imported.errors] == [2]
    assert await names() == ["丁公司", "丙公司", "乙公司"]


async def test_a_sheet_without_a_good_line_is_not_taken_in(imports: EmployerImporter, admin: Actor) -> None:
    view = await imports.read(admin, csv("无,,"))
    with pytest.raises(Conflict, match="没有可以导入的行"):
        await imports.apply(admin, view.id, only_good=True)


async def test_reasons_beyond_what_people_read_are_counted_only(imports: EmployerImporter, admin: Actor) -> None:
    view = await imports.read(admin, csv(*["无,,"] * (ERRORS_SHOWN + 50)))
    assert (len(view.errors), view.bad) == (ERRORS_SHOWN, ERRORS_SHOWN + 50)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "空的"),
        (csv(), "只有表头"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "另存为 .xlsx"),
        (b"PK\x03\x04 not a zip", "不是有效的 .xlsx"),
        (b"\xff\xfe\x80", "编码"),
        (csv('"甲'), "引号"),
        ("名称,代码\n甲,1".encode(), "无法识别的列"),
        ("统一社会信用代码\n1".encode(), "缺少必填列"),
        (csv(*[f"单位{at},," for at in range(10_001)]), "最多导入10000行"),
        (b"x" * 10_000_001, "文件最大10MB"),
    ],
)
async def test_what_is_no_sheet_says_what_to_do(
    imports: EmployerImporter, admin: Actor, content: bytes, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as refusal:
        await imports.read(admin, content)
    assert refusal.value.field == "file"
    assert not await Sheet.exists()


async def test_a_sheet_waits_for_a_day_and_is_this_pools_alone(
    imports: EmployerImporter, admin: Actor, clock: FixedClock
) -> None:
    view = await imports.read(admin, csv("甲公司,,"))
    with pytest.raises(NotFound):
        await imports.get(replace(admin, pool="guangdong"), view.id)
    clock.move(timedelta(days=1, seconds=1))
    for act in (imports.get(admin, view.id), imports.apply(admin, view.id)):
        with pytest.raises(NotFound, match="重新上传"):
            await act
    await imports.read(admin, csv("乙公司,,"))
    assert await Sheet.all().count() == 1, "what waited too long is forgotten"


async def test_only_the_office_imports(deps: Deps, imports: EmployerImporter) -> None:
    with pytest.raises(Forbidden):
        await imports.read(await make_applicant(deps), csv("甲公司,,"))
