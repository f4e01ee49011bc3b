"""Tables as XLSX: typed cells, a heading that stays, and no text that a spreadsheet would carry out."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from domain.clock import local

Value = str | int | bool | Decimal | datetime | date | None
"""What a cell may hold; a moment is shown on the clocks of Shanghai, Decimal is yuan."""

_TEXT_MAX = 32_767
_CARRIED_OUT = ("=", "+", "-", "@", "\t", "\r")
_MOMENT, _DAY, _YUAN = "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "#,##0.00"


@dataclass(frozen=True)
class Column:
    """``width`` in characters."""

    title: str
    width: int = 16


async def write_sheet(
    title: str, columns: Sequence[Column], batches: AsyncIterator[Sequence[Sequence[Value]]]
) -> bytes:
    """One sheet of everything that ``batches`` yield; rows are written in a thread, batch by batch."""
    book, add = await asyncio.to_thread(_open, title, columns)
    try:
        async for batch in batches:
            await asyncio.to_thread(add, batch)
        return await asyncio.to_thread(_save, book)
    finally:
        _give_up(book)


def yuan(fen: int | None) -> Decimal | None:
    """Fen as a number of yuan, exactly."""
    return None if fen is None else Decimal(fen) / 100


def guard(text: str) -> str:
    """The text as it may stand in any spreadsheet: what would begin a formula gets an apostrophe before it.

    A cell of XLSX that is marked as text is not carried out, but its copy in a CSV would be.
    """
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[: _TEXT_MAX - 1]
    return f"'{clean}" if clean.startswith(_CARRIED_OUT) else clean


def _open(title: str, columns: Sequence[Column]) -> tuple[Workbook, Callable[[Sequence[Sequence[Value]]], None]]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for at, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(at)].width = column.width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}1"
    head = []
    for column in columns:
        cell = WriteOnlyCell(sheet, column.title)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="E8F5EE")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        head.append(cell)
    sheet.append(head)

    def add(rows: Sequence[Sequence[Value]]) -> None:
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])

    return book, add


def _cell(sheet: object, value: Value) -> WriteOnlyCell | int | bool | None:
    if isinstance(value, str):
        text = guard(value)
        if not text:
            return None
        cell = WriteOnlyCell(sheet, text)
        cell.data_type = "s"
        return cell
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, local(value).replace(tzinfo=None, microsecond=0))
        cell.number_format = _MOMENT
        return cell
    if isinstance(value, date | Decimal):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = _YUAN if isinstance(value, Decimal) else _DAY
        return cell
    return value


def _give_up(book: Workbook) -> None:
    """End a sheet that was begun and never saved: its writer would complain of its closed file whenever it is freed."""
    for sheet in book.worksheets:
        if not sheet.closed:
            sheet.close()


def _save(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
