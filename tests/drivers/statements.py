"""Records the statements that a block sends to PostgreSQL over the application's connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from asyncpg import introspection
from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement

_CONTROL = ("BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
_OF_ASYNCPG = frozenset(text for text in vars(introspection).values() if isinstance(text, str))
"""Look-ups of types, once for each new connection."""


@dataclass
class Statements:
    """``queries`` are the statements, ``control`` those that begin and end transactions, each in its order."""

    queries: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Number of all, as each is a round trip to the server."""
        return len(self.queries) + len(self.control)

    def __str__(self) -> str:
        """For assertion messages: one statement a line."""
        lines = [" ".join(text.split())[:200] for text in self.queries]
        return "\n".join([f"{len(self.queries)} + {len(self.control)} statements", *lines])

    def repeated(self) -> dict[str, int]:
        """Texts that were sent more than once: mostly the same row, looked up again."""
        return {text: times for text, times in Counter(self.queries).items() if times > 1}

    def note(self, text: str) -> None:
        if not is_of_connection(text):
            (self.control if is_of_transaction(text) else self.queries).append(text)


def is_of_connection(text: str) -> bool:
    """Whether a statement is sent once for each new connection."""
    return text in _OF_ASYNCPG or text.startswith("SET ") or "set_config('jit'" in text


def is_of_transaction(text: str) -> bool:
    """Whether a statement begins or ends a transaction."""
    return text.lstrip().upper().startswith(_CONTROL)


@contextmanager
def count_statements() -> Iterator[Statements]:
    """All statements that this process sends by asyncpg within the block, by whichever task.

    Run the counted code once before, if look-ups that are cached are not to be counted.
    """
    statements = Statements()
    execute, loggers = PreparedStatement._PreparedStatement__do_execute, Connection._query_loggers

    def note(_connection: Any, text: str, _args: Any, _timeout: Any) -> AbstractContextManager[None]:
        statements.note(text)
        return nullcontext()

    async def note_kept(self: Any, executor: Any) -> Any:
        statements.note(self.get_query())
        return await execute(self, executor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_query_loggers", property(lambda _connection: {note}, loggers.__set__))
        patch.setattr(Connection, "_time_and_log", note)
        patch.setattr(PreparedStatement, "_PreparedStatement__do_execute", note_kept)
        yield statements
