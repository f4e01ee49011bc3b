"""What the cells of a workbook show: the text that a person sees, or why there is none.

Libraries give the stored value: 0.02 for 2%, a date of this year for 3月5日, 1 for 001, 106 for 10⁶.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.spreadsheets.number_formats import Unreadable, parse_format, serial_of
from services.spreadsheets.rows import find_error_value
from services.spreadsheets.xlsx_package import STRUCK, TRUE, Package, Style, TextReader, decode, shift_text

_SHOWN_MAX = 10_000
"""Numbers whose text is kept, since dates and codes repeat."""
_DAY = parse_format("yyyy-mm-dd")


@dataclass(slots=True)
class StoredCell:
    """``kind`` and ``style`` as attributes of the element; ``value`` as stored, empty for an inline text."""

    kind: str
    style: int
    value: str = ""
    has_formula: bool = False


class CellReader:
    """``inline`` takes the elements of an inline text."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._shown = dict[tuple[int, str], str]()
        self.inline = TextReader()

    def begin(self, kind: str, style: int) -> StoredCell:
        if kind == "inlineStr":
            self.inline.begin()
        return StoredCell(kind, style)

    def read(self, cell: StoredCell) -> tuple[str, str]:
        """The text, and why it can't be used, empty if it can. Raises IndexError and ValueError for a damaged cell."""
        value = cell.value
        match cell.kind:
            case "s":
                return self._read_shared(int(value or "-1"), cell.style)
            case "inlineStr":
                text, fault = self.inline.text()
                return (text, fault) if fault else self._dress(text, cell.style)
            case "str":
                return self._dress(decode(value), cell.style)
            case "e":
                return "", find_error_value(value) or f"显示为“{value[:20]}”，请改正公式，或直接填写内容"
        if not value:
            return "", "的公式没有结果，请用表格软件打开并保存一次，或直接填写内容"
        if cell.kind == "b":
            return self._dress("TRUE" if value in TRUE else "FALSE", cell.style)
        return self._show_number(cell)

    def _read_shared(self, number: int, style: int) -> tuple[str, str]:
        if number < 0:
            raise IndexError(number)
        fault = self._package.string_faults.get(number, "")
        return ("", fault) if fault else self._dress(self._package.strings[number], style)

    def _style(self, number: int) -> Style:
        styles = self._package.styles
        return styles[number] if 0 <= number < len(styles) else styles[0]

    def _dress(self, text: str, number: int) -> tuple[str, str]:
        """A text as the look of its cell shows it."""
        style = self._style(number)
        if style.is_plain or not text.strip():
            return text, ""
        if style.is_struck:
            return "", STRUCK
        try:
            text = style.form.show_text(text)
        except Unreadable as unreadable:
            return "", str(unreadable)
        return shift_text(text, style.shift) if style.shift else (text, "")

    def _show_number(self, cell: StoredCell) -> tuple[str, str]:
        value, key = cell.value, (cell.style, cell.value)
        if shown := self._shown.get(key):
            return shown, ""
        style = self._style(cell.style)
        if style.is_plain and cell.kind != "d" and value.isascii() and value.isdigit() and len(value) <= 15:
            return value.lstrip("0") or "0", ""
        if style.is_struck:
            return "", STRUCK
        try:
            if cell.kind == "d":
                shown = (style.form if style.form.shows_dates else _DAY).show(str(serial_of(value)))
            else:
                shown = style.form.show(value, self._package.days_added)
        except Unreadable as unreadable:
            return "", str(unreadable)
        if style.shift:
            return shift_text(shown, style.shift)
        if len(self._shown) < _SHOWN_MAX:
            self._shown[key] = shown
        return shown, ""
