"""Tables as XLSX: typed cells, a frozen heading, and no text that a spreadsheet would execute."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.spreadsheets.xlsx import Value, Workbook

__all__ = ["ExportColumn", "Value", "write_sheet", "yuan"]


@dataclass(frozen=True)
class ExportColumn:
    """``width`` in characters."""

    title: str
    width: int = 16


async def write_sheet(
    title: str, columns: Sequence[ExportColumn], batches: AsyncIterator[Sequence[Sequence[Value]]]
) -> bytes:
    """One sheet with all rows of ``batches``; written in a thread, batch by batch, without keeping rows in memory."""
    out = io.BytesIO()
    heading, widths = [column.title for column in columns], [column.width for column in columns]
    with Workbook(out) as book, book.sheet(title, heading, widths, filtered=True) as add:
        async for batch in batches:
            await asyncio.to_thread(add, batch)
    return out.getvalue()


def yuan(fen: int | None) -> Decimal | None:
    """Fen as a number of yuan, exactly."""
    return None if fen is None else Decimal(fen) / 100
