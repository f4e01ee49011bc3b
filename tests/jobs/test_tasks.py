"""Failed jobs: none of them stays marked as running."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import asyncpg

from jobs.queue import make_queue
from jobs.tasks import register
from services.registry import Services


class Stumbling:
    """Deadlines whose round fails after the tick has deferred the next one."""

    def __init__(self, database: str) -> None:
        self._database = database

    async def process(self, kind: str) -> None:
        connection = await asyncpg.connect(self._database)
        await connection.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at) VALUES "
            "('default', 'deadlines.run', $1, '{\"kind\": \"deliver\"}', now() + interval '1 hour')",
            f"deadline:{kind}",
        )
        await connection.close()
        raise RuntimeError("something is wrong")


async def late_message(pool: str, message: str) -> None:
    raise AssertionError("no message is late here")


async def test_a_round_of_deadlines_that_fails_makes_room_for_the_one_that_waits(database: str) -> None:
    queue = make_queue(database, pool_size=3)
    register(
        queue,
        cast("Services", SimpleNamespace(operations=SimpleNamespace(scheduler=Stumbling(database)))),
        late_message,
    )
    async with queue.open_async():
        await queue.configure_task("deadlines.run", queueing_lock="deadline:deliver").defer_async(kind="deliver")
        await queue.run_worker_async(wait=False, install_signal_handlers=False, delete_jobs="successful")
    connection = await asyncpg.connect(database)
    states = await connection.fetch("SELECT status::text FROM procrastinate_jobs ORDER BY id")
    await connection.close()
    assert [row["status"] for row in states] == ["failed", "todo"]
