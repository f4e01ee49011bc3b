"""Whether the doctor sees what the chat needs to understand sentences."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.doctor import understanding
from app.doctor.understanding import check_understanding
from app.intent_files import FOLDER, MODEL, IntentFiles
from tests.factories.settings import make_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what is shipped, which the doctor looks at."""
    copy = tmp_path / "intents"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("sentences"))
    monkeypatch.setattr(understanding, "SHIPPED_INTENTS", IntentFiles(copy))
    return copy


async def _state_and_text() -> tuple[str, str]:
    (finding,) = await check_understanding(make_settings())
    return finding.state, finding.text


async def test_what_is_shipped_is_well(folder: Path) -> None:
    assert (await _state_and_text())[0] == "ok"


async def test_a_missing_model_is_a_problem(folder: Path) -> None:
    (folder / MODEL).unlink()
    state, text = await _state_and_text()
    assert (state, "只认得固定的词语和点选" in text, MODEL in text) == ("problem", True, True)


async def test_a_broken_model_is_a_problem(folder: Path) -> None:
    (folder / MODEL).write_bytes(b"{}\n")
    assert (await _state_and_text())[0] == "problem"


async def test_a_declaration_that_cannot_be_read_is_a_problem(folder: Path) -> None:
    (folder / "panels.toml").write_text("[place", encoding="utf-8")
    assert (await _state_and_text())[0] == "problem"


async def test_an_intent_that_the_model_never_saw_is_a_problem(folder: Path) -> None:
    (folder / "more.toml").write_text('[novel]\ntitle = "新的意思"\nwho = ["expert"]\n', encoding="utf-8")
    assert await _state_and_text() == ("problem", "模型没有学过：novel。请执行 make intents。")
