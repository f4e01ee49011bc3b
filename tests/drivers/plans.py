"""How many rows PostgreSQL touches for the statements of a block, by EXPLAIN (ANALYZE)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement

from models.database_connection import set_up_session
from tests.drivers.statements import is_of_connection, is_of_transaction

_EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON, BUFFERS OFF, TIMING OFF) "
_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
_SETTLED_AFTER = 6
"""Executions of a statement after which PostgreSQL has chosen between a plan for each value and one for all."""


@dataclass(frozen=True)
class Query:
    text: str
    values: tuple[Any, ...]

    @property
    def key(self) -> str:
        """Equal for the same statement with the same values."""
        return f"{self.text} {self.values}"


@dataclass(frozen=True)
class Touched:
    """``returned`` rows came out of a statement; ``rows`` were read from tables for it, or compared in vain.

    ``entries`` were only counted in an index, or sorted out there before a table was read: a page of an index has
    hundreds of them.
    """

    query: Query
    returned: int
    rows: int
    entries: int
    nodes: tuple[str, ...]
    """The dearest nodes of the plan, with the rows that each touched."""

    def __str__(self) -> str:
        text = " ".join(self.query.text.split())
        return f"{self.rows} rows touched for {self.returned}: {', '.join(self.nodes)}\n    {text[:600]}"


@dataclass
class Queries:
    """Statements with their values, in their order, except those of transactions and new connections."""

    sent: list[Query] = field(default_factory=list)

    def note(self, text: str, values: Sequence[Any]) -> None:
        if not is_of_connection(text) and not is_of_transaction(text):
            self.sent.append(Query(text, tuple(values)))


@contextmanager
def record_queries() -> Iterator[Queries]:
    """All statements that this process sends by asyncpg within the block, by whichever task."""
    queries = Queries()
    execute, prepared = Connection._execute, PreparedStatement._PreparedStatement__bind_execute

    async def note(self: Any, text: str, values: Any, *more: Any, **options: Any) -> Any:
        queries.note(text, values)
        return await execute(self, text, values, *more, **options)

    async def note_prepared(self: Any, values: Any, *more: Any) -> Any:
        queries.note(self.get_query(), values)
        return await prepared(self, values, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_execute", note)
        patch.setattr(PreparedStatement, "_PreparedStatement__bind_execute", note_prepared)
        yield queries


class Plans:
    """Executes statements as a process does that has run for a while, and counts the rows that their plans touch."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection

    @classmethod
    async def of(cls, database_url: str) -> Plans:
        connection = await asyncpg.connect(database_url, command_timeout=30)
        await set_up_session(connection)
        # The tables of tests are so small that reading all of one is cheap, where a large one is looked up in.
        await connection.execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
        return cls(connection)

    async def close(self) -> None:
        await self._connection.close()

    async def count(self, query: Query) -> Touched:
        """What the statement changes is rolled back."""
        connection = self._connection
        types = [parameter.name for parameter in (await connection.prepare(query.text)).get_parameters()]
        literals = [await self._literal(*pair) for pair in zip(query.values, types, strict=True)]
        await connection.execute(f"PREPARE counted AS {query.text}")
        call = f"EXECUTE counted({', '.join(literals)})" if literals else "EXECUTE counted"
        for _ in range(_SETTLED_AFTER):
            plan = await self._explain(call)
        await connection.execute("DEALLOCATE counted")
        nodes = list(_nodes(plan))
        read = sorted(((_rows_of(node), _name_of(node)) for node in nodes if not node["of_index"]), reverse=True)
        return Touched(
            query,
            returned=round(plan["Actual Rows"]),
            rows=sum(rows for rows, _ in read),
            entries=sum(_rows_of(node) for node in nodes if node["of_index"]),
            nodes=tuple(f"{name} {rows}" for rows, name in read[:6] if rows),
        )

    async def _explain(self, call: str) -> dict[str, Any]:
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            explanation = await self._connection.fetchval(_EXPLAIN + call)
        finally:
            await transaction.rollback()
        plan: dict[str, Any] = json.loads(explanation)[0]["Plan"]
        return plan

    async def _literal(self, value: object, kind: str) -> str:
        """EXECUTE takes no parameters of its own."""
        return str(await self._connection.fetchval(f"SELECT quote_nullable(($1::{kind})::text)", value))


def _nodes(node: dict[str, Any], *, counts: bool = False) -> Iterator[dict[str, Any]]:
    """All nodes of a plan. ``of_index``: a node reads entries of an index, no rows."""
    kind = node["Node Type"]
    counting = counts and kind == "Index Only Scan" and not node["Heap Fetches"]
    yield {**node, "of_index": counting or kind == "Bitmap Index Scan"}
    for child in node.get("Plans", []):
        yield from _nodes(child, counts=counts or kind == "Aggregate")


def _rows_of(node: dict[str, Any]) -> int:
    """Rows or entries that a node read, or compared in vain; averages of loops are multiplied."""
    read = node["Actual Rows"] if node["of_index"] or "Relation Name" in node else 0
    return round((read + sum(node.get(name, 0) for name in _REMOVED)) * node["Actual Loops"])


def _name_of(node: dict[str, Any]) -> str:
    return " ".join([node["Node Type"], *(node[key] for key in ("Index Name", "Relation Name") if key in node)])
