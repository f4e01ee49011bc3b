"""Jobs of a worker that died, and log entries about outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from structlog.testing import capture_logs

from app import worker
from app.hang_watch import HangWatch
from app.health import NotReady
from app.heart import LaneHeart, Pulse
from app.worker import JOB_LOOPS, LOOPS, Well, free_stalled, repeat_forever, work_checks
from jobs.lanes import LANES
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
        task = asyncio.create_task(repeat_forever("tick", tick))
        await over.wait()
        task.cancel()
    assert [line["event"] for line in logs] == ["part_down", "part_back", "part_down", "part_back"]


class FailingDeadlines:
    """Deadlines of which one kind fails."""

    def __init__(self, failing: dict[str, str]) -> None:
        self._failing = failing

    def failing_kinds(self) -> dict[str, str]:
        return self._failing


async def test_a_worker_whose_deadlines_fail_or_whose_loops_stand_still_is_not_ready() -> None:
    pulse = Pulse(LOOPS, HangWatch(()))
    checks = work_checks(FailingDeadlines({"expire": "KeyError"}), pulse)  # type: ignore[arg-type]  # all that is asked
    with pytest.raises(NotReady, match="expire"):
        await checks["due_tasks"]()
    starting = asyncio.create_task(checks["loops"]())
    await asyncio.sleep(0)
    assert not starting.done(), "a worker that has only just started is waited for"
    for loop in LOOPS:
        pulse.beat(loop)
    await starting
    await checks["loops"]()
    for loop, longest in LOOPS.items():
        pulse.hearts[loop].at -= longest + 1
        with pytest.raises(NotReady, match=f"still: {loop}$"):
            await checks["loops"]()
        pulse.beat(loop)
    await work_checks(FailingDeadlines({}), pulse)["due_tasks"]()  # type: ignore[arg-type]  # as above


async def test_every_lane_beats_each_time_that_it_looks_for_a_job(database: str) -> None:
    pulse = Pulse({loop: LOOPS[loop] for loop in JOB_LOOPS}, HangWatch(JOB_LOOPS))
    lanes = {lane.loop: LaneHeart(lane.loop, pulse, lane.places(4)) for lane in LANES}
    beating = make_queue(database, pool_size=12, note_fetch=partial(worker._note_job_search, lanes))
    work = asyncio.create_task(worker._run_jobs(beating, 4, lambda: None, lanes))
    await pulse.wait_until_begun()
    assert pulse.find_stopped_loops() == []
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_lanes_whose_database_is_gone_are_interrupted_until_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOBS_END", 0)
    monkeypatch.setattr(worker, "_CANCEL_AGAIN_AFTER", 0)
    ignored = 0

    async def sign_off() -> None:
        nonlocal ignored
        while ignored < 5:  # each step waits for the database
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ignored += 1

    lane = asyncio.create_task(sign_off())
    await asyncio.sleep(0)
    await worker._end([lane])
    assert lane.done()
    assert ignored == 5


async def test_a_queue_that_cannot_be_opened_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """And each further try ends by the same error, not by one of a pool that was closed."""
    monkeypatch.setattr(worker, "RETRY_AFTER", 0)
    away, tries, over = make_queue("postgres://nobody@127.0.0.1:1/none", pool_size=2), 0, asyncio.Event()

    async def open_queue(_well: Well) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            over.set()
            await asyncio.Event().wait()
        with pytest.raises(ConnectorException) as caught:
            await away.open_async()
        raise caught.value

    with capture_logs() as logs:
        task = asyncio.create_task(repeat_forever("jobs", open_queue))
        await over.wait()
        task.cancel()
    assert [line["event"] for line in logs] == ["part_down"]
