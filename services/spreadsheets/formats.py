"""Sheets that people fill in (CSV, XLSX): columns and templates. ``inspection.checker`` parses them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.spreadsheets.xlsx import Workbook

Format = Literal["csv", "xlsx"]
_LOCKED = "EncryptedPackage".encode("utf-16-le")
"""The stream that an encrypted workbook consists of."""
_OTHERS: Mapping[bytes, str] = {
    b"%pdf": "PDF",
    b"\xff\xd8\xff": "图片",
    b"\x89png": "图片",
    b"<html": "网页格式的表格",
    b"<!doctype html": "网页格式的表格",
    b"<table": "网页格式的表格",
    b"<?xml": "XML格式的表格",
    b"{\\rtf": "RTF文档",
}
"""Beginnings of files that are often named .xls or .xlsx."""
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
    """``number`` counts as the spreadsheet does. ``cells`` are in the order of the requested columns.

    Those that can't be read are empty; ``faults`` has by their index which cell it is, what stands there and what to
    write.
    """

    number: int
    cells: tuple[str, ...]
    faults: Mapping[int, str] = field(default_factory=dict)


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
    """By the content, whatever the name says. Raises SheetError for other files."""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        if _LOCKED in content:
            raise SheetError("表格设有打开密码，请在表格软件中取消密码，另存后再导入。")
        raise SheetError("只支持 .csv 和 .xlsx 文件；旧版 .xls 请另存为 .xlsx 后再导入。")
    for beginning, name in _OTHERS.items():
        if content.removeprefix(codecs.BOM_UTF8).lstrip()[:64].lower().startswith(beginning):
            raise SheetError(f"这是{name}，只支持 .csv 和 .xlsx 文件，请用表格软件打开，另存为 .xlsx 后再导入。")
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
