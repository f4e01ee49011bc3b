"""Inserts rows of several tables by one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from tortoise.models import Model

from services.core.base import execute
from services.core.sql_values import SqlValues


async def insert(*batches: tuple[type[Model], Sequence[Model]], given: tuple[tuple[str, str], ...] = ()) -> None:
    """Write rows of several models, in one statement; they may refer to one another. Rows with bytes are not for this.

    ``given`` are columns computed by the database: ``("attempt.number", "nextval('attempt_number')")``.
    """
    values = SqlValues()
    sources = tuple((model, values.add(_as_json(model, made))) for model, made in batches)
    await execute(_statement(sources, given), *values)


@cache
def _statement(sources: tuple[tuple[type[Model], str], ...], given: tuple[tuple[str, str], ...]) -> str:
    """``sources``: each model with the placeholder of its rows."""
    *first, last = (_insert(model, placeholder, dict(given)) for model, placeholder in sources)
    parts = ", ".join(f"t{at} AS ({part})" for at, part in enumerate(first))
    return f"{f'WITH {parts} ' if parts else ''}{last}"


def _insert(model: type[Model], placeholder: str, given: Mapping[str, str]) -> str:
    table, columns = model._meta.db_table, sorted(model._meta.db_fields)
    values = ", ".join(given.get(f"{table}.{column}", f'r."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return (
        f'INSERT INTO "{table}" ({names}) SELECT {values} '
        f'FROM jsonb_populate_recordset(NULL::"{table}", {placeholder}::jsonb) AS r'
    )


def _as_json(model: type[Model], made: Sequence[Model]) -> str:
    names = model._meta.fields_db_projection
    return json.dumps(
        [{column: getattr(row, name) for name, column in names.items()} for row in made],
        default=_plain,
        ensure_ascii=False,
    )


def _plain(value: object) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
