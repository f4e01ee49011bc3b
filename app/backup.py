"""Backup and restore: database, files, keys and settings in one tar file that proves itself.

The file holds ``manifest.json`` (format, time, migrations, rows per table, SHA-256 of the members), ``database.dump``
(pg_dump's custom format), ``settings.env`` and, where attachments and documents lie in the data folder, ``files.tar``:
taken after the database, so that it contains every file that a row refers to. A bucket must be backed up separately.
Redis is left out, since its data may be lost. The file contains the keys, so only its owner can read it, and it must be
guarded like the keys themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TypeAlias
from urllib.parse import unquote, urlsplit

import asyncpg

from app.command_error import CommandError
from app.embedded.home import find_wheel_programs
from app.embedded.owner import write_private
from app.settings_env import settings_as_env
from config.connection_limits import MAINTENANCE
from config.settings import Settings
from models.database_connection import connect

FORMAT = "pbt-backup-1"
DUMP = "database.dump"
SETTINGS = "settings.env"
MANIFEST = "manifest.json"
FILES = "files.tar"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


@dataclass(frozen=True)
class Manifest:
    """``rows`` by table, ``sha256`` by member (hex), ``created_at`` in RFC 3339."""

    format: str
    created_at: str
    rows: Mapping[str, int]
    sha256: Mapping[str, str]


async def back_up(settings: Settings, target: Path, now: datetime) -> Manifest:
    """Write a consistent backup to ``target``; CommandError when it exists or the backup is impossible."""
    if target.exists():
        raise CommandError(f"{target} 已存在，请换一个文件名。")
    if not target.absolute().parent.is_dir():
        raise CommandError(f"目录 {target.absolute().parent} 不存在，请先建立。")
    # Beside the target: a hard link, which never replaces a file, can't cross file systems.
    with _work_folder(target.absolute().parent) as folder:
        rows = await _dump(settings.database_url, folder / DUMP)
        write_private(folder / SETTINGS, settings_as_env(settings))
        names = (SETTINGS, DUMP, *_pack_files(settings, folder / FILES))
        sums = {name: _sha256(folder / name) for name in names}
        manifest = Manifest(FORMAT, now.isoformat(timespec="seconds"), rows, sums)
        write_private(folder / MANIFEST, json.dumps(asdict(manifest), indent=2))
        draft = folder / "backup.tar"
        with tarfile.open(draft, "w") as tar:
            for name in (MANIFEST, *names):
                tar.add(folder / name, arcname=name)
        draft.chmod(0o600)
        _move(draft, target)
    return manifest


def _move(draft: Path, target: Path) -> None:
    """Move the file into place without replacing one created meanwhile, where the file system supports links."""
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise CommandError(f"{target} 已存在，请换一个文件名。") from error
    except OSError:
        draft.rename(target)


async def restore(settings: Settings, source: Path) -> Manifest:
    """Restore the backup into an empty database, all or nothing. CommandError when the backup doesn't fit."""
    with _work_folder(None) as folder:
        manifest = _unpack(source, folder)
        await _check_empty(settings.database_url)
        stored = _check_files(settings, manifest)
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        options += ["--dbname", _database(settings.database_url), str(folder / DUMP)]
        await _run_tool("pg_restore", options, settings.database_url)
        rows = await _count_rows(settings.database_url)
        names = rows.keys() | manifest.rows.keys()
        wrong = sorted(name for name in names if rows.get(name) != manifest.rows.get(name))
        if wrong:
            raise CommandError(f"恢复后的行数与备份时不符（{'、'.join(wrong)}），请清空数据库后重试，并联系开发者。")
        if stored is not None:  # last, so that a refused restore leaves the folder as it was
            _put_files(folder / FILES, stored)
    return manifest


def files_folder(settings: Settings) -> Path | None:
    """The folder of attachments and documents on this machine; None: they are in a bucket."""
    return None if settings.files.url else settings.data_dir / "files"


def _pack_files(settings: Settings, target: Path) -> tuple[str, ...]:
    """The tar member with the files, if there are any; a file that disappears meanwhile has no row any more."""
    stored = files_folder(settings)
    if stored is None or not stored.is_dir():
        return ()
    with tarfile.open(target, "w") as tar:
        for path in sorted(stored.rglob("*")):
            with suppress(FileNotFoundError):
                tar.add(path, arcname=str(path.relative_to(stored)), recursive=False)
    return (FILES,)


def _put_files(source: Path, stored: Path) -> None:
    """Extract regular files below the folder only, whatever else the tar may contain."""
    with tarfile.open(source) as tar:
        for member in tar:
            path = stored / member.name
            content = (
                tar.extractfile(member) if member.isreg() and path.resolve().is_relative_to(stored.resolve()) else None
            )
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                with content, path.open("wb") as file:
                    shutil.copyfileobj(content, file)


def _check_files(settings: Settings, manifest: Manifest) -> Path | None:
    """The folder to fill; None: the backup has no files. CommandError before anything is changed."""
    if FILES not in manifest.sha256:
        return None
    stored = files_folder(settings)
    if stored is None:
        raise CommandError(
            "备份中有附件，而当前设置把附件放在对象存储。请先去掉 PBT_FILES__URL 恢复到本机，再自行迁移。"
        )
    if stored.is_dir() and any(stored.iterdir()):
        raise CommandError(f"附件目录 {stored} 不是空的，为免覆盖不予恢复。请换一个空的数据目录。")
    return stored


def settings_in(source: Path) -> str:
    """The text of ``settings.env`` inside a verified backup."""
    with _work_folder(None) as folder:
        _unpack(source, folder)
        return (folder / SETTINGS).read_text(encoding="utf-8")


@contextmanager
def _work_folder(parent: Path | None) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix=".pbt-backup-", dir=parent) as name:
            yield Path(name)
    except OSError as error:
        raise CommandError(f"读写备份文件时出错：{error.strerror or error}。请检查磁盘空间和权限。") from error


async def _dump(database_url: str, target: Path) -> dict[str, int]:
    """Dump and count in one snapshot, so that both agree; returns rows by table."""
    async with (
        _connect(database_url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        options = ["--format=custom", "--no-owner", "--no-privileges", "--no-comments", f"--snapshot={snapshot}"]
        await _run_tool("pg_dump", [*options, "--file", str(target), _database(database_url)], database_url)
        return await _count(connection)


@asynccontextmanager
async def _connect(database_url: str) -> AsyncIterator[Connection]:
    try:
        connection = await connect(database_url, MAINTENANCE)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(
            f"数据库连不上（{type(error).__name__}），请检查 PBT_DATABASE_URL 和数据库是否在运行。"
        ) from error
    try:
        yield connection
    finally:
        await connection.close()


async def _run_tool(name: str, options: Sequence[str], database_url: str) -> None:
    """Run a program of PostgreSQL against the database; the password goes through the environment."""
    url = urlsplit(database_url)
    env = {
        "PGHOST": url.hostname or "127.0.0.1",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "LC_ALL": "C",
    }
    process = await asyncio.create_subprocess_exec(
        find_tool(name),
        *options,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, errors_output = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        lines = errors_output.decode(errors="replace").strip().splitlines()
        raise CommandError(f"{name} 失败：{lines[0][:300] if lines else '没有留下信息'}")


def find_tool(name: str) -> str:
    """Path of a program of PostgreSQL: the embedded one's, else the machine's. CommandError without either."""
    programs = find_wheel_programs()
    path = shutil.which(name) if programs is None else str(programs.postgres_tools / name)
    if path is None:
        raise CommandError(
            f"这台机器上没有 {name}：请安装 PostgreSQL 的客户端程序，版本不低于数据库服务器的，再试一次。"
        )
    return path


async def read_tool_version(name: str) -> int:
    """Major version of a program of PostgreSQL. CommandError when there is none."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(find_tool(name), "--version", stdin=nothing, stdout=pipe)
    printed, _ = await process.communicate()
    match = re.search(rb"\(PostgreSQL\) (\d+)", printed)
    if match is None:
        raise CommandError(f"{name} 没有说出自己的版本，请重新安装 PostgreSQL 的客户端程序。")
    return int(match[1])


def _database(database_url: str) -> str:
    return unquote(urlsplit(database_url).path.lstrip("/"))


async def _count_rows(database_url: str) -> dict[str, int]:
    async with _connect(database_url) as connection:
        return await _count(connection)


async def _count(connection: Connection) -> dict[str, int]:
    tables = [row[0] for row in await connection.fetch(_TABLES)]
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}


async def _check_empty(database_url: str) -> None:
    async with _connect(database_url) as connection:
        tables = await connection.fetch(_TABLES)
    if tables:
        raise CommandError(
            f"数据库不是空的（已有 {len(tables)} 张表），为免覆盖数据不予恢复。请换一个空数据库或空的数据目录。"
        )


def _unpack(source: Path, folder: Path) -> Manifest:
    """Extract the known members from the tar and compare their checksums; all other members are ignored."""
    try:
        with tarfile.open(source, "r:") as tar:
            for name in (MANIFEST, SETTINGS, DUMP, *({FILES} & set(tar.getnames()))):
                _take(tar, name, folder)
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**raw)
    except FileNotFoundError as error:
        raise CommandError(f"找不到备份文件 {source}。") from error
    except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
        raise CommandError(f"{source} 不是完整的评标通备份文件。") from error
    if manifest.format != FORMAT:
        raise CommandError(f"{source} 的格式是 {manifest.format}，本程序只认 {FORMAT}，请用写出它的版本恢复。")
    for name in (SETTINGS, DUMP, *({FILES} & manifest.sha256.keys())):
        if not (folder / name).exists() or manifest.sha256.get(name) != _sha256(folder / name):
            raise CommandError(f"{source} 中的 {name} 已损坏或被改动，不予恢复，请换一份备份。")
    return manifest


def _take(tar: tarfile.TarFile, name: str, folder: Path) -> None:
    member = tar.getmember(name)
    content: IO[bytes] | None = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise KeyError(name)
    with content, (folder / name).open("wb") as file:
        shutil.copyfileobj(content, file)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
