"""Parses sheets (CSV, XLSX) that people filled in. They are untrusted, so this runs in a separate process
(``inspection.checker``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from domain.typed_text import tidy_text
from services.spreadsheets.csv_reading import read_csv
from services.spreadsheets.formats import Column, Format, Line, SheetError
from services.spreadsheets.headings import HEAD_ROWS, Heading, check_shown, find_heading
from services.spreadsheets.rows import SheetRow, column_letters
from services.spreadsheets.xlsx_package import Package, Sheet
from services.spreadsheets.xlsx_rows import Merge, SheetRows

BYTES_MAX = 64 * 1024 * 1024
UNPACKED_MAX = 1024 * 1024 * 1024
CELL_MAX = 8_000
"""Characters per cell."""
_CELL_READ = 4 * CELL_MAX
"""A longer cell is refused as it is."""
_EMPTY_ROWS = 10_000
"""Empty rows allowed between filled ones."""
_NO_ROWS = "文件是空的，请先下载模板填写。"
_NO_LINES = "文件只有表头，没有内容，请填写后再导入。"


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


@dataclass
class _Table:
    """A sheet from its beginning. ``name`` stands before the name of a cell; empty where there is only one sheet."""

    name: str
    rows: Iterator[SheetRow]
    sheet: SheetRows | None = None
    head: list[SheetRow] = field(default_factory=list)
    heading: Heading | None = None

    def read_head(self, columns: Sequence[Column]) -> None:
        self.head = list(islice(self.rows, HEAD_ROWS + 1))
        self.heading = find_heading(self.head[:HEAD_ROWS], columns)

    @property
    def fits(self) -> bool:
        return self.heading is not None and not self.heading.refusal

    @property
    def is_filled(self) -> bool:
        return self.heading is not None and self.head[-1].number > self.heading.number

    def lines(self, heading: Heading) -> Iterator[SheetRow]:
        return chain((row for row in self.head if row.number > heading.number), self.rows)


def read_lines(content: bytes, form: Format, columns: Sequence[Column], rows_max: int) -> Iterator[Line]:
    """The lines below the headings, without empty ones; columns may be in any order, and optional ones missing. A cell
    that can't be read is empty and has a fault.

    Raises SheetError, also while iterating.
    """
    budget = SheetBudget(rows_max)
    if len(content) > BYTES_MAX:
        raise SheetError(f"文件超过{BYTES_MAX // 1024 // 1024}MB，请拆分后分批导入。")
    table = _csv_table(content, columns) if form == "csv" else _xlsx_table(content, columns, budget)
    heading = table.heading
    if heading is None:
        raise SheetError(_NO_ROWS)
    if heading.refusal:
        raise SheetError(f"{table.name}{heading.refusal}")
    yield from _lines(table, heading, columns, budget)


def _lines(table: _Table, heading: Heading, columns: Sequence[Column], budget: SheetBudget) -> Iterator[Line]:
    order, name = heading.order, table.name
    if table.sheet is not None:
        check_shown(heading, table.sheet.hidden_columns, columns)
    count = characters = last = 0
    for row in table.lines(heading):
        if row.is_hidden:
            raise SheetError(f"{name}第{row.number}行被隐藏或筛选掉了，请取消筛选和隐藏，删除不需要的行后再导入。")
        cells, size = row.cells, len(row.cells)
        if size > heading.width or heading.untitled:
            _check_titled(row, heading, name)
        texts = tuple([_tidy(cells[at]) if at is not None and at < size else "" for at in order])
        faults = _faults(row, order, name) if row.faults else {}
        if not faults and not any(texts):
            continue
        count, last = count + 1, row.number
        if count > budget.lines:
            raise SheetError(f"一次最多导入{budget.lines}行，请拆分后分批导入。")
        characters += sum(map(len, texts))
        if characters > budget.characters or max(map(len, texts)) > CELL_MAX:
            raise SheetError(f"{name}第{row.number}行的内容过长，请检查并缩短后再导入。")
        yield Line(row.number, texts, faults)
    if not count:
        raise SheetError(_NO_LINES)
    if table.sheet is not None:
        _check_merges(table.sheet.merges, heading, name, last)


def _faults(row: SheetRow, order: Sequence[int | None], name: str) -> dict[int, str]:
    """By the requested column's number: which cell, what stands there, what to write."""
    return {
        at: f"{name}{column_letters(index)}{row.number}{row.faults[index]}"
        for at, index in enumerate(order)
        if index is not None and index in row.faults
    }


def _tidy(cell: str) -> str:
    return tidy_text(cell, lines=True) if len(cell) <= _CELL_READ else cell.strip()


def _check_titled(row: SheetRow, heading: Heading, name: str) -> None:
    """Raises SheetError for text that would be lost, as its column has no heading."""
    for index, cell in enumerate(row.cells):
        if cell and (index >= heading.width or index in heading.untitled):
            place = f"{name}{column_letters(index)}{row.number}"
            raise SheetError(f"{place}有内容“{cell[:20]}”，但该列没有列名，请补上列名，或删除该内容后再导入。")


def _check_merges(merges: Sequence[Merge], heading: Heading, name: str, last: int) -> None:
    """Raises SheetError for a merged cell among the lines: only its first row has the value."""
    for merge in merges:
        if (
            merge.bottom > heading.number
            and merge.top <= last
            and any(at is not None and merge.left <= at <= merge.right for at in heading.order)
        ):
            raise SheetError(f"{name}{merge.place}是合并单元格，请取消合并，每行分别填写后再导入。")


def _csv_table(content: bytes, columns: Sequence[Column]) -> _Table:
    def score(rows: Sequence[SheetRow]) -> int:
        heading = find_heading(rows, columns)
        return 0 if heading is None else 2 * heading.matches + (not heading.refusal)

    table = _Table("", read_csv(content, score))
    table.read_head(columns)
    return table


def _xlsx_table(content: bytes, columns: Sequence[Column], budget: SheetBudget) -> _Table:
    """The sheet that fits; one without lines only if no other has any. Raises SheetError if two have."""
    # a filled cell is two elements at least, itself and its value
    package = Package(content, budget.unpacked, 2 * budget.cells)
    visible = [sheet for sheet in package.sheets if not sheet.is_hidden]
    tables = list[_Table]()
    for sheet in visible:
        tables.append(_open_sheet(package, sheet, columns, has_others=len(visible) > 1))
    filled = [table for table in tables if table.fits and table.is_filled]
    if len(filled) > 1:
        raise SheetError(f"{filled[0].name}和{filled[1].name}都有内容，请只留一个工作表，或分成几个文件导入。")
    if chosen := filled or [table for table in tables if table.fits]:
        return chosen[0]
    for sheet in package.sheets:
        if sheet.is_hidden and _open_sheet(package, sheet, columns, has_others=True).fits:
            raise SheetError(f"符合模板的工作表“{sheet.title}”被隐藏了，请取消隐藏，核对后再导入。")
    return max(tables, key=_matches, default=_Table("", iter(())))


def _open_sheet(package: Package, sheet: Sheet, columns: Sequence[Column], *, has_others: bool) -> _Table:
    rows = SheetRows(package, sheet)
    table = _Table(f"工作表“{sheet.title}”" if has_others else "", iter(rows), rows)
    table.read_head(columns)
    return table


def _matches(table: _Table) -> int:
    return -1 if table.heading is None else table.heading.matches
