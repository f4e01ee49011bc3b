"""Parses sheets (CSV, XLSX) that people filled in. They are untrusted, so this runs in a separate process
(``inspection.checker``)."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from domain.typed_text import tidy_text
from services.spreadsheets.extent import Extent, Suspicious, TooMuch, measure
from services.spreadsheets.formats import Column, Format, Line, SheetError

BYTES_MAX = 64 * 1024 * 1024
UNPACKED_MAX = 1024 * 1024 * 1024
COLUMNS_MAX = 256
CELL_MAX = 8_000
"""Characters per cell."""
_CELL_READ = 4 * CELL_MAX
"""A longer cell is refused as it is."""
_EMPTY_ROWS = 10_000
"""Empty rows allowed between filled ones."""
_NO_XLSX = "这不是有效的 .xlsx 文件，请用表格软件另存为 .xlsx 后再导入。"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    SyntaxError,
)
"""Exceptions of openpyxl for invalid books; SyntaxError is the XML parsers' ParseError."""
_DAMAGED = "文件内容已损坏，请用表格软件重新保存后再导入。"
_TOO_MUCH = "文件解压后过大，请新建表格，只粘贴名单的文字后再导入。"


@dataclass(frozen=True)
class SheetBudget:
    """Limits for a sheet with so many lines: a genuine one has a fraction of them."""

    lines: int

    @property
    def cells(self) -> int:
        return (self.lines + _EMPTY_ROWS) * 64

    @property
    def unpacked(self) -> int:
        return min(UNPACKED_MAX, 20_000_000 + self.lines * 4_000)

    @property
    def characters(self) -> int:
        return self.lines * 1_000


def read_lines(content: bytes, form: Format, columns: Sequence[Column], rows_max: int) -> Iterator[Line]:
    """The lines below the heading, without empty ones; columns may be in any order, and optional ones missing.

    Raises SheetError, also while iterating.
    """
    budget = SheetBudget(rows_max)
    rows = read_rows(content, form, budget)
    first = next(rows, None)
    if first is None:
        raise SheetError("文件是空的，请先下载模板填写。")
    order = _order(first[1], columns)
    count = characters = 0
    for number, row in rows:
        if not any(row):
            continue
        count += 1
        if count > rows_max:
            raise SheetError(f"一次最多导入{rows_max}行，请拆分后分批导入。")
        line = Line(number, tuple(row[at] if at is not None and at < len(row) else "" for at in order))
        characters += sum(map(len, line.cells))
        if characters > budget.characters or max(map(len, line.cells)) > CELL_MAX:
            raise SheetError(f"第{number}行的内容过长，请检查并缩短后再导入。")
        yield line
    if not count:
        raise SheetError("文件只有表头，没有内容，请填写后再导入。")


def read_rows(content: bytes, form: Format, budget: SheetBudget) -> Iterator[tuple[int, list[str]]]:
    """Every row with the spreadsheet's own number, cells as tidy text. Raises SheetError, also while iterating."""
    if len(content) > BYTES_MAX:
        raise SheetError(f"文件超过{BYTES_MAX // 1024 // 1024}MB，请拆分后分批导入。")
    return _read_csv(content) if form == "csv" else _read_xlsx(content, budget)


def _order(heading: Sequence[str], columns: Sequence[Column]) -> list[int | None]:
    """The index of each column; unknown ones are refused."""
    titles = [title.strip().rstrip("*＊") for title in heading]
    while titles and not titles[-1]:
        titles.pop()
    known_titles = {column.title for column in columns}
    if unknown := [title for title in titles if title not in known_titles]:
        raise SheetError(f"第1行有无法识别的列“{unknown[0][:20]}”，请使用模板的表头。")
    if repeated_titles := [title for title in titles if titles.count(title) > 1]:
        raise SheetError(f"第1行有重复的列“{repeated_titles[0]}”，请删除其中一列。")
    if missing := [column.title for column in columns if column.required and column.title not in titles]:
        raise SheetError(f"第1行缺少必填列“{'、'.join(missing)}”，请使用模板的表头。")
    return [titles.index(column.title) if column.title in titles else None for column in columns]


def _read_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """UTF-8 with or without mark, else GB 18030, as spreadsheets in China write it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise SheetError("文件编码无法识别，请另存为“CSV UTF-8”后再导入。") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for row in reader:
            number += 1
            yield number, [_tidy(cell) for cell in row[:COLUMNS_MAX]]
    except csv.Error as error:
        raise SheetError(f"第{number + 1}行附近的CSV格式有误（引号或换行不成对），请检查后再导入。") from error


def _read_xlsx(content: bytes, budget: SheetBudget) -> Iterator[tuple[int, list[str]]]:
    extents = _measure(content, budget)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise SheetError(_NO_XLSX) from error
    try:
        sheet = book.worksheets[0]
        extent = extents.get(sheet._worksheet_path.lstrip("/"), Extent())
        if extent.rows * extent.columns > budget.cells or extent.columns > COLUMNS_MAX:
            raise SheetError(f"表格过大（{extent.rows}行{extent.columns}列），请新建表格，只粘贴名单的文字后再导入。")
        sheet.reset_dimensions()  # the dimensions stated in the file may be wrong
        used = sheet.iter_rows(max_row=max(1, extent.rows), max_col=max(1, extent.columns), values_only=True)
        for number, row in enumerate(used, 1):
            yield number, [_text(cell) for cell in row]
    except _BROKEN as error:
        raise SheetError(_DAMAGED) from error
    finally:
        book.close()


def _measure(content: bytes, budget: SheetBudget) -> dict[str, Extent]:
    """Raises SheetError for a file that would unpack without limit."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # a filled cell is two elements at least, itself and its value
            return dict(measure(archive, budget.unpacked, 2 * budget.cells))
    except TooMuch as error:
        raise SheetError(_TOO_MUCH) from error
    except Suspicious as error:
        raise SheetError(_DAMAGED) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise SheetError(_NO_XLSX) from error


def _tidy(cell: str) -> str:
    return tidy_text(cell, lines=True) if len(cell) <= _CELL_READ else cell.strip()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _tidy(cell)
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:  # beyond, digits are lost
        return str(int(cell))
    return str(cell)
