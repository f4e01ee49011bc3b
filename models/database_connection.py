"""Connections to PostgreSQL through asyncpg: Tortoise's configuration, and single ones. Nothing else makes any."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from config.connection_limits import DATABASE, ConnectionLimits

MODULES = [
    "models.accounts",
    "models.applications",
    "models.attendance",
    "models.audit",
    "models.campaigns",
    "models.certificates",
    "models.corrections",
    "models.courses",
    "models.draws",
    "models.exams",
    "models.experts",
    "models.failures",
    "models.files",
    "models.helpdesk",
    "models.incoming_calls",
    "models.integrations",
    "models.invitations",
    "models.materials",
    "models.misunderstood",
    "models.notices",
    "models.office_sheets",
    "models.office_texts",
    "models.organisations",
    "models.payments",
    "models.projects",
    "models.remuneration",
    "models.reports",
    "models.reviews",
    "models.sanctions",
    "models.virtual_calls",
]


_STATEMENTS = 300
"""Prepared statements kept per connection: more than a mixed load uses, so that none is planned twice."""


async def connect(
    database_url: str | None, limits: ConnectionLimits, **arguments: Any
) -> asyncpg.Connection[asyncpg.Record]:
    """A connection outside any pool; ``arguments`` as of asyncpg.connect. Raises asyncpg's errors, OSError or
    TimeoutError."""
    return await asyncpg.connect(database_url, timeout=limits.connect, command_timeout=limits.answer, **arguments)


async def _leave_session(_connection: object) -> None:
    """Replaces asyncpg's CLOSE ALL, UNLISTEN, RESET ALL at every return of a connection to the pool.

    These cost a round trip per statement, and our code leaves no state in a session. asyncpg rolls back an open
    transaction all the same.
    """


async def set_up_session(connection: asyncpg.Connection | PoolConnectionProxy) -> None:
    """Planner settings: data in memory or on an SSD, and statements too short for JIT compilation.

    With its default of a slow disk PostgreSQL scans small tables in spite of an index. Sent by SET and not as
    connection parameters, since pooling proxies refuse unknown ones.
    """
    await connection.execute("SET random_page_cost = 1.1; SET jit = off")


def tortoise_config(database_url: str, *, pool_size: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for ``postgres://user:password@host:port/name`` on asyncpg."""
    url = urlsplit(database_url)
    return {
        "connections": {
            "default": {
                "engine": "models.database_client",
                "credentials": {
                    "host": url.hostname or "127.0.0.1",
                    "port": url.port or 5432,
                    "user": unquote(url.username or ""),
                    "password": unquote(url.password or ""),
                    "database": url.path.lstrip("/"),
                    "minsize": 1,
                    "maxsize": pool_size,
                    "timeout": DATABASE.connect,
                    "command_timeout": DATABASE.answer,
                    "application_name": "pingbiaotong",
                    "init": set_up_session,
                    "reset": _leave_session,
                    "statement_cache_size": _STATEMENTS,
                    "max_cached_statement_lifetime": 0,
                },
            }
        },
        "apps": {"models": {"models": MODULES, "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


SHAPE = tortoise_config("postgres://shape@127.0.0.1:5432/shape")
"""Describes the models without a database."""
