"""The worker: runs jobs, ticks the deadlines, watches that nothing is overdue. Any number may run side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from procrastinate import App as Queue
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from prometheus_client import Gauge, start_http_server

from app.chat import make_codecs, make_engine
from app.clock import follow_clock
from app.container import Container, build
from bot.dialogue import OUTAGES
from config.logging import Outage
from config.settings import Settings
from jobs.queue import make_queue
from jobs.tasks import register

log = structlog.get_logger(__name__)

TICK = 0.5
"""Seconds between two looks at what is due."""
WATCH = 15.0
"""Seconds between two rounds of the auditor."""
PAUSE = 1.0
"""Seconds between an outage and the next try."""
STALLED_AFTER = 60
"""Seconds without a heartbeat after which a worker's jobs are given to others."""

Well = Callable[[], None]
"""Called by work that goes well: an outage, if there was one, is over."""

heartbeat = Gauge("pbt_auditor_heartbeat_seconds", "When the auditor last found everything well (epoch seconds)")
overdue = Gauge("pbt_auditor_overdue", "Rows whose next step is overdue, by table", ["table"])


async def run_worker(settings: Settings) -> None:
    """Work until cancelled. ``settings`` with both server URLs."""
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, addr="127.0.0.1")
    async with build(settings) as container, make_engine(container, make_codecs(container)) as engine:
        queue = make_queue(settings.database_url, pool_size=settings.worker_concurrency + 4)
        register(queue, container.services, engine.finish_late)
        async with asyncio.TaskGroup() as group:
            group.create_task(follow_clock(container.redis, container.clock))
            group.create_task(forever("jobs", lambda well: _run_jobs(queue, settings.worker_concurrency, well)))
            group.create_task(forever("tick", lambda well: _tick(container, well)))
            group.create_task(
                forever("auditor", lambda well: _audit(container, make_queue(settings.database_url, pool_size=2), well))
            )


async def forever(name: str, work: Callable[[Well], Awaitable[None]]) -> None:
    """Run ``work`` again whenever an outage ends it; each outage is logged once down, once back."""
    outage = Outage(f"worker-{name}")
    while True:
        try:
            await work(outage.up)
        except (*OUTAGES, ConnectorException) as error:
            outage.down(repr(error))
        await asyncio.sleep(PAUSE)


async def _run_jobs(queue: Queue, concurrency: int, well: Well) -> None:
    async with queue.open_async():
        well()
        await queue.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=False,
            delete_jobs="successful",
            fetch_job_polling_interval=1,
            shutdown_graceful_timeout=2,
        )


async def _tick(container: Container, well: Well) -> None:
    deadlines = container.services.deadlines
    while True:
        await deadlines.tick()
        well()
        await asyncio.sleep(TICK)


async def _audit(container: Container, queue: Queue, well: Well) -> None:
    """Let running draws look again, free the jobs of dead workers, and raise the alarm for what stays overdue."""
    deadlines = container.services.deadlines
    async with queue.open_async():
        while True:
            await deadlines.defer(list(deadlines.periodic))
            await free_stalled(queue)
            health = await deadlines.health()
            well()
            for table, count in health.overdue.items():
                overdue.labels(table).set(count)
            if health.well:
                heartbeat.set(time.time())
            else:
                log.error("auditor_alarm", **health.overdue)
            await asyncio.sleep(WATCH)


async def free_stalled(queue: Queue) -> None:
    """Hand a dead worker's jobs to others; one whose like is waiting already is done with."""
    for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await queue.job_manager.retry_job(job)
            log.warning("job_of_dead_worker_freed", task=job.task_name, job_id=job.id)
        except UniqueViolation:
            await queue.job_manager.finish_job(job, Status.FAILED, delete_job=True)
