"""No module that serves candidates accesses the table of answer keys, directly or through another module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.clock import FixedClock
from services.core.base import execute
from tests.services.exams.attempts.test_attempts import answer_event, make_session
from tests.services.exams.exam_scene import ExamScene

ROOT = Path(__file__).parents[4]
EXAMS = ROOT / "services" / "exams"
OFFICE = {"item_keys", "item_rows", "item_matching", "item_import", "items", "bank_queries", "bank_export"}
"""Modules of the bank: each public function calls ``check_may_see``."""
MARKING = {"marking", "short_answers", "rulings", "results", "appeals", "analysis", "registry", "marked_papers"}
"""Modules used after sealing only; ``registry`` names all."""
_KEYS = re.compile(r"exam_item_key|ExamItemKey|read_keys|item_data\b")


def code_of(path: Path) -> str:
    return path.read_text("utf-8")


def test_the_modules_that_name_keys_are_known() -> None:
    naming = {path.stem for path in EXAMS.rglob("*.py") if _KEYS.search(code_of(path))}
    assert {"item_keys", "item_rows", "bank_queries"} <= naming <= OFFICE | MARKING


@pytest.mark.parametrize("path", sorted(EXAMS.rglob("*.py")), ids=lambda path: path.stem)
def test_no_other_module_imports_one_of_the_bank(path: Path) -> None:
    if path.stem in OFFICE | MARKING | {"__init__"}:
        return
    imported = set(re.findall(r"from services\.exams\.(?:\w+\.)?(\w+) import", code_of(path)))
    assert not imported & OFFICE


def test_no_page_conversation_or_endpoint_outside_the_office_reads_the_bank() -> None:
    edges = [path for edge in ("web", "miniapp_api", "handlers") for path in (ROOT / edge).rglob("*.py")]
    others = [path for path in edges if "office" not in path.relative_to(ROOT).parts]
    assert len(others) > 50
    for path in others:
        assert not re.search(r"bank_queries|bank_export|item_import|exams\.bank\b|exam_item_key", code_of(path)), path


async def test_a_candidate_needs_no_table_of_keys(exam_scene: ExamScene, clock: FixedClock) -> None:
    """From the call to the receipt the table may be away: no query of a candidate's names it."""
    session = await make_session(exam_scene, clock)
    await execute("ALTER TABLE exam_item_key RENAME TO exam_item_key_away")
    exams = exam_scene.services.exams
    assert await exams.own_exams.list(session.actor)
    paper = await session.start()
    saved = await session.save(paper, answer_event(1, 0, 1), answer_event(2, 1, 2))
    assert saved.ack == 2
    assert (await session.start(paper)).ack == 2
    receipt = await session.submit(paper, "", ())
    assert len(receipt) == 64
