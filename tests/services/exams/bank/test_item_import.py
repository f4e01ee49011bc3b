"""Files of items: each row checked for itself, within the file and against the bank, then taken in whole or in part."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound
from domain.exams import items
from domain.exams.items import ItemKind
from domain.exams.questions import TITLES
from models.exams import ExamImport, ExamItem, ExamItemVersion
from services.core.base import Actor, Deps
from services.exams import ExamServices, ItemFilter, render_template
from services.exams.bank.item_import import ITEMS_MAX, ItemRow, _compare_with_bank
from services.exams.bank.item_matching import Bank
from services.exams.bank.item_rows import StoredItem, read_items
from services.spreadsheets.formats import Format
from services.spreadsheets.imports import ERRORS_SHOWN, IMPORT_TTL, ImportView
from tests.factories.documents import xlsx
from tests.factories.exam_items import case, judged, make_items, multiple, single
from tests.factories.workbooks import ForeignSheet, number, text, workbook

pytestmark = pytest.mark.usefixtures("db")
HEAD = ["题型", "题干", "选项A", "选项B", "选项C", "答案", "章节", "案例编号", "题号"]
NOTHING = {"add": 0, "version": 0, "changed": 0, "same": 0, "retired": 0}
ONE = "单选题,人数为（ ）。,三人,五人,七人,B,组成,,"
TWO = "判断题,可以是双数。,,,,错误,组成,,"


def csv(*lines: str, head: Sequence[str] = HEAD, encoding: str = "utf-8") -> bytes:
    return "\n".join([",".join(head), *lines]).encode(encoding)


def counts(view: ImportView, **some: int) -> bool:
    return dict(view.counts) == NOTHING | some


def reasons(view: ImportView) -> list[str]:
    return [f"{error.line} {error.column}：{error.reason}" for error in view.errors]


async def stems() -> list[str]:
    return [version.stem for version in await ExamItemVersion.all().order_by("item__code", "number")]


# ---- large files


@pytest.mark.parametrize("sort", ["single", "case"])
async def test_twice_the_questions_are_twice_the_work(monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    """Many questions may have one stem (which is right?), and many cases no part: each compared with each held up all
    other requests for minutes."""
    tallied = 0
    bare_text, is_equal = items._bare_text, ItemRow.__eq__

    def count_reading(text: str) -> str:
        nonlocal tallied
        tallied += 1
        return bare_text(text)

    def count_comparing(row: ItemRow, other: object) -> bool:
        nonlocal tallied
        tallied += 1
        return is_equal(row, other)

    monkeypatch.setattr(items, "_bare_text", count_reading)
    monkeypatch.setattr(ItemRow, "__eq__", count_comparing)
    work: list[int] = []
    for size in (100, 200):
        tallied, rows = 0, [_row(line, sort) for line in range(size)]
        stored = [StoredItem(ExamItem(code=f"T{row.line}"), ExamItemVersion(), row.data()) for row in rows]
        good, bad = _compare_with_bank(Bank.of_items(stored if sort == "single" else []), rows, [])
        assert (len(good), len(bad)) == ((size, 0) if sort == "single" else (0, size))
        work.append(tallied)
    assert work[1] <= 2.1 * work[0] + 10


def _row(line: int, kind: str) -> ItemRow:
    stem, options, case_code = (
        ("哪一项正确？", ["甲", f"乙{line}"], "") if kind == "single" else ("案例", [], f"A{line}")
    )
    return ItemRow(line, kind, stem, options, 1, "", "组成", 3, "", "", False, "", case_code)


# ---- good files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_sheet_is_checked_first_and_taken_in_afterwards(
    exams: ExamServices, admin: Actor, encoding: str
) -> None:
    view = await exams.item_import.read(admin, csv(ONE, "", TWO, encoding=encoding))
    assert counts(view, add=2)
    assert (view.state, view.bad, view.sample) == ("checked", 0, ("人数为（ ）。", "可以是双数。"))
    assert await ExamItem.all().count() == 0
    applied_view = await exams.item_import.apply(admin, view.id, "skip")
    assert (applied_view.state, counts(applied_view, add=2)) == ("done", True)
    items = await read_items(await ExamItem.all().order_by("code"))
    assert [(item.row.code, item.data.kind, item.data.key, item.data.fixed_order) for item in items] == [
        ("T00001", ItemKind.SINGLE, 2, True),
        ("T00002", ItemKind.TRUE_FALSE, 2, True),
    ]


async def test_a_workbook_with_all_columns(exams: ExamServices, admin: Actor) -> None:
    options = ["甲", "乙", "丙", "丁", "戊", None, None, None]
    row = ["Q-1", "多选题", "多选", *options, "A、C、E", "章", 4, "第一条", "解析\n第二行", None, "固定"]
    view = await exams.item_import.read(admin, xlsx(list(TITLES.values()), row))
    await exams.item_import.apply(admin, view.id, "skip")
    (item,) = await read_items(await ExamItem.all())
    assert (item.row.code, item.data.key, item.data.difficulty, item.data.fixed_order) == ("Q-1", 0b10101, 4, True)
    assert (item.data.basis, item.data.explanation) == ("第一条", "解析\n第二行")


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_the_template_can_be_sent_in_as_it_is(exams: ExamServices, admin: Actor, form: Format) -> None:
    view = await exams.item_import.read(admin, render_template(form))
    assert (counts(view, add=1), view.bad) == (True, 0)


async def test_gift_and_moodle_xml_go_the_same_way(exams: ExamServices, admin: Actor) -> None:
    gift = "$CATEGORY: 组成\n\n人数为 {=五人 ~三人}\n\n可以是双数。{F}"
    view = await exams.item_import.read(admin, gift.encode())
    assert (view.filename, counts(view, add=2)) == ("GIFT", True)
    xml = (
        "<?xml version='1.0'?><quiz><question type='category'><category><text>top/组成</text></category></question>"
        "<question type='essay'><questiontext><text>简述</text></questiontext>"
        "<graderinfo><text>要点</text></graderinfo></question></quiz>"
    )
    other = await exams.item_import.read(admin, xml.encode())
    assert (other.filename, counts(other, add=1)) == ("Moodle XML", True)
    await exams.item_import.apply(admin, view.id, "skip")
    await exams.item_import.apply(admin, other.id, "skip")
    assert sorted(await stems()) == ["人数为", "可以是双数。", "简述"]


async def test_cases_come_with_their_parts_in_any_order(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(
        admin,
        csv(
            "单选题,组成是否合法？,是,否,,B,案例,A1,",
            "案例题,某项目。,,,,,案例,A1,",
            "判断题,应当重组。,,,,对,案例,A1,",
        ),
    )
    await exams.item_import.apply(admin, view.id, "skip")
    (case_item,) = await ExamItem.filter(kind="case")
    parts = await ExamItem.filter(group_id=case_item.id).order_by("position")
    assert [(part.kind, part.position) for part in parts] == [("single", 1), ("true_false", 2)]


async def test_confirming_twice_or_at_once_is_once(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv(ONE))
    applied_views = await asyncio.gather(*(exams.item_import.apply(admin, view.id, "skip") for _ in range(3)))
    assert all(view == applied_views[0] for view in applied_views)
    assert await ExamItem.all().count() == 1


# ---- against the bank


async def test_what_is_exported_changes_nothing_when_it_comes_back(
    deps: Deps, exams: ExamServices, admin: Actor
) -> None:
    (case_id, *_) = await make_items(deps, case(), single("=1+1等于几"), multiple(), judged())
    await exams.bank.add(admin, single("是否合法？"), case_id=case_id)
    for form in ("xlsx", "gift", "moodle_xml"):
        view = await exams.item_import.read(admin, await exams.bank_export.make(admin, ItemFilter(), form))
        assert (form, view.bad, counts(view, same=5)) == (form, 0, True)


@pytest.mark.parametrize("form", ["xlsx", "gift", "moodle_xml"])
async def test_another_pool_takes_an_export_in_whole(deps: Deps, exams: ExamServices, admin: Actor, form: str) -> None:
    (case_id, *_) = await make_items(deps, case(), single(), multiple(), judged())
    await exams.bank.add(admin, single("是否合法？"), case_id=case_id)
    other = replace(admin, pool="guangdong")
    view = await exams.item_import.read(other, await exams.bank_export.make(admin, ItemFilter(), form))
    await exams.item_import.apply(other, view.id, "skip")
    here = await read_items(await ExamItem.filter(pool="demo").order_by("code"))
    there = await read_items(await ExamItem.filter(pool="guangdong").order_by("code"))
    assert [(item.row.code, item.data) for item in here] == [(item.row.code, item.data) for item in there]
    assert await ExamItem.filter(pool="guangdong", group__pool="guangdong").count() == 1


CHANGED = "单选题,评标委员会成员人数为（ ）。,三人,五人,七人,B,组成,,"


@pytest.mark.parametrize(
    ("way", "count", "items", "versions"),
    [("skip", {"changed": 1}, 1, 1), ("version", {"version": 1}, 1, 2), ("add", {"add": 1}, 2, 2)],
)
async def test_the_person_decides_on_what_the_bank_says_otherwise(
    deps: Deps, exams: ExamServices, admin: Actor, way: str, count: dict[str, int], items: int, versions: int
) -> None:
    await make_items(deps, single())
    view = await exams.item_import.read(admin, csv(CHANGED))
    assert counts(view, changed=1)
    applied_view = await exams.item_import.apply(admin, view.id, way)
    assert counts(applied_view, **count)
    assert (await ExamItem.all().count(), await ExamItemVersion.all().count()) == (items, versions)


async def test_a_number_says_which_item_is_meant(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    await make_items(deps, single(), multiple())
    view = await exams.item_import.read(
        admin, csv("单选题,全新的题干,三人,五人,七人,B,组成,,T00001", "单选题,又一题,三人,五人,,B,组成,,T00002")
    )
    assert counts(view, changed=1)
    assert reasons(view) == ["3 题号：题库中T00002是多选题，请改正题号或题型。"]
    await exams.item_import.apply(admin, view.id, "version", only_good=True)
    (item,) = await read_items([await ExamItem.get(code="T00001")])
    assert (item.data.stem, item.row.version, item.row.chapter) == ("全新的题干", 2, "组成")


async def test_a_retired_item_stays_retired(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    await exams.bank.retire(admin, item_id)
    view = await exams.item_import.read(admin, csv(CHANGED))
    assert counts(view, retired=1)
    await exams.item_import.apply(admin, view.id, "add")
    assert await ExamItem.filter(retired_at=None).count() == 0


async def test_one_of_many_with_this_stem_is_another_item(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    """Many ask which of these is right."""
    stem = single().stem
    await make_items(deps, single(), replace(single(), options=("甲", "乙"), key=1))
    view = await exams.item_import.read(admin, csv(f"单选题,{stem},丙,丁,,A,组成,,"))
    assert counts(view, add=1)


async def test_parts_can_be_added_to_a_case_of_the_bank(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (case_id,) = await make_items(deps, case())
    await exams.bank.add(admin, single("第一问"), case_id=case_id)
    view = await exams.item_import.read(admin, csv("单选题,第二问,是,否,,B,案例,T00001,"))
    await exams.item_import.apply(admin, view.id, "skip")
    parts = await ExamItem.filter(group_id=case_id).order_by("position")
    assert [part.code for part in parts] == ["T00002", "T00003"]


async def test_a_new_case_of_a_known_number_takes_its_parts_along(
    deps: Deps, exams: ExamServices, admin: Actor
) -> None:
    (case_id,) = await make_items(deps, case())
    await exams.bank.add(admin, single("第一问"), case_id=case_id)
    sheet = csv("案例题,另一个案例。,,,,,案例,T00001,T00001", "单选题,第一问,是,否,,B,案例,T00001,")
    view = await exams.item_import.read(admin, sheet)
    assert counts(view, changed=2)
    await exams.item_import.apply(admin, view.id, "add")
    new = await ExamItem.get(kind="case", id__not=case_id)
    assert await ExamItem.filter(group_id=new.id).count() == 1
    assert await ExamItem.filter(group_id=case_id).count() == 1


async def test_what_changed_meanwhile_counts(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv(CHANGED))
    assert counts(view, add=1)
    await make_items(deps, single())
    applied_view = await exams.item_import.apply(admin, view.id, "skip")
    assert counts(applied_view, changed=1)
    assert await ExamItem.all().count() == 1


# ---- broken in many ways


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("单选题,,三人,五人,,B,组成,,", "题干：不能为空。"),
        ("填空题,题,三人,五人,,B,组成,,", "题型：应填单选题、多选题、判断题、简答题、案例题。"),
        (",题,三人,五人,,B,组成,,", "题型：不能为空。"),
        ("单选题,题,三人,五人,,,组成,,", "答案：不能为空。"),
        ("单选题,题,三人,五人,,D,组成,,", "答案：答案超出了选项，最后一个选项是B。"),
        ("单选题,题,三人,五人,,AB,组成,,", "答案：单选题只能有一个正确答案。"),
        ("单选题,题,三人,五人,,五人,组成,,", "答案：答案应填选项的字母，如B。"),
        ("单选题,题,三人,,五人,A,组成,,", "选项B：不能为空。"),
        ("单选题,题,三人,三人,,A,组成,,", "选项B：与选项A相同。"),
        ("单选题,题,三人,,,A,组成,,", "选项：应有2至8个选项。"),
        ("单选题,题,三人,五人,,B,,,", "章节：不能为空。"),
        ("判断题,题,,,,也许,组成,,", "答案：判断题的答案应填正确或错误。"),
        ("判断题,题,甲,乙,,对,组成,,", "选项A：判断题的选项固定为正确、错误，请留空。"),
        ("简答题,题,,,,,组成,,", "答案：简答题要填写参考答案，评分时对照。"),
        ("简答题,题,甲,,,要点,组成,,", "选项A：简答题没有选项，请留空。"),
        ("案例题,题,,,,,组成,,", "案例编号：案例题要有案例编号，其小题填相同的编号。"),
        ("案例题,题,,,,,组成,A1,", "案例编号：没有可用的小题，请添加案例编号相同的题目。"),
        ("单选题,题,三人,五人,,B,组成,A9,", "案例编号：没有可用的同编号案例题，请补上或改正案例题那一行。"),
        ("单选题,题,三人,五人,,B,组成,案例一,", "案例编号：只能用字母、数字、-和_，最多32个。"),
        ("单选题,题,三人,五人,,B,组成,,第1题", "题号：只能用字母、数字、-和_，最多32个。"),
        ("单选题,人数为(),七人,五人,三人,B,别的,,", "题干：与第2行（题）重复。"),
    ],
)
async def test_a_bad_line_says_why_and_the_others_can_be_taken(
    exams: ExamServices, admin: Actor, line: str, reason: str
) -> None:
    view = await exams.item_import.read(admin, csv(ONE, line))
    assert (reasons(view), view.bad) == ([f"3 {reason}"], 1)
    with pytest.raises(Conflict, match="有1行不能导入，未导入任何题目"):
        await exams.item_import.apply(admin, view.id, "skip")
    assert await ExamItem.all().count() == 0
    applied_view = await exams.item_import.apply(admin, view.id, "skip", only_good=True)
    assert (counts(applied_view, add=1), applied_view.bad) == (True, 1)


async def test_numbers_must_not_stand_twice(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv(f"{ONE}Q1", f"{TWO}Q1"))
    assert reasons(view) == ["3 题号：与第2行（题）重复。"]


async def test_a_bad_case_takes_its_parts_along(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv("案例题,,,,,,案例,A1,", "单选题,题,是,否,,B,案例,A1,", ONE))
    assert [reason.split("：")[0] for reason in reasons(view)] == ["2 题干", "3 案例编号"]
    assert counts(view, add=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "文件是空的"),
        (b"\xff\xff\x00\x01", "编码无法识别"),
        ("题型,题干".encode(), "缺少必填列“章节”"),
        ("题型,题干,章节,分值".encode(), "无法识别的列“分值”"),
        ("题型,题干,章节,章节".encode(), "重复的列“章节”"),
        (csv(), "只有表头"),
        (csv('单选题,"题'), "格式有误"),
        (b"PK\x03\x04 broken", "不是有效的 .xlsx"),
        (b"\xd0\xcf\x11\xe0 old", "旧版 .xls"),
        (b"<?xml version='1.0'?><html/>", "不是有效的Moodle XML"),
        (b'<!DOCTYPE q [<!ENTITY a "b">]><quiz>&a;</quiz>', "文档类型"),
        (b"// {only a comment}", "没有题目"),
        (csv(*[f"判断题,第{at}题,,,,对,章,," for at in range(ITEMS_MAX + 1)]), "一次最多导入2000行"),
        (b"x" * 5_000_001, "文件最大5MB"),
        (b"<quiz>" + b"x" * 5_000_001, "文件最大5MB"),
    ],
)
async def test_a_file_that_is_none_is_refused_whole(
    exams: ExamServices, admin: Actor, content: bytes, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        await exams.item_import.read(admin, content)
    assert await ExamImport.all().count() == 0


async def test_a_cell_means_what_is_shown_or_its_line_is_left_out(exams: ExamServices, admin: Actor) -> None:
    heading = [text(title) for title in HEAD[:7]]
    right = [text("单选题"), text("保证金比例为"), number("0.02", 1), number("400000", 2), number("46086", 3)]
    wrong = [text("单选题"), text("代码为"), number("440106199001011000"), text("甲"), text("乙")]
    rows = [[*line, text("A"), text("组成")] for line in (right, wrong)]
    sheet = ForeignSheet([heading, *rows])
    view = await exams.item_import.read(admin, workbook(sheet, formats=[9, '#,##0"元"', 58]))
    assert counts(view, add=1)
    assert [error[: len("3 选项A：C3是数字4.40106E+17")] for error in reasons(view)] == ["3 选项A：C3是数字4.40106E+17"]
    await exams.item_import.apply(admin, view.id, "skip", only_good=True)
    (version,) = await ExamItemVersion.all()
    assert version.options == ["2%", "400,000元", "3月5日"]


async def test_of_very_many_mistakes_some_are_shown(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv(*["单选题,,,,,,,,"] * (ERRORS_SHOWN + 1)))
    assert (len(view.errors), view.bad) == (ERRORS_SHOWN, ERRORS_SHOWN + 1)
    with pytest.raises(Conflict, match="没有可以导入的行"):
        await exams.item_import.apply(admin, view.id, "skip", only_good=True)


# ---- what is kept meanwhile


async def test_rows_wait_sealed_and_are_gone_afterwards(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv(ONE))
    stored_import = await ExamImport.get()
    assert stored_import.lines_sealed.startswith("a256gcm:")
    assert "五人" not in json.dumps(
        [stored_import.errors, stored_import.result, stored_import.counts], ensure_ascii=False
    )
    await exams.item_import.apply(admin, view.id, "skip")
    assert (await ExamImport.get()).lines_sealed == ""


async def test_a_file_waits_a_day_and_belongs_to_its_pool(exams: ExamServices, admin: Actor, clock: FixedClock) -> None:
    view = await exams.item_import.read(admin, csv(ONE))
    with pytest.raises(NotFound):
        await exams.item_import.get(replace(admin, pool="guangdong"), view.id)
    clock.move(IMPORT_TTL + timedelta(seconds=1))
    with pytest.raises(NotFound, match="已过期"):
        await exams.item_import.apply(admin, view.id, "skip")


async def test_without_a_choice_nothing_is_done(exams: ExamServices, admin: Actor) -> None:
    view = await exams.item_import.read(admin, csv(ONE))
    with pytest.raises(InvalidInput, match="请选择如何处理"):
        await exams.item_import.apply(admin, view.id, "")
