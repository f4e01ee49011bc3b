"""Tables as XLSX: what comes out is what was put in, as the right type, and nothing is carried out."""

from __future__ import annotations

import gc
import io
import struct
import sys
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from services.spreadsheets.export import ExportColumn, Value, write_sheet, yuan
from services.spreadsheets.formats import Column, Line
from services.spreadsheets.parsing import read_lines
from services.spreadsheets.xlsx import guard


async def batches(*rows: Sequence[Value]) -> AsyncIterator[Sequence[Sequence[Value]]]:
    for row in rows:
        yield [row]


async def read(*rows: Sequence[Value]) -> Any:
    width = max(len(row) for row in rows)
    content = await write_sheet("表", [ExportColumn(f"列{n}") for n in range(width)], batches(*rows))
    return load_workbook(io.BytesIO(content))["表"]


async def test_cells_keep_their_types() -> None:
    sheet = await read(
        ("文字", 7, yuan(35_050), datetime(2026, 11, 21, 4, 0, 5, 123, tzinfo=UTC), date(2026, 11, 20), None, "")
    )
    text, number, money, moment, day, nothing, empty = sheet[2]
    assert (text.value, text.data_type) == ("文字", "s")
    assert (number.value, money.value, money.number_format) == (7, 350.5, "#,##0.00")
    assert (str(moment.value), moment.number_format) == ("2026-11-21 12:00:05", "yyyy-mm-dd hh:mm:ss")
    assert day.value.date() == date(2026, 11, 20)
    assert nothing.value is None
    assert empty.value is None


async def test_the_heading_stays_and_can_be_filtered() -> None:
    sheet = await read(("a", "b"), ("c", "d"))
    assert [cell.value for cell in sheet[1]] == ["列0", "列1"]
    assert sheet[1][0].font.bold
    assert (sheet.freeze_panes, sheet.max_row) == ("A2", 3)
    assert sheet.auto_filter.ref.startswith("A1:B1")


@pytest.mark.parametrize("typed", ["=1+1", "+86 139", "-1", "@SUM(A1)", "\tx", '=HYPERLINK("http://x","y")'])
async def test_what_looks_like_a_formula_is_text(typed: str) -> None:
    cell = (await read((typed,)))[2][0]
    assert (cell.data_type, cell.value) == ("s", f"'{typed}")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60).filter(lambda text: not any(0xD800 <= ord(character) <= 0xDFFF for character in text)))
async def test_no_text_breaks_the_file_or_begins_a_formula(typed: str) -> None:
    cell = (await read(("x", typed)))[2][1]
    assert cell.data_type in ("s", "n")
    assert not str(cell.value or "").startswith(("=", "+", "-", "@"))


async def test_the_archive_is_one_that_every_program_opens() -> None:
    content = await write_sheet("表", [ExportColumn("列")], batches(("甲",), ("乙",)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for part in archive.infolist():
            version, flags = struct.unpack_from("<HH", content, part.header_offset + 4)
            sizes = struct.unpack_from("<II", content, part.header_offset + 18)
            (extra,) = struct.unpack_from("<H", content, part.header_offset + 28)
            assert (version, flags & 0b1000, extra, part.extra) == (20, 0, 0, b""), "neither ZIP64 nor sizes at the end"
            assert sizes == (part.compress_size, part.file_size)


@pytest.mark.parametrize(
    "typed",
    ["10⁶元", "甲\n乙", "a_x000D_b", "_x005F_", "001", "3月5日", "2%", "<b>&amp;", "440106199001011234"],
)
async def test_our_own_reader_reads_what_was_written(typed: str) -> None:
    columns = (Column("name", "姓名", True, "", ""), Column("value", "内容", False, "", ""))
    content = await write_sheet("表", [ExportColumn("姓名"), ExportColumn("内容")], batches(("张三", typed)))
    assert list(read_lines(content, "xlsx", columns, 10)) == [Line(2, ("张三", typed))]


async def test_typed_cells_are_read_as_they_are_shown() -> None:
    columns = tuple(Column(title, title, True, "", "") for title in "甲乙丙丁")
    row = (7, yuan(35_050), datetime(2026, 11, 21, 4, 0, 5, tzinfo=UTC), date(2026, 3, 5))
    content = await write_sheet("表", [ExportColumn(title) for title in "甲乙丙丁"], batches(row))
    (line,) = read_lines(content, "xlsx", columns, 10)
    assert line.cells == ("7", "350.50", "2026-11-21 12:00:05", "2026-03-05")


def test_yuan_are_exact() -> None:
    assert [yuan(fen) for fen in (1, 10, 35_000, None)] == [Decimal("0.01"), Decimal("0.1"), Decimal(350), None]


def test_a_text_too_long_for_a_cell_is_cut() -> None:
    assert len(guard("=" * 40_000)) == 32_767


async def test_a_sheet_that_is_given_up_leaves_nothing_open() -> None:
    complaints: list[Any] = []

    async def failing_batches() -> AsyncIterator[Sequence[Sequence[Value]]]:
        yield [["一行"]]
        raise RuntimeError("the rest can't be read")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", complaints.append)
        with pytest.raises(RuntimeError, match="the rest"):
            await write_sheet("表", [ExportColumn("列")], failing_batches())
        gc.collect()
    assert complaints == []
