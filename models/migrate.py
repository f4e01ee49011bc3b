"""Brings a database to today's schema."""

from __future__ import annotations

import asyncpg
from tortoise import Tortoise
from tortoise.migrations.api import migrate as run
from tortoise.migrations.executor import PlanStep

from domain.errors import Conflict
from models.setup import tortoise_config

OLDEST_POSTGRES = 16
"""Major version: the tests run on 18, and nothing older than 16 was ever tried."""
_LOCK = 7_031_120
"""Any number; all migrators of one database use the same."""


async def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return the names applied, oldest first; several callers at once are serialised.

    Raises Conflict, before anything is touched, when the server is too old.
    """
    guard = await asyncpg.connect(database_url)
    try:
        check_version(guard.get_server_version().major)
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        return await _plan(database_url, dry_run=False)
    finally:
        await guard.close()


def check_version(major: int) -> None:
    """Raises Conflict for a PostgreSQL on which our statements would fail later, one by one."""
    if major < OLDEST_POSTGRES:
        raise Conflict(
            f"PostgreSQL {major} 版本过低，需要 {OLDEST_POSTGRES} 或更新。请先升级数据库服务器，再运行 pbt migrate。",
            code="postgres_too_old",
        )


async def pending(database_url: str) -> list[str]:
    """Names of migrations that the database lacks."""
    return await _plan(database_url, dry_run=True)


async def _plan(database_url: str, *, dry_run: bool) -> list[str]:
    names: list[str] = []

    def report(_connection: str, plan: list[PlanStep], _fake: bool, _dry_run: bool) -> None:
        names.extend(step.migration.name for step in plan)

    try:
        await run(config=tortoise_config(database_url), reporter=report, dry_run=dry_run)
    finally:
        await Tortoise.close_connections()
    return names
