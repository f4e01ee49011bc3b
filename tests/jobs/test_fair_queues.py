"""Jobs of one kind that wait or hang do not delay others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import asyncpg
import pytest
from procrastinate import App

from app import worker
from app.hang_watch import HangWatch
from app.heart import LaneHeart, Pulse
from jobs.lanes import LANES
from jobs.queue import make_queue
from jobs.tasks import register
from services.core import queues
from services.registry import Services
from tests.jobs.test_tasks import late_message

WAITING = "INSERT INTO procrastinate_jobs (queue_name, task_name) SELECT $1, $2 FROM generate_series(1, $3::int)"


@pytest.fixture
async def jobs(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture
async def queue(database: str) -> AsyncIterator[App]:
    made = make_queue(database, pool_size=8)
    async with made.open_async():
        yield made


async def take(queue: App, names: list[str], worker_id: int) -> str | None:
    job = await queue.job_manager.fetch_job(names, worker_id)
    return job.queue if job else None


async def test_queues_are_served_in_turns(queue: App, jobs: asyncpg.Connection) -> None:
    await jobs.execute(WAITING, "delivery_reports", "delivery_reports.apply", 5000)
    me = await queue.job_manager.register_worker()
    names = ["draws", "calls", "delivery_reports"]
    assert await take(queue, names, me) == "delivery_reports"
    await jobs.execute(WAITING, "draws", "draws.advance", 3)
    await jobs.execute(WAITING, "calls", "deadlines.run", 1)
    taken = [await take(queue, names, me) for _ in range(7)]
    assert taken == ["draws", "calls", "delivery_reports", "draws", "delivery_reports", "draws", "delivery_reports"]


async def test_jobs_of_a_queue_are_taken_in_their_order_and_not_before_their_time(
    queue: App, jobs: asyncpg.Connection
) -> None:
    await jobs.execute(WAITING, "draws", "draws.advance", 3)
    first, second, third = [row["id"] for row in await jobs.fetch("SELECT id FROM procrastinate_jobs ORDER BY id")]
    await jobs.execute("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour' WHERE id = $1", first)
    me = await queue.job_manager.register_worker()
    fetched = [await queue.job_manager.fetch_job(["draws"], me) for _ in range(3)]
    assert [job and job.id for job in fetched] == [second, third, None]


async def test_workers_that_fetch_at_once_never_take_the_same_job(
    database: str, queue: App, jobs: asyncpg.Connection
) -> None:
    await jobs.execute(WAITING, "draws", "draws.advance", 40)
    me = await queue.job_manager.register_worker()
    fetched = await asyncio.gather(*(queue.job_manager.fetch_job(["calls", "draws"], me) for _ in range(60)))
    taken = Counter(job.id for job in fetched if job)
    assert set(taken.values()) == {1}
    again = [await queue.job_manager.fetch_job(["draws"], me) for _ in range(41 - len(taken))]
    assert again[-1] is None


async def test_the_oldest_job_of_a_queue_is_found_by_an_index(queue: App, jobs: asyncpg.Connection) -> None:
    await jobs.execute(WAITING, "delivery_reports", "delivery_reports.apply", 5000)
    await jobs.execute(WAITING, "draws", "draws.advance", 5000)
    await jobs.execute("ANALYZE procrastinate_jobs")
    plan = await jobs.fetch(
        "EXPLAIN SELECT id FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'draws' "
        "AND (scheduled_at IS NULL OR scheduled_at <= now()) ORDER BY attempts, id LIMIT 1"
    )
    assert any("job_waiting" in row[0] for row in plan), plan


async def test_jobs_that_hang_take_no_place_of_another_lane(queue: App, jobs: asyncpg.Connection) -> None:
    hanging, called = asyncio.Semaphore(0), asyncio.Event()

    @queue.task(name="payments.qr_image")
    async def hang() -> None:
        hanging.release()
        await asyncio.Event().wait()

    @queue.task(name="draws.advance")
    async def call() -> None:
        called.set()

    await jobs.execute(WAITING, "qr_images", "payments.qr_image", 50)
    pulse = Pulse(dict.fromkeys(worker.JOB_LOOPS, 15.0), HangWatch(worker.JOB_LOOPS))
    lanes = {lane.loop: LaneHeart(lane.loop, pulse, lane.places(4)) for lane in LANES}
    work = asyncio.create_task(worker._run_jobs(queue, 4, lambda: None, lanes))
    try:
        async with asyncio.timeout(20):
            await hanging.acquire()
            await jobs.execute(WAITING, "draws", "draws.advance", 1)
            await called.wait()
        assert pulse.hearts["jobs-qr_images"].resting, "a full lane looks for no job, and does not stand still"
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def test_every_task_has_a_queue() -> None:
    queue = make_queue("postgres://nobody@127.0.0.1/none", pool_size=1)
    ours = set(queue.tasks)
    register(queue, cast("Services", SimpleNamespace()), late_message)
    tasks = set(queue.tasks) - ours - {"deadlines.run"}
    assert tasks == queues._QUEUES.keys()


def test_every_queue_has_a_lane_and_every_lane_a_place() -> None:
    served = [name for lane in LANES for name in lane.queues]
    assert sorted(served) == sorted({*queues._QUEUES.values(), queues.CALLS, queues.DEADLINES})
    assert all(lane.places(1) == 1 for lane in LANES)
    assert sum(lane.places(20) for lane in LANES) == 20
