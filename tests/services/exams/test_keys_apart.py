"""No module that serves a candidate reaches the table of keys, by name or through one that does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMS = ROOT / "services" / "exams"
OFFICE = {"item_keys", "item_rows", "item_matching", "item_import", "bank", "bank_queries", "bank_export"}
"""Of the bank: each of their entrances calls ``check_may_see``."""
MARKING = {"marking", "rulings", "results", "regrading", "appeals", "analysis", "review", "assembly"}
"""After sealing only. ``assembly`` puts all together."""
_KEYS = re.compile(r"exam_item_key|ExamItemKey|read_keys|item_data\b")


def code_of(path: Path) -> str:
    return path.read_text("utf-8")


def test_the_modules_that_name_keys_are_known() -> None:
    naming = {path.stem for path in EXAMS.glob("*.py") if _KEYS.search(code_of(path))}
    assert {"item_keys", "item_rows", "bank_queries"} <= naming <= OFFICE | MARKING


@pytest.mark.parametrize("path", sorted(EXAMS.glob("*.py")), ids=lambda path: path.stem)
def test_no_other_module_imports_one_of_the_bank(path: Path) -> None:
    if path.stem in OFFICE | MARKING | {"__init__"}:
        return
    imported = set(re.findall(r"from services\.exams\.(\w+) import", code_of(path)))
    assert not imported & OFFICE


@pytest.mark.parametrize(
    "folder", ["web/exams", "miniapp_api/exams", "handlers"], ids=lambda folder: folder.replace("/", ".")
)
def test_no_page_or_endpoint_of_a_candidate_reads_the_bank(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        assert not re.search(r"bank_queries|bank_export|item_import|exams\.bank\b|exam_item_key", code_of(path)), path
