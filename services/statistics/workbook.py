"""Several small tables as one XLSX workbook."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass

from services.spreadsheets.xlsx import Value, Workbook

_FIRST_WIDTH, _WIDTH = 24, 14


@dataclass(frozen=True)
class SheetTable:
    """One sheet; the first column names the lines."""

    title: str
    heading: tuple[str, ...]
    lines: tuple[tuple[Value, ...], ...]


async def write_tables(tables: Sequence[SheetTable]) -> bytes:
    return await asyncio.to_thread(_write, tables)


def _write(tables: Sequence[SheetTable]) -> bytes:
    out = io.BytesIO()
    with Workbook(out) as book:
        for table in tables:
            widths = [_FIRST_WIDTH, *[_WIDTH] * (len(table.heading) - 1)]
            with book.sheet(table.title, table.heading, widths) as add:
                add(table.lines)
    return out.getvalue()
