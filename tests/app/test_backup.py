"""A backup brings everything back, or says why not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from app import cli
from app.backup import DUMP, MANIFEST, SETTINGS, back_up, restore
from app.command_error import CommandError
from app.sandbox_setup import with_demo_accounts
from app.settings_env import settings_as_env
from config.settings import Settings
from domain.ids import new_id

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where no other is named: not the one of the checkout, in which a service may run."""
    monkeypatch.setenv("PBT_DATA_DIR", str(tmp_path_factory.mktemp("data")))


def _settings(**values: Any) -> Settings:
    return with_demo_accounts(Settings(_env_file=None, **values))


async def _fill(url: str) -> None:
    """Rows of several kinds of column: text with every quote, jsonb, arrays, bytes, times, a waiting job."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "CREATE TABLE kept (id uuid PRIMARY KEY, name text NOT NULL, facts jsonb, tags text[], sealed bytea, "
            "during tstzrange, EXCLUDE USING gist (name WITH =, during WITH &&))"
        )
        await connection.execute("CREATE INDEX ON kept USING gin (name gin_trgm_ops)")
        for number in range(500):
            await connection.execute(
                "INSERT INTO kept VALUES ($1, $2, $3, $4, $5, tstzrange(now(), now() + interval '1 hour'))",
                new_id(),
                f"测'一\"明\\ {number} 㛃",
                json.dumps({"number": number, "leer": None}),
                ["A08", "A0401"],
                bytes(range(256)),
            )
        await connection.execute(
            "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('q', 'task', 0, null, null, '{}'::jsonb, null)"
            "::procrastinate_job_to_defer_v1])"
        )
    finally:
        await connection.close()


async def _all_rows(url: str) -> dict[str, list[str]]:
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return {
            name: sorted(row[0] for row in await connection.fetch(f"SELECT t::text FROM {name} t")) for (name,) in names
        }
    finally:
        await connection.close()


async def test_a_filled_database_comes_back_row_by_row(database: str, empty_database: str, tmp_path: Path) -> None:
    await _fill(database)
    file = tmp_path / "pbt.tar"
    written = await back_up(_settings(database_url=database), file, NOW)
    assert written.rows["public.kept"] == 500
    read = await restore(_settings(database_url=empty_database), file)
    assert read == written
    before, after = await _all_rows(database), await _all_rows(empty_database)
    assert len(before["public.kept"]) == 500
    assert len(before["public.procrastinate_jobs"]) == 1
    assert after == before
    connection = await asyncpg.connect(empty_database)
    try:
        with pytest.raises(asyncpg.ExclusionViolationError):
            await connection.execute(
                "INSERT INTO kept SELECT gen_random_uuid(), name, facts, tags, sealed, during FROM kept"
            )
    finally:
        await connection.close()


async def test_attachments_come_back_with_the_rows_that_name_them(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    before = _settings(database_url=database, data_dir=tmp_path / "before")
    photo = tmp_path / "before" / "files" / "demo" / "2026" / "11" / "ab12"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(bytes(range(256)) * 50)
    file = tmp_path / "pbt.tar"
    await back_up(before, file, NOW)
    after = _settings(database_url=empty_database, data_dir=tmp_path / "after")
    await restore(after, file)
    assert (tmp_path / "after" / "files" / "demo" / "2026" / "11" / "ab12").read_bytes() == photo.read_bytes()


async def test_files_that_are_there_are_not_overwritten(database: str, empty_database: str, tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name / "files").mkdir(parents=True)
        (tmp_path / name / "files" / "ab12").write_text(name)
    file = tmp_path / "pbt.tar"
    await back_up(_settings(database_url=database, data_dir=tmp_path / "before"), file, NOW)
    with pytest.raises(CommandError, match="附件目录"):
        await restore(_settings(database_url=empty_database, data_dir=tmp_path / "after"), file)
    assert (tmp_path / "after" / "files" / "ab12").read_text() == "after"
    assert await _all_rows(empty_database) == {}


async def test_only_its_owner_can_read_a_backup_and_it_replaces_nothing(database: str, tmp_path: Path) -> None:
    file = tmp_path / "pbt.tar"
    await back_up(_settings(database_url=database), file, NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["pbt.tar"]
    with pytest.raises(CommandError, match="已存在"):
        await back_up(_settings(database_url=database), file, NOW)
    with pytest.raises(CommandError, match="请先建立"):
        await back_up(_settings(database_url=database), tmp_path / "no" / "pbt.tar", NOW)


@pytest.mark.parametrize("change", ["nobody listens", "wrong password"])
async def test_a_database_that_can_not_be_reached_is_said_to_be_that(
    database: str, tmp_path: Path, change: str, unused_tcp_port: int
) -> None:
    parts = urlsplit(database)
    there = f"{parts.username}:{parts.password}@{parts.hostname}:{unused_tcp_port}"
    if change == "wrong password":
        there = f"{parts.username}:wrong@{parts.hostname}:{parts.port}"
    away = urlunsplit(parts._replace(netloc=there))
    with pytest.raises(CommandError, match="数据库连不上"):
        await back_up(_settings(database_url=away), tmp_path / "pbt.tar", NOW)
    assert list(tmp_path.iterdir()) == []


async def test_a_database_with_tables_is_not_overwritten(database: str, tmp_path: Path) -> None:
    file = tmp_path / "pbt.tar"
    await back_up(_settings(database_url=database), file, NOW)
    before = await _all_rows(database)
    with pytest.raises(CommandError, match="不是空的"):
        await restore(_settings(database_url=database), file)
    assert await _all_rows(database) == before


def _tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def _members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: content.read() for member in tar if (content := tar.extractfile(member))}


async def test_a_damaged_or_foreign_file_is_refused(database: str, empty_database: str, tmp_path: Path) -> None:
    file = tmp_path / "pbt.tar"
    await back_up(_settings(database_url=database), file, NOW)
    members = _members(file)
    dump = members[DUMP]
    damaged = dump[:5000] + bytes([dump[5000] ^ 1]) + dump[5001:]
    newer = members[MANIFEST].replace(b"pbt-backup-1", b"pbt-backup-9")
    wrong = {
        "已损坏": _tar(tmp_path / "1.tar", members | {DUMP: damaged}),
        "settings.env 已损坏": _tar(tmp_path / "2.tar", members | {SETTINGS: b"PBT_ENV='production'\n"}),
        "只认 pbt-backup-1": _tar(tmp_path / "3.tar", members | {MANIFEST: newer}),
        "4.tar 不是完整": _tar(tmp_path / "4.tar", {MANIFEST: members[MANIFEST]}),
        "5.tar 不是完整": _tar(tmp_path / "5.tar", members | {MANIFEST: b"[]"}),
        "找不到": tmp_path / "nowhere.tar",
    }
    (tmp_path / "6.tar").write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    wrong["6.tar 不是完整"] = tmp_path / "6.tar"
    for reason, path in wrong.items():
        with pytest.raises(CommandError, match=reason):
            await restore(_settings(database_url=empty_database), path)
    assert await _all_rows(empty_database) == {}


async def test_an_unreachable_tool_failure_is_one_sentence(empty_database: str, tmp_path: Path) -> None:
    members = {DUMP: b"no dump", SETTINGS: b""}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    manifest = {"format": "pbt-backup-1", "created_at": "", "rows": {}, "sha256": sums}
    file = _tar(tmp_path / "x.tar", members | {MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(CommandError, match="pg_restore 失败"):
        await restore(_settings(database_url=empty_database), file)


def test_settings_come_back_as_they_were(tmp_path: Path, clean_environment: None) -> None:
    settings = _settings(
        pools="demo,hunan",
        log_json=True,
        http={"public_url": "https://x.example/#'\\ \"y"},
        PBT_RECEIPTS={"path_token": "own"},
    )
    path = tmp_path / "settings.env"
    path.write_text(settings_as_env(settings), encoding="utf-8")
    read = Settings(_env_file=path)
    assert read == settings


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No PBT_ variable and no .env of the developer's."""
    for name in [name for name in os.environ if name.startswith("PBT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_the_commands_carry_keys_and_data_over(
    database: str,
    empty_database: str,
    tmp_path: Path,
    clean_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PBT_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("PBT_DATABASE_URL", database)
    assert cli.main(["backup", "pbt.tar"]) == 0
    assert "请加密存放" in capsys.readouterr().out
    monkeypatch.setenv("PBT_DATABASE_URL", empty_database)
    monkeypatch.setenv("PBT_KEYS__LOOKUP", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=")
    assert cli.main(["restore", "pbt.tar"]) == 1
    assert "密钥与当前设置不同" in capsys.readouterr().err
    assert cli.main(["restore", "pbt.tar", "--settings", "old.env", "--settings-only"]) == 0
    assert stat.S_IMODE(Path("old.env").stat().st_mode) == 0o600
    monkeypatch.delenv("PBT_KEYS__LOOKUP")
    Path(".env").write_text(Path("old.env").read_text(encoding="utf-8"), encoding="utf-8")
    assert cli.main(["restore", "pbt.tar"]) == 0
    assert "已恢复" in capsys.readouterr().out
