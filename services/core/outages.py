"""Exceptions raised while PostgreSQL or Redis is unavailable; edges distinguish them from faults."""

from __future__ import annotations

import asyncpg
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError

_DATABASE = (
    DBConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)
DATABASE_AWAY = (*_DATABASE, OSError)
"""The database is unavailable: the next row would fail too. A deadlock, a cancelled statement or a failure of Redis
concern one row. OSError covers an unknown host and time-outs."""
AWAY = (
    *_DATABASE,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    RedisError,
    ConnectionError,
    TimeoutError,
)
"""A part of ours is unavailable, busy, or yielded to another transaction: trying again helps. Not every OSError: a
missing file is a fault."""
