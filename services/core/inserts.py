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


async def insert(*batches: tuple[type[Model], Sequence[Model]], given: tuple[tuple[str, str], ...] = ()) -> None:
    """Write rows of several models, in one statement; they may refer to one another. Rows with bytes are not for this.

    ``given`` are columns computed by the database: ``("attempt.number", "nextval('attempt_number')")``.
    """
    models = tuple(model for model, _ in batches)
    await execute(_statement(models, given), *(_as_json(model, made) for model, made in batches))


@cache
def _statement(models: tuple[type[Model], ...], given: tuple[tuple[str, str], ...]) -> str:
    *first, last = (_insert(model, at, dict(given)) for at, model in enumerate(models, start=1))
    parts = ", ".join(f"t{at} AS ({part})" for at, part in enumerate(first))
    return f"{f'WITH {parts} ' if parts else ''}{last}"


def _insert(model: type[Model], at: int, given: Mapping[str, str]) -> str:
    table, columns = model._meta.db_table, sorted(model._meta.db_fields)
    values = ", ".join(given.get(f"{table}.{column}", f'r."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    return (
        f'INSERT INTO "{table}" ({names}) SELECT {values} '
        f'FROM jsonb_populate_recordset(NULL::"{table}", ${at}::jsonb) AS r'
    )


def _as_json(model: type[Model], made: Sequence[Model]) -> str:
    names = model._meta.fields_db_projection
    return json.dumps(
        [{column: getattr(one, name) for name, column in names.items()} for one in made],
        default=_plain,
        ensure_ascii=False,
    )


def _plain(value: object) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
