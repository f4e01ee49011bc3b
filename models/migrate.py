"""Brings a database to the current schema."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from domain.errors import Conflict
from models.database_connection import tortoise_config

OLDEST_POSTGRES = 16
"""Major version: the tests run on 18; versions before 16 were never tried."""
MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_031_120
"""Any number; all migrators of one database use the same."""


async def migrate(database_url: str) -> list[str]:
    """Apply missing migrations and return their names, oldest first; concurrent callers are serialised.

    Raises Conflict, before anything is touched, when the server is too old or a newer release has changed the database.
    """
    guard = await asyncpg.connect(database_url)
    try:
        check_version(guard.get_server_version().major)
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _applied(guard)
        _check_history(applied)
        missing = _missing(applied)
        if missing:
            await _apply(database_url)
        return missing
    finally:
        await guard.close()


def check_version(major: int) -> None:
    """Raises Conflict for a PostgreSQL on which some of our statements would fail later."""
    if major < OLDEST_POSTGRES:
        raise Conflict(
            f"PostgreSQL {major} 版本过低，需要 {OLDEST_POSTGRES} 或更新。请先升级数据库服务器，再运行 pbt migrate。",
            code="postgres_too_old",
        )


def _check_history(applied: set[str]) -> None:
    """Raises Conflict when migrations of a newer release were applied: this release's statements could fail."""
    if unknown := sorted(applied.difference(_names())):
        raise Conflict(
            f"数据库记录了本版本没有的升级步骤（{unknown[0]}等{len(unknown)}个），它由其他版本建立。"
            "请改用建立它的版本，或换一个新的数据库（演示可删除数据目录）后重试。",
            code="unknown_migrations",
        )


async def pending(database_url: str) -> list[str]:
    """Names of migrations that the database lacks, oldest first."""
    connection = await asyncpg.connect(database_url)
    try:
        return _missing(await _applied(connection))
    finally:
        await connection.close()


async def _applied(connection: asyncpg.Connection) -> set[str]:
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return set()
    return {row["name"] for row in await connection.fetch("SELECT name FROM tortoise_migrations")}


def _missing(applied: set[str]) -> list[str]:
    return [name for name in _names() if name not in applied]


def _names() -> list[str]:
    return sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))


async def _apply(database_url: str) -> None:
    # imported late: most starts find nothing to apply, and these read all migrations
    from tortoise import Tortoise  # noqa: PLC0415
    from tortoise.migrations.api import migrate as run  # noqa: PLC0415

    try:
        await run(config=tortoise_config(database_url))
    finally:
        await Tortoise.close_connections()
