"""The real schema is compared with the models, not with the record of what was applied."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.schema_check import find_schema_faults


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def test_a_migrated_database_is_as_the_models_say(connection: asyncpg.Connection) -> None:
    assert await find_schema_faults(connection) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("ALTER TABLE notice DROP COLUMN next_at", "notice.next_at: column is missing"),
        ("DROP TABLE urge", "urge: table is missing"),
        (
            "ALTER TABLE draw ALTER COLUMN name TYPE varchar(20)",
            "draw.name: is character varying(20), should be character varying(",
        ),
        ("ALTER TABLE attempt ALTER COLUMN due_at TYPE text", "attempt.due_at: is text, should be timestamp with"),
        ("ALTER TABLE draw ALTER COLUMN number DROP NOT NULL", "draw.number: may be empty, should not"),
    ],
)
async def test_what_an_edited_migration_leaves_behind_is_named(
    connection: asyncpg.Connection, change: str, fault: str
) -> None:
    await connection.execute(change)
    [difference] = await find_schema_faults(connection)
    assert difference.startswith(fault)
