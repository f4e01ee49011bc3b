"""Databases with today's schema, each of which serves one test after another.

To empty all tables takes a millisecond of processor time, to copy a database and drop it twenty. Where a test changed
the schema or what the migrations wrote, its database is dropped.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg

BLOAT = 5_000
"""Rows after which a database is dropped, too: deleted rows stay in its files."""
_TABLES = """
    SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1
"""
_CATALOGUES = {
    "pg_class": "oid",
    "pg_attribute": "attrelid",
    "pg_constraint": "conrelid",
    "pg_trigger": "tgrelid",
    "pg_proc": "oid",
    "pg_type": "oid",
    "pg_statistic": "starelid",
}
"""Catalogues of the schema, with the column that tells our objects from PostgreSQL's own."""
_FIRST_OF_OURS = 16_384
_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)
"""


class Copy:
    """A migrated database, for one test at a time, which ``empty`` makes ready for the next."""

    def __init__(self, url: str, admin_url: str) -> None:
        """``admin_url``: of the same database, as a superuser, whose deletions no trigger and no foreign key stops."""
        self.url = url
        self.name = urlsplit(url).path.lstrip("/")
        self._admin = psycopg.connect(admin_url, autocommit=True)
        self._admin.execute("SET session_replication_role = replica")
        tables = [row[0] for row in self._admin.execute(_TABLES)]
        filled_tables = [table for table in tables if self._number(f"SELECT count(*) FROM {table}")]
        self._make_function([table for table in tables if table not in filled_tables])
        self._versions = _sum_of_versions(filled_tables)
        self._sequences = self._how_sequences_stand()
        self._schema = self._number(self._versions)
        self._rows = 0

    def empty(self, backends: list[int]) -> bool:
        """Restore its first state and end connections but those to ``kept`` backends. False if it must be dropped."""
        with suppress(psycopg.Error):  # a test dropped a table, the database or all connections
            while self._number(_OTHERS, [backends]):
                time.sleep(0.001)
            self._rows += self._number("SELECT pg_temp.delete_all()")
            self._admin.execute(self._sequences)
            return self._rows < BLOAT and self._number(self._versions) == self._schema
        return False

    def close(self) -> None:
        self._admin.close()

    def _make_function(self, tables: list[str]) -> None:
        """A function, since its statements are planned once."""
        count = "GET DIAGNOSTICS deleted = ROW_COUNT; total := total + deleted;"
        body = " ".join(f"DELETE FROM {table}; {count}" for table in tables)
        self._admin.execute(
            "CREATE FUNCTION pg_temp.delete_all() RETURNS bigint LANGUAGE plpgsql AS $$ "
            f"DECLARE deleted bigint; total bigint := 0; BEGIN {body} RETURN total; END $$"
        )

    def _how_sequences_stand(self) -> str:
        """A statement that sets each sequence to its present value."""
        sequences = self._admin.execute(
            "SELECT seqrelid, coalesce(pg_sequence_last_value(seqrelid), seqstart), "
            "pg_sequence_last_value(seqrelid) IS NOT NULL FROM pg_sequence"
        )
        return "SELECT " + ", ".join(f"setval({number}, {last}, {called})" for number, last, called in sequences)

    def _number(self, query: str, values: Sequence[object] = ()) -> int:
        row = self._admin.execute(query, values or None).fetchone()
        assert row is not None
        return int(row[0])


def _sum_of_versions(tables: list[str]) -> str:
    """A query whose result changes with every row of the schema and of these tables that is written or deleted.

    ``xmin`` is the number of the transaction that wrote a row's version.
    """
    parts = [f"SELECT xmin FROM {name} WHERE {column} >= {_FIRST_OF_OURS}" for name, column in _CATALOGUES.items()]
    parts += [f"SELECT xmin FROM {table}" for table in tables]
    return f"SELECT sum(xmin::text::bigint) FROM ({' UNION ALL '.join(parts)}) AS version"
