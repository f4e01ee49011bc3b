"""Compares a database's actual tables with the models.

The record of applied migrations doesn't show a migration that was edited after it had been applied, or a column altered
by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
from tortoise import Tortoise
from tortoise.fields.base import Field
from tortoise.models import Model

from models.database_connection import SHAPE

_LENGTH = re.compile(r"^VARCHAR\((\d+)\)$")
_ACTUAL = """
SELECT c.relname AS table, a.attname AS name, a.atttypid::regtype::text AS type, NOT a.attnotnull AS nullable,
       CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS length
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attnum > 0 AND NOT a.attisdropped
"""
_TYPES = "SELECT name, to_regtype(name)::text AS type FROM unnest($1::text[]) AS name"


@dataclass(frozen=True)
class TableColumn:
    """``type`` as PostgreSQL prints it; ``length`` of a varchar, None for everything else."""

    table: str
    name: str
    type: str
    length: int | None
    nullable: bool


async def find_schema_faults(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Differences, one ``table.column: reason`` each, sorted; columns that only the database has are ignored."""
    expected = await _expected_columns(connection)
    actual = {(row["table"], row["name"]): TableColumn(**row) for row in await connection.fetch(_ACTUAL)}
    tables = {table for table, _ in actual}
    missing = {f"{column.table}: table is missing" for column in expected if column.table not in tables}
    faults = [
        f"{column.table}.{column.name}: {reason}"
        for column in expected
        if column.table in tables and (reason := _difference(column, actual.get((column.table, column.name))))
    ]
    return sorted([*missing, *faults])


def _difference(expected: TableColumn, actual: TableColumn | None) -> str:
    """Empty when they agree."""
    if actual is None:
        return "column is missing"
    if (actual.type, actual.length) != (expected.type, expected.length):
        return f"is {_type_text(actual)}, should be {_type_text(expected)}"
    if actual.nullable != expected.nullable:
        return "may be empty, should not" if actual.nullable else "may not be empty, should"
    return ""


def _type_text(column: TableColumn) -> str:
    return column.type if column.length is None else f"{column.type}({column.length})"


async def _expected_columns(connection: asyncpg.Connection[asyncpg.Record]) -> list[TableColumn]:
    described = [(table, name, sql_type, field) for table, name, sql_type, field in await _described_columns()]
    base_types = {_base(sql_type) for _, _, sql_type, _ in described}
    types = {row["name"]: row["type"] for row in await connection.fetch(_TYPES, sorted(base_types))}
    return [
        TableColumn(table, name, types[_base(sql_type)], _length(sql_type), bool(field.null))
        for table, name, sql_type, field in described
    ]


async def _described_columns() -> list[tuple[str, str, str, Field[Any]]]:
    """Table, column, SQL type and field of every column that the models have."""
    if not Tortoise.is_inited():
        await Tortoise.init(config=SHAPE, init_connections=False)
    return [column for model in (Tortoise.apps or {})["models"].values() for column in _columns(model)]


def _columns(model: type[Model]) -> Iterator[tuple[str, str, str, Field[Any]]]:
    for name, column in model._meta.fields_db_projection.items():
        field = model._meta.fields_map[name]
        yield model._meta.db_table, column, str(field.get_for_dialect("postgres", "SQL_TYPE")), field


def _base(sql_type: str) -> str:
    """The type without length, as ``to_regtype`` takes it."""
    return re.sub(r"\(\d+\)", "", sql_type).lower()


def _length(sql_type: str) -> int | None:
    length = _LENGTH.match(sql_type)
    return int(length[1]) if length else None
