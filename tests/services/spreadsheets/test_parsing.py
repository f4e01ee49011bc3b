"""Hostile sheets: small files that declare large contents, read in a limited process."""

from __future__ import annotations

import resource

import pytest

from services.inspection.checker import FileChecker
from services.inspection.limited_process import ProcessLimits
from services.spreadsheets.formats import Column, Line, SheetError
from services.spreadsheets.parsing import read_lines
from tests.factories.sheets import MAIN, SHEET, STRINGS, book, sheet, strings_without_end, with_part

COLUMNS = (Column("name", "姓名", True, "", ""), Column("code", "代码", False, "", ""))


def refusal_of(content: bytes, rows_max: int = 500) -> str:
    with pytest.raises(SheetError) as refusal:
        list(read_lines(content, "xlsx", COLUMNS, rows_max))
    assert str(refusal.value).endswith("。")
    return str(refusal.value)


def test_strings_beyond_all_sheets_are_refused_before_they_are_unpacked() -> None:
    bomb = with_part(STRINGS, strings_without_end(200))
    assert len(bomb) < 1_000_000
    assert "过大" in refusal_of(bomb)


def test_strings_within_the_unpacked_size_are_counted() -> None:
    assert "过大" in refusal_of(with_part(STRINGS, strings_without_end(20)))


def test_a_value_at_the_far_corner_does_not_fill_the_sheet() -> None:
    corner = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    assert "表格过大（第1048576行XFD列还有内容）" in refusal_of(with_part(SHEET, sheet(iter([corner]))))


def test_formatted_cells_without_a_value_are_left_out() -> None:
    rows = [
        '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c><c r="XFD1" s="1"/></row>',
        '<row r="2"><c r="A2" t="inlineStr"><is><t>张三</t></is></c></row>',
        '<row r="1048576"><c r="A1048576" s="1"/></row>',
    ]
    content = with_part(SHEET, sheet(row.encode() for row in rows))
    assert list(read_lines(content, "xlsx", COLUMNS, 500)) == [Line(2, ("张三", ""))]


def test_a_size_that_the_sheet_only_claims_is_not_believed() -> None:
    head = '<row r="1"><c t="inlineStr"><is><t>姓名</t></is></c></row>'
    rows = f'{head}<row r="2"><c><v>7</v></c></row>'.encode()
    claims = (f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>').encode()
    content = with_part(SHEET, iter([claims, rows, b"</sheetData></worksheet>"]))
    assert list(read_lines(content, "xlsx", COLUMNS, 500)) == [Line(2, ("7", ""))]


def test_deep_xml_and_entities_are_refused() -> None:
    assert "损坏" in refusal_of(with_part(STRINGS, iter([b"<a>" * 100_000, b"</a>" * 100_000])))
    lol = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    assert "损坏" in refusal_of(with_part(STRINGS, iter([lol])))


def test_one_cell_of_many_pages_is_refused_by_its_line() -> None:
    assert "第2行的内容过长" in refusal_of(book([["姓名"], ["长" * 20_000]]))


def test_rows_beyond_the_limit_are_refused() -> None:
    assert "一次最多导入3行" in refusal_of(book([["姓名"], ["a"], ["b"], ["c"], ["d"]]), rows_max=3)


async def test_the_process_reads_as_the_function_does() -> None:
    content = book([["代码", "姓名"], ["x", "张三"], [None, None], ["y", "李四"]])
    expected = [Line(2, ("张三", "x")), Line(4, ("李四", "y"))]
    assert list(await FileChecker().read_sheet("gd", content, "xlsx", COLUMNS, 500)) == expected
    assert list(read_lines(content, "xlsx", COLUMNS, 500)) == expected
    with pytest.raises(SheetError, match="无法识别的列"):
        await FileChecker().read_sheet("gd", book([["别的"], ["x"]]), "xlsx", COLUMNS, 500)


async def test_a_sheet_that_breaks_its_process_is_refused_and_takes_nothing_of_ours() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    checker = FileChecker(sheets=ProcessLimits(memory=200 * 1024 * 1024))
    with pytest.raises(SheetError, match="过于复杂"):
        await checker.read_sheet(
            "gd", ("姓名\n" + "张三\n" * 20_000_000).encode()[:60_000_000], "csv", COLUMNS, 500_000
        )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000, "kilobytes: the text itself, no more"
