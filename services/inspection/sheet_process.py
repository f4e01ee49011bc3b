"""The child of ``checker`` that reads sheets."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from services.inspection.limited_process import Head, answer
from services.spreadsheets.formats import Column, SheetError
from services.spreadsheets.parsing import read_lines


def work(asked: Head, content: bytes) -> tuple[Head, Sequence[bytes]]:
    columns = [Column(**column) for column in asked["columns"]]
    try:
        lines = [[line.number, *line.cells] for line in read_lines(content, asked["form"], columns, asked["rows_max"])]
    except SheetError as error:
        return {"message": str(error)}, ()
    return {}, (json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"),)


if __name__ == "__main__":
    sys.exit(answer(work))
