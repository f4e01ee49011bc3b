"""Reads CSV as programs in China and elsewhere write it: encodings, separators, and traces of a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from services.spreadsheets.formats import SheetError
from services.spreadsheets.headings import HEAD_ROWS
from services.spreadsheets.rows import SheetRow, find_error_value, tidy_cell
from services.spreadsheets.xlsx_rows import COLUMNS_MAX

_SEPARATORS = (",", "\t", ";", "|")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
_HEAD = 64 * 1024
"""Characters in which the separator is looked for."""
_ROUNDED = re.compile(r"\d(?:\.\d+)?E\+(?:1[1-9]|[2-9]\d)")
"""How a spreadsheet writes long numbers into a CSV."""
Score = Callable[[Sequence[SheetRow]], int]


def read_csv(content: bytes, score: Score) -> Iterator[SheetRow]:
    """``score``: how well the first rows fit, by which the separator is chosen. Raises SheetError."""
    text = _decode(content)
    start, separator = 0, ""
    if named := _SEPARATOR_LINE.match(text):
        start, separator = named.end(), named[1]
    head = text[start : start + _HEAD]
    chosen = separator or max(_SEPARATORS, key=lambda character: score(_first_rows(head, character)))
    yield from _rows(text[start:] if start else text, chosen, 1 if start else 0)


def _first_rows(head: str, separator: str) -> list[SheetRow]:
    rows = list[SheetRow]()
    with suppress(SheetError):  # the text is cut off, or has other quotes with another separator
        rows.extend(islice(_rows(head, separator, 0), HEAD_ROWS))
    return rows


def _decode(content: bytes) -> str:
    """UTF-8 with or without mark, UTF-16 with it, else GB 18030."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("文件编码无法识别，请另存为“CSV UTF-8”后再导入。")


def _rows(text: str, separator: str, number: int) -> Iterator[SheetRow]:
    """``number``: of the row before the first one."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    try:
        for record in reader:
            number += 1
            cells = [tidy_cell(cell) for cell in record[:COLUMNS_MAX]]
            faults = {at: fault for at, cell in enumerate(cells) if (fault := _find_fault(cell))}
            if any(cells):
                yield SheetRow(number, ["" if at in faults else cell for at, cell in enumerate(cells)], faults)
    except csv.Error as error:
        raise SheetError(f"第{number + 1}行附近的CSV格式有误（引号或换行不成对），请检查后再导入。") from error


def _find_fault(cell: str) -> str:
    if cell[:1].isdigit() and _ROUNDED.fullmatch(cell):
        return f"是“{cell}”，被表格软件改成了科学计数，后面的数字已丢失，请把该列设为文本格式后重新填写"
    return find_error_value(cell)
