"""The worker: runs jobs, processes due deadlines, reports overdue ones. Any number may run concurrently."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from aiohttp import web
from procrastinate import App as Queue
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from prometheus_client import Gauge

from app.chat import make_codecs, make_engine
from app.clock import follow_clock
from app.container import Container, build
from app.hang_watch import HangWatch
from app.health import Check, NotReady, setup_health, standard_checks
from bot.dialogue import OUTAGES
from bot.engine import Engine
from config.logging import Outage
from config.settings import Settings
from jobs.lanes import LANES, Lane
from jobs.queue import make_queue
from jobs.tasks import register
from services.operations import Scheduler

log = structlog.get_logger(__name__)

TICK_INTERVAL = 0.5
"""Seconds between two scans for due deadlines."""
WATCH = 15.0
"""Seconds between two audits."""
TICK_TIMEOUT = 15.0
"""Seconds without a successful scan after which the worker is not ready."""
RETRY_AFTER = 1.0
"""Seconds between an outage and the next try."""
STALLED_AFTER = 60
"""Seconds without a heartbeat after which a worker's jobs are given to others."""

Well = Callable[[], None]
"""Called after successful work: ends a logged outage, if there was one."""

heartbeat = Gauge("pbt_auditor_heartbeat_seconds", "When the auditor last found everything well (epoch seconds)")
overdue = Gauge("pbt_auditor_overdue", "Rows whose next step is overdue, by table", ["table"])
failing = Gauge("pbt_auditor_failing_duties", "Kinds of deadlines whose work fails")


async def run_worker(settings: Settings) -> None:
    """Work until cancelled. ``settings`` with both server URLs."""
    with HangWatch(("tick", "auditor")) as watch:
        async with build(settings) as container, make_engine(container, make_codecs(container)) as engine:
            await _run_loops(settings, container, engine, watch)


async def _run_loops(settings: Settings, container: Container, engine: Engine, watch: HangWatch) -> None:
    ticking, scheduler = Ticking(), container.services.operations.scheduler
    queue = make_queue(settings.database_url, pool_size=settings.worker_concurrency + 2 * len(LANES))
    register(queue, container.services, engine.finish_late)

    def audit(well: Well) -> Awaitable[None]:
        return _audit(container, make_queue(settings.database_url, pool_size=2), well)

    async with _answering(settings, scheduler, ticking), asyncio.TaskGroup() as group:
        group.create_task(follow_clock(container.redis, container.clock))
        group.create_task(forever("jobs", lambda well: _run_jobs(queue, settings.worker_concurrency, well)))
        group.create_task(forever("tick", lambda well: _tick(container, ticking, well), watch))
        group.create_task(forever("auditor", audit, watch))


async def forever(name: str, work: Callable[[Well], Awaitable[None]], watch: HangWatch | None = None) -> None:
    """Repeat ``work`` after each outage that ends it; an outage is logged once at its beginning, once at its end.

    ``watch`` learns of each success and each outage.
    """
    outage = Outage(f"worker-{name}")

    def well() -> None:
        outage.up()
        if watch is not None:
            watch.turned(name)

    while True:
        try:
            await work(well)
        except (*OUTAGES, ConnectorException) as error:
            outage.down(repr(error))
        if watch is not None:
            watch.turned(name)
        await asyncio.sleep(RETRY_AFTER)


async def _run_jobs(queue: Queue, concurrency: int, well: Well) -> None:
    """Run all lanes until one of them ends, since its lost connection may mean that the others' are lost, too."""
    async with queue.open_async():
        well()
        lanes = [asyncio.create_task(_run_lane(queue, lane, concurrency)) for lane in LANES]
        try:
            done, _ = await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in lanes:
                task.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        for task in done:
            task.result()


async def _run_lane(queue: Queue, lane: Lane, concurrency: int) -> None:
    await queue.run_worker_async(
        queues=lane.queues,
        name=lane.name,
        concurrency=lane.places(concurrency),
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=1,
        shutdown_graceful_timeout=2,
    )


@dataclass
class Ticking:
    """Time of the last successful scan, in seconds of the monotonic clock, and whether there was one."""

    at: float = -math.inf
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def went_well(self) -> None:
        self.at = time.monotonic()
        self.begun.set()


@asynccontextmanager
async def _answering(settings: Settings, deadlines: Scheduler, ticking: Ticking) -> AsyncIterator[None]:
    """``/healthz``, ``/readyz`` and ``/metrics`` on loopback while the block runs, where settings name a port."""
    if not settings.worker_port:
        yield
        return
    app = web.Application()
    servers = standard_checks(settings.database_url, settings.redis_url, settings.data_dir)
    setup_health(app, {**servers, **work_checks(deadlines, ticking)})
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", settings.worker_port).start()
        yield
    finally:
        await runner.cleanup()


def work_checks(deadlines: Scheduler, ticking: Ticking) -> dict[str, Check]:
    """Whether deadlines are scanned, and whether each kind of them can be processed. In a worker that has just started
    the first check waits for the first scan, so that a start is not reported as an outage."""

    async def check_tick() -> None:
        await ticking.begun.wait()
        if time.monotonic() - ticking.at > TICK_TIMEOUT:
            raise NotReady("no look at the deadlines went well lately")

    async def check_kinds() -> None:
        if failing := deadlines.failing():
            raise NotReady(f"failing: {', '.join(sorted(failing))}")

    return {"tick": check_tick, "due_tasks": check_kinds}


async def _tick(container: Container, ticking: Ticking, well: Well) -> None:
    deadlines = container.services.operations.scheduler
    while True:
        await deadlines.tick()
        ticking.went_well()
        well()
        await asyncio.sleep(TICK_INTERVAL)


async def _audit(container: Container, queue: Queue, well: Well) -> None:
    """Wake running draws, free the jobs of dead workers, and report deadlines that stay overdue."""
    deadlines = container.services.operations.scheduler
    async with queue.open_async():
        while True:
            await deadlines.defer(list(deadlines.periodic))
            await free_stalled(queue)
            health = await deadlines.health()
            well()
            for table, count in health.overdue.items():
                overdue.labels(table).set(count)
            failing.set(len(health.failing))
            if health.well:
                heartbeat.set(time.time())
            else:
                log.error("auditor_alarm", **health.overdue, failing=sorted(health.failing))
            await asyncio.sleep(WATCH)


async def free_stalled(queue: Queue) -> None:
    """Hand a dead worker's jobs to others; a job with an identical one waiting is finished instead."""
    for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await queue.job_manager.retry_job(job)
            log.warning("job_of_dead_worker_freed", task=job.task_name, job_id=job.id)
        except UniqueViolation:
            await queue.job_manager.finish_job(job, Status.FAILED, delete_job=True)
