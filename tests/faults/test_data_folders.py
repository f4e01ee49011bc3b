"""The copied database is the one that a first start would make."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.embedded import embedded
from models.migrate import pending_migrations
from tests.plugins import data_folders
from tests.plugins.data_folders import data_folder


async def test_the_servers_find_todays_schema_in_the_folder_and_take_it_for_their_own() -> None:
    with data_folder("folders") as folder:
        async with embedded(folder, durable=False, redis_url="redis://elsewhere") as servers:
            assert await pending_migrations(servers.database_url) == []
    assert not folder.exists()


def test_two_at_once_get_a_folder_each() -> None:
    with data_folder("folders") as first, data_folder("folders") as other:
        assert first != other
        assert (first / "postgres.password").read_text() == (other / "postgres.password").read_text()


def test_another_schema_is_another_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = {data_folders._key()}
    monkeypatch.setattr(data_folders, "ROOT", tmp_path)
    migration = tmp_path / "models" / "migrations" / "0001_baseline.sql"
    migration.parent.mkdir(parents=True)
    for text in ("SELECT 1;\n", "SELECT 2;\n"):
        migration.write_text(text)
        keys.add(data_folders._key())
    assert len(keys) == 3
