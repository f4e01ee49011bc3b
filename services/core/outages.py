"""Exceptions raised while PostgreSQL or Redis is away; edges tell them from a fault."""

from __future__ import annotations

import asyncpg
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError

AWAY = (
    DBConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    RedisError,
    ConnectionError,
    TimeoutError,
)
"""A part of ours is away, busy, or gave way to another transaction: trying again helps."""
