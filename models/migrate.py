"""Brings a database to the current schema: the SQL files of ``migrations/``, in the order of their numbers."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from config.connection_limits import MAINTENANCE, ConnectionLimits
from domain.errors import Conflict
from models.database_connection import connect

OLDEST_POSTGRES = 16
"""Major version: the tests run on 18; versions before 16 were never tried."""
MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_031_120
"""Any number; all migrators of one database use the same."""
_APP = "models"
"""What the record's column ``app`` holds in every row."""


async def migrate(database_url: str) -> list[str]:
    """Apply missing migrations and return their names, oldest first; concurrent callers are serialised.

    Each file is one transaction together with its row in the record. Raises Conflict, before anything is touched, when
    the server is too old or another release has changed the database.
    """
    connection = await connect(database_url, MAINTENANCE)
    try:
        check_version(connection.get_server_version().major)
        # A lock of the session, not of a transaction: it spans all files, and closing the connection releases it.
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _read_record(connection)
        _check_history(applied)
        missing = _missing_migrations(applied)
        for name in missing:
            await _apply(connection, name)
        return missing
    finally:
        await connection.close()


async def pending_migrations(database_url: str, limits: ConnectionLimits = MAINTENANCE) -> list[str]:
    """Names of migrations that the database lacks, oldest first.

    Raises Conflict when ``migrate`` would refuse to apply them. A database that lacks nothing passes, even if a newer
    release has changed it: processes of the earlier one go on during an upgrade.
    """
    connection = await connect(database_url, limits)
    try:
        applied = await _read_record(connection)
    finally:
        await connection.close(timeout=1)
    missing = _missing_migrations(applied)
    if missing:
        _check_history(applied)
    return missing


def check_version(major: int) -> None:
    """Raises Conflict for a PostgreSQL on which some of our statements would fail later."""
    if major < OLDEST_POSTGRES:
        raise Conflict(
            f"PostgreSQL {major} 版本过低，需要 {OLDEST_POSTGRES} 或更新。请先升级数据库服务器，再运行 pbt migrate。",
            code="postgres_too_old",
        )


def _check_history(applied: set[str]) -> None:
    """Raises Conflict when migrations were applied that this release lacks: those of a newer one, with which this
    release's statements could fail, or those from before the baseline, which would create its tables once more."""
    if unknown := sorted(applied.difference(_migration_names())):
        raise Conflict(
            f"数据库记录了本版本没有的升级步骤（{unknown[0]}等{len(unknown)}个），它由其他版本建立。"
            "请改用建立它的版本，或换一个新的数据库（演示可删除数据目录）后重试。",
            code="unknown_migrations",
        )


async def _read_record(connection: asyncpg.Connection) -> set[str]:
    """Names of the applied migrations; the baseline creates their table."""
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return set()
    return {row["name"] for row in await connection.fetch("SELECT name FROM tortoise_migrations")}


def _missing_migrations(applied: set[str]) -> list[str]:
    return [name for name in _migration_names() if name not in applied]


def _migration_names() -> list[str]:
    return sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.sql"))


async def _apply(connection: asyncpg.Connection, name: str) -> None:
    statements = (MIGRATIONS / f"{name}.sql").read_text(encoding="utf-8")
    async with connection.transaction():
        await connection.execute(statements)
        await connection.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ($1, $2, now())", _APP, name
        )
