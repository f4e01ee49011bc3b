"""The sheet that experts are imported from: its columns, its templates, and reading it from CSV or XLSX."""

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
ROWS_MAX = 500_000


@dataclass(frozen=True)
class Column:
    """``title`` is the heading; ``help`` tells what to type; ``sample`` is a value that passes."""

    name: str
    title: str
    required: bool
    help: str
    sample: str


COLUMNS: tuple[Column, ...] = (
    Column("number", "专家编号", True, "专家库内唯一，不超过32个字符", "ZJ0000001"),
    Column("name", "姓名", True, "与身份证一致，不超过50个字", "张三"),
    Column("id_number", "身份证号", True, "18位，请把单元格设为文本格式", "11010519491231002X"),
    Column("mobile", "手机号", True, "11位，接收邀请的手机；不能与他人相同", "13800001234"),
    Column("standing", "专家类型", False, "正式 或 临时，不填为正式", "正式"),
    Column("active", "状态", False, "在库 或 暂停，不填为在库", "在库"),
    Column("permanent_region", "常驻地", True, "地区代码或名称，如 440106 或 广东省广州市天河区", "440106"),
    Column("willing_regions", "意愿评标地", False, "地区代码或名称，多个用分号分隔", "440100；440300"),
    Column("specialties", "评标专业", True, "专业代码或名称，多个用分号分隔", "A0401；A08"),
    Column("title_level", "职称", False, "职称代码或名称，如 高级工程师", "高级工程师"),
    Column("qualifications", "执业资格", False, "资格代码或名称，多个用分号分隔", "一级注册建筑师"),
    Column("department", "行业部门", False, "部门代码或名称", "D02"),
    Column("employer", "工作单位", True, "单位全称，没有填“无”", "广州示范工程咨询有限公司"),
    Column("employer_code", "单位信用代码", False, "18位统一社会信用代码", ""),
    Column("employed_since", "入职日期", False, "如 2020-03-01", "2020-03-01"),
    Column(
        "former",
        "历史单位",
        False,
        "近年离开的单位：名称|信用代码|起|止，多个用分号分隔",
        "广州某某公司||2018-01-01|2020-02-28",
    ),
    Column("recusal", "回避单位", False, "应回避的其他单位：名称|信用代码，多个用分号分隔", "深圳某某公司|"),
)


class SheetError(Exception):
    """The file as a whole can't be read. The text is a Chinese sentence that says what to do."""


@dataclass(frozen=True)
class Line:
    """``number`` counts as the spreadsheet does, the heading being 1; ``cells`` follow ``COLUMNS``."""

    number: int
    cells: tuple[str, ...]


def format_of(name: str) -> Format:
    """By the file's ending. Raises SheetError."""
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return "csv"
    if ending == "xlsx":
        return "xlsx"
    raise SheetError("只支持 .csv 和 .xlsx 文件；旧版 .xls 请另存为 .xlsx 后再导入。")


def read_rows(content: bytes, form: Format) -> Iterator[tuple[int, list[str]]]:
    """Every row with the spreadsheet's own number, cells as trimmed text. Raises SheetError, also while iterating."""
    if len(content) > BYTES_MAX:
        raise SheetError(f"文件超过{BYTES_MAX // 1024 // 1024}MB，请拆分后分批导入。")
    return _read_csv(content) if form == "csv" else _read_xlsx(content)


def read_lines(content: bytes, form: Format) -> Iterator[Line]:
    """The lines below the heading, empty ones left out. Raises SheetError, also while iterating."""
    rows = read_rows(content, form)
    first = next(rows, None)
    if first is None:
        raise SheetError("文件是空的，请先下载模板填写。")
    order = _order(first[1])
    count = 0
    for number, row in rows:
        if not any(row):
            continue
        count += 1
        if count > ROWS_MAX:
            raise SheetError(f"一次最多导入{ROWS_MAX}人，请拆分后分批导入。")
        yield Line(number, tuple(row[at] if at is not None and at < len(row) else "" for at in order))
    if not count:
        raise SheetError("文件只有表头，没有专家，请填写后再导入。")


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line; XLSX also explains each column and keeps long numbers as text."""
    heading, sample = [column.title for column in COLUMNS], [column.sample for column in COLUMNS]
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([heading, sample])
        return text.getvalue().encode("utf-8-sig")
    book = Workbook()
    sheet = book.active
    sheet.title = "专家"
    sheet.append(heading)
    sheet.append(sample)
    for at in range(1, len(COLUMNS) + 1):
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].number_format = "@"
        sheet.column_dimensions[letter].width = 20
        for cell in (sheet[f"{letter}1"], sheet[f"{letter}2"]):
            cell.number_format = "@"
        sheet[f"{letter}1"].font = Font(bold=True)
    sheet.freeze_panes = "A2"
    notes = book.create_sheet("填写说明")
    notes.append(["列", "必填", "怎么填"])
    for column in COLUMNS:
        notes.append([column.title, "是" if column.required else "", column.help])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _order(heading: Sequence[str]) -> list[int | None]:
    """Where each of ``COLUMNS`` stands; columns may come in any order, unknown ones are refused."""
    titles = [title.strip().rstrip("*＊") for title in heading]
    while titles and not titles[-1]:
        titles.pop()
    known = {column.title for column in COLUMNS}
    if unknown := [title for title in titles if title not in known]:
        raise SheetError(f"第1行有无法识别的列“{unknown[0][:20]}”，请使用模板的表头。")
    if twice := [title for title in titles if titles.count(title) > 1]:
        raise SheetError(f"第1行有重复的列“{twice[0]}”，请删除其中一列。")
    if missing := [column.title for column in COLUMNS if column.required and column.title not in titles]:
        raise SheetError(f"第1行缺少必填列“{'、'.join(missing)}”，请使用模板的表头。")
    return [titles.index(column.title) if column.title in titles else None for column in COLUMNS]


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
        raise SheetError("文件解压后过大，请只保留专家名单后再导入。")


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
