"""The child of ``checker`` that parses sheets, batch by batch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import islice

from services.inspection.child_process import Head, answer_in_parts
from services.spreadsheets.formats import Column, SheetError
from services.spreadsheets.parsing import read_lines

BATCH = 1000
"""Lines of a part."""


def work(request: Head, content: bytes) -> Iterator[bytes]:
    columns = [Column(**column) for column in request["columns"]]
    lines = read_lines(content, request["form"], columns, request["rows_max"])
    try:
        while batch := [[line.number, line.cells, line.faults] for line in islice(lines, BATCH)]:
            yield _as_json(batch)
    except SheetError as error:
        yield _as_json({"message": str(error)})


def _as_json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


if __name__ == "__main__":
    sys.exit(answer_in_parts(work))
