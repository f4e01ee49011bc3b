"""The rows of a sheet of a workbook, read as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.spreadsheets.formats import SheetError
from services.spreadsheets.rows import SheetRow, column_index, column_letters, find_error_value, tidy_cell
from services.spreadsheets.xlsx_cells import CellReader, StoredCell
from services.spreadsheets.xlsx_package import TRUE, Package, Sheet, sheet_errors

COLUMNS_MAX = 256
_MERGES_MAX = 100_000
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_LETTERS = re.compile(r"[A-Z]{1,3}")


@dataclass(frozen=True)
class Merge:
    """A merged cell. Rows count from 1, columns from 0; both ends are included."""

    place: str
    top: int
    bottom: int
    left: int
    right: int


class SheetRows:
    """``hidden_columns`` is complete with the first row, ``merges`` with the last one."""

    def __init__(self, package: Package, sheet: Sheet) -> None:
        self._package = package
        self._sheet = sheet
        self.hidden_columns = set[int]()
        self.merges = list[Merge]()

    def __iter__(self) -> Iterator[SheetRow]:
        """Rows with any text. Raises SheetError."""
        handler = _SheetHandler(CellReader(self._package), self.hidden_columns, self.merges)
        with sheet_errors():
            for _ in self._package.parts.stream(self._sheet.part, handler.start, handler.end, handler.add_text):
                yield from handler.rows
                handler.rows.clear()


class _SheetHandler:
    """Puts rows together from the elements of a sheet's part."""

    def __init__(self, reader: CellReader, hidden_columns: set[int], merges: list[Merge]) -> None:
        self.rows = list[SheetRow]()
        self._reader = reader
        self._hidden_columns = hidden_columns
        self._merges = merges
        self._indexes = dict[str, int]()
        self._row = SheetRow(0, [])
        self._column = -1
        self._cell: StoredCell | None = None
        self._is_value = False

    def start(self, local: str, attributes: Mapping[str, str]) -> None:
        cell = self._cell
        if local == "c":
            place = attributes.get("r")
            self._column = self._index(place) if place else self._column + 1
            self._cell = self._reader.begin(attributes.get("t", ""), int(attributes.get("s", "0")))
        elif cell is not None:
            if local == "v":
                self._is_value = True
            elif local == "f":
                cell.has_formula = True
            elif cell.kind == "inlineStr":
                self._reader.inline.start(local, attributes)
        elif local == "row":
            number = _row_number(attributes.get("r"), self._row.number + 1)
            self._row, self._column = SheetRow(number, [], {}, attributes.get("hidden") in TRUE), -1
        else:
            self._start_frame(local, attributes)

    def _start_frame(self, local: str, attributes: Mapping[str, str]) -> None:
        """Elements before and after the rows."""
        if local == "col" and attributes.get("hidden") in TRUE:
            first, last = int(attributes["min"]), int(attributes["max"])
            self._hidden_columns.update(range(first - 1, min(last, COLUMNS_MAX)))
        elif local == "mergeCell" and (corners := _RANGE.fullmatch(attributes.get("ref", ""))):
            if len(self._merges) >= _MERGES_MAX:
                raise SheetError("合并单元格过多，请取消合并后再导入。")
            left, top, right, bottom = corners.groups()
            self._merges.append(Merge(corners[0], int(top), int(bottom), column_index(left), column_index(right)))

    def add_text(self, text: str) -> None:
        cell = self._cell
        if self._is_value and cell is not None:
            cell.value += text
        elif cell is not None and cell.kind == "inlineStr":
            self._reader.inline.add(text)

    def end(self, local: str) -> None:
        cell = self._cell
        if local == "v":
            self._is_value = False
        elif local == "c" and cell is not None:
            self._cell = None
            if cell.value or cell.has_formula or cell.kind == "inlineStr":
                self._put(*self._reader.read(cell))
        elif cell is not None:
            if cell.kind == "inlineStr":
                self._reader.inline.end(local)
        elif local == "row" and (self._row.faults or any(self._row.cells)):
            self.rows.append(self._row)

    def _put(self, text: str, fault: str) -> None:
        text = tidy_cell(text)
        fault = fault or find_error_value(text)
        if not text and not fault:
            return
        row, column = self._row, self._column
        if not 0 <= column < COLUMNS_MAX:
            place = f"第{row.number}行{column_letters(column)}列"
            raise SheetError(f"表格过大（{place}还有内容），请新建表格，只粘贴名单的文字后再导入。")
        row.cells.extend([""] * (column + 1 - len(row.cells)))
        if fault:
            row.faults[column] = fault
        else:
            row.cells[column] = text

    def _index(self, place: str) -> int:
        letters = place.rstrip("0123456789")
        index = self._indexes.get(letters)
        if index is None:
            if not _LETTERS.fullmatch(letters):
                raise ValueError(place)
            index = self._indexes[letters] = column_index(letters)
        return index


def _row_number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default
