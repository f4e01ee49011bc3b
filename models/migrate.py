"""Brings a database to today's schema."""

from __future__ import annotations

import asyncpg
from tortoise import Tortoise
from tortoise.migrations.api import migrate as run
from tortoise.migrations.executor import PlanStep

from models.setup import tortoise_config

_LOCK = 7_031_120
"""Any number; all migrators of one database use the same."""


async def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return the names applied, oldest first; several callers at once are serialised."""
    guard = await asyncpg.connect(database_url)
    try:
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        return await _plan(database_url, dry_run=False)
    finally:
        await guard.close()


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
