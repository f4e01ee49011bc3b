"""Hostile workbooks: small files that declare large contents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from openpyxl import Workbook

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def book(rows: list[list[object]] | None = None) -> bytes:
    made = Workbook()
    for row in rows or [["姓名", "代码"], ["张三", "1"]]:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_part(name: str, pieces: Iterator[bytes]) -> bytes:
    """A valid workbook with one part replaced, compressed as far as possible."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, True, 9) as new:
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        with new.open(name, "w") as stream:
            for piece in pieces:
                stream.write(piece)
    return out.getvalue()


def sheet(rows: Iterator[bytes]) -> Iterator[bytes]:
    yield f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()
    yield from rows
    yield b"</sheetData></worksheet>"


def strings_without_end(megabytes: int) -> Iterator[bytes]:
    yield f'<sst xmlns="{MAIN}">'.encode()
    for _ in range(megabytes):
        yield b"<si><t/></si>" * 80_000
    yield b"</sst>"
