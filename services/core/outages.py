"""Exceptions raised while PostgreSQL or Redis is away; edges tell them from a fault."""

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
"""The database is away: the next row would fare no better. A deadlock, a cancelled statement or Redis concern one row.
OSError covers a host that is not found and time-outs."""
AWAY = (
    *_DATABASE,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    RedisError,
    ConnectionError,
    TimeoutError,
)
"""A part of ours is away, busy, or gave way to another transaction: trying again helps. Not every OSError: a missing
file is a fault."""
