"""Working through rows that are due: the trouble of one is not the trouble of those behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import asyncpg
import structlog
from tortoise.exceptions import DBConnectionError

log = structlog.get_logger(__name__)

T = TypeVar("T")
_AWAY = (OSError, DBConnectionError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)
"""The database is away: the next row would fare no better. OSError covers time-outs."""


async def each(what: str, due: Iterable[T], work: Callable[[T], Awaitable[object]]) -> int:
    """Do ``work`` for one after another, each in transactions of its own; returns how many succeeded.

    One that fails is logged with its traceback, left as it was and so tried again at the next look. An outage of the
    database ends the round and is raised.
    """
    done = 0
    for item in due:
        try:
            await work(item)
            done += 1
        except _AWAY:
            raise
        except Exception:  # last resort: whatever is wrong with this row, the others must not wait for it
            log.exception("row_failed", what=what)
    return done
