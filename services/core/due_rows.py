"""Processes due rows one by one; a failing row does not block the following ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog

from domain.ids import new_id
from services.core.base import execute, rows, transaction
from services.core.outages import DATABASE_AWAY

log = structlog.get_logger(__name__)

T = TypeVar("T")
FAILURE_TTL = timedelta(days=1)
"""How long a failure is remembered after its pause."""
GIVEN_UP_AFTER = 12
"""Failures in a row after which a row needs a person: the auditor reports it."""
_FAILED = (
    "SELECT subject, retry_at > clock_timestamp() AS paused FROM row_failure "
    "WHERE work = $1 AND subject = ANY($2::text[])"
)
_NOTE = """
INSERT INTO row_failure AS f (id, work, subject, failures, retry_at, error)
VALUES ($1, $2, $3, 1, clock_timestamp() + interval '2 seconds', $4)
ON CONFLICT (work, subject) DO UPDATE SET failures = f.failures + 1, error = excluded.error,
    retry_at = clock_timestamp()
        + make_interval(secs => least(2 ^ least(f.failures + 1, 12), 300) * (0.75 + random() / 2))
"""
"""2 s, 4 s, 8 s … at most five minutes, each spread by ±25 %, by the database's own time, never the movable clock's."""

_FORGET = "DELETE FROM row_failure WHERE work = $1 AND subject = ANY($2::text[])"


async def process_each(what: str, due: Iterable[T], work: Callable[[T], Awaitable[object]], *, at_once: int = 1) -> int:
    """Do ``work`` for one after another, or some at once, each in transactions of its own; returns how many succeeded.

    ``due`` are ids, or rows with an ``id``. One that fails is logged with its traceback, left unchanged, and skipped
    for a growing pause. An outage of the database ends the round and is raised.
    """
    items = list(due)
    failed = await _find_failures(what, items)
    done = 0
    waiting = iter([item for item in items if not failed.get(subject(item), False)])

    async def process_waiting() -> None:
        nonlocal done
        for item in waiting:
            try:
                await work(item)
                done += 1
                if subject(item) in failed:
                    await execute("DELETE FROM row_failure WHERE work = $1 AND subject = $2", what, subject(item))
            except DATABASE_AWAY:
                raise
            except Exception as error:  # last resort: whatever is wrong with this row, the others must be processed
                log.exception("row_failed", what=what)
                await execute(_NOTE, new_id(), what, subject(item), type(error).__name__[:80])

    if at_once == 1:
        await process_waiting()
        return done
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(process_waiting())
    except* DATABASE_AWAY as outage:
        raise outage.exceptions[0] from None
    return done


async def process_together(
    what: str,
    find: Callable[[], Awaitable[Sequence[T]]],
    work: Callable[[Sequence[T]], Awaitable[object]],
) -> int:
    """Do ``work`` for all that ``find`` locks, in one transaction; returns how many it found.

    When that fails, for each in a transaction of its own, as ``process_each`` does. ``find`` should skip what others
    have locked, so that several workers share what is due; ``work`` must bear that a row is no longer due.
    """
    due: Sequence[T] = ()
    try:
        async with transaction():
            due = await find()
            if due:
                await work(due)
                await execute(_FORGET, what, [subject(item) for item in due])
        return len(due)
    except DATABASE_AWAY:
        raise
    except Exception:  # last resort: whatever is wrong with one row, the others must be processed
        if not due:
            raise
        log.exception("batch_failed", what=what, rows=len(due))

    async def process_single(item: T) -> None:
        async with transaction():
            await work([item])

    return await process_each(what, due, process_single)


def subject(item: object) -> str:
    """The key of an id, of a model, or of a row read by column names."""
    if isinstance(item, UUID | str | int):
        return str(item)[:64]
    return str(item["id"] if hasattr(item, "keys") else item.id)[:64]  # type: ignore[index,attr-defined]


async def _find_failures(what: str, items: Sequence[object]) -> dict[str, bool]:
    """Those of ``items`` that failed when last processed, and whether their pause goes on."""
    if not items:
        return {}
    return {row["subject"]: row["paused"] for row in await rows(_FAILED, what, [subject(item) for item in items])}


def not_paused(what: str, key: str) -> str:
    """SQL condition that excludes rows in their pause after a failure, so that they take no place of others."""
    return (
        f"{key}::text <> ALL (ARRAY(SELECT subject FROM row_failure WHERE work = '{what}' "
        "AND retry_at > clock_timestamp()))"
    )
