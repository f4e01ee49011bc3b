"""Jobs of a worker that died, and log entries about outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from procrastinate import App
from structlog.testing import capture_logs

from app import worker
from app.health import NotReady
from app.worker import TICK_TIMEOUT, Ticking, Well, forever, free_stalled, work_checks
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
    """Insert a job that was running when its worker was killed."""
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


async def test_each_outage_of_a_long_running_task_is_logged_once_down_and_once_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "RETRY_AFTER", 0)
    rounds = iter([True, True, False, False, True, False, True])
    over = asyncio.Event()

    async def tick(well: Well) -> None:
        for goes_well in rounds:
            if not goes_well:
                raise ConnectionError("the database is away")
            well()
        over.set()
        await asyncio.Event().wait()

    with capture_logs() as logs:
        task = asyncio.create_task(forever("tick", tick))
        await over.wait()
        task.cancel()
    assert [line["event"] for line in logs] == ["part_down", "part_back", "part_down", "part_back"]


class FailingDeadlines:
    """Deadlines of which one kind fails."""

    def __init__(self, failing: dict[str, str]) -> None:
        self._failing = failing

    def failing(self) -> dict[str, str]:
        return self._failing


async def test_a_worker_whose_deadlines_fail_or_stand_still_is_not_ready() -> None:
    ticking = Ticking()
    checks = work_checks(FailingDeadlines({"expire": "KeyError"}), ticking)  # type: ignore[arg-type]  # all that is asked
    with pytest.raises(NotReady, match="expire"):
        await checks["due_tasks"]()
    starting = asyncio.create_task(checks["tick"]())
    await asyncio.sleep(0)
    assert not starting.done(), "a worker that has only just started is waited for"
    ticking.went_well()
    await starting
    await checks["tick"]()
    ticking.at -= TICK_TIMEOUT + 1
    with pytest.raises(NotReady, match="no look"):
        await checks["tick"]()
    await work_checks(FailingDeadlines({}), ticking)["due_tasks"]()  # type: ignore[arg-type]  # as above
