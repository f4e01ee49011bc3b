"""Sheets that people fill in (CSV, XLSX): their columns, their templates, and reading them back."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

Format = Literal["csv", "xlsx"]

BYTES_MAX = 64 * 1024 * 1024
UNPACKED_MAX = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Column:
    """``title`` is the heading; ``help`` tells what to type; ``sample`` is a value that passes."""

    name: str
    title: str
    required: bool
    help: str
    sample: str


@dataclass(frozen=True)
class Line:
    """``number`` counts as the spreadsheet does, the heading being 1; ``cells`` follow the columns asked for."""

    number: int
    cells: tuple[str, ...]


class SheetError(Exception):
    """The file as a whole can't be read. The text is a Chinese sentence that says what to do."""


def format_of(name: str) -> Format:
    """By the file's ending. Raises SheetError."""
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return "csv"
    if ending == "xlsx":
        return "xlsx"
    raise SheetError("只支持 .csv 和 .xlsx 文件；旧版 .xls 请另存为 .xlsx 后再导入。")


def format_within(content: bytes) -> Format:
    """By what the file is. Raises SheetError for the older kind of workbook."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("只支持 .csv 和 .xlsx 文件；旧版 .xls 请另存为 .xlsx 后再导入。")
    return "xlsx" if content.startswith(b"PK\x03\x04") else "csv"


def read_rows(content: bytes, form: Format) -> Iterator[tuple[int, list[str]]]:
    """Every row with the spreadsheet's own number, cells as trimmed text. Raises SheetError, also while iterating."""
    if len(content) > BYTES_MAX:
        raise SheetError(f"文件超过{BYTES_MAX // 1024 // 1024}MB，请拆分后分批导入。")
    return _read_csv(content) if form == "csv" else _read_xlsx(content)


def read_lines(content: bytes, form: Format, columns: Sequence[Column], rows_max: int) -> Iterator[Line]:
    """The lines below the heading, empty ones left out; columns may stand in any order, optional ones be missing.

    Raises SheetError, also while iterating.
    """
    rows = read_rows(content, form)
    first = next(rows, None)
    if first is None:
        raise SheetError("文件是空的，请先下载模板填写。")
    order = _order(first[1], columns)
    count = 0
    for number, row in rows:
        if not any(row):
            continue
        count += 1
        if count > rows_max:
            raise SheetError(f"一次最多导入{rows_max}行，请拆分后分批导入。")
        yield Line(number, tuple(row[at] if at is not None and at < len(row) else "" for at in order))
    if not count:
        raise SheetError("文件只有表头，没有内容，请填写后再导入。")


def render_template(
    form: Format, title: str, columns: Sequence[Column], notes: tuple[str, Sequence[Sequence[str]]] | None = None
) -> bytes:
    """A sheet with the heading and one sample line, long numbers kept as text; XLSX has a second page of ``notes``
    (title and rows), or of what each column wants."""
    heading, sample = [column.title for column in columns], [column.sample for column in columns]
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([heading, sample])
        return text.getvalue().encode("utf-8-sig")
    book = Workbook()
    sheet = book.active
    sheet.title = title
    sheet.append(heading)
    sheet.append(sample)
    for at in range(1, len(columns) + 1):
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].number_format = "@"
        sheet.column_dimensions[letter].width = 24
        for cell in (sheet[f"{letter}1"], sheet[f"{letter}2"]):
            cell.number_format = "@"
        sheet[f"{letter}1"].font = Font(bold=True)
    sheet.freeze_panes = "A2"
    name, lines = notes or ("填写说明", _helps(columns))
    page = book.create_sheet(name)
    for line in lines:
        page.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _helps(columns: Sequence[Column]) -> list[list[str]]:
    return [["列", "必填", "怎么填"], *([one.title, "是" if one.required else "", one.help] for one in columns)]


def _order(heading: Sequence[str], columns: Sequence[Column]) -> list[int | None]:
    """Where each column stands; unknown ones are refused."""
    titles = [title.strip().rstrip("*＊") for title in heading]
    while titles and not titles[-1]:
        titles.pop()
    known = {column.title for column in columns}
    if unknown := [title for title in titles if title not in known]:
        raise SheetError(f"第1行有无法识别的列“{unknown[0][:20]}”，请使用模板的表头。")
    if twice := [title for title in titles if titles.count(title) > 1]:
        raise SheetError(f"第1行有重复的列“{twice[0]}”，请删除其中一列。")
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
            yield number, [cell.strip() for cell in row]
    except csv.Error as error:
        raise SheetError(f"第{number + 1}行附近的CSV格式有误（引号或换行不成对），请检查后再导入。") from error


def _read_xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    _check_packed(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise SheetError("这不是有效的 .xlsx 文件，请用表格软件另存为 .xlsx 后再导入。") from error
    try:
        for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            yield number, [_text(cell) for cell in row]
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, SyntaxError) as error:
        # SyntaxError is what the XML parsers beneath raise (ParseError)
        raise SheetError("文件内容已损坏，请用表格软件重新保存后再导入。") from error
    finally:
        book.close()


def _check_packed(content: bytes) -> None:
    """An XLSX is a ZIP: refuse what would unpack without end."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except zipfile.BadZipFile as error:
        raise SheetError("这不是有效的 .xlsx 文件，请用表格软件另存为 .xlsx 后再导入。") from error
    if size > UNPACKED_MAX:
        raise SheetError("文件解压后过大，请只保留名单后再导入。")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:  # beyond, a spreadsheet has lost digits
        return str(int(cell))
    return str(cell)
