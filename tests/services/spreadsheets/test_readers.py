"""Every reader of a line looks at the cells that can't be read, which are empty among the others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.spreadsheets.cells import Cells, RowError, find_faults, places_of
from services.spreadsheets.formats import Column, Line

SERVICES = Path("services")
COLUMNS = (Column("name", "姓名", True, "", ""), Column("code", "代码", False, "", ""))
LINE = Line(7, ("张三", ""), {1: "B7是数字4.40106E+17，请重新填写"})
ERROR = RowError(7, "代码", "B7是数字4.40106E+17，请重新填写。")
READERS = sorted(
    path
    for path in SERVICES.rglob("*.py")
    if "spreadsheets.formats" in (source := path.read_text("utf-8"))
    and path.parts[1] not in ("spreadsheets", "inspection")
    and re.search(r"\bline\.cells\b", source)
)


def test_a_cell_that_cannot_be_read_is_an_error_of_its_line() -> None:
    cells = Cells(LINE, places_of(COLUMNS))
    assert cells.get("name", str, "") == "张三"
    assert cells.get("code", lambda _text: "parsed", "default") == "default"
    assert cells.errors == [ERROR] == find_faults(LINE, COLUMNS)


def test_readers_of_whole_lines_are_known() -> None:
    assert [path.name for path in READERS] == ["recusal_import.py", "item_import.py", "candidates.py"]


@pytest.mark.parametrize("path", READERS, ids=str)
def test_a_reader_of_whole_lines_looks_for_faults(path: Path) -> None:
    assert "find_faults(" in path.read_text("utf-8")
