"""Adding recusal units or persons from a sheet: all or nothing, with a reason for every line that can't be used."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from openpyxl import Workbook
from openpyxl.styles import Font

from domain.errors import AppError, InvalidInput
from services import permissions
from services.base import Actor, transaction
from services.draws.setup import DrawSetup
from services.expert_sheets import Format, SheetError, format_of, read_rows
from services.texts import check_text

Kind = Literal["units", "persons"]
LINES_MAX = 500
ERRORS_MAX = 50


@dataclass(frozen=True)
class _Column:
    title: str
    longest: int
    sample: str


_COLUMNS: dict[Kind, tuple[_Column, ...]] = {
    "units": (
        _Column("单位名称", 200, "广州示范咨询有限公司"),
        _Column("统一社会信用代码", 40, ""),
        _Column("回避原因", 100, ""),
    ),
    "persons": (
        _Column("姓名", 50, "张三"),
        _Column("身份证号", 18, ""),
        _Column("单位名称", 200, "广州示范咨询有限公司"),
        _Column("回避原因", 100, ""),
    ),
}
Add = Callable[[Sequence[str]], Awaitable[UUID]]


class RecusalImport:
    def __init__(self, setup: DrawSetup) -> None:
        self._setup = setup

    async def units(self, actor: Actor, draw_id: UUID, filename: str, content: bytes) -> int:
        """How many were added. Raises InvalidInput with ``params["errors"]``: the line and a Chinese reason."""

        async def add(cells: Sequence[str]) -> UUID:
            name, code, reason = cells
            return await self._setup.add_recusal_unit(actor, draw_id, name, code, reason)

        return await self._run(actor, "units", filename, content, add)

    async def persons(self, actor: Actor, draw_id: UUID, filename: str, content: bytes) -> int:
        """The same for persons."""

        async def add(cells: Sequence[str]) -> UUID:
            name, id_number, unit, reason = cells
            return await self._setup.add_recusal_person(actor, draw_id, name, id_number, unit, reason)

        return await self._run(actor, "persons", filename, content, add)

    async def _run(self, actor: Actor, kind: Kind, filename: str, content: bytes, add: Add) -> int:
        permissions.check(actor, "draw.edit")
        try:
            lines = await asyncio.to_thread(_read, kind, content, format_of(filename))
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error
        errors: list[dict[str, object]] = []
        async with transaction():
            for number, cells in lines:
                try:
                    await add(_checked(kind, cells))
                except InvalidInput as refusal:
                    errors.append({"line": number, "message": refusal.message})
                    if len(errors) >= ERRORS_MAX:
                        break
            if errors:
                raise _refusal(errors)
        return len(lines)


def render_template(kind: Kind, form: Format, reasons: Sequence[str]) -> bytes:
    """A sheet with the headings and one sample line."""
    columns = _COLUMNS[kind]
    heading = [column.title for column in columns]
    sample = [column.sample for column in columns[:-1]] + [reasons[0]]
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([heading, sample])
        return text.getvalue().encode("utf-8-sig")
    book = Workbook()
    sheet = book.active
    sheet.title = "回避单位" if kind == "units" else "回避人员"
    sheet.append(heading)
    sheet.append(sample)
    for column in sheet.columns:
        sheet.column_dimensions[column[0].column_letter].width = 28
        column[0].font = Font(bold=True)
        for cell in column:
            cell.number_format = "@"
    notes = book.create_sheet("回避原因")
    notes.append(["回避原因只能填写下列之一，请勿修改"])
    for reason in reasons:
        notes.append([reason])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _read(kind: Kind, content: bytes, form: Format) -> list[tuple[int, list[str]]]:
    """Lines below the heading with the spreadsheet's own numbers. Raises SheetError."""
    titles = [column.title for column in _COLUMNS[kind]]
    rows = read_rows(content, form)
    first = next(rows, None)
    if first is None or [cell.rstrip("*＊") for cell in first[1] if cell] != titles:
        raise SheetError(f"第1行应为“{'、'.join(titles)}”，请使用模板，勿修改表头。")
    found: list[tuple[int, list[str]]] = []
    for number, row in rows:
        if any(row):
            found.append((number, (row + [""] * len(titles))[: len(titles)]))
        if len(found) > LINES_MAX:
            raise SheetError(f"一次最多导入{LINES_MAX}行，请拆分后分批导入。")
    if not found:
        raise SheetError("文件只有表头，请填写后再导入。")
    return found


def _checked(kind: Kind, cells: Sequence[str]) -> list[str]:
    return [
        check_text(cell, "file", column.title, column.longest)
        for cell, column in zip(cells, _COLUMNS[kind], strict=True)
    ]


def _refusal(errors: Sequence[dict[str, object]]) -> AppError:
    first = errors[0]
    return InvalidInput(
        f"有{len(errors)}行不能导入，未添加任何内容。第{first['line']}行：{first['message']}",
        code="sheet_errors",
        field="file",
        params={"errors": list(errors)},
    )
