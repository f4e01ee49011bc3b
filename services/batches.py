"""Working through rows that are due: the trouble of one is not the trouble of those behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import asyncpg
import structlog
from tortoise.exceptions import DBConnectionError

log = structlog.get_logger(__name__)

T = TypeVar("T")
_AWAY = (
    OSError,
    DBConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)
"""The database is away: the next row would fare no better. OSError covers time-outs."""


async def each(what: str, due: Iterable[T], work: Callable[[T], Awaitable[object]], *, at_once: int = 1) -> int:
    """Do ``work`` for one after another, or some at once, each in transactions of its own; returns how many succeeded.

    One that fails is logged with its traceback, left as it was and so tried again at the next look. An outage of the
    database ends the round and is raised.
    """
    done = 0
    waiting = iter(due)

    async def go_through() -> None:
        nonlocal done
        for item in waiting:
            try:
                await work(item)
                done += 1
            except _AWAY:
                raise
            except Exception:  # last resort: whatever is wrong with this row, the others must not wait for it
                log.exception("row_failed", what=what)

    if at_once == 1:
        await go_through()
        return done
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(go_through())
    except* _AWAY as outage:
        raise outage.exceptions[0] from None
    return done
