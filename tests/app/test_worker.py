"""What the worker does with jobs whose worker died."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from procrastinate import App

from app.worker import free_stalled
from jobs.queue import make_queue


@pytest.fixture
async def queue(database: str) -> AsyncIterator[App]:
    queue = make_queue(database, pool_size=2)
    async with queue.open_async():
        yield queue


@pytest.fixture
async def jobs(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def leave_behind(jobs: asyncpg.Connection, task: str, queueing_lock: str | None) -> int:
    """A job that was being done when its worker was killed."""
    return int(
        await jobs.fetchval(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status) "
            "VALUES ('default', $1, $2, 'doing') RETURNING id",
            task,
            queueing_lock,
        )
    )


async def test_jobs_of_a_dead_worker_are_freed_even_when_one_of_them_is_waiting_again_already(
    queue: App, jobs: asyncpg.Connection
) -> None:
    again = await leave_behind(jobs, "deadlines.run", "deadline:deliver")
    await jobs.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status) "
        "VALUES ('default', 'deadlines.run', 'deadline:deliver', 'todo')"
    )
    other = await leave_behind(jobs, "draws.advance", None)
    await free_stalled(queue)
    states = dict(
        await jobs.fetch("SELECT id, status::text FROM procrastinate_jobs WHERE id = ANY($1)", [again, other])
    )
    assert states == {other: "todo"}
    await free_stalled(queue)
