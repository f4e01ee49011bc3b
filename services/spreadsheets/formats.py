"""Sheets that people fill in (CSV, XLSX): columns and templates. ``inspection.checker`` parses them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.spreadsheets.xlsx import Workbook

Format = Literal["csv", "xlsx"]
_WIDTH = 24
"""Characters of a template's column."""


@dataclass(frozen=True)
class Column:
    """``title`` is the heading; ``help`` says what to type; ``sample`` is a valid value."""

    name: str
    title: str
    required: bool
    help: str
    sample: str


@dataclass(frozen=True)
class Line:
    """``number`` counts as the spreadsheet does, the heading being 1; ``cells`` are in the order of the requested
    columns."""

    number: int
    cells: tuple[str, ...]


class SheetError(Exception):
    """The whole file is unusable. The text is a Chinese sentence that says what to do."""


def format_of(name: str) -> Format:
    """By the file's ending. Raises SheetError."""
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return "csv"
    if ending == "xlsx":
        return "xlsx"
    raise SheetError("只支持 .csv 和 .xlsx 文件；旧版 .xls 请另存为 .xlsx 后再导入。")


def format_within(content: bytes) -> Format:
    """By the content. Raises SheetError for the older kind of workbook."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError("只支持 .csv 和 .xlsx 文件；旧版 .xls 请另存为 .xlsx 后再导入。")
    return "xlsx" if content.startswith(b"PK\x03\x04") else "csv"


def render_template(
    form: Format, title: str, columns: Sequence[Column], notes: tuple[str, Sequence[Sequence[str]]] | None = None
) -> bytes:
    """A sheet with the heading and one sample line, long numbers kept as text; XLSX has a second page of ``notes``
    (title and rows), or of explanations of each column."""
    heading, sample = [column.title for column in columns], [column.sample for column in columns]
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([heading, sample])
        return text.getvalue().encode("utf-8-sig")  # without the mark, Excel takes it for the system's code page
    out = io.BytesIO()
    name, lines = notes or ("填写说明", _explanations(columns))
    with Workbook(out) as book:
        with book.sheet(title, heading, [_WIDTH] * len(columns), text=True) as add:
            add([sample])
        with book.sheet(name, (), ()) as add:
            add(lines)
    return out.getvalue()


def _explanations(columns: Sequence[Column]) -> list[list[str]]:
    return [
        ["列", "必填", "怎么填"],
        *([column.title, "是" if column.required else "", column.help] for column in columns),
    ]
