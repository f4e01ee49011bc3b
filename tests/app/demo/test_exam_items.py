"""The demonstration's item bank: enough of each kind, each with its article, put there once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from app.commands.database import deps_for
from app.preparations import bring_demo_items, bring_demo_people
from domain.exams.items import ItemKind
from models.exams import ExamItem, ExamItemKey
from models.migrate import migrate
from services.exams.bank.item_import import COLUMNS, read_rows
from services.exams.bank.item_import import _question as question_of
from services.spreadsheets.parsing import read_lines
from tests.factories.settings import make_settings

FILE = Path(__file__).parents[3] / "config" / "exam_items" / "demo.csv"


async def test_they_are_put_there_once(database: str, tmp_path: Path) -> None:
    await migrate(database)
    settings = make_settings(database_url=database, data_dir=tmp_path)
    await bring_demo_people(settings)
    for _ in range(2):
        await bring_demo_items(settings)
    async with deps_for(settings):
        assert await ExamItem.filter(pool="demo").count() == await ExamItemKey.all().count() == 69
        (case,) = await ExamItem.filter(kind="case")
        assert await ExamItem.filter(group_id=case.id).count() == 3


async def test_production_gets_none(database: str, tmp_path: Path) -> None:
    await migrate(database)
    settings = make_settings(database_url=database, data_dir=tmp_path, env="production")
    await bring_demo_items(settings)
    async with deps_for(settings):
        assert await ExamItem.all().count() == 0


def test_each_item_is_whole_and_names_its_article() -> None:
    lines = list(read_lines(FILE.read_bytes(), "csv", COLUMNS, 1000))
    rows, errors = read_rows([question_of(line) for line in lines])
    assert errors == []
    questions = [row for row in rows if not row.is_case]
    assert all("第" in row.basis and "条" in row.basis for row in questions)
    kinds = Counter(row.kind for row in questions)
    assert (kinds[ItemKind.SINGLE] >= 30, kinds[ItemKind.MULTIPLE] >= 12, kinds[ItemKind.TRUE_FALSE] >= 12) == (
        True,
    ) * 3


def test_keys_cannot_be_guessed_from_their_place() -> None:
    lines = list(read_lines(FILE.read_bytes(), "csv", COLUMNS, 1000))
    rows, _ = read_rows([question_of(line) for line in lines])
    for kind in (ItemKind.MULTIPLE, ItemKind.TRUE_FALSE, ItemKind.SINGLE):
        keys = Counter(row.key for row in rows if row.kind == kind)
        assert keys.most_common(1)[0][1] <= 0.6 * keys.total(), kind
