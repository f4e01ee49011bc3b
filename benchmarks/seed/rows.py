"""Rows of our models, written by COPY."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

import asyncpg
from tortoise.fields import JSONField
from tortoise.models import Model

from domain.ids import new_id

Values = Mapping[str, object]


class Loader:
    """``load(Draw, rows)`` writes rows; a row holds the values that differ from the model's defaults."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection
        self.counts: dict[str, int] = {}
        """Rows written, by table."""

    async def load(self, model: type[Model], rows: Iterable[Values]) -> None:
        """Append ``rows``; each gets an id unless it has one."""
        columns, make = _shape(model)
        table, count = str(model._meta.db_table), 0

        def records() -> Iterable[tuple[object, ...]]:
            nonlocal count
            for row in rows:
                count += 1
                yield make(row)

        await self._connection.copy_records_to_table(table, records=records(), columns=columns)
        self.counts[table] = self.counts.get(table, 0) + count

    async def restart(self, sequence: str, value: int) -> None:
        """Restart a sequence after the highest number in use."""
        await self._connection.execute("SELECT setval($1::text::regclass, $2)", sequence, value)


@cache
def _shape(model: type[Model]) -> tuple[list[str], Callable[[Values], tuple[object, ...]]]:
    """A table's columns, and a function that makes a record of a row."""
    fields = {column: model._meta.fields_map[name] for name, column in model._meta.fields_db_projection.items()}
    as_json = [column for column, field in fields.items() if isinstance(field, JSONField)]
    defaults = {column: _default(field) for column, field in fields.items() if column != "id"}
    pick = itemgetter(*fields)

    def make(row: Values) -> tuple[object, ...]:
        values: dict[str, Any] = {"id": row.get("id") or new_id(), **defaults, **row}
        for column in as_json:
            values[column] = json.dumps(values[column], ensure_ascii=False)
        record: tuple[object, ...] = pick(values)
        return record

    return list(fields), make


def _default(field: Any) -> object:
    return field.default() if callable(field.default) else field.default
