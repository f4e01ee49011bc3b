"""The demonstration's examination is published once, and who waits for one is called to it."""

from __future__ import annotations

from pathlib import Path

from app.commands.database import deps_for
from app.demo.data import POOL
from app.demo.exams import EXAMPLE
from app.preparations import bring_demo_items, bring_demo_people, call_demo_expert, publish_exam, run_steps
from models.exams import Exam, ExamBlueprint, ExamCandidate
from models.experts import Expert
from models.migrate import migrate
from services.accounts import account_by_mobile
from tests.factories.settings import make_settings


async def test_it_is_published_once(database: str, tmp_path: Path) -> None:
    await migrate(database)
    settings = make_settings(database_url=database, data_dir=tmp_path)
    await bring_demo_people(settings)
    await run_steps(settings, publish_exam)
    async with deps_for(settings):
        assert not await Exam.exists(), "there is nothing to draw from yet"
    await bring_demo_items(settings)
    for _ in range(2):
        await run_steps(settings, publish_exam)
    async with deps_for(settings):
        exam = await Exam.get()
        assert (exam.state, exam.purpose, exam.pool) == ("published", "entry", "demo")
        assert sum(cell["count"] * cell["mark"] for cell in exam.cells) == 1000
        assert await ExamBlueprint.all().count() == 1


async def test_one_expert_is_called_to_a_short_one_as_soon_as_he_has_bound_his_phone(
    database: str, tmp_path: Path
) -> None:
    await migrate(database)
    settings = make_settings(database_url=database, data_dir=tmp_path)
    await bring_demo_people(settings)
    await bring_demo_items(settings)
    await call_demo_expert(settings)
    async with deps_for(settings) as deps:
        assert not await Exam.exists(), "nobody could be told"
        account = await account_by_mobile(deps, POOL, EXAMPLE.mobile)
        await Expert.filter(mobile_hash=account.mobile_hash).update(account_id=account.id)
    for _ in range(2):
        await call_demo_expert(settings)
    async with deps_for(settings):
        called = await ExamCandidate.get().select_related("exam")
        assert (called.exam.purpose, called.exam.state) == ("single", "published")
        assert called.account_id == account.id
        assert sum(cell["count"] for cell in called.exam.cells) == 5


async def test_production_gets_none(database: str, tmp_path: Path) -> None:
    await migrate(database)
    settings = make_settings(database_url=database, data_dir=tmp_path, env="production")
    await run_steps(settings, publish_exam)
    await call_demo_expert(settings)
    async with deps_for(settings):
        assert not await Exam.exists()
