"""A database that another release has made gets the same sentence from every program that finds it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app import cli
from app.all_in_one import StartPlan, run
from app.commands.database import deps_for
from app.doctor.examination import check_schema
from app.free_port import free_port
from app.health import NotReady, check_migrations
from config.settings import Settings
from domain.errors import Conflict
from models.migrate import migrate
from tests.factories.settings import make_settings

SENTENCE = "数据库记录了本版本没有的升级步骤（0001_initial等1个），它由其他版本建立。"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the servers' user can enter, so that none is made elsewhere."""
    path = Path(tempfile.mkdtemp(prefix="pbt-release-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
async def settings(database: str, redis: str, folder: Path) -> Settings:
    """Of an installation whose record begins as it did before the baseline."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("UPDATE tortoise_migrations SET name = '0001_initial' WHERE name = '0001_baseline'")
    finally:
        await connection.close()
    return make_settings(data_dir=folder, database_url=database, redis_url=redis, http={"port": free_port()})


async def test_migration_start_and_commands_refuse_it(settings: Settings) -> None:
    with pytest.raises(Conflict, match=SENTENCE):
        await migrate(settings.database_url)
    with pytest.raises(Conflict, match=SENTENCE):
        await run(settings, StartPlan())
    with pytest.raises(Conflict, match=SENTENCE):
        async with deps_for(settings):
            pytest.fail("a command would have used it")


async def test_the_doctor_says_why(settings: Settings) -> None:
    [finding] = await check_schema(settings)
    assert finding.state == "problem"
    assert finding.text.startswith(SENTENCE)


async def test_a_process_on_it_is_not_ready(settings: Settings) -> None:
    with pytest.raises(NotReady, match="made by another release"):
        await check_migrations(settings.database_url)


def test_the_command_line_prints_the_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PBT_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PBT_REDIS_URL", settings.redis_url)
    assert cli.main(["migrate"]) == 1
    assert capsys.readouterr().err.startswith(SENTENCE)
